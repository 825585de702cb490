"""A convolutional and a dense VAE with as many weights, by the number of training digits.

Also the figures in chapter 3 about the server's convolutional VAEs, trained and with new weights.
"""

import copy
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from latentbook_decoders.models import registry
from latentbook_decoders.models.autoencoder import Autoencoder, Config
from latentbook_decoders.models.cards import Card
from latentbook_decoders.models.conv_vae import ConvVAEConfig
from latentbook_decoders.models.mlp import MLPVAEConfig
from training.cards import made_on, mean_and_error
from training.data import SIZE, load_dataset, to_unit
from training.exports.export import Job
from training.exports.upsampling import stride_energy
from training.fit import OnStep
from training.losses import kl, recon_loss, reparameterize
from training.objectives import training_loss
from training.recipes import SEED

STEPS, BATCH, RATE = 2000, 128, 3e-3  # the rate at its peak
MOMENTS = 10  # checkpoints in a training; the best is returned
HELD_OUT = 5000  # training digits that choose it
DIGITS = (1_000, 10_000, 55_000)  # to learn from
PAIR: dict[str, Config] = {
    "convolutional": ConvVAEConfig(latent_dim=16, channels=16, hidden=64),
    "dense": MLPVAEConfig(latent_dim=16, encoder=(66,), decoder=(66, 66)),
}
OTHER_RATES = {"convolutional": 6e-3, "dense": 1e-2}
LONGER = 4  # times as many steps, of the dense one at its other rate
RECIPE = f"{STEPS} steps of Adam, batch {BATCH}, peak rate {RATE:g} with cosine"
NEW = 10  # draws of new weights
DRAWS = 1000  # codes from the prior


def make_conv_and_dense(job: Job) -> Card:
    """Train the pair, and measure the server's models."""
    dataset = load_dataset("mnist")
    return {
        "name": "conv_and_dense",
        "command": "latentbook train conv_and_dense",
        "title": "A convolutional and a dense VAE with as many weights",
        "data": dataset.origin,
        "recipe": f"{RECIPE}; of {MOMENTS} moments the best on {HELD_OUT:,} held-out digits",
        "seed": SEED,
        **made_on(torch.device("cpu")),
        "evaluation": "negative ELBO in nats, mean over the 10,000 test digits, by network, peak "
        f"rate and number of digits; longer: {LONGER} times as many steps on {DIGITS[1]:,} digits",
        "metrics": conv_and_dense_figures(SEED, job),
        "server_models": server_models(to_unit(dataset.test_images)),
    }


def conv_and_dense_figures(seed: int, job: Job) -> Card:
    """Negative ELBO on test digits by network, rate and number of digits, from another seed."""
    torch.set_num_threads(1)  # the same weights on every run
    dataset = load_dataset("mnist")
    train, test = to_unit(dataset.train_images), to_unit(dataset.test_images)
    held_out, rest = train[-HELD_OUT:], train[:-HELD_OUT]
    runs = [
        (kind, rate, n, STEPS)
        for kind in PAIR
        for rate in (RATE, OTHER_RATES[kind])
        for n in DIGITS
    ]
    runs.append(("dense", OTHER_RATES["dense"], DIGITS[1], LONGER * STEPS))
    figures: Card = {kind: {} for kind in PAIR}
    for i, (kind, rate, n, steps) in enumerate(runs):
        torch.manual_seed(seed)
        model = trained(
            PAIR[kind].build(),
            rest[:n],
            lambda model: -negative_elbo(model, held_out).mean().item(),
            rate=rate,
            steps=steps,
            on_step=job.part(i, len(runs)),
        )
        found = round(negative_elbo(model, test).mean().item(), 2)
        if steps == STEPS:
            figures[kind].setdefault(f"{rate:g}", {})[str(n)] = found
        else:
            figures["longer"] = found
    return figures


@torch.no_grad()
def negative_elbo(model: Autoencoder, x: Tensor) -> Tensor:
    """Nats per image, one draw of z with seed 1."""
    torch.manual_seed(1)
    mu, logvar = model.encode(x)
    assert logvar is not None
    return recon_loss(model.logits(reparameterize(mu, logvar)), x) + kl(mu, logvar)


def trained(
    model: Autoencoder,
    x: Tensor,
    score: Callable[[Autoencoder], float] | None = None,
    *,
    rate: float = RATE,
    steps: int = STEPS,
    on_step: OnStep,
) -> Autoencoder:
    """Train with Adam, the rate falling to zero; return the best of ten checkpoints."""
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    best, best_score = model, -np.inf
    for step in range(steps):
        warm = min(1.0, 20 * step / steps + 1e-3)
        optimizer.param_groups[0]["lr"] = rate * warm * 0.5 * (1 + np.cos(np.pi * step / steps))
        loss = training_loss(model, x[torch.randint(len(x), (BATCH,))], 1.0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if (step + 1) % 50 == 0:
            on_step(step + 1, steps, loss.item())
        if score is not None and (step + 1) % (steps // MOMENTS) == 0:
            state = torch.get_rng_state()
            if (now := score(model)) > best_score:
                best, best_score = copy.deepcopy(model), now
            torch.set_rng_state(state)
    return best


def server_models(test: Tensor) -> Card:
    """The server's VAEs with two latents: lead of the dense one, stride 2, receptive field."""
    losses = [
        negative_elbo(registry.load(name), test) for name in ("conv_vae_mnist", "mlp_vae_mnist")
    ]
    return {
        "dense_ahead": mean_and_error(losses[0] - losses[1]),
        "percent_at_stride_2": {
            name: at_stride(name) for name in ("conv_vae_mnist", "conv_vae_mnist_transposed")
        },
        "percent_in_the_inner_8_pixels": inner_field("conv_vae_mnist", test[:500]),
    }


@torch.no_grad()
def at_stride(name: str) -> Card:
    """Percent of the variance at stride 2, mean over draws from the prior."""

    def share(images: Tensor) -> float:
        return float(f"{100 * stride_energy(images.flatten(1)).mean().item():.3g}")

    z = torch.randn(DRAWS, 2, generator=torch.Generator().manual_seed(SEED))
    new = []
    for seed in range(NEW):
        torch.manual_seed(seed)
        new.append(share(registry.config(name).build().logits(z)))
    model = registry.load(name)
    logits = model.logits(z)
    return {
        "new_log_odds": {"least": min(new), "most": max(new)},
        "log_odds": share(logits),
        "images": share(model.decode(z)),
        "images_of_a_tenth_of_the_log_odds": share(torch.sigmoid(logits / 10)),
    }


def inner_field(name: str, x: Tensor) -> Card:
    """Percent of a unit's squared gradient in the inner 8 of its 10 pixels per side."""
    new = []
    for seed in range(4):
        torch.manual_seed(seed)
        new.append(inner_share(registry.config(name).build(), x))
    return {
        "trained": inner_share(registry.load(name), x),
        "new": {"least": min(new), "most": max(new)},
    }


def inner_share(model: Autoencoder, x: Tensor) -> float:
    """Percent for the unit in the middle of each map of the second convolution."""
    unflatten, first, activation, second, *_ = model.encoder
    assert isinstance(second, nn.Conv2d)
    x = x.clone().requires_grad_()
    maps = second(activation(first(unflatten(x))))  # (n, maps, 7, 7)
    influence = torch.zeros(SIZE, SIZE)
    for each in range(maps.shape[1]):
        (gradient,) = torch.autograd.grad(maps[:, each, 3, 3].sum(), x, retain_graph=True)
        influence += gradient.square().sum(0).unflatten(0, (SIZE, SIZE))
    return round(100 * (influence[10:18, 10:18].sum() / influence.sum()).item(), 2)
