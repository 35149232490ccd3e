"""result.json and index.html: what ran, each check and message, the way to all else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tools.demo import microsoft
from tools.demo.onboarding import DOMAIN
from tools.demo.progress import Progress
from tools.demo.runbooks import FOLDERS

_LINKS = (
    *(
        link
        for folder, (name, title) in FOLDERS.items()
        for link in (
            (f"{folder}/{name}.html", f"Runbook: {title}"),
            (f"{folder}/{name}.ipynb", "as an executed notebook"),
            (f"{folder}/result.json", "its result"),
            (f"{folder}/junit.xml", "for JUnit"),
            (f"{folder}/manifest.json", "the checksums of its files"),
        )
    ),
    *(
        (f"playbook-{domain}-{number}.log", f"The playbook of {domain}, {which} run")
        for domain in (DOMAIN, microsoft.DOMAIN, microsoft.HOSTED)
        for number, which in ((1, "first"), (2, "second"))
    ),
    ("gatepost.yml", "The daemon's file, as exported"),
    ("gatepostd.log", "The daemon's log"),
    ("host.yml", "The relay host's file"),
    ("host.log", "The relay host's log"),
    ("attestation.json", "The attestation of Google's settings"),
    ("result.json", "This report as JSON"),
)


def write(progress: Progress, rows: Sequence[Mapping[str, str]], out: Path) -> None:
    """Write both files."""
    result = progress.result()
    (out / "result.json").write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    ends = [start for _title, start in progress.parts[1:]] + [progress.seconds]
    page = environment.get_template("index.html.j2").render(
        result=result,
        rows=rows,
        seconds=progress.seconds,
        parts=[
            (title, end - start) for (title, start), end in zip(progress.parts, ends, strict=True)
        ],
        links=[link for link in _LINKS if link[0] == "result.json" or (out / link[0]).exists()],
    )
    (out / "index.html").write_text(page, "utf-8")


def leaks(secrets: Sequence[str], out: Path) -> list[str]:
    """The artifacts that hold one of these secrets."""
    return [
        str(path.relative_to(out))
        for path in sorted(out.rglob("*"))
        if path.is_file() and any(secret.encode() in path.read_bytes() for secret in secrets)
    ]
