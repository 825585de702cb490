"""Paragraphs that ask too much of a reader, counted by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from latentbook.book.check import list_dense_paragraphs
from latentbook.book.load import load
from latentbook.book.overlay.merge import open_project
from latentbook.errors import BookErrors
from tests.unit.book.conftest import BOOK, HEAD, MakeBook

NINE = "It is 1, 2.5, 3 %, 5,000, 6 by 7, $8 + 9$, 28 × 28, 9 and `12` of 1998 in MNIST-1D."
EIGHT = NINE.replace(" of 1998", "")
SENTENCE = "One two three four five six seven eight nine ten. "
LONG = "so " * 33


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (NINE, ["line 6 has 9 numbers (at most 8)"]),
        (EIGHT, []),
        (f"{EIGHT} {{num}}`mean:.1f`", ["line 6 has 9 numbers (at most 8)"]),
        (f"{EIGHT} {{cite}}`baldi1989` {{ref}}`text`", []),
        (f"Hi.\n\n- {NINE}\n- {NINE}", ["line 8 has 9 numbers", "line 9 has 9 numbers"]),
        (f"| a |\n|---|\n| {NINE} |", []),
        (f":::{{fold}} {NINE}\n{NINE}\n:::", []),
        (":::{takeaways}\n- 1, 2 and 3 of $4$.\n:::", []),
        (":::{takeaways}\n- 1.\n- 1, 2, 3 and 4.\n:::", ["line 8 has 4 numbers (at most 3)"]),
        (f":::{{takeaways}}\n- {4 * SENTENCE}\n:::", []),
        (f":::{{takeaways}}\n- {4 * SENTENCE}No.\n:::", ["line 7 has 41 words (at most 40)"]),
        (15 * SENTENCE, []),
        (15 * SENTENCE + "No.", ["line 6 has 151 words (at most 150)"]),
        (f"{LONG} $a + b$, i.e. as {{eq}}`one` is *it* itself. So.\n\n$$a$$ (one)", []),
        (f"{LONG} $a + b$, i.e. as {{eq}}`one` is *it* of course.\n\n$$a$$ (one)", ["41 words"]),
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
    text = {"sample/text.md": f"{HEAD}\n{NINE}\n"}
    with pytest.raises(BookErrors) as caught:
        load(make_book({"book.toml": strict, **text}))
    assert str(caught.value).startswith(
        "content/sample/text.md:6: this has 9 numbers (at most 8): give it one idea"
    )
    load(make_book({"book.toml": BOOK, **text}))


def test_this_book_refuses_dense_paragraphs(root: Path) -> None:
    assert '\nparagraphs = "strict"\n' in (root / "content" / "book.toml").read_text("utf-8")
