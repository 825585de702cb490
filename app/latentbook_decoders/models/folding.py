"""Exact rewriting of upsampling layers for serving: the same image from fewer multiplications.

Nearest-neighbour resize by two followed by a 3 x 3 convolution reads each input pixel up to nine
times for four outputs. Weights that meet the same input pixel can be added up once, in advance.
"""

import torch
from torch import Tensor, nn

# TAPS[a, i] = 1 where tap i of the convolution meets tap a of the transposed convolution:
# rows are output offsets -1..2 from the doubled input position, columns the kernel's 2..0.
TAPS = torch.tensor([[0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]], dtype=torch.float32)

# PHASES[p, a, i] = 1 where tap i of the convolution, at output phase p (even, odd),
# reads the low-resolution neighbour a (previous, same, next).
PHASES = torch.tensor(
    [[[1, 0, 0], [0, 1, 1], [0, 0, 0]], [[0, 0, 0], [1, 1, 0], [0, 0, 1]]], dtype=torch.float32
)


def fold(decoder: nn.Sequential) -> nn.Sequential:
    """A decoder with each (Upsample x2, Conv2d 3 x 3) pair replaced by one layer.

    It is equal up to float32 rounding. Pairs with a single output map, the image, become a
    convolution at low resolution and a PixelShuffle; the others a ConvTranspose2d(4, 2, 1).
    Measurements decided between the two forms. The other layers are shared with the original.
    """
    layers = list(decoder)
    folded: list[nn.Module] = []
    while layers:
        layer = layers.pop(0)
        if not isinstance(layer, nn.Upsample):
            folded.append(layer)
            continue
        conv = layers.pop(0)
        if not (
            isinstance(conv, nn.Conv2d)
            and layer.scale_factor == 2.0
            and layer.mode == "nearest"
            and conv.kernel_size == (3, 3)
            and conv.padding == (1, 1)
        ):
            raise ValueError(f"Only x2 nearest and Conv2d(3, padding=1) fold, not {layer}, {conv}.")
        if conv.out_channels == 1:
            folded += [to_low_resolution(conv), nn.PixelShuffle(2)]
        else:
            folded.append(to_transposed(conv))
    return nn.Sequential(*folded)


@torch.no_grad()
def to_transposed(conv: nn.Conv2d) -> nn.ConvTranspose2d:
    """resize x2 and then `conv`, as one transposed convolution."""
    taps = TAPS.to(conv.weight)
    folded = nn.ConvTranspose2d(conv.in_channels, conv.out_channels, 4, stride=2, padding=1)
    # (out, in, 3, 3) -> (in, out, 4, 4)
    weight = torch.einsum("ai,bj,oyij->yoab", taps, taps, conv.weight)
    folded.weight, folded.bias = nn.Parameter(weight), nn.Parameter(bias_of(conv))
    return folded


@torch.no_grad()
def to_low_resolution(conv: nn.Conv2d) -> nn.Conv2d:
    """resize x2 and then `conv`, as a convolution that PixelShuffle(2) must follow."""
    phases = PHASES.to(conv.weight)
    folded = nn.Conv2d(conv.in_channels, 4 * conv.out_channels, 3, padding=1)
    # (out, in, 3, 3) -> (out, phase row, phase column, in, 3, 3) -> (4 out, in, 3, 3)
    weight = torch.einsum("pai,qbj,oyij->opqyab", phases, phases, conv.weight).flatten(0, 2)
    folded.weight = nn.Parameter(weight)
    folded.bias = nn.Parameter(bias_of(conv).repeat_interleave(4))
    return folded


def bias_of(conv: nn.Conv2d) -> Tensor:
    if conv.bias is None:
        raise ValueError(f"Only convolutions with a bias fold, not {conv}.")
    return conv.bias.clone()
