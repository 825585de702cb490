"""The front page and the lists promise only what the book has."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from latentbook.book.load import load
from latentbook.book.write.render import Renderer

from .conftest import BOOK, FACTS, FRONT, HEAD, REFERENCES, AnyFile, MakeBook, fixture_chapter

EMPTY = {"facts.toml": "", "references.bib": ""}
SNIPPET = "```{code-cell} python\n:label: c-one\n:title: One\nprint(1)\n```\n"
QUESTION = """
::::{quiz} number
:label: q-one
:answer: 2
:tolerance: 0.1
PARTS
:::{answer}
It is two.
:::
::::
"""
HINT = "\n:::{hint}\nCount.\n:::\n"
WRONG = "\n:::{wrong} 3\nThat is one too many.\n:::\n"


def front_and_links(
    make_book: MakeBook, files: Mapping[str, str]
) -> tuple[dict[str, str], str, set[str]]:
    """The entries of the front page's box, the page's HTML, and the lists that pages link to."""
    book = load(make_book({**EMPTY, **files})).book
    pages = dict(Renderer(book, AnyFile({}, {}), {"reload": False}, "", "/").pages())
    front = pages["index.html"]
    box = front.partition('id="do-title"')[2].partition("<footer")[0]
    lines = dict(re.findall(r"<dt>(.+?)</dt>\s*<dd>(.+?)</dd>", box))
    linked = {
        name
        for html in (front, pages["contents/index.html"])
        for name in re.findall(r'href="(?:\./|\.\./)([a-z]+)/"', html)
    }
    assert {f"{name}/index.html" for name in linked} <= pages.keys()
    return lines, front, linked & {"facts", "references", "formulas", "glossary", "review"}


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        (QUESTION.replace("PARTS", "\nHow many?\n"), "Each has a worked answer."),
        (
            QUESTION.replace("PARTS", f"\nHow many?\n{HINT}{WRONG}"),
            "A wrong answer that the author expects says how it is wrong. "
            "Each has a hint and a worked answer.",
        ),
    ],
)
def test_the_front_page_says_of_questions_what_they_have(
    make_book: MakeBook, text: str, asked: str
) -> None:
    lines, _, linked = front_and_links(make_book, {"sample/text.md": f"{HEAD}\n{text}"})
    assert lines == {"Answer the questions": asked}
    assert linked == {"review"}


def test_a_book_of_text_alone_promises_nothing(make_book: MakeBook) -> None:
    lines, front, linked = front_and_links(make_book, {})
    assert lines == {} and "What you can do here" not in front
    assert linked == set()


def test_each_line_stands_where_the_book_has_it(make_book: MakeBook) -> None:
    snippet = {"sample/text.md": f"{HEAD}\n{SNIPPET}\n$$\na = b\n$$ (eq-one)\n"}
    lines, _, linked = front_and_links(make_book, snippet)
    assert lines.keys() == {"Run the snippets"} and linked == {"formulas"}
    shown = ":::{instrument} invariance_lab\n:label: moved\n:::\n"
    whole = {**fixture_chapter(), "facts.toml": FACTS, "references.bib": REFERENCES}
    whole["front.md"] = f"{FRONT}\n{shown}"
    lines, _, linked = front_and_links(make_book, whole)
    assert lines.keys() >= {"Move an instrument", "Open its code", "Run the snippets"}
    assert 'href="./facts/"' in lines["Check the sources"]
    assert linked >= {"facts", "references", "formulas", "review"}


def test_sources_without_facts_are_still_pointed_to(make_book: MakeBook) -> None:
    source = "@misc{kept2014,\n  author = {A, B},\n  title = {T},\n  year = {2014},\n  url = {https://a.example}\n}\n"
    files = {"references.bib": source, "sample/text.md": f"{HEAD}\nAs {{cite}}`kept2014` says.\n"}
    lines, _, linked = front_and_links(make_book, files)
    assert lines.keys() == {"Check the sources"} and linked == {"references"}
    assert 'href="./references/"' in lines["Check the sources"]


def test_a_key_leaves_the_box_out(make_book: MakeBook) -> None:
    toml = BOOK.replace('"en"', '"en"\nwhat_you_can_do = false')
    files = {"book.toml": toml, "sample/text.md": f"{HEAD}\n{SNIPPET}"}
    lines, front, _ = front_and_links(make_book, files)
    assert lines == {} and "What you can do here" not in front
