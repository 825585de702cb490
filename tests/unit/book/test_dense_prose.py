"""Paragraphs that ask too much of a reader, counted by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from latentbook.book.check import list_dense_paragraphs
from latentbook.book.load import load
from latentbook.book.overlay.merge import open_project
from latentbook.errors import BookErrors
from tests.unit.book.conftest import BOOK, HEAD, MakeBook

ELEVEN = "It is 1, 2, 3.5, 4 %, 5,000, 6 by 7, $8 + 9$, 28 × 28, 8, 9 and `12` of 1998 in MNIST-1D."
TEN = ELEVEN.replace(" of 1998", "")
SENTENCE = "One two three four five six seven eight nine ten. "
LONG = "so " * 39


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (ELEVEN, ["line 6 has 11 numbers (at most 10)"]),
        (TEN, []),
        (f"{TEN} {{num}}`mean:.1f`", ["line 6 has 11 numbers (at most 10)"]),
        (f"{TEN} {{cite}}`baldi1989` {{ref}}`text`", []),
        (f"Hi.\n\n- {ELEVEN}\n- {ELEVEN}", ["line 8 has 11 numbers", "line 9 has 11 numbers"]),
        (f"| a |\n|---|\n| {ELEVEN} |", []),
        (f":::{{fold}} {ELEVEN}\n{ELEVEN}\n:::", []),
        (17 * SENTENCE, []),
        (17 * SENTENCE + "No.", ["line 6 has 171 words (at most 170)"]),
        (f"{LONG} $a + b$, i.e. {{eq}}`one` is *it* itself. So.\n\n$$a$$ (one)", []),
        (f"{LONG} $a + b$, i.e. {{eq}}`one` is *it* of course.\n\n$$a$$ (one)", ["46 words"]),
    ],
)
def test_what_is_too_much_is_listed(make_book: MakeBook, text: str, found: list[str]) -> None:
    files = {"sample/text.md": f"{HEAD}\n{text}\n", "sample/numbers.py": "mean = 1\n"}
    said: list[str] = []
    list_dense_paragraphs(open_project(make_book(files)), said.append)
    assert len(said) == bool(found)
    assert all(each in said[0] for each in found)


def test_a_strict_book_refuses_a_dense_paragraph(make_book: MakeBook) -> None:
    strict = BOOK.replace("\n[[parts]]", 'paragraphs = "strict"\n\n[[parts]]')
    text = {"sample/text.md": f"{HEAD}\n{ELEVEN}\n"}
    with pytest.raises(BookErrors) as caught:
        load(make_book({"book.toml": strict, **text}))
    assert str(caught.value).startswith(
        "content/sample/text.md:6: the paragraph has 11 numbers (at most 10): give it one idea"
    )
    load(make_book({"book.toml": BOOK, **text}))


def test_this_book_refuses_dense_paragraphs(root: Path) -> None:
    assert '\nparagraphs = "strict"\n' in (root / "content" / "book.toml").read_text("utf-8")
