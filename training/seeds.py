"""`latentbook train NAME --seeds N`: the same training from several seeds, figures in its card."""

import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from latentbook.base.errors import LatentbookError
from latentbook_decoders.models import registry
from latentbook_decoders.models.cards import WEIGHTS_DIR, Card, read_card
from latentbook_decoders.models.device import choose_device
from latentbook_decoders.models.errors import UnknownModel, WeightsMissing
from latentbook_decoders.settings import DeviceChoice
from training import train
from training.cards import write_card
from training.data import load_images
from training.errors import NotRepeatable
from training.exports import EXPORTS, Job
from training.recipes import SEED, SPECS

NICENESS = 10  # lower priority than other work


@dataclass(frozen=True)
class Training:
    """A training that can be repeated.

    Attributes
    ----------
    card : where its figures are written
    figures : trains from a seed and returns the card's `metrics`
    """

    card: Path
    figures: Callable[[int, Job], Card]


def train_seeds_cli(name: str, count: int, device: DeviceChoice) -> None:
    """The command: train from the seeds that the card lacks, with low priority."""
    if count < 2:
        raise LatentbookError(f"--seeds takes a whole number of at least 2. Got {count}.")
    if not name:
        raise LatentbookError(f"Write: latentbook train NAME --seeds {count}. Got no name.")
    os.nice(NICENESS)
    try:
        train_seeds(name, count, device=device)
    except KeyboardInterrupt:
        print(f"Stopped. `latentbook train {name} --seeds {count}` goes on here.", file=sys.stderr)
        sys.exit(130)


def train_seeds(name: str, count: int, *, device: DeviceChoice = "auto") -> None:
    """Add the figures of `count` seeds to the card, as `by_seed`; the weights stay as they are.

    The stored weights come from the first seed, so the card already has its figures. Those of each
    other seed are written when it is done, and it is not trained again. After an interruption, a
    model resumes at its last epoch; an export starts again.

    Raises
    ------
    UnknownModel
        If there is no model or export of this name.
    NotRepeatable
        If it is an export without `figures`.
    WeightsMissing
        If it has not been trained yet.
    """
    training = training_of(name)
    if not training.card.is_file():
        raise WeightsMissing(f"{name} has no card yet. Make it with: latentbook train {name}")
    chosen = choose_device(device)
    card = read_card(training.card)
    by_seed = {str(SEED): means(card["metrics"])} | card.get("by_seed", {})
    missing = [seed for seed in range(SEED, SEED + count) if str(seed) not in by_seed]
    print(f"{name}: {len(missing)} of {count} seeds to train.", flush=True)
    spent = 0.0
    for done, seed in enumerate(missing, 1):
        start = time.perf_counter()
        with train.progress_bar(f"{name}, seed {seed}") as on_step:
            job = Job(chosen, train.CHECKPOINTS / name, True, on_step)
            by_seed[str(seed)] = training.figures(seed, job)
        write_card(training.card, read_card(training.card) | {"by_seed": by_seed})
        shutil.rmtree(job.checkpoints, ignore_errors=True)
        seconds = time.perf_counter() - start
        spent += seconds
        left = len(missing) - done
        print(
            f"seed {seed}: {by_seed[str(seed)]}, {clock(seconds)}; "
            f"{left} to go, about {clock(left * spent / done)}.",
            flush=True,
        )


def training_of(name: str) -> Training:
    """The training of this name."""
    exports = {export.name: export for export in EXPORTS}
    models = registry.names()
    if name in models:
        path = WEIGHTS_DIR / f"{name}.json"
        return Training(path, partial(figures_of_model, name))
    if name not in exports:
        raise UnknownModel(name, (*models, *exports))
    figures = exports[name].figures
    if figures is None:
        raise NotRepeatable(name, (*models, *(key for key in exports if exports[key].figures)))
    return Training(exports[name].folder / f"{name}.json", figures)


def figures_of_model(name: str, seed: int, job: Job) -> Card:
    """Means over the test images of a model from another seed."""
    return means(train.train_once(name, load_images(SPECS[name].dataset), seed, job).metrics)


def means(metrics: Card) -> Card:
    """Metrics without the standard errors over test images, which say nothing about seeds."""
    return {
        key: value["mean"] if isinstance(value, dict) and "standard_error" in value else value
        for key, value in metrics.items()
    }


def clock(seconds: float) -> str:
    """Hours, minutes and seconds."""
    return str(timedelta(seconds=round(seconds)))
