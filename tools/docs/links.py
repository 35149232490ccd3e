"""Whether every link inside of a folder of pages leads somewhere: to a file, and to an anchor that
is in it."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class _Page(HTMLParser):
    """anchors: the ids of its elements. targets: where its links and images lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.targets: list[str] = []
        self.feed(text)

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.anchors.add(value or "")
            elif name in ("href", "src"):
                self.targets.append(value or "")


def broken(folder: Path) -> list[str]:
    """Each as "page: target". Links that leave the folder by a scheme are not followed."""
    pages = {it: _Page(it.read_text()) for it in sorted(folder.rglob("*.html"))}
    found = []
    for path, page in pages.items():
        for target in page.targets:
            parts = urlsplit(target)
            if parts.scheme:
                continue
            file = path.parent / unquote(parts.path) if parts.path else path
            other = pages.get(file)
            anchor = unquote(parts.fragment)
            if not file.is_file() or (anchor and (other is None or anchor not in other.anchors)):
                found.append(f"{path.relative_to(folder)}: {target}")
    return found
