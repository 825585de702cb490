"""Results of two-view training with combinations of the five switches of `collapse`."""

from importlib import import_module
from typing import Any
from unittest.mock import patch

import numpy as np

from latentbook.models.cards import Card
from training.data import load_dataset
from training.exports.export import Job, write_export

collapse = import_module("widgets.collapse")
SWITCHES = ("negatives", "variance", "decorrelation", "predictor", "stop")
MEASURES = ("std", "rank", "apart", "alike")
STEPS = 500
SEEDS = 10
COMBINATIONS: tuple[tuple[str, ...], ...] = (
    (),
    *((name,) for name in SWITCHES),
    ("variance", "decorrelation"),
    ("predictor", "stop"),
    ("negatives", "predictor"),
    ("negatives", "variance", "decorrelation"),
    SWITCHES,
)

VARIED: dict[str, tuple[str, Any]] = {  # a changed value, with predictor and stop-gradient
    "with the mean digit": ("rows", lambda x: x.reshape(len(x), -1)),
    "predictor no faster": ("rates", lambda: collapse.RATE),
}


def measured(switches: dict[str, bool], seed: int, steps: int = STEPS) -> list[float]:
    """Each of MEASURES after some steps."""
    state = collapse.start(seed=seed)
    for _ in range(steps):
        state = collapse.step(state, seed=seed, **switches)
    result = collapse.compute(state, [], steps=steps, branch="off", at=0)
    return [float(result[name]) for name in MEASURES]


def make_collapse(job: Job) -> Card:
    """Train each of COMBINATIONS from several seeds; measure the initial weights too."""
    dataset = load_dataset("mnist")
    runs = []
    for i, on in enumerate(COMBINATIONS):
        switches = {name: name in on for name in SWITCHES}
        runs.append([measured(switches, seed) for seed in range(SEEDS)])
        job.on_step(i + 1, len(COMBINATIONS), 0.0)
    both = {name: name in ("predictor", "stop") for name in SWITCHES}
    varied = []
    for name, other in VARIED.values():
        with patch.object(collapse, name, other):
            varied.append([measured(both, seed) for seed in range(SEEDS)])
    off = dict.fromkeys(SWITCHES, False)
    untrained = [measured(off, seed, steps=0) for seed in range(SEEDS)]
    arrays = {
        "on": np.array([[name in on for name in SWITCHES] for on in COMBINATIONS]),
        "runs": np.array(runs, np.float32),
        "varied": np.array(varied, np.float32),
        "untrained": np.array(untrained, np.float32),
    }
    card = {
        "title": "Two-view training with and without five remedies against collapse",
        "data": {"name": dataset.name, "source": dataset.source, "sha256": dataset.sha256},
        "training": f"{STEPS} steps of the instrument `collapse`; 500 test images to learn from, "
        "125 others to look at",
        "seeds": list(range(SEEDS)),
        "on": f"by run: {', '.join(SWITCHES)}",
        "runs": f"by run and seed: {', '.join(MEASURES)}; `untrained`: before the first step; "
        f"`varied`: predictor and stop-gradient, {', '.join(VARIED)}",
        "metrics": {
            " + ".join(on) or "none": {
                name: f"{mean:.3f} ± {spread:.3f}"
                for name, mean, spread in zip(
                    MEASURES, np.mean(run, 0), np.std(run, 0, ddof=1), strict=True
                )
            }
            for on, run in zip(COMBINATIONS, runs, strict=True)
        },
    }
    return write_export("collapse_runs", arrays, card)
