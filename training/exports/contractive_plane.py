"""Contractive autoencoders of a wave in the plane, trained with several weights of the penalty."""

import numpy as np
import torch
from torch import Tensor

from latentbook_decoders.models.cards import Card
from training.cards import made_on
from training.exports.export import Job, write_export

GAMMAS = (0.0, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)  # weights of the penalty
UNITS, SEEDS = 20, 4  # the seed with the lowest loss is saved
POINTS, NOISE = 240, 0.02  # of the data; the noise is across the wave
STEPS, LEARNING_RATE = 6000, 0.02


def wave() -> tuple[Tensor, Tensor]:
    """The data and, at each point, the unit tangent of the wave, each of shape (POINTS, 2)."""
    t = np.linspace(-2, 2, POINTS)
    curve = np.stack([t, 0.9 * np.sin(1.6 * t)], axis=1)
    tangent = np.stack([np.ones(POINTS), 0.9 * 1.6 * np.cos(1.6 * t)], axis=1)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
    x = curve + NOISE * np.random.default_rng(0).normal(size=(POINTS, 1)) * normal
    return torch.tensor(x).float(), torch.tensor(tangent).float()


def terms(x: Tensor, W: Tensor, b: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """Squared error, and squared Frobenius norm of the Jacobian, means over the data.

    h = s(W x + b), x_hat = W^T h + c, for several models at once.

    Parameters
    ----------
    x : Tensor of shape (n, 2)
    W : Tensor of shape (models, UNITS, 2)
    b : Tensor of shape (models, UNITS)
    c : Tensor of shape (models, 2)

    Returns
    -------
    two Tensors of shape (models,)

    References
    ----------
    Rifai et al. 2011, ICML, eq. 3 and 7.
    """
    h = torch.sigmoid(x @ W.transpose(1, 2) + b[:, None])  # (models, n, UNITS)
    error = (h @ W + c[:, None] - x).square().sum(2).mean(1)
    rows = W.square().sum(2)[:, None]  # (models, 1, UNITS)
    return error, ((h * (1 - h)).square() * rows).sum(2).mean(1)


def make_contractive_plane(job: Job) -> Card:
    """Train every weight and seed in parallel, and save the best seed of each weight."""
    torch.manual_seed(0)
    x, tangent = wave()
    gamma = torch.tensor(GAMMAS).repeat_interleave(SEEDS)
    models = len(gamma)
    W = (0.7 * torch.randn(models, UNITS, 2)).requires_grad_()
    b = (0.5 * torch.randn(models, UNITS)).requires_grad_()
    c = torch.zeros(models, 2, requires_grad=True)
    optimizer = torch.optim.Adam([W, b, c], lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=STEPS)
    for step in range(STEPS):
        error, jacobian = terms(x, W, b, c)
        loss = error + gamma * jacobian
        optimizer.zero_grad()
        loss.sum().backward()
        optimizer.step()
        schedule.step()
        if step % 100 == 99:
            job.on_step(step + 1, STEPS, loss.mean().item())

    with torch.no_grad():
        error, jacobian = terms(x, W, b, c)
    loss = (error + gamma * jacobian).view(len(GAMMAS), SEEDS)
    best = loss.argmin(1) + SEEDS * torch.arange(len(GAMMAS))
    arrays = {
        "gammas": np.array(GAMMAS),
        "x": x.numpy(),
        "tangents": tangent.numpy(),
        **{name: each.detach()[best].numpy() for name, each in (("W", W), ("b", b), ("c", c))},
    }
    card = {
        "title": "Contractive autoencoders of a wave in the plane",
        "data": {
            "name": "wave",
            "source": f"(t, 0.9 sin 1.6 t), {POINTS} values of t from -2 to 2, "
            f"normal noise of {NOISE} across it",
        },
        "method": (
            f"h = s(W x + b) with {UNITS} units, x_hat = W^T h + c; |x - x_hat|^2 + gamma "
            f"|J|_F^2, mean over the data; Adam, {STEPS} steps of all data; of {SEEDS} seeds the "
            "one with the lowest loss"
        ),
        "seed": 0,
        **made_on(torch.device("cpu")),
        "metrics": {
            f"{gamma:g}": {
                "squared_error": round(error[i].item(), 5),
                "jacobian_squared_norm": round(jacobian[i].item(), 4),
                "loss_of_every_seed": [round(each, 5) for each in losses],
            }
            for gamma, i, losses in zip(GAMMAS, best, loss.tolist(), strict=True)
        },
    }
    return write_export("contractive_plane", arrays, card)
