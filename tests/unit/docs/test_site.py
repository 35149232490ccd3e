"""What `make docs` makes: every document has its place, and links that lead nowhere are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.docs import links
from tools.docs.contents import CHAPTERS
from tools.docs.pages import page

ROOT = Path(__file__).parents[3]


def test_every_document_stands_in_one_chapter() -> None:
    listed = [name for _title, names in CHAPTERS for name in names]
    assert sorted(listed) == sorted(["index", *(it.stem for it in (ROOT / "docs").glob("*.md"))])


def test_no_link_of_a_document_is_broken(tmp_path: Path) -> None:
    for document in (ROOT / "docs").glob("*.md"):
        (tmp_path / f"{document.stem}.html").write_text(page(document.read_text()).html)
    (tmp_path / "index.html").write_text(page((ROOT / "README.md").read_text()).html)
    (tmp_path / "LICENSE").touch()
    for image in (ROOT / "docs").glob("*.png"):
        (tmp_path / image.name).touch()
    assert links.broken(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("[a](other.md) [b](other.md#the-end) [c](#top) [d](https://example.com/x#y)", []),
        ("[a](docs/other.md)", []),
        ("[a](no.md)", ["page.html: no.html"]),
        ("[a](other.md#no)", ["page.html: other.html#no"]),
        ("[a](#no)", ["page.html: #no"]),
        ("![a](no.png)", ["page.html: no.png"]),
    ],
)
def test_a_broken_link_is_found(tmp_path: Path, text: str, faults: list[str]) -> None:
    (tmp_path / "other.html").write_text(page("# Other\n\n## The end!\n").html)
    (tmp_path / "page.html").write_text(page(f"# Top\n\n{text}\n").html)
    assert links.broken(tmp_path) == faults


def test_anchors_are_githubs() -> None:
    made = page("# A `b` – c's\n\n## Same\n\n## Same\n")
    assert made.title == "A b – c's"
    assert made.headings == (("same", "Same"), ("same-1", "Same"))
    assert '<h1 id="a-b--cs">' in made.html


def test_code_is_coloured_and_escaped() -> None:
    made = page("```yaml\na: <b>\n```\n\n```whatever\n<c>\n```\n")
    assert 'class="code"' in made.html
    assert "&lt;b&gt;" in made.html
    assert "&lt;c&gt;" in made.html
