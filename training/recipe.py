"""Training settings of a model: everything that determines the weights, except seed and data."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample


@dataclass(frozen=True)
class Recipe:
    """Optimiser, schedule and regularisation of one training run.

    Attributes
    ----------
    epochs : int, passes over the training images
    batch_size : int
    learning_rate : float, peak
    schedule : "cosine" (to 0.1 % of the peak, after `warmup` of the steps) or "constant"
    warmup : float, share of the steps in which the rate rises from 0
    optimizer : "adamw" without decay, or "muon" on matrices and AdamW at 1e-3 on the rest
    precision : "bfloat16" runs the layers under autocast; losses are always float32
    ema : float, decay of the averaged weights that are kept; 0 keeps the last weights
    augment : float, share of each batch that is slightly rotated, scaled, sheared, shifted
    beta : float, weight of the KL term
    beta_start : float or None, beta falls from here to `beta` over the first half
    holdout : int, training images set aside to choose the epoch; 0 keeps the last epoch
    patience : int, epochs without improvement on them after which training stops
    """

    epochs: int
    batch_size: int = 256
    learning_rate: float = 2e-3
    schedule: Literal["cosine", "constant"] = "cosine"
    warmup: float = 0.05
    optimizer: Literal["adamw", "muon"] = "adamw"
    precision: Literal["bfloat16", "float32"] = "bfloat16"
    ema: float = 0.0
    augment: float = 0.0
    beta: float = 1.0
    beta_start: float | None = None
    holdout: int = 0
    patience: int = 0

    def rate_at(self, progress: float) -> float:
        """Learning rate at `progress` in [0, 1], as a share of the peak."""
        if self.schedule == "constant":
            return 1.0
        if progress < self.warmup:
            return max(progress / self.warmup, 1e-3)
        falling = (progress - self.warmup) / (1 - self.warmup)
        return max(0.5 * (1 + math.cos(math.pi * falling)), 1e-3)

    def beta_at(self, progress: float) -> float:
        """Weight of the KL term at `progress` in [0, 1].

        A hot start orders the latent plane before detail is learned: without
        it some seeds keep two halves of the data in the wrong order.
        """
        if self.beta_start is None:
            return self.beta
        return max(self.beta, self.beta_start * (1 - 2 * progress))


def augment(x: Tensor, share: float) -> Tensor:
    """The first `share` of a batch under a random affine map, the rest unchanged.

    Rotation up to 0.1 rad, scale up to 5 %, shear up to 0.1, shift up to 0.7 px.

    Parameters
    ----------
    x : Tensor of shape (n, 784), in [0, 1]
    share : float in [0, 1]

    Returns
    -------
    Tensor of shape (n, 784), in [0, 1]
    """
    n = int(len(x) * share)
    if n == 0:
        return x
    angle, scale, shear, right, down = (
        torch.empty(5, n, device=x.device).uniform_(-1, 1)
        * torch.tensor([0.1, 0.05, 0.1, 0.05, 0.05], device=x.device)[:, None]
    )
    cos, sin = angle.cos() * (1 + scale), angle.sin() * (1 + scale)
    matrix = torch.stack([cos, shear - sin, right, sin, cos, down], 1).unflatten(1, (2, 3))
    grid = affine_grid(matrix, [n, 1, 28, 28], align_corners=False)
    moved = grid_sample(x[:n].unflatten(1, (1, 28, 28)), grid, align_corners=False)
    return torch.cat([moved.flatten(1).clamp(0, 1), x[n:]])
