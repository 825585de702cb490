"""Autoencoders of one person's heartbeats, for an alarm, beside simpler ones.

Two minutes are fitted to, the next one sets the threshold, the last two are judged.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from latentbook_decoders.models.cards import Card
from training.cards import made_on
from training.data.heart import EVERY, RATE, WIDE, Heart, cut, load_heart
from training.exports.export import Job, write_export
from training.recipes import SEED
from widgets.kit.heart import (
    FITTED,
    HIDDEN,
    JUDGED,
    LATENTS,
    PERCENTILES,
    alarm_of,
    fainter,
    rebuilt,
    since_the_last,
)

Weights = dict[str, NDArray[np.float32]]

STEPS = 3000
BATCH = 64
SEEDS = 5
SHOWN_EVERY = 4  # samples whose mean is one of the strip
FAINT = 0.25  # of a wide beat that is mixed with a normal one
BESIDE = RATE // 15  # samples by which a window may miss the middle of its beat, in a control
NUMBERS = (1, 2, 4, 6, 8, 10, 12, 14, 16, 20, 24)  # of components, in a control
FAR = 2.0  # mV², squared distance from the mean beat of the odd among the normal beats
CENTRES = 8
AT_99 = PERCENTILES.index(99)
BROAD = 30.0  # ms; the widest of the normal beats, left out in a control


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


def components_of(beats: Tensor, count: int = LATENTS) -> Weights:
    """Their mean, and the first principal components."""
    mean = beats.mean(0)
    axes = torch.linalg.svd(beats - mean, full_matrices=False).Vh[:count]
    return {"mean": mean.numpy(), "axes": axes.numpy()}


@dataclass(frozen=True)
class Judge:
    """The beats, when they are, and which are wide; arrays of shape (n, 36), (n,) and (n,)."""

    beats: NDArray[np.float32]
    minute: NDArray[np.float64]
    wide: NDArray[np.bool_]

    def of(self, weights: Weights) -> Card:
        """What an alarm on the error of a reconstruction catches, and how often it is false."""
        return self.by(self.errors(weights))

    def errors(self, weights: Weights) -> NDArray[np.floating]:
        errors: NDArray[np.floating] = np.sum(
            (self.beats - rebuilt(self.beats, weights)) ** 2, axis=1
        )
        return errors

    @property
    def normal(self) -> NDArray[np.bool_]:
        """The normal beats that models are fitted to."""
        return (self.minute < FITTED) & ~self.wide

    def seen(self, kept: NDArray[np.bool_]) -> Tensor:
        return torch.from_numpy(self.beats[kept])

    def only(self, kept: NDArray[np.bool_]) -> "Judge":
        """A judge of some of the beats."""
        return Judge(self.beats[kept], self.minute[kept], self.wide[kept])

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


def missed_beside_the_middle(heart: Heart, judge: Judge) -> Card:
    """Areas if windows miss the middle of their beats by up to `BESIDE` samples."""
    areas: dict[str, list[float]] = {"autoencoder": [], "mean": []}
    for seed in range(SEEDS):
        off = np.random.default_rng(seed).integers(-BESIDE, BESIDE + 1, len(judge.minute))
        moved = replace(judge, beats=cut(heart.smooth, heart.places + off))
        seen = moved.seen(judge.normal)
        areas["autoencoder"].append(moved.of(trained(seen, SEED + seed))["area"])
        areas["mean"].append(moved.of({"mean": seen.mean(0).numpy()})["area"])
    return {"ms": round(1000 * BESIDE / RATE), **areas}


def without_broad(heart: Heart, judge: Judge) -> Card:
    """Wide beats missed, and false alarms, if broad normal beats or as many others are left out."""
    broad = judge.normal & (heart.widths >= BROAD)
    runs: dict[str, list[Card]] = {"broad": [], "others": []}
    for seed in range(SEEDS):
        for name, left_out in {"broad": broad, "others": drawn(judge.normal, broad, seed)}.items():
            found = judge.of(trained(judge.seen(judge.normal & ~left_out), SEED + seed))
            runs[name].append(
                {
                    "missed": round((1 - found["caught"][AT_99]) * judge.counts["judged_wide"]),
                    "false": round(found["false"][AT_99] * judge.counts["judged_other"]),
                }
            )
    return {"beats": int(broad.sum()), **runs}


def above_what_was_fitted(judge: Judge, seed: int) -> float:
    """Of normal beats of three minutes, held out at random, how many a threshold would ring for.

    The threshold is the 99th percentile of the errors of those fitted to.
    """
    early = np.flatnonzero((judge.minute < JUDGED) & ~judge.wide)
    order = np.random.default_rng(seed).permutation(early)
    fitted, held = np.split(order, [judge.normal.sum()])
    errors = judge.errors(trained(torch.from_numpy(judge.beats[fitted]), SEED + seed))
    return round(float(np.mean(errors[held] > np.percentile(errors[fitted], 99))), 4)


def by_first_minute(judge: Judge, seed: int) -> float:
    """Wide beats caught if the first minute sets the threshold, and the next two are fitted to."""
    turned = np.where(judge.minute < JUDGED, (judge.minute - 1) % JUDGED, judge.minute)
    other = replace(judge, minute=turned)
    found = other.of(trained(other.seen(other.normal), SEED + seed))
    share: float = found["caught"][AT_99]
    return round(share * float(judge.counts["judged_wide"]))


def without_odd(faint: Judge) -> Card:
    """Areas without the normal beats that are far from the mean.

    ``nowhere``: left out altogether; ``not_fitted``: models alone do without them; ``others``:
    models do without as many others.
    """
    mean = faint.beats[faint.normal].mean(0)
    far = ~faint.wide & (np.sum((faint.beats - mean) ** 2, axis=1) > FAR)
    areas: dict[str, dict[str, list[float]]] = {
        name: {"autoencoder": [], "components": []} for name in ("nowhere", "not_fitted", "others")
    }
    for seed in range(SEEDS):
        others = drawn(faint.normal & ~far, faint.normal & far, seed)
        for name, left_out, of in (
            ("nowhere", far, faint.only(~far)),
            ("not_fitted", far, faint),
            ("others", others, faint),
        ):
            seen = faint.seen(faint.normal & ~left_out)
            areas[name]["autoencoder"].append(of.of(trained(seen, SEED + seed))["area"])
            areas[name]["components"].append(of.of(components_of(seen))["area"])
    return {"beats": int(far.sum()), **areas}


def drawn(among: NDArray[np.bool_], like: NDArray[np.bool_], seed: int) -> NDArray[np.bool_]:
    """Random beats among some, as many as there are in another part, and none of that part."""
    places = np.flatnonzero(among & ~like)
    chosen = np.random.default_rng(seed).choice(places, like.sum(), replace=False)
    return np.isin(np.arange(len(among)), chosen)


def controls(heart: Heart, judge: Judge, faint: Judge) -> Card:
    """What the explanations of the section predict, tried with five seeds."""
    from sklearn.cluster import KMeans  # type: ignore[import-untyped]

    seen = judge.seen(judge.normal)
    centres = KMeans(CENTRES, n_init=10, random_state=SEED).fit(seen.numpy())
    return {
        "beside": missed_beside_the_middle(heart, judge),
        "left_out": without_broad(heart, judge),
        "unseen": [above_what_was_fitted(judge, seed) for seed in range(SEEDS)],
        "first_minute": [by_first_minute(judge, seed) for seed in range(SEEDS)],
        "components": {str(k): faint.of(components_of(seen, k))["area"] for k in NUMBERS},
        "centres": faint.of({"fitted": centres.cluster_centers_})["area"],
        "odd": without_odd(faint),
    }


def make_heart(job: Job) -> Card:
    """Fit to normal beats and to all beats, five times each; then the controls."""
    torch.set_num_threads(1)
    heart = load_heart()
    seconds = heart.places / RATE
    judge = Judge(heart.beats, seconds / 60, heart.widths > WIDE)
    faint = replace(judge, beats=fainter(judge.beats, judge.wide, FAINT))
    arrays: dict[str, NDArray[np.generic]] = {}
    metrics: dict[str, Card] = {"beats": judge.counts, "gap": judge.by(-since_the_last(seconds))}
    for i, (taught, fitted) in enumerate({"normal": ~judge.wide, "all": judge.wide | True}.items()):
        seen = torch.from_numpy(heart.beats[fitted & (judge.minute < FITTED)])
        models = []
        for seed in range(SEEDS):
            models.append(trained(seen, SEED + seed))
            job.on_step(i * SEEDS + seed + 1, 4 * SEEDS, 0.0)
        simple = components_of(seen)
        others = {
            "components": simple,
            "mean": {"mean": simple["mean"]},
            "nearest": {"fitted": seen.numpy()},
        }
        metrics[taught] = {
            "beats": len(seen),
            "autoencoder": [judge.of(model) for model in models],
            **{name: judge.of(weights) for name, weights in others.items()},
            "faint": {
                "autoencoder": [faint.of(model)["area"] for model in models],
                **{name: faint.of(weights)["area"] for name, weights in others.items()},
            },
        }
        arrays |= {
            f"{taught}_{name}": array.astype(np.float16) for name, array in models[0].items()
        }
        arrays[f"{taught}_axes"] = simple["axes"].astype(np.float16)
    metrics["controls"] = controls(heart, judge, faint)
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
            "faint": f"wide beats are {FAINT:.0%} themselves, the rest the normal beat before them",
            "model": f"{LATENTS} numbers for a beat, {HIDDEN} tanh units on either side",
            "steps": STEPS,
            "seeds": [SEED + seed for seed in range(SEEDS)],
            **made_on(torch.device("cpu")),
            "metrics": metrics,
        },
    )
