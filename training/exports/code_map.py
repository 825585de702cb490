"""Flat maps of the gallery's codes: principal components, and t-SNE from several starts."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentbook_decoders.models.cards import Card
from training.exports.export import WIDGET_DATA, Job, write_export
from training.exports.gallery import neighbours
from widgets.code_map import CODES, NEAREST, PERPLEXITIES, STARTS
from widgets.kit.encoders import encode_as

LEVELS = 1023  # coordinates are rounded to this many steps, from one end to the other


def codes_of(name: str) -> NDArray[np.float64]:
    """The gallery's codes by one of `CODES`, (625, k)."""
    with np.load(WIDGET_DATA / "mnist_gallery.npz") as gallery:
        x = gallery["images"] / 255
    if name != "shuffled":
        return encode_as(name, x)
    # Permute each number of the code over the images: each keeps its distribution, but no two
    # numbers depend on each other.
    return np.random.default_rng(0).permuted(encode_as("pca", x), axis=0)


def on_grid(plane: NDArray[Any]) -> NDArray[np.uint16]:
    """Places in [0, LEVELS], the longer side of the map from end to end: (n, 2) to (n, 2)."""
    low, high = plane.min(0), plane.max(0)
    unit = (plane - (low + high) / 2) / (high - low).max() + 0.5
    levels: NDArray[np.uint16] = np.rint(LEVELS * unit).astype(np.uint16)
    return levels


def make_code_map(job: Job) -> Card:
    """Map every code in every way, and measure which neighbours each map preserves."""
    # Only recomputing the maps needs scikit-learn.
    from sklearn.decomposition import PCA  # type: ignore[import-untyped]
    from sklearn.manifold import TSNE, trustworthiness  # type: ignore[import-untyped]

    arrays: dict[str, NDArray[Any]] = {}
    metrics: Card = {}
    parts = len(CODES) * (1 + len(STARTS) * len(PERPLEXITIES))
    for name in CODES:
        codes = codes_of(name)
        maps = [PCA(2, svd_solver="full").fit_transform(codes)]
        for start in STARTS:
            for perplexity in PERPLEXITIES:
                job.on_step(len(arrays), parts, 0.0)
                tsne = TSNE(
                    perplexity=perplexity,
                    init="pca" if start == "pca" else "random",
                    random_state=0 if start == "pca" else int(start),
                )
                maps.append(tsne.fit_transform(codes.astype(np.float32)))
        places = np.stack([on_grid(each) for each in maps])  # (maps, 625, 2)
        scores = [
            (
                trustworthiness(codes, each, n_neighbors=NEAREST),
                trustworthiness(each, codes, n_neighbors=NEAREST),
            )
            for each in places.astype(float)
        ]
        arrays[f"{name}_maps"] = places
        arrays[f"{name}_scores"] = np.array(scores, np.float32)
        arrays[f"{name}_near"] = neighbours(codes.astype(np.float32), NEAREST).astype(np.uint16)
        arrays |= {f"{name}_{key}": value for key, value in in_code_space(codes).items()}
        metrics[name] = {
            "trustworthiness": [round(score, 4) for score, _ in scores],
            "continuity": [round(score, 4) for _, score in scores],
        }
    card = {
        "title": "Flat maps of the codes of 625 test digits",
        "data": {"name": "mnist_gallery", "codes": list(CODES)},
        "shuffled": "each of the 30 principal components permuted over the images by itself",
        "maps": "the first two principal components; then t-SNE, by start "
        f"({', '.join(STARTS)}: seeds, and principal components) and perplexity "
        f"({', '.join(f'{p:g}' for p in PERPLEXITIES)}); else as scikit-learn has it by default",
        "places": f"0 to {LEVELS} along the longer side",
        "scores": f"trustworthiness and continuity with {NEAREST} neighbours, of the places kept",
        "near": f"the {NEAREST} nearest other images in the code, the nearest first",
        "spread": "root mean square distance of a class's codes from their mean",
        "centres": "distances between the means of the classes",
        "seed": 0,
        "metrics": metrics,
    }
    return write_export("code_map", arrays, card)


def in_code_space(codes: NDArray[np.float64]) -> dict[str, NDArray[np.float32]]:
    """Width of each class, (10,), and distances between their means, (10, 10)."""
    with np.load(WIDGET_DATA / "mnist_gallery.npz") as gallery:
        labels = gallery["labels"]
    means = np.stack([codes[labels == k].mean(0) for k in range(10)])
    off = ((codes - means[labels]) ** 2).sum(1)
    return {
        "spread": np.sqrt([off[labels == k].mean() for k in range(10)]).astype(np.float32),
        "centres": np.linalg.norm(means[:, None] - means, axis=-1).astype(np.float32),
    }
