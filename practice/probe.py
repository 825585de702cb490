"""What is in somebody's features: a linear probe and the nearest neighbours, with their controls.

Alain & Bengio 2016, arXiv:1610.01644; Hewitt & Liang 2019, arXiv:1909.03368. `python probe.py
FEATURES.npy LABELS.npy` reads (n, d) and (n,); prints what both get right of held-out examples,
beside the commonest label and labels that were shuffled; writes probe.png: by how many labels."""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

NUMBERS = dict(neighbours=10, penalty=0.001, steps=100, seeds=3, seed=1)


def read_both(features: Path, labels: Path) -> tuple[Tensor, Tensor]:
    """Features (n, d), each with mean 0 and variance 1, and labels (n,) from 0."""
    x, y = (np.load(path, allow_pickle=False) for path in (features, labels))
    if x.ndim != 2 or x.dtype.kind not in "fiu" or not np.isfinite(x).all():
        raise ValueError(
            f"{features} contains {x.dtype} of shape {x.shape}; accepted: finite (n, d)"
        )
    if y.shape != x.shape[:1] or len(y) < 20:
        found = f"{labels} contains {y.dtype} of shape {y.shape}"
        raise ValueError(f"{found}; accepted: one label for each of the {len(x)} rows, from 20")
    off = x - x.mean(0, dtype=np.float64)
    scaled = off / np.maximum(off.std(0), 1e-12)
    return torch.from_numpy(scaled.astype(np.float32)), torch.from_numpy(
        np.unique(y, return_inverse=True)[1]
    )


def probe(x: Tensor, y: Tensor, x_test: Tensor, penalty: float, steps: int) -> Tensor:
    """Labels of x_test by logistic regression, fitted to x (n, d) and y (n,)."""
    weights = torch.zeros(x.shape[1], int(y.max()) + 1, requires_grad=True)
    bias = torch.zeros(weights.shape[1], requires_grad=True)
    optimizer = torch.optim.LBFGS([weights, bias], max_iter=steps, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = cross_entropy(x @ weights + bias, y) + penalty * weights.square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    return (x_test @ weights + bias).argmax(1)


def neighbours(x: Tensor, y: Tensor, x_test: Tensor, k: int) -> Tensor:
    """Labels of x_test by the vote of the k rows of x with the largest cosine."""
    likeness = normalize(x_test) @ normalize(x).T
    votes = y[likeness.topk(min(k, len(x)), dim=1).indices]
    return votes.mode(1).values


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("features", type=Path)
    parser.add_argument("labels", type=Path)
    parser.add_argument("--out", default="probe", help="names the picture that is written")
    for name, default in NUMBERS.items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    args = parser.parse_args()
    for name in NUMBERS:
        if not getattr(args, name) > 0:
            parser.error(f"--{name} accepts numbers above 0; got {getattr(args, name)}")
    try:
        x, y = read_both(args.features, args.labels)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    generator = torch.Generator().manual_seed(args.seed)
    order = torch.randperm(len(x), generator=generator)
    test, train = order[: len(x) // 5], order[len(x) // 5 :]
    shuffled = y[train][torch.randperm(len(train), generator=generator)]

    def right(found: Tensor) -> float:
        return 100 * (found == y[test]).float().mean().item()

    settings = args.penalty, args.steps
    said = {
        "linear probe": probe(x[train], y[train], x[test], *settings),
        f"{args.neighbours} nearest": neighbours(x[train], y[train], x[test], args.neighbours),
        "the commonest label": y[train].mode().values.expand(len(test)),
        "linear probe of shuffled labels": probe(x[train], shuffled, x[test], *settings),
    }
    for name, found in said.items():
        print(f"{name}: {right(found):.1f} % right of {len(test)} held out")
    sizes = [n for n in (10, 30, 100, 300, 1000, 3000, 10_000) if n <= len(train)]
    curves: dict[str, list[list[float]]] = {"linear probe": [], "nearest neighbours": []}
    for n in sizes:
        draws = [
            train[torch.randperm(len(train), generator=generator)[:n]] for _ in range(args.seeds)
        ]
        curves["linear probe"].append([right(probe(x[d], y[d], x[test], *settings)) for d in draws])
        curves["nearest neighbours"].append(
            [right(neighbours(x[d], y[d], x[test], args.neighbours)) for d in draws]
        )
    figure, axis = plt.subplots(figsize=(6, 4), layout="constrained")
    for name, rows in curves.items():
        middle = np.median(rows, axis=1)
        axis.plot(sizes, middle, marker="o", label=name)
        axis.fill_between(sizes, np.min(rows, axis=1), np.max(rows, axis=1), alpha=0.2)
    axis.axhline(right(said["the commonest label"]), color="grey", label="the commonest label")
    axis.set(xscale="log", xlabel="labels", ylabel="% right, held out")
    axis.legend()
    figure.savefig(f"{args.out}.png")


if __name__ == "__main__":
    main()
