"""Paragraphs that ask too much of a reader, counted by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from latentbook.base.errors import BookErrors
from latentbook.book.load import load
from latentbook.book.overlay.merge import open_project
from latentbook.plugins import installed
from latentbook.settings import Settings
from latentbook_authoring.check.lists import list_faults
from tests.unit.book.conftest import BOOK, HEAD, MakeBook

PARAGRAPHS = installed().checks["paragraphs"]

NINE = "It is 1, 2.5, 3 %, 5,000, 6 by 7, $8 + 9$, 28 × 28, 9 and `12` of 1998 in MNIST-1D."
EIGHT = NINE.replace(" of 1998", "")
SENTENCE = "One two three four five six seven eight nine ten. "
LONG = "so " * 33


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (NINE, [":6: this has 9 numbers (at most 8)"]),
        (EIGHT, []),
        (f"{EIGHT} {{num}}`mean:.1f`", [":6: this has 9 numbers (at most 8)"]),
        (f"{EIGHT} {{cite}}`baldi1989` {{ref}}`text`", []),
        (f"Hi.\n\n- {NINE}\n- {NINE}", [":8: this has 9 numbers", ":9: this has 9 numbers"]),
        (f"| a |\n|---|\n| {NINE} |", []),
        (f":::{{fold}} {NINE}\n{NINE}\n:::", []),
        (":::{takeaways}\n- 1, 2 and 3 of $4$.\n:::", []),
        (":::{takeaways}\n- 1.\n- 1, 2, 3 and 4.\n:::", [":8: this has 4 numbers (at most 3)"]),
        (f":::{{takeaways}}\n- {4 * SENTENCE}\n:::", []),
        (f":::{{takeaways}}\n- {4 * SENTENCE}No.\n:::", [":7: this has 41 words (at most 40)"]),
        (15 * SENTENCE, []),
        (15 * SENTENCE + "No.", [":6: this has 151 words (at most 150)"]),
        (f"{LONG} $a + b$, i.e. as {{eq}}`one` is *it* itself. So.\n\n$$a$$ (one)", []),
        (f"{LONG} $a + b$, i.e. as {{eq}}`one` is *it* of course.\n\n$$a$$ (one)", ["41 words"]),
    ],
)
def test_what_is_too_much_is_listed(make_book: MakeBook, text: str, found: list[str]) -> None:
    said = [each for each in listed(make_book, text) if " perhaps " not in each]
    assert len(said) == len(found)
    assert all(each in line for each, line in zip(found, said, strict=True))


def listed(make_book: MakeBook, text: str) -> list[str]:
    files = {"sample/text.md": f"{HEAD}\n{text}\n", "sample/numbers.py": "mean = 1\n"}
    said: list[str] = []
    list_faults(open_project(make_book(files)), PARAGRAPHS, said.append)
    return said


DOUBTFUL = "It falls from 3 to 2 and 1."


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (DOUBTFUL, ":6: perhaps this has 3 numbers in its first sentence (better 2)"),
        ("It falls from 3 to 2.", ""),
        (
            "So. At 1, 2, 3, 4 and 5 it falls.",
            ":6: perhaps this has 5 numbers in a sentence (better 4)",
        ),
        ("So. At 1, 2, 3 and 4 it falls.", ""),
        ("So. (This is whole.) On.", ":6: perhaps this has a sentence in brackets"),
        ("So. (This is *whole*.)", ":6: perhaps this has a sentence in brackets"),
        ("So (in part). On (like this).", ""),
        ("(In part) so.", ""),
        (f"% meant: the ends of a scale\n{DOUBTFUL}", ""),
        (f"% meant:\n{DOUBTFUL}", ":7: perhaps this has 3 numbers"),
        (f"% remark\n{DOUBTFUL}", ":7: perhaps this has 3 numbers"),
        (f"% meant: the ends of a scale\n\nSo.\n\n{DOUBTFUL}", ":10: perhaps this has 3 numbers"),
        (":::{takeaways}\n- Of 1, 2 and 3.\n:::", ""),
    ],
)
def test_what_may_be_too_much_is_listed_unless_it_is_meant(
    make_book: MakeBook, text: str, found: str
) -> None:
    said = listed(make_book, text)
    assert len(said) == bool(found)
    assert not found or found in said[0]


def test_a_strict_book_refuses_a_dense_paragraph(make_book: MakeBook) -> None:
    strict = BOOK.replace("\n[[parts]]", 'paragraphs = "strict"\n\n[[parts]]')
    text = {"sample/text.md": f"{HEAD}\n{NINE}\n"}
    with pytest.raises(BookErrors) as caught:
        load(make_book({"book.toml": strict, **text}))
    assert str(caught.value).startswith(
        "content/sample/text.md:6: this has 9 numbers (at most 8): give it one idea"
    )
    load(make_book({"book.toml": BOOK, **text}))


def test_this_book_refuses_dense_paragraphs_and_has_no_doubtful_ones(root: Path) -> None:
    assert '\nparagraphs = "strict"\n' in (root / "content" / "book.toml").read_text("utf-8")
    said: list[str] = []
    list_faults(open_project(Settings()), PARAGRAPHS, said.append)
    assert not said
