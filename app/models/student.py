"""Decoders small enough for the page: a few dense layers that imitate a trained decoder."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from app.models.autoencoder import PIXELS, Autoencoder
from app.models.cards import Card
from app.models.fit import OnStep
from app.models.layers import mlp
from app.models.losses import squared_error


@dataclass(frozen=True)
class DistillRecipe:
    """How a student is trained.

    Attributes
    ----------
    widths : hidden widths of the student
    steps, batch_size, learning_rate : AdamW, cosine to zero after 5 % of warm-up
    span : half side of the square of codes that the student is taught on
    """

    widths: tuple[int, ...]
    steps: int = 2500
    batch_size: int = 256
    learning_rate: float = 8e-3
    span: float = 3.0


def student_decode(student: nn.Sequential, z: Tensor) -> Tensor:
    """The student's image: a linear output, cut to [0, 1].

    Most pixels are exactly black or white; a clamp reaches that at once, a
    sigmoid spends capacity on it.

    Parameters
    ----------
    z : Tensor of shape (n, latent_dim)

    Returns
    -------
    Tensor of shape (n, 784), in [0, 1]
    """
    out: Tensor = student(z)
    return out.clamp(0, 1)


def distill(
    teacher: Autoencoder, codes: Tensor, recipe: DistillRecipe, *, seed: int, on_step: OnStep
) -> nn.Sequential:
    """Train a student on the teacher's images, not on data.

    Two thirds of the codes it learns from are uniform over |z| <= 1.1 span, one
    third are `codes` with a little noise.

    Parameters
    ----------
    codes : Tensor of shape (n, latent_dim), posterior means of training images

    Returns
    -------
    Sequential from (n, latent_dim) to (n, 784), SiLU between, weights rounded to float16
    """
    torch.manual_seed(seed)
    student = mlp(codes.shape[1], *recipe.widths, PIXELS)
    uniform = (2 * torch.rand(20_000, codes.shape[1]) - 1) * 1.1 * recipe.span
    drawn = codes[torch.randint(len(codes), (10_000,))]
    z = torch.cat([uniform, drawn + 0.1 * torch.randn_like(drawn)])
    with torch.no_grad():
        target = torch.cat([teacher.decode(part).flatten(1) for part in z.split(1000)])
    optimizer = torch.optim.AdamW(student.parameters(), weight_decay=0, fused=True)
    for step in range(recipe.steps):
        progress = step / recipe.steps
        rate = min(1, progress / 0.05 + 1e-3) * 0.5 * (1 + math.cos(math.pi * progress))
        optimizer.param_groups[0]["lr"] = recipe.learning_rate * rate
        batch = torch.randint(len(z), (recipe.batch_size,))
        out, x = student(z[batch]), target[batch]
        # no loss where the clamp already gives the right value
        settled = ((out < 0) & (x < 0.004)) | ((out > 1) & (x > 0.996))
        loss = ((out - x) * ~settled).square().sum(1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        on_step(step + 1, recipe.steps, loss.item())
    return student.half().float().requires_grad_(False)


@torch.inference_mode()
def fidelity(student: nn.Sequential, teacher: Autoencoder, span: float, n: int = 20) -> Card:
    """Squared error per tile between student and teacher over an n x n grid of |z| <= span."""
    axis = torch.linspace(-span, span, n)
    z = torch.cartesian_prod(axis, axis)
    error = squared_error(student_decode(student, z), teacher.decode(z).flatten(1))
    return {
        "grid": f"{n} x {n} codes, |z| <= {span:g}",
        "squared_error_mean": round(error.mean().item(), 4),
        "squared_error_worst": round(error.max().item(), 4),
    }


def to_arrays(student: nn.Sequential) -> dict[str, NDArray[np.float16]]:
    """Weights as the page multiplies them: `w0` of shape (in, out), `b0` of shape (out,), ..."""
    linear = [layer for layer in student if isinstance(layer, nn.Linear)]
    arrays = {}
    for i, layer in enumerate(linear):
        arrays[f"w{i}"] = layer.weight.T.half().numpy()
        arrays[f"b{i}"] = layer.bias.half().numpy()
    return arrays
