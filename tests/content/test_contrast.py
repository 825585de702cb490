"""Numbers in the sections on contrast, views and collapse, from cards and runs."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax

import widgets.data
from training.exports.collapse import SWITCHES, measured
from training.exports.two_views import TEMPERATURE, network
from widgets import collapse
from widgets.data import load
from widgets.infonce import DIMENSIONS, gaussian_bounds
from widgets.kit.encoders import TWO_VIEWS

ROOT = Path(__file__).parents[2]
FOLDER = Path(widgets.data.__file__).parent
CONTRAST, VIEWS, HEAD, COLLAPSE = (
    (ROOT / "content" / "self-supervision" / f"{name}.md").read_text("utf-8")
    for name in ("contrast", "views", "projection-head", "collapse")
)
OUTPUTS = json.loads((ROOT / "content/self-supervision/outputs.json").read_text("utf-8"))
NUMBERS = OUTPUTS["numbers.py"]["numbers"]


def card(name: str) -> dict:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def seeds(name: str) -> list[dict]:
    return card(TWO_VIEWS[name])["metrics"]["by_seed"]


def test_what_the_question_on_few_labels_says_is_that_of_the_cards():
    few = card("mnist_views")["metrics"]["probe_of_100_labels"]
    assert "the highest of 0.1, 0.2 and 0.5" in VIEWS and TEMPERATURE == 0.5
    pixels, contrastive = (100 * few[name]["mean"] for name in ("pixels", "contrastive"))
    assert f"answer = {contrastive:.1f}" in VIEWS
    assert f"segment(({pixels:.1f}, {pixels:.1f})" in VIEWS
    every = NUMBERS["by_seed.contrastive.0.probe"]
    assert f"{contrastive:.1f} %. With all 55,000 labels it is about {every:.0f} %." in VIEWS


KEPT = "upside_down_six_or_nine_named_as_upright"


def test_random_maps_of_the_code_are_as_told():
    maps = card("mnist_views")["metrics"]["any_by_random_maps"]
    assert len(maps) == 3
    as_they_were = [one[KEPT] for name in ("contrastive", "vicreg") for one in seeds(name)]
    as_they_were += [one[KEPT] for one in (*maps, *seeds("contrastive_turns"))]
    assert max(as_they_were) < 0.01


def test_what_is_said_of_turned_views_is_that_of_the_cards():
    views = card("mnist_views")["metrics"]
    small, any_turn, seen = (views[name] for name in ("small", "any", "any_seen"))
    nearest = seen["nearest_of_six_is_nine_or_of_nine_six"]
    assert max(seen["neighbours_of_another_digit"].items(), key=lambda item: item[1]) == (
        "6 and 9",
        nearest,
    )
    moved = [each["half_turn_of_six_or_nine"] for each in (small, any_turn)]
    for said in (
        f"moves the code that saw small turns by {moved[0]:.2f} of the distance",
        f"answer = {moved[1]:.2f}",
        f"{moved[1]:.2f}, no less than with small turns",
    ):
        assert said in HEAD


def test_sizes_and_bounds_in_the_text():
    weights = sum(p.numel() for p in network()[:-1].parameters())
    assert weights == NUMBERS["encoder_weights"]
    x, noise = np.random.default_rng(5).normal(size=(2, 200, 64, DIMENSIONS))
    stated = re.search(r"^([\d.]+) nats\. With the best similarity", CONTRAST, re.MULTILINE)[1]
    assert gaussian_bounds(x, noise, 6.0).mean() == pytest.approx(float(stated), abs=0.05)
    assert f"a third mark at {stated}, to the left of log 64" in CONTRAST
    bound = json.loads((ROOT / "widgets" / "data" / "published.json").read_text("utf-8"))
    reached = pytest.approx(bound["infonce-bound"]["mean"], abs=0.005)
    assert NUMBERS["infonce_of.gaussians_128"] == reached


def test_hard_weights_are_a_lower_temperature_for_negatives():
    """The recorded output of `snippet-hard-negatives` has tau = 0.5 and beta = 8: 1 / (2 + 8)."""
    views = load("mnist_views")
    z = views["contrastive"].astype(float)
    z /= np.linalg.norm(z, axis=2, keepdims=True)
    logits = z[:, 0] @ z[:, 1].T / 0.1
    np.fill_diagonal(logits, -np.inf)
    push = softmax(logits, axis=1)
    false = push[views["labels"][:, None] == views["labels"]].sum() / len(push)
    table = OUTPUTS["snippet-hard-negatives"]["outputs"][0]["data"].splitlines()
    beta, nearest, _, shown, _ = table[-1].split()
    assert int(beta) == 8
    assert float(shown) == pytest.approx(100 * false, abs=0.51)
    assert float(nearest) == pytest.approx(100 * np.sort(push)[:, -5:].sum(1).mean(), abs=0.51)


def test_codes_of_length_1_have_a_floor():
    """At the floor, 128 codes in 128 dimensions equal their partners, with equal angles between."""
    n = 128
    corners = np.eye(n) - 1 / n
    corners /= np.linalg.norm(corners, axis=1, keepdims=True)
    logits = corners @ corners.T / 0.5
    loss = np.mean(np.log(np.exp(logits).sum(axis=1)) - np.diag(logits))
    assert NUMBERS["infonce_of.floor_128"] == pytest.approx(loss, rel=1e-5)


def runs() -> dict[frozenset[str], np.ndarray]:
    recorded = load("collapse_runs")
    return {
        frozenset(name for name, yes in zip(SWITCHES, on, strict=True) if yes): run
        for on, run in zip(recorded["on"], recorded["runs"], strict=True)
    }


OFF = dict.fromkeys(SWITCHES, False)
NEGATIVES = {**OFF, "negatives": True}


def test_a_stop_gradient_turns_the_slope_of_the_negatives():
    digits, rng = collapse.digits()[0][:64], np.random.default_rng(0)
    x = collapse.rows(np.concatenate([collapse.view(digits, rng), collapse.view(digits, rng)]))
    theta = collapse.start(seed=0)["theta"]
    free, stopped = (
        collapse.loss_and_gradient(theta, x, **{**NEGATIVES, "stop": stop})[1]
        for stop in (False, True)
    )
    cosine = free @ stopped / np.linalg.norm(free) / np.linalg.norm(stopped)
    said = "leaving out one of the two gradients changes the direction"
    assert said in COLLAPSE and cosine < 0.95


def test_a_recorded_run_is_what_the_instrument_does():
    on = {"variance", "decorrelation"}
    again = measured({name: name in on for name in SWITCHES}, seed=2)
    np.testing.assert_allclose(runs()[frozenset(on)][2], again, rtol=1e-3, atol=2e-3)


def trained(state: dict, steps: int, seed: int, **switches: bool) -> dict:
    for _ in range(steps):
        state = collapse.step(state, seed=seed, **switches)
    return state


def alike(state: dict) -> float:
    return 100 * collapse.compute(state, [], steps=1, branch="off", at=0)["alike"]


def test_what_is_left_after_300_steps_can_be_saved():
    rescued, fresh = [], []
    for seed in range(3):
        start = collapse.start(seed=seed)
        fresh.append(alike(trained(start, 300, seed, **NEGATIVES)))
        spoilt = trained(start, 300, seed, **OFF)
        if seed == 0:
            assert alike(spoilt) == pytest.approx(35.2, abs=1)
            result = collapse.compute(spoilt, [], steps=300, branch="off", at=0)
            assert result["std"] == pytest.approx(0.06, abs=0.005)
        rescued.append(alike(trained(spoilt, 300, seed, **NEGATIVES)))
    shown = re.search(r"^answer = ([\d.]+)$", COLLAPSE, re.MULTILINE)
    assert shown is not None and rescued[0] == pytest.approx(float(shown[1]), abs=1)
    found = re.search(r"it is (\d+) % on average, and (\d+) after 300", COLLAPSE)
    assert found is not None  # the text averages eight seeds, this test three
    means = [np.mean(rescued), np.mean(fresh)]
    np.testing.assert_allclose(means, np.array(found.groups(), int), atol=2.5)


def test_the_slope_of_the_negatives_vanishes_with_the_spread():
    """Checks the recorded output of `snippet-way-out`, and the claim of the text about it."""
    table = OUTPUTS["snippet-way-out"]["outputs"][0]["data"].splitlines()[1:]
    slope = {int(row.split()[0]): float(row.split()[-1]) for row in table}
    assert "some ninety times smaller" in COLLAPSE
    assert slope[0] / slope[300] == pytest.approx(90, abs=8)
    assert slope[300] < slope[302] < slope[305] < slope[310] < slope[320]

    theta = collapse.start(seed=0)["theta"].copy()
    weights = collapse.unpack(theta)
    weights["W1"][:], weights["b1"][:] = 0, 1  # one code for everything
    x = collapse.rows(np.tile(collapse.digits()[0][:20], (2, 1, 1)))
    loss, gradient, _ = collapse.loss_and_gradient(theta, x, **NEGATIVES)
    assert loss == pytest.approx(np.log(20))
    np.testing.assert_allclose(gradient, 0, atol=1e-12)


def descended(state: dict, rate: float, steps: int = 300) -> float:
    """Run plain gradient descent with negatives; return the spread."""
    theta, (images, _) = state["theta"].copy(), collapse.digits()
    for t in range(steps):
        rng = np.random.default_rng((0, 301 + t))
        x = images[rng.integers(0, collapse.TRAIN, collapse.BATCH)]
        views = collapse.rows(np.concatenate([collapse.view(x, rng), collapse.view(x, rng)]))
        theta -= rate * collapse.loss_and_gradient(theta, views, **NEGATIVES)[1]
    return collapse.spread(collapse.embedded(theta, images[collapse.TRAIN :]))


def test_plain_gradient_descent_leaves_late():
    start = collapse.start(seed=0)
    spoilt = trained(start, 300, 0, **OFF)
    assert descended(spoilt, 0.03) > 0.8


@pytest.mark.parametrize(("times", "steps", "most"), [(0.1, 2500, 0.06), (10, 500, 0.03)])
def test_collapse_at_other_rates(monkeypatch, times, steps, most):
    rates = times * collapse.rates()
    monkeypatch.setattr(collapse, "rates", lambda: rates)
    assert measured(OFF, seed=0, steps=steps)[0] < most


def test_the_varied_runs_are_what_the_text_says_to_change(monkeypatch):
    both = {name: name in {"predictor", "stop"} for name in SWITCHES}
    with_mean, as_fast = load("collapse_runs")["varied"]
    with monkeypatch.context() as patched:
        patched.setattr(collapse, "rows", lambda x: x.reshape(len(x), -1))
        np.testing.assert_allclose(measured(both, seed=3), with_mean[3], rtol=1e-2, atol=2e-2)
    monkeypatch.setattr(collapse, "rates", lambda: collapse.RATE)
    np.testing.assert_allclose(measured(both, seed=3), as_fast[3], rtol=1e-2, atol=2e-2)
