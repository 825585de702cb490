"""Faces put together from parts. Tests that draw need npm and its registry once."""

import json

import numpy as np
import pytest
import torch

from training.data import faces
from training.data.faces import (
    FACTORS,
    cut_out,
    draw_faces,
    draw_factors,
    draw_poses,
    draw_strangers,
    options,
)
from training.errors import DataUnavailable

PLAIN = dict.fromkeys(FACTORS, 0)


def drawn(**places: str) -> np.ndarray:
    """One upright face, with some factors not at their first value."""
    chosen = PLAIN | {name: FACTORS[name].index(value) for name, value in places.items()}
    factors = np.array([list(chosen.values())], np.int8)
    try:
        return draw_faces(factors, np.zeros((1, 4), np.float32))[0].astype(float)
    except DataUnavailable as error:
        pytest.skip(str(error))


def test_options_show_what_is_chosen_and_nothing_else() -> None:
    bare = options(PLAIN)
    assert bare["glassesProbability"] == bare["facialHairProbability"] == 0
    assert "glasses" not in bare and bare["mouth"] == ["surprised"]
    worn = options(PLAIN | {"glasses": 1})
    assert worn["glassesProbability"] == 100 and worn["glasses"] == ["round"]


def test_factors_are_independent_and_half_of_the_faces_are_bare() -> None:
    factors = draw_factors(40_000, np.random.default_rng(1))
    for column, values in zip(factors.T, FACTORS.values(), strict=True):
        shares = np.bincount(column, minlength=len(values)) / len(column)
        none = 0.5 if "" in values else 1 / len(values)
        assert shares[0] == pytest.approx(none, abs=0.01)
        np.testing.assert_allclose(shares[1:], (1 - none) / (len(values) - 1), atol=0.01)
    assert np.abs(np.corrcoef(factors.T) - np.eye(len(FACTORS))).max() < 0.03


def test_poses_stay_within_their_bounds() -> None:
    poses = draw_poses(1000, np.random.default_rng(0))
    largest = np.array([faces.TURN, faces.ZOOM, faces.SHIFT, faces.SHIFT])
    assert (np.abs(poses) <= largest).all()
    assert (np.abs(poses).max(axis=0) > 0.95 * largest).all()


def test_a_cut_without_a_pose_is_the_middle_of_the_portrait() -> None:
    ramp = torch.arange(112, dtype=torch.uint8)
    portrait = ramp[None, None, :, None].expand(1, 112, 112, 3)  # brighter to the right
    (cut,) = cut_out(portrait, torch.zeros(1, 4), (-0.02, 0.0), faces.CUT).numpy()
    middle = 55.5 - 0.02 * 56  # px; the cut is 56 px wide, 7/8 of a px each
    expected = middle + (np.arange(64) - 31.5) * faces.CUT * 112 / 64
    np.testing.assert_allclose(cut[30, :, 0], expected, atol=0.51)
    np.testing.assert_array_equal(cut[0], cut[63])


def test_a_factor_changes_its_own_part_of_the_picture() -> None:
    plain = drawn()
    smile = np.abs(drawn(mouth="smile") - plain).sum(axis=2)
    glasses = np.abs(drawn(glasses="round") - plain).sum(axis=2)
    assert smile[34:].sum() > 0.95 * smile.sum() > 0
    assert glasses[:40].sum() > 0.9 * glasses.sum() > 0
    skin = drawn(baseColor="77311d")
    cheek = skin[34:38, 22:26].mean(axis=(0, 1))
    np.testing.assert_allclose(cheek, [0x77, 0x31, 0x1D], atol=6)


def test_strangers_differ_in_the_mouth_alone_from_themselves() -> None:
    try:
        sad, smiling = (draw_strangers(2, mouth).astype(float) for mouth in ("frown", "smile"))
    except DataUnavailable as error:
        pytest.skip(str(error))
    moved = np.abs(smiling - sad).sum(axis=3)
    assert (moved[:, 36:56, 16:48].sum(axis=(1, 2)) > 0.98 * moved.sum(axis=(1, 2))).all()
    assert (moved.sum(axis=(1, 2)) > 0).all()
    assert np.abs(sad[0] - sad[1]).mean() > 5


def test_the_card_is_json_and_credits_the_artist() -> None:
    few = faces.FaceSet(
        np.zeros((3, 64, 64, 3), np.uint8), np.zeros((3, 12), np.int8), np.zeros((3, 4), np.float32)
    )
    card = json.loads(json.dumps(few.origin))
    assert "Micah Lanier" in card["attribution"]
    assert len(card["factors"]) == few.factors.shape[1]
