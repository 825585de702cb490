"""What the sections on contrast and collapse say in numbers, from cards and recorded runs."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

import widgets.data
from app.models.exports.collapse import MEASURES, SWITCHES, measured
from app.models.exports.two_views import network
from widgets import collapse
from widgets.data import load
from widgets.encoders import TWO_VIEWS
from widgets.infonce import DIMENSIONS, gaussian_bounds

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


def percent(values: list[float]) -> str:
    return ", ".join(f"{100 * value:.1f}" for value in values)


def seeds(name: str) -> list[dict]:
    return card(TWO_VIEWS[name])["metrics"]["by_seed"]


def test_table_of_probes_is_that_of_the_cards():
    for row, name in (("contrastive", "contrastive"), ("VICReg", "vicreg")):
        wanted = [
            percent([seed["probe"] for seed in seeds(name)]),
            percent([seed["probe_of_100_labels"]["mean"] for seed in seeds(name)]),
        ]
        assert cells(CONTRAST, row) == wanted
    untrained = card("mnist_contrastive")["metrics"]["untrained"]
    pixels = card("mnist_views")["metrics"]["pixels"]
    for row, found in (("the same layers", untrained), ("pixels", pixels)):
        assert cells(CONTRAST, row) == [
            percent([found["probe"]]),
            percent([found["probe_of_100_labels"]["mean"]]),
        ]


KEYS = (
    "probe",
    "six_named_nine_or_nine_six",
    "upside_down_six_named_nine_or_nine_six",
    "upside_down_six_or_nine_named_as_upright",
)


def test_table_of_sixes_and_nines_is_that_of_the_cards():
    seen = card("mnist_views")["metrics"]
    for row, found in (
        ("up to 20°, contrastive", seeds("contrastive")),
        ("up to 20°, VICReg", seeds("vicreg")),
        ("any angle, contrastive", seeds("contrastive_turns")),
        ("up to 20°: what the loss sees", [seen["small_seen"]]),
        ("any angle: what the loss sees", [seen["any_seen"]]),
    ):
        assert cells(CONTRAST, row) == [percent([one[key] for one in found]) for key in KEYS]


def test_what_is_said_of_turned_views_is_that_of_the_cards():
    views, turns = card("mnist_views")["metrics"], seeds("contrastive_turns")
    small, any_turn, seen = (views[name] for name in ("small", "any", "any_seen"))
    nearest = "nearest_of_six_is_nine_or_of_nine_six"
    assert seen["upside_down_six_named_nine_or_nine_six"] < 0.5
    all_labels, few = (
        " and ".join(f"{100 * value:.1f}" for value in values)
        for values in (
            [seed["probe"] for seed in turns],
            [seed["probe_of_100_labels"]["mean"] for seed in turns],
        )
    )
    turned = [f"{100 * code['right_by_angle']['90']:.0f} %" for code in (any_turn, small, seen)]
    for said in (
        f"{100 * seen['six_named_nine_or_nine_six']:.1f} % are taken for the other",
        f"shows the other one for {100 * seen[nearest]:.0f} % of them",
        f"against {100 * any_turn[nearest]:.1f} % in the code",
        f"and {100 * seen['upside_down_six_or_nine_named_as_upright']:.0f} % keep the name",
        f"The probe names {all_labels} % of the upright digits with all labels and {few} % with",
        "it reads {} of the digits that are turned by 90°, instead of {}, and what its loss sees "
        "allows {}".format(*turned),
    ):
        assert said in CONTRAST
    for name, told in (
        ("contrastive", "of them for the other of the two, on average over three seeds"),
        ("contrastive_turns", "0.2 in the one seed and 0.05 in the other"),
    ):
        confused = [100 * seed["six_named_nine_or_nine_six"] for seed in seeds(name)]
        mean = np.mean(confused)
        assert told in CONTRAST
        assert mean == pytest.approx({"contrastive": 0.05, "contrastive_turns": 0.125}[name])
    assert confused == pytest.approx([0.2, 0.05])


def test_sizes_and_bounds_in_the_text():
    weights = sum(p.numel() for p in network()[:-1].parameters())
    assert f"{round(weights, -3):,} weights in all" in CONTRAST
    x, noise = np.random.default_rng(5).normal(size=(2, 200, 64, DIMENSIONS))
    assert gaussian_bounds(x, noise, 6.0).mean() == pytest.approx(3.74, abs=0.05)
    bound = json.loads((ROOT / "content" / "workshop" / "published.json").read_text("utf-8"))
    assert f"reaches {bound['infonce-bound']['mean']:.2f} of at most 4.85" in CONTRAST


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


def test_a_recorded_run_is_what_the_instrument_does():
    on = {"variance", "decorrelation"}
    again = measured({name: name in on for name in SWITCHES}, seed=2)
    np.testing.assert_allclose(runs()[frozenset(on)][2], again, rtol=1e-3, atol=2e-3)


def test_what_is_left_after_300_steps_can_be_saved():
    off = dict.fromkeys(SWITCHES, False)
    alike = []
    state = collapse.start(seed=0)
    for step in range(1, 601):
        state = collapse.step(state, seed=0, **{**off, "negatives": step > 300})
        if step in (300, 600):
            result = collapse.compute(state, [], steps=step, branch="off", at=0)
            alike.append(100 * result["alike"])
            if step == 300:
                assert result["std"] == pytest.approx(0.06, abs=0.005)
    assert alike == pytest.approx([35.2, 72.8], abs=1)


def test_both_together_collapse_without_the_two_means(monkeypatch):
    monkeypatch.setattr(collapse, "rates", lambda: collapse.RATE)
    monkeypatch.setattr(collapse, "rows", lambda x: x.reshape(len(x), -1))
    on = {name: name in {"predictor", "stop"} for name in SWITCHES}
    assert measured(on, seed=0)[0] < 0.1
