"""The six measures of chapter 1, as far as they can be computed by hand or fitted per digit."""

import json

import numpy as np
import pytest

from widgets.data import load
from widgets.kit.properties import RIDGE, measure, read

GALLERY = load("mnist_gallery")
DIGITS, LABELS = GALLERY["images"][:60] / 255, GALLERY["labels"][:60]


def test_what_is_read_is_what_a_fit_to_all_other_rows_predicts():
    rng = np.random.default_rng(0)
    h, wanted = rng.normal(size=(12, 3)), rng.normal(size=(12, 2))
    centred = h - h.mean(axis=0)
    size = np.mean(np.sum(centred**2, axis=1))
    long = np.hstack([centred, np.full((12, 1), np.sqrt(size))])  # the last column: the intercept
    for i in range(12):
        known = np.arange(12) != i
        square = long[known].T @ long[known] + RIDGE * size * np.eye(4)
        matrix = np.linalg.solve(square, long[known].T @ wanted[known])
        assert read(h, wanted)[i] == pytest.approx(long[i] @ matrix)


def test_a_code_that_ignores_the_place_does_not_move():
    found = measure(lambda x: np.sort(x.reshape(len(x), -1), axis=1), DIGITS, LABELS)
    assert found["k"] == 784
    assert found["moved"] == pytest.approx(0, abs=1e-12)


def test_measures_do_not_depend_on_the_unit_of_a_code():
    once, often = (
        measure(lambda x, by=by: by * x.reshape(len(x), -1), DIGITS, LABELS) for by in (1, 7)
    )
    assert once == pytest.approx(often)


def test_all_directions_of_a_white_code_are_used():
    flat = DIGITS.reshape(len(DIGITS), -1)
    mean = flat.mean(axis=0)
    _, sizes, directions = np.linalg.svd(flat - mean, full_matrices=False)
    whiten = directions[:4].T / sizes[:4]
    found = measure(lambda x: (x.reshape(len(x), -1) - mean) @ whiten, DIGITS, LABELS)
    assert found["k"] == 4
    assert found["k_eff"] == pytest.approx(4)


def test_the_table_of_the_book_is_measured_by_this_module(root):
    outputs = json.loads((root / "content/representations/outputs.json").read_text("utf-8"))
    recorded = outputs["snippet-table"]["numbers"]
    images, labels = GALLERY["images"][:300] / 255, GALLERY["labels"][:300]
    found = measure(lambda x: x.reshape(len(x), -1).astype(float), images, labels)
    stated = {key: recorded[f"table.pixels.{key}"] for key in found}
    assert found == pytest.approx(stated, rel=1e-5)
