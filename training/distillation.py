"""Networks small enough for the page: a few dense layers that imitate a trained model."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from latentbook_decoders.models.autoencoder import PIXELS, Autoencoder
from latentbook_decoders.models.cards import Card
from latentbook_decoders.models.mlp import mlp
from training.fit import OnStep
from training.losses import squared_error
from training.recipe import augment

SPREAD = 1.1  # students learn a little beyond the square that is shown
FAR = 9.0  # and some of their codes are far out, where readers can move a map


@dataclass(frozen=True)
class StudentRecipe:
    """Training settings of a small network.

    Attributes
    ----------
    widths : hidden widths of the network
    steps, batch_size, learning_rate : AdamW, cosine to zero after 5 % of warm-up
    """

    widths: tuple[int, ...]
    steps: int = 2500
    batch_size: int = 256
    learning_rate: float = 8e-3

    def rate_at(self, progress: float) -> float:
        """Learning rate at `progress` in [0, 1)."""
        warm = min(1, progress / 0.05 + 1e-3)
        return self.learning_rate * (warm * 0.5 * (1 + math.cos(math.pi * progress)))


@dataclass(frozen=True)
class DistillRecipe(StudentRecipe):
    """Training settings of a student whose teacher has a plane of codes.

    Attributes
    ----------
    shown, far : number of codes from the square that is shown, and from the plane far around it
    """

    shown: int = 20_000
    far: int = 0


@dataclass(frozen=True)
class Plane:
    """The square of codes that is shown: |z - centre| <= span * scale in both coordinates.

    Attributes
    ----------
    centre : Tensor of shape (latent_dim,)
    scale : float, one unit of the plane as it is shown
    """

    centre: Tensor
    scale: float = 1.0
    span: float = 3.0

    def grid(self, n: int, span: float) -> Tensor:
        """`n` x `n` codes with |z - centre| <= span * scale, of shape (n * n, 2)."""
        axis = torch.linspace(-span, span, n)
        return self.centre + self.scale * torch.cartesian_prod(axis, axis)

    def sample(self, n: int, spread: float) -> Tensor:
        """`n` codes, uniform over a square `spread` times as wide as the one that is shown."""
        unit = 2 * torch.rand(n, len(self.centre)) - 1
        return self.centre + self.scale * (unit * spread * self.span)


def student_decode(student: nn.Sequential, z: Tensor) -> Tensor:
    """The student's image: a linear output, clipped to [0, 1].

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


def distill_decoder(
    teacher: Autoencoder,
    codes: Tensor,
    plane: Plane,
    recipe: DistillRecipe,
    *,
    seed: int,
    on_step: OnStep,
) -> nn.Sequential:
    """Train a student on the teacher's images, not on data.

    It learns from codes that are uniform over the square that is shown, codes from
    far around, and 10,000 of `codes` with a little noise.

    Parameters
    ----------
    codes : Tensor of shape (n, latent_dim), codes of training images

    Returns
    -------
    Sequential from (n, latent_dim) to (n, 784), SiLU between
    """
    torch.manual_seed(seed)
    student = mlp(codes.shape[1], *recipe.widths, PIXELS)
    shown, far = plane.sample(recipe.shown, SPREAD), plane.sample(recipe.far, FAR / plane.span)
    drawn = codes[torch.randint(len(codes), (10_000,))]
    z = torch.cat([shown, far, drawn + 0.1 * plane.scale * torch.randn_like(drawn)])
    with torch.no_grad():
        target = torch.cat([teacher.decode(part).flatten(1) for part in z.split(1000)])
        scaled = (z - plane.centre) / plane.scale

    def loss_of(batch: Tensor) -> Tensor:
        out, x = student(scaled[batch]), target[batch]
        # no loss where the clamp already gives the right value
        settled = ((out < 0) & (x < 0.004)) | ((out > 1) & (x > 0.996))
        loss: Tensor = ((out - x) * ~settled).square().sum(1).mean()
        return loss

    fit_student(student, len(z), loss_of, recipe, on_step)
    with torch.no_grad():
        first = linear(student[0])
        first.weight.div_(plane.scale)
        first.bias.sub_(first.weight @ plane.centre)
    return rounded(student)


def distill_encoder(
    teacher: Autoencoder,
    images: Tensor,
    plane: Plane,
    recipe: DistillRecipe,
    *,
    seed: int,
    on_step: OnStep,
) -> nn.Sequential:
    """Train a student on the teacher's codes of images, of the same moved, and of decoded ones.

    The decoded images come from codes all over the plane, because the page encodes
    images that it has decoded.

    Parameters
    ----------
    images : Tensor of shape (n, 784), in [0, 1], training images

    Returns
    -------
    Sequential from (n, 784) to (n, latent_dim), SiLU between
    """
    torch.manual_seed(seed)
    student = mlp(PIXELS, *recipe.widths, len(plane.centre))
    moved = [augment(part, 1.0) for part in images.split(2000)]
    with torch.no_grad():
        z = plane.sample(recipe.shown, SPREAD)
        decoded = [teacher.decode(part).flatten(1) for part in z.split(1000)]
        x = torch.cat([images, *moved, *decoded])
        codes = torch.cat([teacher.encode(part)[0] for part in x.split(1000)])
        target = (codes - plane.centre) / plane.scale

    def loss_of(batch: Tensor) -> Tensor:
        # Count a code far off as one that is 2 off, so that the teacher's outliers do not dominate.
        error: Tensor = (student(x[batch]) - target[batch]).square().sum(1)
        return error.clamp(max=4).mean()

    fit_student(student, len(x), loss_of, recipe, on_step)
    with torch.no_grad():
        last = linear(student[-1])
        last.weight.mul_(plane.scale)
        last.bias.mul_(plane.scale).add_(plane.centre)
    return rounded(student)


def linear(layer: nn.Module) -> nn.Linear:
    """Return the layer if it is linear."""
    if not isinstance(layer, nn.Linear):
        raise TypeError(f"A student begins and ends with a linear layer, not with {layer}.")
    return layer


def rounded(student: nn.Sequential) -> nn.Sequential:
    """Weights as in the page: rounded to float16, computed in float32."""
    return student.half().float().requires_grad_(False)


def fit_student(
    student: nn.Module,
    n: int,
    loss_of: Callable[[Tensor], Tensor],
    recipe: StudentRecipe,
    on_step: OnStep,
) -> None:
    """Minimise `loss_of` over batches of indices below `n`."""
    optimizer = torch.optim.AdamW(student.parameters(), weight_decay=0, fused=True)
    for step in range(recipe.steps):
        optimizer.param_groups[0]["lr"] = recipe.rate_at(step / recipe.steps)
        loss = loss_of(torch.randint(n, (recipe.batch_size,)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        on_step(step + 1, recipe.steps, loss.item())


@torch.inference_mode()
def fidelity(
    student: nn.Sequential, teacher: Autoencoder, plane: Plane, span: float, n: int = 20
) -> Card:
    """Squared error per tile between student and teacher over an n x n grid of the plane."""
    z = plane.grid(n, span)
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
