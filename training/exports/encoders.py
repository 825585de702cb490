"""Encoders of 2-D codes, small enough for the page, each for its small decoder."""

from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from latentbook_decoders.models import registry
from latentbook_decoders.models.autoencoder import Autoencoder
from latentbook_decoders.models.cards import Card, read_card
from training.cards import made_on
from training.data import load_dataset, to_unit
from training.distillation import DistillRecipe, Plane, distill_encoder, student_decode, to_arrays
from training.exports.decoders import codes_of, plane_of
from training.exports.export import WIDGET_DATA, Job, write_export
from training.losses import squared_error
from training.recipes import SPECS

ENCODED = ("mlp_vae_mnist", "autoencoder_mnist", "conv_vae_fashion")
DISTILL = DistillRecipe(widths=(64, 64), steps=20_000, learning_rate=3e-3)
QUANTILES = 1001  # of the reconstruction error: every tenth of a percent


@torch.no_grad()
def make_encoder(name: str, job: Job) -> Card:
    """Distil the encoder of model `name`; measure it with the small decoder on the test images."""
    dataset, teacher = load_dataset(SPECS[name].dataset), registry.load(name)
    train, test = to_unit(dataset.train_images), to_unit(dataset.test_images)
    plane = plane_of(teacher, codes_of(teacher, train))
    with torch.enable_grad():
        student = distill_encoder(teacher, train, plane, DISTILL, seed=0, on_step=job.on_step)
    decoder = load_decoder(name)
    x_hat = student_decode(decoder, student(test))
    arrays: dict[str, NDArray[Any]] = {
        **to_arrays(student),
        "error_quantiles": quantiles(squared_error(x_hat, test)),
        "round_trip_quantiles": quantiles(
            squared_error(student_decode(decoder, student(x_hat)), x_hat)
        ),
    }
    card = {
        "title": f"{SPECS[name].title}: encoder for the page",
        "data": dataset.origin,
        "teacher": {"name": name, "sha256": registry.card(name)["weights"]["sha256"]},
        "decoder": {
            "name": f"{name}_decoder",
            "sha256": read_card(WIDGET_DATA / f"{name}_decoder.json")["file"]["sha256"],
        },
        "student": {
            **asdict(DISTILL),
            "encoder": "-".join(map(str, (784, *DISTILL.widths, 2)))
            + ", SiLU, the code alone without its variance, float16",
        },
        "seed": 0,
        **made_on(torch.device("cpu")),
        "error_quantiles": f"{QUANTILES} quantiles, 0 to 1 in equal steps, of the squared error of "
        f"the {len(test):,} test images through this encoder and the decoder named above",
        "round_trip_quantiles": "the same of the squared error between a test image's "
        "reconstruction and the reconstruction of that",
        "metrics": measure(name, student, decoder, teacher, plane, test),
    }
    return write_export(f"{name}_encoder", arrays, card)


def quantiles(values: Tensor) -> NDArray[np.float32]:
    """`QUANTILES` of values of shape (n,), from the least to the largest."""
    found: NDArray[np.float64] = np.quantile(values.numpy(), np.linspace(0, 1, QUANTILES))
    return found.astype(np.float32)


def load_decoder(name: str) -> nn.Sequential:
    """Load the small decoder from its file.

    Raises
    ------
    FileNotFoundError
        If it has not been made: run `latentbook train NAME_decoder` first.
    """
    with np.load(WIDGET_DATA / f"{name}_decoder.npz") as stored:
        arrays: dict[str, NDArray[Any]] = dict(stored)
    return from_arrays(arrays)


def from_arrays(arrays: dict[str, NDArray[Any]]) -> nn.Sequential:
    """The inverse of `to_arrays`, in float32."""
    layers: list[nn.Module] = []
    for i in range(sum(key.startswith("w") for key in arrays)):
        weight = torch.from_numpy(arrays[f"w{i}"]).float()
        layer = nn.Linear(*weight.shape)
        layer.weight.copy_(weight.T)
        layer.bias.copy_(torch.from_numpy(arrays[f"b{i}"]))
        layers += [layer, nn.SiLU()]
    return nn.Sequential(*layers[:-1])


def measure(
    name: str,
    student: nn.Sequential,
    decoder: nn.Sequential,
    teacher: Autoencoder,
    plane: Plane,
    test: Tensor,
) -> Card:
    """Distance of the student from its teacher, in codes and in pictures of test images."""
    codes = codes_of(teacher, test)
    distance = (student(test) - codes).norm(dim=1) / plane.scale
    of_student = squared_error(student_decode(decoder, student(test)), test)
    of_teacher = squared_error(student_decode(decoder, codes), test)
    ranks = torch.stack([of_student, of_teacher]).argsort(1).argsort(1).float()
    z = plane.grid(41, 2.5)
    drawn, drawn_by_teacher = student_decode(decoder, z), teacher.decode(z).flatten(1)
    again = teacher.decode(teacher.encode(drawn_by_teacher)[0]).flatten(1)
    trips = torch.stack(
        [
            squared_error(student_decode(decoder, student(drawn)), drawn),
            squared_error(again, drawn_by_teacher),
        ]
    )
    return {
        "distance_of_codes": {
            "unit": "standard deviations of the prior, or of the training codes",
            "mean": round(distance.mean().item(), 4),
            "median": round(distance.median().item(), 4),
            "95_percent_below": round(distance.quantile(0.95).item(), 4),
        },
        "squared_error_to_test_images": {
            "both_teachers": registry.card(name)["metrics"]["squared_error"]["mean"],
            "encoder_of_teacher": round(of_teacher.mean().item(), 4),
            "both_students": round(of_student.mean().item(), 4),
            "rank_correlation": round(torch.corrcoef(ranks)[0, 1].item(), 4),
        },
        "round_trip": {
            "what": "squared error between a decoded image and its reconstruction, "
            "41 x 41 codes, |z| <= 2.5",
            "both_students": round(trips[0].mean().item(), 4),
            "both_teachers": round(trips[1].mean().item(), 4),
            "correlation_of_logarithms": round(torch.corrcoef((trips + 0.1).log())[0, 1].item(), 4),
        },
    }
