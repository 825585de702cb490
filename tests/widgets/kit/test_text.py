"""Typed text has the same normal form in Python and the browser; figures show it as typed."""

import json
import random
import sys
import unicodedata
from contextlib import closing

import plotly.graph_objects as go
import pytest

from latentbook.book.compose.javascript import open_context
from tests.figures import check_figures
from tests.unit.draw.conftest import bundle
from widgets.contract import Frame, Plot
from widgets.controls import SAMPLES
from widgets.kit.figures import axis, figure, label
from widgets.kit.text import MOST_COMPOSED, normal, plain

ENTRY = """
import { textbox } from "./instrument/controls/textbox.js";
export const read = (json, max_length) =>
  JSON.stringify(textbox.read({ max_length }, JSON.parse(json)));
"""
FAMILY = "👩‍👩‍👧‍👦"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Calls a function of ENTRY in the build's JavaScript engine."""
    with closing(open_context()) as racer:
        racer.eval(
            "EventTarget = class {}; document = { documentElement: { lang: 'en', dataset: {} } }"
        )
        racer.eval(bundle(ENTRY, tmp_path_factory.mktemp("text")))

        def read(text, limit=200):
            return json.loads(racer.eval(f"book.read({json.dumps(json.dumps(text))}, {limit})"))

        yield read


def some_texts():
    """Yield each sample, edge cases, and random mixtures of all kinds of characters."""
    source = random.Random(0)
    yield from SAMPLES
    yield from ("", "   ", "\0", "a\tb\r\nc", "\ud800x\udc00", "\u202eabc\u202c", "\ufeff a \ufeff")
    yield from ("\u0958\u0344", "e\u0301", "\u1f00\u0300\u0345", "가", "a\u0323\u0307", "\uffff")
    for _ in range(300):
        drawn = [chr(source.randrange(0x3000)) for _ in range(source.randrange(40))]
        drawn += [chr(source.randrange(sys.maxunicode + 1)) for _ in range(20)]
        source.shuffle(drawn)
        # Leave out unassigned characters: a later version of Unicode may compose them.
        yield "".join(each for each in drawn if unicodedata.category(each) != "Cn")


def test_python_and_the_page_read_the_same(page):
    for text in some_texts():
        assert page(text) == {"value": normal(text, 200)}, ascii(text)


def test_the_form_is_what_unicode_says():
    """Checked by properties of characters, not by the ranges in the code."""
    for text in some_texts():
        form = normal(text, 200)
        assert unicodedata.is_normalized("NFC", form)
        assert normal(form, 200) == form
        categories = {unicodedata.category(each) for each in form.replace(" ", "")}
        assert categories.isdisjoint({"Cc", "Cs", "Zs", "Zl", "Zp"}), ascii(text)
        assert "  " not in form and form == form.strip()
        assert letters(form) == letters(text)


def letters(text):
    """List base characters in order, without marks, which may be reordered."""
    apart = unicodedata.normalize("NFD", text)
    return [each for each in apart if unicodedata.category(each)[0] in "LN"]


def test_every_character_alone(page):
    """Python and the page agree on white space and control characters."""
    low = [chr(i) for i in range(0x3100)]
    for some in (low[i : i + 32] for i in range(0, len(low), 32)):
        text = "".join(f"a{each}b" for each in some)
        assert page(text) == {"value": normal(text, 200)}


def test_joiners_and_marks_of_direction_stay():
    for text in (FAMILY, "می‌خواهم", "a\u200fb", "क्‍ष", "🏴\U000e0067\U000e0062\U000e007f"):
        assert normal(text, 200) == unicodedata.normalize("NFC", text)
    assert normal("x\u202ey", 200) == "xy"


@pytest.mark.parametrize(
    ("text", "limit", "nearest"),
    [
        ("x" * 10_000, 40, "x" * 40),
        (f"a{FAMILY}b", 5, "a"),  # seven characters form a family: it is never split
        (f"ab {FAMILY}", 4, "ab"),
        ("e\u0301" * 5, 3, "é" * 3),
        ("a" + "\u0323\u0307" * 5_000, 3, "ạ\u0323\u0323"),
        ("\U0001f600" * 6, 3, "\U0001f600" * 3),
    ],
)
def test_what_is_too_long_ends_at_a_whole_character(page, text, limit, nearest):
    read = page(text, limit)
    assert read["problem"] == f"The limit is {limit} characters."
    assert read["nearest"] == nearest
    assert len(normal(text, limit)) > limit


def test_the_longest_text_that_composes_is_not_taken_for_too_long(page):
    """U+1F82 decomposes into four characters; no character decomposes into more."""
    decomposed = unicodedata.normalize("NFD", "\u1f82" * 200)
    assert len(decomposed) == 200 * MOST_COMPOSED
    assert normal(decomposed, 200) == "\u1f82" * 200
    assert page(decomposed) == {"value": "\u1f82" * 200}
    every = map(chr, range(sys.maxunicode + 1))
    composed = (c for c in every if unicodedata.is_normalized("NFC", c))
    assert max(len(unicodedata.normalize("NFD", c)) for c in composed) == MOST_COMPOSED


@pytest.mark.parametrize(
    "text", ["<b>bold</b>", "<script>", "a<br>b", "&lt;b&gt;", "1 < 2 & 3", ""]
)
def test_a_figure_shows_markup_as_it_was_typed(text):
    shown = figure([], axis(0, 1), axis(0, 1), labels=[label(plain(text), 0, 0)])
    frame = Frame(readouts={}, panels=[Plot("p", shown, "A label.")])
    check_figures(frame)
    assert go.Figure(shown).layout.annotations[0].text.replace("\u2060", "") == text
