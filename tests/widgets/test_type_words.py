"""Encoders of words and pictures in NumPy, against torch and the card."""

import json
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import torch

from training.exports.emoji_words import GROUPS, picture_arrays
from training.two_encoders import TwoEncoders, family_of, rows_tensor, symmetric_loss
from widgets import data, type_words
from widgets.data import load
from widgets.engine.controls import accepted
from widgets.kit.two_encoders import BUCKETS, encode_pictures, encode_words, rows_of, unit, words_of

CARD = json.loads(Path(data.__file__).with_name("emoji_words.json").read_text(encoding="utf-8"))
UNSEEN = ("new_artist", "unseen")


def compute(**changed):
    return type_words.compute(**accepted(type_words.instrument, changed))


@pytest.fixture(scope="module")
def model():
    """An untrained model whose norms have the statistics of a few batches."""
    torch.manual_seed(3)
    model = TwoEncoders()
    for _ in range(3):
        model.pictures(torch.rand(8, 3, 32, 32))
    return model.eval().requires_grad_(False)


def test_pictures_have_the_codes_of_torch(model):
    x = np.random.default_rng(4).random((5, 32, 32, 3), np.float32)
    expected = model.pictures(torch.from_numpy(x).permute(0, 3, 1, 2)).numpy()
    found = encode_pictures(x, picture_arrays(model))
    assert (found * expected).sum(axis=1) == pytest.approx(1, abs=5e-4)  # weights are single bytes
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1)


def test_texts_have_the_codes_of_torch(model):
    texts = ["cat", "Étoile du soir", "smiling cat with heart-eyes", "perro 犬"]
    expected = model.words(rows_tensor(texts)).numpy()
    found = encode_words(texts, model.words.table.weight[:BUCKETS].numpy())
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("text", ["", "  ", "!?…", "🐱", "\u0301"])
def test_a_text_without_a_letter_has_no_code(text):
    assert not encode_words([text], np.ones((BUCKETS, 64))).any()


def test_capitals_and_accents_make_no_difference():
    assert rows_of("ÉTOILE") == rows_of("etoile") == rows_of(unicodedata.normalize("NFD", "étoile"))
    assert words_of("Straße, l’été") == ["strasse", "l", "ete"]


def test_the_loss_of_equal_codes_is_log_n_and_of_orthogonal_pairs_nearly_none():
    assert symmetric_loss(torch.ones(7, 7)).item() == pytest.approx(np.log(7))
    n, tau = 7, 0.1
    expected = np.log(1 + (n - 1) * np.exp(-1 / tau))  # one right candidate among zeros
    assert symmetric_loss(torch.eye(n) / tau).item() == pytest.approx(
        expected, rel=1e-3
    )  # in float32


@pytest.mark.parametrize(
    ("code", "relative"),
    [
        ("1F469-1F3FD-200D-1F692", "1F9D1-200D-1F692"),  # woman firefighter: medium skin tone
        ("1F3C3-1F3FF-200D-2642-FE0F-200D-27A1-FE0F", "1F3C3"),  # man running, facing right
        ("1F468-200D-1F9B0", "1F9D1"),  # man: red hair
        ("1F478-1F3FB", "1F934"),  # princess, prince
        ("1F44D-1F3FB", "1F44D"),  # thumbs up
    ],
)
def test_relatives_are_of_one_family(code, relative):
    assert family_of(code) == family_of(relative)
    assert family_of(code) != family_of("1F431")


def test_no_relative_of_a_held_out_emoji_is_seen():
    """Checked by name: all genders and skin tones of an emoji are on the same side."""
    seen = {name_without_gender(texts[0][0]) for texts in type_words.texts_of("seen")}
    unseen = {name_without_gender(texts[0][0]) for texts in type_words.texts_of("unseen")}
    assert not seen & unseen


def name_without_gender(name):
    words = name.split()
    return " ".join(
        word for word in words if word not in {"man", "woman", "men", "women", "person"}
    )


def test_pictures_are_classified_without_labels_as_often_as_the_card_says():
    arrays, groups = load("emoji_words"), list(GROUPS)
    truth = arrays["unseen_groups"]
    words = encode_words(list(GROUPS.values()), arrays["table"])
    for among, artist in zip(UNSEEN, ("new_artist", "known_artist"), strict=True):
        best = (type_words.codes_of(among) @ words.T).argmax(1)
        right = np.mean([groups[i] == g for i, g in zip(best, truth, strict=True) if g in groups])
        stated = CARD["metrics"]["groups"][artist]["directly"]
        assert right == pytest.approx(stated, abs=0.02)  # codes are rounded


def test_one_artists_picture_finds_the_others_as_often_as_the_card_says():
    codes = [type_words.codes_of(among) for among in UNSEEN]
    found = (codes[1] @ codes[0].T).argmax(1) == np.arange(len(codes[0]))
    assert found.mean() == pytest.approx(CARD["metrics"]["found"]["code"], abs=0.02)


@pytest.mark.parametrize("among", UNSEEN)
def test_names_find_their_pictures_as_often_as_the_card_says(among):
    names = [texts[0][0] for texts in type_words.texts_of("unseen")]
    scores = encode_words(names, load("emoji_words")["table"]) @ type_words.codes_of(among).T
    five = np.argsort(-scores, axis=1)[:, :5]
    right = np.mean([i in row for i, row in enumerate(five)])
    artist = "new_artist" if among == "new_artist" else "known_artist"
    stated = CARD["metrics"]["names"][f"new_emoji_{artist}"]["en"][1]
    assert right == pytest.approx(stated, abs=0.02)


def test_rows_are_sorted_and_rings_are_around_what_has_the_words():
    result = compute(words="fruit", among="new_artist")
    for row, scores in zip(result["rows"], result["scores"], strict=True):
        assert np.all(np.diff(scores) <= 0)
        assert len(set(row[row >= 0])) == np.sum(row >= 0)
    for place in np.flatnonzero(result["right"]):
        texts = [text for language in type_words.texts_of("unseen")[place] for text in language]
        assert any("fruit" in text.lower() for text in texts)
    assert result["right"].any()


def test_the_strings_of_a_seen_emoji_do_not_find_itself():
    arrays = load("emoji_words")
    for way in ("code", "pixels"):
        nearest = arrays[f"seen_nearest_by_{way}"]
        assert not np.any(nearest == np.arange(len(nearest))[:, None])


def test_word_order_makes_no_difference_and_not_hardly_any():
    """The mean of vectors does not depend on their order."""
    one, other = (compute(words=words)["cosines"] for words in ("dog on cat", "cat on dog"))
    np.testing.assert_allclose(one, other)
    cat, no_cat = (compute(words=words)["rows"][0] for words in ("cat", "not a cat"))
    assert set(cat[:3]) & set(no_cat)


@pytest.mark.parametrize("words", ["", "🐱 !?", "\u200d\ufe0f"])
def test_without_a_word_nothing_is_found(words):
    result = compute(words=words)
    frame = type_words.frame(result)
    assert np.all(result["rows"] == -1)
    assert not result["right"].any()
    assert frame.readouts["tags"] == "none"
    assert np.all(frame.panels[0].images == 1)  # white


@pytest.mark.parametrize("words", ["W" * 60, "पानी مرحبا 水", "\U0010ffff" * 60, "<b>&amp;</b>"])
def test_any_text_gives_eight_pictures_or_none(words):
    result = compute(words=words)
    assert (result["rows"][0] >= 0).sum() in (0, type_words.FOUND)
    assert np.isfinite(result["cosines"]).all()


def test_words_that_no_seen_emoji_has_are_named():
    frame = type_words.frame(compute(words="fruit xylophagous"))
    assert frame.readouts["unknown"] == "xylophagous"


def test_credits_are_under_the_pictures_that_they_are_for():
    for among, credit in {"new_artist": "Microsoft, MIT", "seen": "Google, Apache 2.0"}.items():
        panels = type_words.frame(compute(among=among)).panels[:3]
        assert all(credit in panel.captions[-1] for panel in panels)


def test_alt_texts_name_what_is_found():
    result = compute(words="fruit", among="unseen")
    panel = type_words.frame(result).panels[0]
    for label in panel.labels:
        assert label in panel.alt
    ringed = sum(result["right"][result["rows"][0]])
    assert f"{ringed} of 8 have all the words" in panel.alt


def test_pictures_are_those_of_the_palette():
    picture = type_words.pictures([3, -1], "new_artist")
    arrays = load("emoji_words")
    levels = arrays["new_artist_palette"][arrays["new_artist_pictures"][3]]
    np.testing.assert_allclose(255 * picture[0], levels)
    assert np.all(picture[1] == 1)


def test_codes_have_length_one():
    np.testing.assert_allclose(np.linalg.norm(type_words.codes_of("unseen"), axis=1), 1)
    assert not unit(np.zeros((1, 3))).any()
