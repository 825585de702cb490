"""Layers that several architectures share."""

from itertools import pairwise

from torch import nn


def mlp(*widths: int, activation: type[nn.Module] = nn.SiLU) -> nn.Sequential:
    """Linear layers of the given widths, with an activation after each but the last."""
    layers: list[nn.Module] = []
    for i, (n_in, n_out) in enumerate(pairwise(widths)):
        if i > 0:
            layers.append(activation())
        layers.append(nn.Linear(n_in, n_out))
    return nn.Sequential(*layers)
