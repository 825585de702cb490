"""Each page of the fixture gives the blocks recorded for it; ``--rewrite`` records them again."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import replace
from typing import Any

import pytest
from markdown_it.token import Token
from markupsafe import Markup, escape

from latentbook.book.compose.math_words import Formula
from latentbook.book.compose.pieces import Address, Layout, Text
from latentbook.book.load import load
from latentbook.book.write.render import root_of

from .conftest import CHAPTER, MakeBook, fixture_chapter, html_of

CASES = sorted(path.stem for path in CHAPTER.glob("*.md"))
STILL = re.compile(r'<svg class="still \w+" id="([^"]+)".*?</svg>', re.DOTALL)


def outline(value: Any, page: str, indent: str = "") -> str:
    """Blocks of a page as indented markup: plain fields are attributes, others are elements."""
    layout = Layout(root_of(page), page, {page: ""})
    if isinstance(value, tuple):
        return "".join(outline(item, page, indent) for item in value)
    if isinstance(value, Formula):
        value = Markup("<tex>{}</tex>").format(value.tex)
    if isinstance(value, Text | Markup):
        html = html_of(said(value), page) if isinstance(value, Text) else value
        html = STILL.sub(r'<still id="\1"/>', html).strip()
        return "".join(f"{indent}{line}\n" for line in html.splitlines())
    name = getattr(value, "kind", type(value).__name__.lower())
    inside, attributes = "", ""
    for field in dataclasses.fields(value):
        item = getattr(value, field.name)
        if isinstance(item, Markup | Text | Formula | tuple):
            if item:
                body = outline(item, page, indent + "    ")
                inside += f"{indent}  <{field.name}>\n{body}{indent}  </{field.name}>\n"
        elif item not in ("", None, False):
            item = layout.url(item) if isinstance(item, Address) else item
            attributes += f' {field.name}="{escape(str(item))}"'
    if not inside:
        return f"{indent}<{name}{attributes}/>\n"
    return f"{indent}<{name}{attributes}>\n{inside}{indent}</{name}>\n"


def said(text: Text) -> Text:
    """Running text with its equations as TeX; KaTeX's markup has its own tests."""
    return Text(tuple(map(without_katex, text.tokens)))


def without_katex(token: Token) -> Token:
    if "math" in token.meta:
        formula = replace(token.meta["math"], html=f"<tex>{escape(token.meta['math'].tex)}</tex>")
        return token.copy(meta={"math": formula})
    return token.copy(children=token.children and list(map(without_katex, token.children)))


@pytest.mark.parametrize("case", CASES)
def test_case(case: str, make_book: MakeBook, rewrite: bool) -> None:
    chapter = load(make_book(fixture_chapter())).book.chapters[0]
    pages = {"index": chapter, **{section.name: section for section in chapter.sections}}
    made = outline(pages[case].blocks, pages[case].place)
    expected = CHAPTER / f"{case}.html"
    if rewrite:
        expected.write_text(made, encoding="utf-8")
    assert made == expected.read_text(encoding="utf-8")
