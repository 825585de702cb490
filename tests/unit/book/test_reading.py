"""Words of markup, and the minutes they take."""

from __future__ import annotations

from latentbook.book.compose.words import words_of
from latentbook.book.load import load

from .conftest import HEAD, MakeBook


def test_words_leave_out_markup_and_count_an_equation_once() -> None:
    equation = (
        '<span class="katex"><span class="katex-mathml"><math><semantics><msup><mi>x</mi>'
        '<mn>2</mn></msup><annotation encoding="application/x-tex">x^2</annotation></semantics>'
        "</math></span>"
        '<span class="katex-html" aria-hidden="true"><span>x</span><span>2</span></span></span>'
    )
    html = f"<p>Take {equation} &amp; <em>stop</em>.</p><ul><li>One</li><li>two</li></ul>"
    assert words_of(html) == "Take x² & stop. One two"


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
