"""The encoder of the VAE of faces for the page, which has its decoder with the directions."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from latentbook_decoders.models import registry
from latentbook_decoders.models.autoencoder import Autoencoder
from latentbook_decoders.models.cards import Card
from training.cards import made_on
from training.data import to_unit
from training.data.faces import load_faces
from training.exports.export import Job, in_bytes, write_export
from training.exports.faces import MODEL, codes_of
from widgets.kit.faces import encode_face, in_floats


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
            "metrics": {
                "difference_to_torch": round(float(np.sqrt(np.mean((in_page - mu) ** 2))), 4),
                "spread_of_the_means": round(float(mu.std()), 4),
            },
        },
    )
