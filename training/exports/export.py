"""One export: arrays for the page, in `widgets/data/`, or for servers only, with a card.

An export of measurements that the text quotes has only a card.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from latentbook_decoders.models.cards import Card, sha256
from training.cards import write_card
from training.fit import OnStep

WIDGET_DATA = Path(__file__).parents[2] / "widgets" / "data"


@dataclass(frozen=True)
class Job:
    """The settings of a running export.

    Attributes
    ----------
    device : where to train
    checkpoints : folder for the state of interrupted parts
    resume : continue from that state
    on_step : reports progress
    """

    device: torch.device
    checkpoints: Path
    resume: bool
    on_step: OnStep

    def part(self, index: int, parts: int) -> OnStep:
        """A progress callback for part `index` of `parts` equal parts."""

        def on_step(done: int, total: int, loss: float) -> None:
            self.on_step(round(1000 * (index + done / total)), 1000 * parts, loss)

        return on_step


@dataclass(frozen=True)
class Export:
    """A file of arrays that `latentbook train NAME` makes.

    Attributes
    ----------
    name : of the command, the `.npz` and the card
    title : for readers
    make : computes the arrays, calls `write_export`, returns the card
    folder : where `write_export` writes the arrays and the card
    figures : trains from a seed and returns the card's `metrics`, writing nothing;
        None if `--seeds` cannot repeat it
    arrays : False if there are none, only a card of measurements
    """

    name: str
    title: str
    make: Callable[[Job], Card]
    folder: Path = WIDGET_DATA
    figures: Callable[[int, Job], Card] | None = None
    arrays: bool = True


def write_export(
    name: str, arrays: Mapping[str, NDArray[Any]], card: Card, folder: Path = WIDGET_DATA
) -> Card:
    """Write `FOLDER/NAME.npz` and its card, and return the card with shapes and hash."""
    path = folder / f"{name}.npz"
    np.savez_compressed(path, allow_pickle=False, **dict(arrays))
    content = path.read_bytes()
    complete = {
        "name": name,
        "command": f"latentbook train {name}",
        **card,
        "arrays": {
            key: {"shape": list(array.shape), "dtype": str(array.dtype)}
            for key, array in arrays.items()
        },
        "file": {"name": path.name, "bytes": len(content), "sha256": sha256(content)},
    }
    write_card(path.with_suffix(".json"), complete)
    return complete


def in_bytes(w: NDArray[Any]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Weights of shape (…, out) as whole numbers from -127 to 127, and a step for each output.

    Returns
    -------
    whole : int8 ndarray of that shape
    step : float32 ndarray of shape (out,); whole * step is within half a step of the weights
    """
    step = np.abs(w).max(axis=tuple(range(w.ndim - 1))).clip(1e-12) / 127
    return np.round(w / step).astype(np.int8), step.astype(np.float32)
