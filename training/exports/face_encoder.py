"""The encoder of the VAE of faces for the page, which has its decoder with the directions."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import unfold

from latentbook_decoders.models import registry
from latentbook_decoders.models.autoencoder import Autoencoder
from latentbook_decoders.models.cards import Card
from training.cards import made_on
from training.data import to_unit
from training.data.faces import load_faces
from training.exports.export import Job, in_bytes, write_export
from training.exports.faces import MODEL, codes_of
from training.recipes import SEED
from widgets.kit.faces import encode_face, in_floats

DIRECTIONS = 12  # of the 48 in which patches of 4 x 4 pixels in three colours can differ


def to_weights(model: Autoencoder) -> dict[str, NDArray[Any]]:
    """The encoder as `widgets.kit.faces.encode_face` reads it, in 8 bits."""
    layers = [layer for layer in model.encoder if isinstance(layer, nn.Linear | nn.Conv2d)]
    arrays: dict[str, NDArray[Any]] = {}
    for k, layer in enumerate(layers):
        assert layer.bias is not None
        w = layer.weight.detach()
        if w.ndim == 2:  # of the last maps, which torch flattens with the maps first
            w = w.unflatten(1, (layers[k - 1].out_channels, 8, 8))
        outputs_last = w.permute(2, 3, 1, 0).contiguous().numpy()  # rows, columns, maps in and out
        arrays[f"w{k}"], arrays[f"s{k}"] = in_bytes(outputs_last)
        arrays[f"b{k}"] = layer.bias.detach().numpy().astype(np.float32)
    return arrays


def make_faces_encoder(job: Job) -> Card:
    """The encoder, and how far its codes are from torch's."""
    faces, model = load_faces(), registry.load(MODEL)
    arrays = to_weights(model)
    shown = faces.test_images[:50]
    mu = codes_of(model, to_unit(shown)).numpy()
    weights = in_floats(arrays)
    in_page = np.stack([encode_face(each / 255, weights)[0] for each in shown])
    return write_export(
        "faces_encoder",
        arrays,
        {
            "title": "The encoder of the VAE of faces",
            "data": faces.origin,
            "model": {"name": MODEL, "sha256": registry.card(MODEL)["weights"]["sha256"]},
            "encoder": "64 x 64 x 3 - 32 x 32 x 32 - 16 x 16 x 64 - 8 x 8 x 128 - 64 means and 64 "
            "log variances, ReLU; int8 with a step by output",
            **made_on(torch.device("cpu")),
            "evaluation": "kernels: of the first layer's, the part along the first "
            f"{DIRECTIONS} of the 48 principal directions of patches of 400 faces; its share "
            "of the squared weight, and of the variance of the maps; correlation with the weights "
            "before training, of that part and of the rest",
            "metrics": {
                "difference_to_torch": round(float(np.sqrt(np.mean((in_page - mu) ** 2))), 4),
                "spread_of_the_means": round(float(mu.std()), 4),
                "kernels": kernels_felt(model, to_unit(faces.test_images[:400])),
            },
        },
    )


def felt_kernels(weight: Tensor, x: Tensor) -> Tensor:
    """Kernels, (maps, 3, 4, 4), without the directions in which patches of images hardly differ.

    Only the first `DIRECTIONS` principal directions of patches of x, (n, 12288), are left.
    """
    axes = principal_directions(x)[:, :DIRECTIONS]
    return (weight.flatten(1) @ axes @ axes.T).view_as(weight)


def principal_directions(x: Tensor) -> Tensor:
    """Of the patches of images, in columns, the one with the most variance first: (48, 48)."""
    axes: Tensor = torch.linalg.eigh(patches(x).T.cov())[1]
    return axes.flip(1)


def patches(x: Tensor) -> Tensor:
    """What the first layer's kernels read: (n, 12288) to (1024 n, 48)."""
    return unfold(x.view(-1, 3, 64, 64), 4, padding=1, stride=2).movedim(1, 2).flatten(0, 1)


@torch.no_grad()
def kernels_felt(model: Autoencoder, x: Tensor) -> Card:
    """How much the felt part of the first kernels makes, and what training has changed."""
    torch.manual_seed(SEED)
    weight, start = (
        next(layer for layer in each.encoder if isinstance(layer, nn.Conv2d)).weight
        for each in (model, registry.config(MODEL).build())
    )
    whole, part = (patches(x) @ w.flatten(1).T for w in (weight, felt_kernels(weight, x)))
    kept = 1 - (whole - part).var(0) / whole.var(0)
    now, then = (w.flatten(1) @ principal_directions(x) for w in (weight, start))
    parts = {"felt": slice(DIRECTIONS), "rest": slice(DIRECTIONS, None)}
    return {
        "directions": DIRECTIONS,
        "squared_weight": round(
            float(now[:, parts["felt"]].square().sum() / now.square().sum()), 4
        ),
        "map_variance": {
            "mean": round(kept.mean().item(), 4),
            "least": round(kept.min().item(), 4),
        },
        "correlation_with_start": {
            name: round(correlation(now[:, kind], then[:, kind]), 4) for name, kind in parts.items()
        },
    }


def correlation(a: Tensor, b: Tensor) -> float:
    return float(torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1])
