"""A document of Markdown as HTML: headings that can be linked to, as GitHub names them; links to
other documents as links to their pages; code in colours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

STYLES: Final = HtmlFormatter(cssclass="code", style="friendly").get_style_defs(".code")


@dataclass(frozen=True, slots=True)
class Page:
    """title: its first heading's text. headings: (anchor, text) of those of the second level."""

    title: str
    html: str
    headings: tuple[tuple[str, str], ...]


def coloured(text: str, language: str, _attributes: str = "") -> str:
    """HTML of a piece of code; as it is where the language is not known."""
    try:
        lexer = get_lexer_by_name(language or "text")
    except ClassNotFound:
        lexer = get_lexer_by_name("text")
    made: str = highlight(text, lexer, HtmlFormatter(cssclass="code"))
    return made


def page(text: str) -> Page:
    markdown = MarkdownIt("commonmark", {"html": True}).enable("table")
    tokens = markdown.parse(text)
    taken: set[str] = set()
    title = ""
    headings: list[tuple[str, str]] = []
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            words = _words(inline)
            anchor = _anchor(words, taken)
            opening.attrSet("id", anchor)
            title = title or words
            if opening.tag == "h2":
                headings.append((anchor, words))
        for child in opening.children or ():
            if child.type == "link_open":
                child.attrSet("href", _target(str(child.attrGet("href"))))
            elif child.type == "image":
                child.attrSet("src", str(child.attrGet("src")).removeprefix("docs/"))
    markdown.add_render_rule("fence", lambda _self, all_, at, *_: _fence(all_[at]))
    html = markdown.renderer.render(tokens, markdown.options, {})
    # A wide table is moved by itself, not the page.
    html = html.replace("<table>", '<div class="wide"><table>').replace(
        "</table>", "</table></div>"
    )
    return Page(title, html, tuple(headings))


def _fence(token: Token) -> str:
    return coloured(token.content, token.info.split(" ")[0])


def _words(inline: Token) -> str:
    return "".join(it.content for it in inline.children or ())


def _anchor(words: str, taken: set[str]) -> str:
    """As GitHub makes it."""
    plain = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
    anchor, number = plain, 0
    while anchor in taken:
        number += 1
        anchor = f"{plain}-{number}"
    taken.add(anchor)
    return anchor


def _target(href: str) -> str:
    """Of a link between documents: the page."""
    if re.match(r"[a-z]+:", href):
        return href
    path, hash_, anchor = href.partition("#")
    path = path.removeprefix("docs/")
    return escape(re.sub(r"\.md$", ".html", path) + hash_ + anchor)
