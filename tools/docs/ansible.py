"""What ansible-doc knows of the collection, as the templates of its pages want it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any, Final

from antsibull_docs_parser import dom
from antsibull_docs_parser.format import LinkProvider
from antsibull_docs_parser.html import to_html_plain
from antsibull_docs_parser.parser import Context, parse

COLLECTION: Final = "gatepost.mail"
KINDS: Final = ("module", "role", "filter", "lookup")


class _Links(LinkProvider):
    def plugin_link(self, plugin: dom.PluginIdentifier) -> str | None:
        if plugin.fqcn.startswith(f"{COLLECTION}."):
            return f"{plugin.type}-{plugin.fqcn.rpartition('.')[2]}.html"
        if plugin.fqcn.startswith(("ansible.builtin.", "amazon.aws.", "community.")):
            place = plugin.fqcn.rpartition(".")[0].replace(".", "/")
            name = plugin.fqcn.rpartition(".")[2]
            return f"https://docs.ansible.com/ansible/latest/collections/{place}/{name}_{plugin.type}.html"
        return None


def documented() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(kind, name, documentation) of everything in the collection that has some. Raises
    RuntimeError where ansible-doc cannot read one."""
    for kind in KINDS:
        names = sorted(_asked("--list", "--type", kind, COLLECTION))
        for name, found in (_asked("--type", kind, *names) if names else {}).items():
            if kind == "role":
                main = found["entry_points"]["main"]
                yield kind, name.rpartition(".")[2], {"doc": main}
            else:
                yield kind, name.rpartition(".")[2], found


def _asked(*arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        ["ansible-doc", "--json", *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"ansible-doc {' '.join(arguments)}: {done.stderr.strip()}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def html(text: str | list[str] | None, inline: bool = False) -> str:
    """Ansible's markup as HTML. Raises ValueError where it is none."""
    if not text:
        return ""
    around = ("", "") if inline else ("<p>", "</p>")
    made: str = to_html_plain(
        parse(text if isinstance(text, str) else [str(it) for it in text], Context(), "exception"),
        link_provider=_Links(),
        par_start=around[0],
        par_end=around[1],
    )
    return made


def rows(options: Mapping[str, Any] | None, depth: int = 0) -> Iterator[tuple[int, str, Any]]:
    """(depth, name, fields) of options or returned values, each before those within it."""
    for name, fields in (options or {}).items():
        yield depth, name, fields
        within = fields.get("suboptions") or fields.get("options") or fields.get("contains")
        yield from rows(within, depth + 1)
