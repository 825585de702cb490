"""Decoders of 2-D codes, small enough for the page, with the codes of test images."""

from dataclasses import asdict

import numpy as np
import torch
from torch import Tensor, nn

from latentbook_decoders.models import registry
from latentbook_decoders.models.autoencoder import Autoencoder
from latentbook_decoders.models.cards import Card
from training.cards import made_on
from training.data import Dataset, load_dataset, to_unit
from training.distillation import (
    DistillRecipe,
    Plane,
    distill_decoder,
    fidelity,
    student_decode,
    to_arrays,
)
from training.exports.export import Job, write_export
from training.losses import squared_error
from training.recipes import SPECS

DECODED = ("conv_vae_mnist", "mlp_vae_mnist", "autoencoder_mnist", "conv_vae_fashion")
DISTILL = DistillRecipe(widths=(192, 64), steps=12_000, learning_rate=6e-3, shown=18_000, far=6_000)
EVERY = 16  # the codes of every 16th test image are exported: Fashion-MNIST comes class by class


def sample_of(dataset: Dataset) -> slice:
    """The test images whose codes are in the page, 625 of 10,000."""
    return slice(0, len(dataset.test_images), EVERY)


def codes_of(model: Autoencoder, x: Tensor) -> Tensor:
    """`model.encode`, only the mean, for images of shape (n, 784): (n, latent_dim)."""
    return torch.cat([model.encode(part)[0] for part in x.split(1000)])


def plane_of(model: Autoencoder, train_codes: Tensor) -> Plane:
    """The square shown: around the prior of a VAE, or around the codes if there is none.

    Without a prior the unit is the standard deviation of the codes, over both latents.
    """
    if model.variational:
        return Plane(torch.zeros(model.latent_dim))
    centre = train_codes.mean(0)
    return Plane(centre, (train_codes - centre).square().mean().sqrt().item())


@torch.no_grad()
def make_decoder(name: str, job: Job) -> Card:
    """Distil the decoder of model `name`; encode a sample of the test images."""
    dataset, teacher = load_dataset(SPECS[name].dataset), registry.load(name)
    test = to_unit(dataset.test_images)
    codes = codes_of(teacher, to_unit(dataset.train_images))
    plane = plane_of(teacher, codes)
    with torch.enable_grad():
        student = distill_decoder(teacher, codes, plane, DISTILL, seed=0, on_step=job.on_step)
    mu, logvar = teacher.encode(test[sample_of(dataset)])
    arrays = {
        **to_arrays(student),
        "codes": mu.half().numpy(),
        "labels": dataset.test_labels[sample_of(dataset)],
        "centre": plane.centre.numpy(),
        "scale": np.array(plane.scale, np.float32),
    }
    if logvar is not None:
        arrays["log_variances"] = logvar.half().numpy()
    return write_export(f"{name}_decoder", arrays, describe(name, teacher, student, plane))


def describe(name: str, teacher: Autoencoder, student: nn.Sequential, plane: Plane) -> Card:
    spec, card = SPECS[name], registry.card(name)
    dataset = load_dataset(spec.dataset)
    test = to_unit(dataset.test_images)
    x_hat = student_decode(student, codes_of(teacher, test))
    return {
        "title": f"{spec.title}: decoder for the page",
        "data": dataset.origin,
        "teacher": {"name": name, "sha256": card["weights"]["sha256"]},
        "student": {
            **asdict(DISTILL),
            "span": plane.span,
            "decoder": "-".join(map(str, (2, *DISTILL.widths, 784)))
            + ", SiLU, linear output cut to [0, 1], float16",
        },
        "seed": 0,
        **made_on(torch.device("cpu")),
        "codes": f"every {EVERY}th test image: codes (posterior means where there is a posterior), "
        "their log-variances, labels",
        "plane": "what is shown is (z - centre) / scale; 0 and 1 where the prior is N(0, I), mean "
        "and standard deviation of the training codes where there is none",
        "metrics": {
            "to_teacher": [fidelity(student, teacher, plane, span) for span in (2.0, 3.0, 8.0)],
            "squared_error_to_test_images": {
                "teacher": card["metrics"]["squared_error"]["mean"],
                "student": round(squared_error(x_hat, test).mean().item(), 4),
            },
        },
    }
