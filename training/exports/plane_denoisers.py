"""Small networks that learn to remove noise from the points of `widgets.score_field`."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from latentbook_decoders.models.cards import Card
from training.cards import made_on
from training.exports.export import Job, write_export
from widgets import score_field
from widgets.score_field import CURVES, N

UNITS = 48  # in each of two hidden layers
LEAST, MOST = 0.05, 1.5  # noise levels
STEPS, BATCH, LEARNING_RATE = 20000, 512, 0.005
CHECKED = (0.1, 0.3, 1.0)  # noise levels at which the card compares the networks


denoise: Callable[..., Any] = score_field.denoise
points: Callable[..., Any] = score_field.points


def answers(x_tilde: Tensor, sigma: Tensor, w: dict[str, Tensor]) -> Tensor:
    """Answers of the networks, one per data set.

    Parameters
    ----------
    x_tilde : Tensor of shape (sets, n, 2)
    sigma : Tensor of shape (sets, n, 1)
    w : weights (sets, in, out) and biases (sets, 1, out)
    """
    h = torch.cat([x_tilde, sigma.log()], dim=2)
    h = torch.nn.functional.silu(h @ w["w0"] + w["b0"])
    h = torch.nn.functional.silu(h @ w["w1"] + w["b1"])
    return h @ w["w2"] + w["b2"]


def make_plane_denoisers(job: Job) -> Card:
    """Train a network for each data set, all in parallel, at random noise levels."""
    generator = torch.Generator().manual_seed(0)
    x = torch.tensor(np.stack([points(data) for data in CURVES])).float()  # (sets, N, 2)
    sets = len(x)
    w = {}
    for layer, (n_in, n_out) in enumerate([(3, UNITS), (UNITS, UNITS), (UNITS, 2)]):
        scale = n_in**-0.5
        w[f"w{layer}"] = scale * torch.randn(sets, n_in, n_out, generator=generator)
        w[f"b{layer}"] = torch.zeros(sets, 1, n_out)
    for each in w.values():
        each.requires_grad_()
    optimizer = torch.optim.Adam(w.values(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=STEPS)
    for step in range(STEPS):
        chosen = torch.randint(N, (sets, BATCH), generator=generator)
        clean = torch.gather(x, 1, chosen[:, :, None].expand(-1, -1, 2))
        level = torch.rand(sets, BATCH, 1, generator=generator)
        sigma = LEAST * (MOST / LEAST) ** level
        noisy = clean + sigma * torch.randn(clean.shape, generator=generator)
        # In units of the noise, so that low levels count as much as high ones.
        errors = ((answers(noisy, sigma, w) - clean) / sigma).square().sum(2).mean(1)
        optimizer.zero_grad()
        errors.sum().backward()
        optimizer.step()
        schedule.step()
        if step % 100 == 99:
            job.on_step(step + 1, STEPS, errors.mean().item())

    metrics: dict[str, dict[str, dict[str, float]]] = {}
    for place, data in enumerate(CURVES):
        metrics[data] = {}
        for checked in CHECKED:
            rng = np.random.default_rng(0)
            exact = points(data)[rng.integers(0, N, 20000)]
            seen = exact + checked * rng.normal(size=exact.shape)
            best = denoise(seen, points(data), checked)[0]
            with torch.no_grad():
                level = torch.full((sets, len(seen), 1), checked)
                every = torch.tensor(seen).float().expand(sets, -1, -1)
                learned = answers(every, level, w)[place].numpy()
            metrics[data][f"{checked:g}"] = {
                name: round(float(np.square(answer - exact).sum(axis=1).mean()), 5)
                for name, answer in (("exact", best), ("learned", learned))
            }
    arrays = {name: each.detach().numpy().astype(np.float32) for name, each in w.items()}
    card = {
        "title": "Networks that remove noise from points of a plane",
        "data": {
            "name": "ring, moons, spiral",
            "source": f"the {N} points of each, as widgets/score_field.py makes them",
        },
        "method": (
            f"x~ and log sigma to x by two hidden layers of {UNITS} silu units; squared error over "
            f"sigma^2, sigma log-uniform from {LEAST:g} to {MOST:g}; Adam, {STEPS} steps of "
            f"{BATCH}"
        ),
        "seed": 0,
        **made_on(torch.device("cpu")),
        "metrics": {"squared_error_by_noise_level": metrics},
    }
    return write_export("plane_denoisers", arrays, card)
