"""`make docs`: README.md, docs/*.md and what ansible-doc knows of the collection, as a site in
build/docs. Exit status 1 where a link inside of it is broken."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tools.docs import ansible, links
from tools.docs.contents import CHAPTERS
from tools.docs.pages import STYLES, coloured, page

ROOT: Final = Path(__file__).parents[2]
SITE: Final = ROOT / "build/docs"


def build(site: Path = SITE) -> int:
    """Returns how many pages there are."""
    shutil.rmtree(site, ignore_errors=True)
    site.mkdir(parents=True)
    made = {name: page((ROOT / _source(name)).read_text()) for name in _names()}
    found = list(ansible.documented())
    menu: list[tuple[str, list[tuple[str, str]]]] = [
        (title, [(f"{name}.html", made[name].title) for name in names]) for title, names in CHAPTERS
    ]
    for kind, title in (("module", "Modules"), ("role", "Role"), ("filter", "Filters")):
        menu.append((title, [(f"{k}-{n}.html", n) for k, n, _doc in found if k == kind]))
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        menu=menu, styles=STYLES, markup=ansible.html, rows=ansible.rows, coloured=coloured
    )

    def write(template: str, file: str, **values: Any) -> None:
        text = environment.get_template(template).render(here=f"{file}.html", **values)
        (site / f"{file}.html").write_text(text)

    for name, document in made.items():
        write("document.html.j2", name, title=document.title, page=document)
    for kind, name, it in found:
        examples = it.get("examples") or ""
        write("plugin.html.j2", f"{kind}-{name}", title=name, kind=kind, name=name, doc=it["doc"],
              examples=examples.strip("\n"), returned=it.get("return") or {})  # fmt: skip
    for image in (ROOT / "docs").glob("*.png"):
        shutil.copy(image, site)
    shutil.copy(ROOT / "LICENSE", site)
    return len(made) + len(found)


def _names() -> list[str]:
    return [name for _title, names in CHAPTERS for name in names]


def _source(name: str) -> str:
    return "README.md" if name == "index" else f"docs/{name}.md"


def main() -> int:
    pages = build()
    faults = links.broken(SITE)
    for fault in faults:
        print(f"broken link: {fault}", file=sys.stderr)
    print(f"{pages} pages in {SITE.relative_to(ROOT)}/index.html")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
