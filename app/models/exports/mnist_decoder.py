"""The 2-D convolutional VAE's decoder, small enough for the page, with codes of test digits."""

from dataclasses import asdict

import torch

from app.models import registry
from app.models.cards import Card, made_on
from app.models.data import load_dataset, to_unit
from app.models.exports.export import Job, write_export
from app.models.losses import squared_error
from app.models.student import DistillRecipe, distill, fidelity, student_decode, to_arrays

TEACHER = "conv_vae_mnist"
DISTILL = DistillRecipe(widths=(192, 64), steps=12_000, learning_rate=6e-3)
SHOWN = 600  # test digits whose codes are exported


@torch.no_grad()
def make_mnist_decoder(job: Job) -> Card:
    """Distil the trained decoder; encode the first test digits."""
    dataset = load_dataset("mnist")
    teacher = registry.load(TEACHER)
    train, test = to_unit(dataset.train_images), to_unit(dataset.test_images)
    codes = torch.cat([teacher.encode(part)[0] for part in train.split(1000)])
    with torch.enable_grad():
        student = distill(teacher, codes, DISTILL, seed=0, on_step=job.on_step)
    mu, logvar = teacher.encode(test[:SHOWN])
    if logvar is None:
        raise TypeError(f"{TEACHER} has no posterior variance.")
    arrays = {
        **to_arrays(student),
        "codes": mu.half().numpy(),
        "log_variances": logvar.half().numpy(),
        "labels": dataset.test_labels[:SHOWN].copy(),
    }
    x = torch.cat([student_decode(student, teacher.encode(part)[0]) for part in test.split(1000)])
    card = {
        "title": "Decoder of the 2-D convolutional VAE of MNIST, for the page",
        "data": {"name": dataset.name, "source": dataset.source, "sha256": dataset.sha256},
        "teacher": {"name": TEACHER, "sha256": registry.card(TEACHER)["weights"]["sha256"]},
        "student": {
            **asdict(DISTILL),
            "decoder": "-".join(map(str, (2, *DISTILL.widths, 784)))
            + ", SiLU, linear output cut to [0, 1], float16",
        },
        "seed": 0,
        **made_on(torch.device("cpu")),
        "codes": f"the first {SHOWN} test digits: posterior means, log-variances, labels",
        "metrics": {
            "to_teacher": [fidelity(student, teacher, span) for span in (2.0, 3.0)],
            "squared_error_to_test_digits": {
                "teacher": registry.card(TEACHER)["metrics"]["squared_error"]["mean"],
                "student": round(squared_error(x, test).mean().item(), 4),
            },
        },
    }
    return write_export("mnist_decoder", arrays, card)
