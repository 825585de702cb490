"""A decoder of sixteen latents for the page, accurate on the planes in which two of them vary."""

from dataclasses import asdict

import torch
from torch import Tensor, nn

from latentbook_decoders.models import registry
from latentbook_decoders.models.autoencoder import PIXELS, Autoencoder
from latentbook_decoders.models.cards import Card
from latentbook_decoders.models.mlp import mlp
from training.cards import made_on
from training.data import load_dataset, to_unit
from training.distillation import DistillRecipe, fit_student, rounded, student_decode, to_arrays
from training.exports.decoders import EVERY, sample_of
from training.exports.export import Job, write_export
from training.losses import kl_per_latent, squared_error
from training.recipes import SPECS

RECIPE = DistillRecipe(widths=(192, 64), steps=12_000, learning_rate=6e-3, shown=30_000, far=6_000)
SHOWN, FAR = 3.3, 9.0  # half sides of the squares from which codes are taken


def make_planes(name: str, job: Job) -> Card:
    """Teach a small decoder the planes through the origin; measure the KL of each latent."""
    torch.set_num_threads(1)
    dataset, teacher = load_dataset(SPECS[name].dataset), registry.load(name)
    test = to_unit(dataset.test_images)
    torch.manual_seed(0)
    z = torch.cat([plane_codes(RECIPE.shown, SHOWN), plane_codes(RECIPE.far, FAR)])
    student = mlp(teacher.latent_dim, *RECIPE.widths, PIXELS)
    with torch.no_grad():
        target = torch.cat([teacher.decode(part).flatten(1) for part in z.split(1000)])
        posterior = [teacher.encode(part) for part in test.split(1000)]
        mu, logvar = (torch.cat(part) for part in zip(*posterior, strict=True))

    def loss_of(batch: Tensor) -> Tensor:
        out, x = student(z[batch]), target[batch]
        settled = ((out < 0) & (x < 0.004)) | ((out > 1) & (x > 0.996))  # clipping makes it right
        loss: Tensor = ((out - x) * ~settled).square().sum(1).mean()
        return loss

    fit_student(student, len(z), loss_of, RECIPE, job.on_step)
    student = rounded(student)
    arrays = {
        **to_arrays(student),
        "codes": mu[sample_of(dataset)].half().numpy(),
        "labels": dataset.test_labels[sample_of(dataset)],
        "kl": kl_per_latent(mu, logvar).mean(0).numpy(),
    }
    return write_export(
        f"{name}_planes",
        arrays,
        {
            "title": f"{SPECS[name].title}: decoder for the page",
            "data": dataset.origin,
            "teacher": {"name": name, "sha256": registry.card(name)["weights"]["sha256"]},
            "student": {
                **asdict(RECIPE),
                "decoder": "-".join(map(str, (teacher.latent_dim, *RECIPE.widths, PIXELS)))
                + ", SiLU, linear output cut to [0, 1], float16",
                "taught": "codes of which two latents, drawn anew for each, are uniform in a "
                "square and the others 0",
            },
            "seed": 0,
            **made_on(torch.device("cpu")),
            "codes": f"posterior means of every {EVERY}th test image, with their labels",
            "kl": f"nats of each latent, mean over the {len(test):,} test images",
            "metrics": {"to_teacher": [fidelity(student, teacher, span) for span in (2.0, 3.0)]},
        },
    )


def plane_codes(n: int, half: float, latents: int = 16) -> Tensor:
    """Codes (n, latents) in which two latents vary within a square and the others are 0."""
    z = torch.zeros(n, latents)
    varied = torch.rand(n, latents).argsort(1)[:, :2]
    return z.scatter(1, varied, half * (2 * torch.rand(n, 2) - 1))


@torch.inference_mode()
def fidelity(student: nn.Sequential, teacher: Autoencoder, span: float) -> Card:
    """Squared error per image between student and teacher at 2,000 codes."""
    z = plane_codes_of_test(span)
    error = squared_error(student_decode(student, z), teacher.decode(z).flatten(1))
    return {
        "codes": f"2,000, two latents within {span:g}",
        "squared_error_mean": round(error.mean().item(), 4),
        "squared_error_worst": round(error.max().item(), 4),
    }


def plane_codes_of_test(span: float) -> Tensor:
    """The codes at which students are compared with their teacher, (2000, 16)."""
    torch.manual_seed(7)
    return plane_codes(2000, span)
