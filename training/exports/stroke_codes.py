"""A grid of strokes with known factors, and their codes: the right a - b + c is known."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from latentbook_decoders.models.autoencoder import Autoencoder, Config
from latentbook_decoders.models.cards import Card
from latentbook_decoders.models.mlp import MLPAutoencoderConfig
from training.cards import made_on
from training.data import MAX_CURVATURE, MAX_ORIENTATION, sample_strokes, strokes
from training.exports.export import Job, write_export
from training.exports.mnist_pca import principal_components
from training.exports.strokes import (
    CONFIG,
    HOT,
    SEEDS,
    TRAIN_IMAGES,
    TRAIN_SEED,
    recipe,
)
from training.fit import fit
from training.losses import squared_error
from widgets.kit.encoders import encode_as

GRID = 12  # values of each factor
COMPONENTS = 10
PLAIN = MLPAutoencoderConfig(CONFIG.latent_dim, CONFIG.encoder, CONFIG.activation)
TRAINED: dict[str, Config] = {"autoencoder": PLAIN, "vae": CONFIG}
FROM_DIGITS = ("network", "masked")  # encoders of the page, trained on digits


def make_stroke_codes(job: Job) -> Card:
    """Draw the strokes, train an autoencoder and a VAE with each seed, write all codes."""
    place = (torch.arange(GRID) + 0.5) / GRID
    curvature = (MAX_CURVATURE * (2 * place - 1)).repeat_interleave(GRID)
    images = strokes(curvature, (MAX_ORIENTATION * place).repeat(GRID))  # (GRID^2, 784)
    grey = (255 * images).round().byte()
    x = grey.float() / 255
    train, _ = sample_strokes(TRAIN_IMAGES, TRAIN_SEED)
    arrays: dict[str, NDArray[Any]] = {"images": grey.view(GRID, GRID, 28, 28).numpy()}
    errors: Card = {}
    for i, (name, config) in enumerate(TRAINED.items()):
        runs = [run(job, name, config, train, i * len(SEEDS) + j) for j in range(len(SEEDS))]
        with torch.no_grad():
            codes = torch.stack([model.encode(x)[0] for model in runs])
            drawn = [model.decode(z).flatten(1) for model, z in zip(runs, codes, strict=True)]
        arrays[name] = codes.view(len(SEEDS), GRID, GRID, -1).numpy()
        errors[name] = [round(squared_error(each, x).mean().item(), 3) for each in drawn]
    mean, _, components = principal_components(train.double().numpy())
    codes_by_pca = (x.double().numpy() - mean) @ components[:COMPONENTS].T
    arrays["pca"] = codes_by_pca.reshape(GRID, GRID, -1).astype(np.float32)
    for name in FROM_DIGITS:
        code = encode_as(name, x.view(-1, 28, 28).numpy())
        arrays[name] = code.reshape(GRID, GRID, -1).astype(np.float32)
    card = {
        "title": f"{GRID} x {GRID} strokes with known factors, and their codes",
        "data": "arcs as in strokes; curvature down, orientation across, the middles of "
        f"{GRID} equal parts of their ranges",
        "codes": f"pca: {COMPONENTS} components of {TRAIN_IMAGES:,} strokes; autoencoder and vae: "
        "two latents, by seed, trained as those of strokes (VAE: beta 1, annealed); "
        f"{' and '.join(FROM_DIGITS)}: encoders of digits, which have seen no stroke",
        "seeds": list(SEEDS),
        **made_on(job.device),
        "metrics": {"squared_error_by_seed": errors},
    }
    return write_export("stroke_codes", arrays, card)


def run(job: Job, name: str, config: Config, train: Tensor, part: int) -> Autoencoder:
    """One model with one seed."""
    model, _ = fit(
        config,
        train,
        recipe(1.0, HOT),
        seed=SEEDS[part % len(SEEDS)],
        device=job.device,
        checkpoint=job.checkpoints / f"{name}-{part}.pt",
        resume=job.resume,
        on_step=job.part(part, len(TRAINED) * len(SEEDS)),
    )
    return model.cpu()
