"""Analogies of strokes against a search by the codes themselves, and numbers in the text."""

from pathlib import Path

import numpy as np
import pytest
import torch

from training.data import MAX_CURVATURE, MAX_ORIENTATION, strokes
from widgets import analogies
from widgets.analogies import (
    AMONG,
    ENCODERS,
    GRID,
    STEPS,
    all_answers,
    codes_of,
    distances,
    questions,
)
from widgets.data import load
from widgets.kit.encoders import encode_as

TEXT = (Path(__file__).parents[2] / "content/self-supervision/evidence/embeddings.md").read_text(
    "utf-8"
)


def compute(**changed):
    return analogies.compute(**{**analogies.instrument.defaults(), **changed})


def nearest(grid, among, target):
    """Find the place among candidates whose code is nearest to a target."""
    codes = grid[tuple(np.transpose(among))]
    return among[np.square(codes - target).sum(axis=1).argmin()]


def searched(codes, steps, spacing):
    """Compute shares by a plain loop over questions that searches all strokes for each target."""
    right, total = np.zeros(5), 0
    grid = codes.reshape(GRID, GRID, -1)
    places = [(i, j) for i in range(GRID) for j in range(GRID)]
    for i, j in places:
        for k, m in ((i + x, j + y) for x in (-steps, steps) for y in (-steps, steps)):
            if not (0 <= k < GRID and 0 <= m < GRID):
                continue
            a, b, c, d = (k, j), (i, j), (i, m), (k, m)
            words = [(p, q) for p, q in places if (p - i) % spacing == 0 == (q - j) % spacing]
            others = [word for word in words if word not in (a, b, c)]
            target = grid[a] - grid[b] + grid[c]

            answer = nearest(grid, words, target)
            right += (
                answer == d,
                nearest(grid, others, target) == d,
                nearest(grid, others, grid[c]) == d,
                nearest(grid, others, (grid[a] + grid[c]) / 2) == d,  # least sum of squares to both
                answer in (a, b, c),
            )
            total += 1
    return right / total


@pytest.mark.parametrize("encoder", ["pixels", "vae", "masked"])
@pytest.mark.parametrize("among", AMONG)
def test_shares_are_those_of_a_search(encoder, among):
    shares = compute(encoder=encoder, among=among)["shares"]
    codes = codes_of(encoder, 0, load("stroke_codes"))
    for column, steps in ((3, 4), (4, 6)):
        wanted = searched(codes, steps, steps if among == "spaced" else 1)
        np.testing.assert_allclose(shares[:, column], wanted, atol=1e-9)


def test_questions_ask_for_the_curvature_of_a_and_the_orientation_of_c():
    for steps in STEPS:
        a, b, c, d = (np.stack(np.divmod(place, GRID)) for place in questions(steps))
        assert len(a[0]) == 4 * (GRID - steps) ** 2 == len(set(zip(*questions(steps), strict=True)))
        np.testing.assert_array_equal(d, [a[0], c[1]])
        np.testing.assert_array_equal(b, [c[0], a[1]])
        assert (np.abs(a[0] - b[0]) == steps).all() and (np.abs(c[1] - b[1]) == steps).all()


@pytest.mark.parametrize("among", AMONG)
def test_the_factors_themselves_are_always_right(among):
    shares = compute(encoder="factors", among=among)["shares"]
    np.testing.assert_array_equal(shares[:2], 1)
    np.testing.assert_array_equal(shares[4], 0)


def test_codes_are_those_of_the_strokes():
    data, place = load("stroke_codes"), (np.arange(GRID) + 0.5) / GRID
    bent, turned = (
        torch.tensor(each).float()
        for each in (MAX_CURVATURE * (2 * place - 1), MAX_ORIENTATION * place)
    )
    drawn = strokes(bent.repeat_interleave(GRID), turned.repeat(GRID)).numpy()
    x = data["images"].reshape(GRID**2, -1) / 255
    assert np.abs(drawn - x).max() <= 0.5 / 255 + 1e-6
    pixels, by_pca = (distances(codes) for codes in (x, codes_of("pca", 0, data)))
    assert (by_pca <= pixels + 1e-3).all()  # a projection never increases a distance
    assert by_pca.sum() > 0.8 * pixels.sum()
    for name in ("network", "masked"):
        wanted = encode_as(name, x.reshape(-1, 28, 28))
        np.testing.assert_allclose(codes_of(name, 0, data), wanted, atol=1e-3)


def percent(encoder, steps, among="spaced", run=0):
    """Round the five shares to whole per cent."""
    shares = compute(encoder=encoder, among=among, run=run)["shares"][:, STEPS.index(steps)]
    return np.rint(100 * shares).astype(int).tolist()


def test_what_the_text_says_of_pixels_and_encoders_of_digits():
    assert percent("pixels", 2) == [0, 100, 57, 100, 100]
    assert percent("pixels", 3) == [0, 65, 67, 100, 100]
    network, masked = percent("network", 3), percent("masked", 3)
    assert network[3] > network[1] and masked[3] > masked[1]
    assert all(percent(name, 6)[1:4] == [100, 100, 100] for name in ENCODERS)


def shares(codes, steps, spacing):
    """Shares of right answers among all strokes, and without a, b and c."""
    a, b, c, d = questions(steps)
    return [(each == d).mean() for each in all_answers(distances(codes), a, b, c, spacing)[:2]]


@pytest.mark.parametrize("steps", STEPS)
def test_a_sum_of_bent_parts_is_always_right(steps):
    """A code with one of twelve for the curvature, then one of twelve for the orientation."""
    places = np.divmod(np.arange(GRID**2), GRID)
    codes = np.concatenate([np.eye(GRID)[place] for place in places], axis=1)
    factors = np.stack([np.ones(GRID**2), *places], axis=1)
    rest = codes - factors @ np.linalg.lstsq(factors, codes, rcond=None)[0]
    assert rest.var(axis=0).sum() > 0.9 * codes.var(axis=0).sum()
    for spacing in (1, steps):
        assert shares(codes, steps, spacing) == [1, 1]


def test_what_the_text_says_of_angles():
    def by_angle(encoder, run=0):
        codes = codes_of(encoder, run, load("stroke_codes"))
        return codes / np.linalg.norm(codes, axis=1, keepdims=True)

    assert "By these, too, pixels score 0 and 100 % at two steps" in TEXT
    assert shares(by_angle("pixels"), 2, 2) == [0, 1]
    assert "from 100 % to about a quarter at three steps" in TEXT
    for run in range(4):
        assert shares(by_angle("vae", run), 3, 3)[0] == pytest.approx(0.24, abs=0.03)


def test_what_the_text_says_of_models_trained_on_strokes():
    for run in range(4):
        assert all(percent("vae", steps, run=run)[:2] == [100, 100] for steps in (1, 2, 3))


def test_the_torn_map_has_neighbours_far_apart():
    grid = codes_of("vae", 4, load("stroke_codes")).reshape(GRID, GRID, -1)
    steps = np.concatenate(
        [np.linalg.norm(np.diff(grid, axis=axis), axis=2).ravel() for axis in (0, 1)]
    )
    assert "up to eight times as far from each other as usual" in TEXT
    assert steps.max() / np.median(steps) == pytest.approx(8, abs=0.5)


def test_at_three_steps_two_codes_answer_more_than_half_whatever_the_rule():
    shares = {name: percent(name, 3) for name in ENCODERS}
    assert {name for name, each in shares.items() if each[0] > 50} == {"vae", "factors"}


def test_pixels_answer_with_a_or_c():
    away = distances(codes_of("pixels", 0, load("stroke_codes")))
    for steps, count in ((2, 400), (3, 324)):
        a, b, c, _ = questions(steps)
        answers = all_answers(away, a, b, c, steps)[0]
        assert len(a) == count and ((answers == a) | (answers == c)).all()
    assert (answers == c).all()
