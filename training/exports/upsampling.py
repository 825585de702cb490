"""Three small decoders that differ in how they double the size of a map, before and after training.

All three draw the same digits from the codes of `conv_vae_mnist`. The share of their pictures at
the frequencies of their stride is measured during training.
"""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from latentbook_decoders.models import registry
from latentbook_decoders.models.cards import Card
from latentbook_decoders.models.conv_vae import ConvVAEConfig
from training.cards import made_on
from training.data import load_dataset, to_unit
from training.distillation import StudentRecipe
from training.exports.decoders import EVERY, codes_of, sample_of
from training.exports.export import Job, write_export
from training.fit import OnStep
from training.losses import recon_loss, reparameterize, squared_error

TEACHER = "conv_vae_mnist"  # gives the codes
KINDS = {
    kind: ConvVAEConfig(latent_dim=2, channels=8, hidden=32, upsampling=kind)
    for kind in ("transposed", "transposed_even", "resize")
}
RECIPE = StudentRecipe(widths=(32, 32), steps=2000, batch_size=128, learning_rate=6e-3)
SEEDS = 5
MEASURED = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)  # steps
STAGES = (0, 100, 2000)  # steps of the page's decoders, of the first seed
CODES = 1000  # test images at whose codes the energy is measured


def make_upsampling(job: Job) -> Card:
    """Train each decoder from several seeds; save the first seed's at three stages."""
    torch.set_num_threads(1)  # as fast for small networks, and reproducible
    dataset, teacher = load_dataset("mnist"), registry.load(TEACHER)
    train, test = to_unit(dataset.train_images), to_unit(dataset.test_images)
    with torch.no_grad():
        parts = [teacher.encode(part) for part in train.split(1000)]
        codes = [torch.cat(part) for part in zip(*parts, strict=True)]  # mu, logvar
        test_codes = codes_of(teacher, test)
    energy = np.zeros((len(KINDS), SEEDS, len(MEASURED)))
    error = np.zeros((len(KINDS), SEEDS))
    arrays: dict[str, NDArray[np.generic]] = {}
    for i, (kind, config) in enumerate(KINDS.items()):
        for seed in range(SEEDS):
            stages = []
            on_step = job.part(i * SEEDS + seed, len(KINDS) * SEEDS)
            for step, decoder in train_decoder(config, codes, train, seed, on_step):
                logits = decoder(test_codes[:CODES])
                energy[i, seed, MEASURED.index(step)] = stride_energy(logits).mean()
                if step in STAGES:
                    stages.append(to_arrays(decoder))
            with torch.no_grad():
                x_hat = torch.sigmoid(decoder(test_codes))
            error[i, seed] = squared_error(x_hat, test).mean()
            if seed == 0:
                for key in stages[0]:
                    arrays[f"{kind}_{key}"] = np.stack([stage[key] for stage in stages])
    arrays |= {
        "steps": np.array(MEASURED, np.int32),
        "energy": energy.astype(np.float32),
        "stages": np.array(STAGES, np.int32),
        "codes": test_codes[sample_of(dataset)].half().numpy(),
        "labels": dataset.test_labels[sample_of(dataset)],
    }
    digits = torch.logit(test[:CODES].clamp(0.02, 0.98))
    card = {
        "title": "Three ways to double the size of a map: decoders for the page",
        "data": dataset.origin,
        "codes": f"of {TEACHER}, whose posterior is drawn from in training; the page has the means "
        f"of every {EVERY}th test image, with their labels",
        "teacher": {"name": TEACHER, "sha256": registry.card(TEACHER)["weights"]["sha256"]},
        "decoders": "2-32-32-392, then 8 maps of 7 x 7, 4 of 14 x 14 and 1 of 28 x 28, SiLU "
        "between, log-odds of the pixels; float16",
        "recipe": f"{RECIPE.steps} steps of AdamW, batch {RECIPE.batch_size}, peak rate "
        f"{RECIPE.learning_rate:g} with cosine, cross-entropy",
        "seeds": list(range(SEEDS)),
        **made_on(torch.device("cpu")),
        "energy": f"share of the variance of the log-odds that lies at the frequencies of stride "
        f"2, mean over {CODES} test codes, by kind, seed and step",
        "metrics": {
            "squared_error_to_test_images": {
                kind: [round(value, 2) for value in error[i]] for i, kind in enumerate(KINDS)
            },
            "energy_after_training": {
                kind: [float(f"{value:.3g}") for value in energy[i, :, -1]]
                for i, kind in enumerate(KINDS)
            },
            "energy_of_test_digits": {
                "pixels": float(f"{stride_energy(test[:CODES]).mean():.3g}"),
                "log_odds_of_pixels_cut_to_0.02_and_0.98": float(
                    f"{stride_energy(digits).mean():.3g}"
                ),
            },
        },
    }
    return write_export("upsampling", arrays, card)


def train_decoder(
    config: ConvVAEConfig, codes: list[Tensor], train: Tensor, seed: int, on_step: OnStep
) -> Iterator[tuple[int, nn.Sequential]]:
    """Yield (step, decoder) at each step of `MEASURED`; the same decoder, further trained."""
    torch.manual_seed(seed)
    decoder = config.build().decoder
    mu, logvar = codes
    optimizer = torch.optim.AdamW(decoder.parameters(), weight_decay=0, fused=True)
    for step in range(RECIPE.steps + 1):
        if step in MEASURED:
            with torch.no_grad():
                yield step, decoder
        if step == RECIPE.steps:
            return
        optimizer.param_groups[0]["lr"] = RECIPE.rate_at(step / RECIPE.steps)
        batch = torch.randint(len(train), (RECIPE.batch_size,))
        logits = decoder(reparameterize(mu[batch], logvar[batch]))
        loss = recon_loss(logits, train[batch]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        on_step(step + 1, RECIPE.steps, loss.item())


def stride_energy(images: Tensor) -> Tensor:
    """Share of the variance of each image, (n, 784), in the means of its 2 x 2 phases: (n,).

    These means determine the discrete Fourier transform at the frequencies of stride 2.
    """
    y = images.unflatten(1, (28, 28)).double()
    phases = y.unflatten(2, (14, 2)).unflatten(1, (14, 2)).mean((1, 3)).flatten(1)  # (n, 4)
    share: Tensor = phases.var(1, correction=0) / y.flatten(1).var(1, correction=0)
    return share


def to_arrays(decoder: nn.Sequential) -> dict[str, NDArray[np.float16]]:
    """Dense layers as `w0, b0, ...` of shape (in, out); convolutions as `k0, c0, ...`.

    A kernel has the shape (height, width, maps in, maps out), in both directions.
    """
    dense = [layer for layer in decoder if isinstance(layer, nn.Linear)]
    arrays: dict[str, Tensor] = {}
    for i, layer in enumerate(dense):
        arrays |= {f"w{i}": layer.weight.T, f"b{i}": layer.bias}
    convolutions = [each for each in decoder if isinstance(each, nn.Conv2d | nn.ConvTranspose2d)]
    for i, convolution in enumerate(convolutions):
        transposed = isinstance(convolution, nn.ConvTranspose2d)
        order = (2, 3, 0, 1) if transposed else (2, 3, 1, 0)
        assert convolution.bias is not None
        arrays |= {f"k{i}": convolution.weight.permute(order), f"c{i}": convolution.bias}
    return {key: value.detach().half().contiguous().numpy().copy() for key, value in arrays.items()}
