"""Pictures that need no training: their scripts reproduce them, and their geometry is true."""

import re
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from content.autoencoders.images import ideas

ROOT = Path(__file__).parents[2]
CONTRAST = import_module("content.self-supervision.images.draw")
TEACHERS = import_module("content.self-supervision.images.teachers")
PICTURES = {
    script.FOLDER / name: draw
    for script in (ideas, CONTRAST, TEACHERS)
    for name, draw in script.PICTURES.items()
}
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_a_picture_is_what_its_script_draws(path: Path) -> None:
    kept, drawn = path.read_text("utf-8"), PICTURES[path]()
    assert NUMBER.sub("#", kept) == NUMBER.sub("#", drawn)
    old, new = (np.array(NUMBER.findall(svg), dtype=float) for svg in (kept, drawn))
    np.testing.assert_allclose(old, new, atol=0.11)  # processors may round a tenth differently


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_a_picture_has_the_colours_of_the_page(path: Path) -> None:
    tokens = set(re.findall(r"--[\w-]+(?=:)", (ROOT / "static/css/tokens.css").read_text("utf-8")))
    colours = re.findall(r'(?:fill|stroke)="([^"]*)"', path.read_text("utf-8"))
    assert {colour[4:-1] for colour in set(colours) - {"none"}} <= tokens


def test_the_foot_is_the_nearest_place_on_the_best_line() -> None:
    points = ideas.cloud()
    best = ideas.best_direction(points)
    line = np.linspace(-6, 6, 4001)[:, None] * best
    nearest = np.linalg.norm(points[:, None] - line, axis=2).min(axis=1)
    apart = np.linalg.norm(points - ideas.feet(points, best), axis=1)
    np.testing.assert_allclose(apart, nearest, atol=1e-4)

    errors = [
        ideas.mean_squared_error(points, np.array([np.cos(angle), np.sin(angle)]))
        for angle in np.linspace(0, np.pi, 721)
    ]
    least = ideas.mean_squared_error(points, best)
    assert least <= min(errors) and least == pytest.approx(min(errors), rel=1e-3)


def test_the_bound_meets_the_probability_where_q_is_the_posterior() -> None:
    z = np.linspace(-8, 8, 16001)

    def normal(at: np.ndarray, mean: np.ndarray | float, variance: float) -> np.ndarray:
        return np.exp(-((at - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)

    joint = normal(ideas.X, ideas.W * z, ideas.S2) * normal(z, 0, 1)
    log_px = np.log(np.trapezoid(joint, z))
    assert pytest.approx(log_px) == ideas.LOG_PX
    assert ideas.elbo(*ideas.POSTERIOR) == pytest.approx(log_px)

    m, v = np.meshgrid(np.linspace(-1, 2, 61), np.linspace(0.05, 2, 40))
    assert (ideas.elbo(m, v) <= log_px + 1e-12).all()
    for mean, variance in ((0.0, 0.2), (0.6, 1.0)):  # the clouds under the brackets
        q, posterior = normal(z, mean, variance), joint / np.exp(log_px)
        kl = np.trapezoid(q * np.log(q / posterior), z)
        assert log_px - ideas.elbo(mean, variance) == pytest.approx(kl, rel=1e-6)


def test_the_diamond_is_touched_in_a_corner_and_the_disc_beside_the_axes() -> None:
    angle = np.linspace(0, 2 * np.pi, 7201)
    disc = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    corner, beside = ideas.touch_diamond(), ideas.touch_disc()
    assert corner.tolist() == [0, 1]
    assert np.linalg.norm(beside) == pytest.approx(1) and np.abs(beside).min() > 0.2
    diamond = disc / np.abs(disc).sum(axis=1, keepdims=True)
    for touch, shape in ((corner, diamond), (beside, disc)):
        assert ideas.error(touch) <= ideas.error(shape).min() + 1e-9


def test_at_one_price_the_lasso_has_its_minimum_in_that_corner() -> None:
    corner = ideas.touch_diamond()
    price = 2 * (ideas.GRAM @ (ideas.LEAST - corner))[1]
    z = ideas.LEAST
    for _ in range(500):  # gradient step, then soft threshold
        a = z - 0.5 * ideas.GRAM @ (z - ideas.LEAST)
        z = np.sign(a) * np.maximum(np.abs(a) - 0.25 * price, 0)
    np.testing.assert_allclose(z, corner, atol=1e-9)
    assert z[0] == 0


def test_arrows_are_the_slopes_of_the_loss_and_balance() -> None:
    z = CONTRAST.codes()
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), 1)
    pulls = CONTRAST.pulls(z)
    assert pulls[0] > 0 > pulls[1:].max() and pulls.sum() == pytest.approx(0)

    def loss(similarities: np.ndarray) -> float:
        logits = similarities / CONTRAST.TEMPERATURE
        return np.log(np.exp(logits).sum()) - logits[0]

    s = z[1:] @ z[0]
    slopes = [(loss(s + step) - loss(s - step)) / 2e-5 for step in 1e-5 * np.eye(len(s))]
    np.testing.assert_allclose(pulls, -CONTRAST.TEMPERATURE * np.array(slopes), atol=1e-8)
