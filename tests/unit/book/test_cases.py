"""Each page of the fixture makes the blocks of its HTML; ``--rewrite`` writes them anew."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest
from markupsafe import Markup, escape

from latentbook.book.load import load

from .conftest import CHAPTER, MakeBook, fixture_chapter

CASES = sorted(path.stem for path in CHAPTER.glob("*.md"))
STILL = re.compile(r'<svg class="still \w+" id="([^"]+)".*?</svg>', re.DOTALL)
TEX = re.compile(r'<annotation encoding="application/x-tex">(.*?)</annotation>', re.DOTALL)


def outline(value: Any, indent: str = "") -> str:
    """Blocks as indented markup: plain fields as attributes, the others inside."""
    if isinstance(value, tuple):
        return "".join(outline(item, indent) for item in value)
    if isinstance(value, Markup):
        html = STILL.sub(r'<still id="\1"/>', without_katex(value)).strip()
        return "".join(f"{indent}{line}\n" for line in html.splitlines())
    name = getattr(value, "kind", type(value).__name__.lower())
    inside, attributes = "", ""
    for field in dataclasses.fields(value):
        item = getattr(value, field.name)
        if isinstance(item, Markup | tuple):
            if item:
                body = outline(item, indent + "    ")
                inside += f"{indent}  <{field.name}>\n{body}{indent}  </{field.name}>\n"
        elif item not in ("", None, False):
            attributes += f' {field.name}="{escape(str(item))}"'
    if not inside:
        return f"{indent}<{name}{attributes}/>\n"
    return f"{indent}<{name}{attributes}>\n{inside}{indent}</{name}>\n"


def without_katex(html: str) -> str:
    """Equations as ``<tex>``; KaTeX's own markup is tested by itself."""
    while match := re.search(r'<span class="katex(?:-display)?">', html):
        depth = 0
        for tag in re.finditer(r"<(/?)span\b", html[match.start() :]):
            depth += -1 if tag[1] else 1
            if depth == 0:
                break
        end = match.start() + tag.end() + 1
        equation = html[match.start() : end]
        tex = TEX.search(equation)
        assert tex is not None
        html = f"{html[: match.start()]}<tex>{tex[1]}</tex>{html[end:]}"
    return html


@pytest.mark.parametrize("case", CASES)
def test_case(case: str, make_book: MakeBook, rewrite: bool) -> None:
    chapter = load(make_book(fixture_chapter())).book.chapters[0]
    pages = {"index": chapter, **{section.name: section for section in chapter.sections}}
    made = outline(pages[case].blocks)
    expected = CHAPTER / f"{case}.html"
    if rewrite:
        expected.write_text(made, encoding="utf-8")
    assert made == expected.read_text(encoding="utf-8")
