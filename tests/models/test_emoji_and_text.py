"""Data of words and pictures. Tests that read complete sets need them fetched."""

import json
import unicodedata
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from training.data.emoji import EmojiSet, as_svg, load_emoji, without_variant
from training.data.text import load_definitions, load_speeches, read_meanings, words_of
from training.errors import DataUnavailable


def fetched(load: Callable[[], Any]) -> Any:
    try:
        return load()
    except DataUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def drawn() -> EmojiSet:
    return fetched(load_emoji)


def test_a_meaning_of_wordnet_is_read_whole() -> None:
    licence = "  1 This software and database is being provided to you\n"
    line = (
        "00002098 00 s 02 abaxial(p) 0 dorsal_thing 4 001 ;c 06047178 n 0000 "
        '| facing away; said of a leaf (in botany); "the abaxial side | of it"; "no end"  \n'
    )
    (meaning,) = read_meanings("adj", licence + line)
    assert meaning.words == ("abaxial", "dorsal thing")
    assert meaning.meaning == "facing away; said of a leaf (in botany)"
    assert meaning.examples == ("the abaxial side | of it", "no end")


def test_words_are_small_letters_only() -> None:
    assert words_of("Fellow-Citizens, 1,000 of U.S.") == ["fellow", "citizens", "of", "u", "s"]


def test_wordnet_is_the_published_one() -> None:
    meanings = fetched(load_definitions)
    parts = [meaning.part for meaning in meanings]
    # the synsets of WordNet 3.1
    published = {"noun": 82_192, "verb": 13_789, "adj": 18_185, "adv": 3_625}
    assert {part: parts.count(part) for part in published} == published
    assert all(meaning.meaning and meaning.words for meaning in meanings)
    (camel,) = (each for each in meanings if each.words == ("camel",))
    assert camel.meaning.startswith("cud-chewing mammal")


def test_speeches_are_in_order_of_time() -> None:
    speeches = fetched(load_speeches)
    years = [year for year, *_ in speeches]
    assert years == sorted(years)
    assert next(text for year, _, text in speeches if year == 1863).startswith("Fellow-Citizens")


def test_icons_are_drawn_in_the_middle_of_a_square() -> None:
    svg = as_svg({"body": "<g/>", "height": 10}, {"width": 36, "height": 36})
    assert 'viewBox="0.0 -13.0 36 36"' in svg


def test_code_points_are_found_with_and_without_their_variant() -> None:
    assert without_variant("2764-FE0F-200D-1F525") == without_variant("2764-200D-1f525")


def test_names_are_those_of_unicode(drawn: EmojiSet) -> None:
    single = [each for each in drawn.emoji if len(each.code) == 5 and each.group in (3, 4)]
    same = [
        each.texts["en"][0] == unicodedata.name(chr(int(each.code, 16)), "").lower()
        for each in single
    ]
    assert np.mean(same) > 0.6  # CLDR gives the others everyday names
    assert {each.group for each in single if "camel" in each.texts["en"][0]} == {3}


def test_each_artist_draws_hearts_in_their_colours(drawn: EmojiSet) -> None:
    hearts = {"green heart": 1, "blue heart": 2, "red heart": 0}
    found = [each for each in drawn.emoji if each.texts["en"][0] in hearts]
    assert len(found) == 3
    for each in found:
        assert len(each.pictures) == 4
        for row in each.pictures.values():
            middle = drawn.pictures[row, 10:20, 10:22].reshape(-1, 3).mean(0)
            assert middle.argmax() == hearts[each.texts["en"][0]]
            assert drawn.pictures[row, 0, 0].tolist() == [255, 255, 255]


def test_the_card_is_json_and_credits_each_artist(drawn: EmojiSet) -> None:
    card = json.loads(json.dumps(drawn.origin))
    for studio in ("Google", "Twitter", "Microsoft", "Emoji One"):
        assert studio in card["attribution"]
