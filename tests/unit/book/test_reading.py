"""Word counts of blocks, and their reading time in minutes."""

from __future__ import annotations

from latentbook.book.compose.blocks import text_of
from latentbook.book.load import load

from .conftest import HEAD, MakeBook


def test_words_leave_out_markup_and_count_an_equation_once(make_book: MakeBook) -> None:
    text = f"{HEAD}\nTake $x^2$ & *stop*.\n\n- One\n- two\n"
    blocks = load(make_book({"sample/text.md": text})).book.chapters[0].sections[0].blocks
    assert text_of(blocks) == "Take x² & stop. One two"


def minutes(make_book: MakeBook, text: str) -> int:
    return load(make_book({"sample/text.md": HEAD + "\n" + text})).book.chapters[0].minutes


def test_minutes_at_220_words(make_book: MakeBook) -> None:
    assert minutes(make_book, "word " * 2200 + "\n") == 10


def test_an_equation_adds_ten_seconds_and_a_short_text_takes_a_minute(make_book: MakeBook) -> None:
    assert minutes(make_book, "Short.\n") == 1
    assert minutes(make_book, "word " * 220 + "\n" + "\n$$ x $$\n" * 18) == 4


def test_what_is_opened_or_run_by_choice_takes_its_own_time(make_book: MakeBook) -> None:
    text = "word " * 440 + "\n\n:::{fold} A derivation\n" + "more " * 1100 + "\n:::\n"
    assert minutes(make_book, text) == 2
