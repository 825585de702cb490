"""What the sections on contrast and collapse say in numbers, from cards and recorded runs."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

import widgets.data
from training.exports.collapse import MEASURES, SWITCHES, measured
from training.exports.two_views import TEMPERATURE, network
from widgets import collapse
from widgets.data import load
from widgets.infonce import DIMENSIONS, gaussian_bounds
from widgets.kit.encoders import TWO_VIEWS

ROOT = Path(__file__).parents[2]
FOLDER = Path(widgets.data.__file__).parent
CONTRAST, COLLAPSE = (
    (ROOT / "content" / "self-supervision" / f"{name}.md").read_text("utf-8")
    for name in ("contrast", "collapse")
)


def card(name: str) -> dict:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def cells(text: str, first: str) -> list[str]:
    """The cells of the row of a table that begins with these words, but for the first."""
    row = next(line for line in text.splitlines() if line.startswith(f"| {first}"))
    return [cell.strip() for cell in row.strip("| ").split("|")][1:]


def exact(share: float, of: int) -> float:
    """The share that a card has rounded to four digits, as the count that it was."""
    count = round(share * of)
    assert round(count / of, 4) == share
    return count / of


def percent(values: list[float], of: int = 10_000) -> str:
    return ", ".join(f"{100 * exact(value, of):.1f}" for value in values)


def seeds(name: str) -> list[dict]:
    return card(TWO_VIEWS[name])["metrics"]["by_seed"]


def test_table_of_probes_is_that_of_the_cards():
    views = card("mnist_views")["metrics"]
    few = views["probe_of_100_labels"]
    untrained = card("mnist_contrastive")["metrics"]["untrained"]
    for row, name, found in (
        ("pixels", "pixels", [views["pixels"]]),
        ("the same layers", "untrained", [untrained]),
        ("contrastive", "contrastive", seeds("contrastive")),
        ("VICReg", "vicreg", seeds("vicreg")),
    ):
        mean, deviation = (
            100 * few[name][key] for key in ("mean", "standard_deviation_over_draws")
        )
        assert cells(CONTRAST, row) == [
            percent([one["probe"] for one in found]),
            f"{mean:.1f} ± {deviation:.1f}",
        ]
    assert "the highest of 0.1, 0.2 and 0.5" in CONTRAST and TEMPERATURE == 0.5
    pixels, contrastive = (100 * few[name]["mean"] for name in ("pixels", "contrastive"))
    assert f"with 100 it is about {contrastive - pixels:.0f}." in CONTRAST
    assert f"answer = {contrastive:.1f}" in CONTRAST
    assert f"segment(({pixels:.1f}, {pixels:.1f})" in CONTRAST
    assert f"{contrastive:.1f} %: with a hundred labels nearly" in CONTRAST


KEYS = (
    "six_named_nine_or_nine_six",
    "upside_down_six_named_nine_or_nine_six",
    "upside_down_six_or_nine_named_as_upright",
)
SIXES_AND_NINES = 1967


def test_table_of_sixes_and_nines_is_that_of_the_cards():
    seen = card("mnist_views")["metrics"]
    for row, found in (
        ("up to 20°, contrastive", seeds("contrastive")),
        ("up to 20°, VICReg", seeds("vicreg")),
        ("any angle, contrastive", seeds("contrastive_turns")),
        ("up to 20°: what the loss sees", [seen["small_seen"]]),
        ("any angle: what the loss sees", [seen["any_seen"]]),
    ):
        assert cells(CONTRAST, row) == [
            percent([one["probe"] for one in found]),
            *(percent([one[key] for one in found], SIXES_AND_NINES) for key in KEYS),
        ]


def test_random_maps_of_the_code_are_as_told():
    maps = card("mnist_views")["metrics"]["any_by_random_maps"]
    moved = [each["half_turn_of_six_or_nine"] for each in maps]
    assert len(maps) == 3
    assert f"moves sixes and nines by {min(moved):.2f} to {max(moved):.2f}" in CONTRAST
    as_they_were = [one[KEYS[2]] for name in ("contrastive", "vicreg") for one in seeds(name)]
    as_they_were += [one[KEYS[2]] for one in (*maps, *seeds("contrastive_turns"))]
    assert "by the codes and by the random maps it is less than 1 %" in CONTRAST
    assert max(as_they_were) < 0.01


def test_what_is_said_of_turned_views_is_that_of_the_cards():
    views, turns = card("mnist_views")["metrics"], seeds("contrastive_turns")
    small, any_turn, seen, seen_small = (
        views[name] for name in ("small", "any", "any_seen", "small_seen")
    )
    nearest = "nearest_of_six_is_nine_or_of_nine_six"
    pairs = seen["neighbours_of_another_digit"]
    assert pairs == {"6 and 9": seen[nearest], "4 and 7": pytest.approx(0.087, abs=5e-3)}
    moved = [each["half_turn_of_six_or_nine"] for each in (small, any_turn, seen, seen_small)]
    all_labels = " and ".join(f"{100 * seed['probe']:.1f}" for seed in turns)
    few = 100 * views["probe_of_100_labels"]["contrastive_turns"]["mean"]
    turned = [f"{100 * code['right_at_90']:.0f} %" for code in (any_turn, small, seen)]
    for said in (
        f"moves the code that saw small turns by {moved[0]:.2f} of the distance",
        f"answer = {moved[1]:.2f}",
        f"{moved[1]:.2f}, no less than before",
        f"half a turn moves sixes and nines by {moved[2]:.2f}, after small turns by {moved[3]:.2f}",
        f"shows the other one for {100 * seen[nearest]:.0f} % of them",
        f"(4 and 7 follow with {100 * pairs['4 and 7']:.0f} %)",
        f"against {100 * any_turn[nearest]:.1f} % in the code",
        f"{100 * seen['upside_down_six_or_nine_named_as_upright']:.0f} % of them keep the name",
        f"The probe names {all_labels} % of the upright digits with all labels, and by the first "
        f"of the two {few:.1f} % with 100",
        "It reads {} of the digits that are turned by 90°, instead of {}, and what its loss sees "
        "allows {}".format(*turned),
    ):
        assert said in CONTRAST


def test_labels_tell_sixes_and_nines_apart_at_any_angle():
    views = card("mnist_views")["metrics"]
    confused = [f"{100 * each:.1f}" for each in views["sixes_and_nines_confused_with_labels"]]
    assert f"take only {' and '.join(confused)} % of them for the other" in CONTRAST


def test_labels_and_views_without_contrast_are_as_told():
    trained = card("mnist_views")["metrics"]["trained_with_100_labels"]
    views, images = (100 * np.array(trained[name]) for name in ("views", "images"))
    assert f"name {views.mean():.1f} ± {views.std(ddof=1):.1f} % (three draws; " in CONTRAST
    assert f"{images.mean():.1f} ± {images.std(ddof=1):.1f} without views)" in CONTRAST


def test_sizes_and_bounds_in_the_text():
    weights = sum(p.numel() for p in network()[:-1].parameters())
    assert f"{round(weights, -3):,} weights and biases in all" in CONTRAST
    x, noise = np.random.default_rng(5).normal(size=(2, 200, 64, DIMENSIONS))
    stated = re.search(r"^([\d.]+) nats\. With the best similarity", CONTRAST, re.MULTILINE)[1]
    assert gaussian_bounds(x, noise, 6.0).mean() == pytest.approx(float(stated), abs=0.05)
    assert f"a third mark at {stated}, to the left of log 64" in CONTRAST
    bound = json.loads((ROOT / "content" / "workshop" / "published.json").read_text("utf-8"))
    assert f"reaches {bound['infonce-bound']['mean']:.2f} of at most 4.85" in CONTRAST


def test_codes_of_length_1_have_a_floor():
    """Of 128 in 128 dimensions: each equal to its partner, and the others at the same angle."""
    n = 128
    corners = np.eye(n) - 1 / n
    corners /= np.linalg.norm(corners, axis=1, keepdims=True)
    logits = corners @ corners.T / 0.5
    loss = np.mean(np.log(np.exp(logits).sum(axis=1)) - np.diag(logits))
    assert f"that still costs {loss:.2f} nats" in CONTRAST
    assert f"{np.log(n) - loss:.2f} nats for 128 candidates" in CONTRAST


def runs() -> dict[frozenset[str], np.ndarray]:
    recorded = load("collapse_runs")
    return {
        frozenset(name for name, yes in zip(SWITCHES, on, strict=True) if yes): run
        for on, run in zip(recorded["on"], recorded["runs"], strict=True)
    }


def test_table_of_remedies_is_that_of_the_runs():
    rows = re.findall(
        r"^\| ([\w ,-]+) \| ([\d.]+) ± ([\d.]+) \| ([\d.]+) ± ([\d.]+) \| (\d+) ± (\d+) \|$",
        COLLAPSE,
        flags=re.MULTILINE,
    )
    assert len(rows) >= 9
    words = {"stop-gradient": "stop", "nothing": None}
    for words_of_row, *stated in rows:
        if words_of_row == "before training":
            run = load("collapse_runs")["untrained"]
        else:
            names = [
                words.get(word, word) for word in words_of_row.replace(" alone", "").split(", ")
            ]
            run = runs()[frozenset(name for name in names if name)]
        found = []
        for measure, factor, form in (("std", 1, ".2f"), ("rank", 1, ".1f"), ("alike", 100, ".0f")):
            values = factor * run[:, MEASURES.index(measure)].astype(float)
            found += [format(values.mean(), form), format(values.std(ddof=1), form)]
        assert stated == found, words_of_row


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
    assert "there it changes the direction, too" in COLLAPSE and cosine < 0.95


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
    assert found is not None  # of eight seeds, where these are three
    means = [np.mean(rescued), np.mean(fresh)]
    np.testing.assert_allclose(means, np.array(found.groups(), int), atol=2.5)


def test_the_slope_of_the_negatives_vanishes_with_the_spread():
    """What the recorded output of `snippet-way-out` shows, and what the text says of it."""
    recorded = json.loads((ROOT / "content/self-supervision/outputs.json").read_text("utf-8"))
    table = recorded["snippet-way-out"]["outputs"][0]["data"].splitlines()[1:]
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
    """The spread after plain gradient descent with negatives."""
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
    assert "standard deviation of 0.08 where fresh weights reach 0.86" in COLLAPSE
    assert descended(spoilt, 0.003) == pytest.approx(0.08, abs=0.006)
    assert descended(start, 0.003) == pytest.approx(0.86, abs=0.02)
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
