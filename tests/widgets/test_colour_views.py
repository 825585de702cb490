"""The curves against turns of the picture, and the order of the encoders against their card."""

import json
from pathlib import Path

import numpy as np
import pytest

import widgets.data
from widgets import colour_views
from widgets.data import load
from widgets.kit.colour_views import EMOJI, VIEWS, encode_emoji, encoder_of

CARD = json.loads((Path(widgets.data.__file__).parent / "colour_views.json").read_text("utf-8"))
RUNS = CARD["metrics"]["by_seed"]
CHANGES = {"crop": "crop", "flip": "flip", "jitter": "hue", "erase": "erase"}


def compute(**changed):
    return colour_views.compute(**{**colour_views.instrument.defaults(), **changed})


def test_a_whole_turn_of_hue_moves_nothing():
    result = compute(hue=360)
    assert result["moved"][0] == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(result["curve"][[0, -1]], 0, atol=1e-9)
    assert compute(hue=120)["moved"][0] == pytest.approx(result["curve"][4])


def test_a_grey_picture_has_no_hue_to_turn():
    grey = np.repeat(np.random.default_rng(0).random((1, 32, 32, 1)), 3, axis=3)
    assert colour_views.distances("shift", colour_views.changes(grey, 90))[0] == pytest.approx(0)


def test_a_unit_is_the_distance_of_two_emoji():
    """Only roughly: the shown emoji come in pairs of relatives, which are closer."""
    stored = load("colour_views")
    for name in VIEWS:
        h, _ = encode_emoji(stored["pictures"] / 255, encoder_of(name, stored))
        gaps = np.linalg.norm(h[:, None] - h, axis=2)[np.triu_indices(len(EMOJI), 1)]
        assert 0.5 < gaps.mean() / stored[f"{name}_apart"][0] < 1.5


@pytest.mark.parametrize(("views", "change"), CHANGES.items())
def test_what_views_vary_moves_the_code_less(views, change):
    """By the card, less in each seed than without that variation, and than before training."""
    plain, untrained = RUNS["shift"], CARD["metrics"]["untrained"]
    for own, without in zip(RUNS[views], plain, strict=True):
        assert own["moved"][change] < without["moved"][change]
        assert own["moved"][change] < untrained["moved"][change]


def test_the_shown_hearts_are_taken_for_each_other_after_jitter():
    gaps = {}
    for name in ("shift", "jitter"):
        stored = load("colour_views")
        h, _ = encode_emoji(stored["pictures"][:2] / 255, encoder_of(name, stored))
        gaps[name] = np.linalg.norm(h[0] - h[1]) / stored[f"{name}_apart"][0]
    assert gaps["jitter"] < gaps["shift"] / 2


def test_the_first_view_and_its_partner_differ_and_depend_on_the_seed():
    first, again, other = (compute(seed=seed)["pairs"] for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first[0], first[1])
