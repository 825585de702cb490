"""Codes and maps of blood cells: of their genes, of shuffled genes, and with a batch put in."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from latentbook_decoders.models.cards import Card
from training.cards import made_on
from training.data.cells import load_cells
from training.exports.code_map import LEVELS, on_grid
from training.exports.export import Job, write_export
from training.recipes import SEED
from widgets.kit.cells import BATCHES, MARKERS, NEAREST, SEEDS, same_among_nearest

LATENTS, HIDDEN = 10, 64
STEPS, BATCH, DECAY, NOISE = 1500, 64, 1e-3, 0.5
HELD_OUT = 140
STRENGTH = 0.5  # standard deviation of the log of a batch's factor for a gene
EATERS = ("CD14+ Monocyte", "Dendritic")  # in the uneven batches nine in ten of them are in one
SHARE = 0.9
RUNS = 5
COUNTS = (2, 5, 10, 20, 50, 100, 200, 400)  # of components, in a control

Floats = NDArray[np.float64]


def scaled(x: Floats, seen: NDArray[np.bool_]) -> Floats:
    """Each gene with mean 0 and variance 1 over the seen cells; one that never varies stays 0."""
    changed: Floats = (x - x[seen].mean(0)) / np.maximum(x[seen].std(0), 1e-6)
    return changed


def with_batches(activity: Floats, batch: NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """Multiply the counts of each batch by a random factor for each gene, and scale cells again."""
    counts = np.expm1(activity)
    changed = counts * np.exp(rng.normal(0, STRENGTH, (batch.max() + 1, counts.shape[1])))[batch]
    changed *= counts.sum(1, keepdims=True) / changed.sum(1, keepdims=True)
    scaled_again: Floats = np.log1p(changed)
    return scaled_again


def without_means(x: Floats, batch: NDArray[np.int64]) -> Floats:
    """Take the mean of its batch off each cell, and give all of them the mean of both."""
    means = np.stack([x[batch == k].mean(0) for k in range(batch.max() + 1)])
    centred: Floats = x - means[batch] + x.mean(0)
    return centred


def components_of(
    x: Floats, seen: NDArray[np.bool_], count: int = LATENTS
) -> tuple[Floats, Floats]:
    """Codes by principal components of the seen cells, and what they give back."""
    axes = np.linalg.svd(x[seen], full_matrices=False)[2][:count]
    return x @ axes.T, x @ axes.T @ axes


def autoencoder_of(
    x: Floats, seen: NDArray[np.bool_], seed: int, noise: float = NOISE, decay: float = DECAY
) -> tuple[Floats, Floats]:
    """The same by an autoencoder with one hidden layer on either side.

    It gets genes with noise and is to return them without, and its weights decay: with so few
    cells it learns them by heart otherwise.
    """
    torch.manual_seed(seed)
    genes = x.shape[1]
    encoder = nn.Sequential(nn.Linear(genes, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, LATENTS))
    decoder = nn.Sequential(nn.Linear(LATENTS, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, genes))
    model = nn.Sequential(encoder, decoder)
    optimizer = torch.optim.AdamW(model.parameters(), 2e-3, weight_decay=decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    data = torch.from_numpy(x[seen].astype(np.float32))
    for _ in range(STEPS):
        batch = data[torch.randint(len(data), (BATCH,))]
        loss = (model(batch + noise * torch.randn_like(batch)) - batch).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        z = encoder(torch.from_numpy(x.astype(np.float32)))
        return z.double().numpy(), decoder(z).double().numpy()


def sums_of(x: Floats, seed: int) -> Floats:
    """As many sums of all genes with random weights: the width of a code without its choice."""
    return x @ np.random.default_rng(seed).normal(size=(x.shape[1], LATENTS))


def uneven(activity: Floats, kinds: NDArray[np.int64], names: tuple[str, ...]) -> Card:
    """What taking off the means of batches does if the batches have different kinds of cells.

    For cells in the other batch than most of their kind: of the ten nearest by principal
    components, the share of their kind as measured, with the batches put in, and with the means
    taken off.
    """
    eats = np.isin(np.array(names)[kinds], EATERS)
    everything = np.ones(len(kinds), bool)
    found: dict[str, list[float]] = {name: [] for name in BATCHES}
    for run in range(RUNS):
        rng = np.random.default_rng(SEED + run)
        usual = rng.random(len(kinds)) < SHARE
        batch = np.where(usual, eats, ~eats).astype(np.int64)
        two = with_batches(activity, batch, rng)
        for name, x in zip(BATCHES, (activity, two, without_means(two, batch)), strict=True):
            z, _ = components_of(scaled(x, everything), everything)
            found[name].append(mean_of(same_among_nearest(z, kinds)[~usual]))
    return {"in_one": SHARE, "kinds": list(EATERS), "same_kind": found}


def explained(x: Floats, kinds: NDArray[np.int64]) -> Floats:
    """Of the variance of each gene that varies, the share between the means of the kinds."""
    x = x[:, x.std(0) > 0]
    means = np.stack([x[kinds == kind].mean(0) for kind in range(kinds.max() + 1)])[kinds]
    shares: Floats = ((means - x.mean(0)) ** 2).sum(0) / ((x - x.mean(0)) ** 2).sum(0)
    return shares


def probed(z: Floats, kinds: NDArray[np.int64], seen: NDArray[np.bool_]) -> float:
    """The share of held-out cells whose kind logistic regression reads off their codes."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
    from sklearn.preprocessing import StandardScaler  # type: ignore[import-untyped]

    scale = StandardScaler().fit(z[seen])
    reads = LogisticRegression(max_iter=2000).fit(scale.transform(z[seen]), kinds[seen])
    return float(reads.score(scale.transform(z[~seen]), kinds[~seen]))


def make_cells(job: Job) -> Card:
    """Codes of three kinds, maps of them, and what is left of the kinds in each."""
    from sklearn.manifold import TSNE, trustworthiness  # type: ignore[import-untyped]

    torch.set_num_threads(1)
    cells, rng = load_cells(), np.random.default_rng(SEED)
    activity = cells.activity.astype(np.float64)
    seen = np.ones(len(activity), bool)
    seen[rng.permutation(len(activity))[:HELD_OUT]] = False
    batch = rng.integers(0, 2, len(activity))
    two = with_batches(activity, batch, rng)
    data = {
        "none": scaled(activity, seen),
        "put_in": scaled(two, seen),
        "taken_off": scaled(without_means(two, batch), seen),
    }
    mixed = rng.permuted(data["none"], axis=0)  # each gene by itself
    arrays: dict[str, NDArray[np.generic]] = {}
    metrics: dict[str, Card] = {}
    made = [
        ("shuffled", "none"),
        *((code, kind) for code in ("pca", "autoencoder") for kind in BATCHES),
    ]
    for done, (code, kind) in enumerate(made):
        x = mixed if code == "shuffled" else data[kind]
        runs = (
            [autoencoder_of(x, seen, SEED + seed) for seed in range(RUNS)]
            if code == "autoencoder"
            else [components_of(x, seen)]
        )
        z = runs[0][0] / runs[0][0].std()
        maps = [
            on_grid(TSNE(init="random", random_state=seed).fit_transform(z.astype(np.float32)))
            for seed in range(SEEDS)
        ]
        name = f"{code}_{kind}"
        arrays |= {f"{name}_code": z.astype(np.float16), f"{name}_maps": np.stack(maps)}
        metrics[name] = {
            "squared_error": [error_of(x, back, seen) for _, back in runs],
            "read": [round(probed(run, cells.kinds, seen), 4) for run, _ in runs],
            "same_kind": [mean_of(same_among_nearest(run, cells.kinds)) for run, _ in runs],
            "same_batch": [mean_of(same_among_nearest(run, batch)) for run, _ in runs],
            "same_kind_on_map": [
                mean_of(same_among_nearest(places.astype(float), cells.kinds)) for places in maps
            ],
            "same_batch_on_map": [
                mean_of(same_among_nearest(places.astype(float), batch)) for places in maps
            ],
            "trustworthiness": [
                round(float(trustworthiness(z, places.astype(float), n_neighbors=NEAREST)), 4)
                for places in maps
            ],
        }
        job.on_step(done + 1, len(made), 0.0)
    shares = np.bincount(cells.kinds) / len(cells.kinds)
    x = data["none"]
    kept = {str(count): components_of(x, seen, count)[0] for count in COUNTS}
    bare = [autoencoder_of(x, seen, SEED + run, noise=0, decay=0)[1] for run in range(RUNS)]
    sums = [sums_of(data["none"], SEED + run) for run in range(RUNS)]
    columns = [cells.genes.index(gene) for gene in MARKERS]
    return write_export(
        "cells",
        {
            **arrays,
            "kinds": cells.kinds.astype(np.uint8),
            "names": np.array(cells.names),
            "batch": batch.astype(np.uint8),
            "markers": activity[:, columns].astype(np.float16),
        },
        {
            "title": "Maps of blood cells",
            "data": cells.origin,
            "codes": f"{LATENTS} numbers a cell: principal components of {len(cells.genes)} genes, "
            f"each scaled to variance 1; an autoencoder with {HIDDEN} tanh units on either side, "
            f"given genes with noise of {NOISE:g}; components of genes permuted each by itself",
            "held_out": HELD_OUT,
            "batch": "by chance for each cell; counts times a factor for each gene and batch, whose"
            f" log has a standard deviation of {STRENGTH:g}; taken off: each batch's mean",
            "places": f"0 to {LEVELS} along the longer side, t-SNE from {SEEDS} random starts",
            "seed": SEED,
            **made_on(torch.device("cpu")),
            "metrics": {
                "codes": metrics,
                "genes": {
                    "same_kind": mean_of(same_among_nearest(data["none"], cells.kinds)),
                    "read": round(probed(data["none"], cells.kinds, seen), 4),
                    "zeros": round(float(np.mean(activity == 0)), 4),
                    "by_kind": round(float(np.median(explained(x, cells.kinds))), 4),
                },
                "components": {
                    count: {
                        "same_kind": mean_of(same_among_nearest(z, cells.kinds)),
                        "read": round(probed(z, cells.kinds, seen), 4),
                    }
                    for count, z in kept.items()
                },
                "bare": {
                    "fitted_error": [error_of(x, back, ~seen) for back in bare],
                    "squared_error": [error_of(x, back, seen) for back in bare],
                },
                "sums": {
                    "same_kind": [mean_of(same_among_nearest(z, cells.kinds)) for z in sums],
                    "read": [round(probed(z, cells.kinds, seen), 4) for z in sums],
                },
                "uneven": uneven(activity, cells.kinds, cells.names),
                "chance": {
                    "same_kind": round(float(np.sum(shares**2)), 4),
                    "most_common": round(float(shares.max()), 4),
                },
                "counts": np.bincount(cells.kinds).tolist(),
            },
        },
    )


def mean_of(values: Floats) -> float:
    return round(float(values.mean()), 4)


def error_of(x: Floats, back: Floats, seen: NDArray[np.bool_]) -> float:
    """The share of the variance of cells that were not seen that does not come back."""
    return round(float(np.sum((x - back)[~seen] ** 2) / np.sum(x[~seen] ** 2)), 4)
