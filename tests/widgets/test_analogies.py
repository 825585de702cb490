"""Analogies of strokes against a search by the codes themselves, and what the text says."""

import numpy as np
import pytest
import torch

from app.models.data import MAX_CURVATURE, MAX_ORIENTATION, strokes
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
from widgets.encoders import encode_as


def compute(**changed):
    return analogies.compute(**{**analogies.instrument.defaults(), **changed})


def nearest(grid, among, target):
    """The place, of some, whose code is nearest to a target."""
    codes = grid[tuple(np.transpose(among))]
    return among[np.square(codes - target).sum(axis=1).argmin()]


def searched(codes, steps, spacing):
    """Shares by a plain loop over questions: compute the target, sort all strokes by distance."""
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
                nearest(grid, others, (grid[a] + grid[c]) / 2) == d,  # the sum of squares to both
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
    np.testing.assert_array_equal(shares[3], 0)


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
    assert (by_pca <= pixels + 1e-3).all()  # a projection brings nothing farther apart
    assert by_pca.sum() > 0.8 * pixels.sum()
    for name in ("network", "masked"):
        wanted = encode_as(name, x.reshape(-1, 28, 28))
        np.testing.assert_allclose(codes_of(name, 0, data), wanted, atol=1e-3)


def percent(encoder, steps, among="spaced", run=0):
    """The four shares as whole percents."""
    shares = compute(encoder=encoder, among=among, run=run)["shares"][:, STEPS.index(steps)]
    return np.rint(100 * shares).astype(int).tolist()


def test_what_the_text_says_of_pixels_and_encoders_of_digits():
    assert percent("pixels", 2) == [0, 100, 57, 100]
    assert percent("pixels", 3) == [0, 65, 67, 100]
    assert all(percent(name, 6)[1:3] == [100, 100] for name in ENCODERS)
    assert percent("network", 3)[:3] == [48, 86, 54]
    assert percent("masked", 3)[:3] == [7, 48, 39]


def test_what_the_text_says_of_models_trained_on_strokes():
    for run in range(4):
        assert all(percent("vae", steps, run=run)[:2] == [100, 100] for steps in (1, 2, 3))
    among_all = [percent("vae", 3, "all", run)[0] for run in range(4)]
    assert (min(among_all), max(among_all)) == (67, 80)
    assert percent("vae", 3, run=4)[0] == 55
    plain = [percent("autoencoder", 3, run=run)[0] for run in range(5)]
    assert (min(plain), max(plain)) == (20, 88)


def test_at_three_steps_two_codes_answer_more_than_half_whatever_the_rule():
    shares = {name: percent(name, 3) for name in ENCODERS}
    assert {name for name, each in shares.items() if each[0] > 50} == {"vae", "factors"}


def test_pixels_answer_with_a_or_c():
    a, b, c, _ = questions(2)
    away = distances(codes_of("pixels", 0, load("stroke_codes")))
    answers = all_answers(away, a, b, c, 2)[0]
    assert len(a) == 400 and ((answers == a) | (answers == c)).all()
