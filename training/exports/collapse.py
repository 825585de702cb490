"""Results of two-view training with combinations of the five switches of `collapse`."""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any
from unittest.mock import patch

import numpy as np

from latentbook_decoders.models.cards import Card
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
TEMPERATURES = (0.05, 0.1, 0.2, 0.5, 1.0)
DROPPED = ("alike", "others")  # negatives
TEACHERS: tuple[tuple[float, bool], ...] = (  # memory, and whether there is a predictor
    (0.9, True),
    (0.99, True),
    (0.999, True),
    (1.0, True),
    (0.9, False),
    (0.99, False),
    (0.999, False),
    (1.0, False),
)
LONGER = 5000  # steps
TAUGHT_LONGER: tuple[tuple[float, bool], ...] = (
    (0.0, True),
    (0.99, True),
    (1.0, True),
    (0.99, False),
    (0.999, False),
    (1.0, False),
)
LONGER_SEEDS = 3


def measured(
    switches: dict[str, bool], seed: int, steps: int = STEPS, memory: float = 0.0
) -> list[float]:
    """Each of MEASURES after some steps."""
    state = collapse.start(seed=seed)
    for _ in range(steps):
        state = collapse.step(state, seed=seed, memory=memory, **switches)
    return measures(state, steps)


def measures(state: dict[str, Any], steps: int) -> list[float]:
    result = collapse.compute(state, [], steps=steps, branch="off", at=0)
    return [float(result[name]) for name in MEASURES]


def measured_without(drop: str, switches: dict[str, bool], seed: int) -> list[float]:
    """As `measured`, without the negatives that show the digit of the right candidate.

    With `drop` "others", leave out as many that show other digits, drawn at random; with "nearest
    others", the nearest of these; with "nearest", the nearest, whatever they show.
    """
    labels = collapse.digits()[1]
    softmax = collapse.softmax
    state = collapse.start(seed=seed)
    for t in range(1, STEPS + 1):
        rng = np.random.default_rng((seed, t))
        chosen = labels[rng.integers(0, collapse.TRAIN, collapse.BATCH)]  # as `step` draws them
        same = np.equal.outer(chosen, chosen)
        lots = np.random.default_rng((seed, t, 1)).random(same.shape)
        left = partial(_without, softmax, drop, same, lots)
        with patch.object(collapse, "softmax", left):
            state = collapse.step(state, seed=seed, **switches)
    return measures(state, STEPS)


def _without(softmax: Any, drop: str, same: Any, lots: Any, s: Any) -> Any:
    """Chances of the candidates that are left; `same` marks those that show the right one's digit.

    The right ones are on the diagonal; `lots` are random numbers that pick the others to drop.
    """
    right = np.eye(len(same), dtype=bool)
    dropped = same & ~right
    if drop != "alike":
        order = {
            "others": np.where(same, np.inf, lots),
            "nearest others": np.where(same, np.inf, -s),
            "nearest": np.where(right, np.inf, -s),
        }[drop]
        dropped = order.argsort(axis=1).argsort(axis=1) < dropped.sum(axis=1, keepdims=True)
    return softmax(np.where(dropped, -np.inf, s))


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
    taught = [
        [measured({**both, "predictor": predictor}, seed, memory=memory) for seed in range(SEEDS)]
        for memory, predictor in TEACHERS
    ]
    longer = [
        [
            measured({**both, "predictor": predictor}, seed, LONGER, memory)
            for seed in range(LONGER_SEEDS)
        ]
        for memory, predictor in TAUGHT_LONGER
    ]
    negatives = {name: name == "negatives" for name in SWITCHES}
    ways: list[Callable[[dict[str, bool], int], list[float]]] = [measured]
    ways += [partial(measured_without, drop) for drop in DROPPED]
    by_temperature = []
    for temperature in TEMPERATURES:
        with patch.object(collapse, "TAU", temperature):
            by_temperature.append([[run(negatives, seed) for seed in range(SEEDS)] for run in ways])
    off = dict.fromkeys(SWITCHES, False)
    untrained = [measured(off, seed, steps=0) for seed in range(SEEDS)]
    arrays = {
        "on": np.array([[name in on for name in SWITCHES] for on in COMBINATIONS]),
        "runs": np.array(runs, np.float32),
        "varied": np.array(varied, np.float32),
        "teachers": np.array(TEACHERS),
        "taught": np.array(taught, np.float32),
        "teachers_longer": np.array(TAUGHT_LONGER),
        "taught_longer": np.array(longer, np.float32),
        "temperatures": np.array(TEMPERATURES),
        "by_temperature": np.array(by_temperature, np.float32),
        "untrained": np.array(untrained, np.float32),
    }
    card = {
        "title": "Two-view training with and without five remedies against collapse",
        "data": dataset.origin,
        "training": f"{STEPS} steps of the instrument `collapse`; 500 test images to learn from, "
        "125 others to look at",
        "seeds": list(range(SEEDS)),
        "on": f"by run: {', '.join(SWITCHES)}",
        "runs": f"by run and seed: {', '.join(MEASURES)}; `untrained`: before the first step; "
        f"`varied`: predictor and stop-gradient, {', '.join(VARIED)}; `by_temperature`: negatives, "
        "all of them, without those of the same digit and without as many others, by the "
        "temperatures; `taught`: stop-gradient and a teacher, by memory and predictor; "
        f"`taught_longer`: the same after {LONGER} steps",
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
