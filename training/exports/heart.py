"""Autoencoders of one person's heartbeats, for an alarm, beside simpler ones.

Two minutes are fitted to, the next one sets the threshold, the last two are judged.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from latentbook_decoders.models.cards import Card
from training.cards import made_on
from training.data.heart import EVERY, RATE, WIDE, load_heart
from training.exports.export import Job, write_export
from training.recipes import SEED
from widgets.kit.heart import (
    FITTED,
    HIDDEN,
    JUDGED,
    LATENTS,
    PERCENTILES,
    alarm_of,
    rebuilt,
    since_the_last,
)

Weights = dict[str, NDArray[np.float32]]

STEPS = 3000
BATCH = 64
SEEDS = 5
SHOWN_EVERY = 4  # samples whose mean is one of the strip


def trained(beats: Tensor, seed: int) -> Weights:
    """An autoencoder of beats (n, 36), as arrays for the page.

    Tanh before and after the code; Adam on the squared error, from 0.002 down to nothing.
    """
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    width = beats.shape[1]
    model = nn.Sequential(
        nn.Linear(width, HIDDEN),
        nn.Tanh(),
        nn.Linear(HIDDEN, LATENTS),
        nn.Linear(LATENTS, HIDDEN),
        nn.Tanh(),
        nn.Linear(HIDDEN, width),
    )
    mean = beats.mean(0)
    x = beats - mean
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    for _ in range(STEPS):
        batch = x[torch.randint(len(x), (BATCH,), generator=generator)]
        loss = (model(batch) - batch).square().sum(1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    layers = [layer for layer in model if isinstance(layer, nn.Linear)]
    arrays = {f"w{i}": layer.weight.detach().numpy().T for i, layer in enumerate(layers)}
    arrays |= {f"b{i}": layer.bias.detach().numpy() for i, layer in enumerate(layers)}
    return {"mean": mean.numpy(), **arrays}


def components_of(beats: Tensor) -> Weights:
    """Their mean, and as many principal components as an autoencoder has latents."""
    mean = beats.mean(0)
    axes = torch.linalg.svd(beats - mean, full_matrices=False).Vh[:LATENTS]
    return {"mean": mean.numpy(), "axes": axes.numpy()}


@dataclass(frozen=True)
class Judge:
    """The beats, when they are, and which are wide; arrays of shape (n, 36), (n,) and (n,)."""

    beats: NDArray[np.float32]
    minute: NDArray[np.float64]
    wide: NDArray[np.bool_]

    def of(self, weights: Weights) -> Card:
        """What an alarm on the error of a reconstruction catches, and how often it is false."""
        return self.by(np.sum((self.beats - rebuilt(self.beats, weights)) ** 2, axis=1))

    def by(self, score: NDArray[np.floating]) -> Card:
        told = [alarm_of(score, self.minute, self.wide, p) for p in PERCENTILES]
        return {
            "area": round(told[0].area, 4),
            "caught": [round(each.caught, 4) for each in told],
            "false": [round(each.false, 4) for each in told],
        }

    @property
    def counts(self) -> Card:
        late = self.minute >= JUDGED
        between = (self.minute >= FITTED) & ~late & ~self.wide
        return {
            "all": len(self.wide),
            "wide": int(self.wide.sum()),
            "between": int(between.sum()),
            "judged_wide": int((late & self.wide).sum()),
            "judged_other": int((late & ~self.wide).sum()),
        }


def make_heart(job: Job) -> Card:
    """Fit to normal beats and to all beats, five times each."""
    torch.set_num_threads(1)
    heart = load_heart()
    seconds = heart.places / RATE
    judge = Judge(heart.beats, seconds / 60, heart.widths > WIDE)
    arrays: dict[str, NDArray[np.generic]] = {}
    metrics: dict[str, Card] = {"beats": judge.counts, "gap": judge.by(-since_the_last(seconds))}
    for i, (taught, fitted) in enumerate({"normal": ~judge.wide, "all": judge.wide | True}.items()):
        seen = torch.from_numpy(heart.beats[fitted & (judge.minute < FITTED)])
        models = []
        for seed in range(SEEDS):
            models.append(trained(seen, SEED + seed))
            job.on_step(i * SEEDS + seed + 1, 2 * SEEDS, 0.0)
        simple = components_of(seen)
        metrics[taught] = {
            "beats": len(seen),
            "autoencoder": [judge.of(model) for model in models],
            "components": judge.of(simple),
            "mean": judge.of({"mean": simple["mean"]}),
        }
        arrays |= {
            f"{taught}_{name}": array.astype(np.float16) for name, array in models[0].items()
        }
        arrays[f"{taught}_axes"] = simple["axes"].astype(np.float16)
    strip = heart.signal.reshape(-1, SHOWN_EVERY).mean(1)
    return write_export(
        "heart",
        {
            **arrays,
            "beats": heart.beats.astype(np.float16),
            "seconds": seconds.astype(np.float32),
            "widths": heart.widths.astype(np.float16),
            "strip": np.round(100 * strip).astype(np.int16),
        },
        {
            "title": "An alarm for a heart",
            "data": heart.origin,
            "beat": f"half a second around its middle, {RATE / EVERY:g} numbers a second, mV",
            "strip": f"the signal, {RATE // SHOWN_EVERY} numbers a second, hundredths of a mV",
            "wide": f"beats that stay above half of their height for more than {WIDE:g} ms",
            "split": f"minutes 0 to {FITTED} are fitted to, the next sets the threshold, those "
            f"from {JUDGED} on are judged",
            "percentiles": list(PERCENTILES),
            "model": f"{LATENTS} numbers for a beat, {HIDDEN} tanh units on either side",
            "steps": STEPS,
            "seeds": [SEED + seed for seed in range(SEEDS)],
            **made_on(torch.device("cpu")),
            "metrics": metrics,
        },
    )
