"""Pictures that the page draws, against stored codes, and known colours and distances."""

import json
from pathlib import Path

import numpy as np
import pytest

from widgets import data, own_emoji
from widgets.contract import ContractError, Glyph
from widgets.data import load
from widgets.engine.controls import accepted
from widgets.kit.drawing import COLOURS, to_colours
from widgets.kit.emoji import CREDITS, codes_of, pictures, texts_of
from widgets.kit.two_encoders import encode_pictures

CARD = json.loads(Path(data.__file__).with_name("emoji_words.json").read_text(encoding="utf-8"))


def as_text(character, picture):
    """Write a control value by an independent rule: levels of 85, blue as the last digit."""
    levels = np.rint(picture * 3).astype(int).reshape(-1, 3)
    return f"{character} " + "".join(COLOURS[16 * r + 4 * g + b] for r, g, b in levels)


def compute(emoji):
    return own_emoji.compute(**accepted(own_emoji.instrument, {"emoji": emoji}))


@pytest.mark.parametrize(
    ("letter", "colour"),
    [
        ("A", (0, 0, 0)),
        ("w", (255, 0, 0)),
        ("M", (0, 255, 0)),
        ("D", (0, 0, 255)),
        ("V", (85, 85, 85)),
    ],
)
def test_a_letter_is_a_colour(letter, colour):
    assert to_colours(4 * letter, 2).tolist() == [[list(colour)] * 2] * 2


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("", "a character, alone or with its picture"),
        ("🐙 " + 5 * "A", "it holds 5 pixels; accepted: 4"),
        ("🐙 AA!A", "'!' stands for no colour"),
        ("🐙 AAAA AAAA", "a character, alone"),
        (17 * "x", "a character, alone"),
        (3, "a character, alone"),
    ],
)
def test_what_is_no_glyph_is_refused(value, message):
    with pytest.raises(ContractError, match="emoji") as refused:
        Glyph("emoji", "Emoji", "🐙", 2).accept(value)
    assert message in str(refused.value)


@pytest.mark.parametrize("among", CREDITS)
def test_stored_pictures_have_their_stored_codes(among):
    """Only nearly: the pictures have 128 colours, and the weights one byte each."""
    codes = codes_of(among)
    found = encode_pictures(pictures(range(len(codes)), among), load("emoji_pictures"))
    assert (found * codes).sum(1).mean() > 0.97


def test_an_artist_never_seen_is_found_as_often_as_the_card_says():
    """Drawn in 64 colours, as in the page, and searched among the 400 alone."""
    new = to_64_colours(pictures(range(400), "new_artist"))
    cosines = encode_pictures(new, load("emoji_pictures")) @ codes_of("unseen").T
    found = np.mean(cosines.argmax(0) == np.arange(400))
    assert found == pytest.approx(CARD["metrics"]["found"]["code"], abs=0.04)


def to_64_colours(x):
    return np.rint(3 * x) / 3


def test_a_stored_picture_is_nearest_to_itself():
    characters = list(own_emoji.places_of_characters())
    for place in (0, 700, len(characters) - 1):
        which, there = own_emoji.gallery_of(place)
        picture = pictures([there], which)[0]
        result = compute(as_text(characters[place], picture))
        assert result["rows"][1][0] == place
        assert result["ranks"] == [1, 1]


def test_a_character_that_is_no_emoji_has_no_rank():
    result = compute(as_text("Q", np.ones((32, 32, 3))))
    assert result["ranks"] is None
    shown = own_emoji.frame(result)
    assert shown.readouts["by_code"] == "not among them"
    assert not any(panel.marked for panel in shown.panels)


def test_at_rest_it_is_the_drawing_of_the_artist_never_seen():
    home = own_emoji.instrument.controls[0].default
    place = own_emoji.places_of_characters()[home] - len(texts_of("seen"))
    expected = pictures([place], "new_artist")[0]
    np.testing.assert_array_equal(compute(home)["picture"], expected)
    with_variant = compute(f"{home}\ufe0f")
    np.testing.assert_array_equal(with_variant["picture"], expected)
