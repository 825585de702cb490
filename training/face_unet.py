"""Networks that predict the noise in codes of faces, told the time and a few words.

For spatial codes a small U-Net with two resolutions, 8 x 8 and 4 x 4. On the way down maps become
coarse, so that a unit sees the whole face; on the way up they meet the fine maps from before, so
that no place is lost. For flat codes, as a control, a few dense layers.

References
----------
Ho et al. 2020, arXiv:2006.11239; Ho & Salimans 2022, arXiv:2207.12598.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention, silu

from training.data.faces import FACTORS

WORDS = ("mouth", "eyes", "glasses", "facialHair", "hairColor", "baseColor")
"""The factors that can be asked for, each by one of its values or left open."""

MAPS, PLACES = 4, 8  # of a code: 4 x 8 x 8
WIDTH = 48
KNOWN = 128  # numbers that state the time and the words
GROUPS = 8  # of a group norm
FLAT, FLAT_WIDTH, FLAT_BLOCKS = 64, 512, 4
STEPS = 1000
BEGIN = 0.98  # the time of pure noise: later, errors would be divided by next to nothing


def alpha_bar(t: Tensor) -> Tensor:
    """The share of the variance that is left of the code at time t in [0, 1]: a cosine schedule.

    References
    ----------
    Nichol & Dhariwal 2021, arXiv:2102.09672, Eq. 17.
    """
    s = 0.008
    at = torch.cos((t + s) / (1 + s) * math.pi / 2).square()
    begin = math.cos(s / (1 + s) * math.pi / 2) ** 2
    return (at / begin).clamp(1e-5, 0.9999)


class Block(nn.Module):
    """Two convolutions with a shortcut; what is known shifts the maps between them."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(GROUPS, inputs), nn.Conv2d(inputs, outputs, 3, 1, 1)
        self.known = nn.Linear(KNOWN, outputs)
        self.norm2, self.conv2 = nn.GroupNorm(GROUPS, outputs), nn.Conv2d(outputs, outputs, 3, 1, 1)
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()
        nn.init.zeros_(self.conv2.weight)  # at first a block does nothing

    def forward(self, x: Tensor, known: Tensor) -> Tensor:
        h = self.conv1(silu(self.norm1(x))) + self.known(silu(known))[:, :, None, None]
        out: Tensor = self.shortcut(x) + self.conv2(silu(self.norm2(h)))
        return out


class Attention(nn.Module):
    """One head of self-attention among the places of a map, with a shortcut."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.norm, self.qkv = nn.GroupNorm(GROUPS, maps), nn.Conv2d(maps, 3 * maps, 1)
        self.out = nn.Conv2d(maps, maps, 1)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (each.flatten(2).mT for each in self.qkv(self.norm(x)).chunk(3, 1))
        mixed = scaled_dot_product_attention(q, k, v).mT.reshape(x.shape)
        out: Tensor = x + self.out(mixed)
        return out


class Denoiser(nn.Module):
    """eps_hat for noisy codes (n, …), times in [0, 1], (n,), and words (n, len(WORDS)).

    A word is a value's place in `FACTORS`; the number of values says that nothing was said.
    """

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.ModuleList(nn.Embedding(len(FACTORS[w]) + 1, KNOWN) for w in WORDS)
        self.time = nn.Sequential(nn.Linear(64, KNOWN), nn.SiLU(), nn.Linear(KNOWN, KNOWN))

    def known(self, t: Tensor, words: Tensor) -> Tensor:
        """The time and the words as one vector, (n, KNOWN)."""
        known: Tensor = self.time(waves(t))
        for column, table in enumerate(self.words):
            known = known + table(words[:, column])
        return known


class FlatDenoiser(Denoiser):
    """For flat codes (n, 64): dense layers with shortcuts, each told the time and the words."""

    def __init__(self) -> None:
        super().__init__()
        self.enter, self.leave = nn.Linear(FLAT, FLAT_WIDTH), nn.Linear(FLAT_WIDTH, FLAT)
        self.told = nn.ModuleList(nn.Linear(KNOWN, FLAT_WIDTH) for _ in range(FLAT_BLOCKS))
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(FLAT_WIDTH), nn.SiLU(), nn.Linear(FLAT_WIDTH, FLAT_WIDTH))
            for _ in range(FLAT_BLOCKS)
        )

    def forward(self, z: Tensor, t: Tensor, words: Tensor) -> Tensor:
        known, h = silu(self.known(t, words)), self.enter(z)
        for told, block in zip(self.told, self.blocks, strict=True):
            h = h + block(h + told(known))
        eps_hat: Tensor = self.leave(silu(h))
        return eps_hat


class FaceUNet(Denoiser):
    """For spatial codes (n, 4, 8, 8)."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Conv2d(MAPS, WIDTH, 3, 1, 1)
        self.fine = Block(WIDTH, WIDTH)
        self.down = nn.Conv2d(WIDTH, 2 * WIDTH, 4, 2, 1)
        self.coarse = nn.ModuleList([Block(2 * WIDTH, 2 * WIDTH) for _ in range(2)])
        self.attention = Attention(2 * WIDTH)
        self.up = nn.ConvTranspose2d(2 * WIDTH, WIDTH, 4, 2, 1)
        self.joined = Block(2 * WIDTH, WIDTH)
        self.norm, self.leave = nn.GroupNorm(GROUPS, WIDTH), nn.Conv2d(WIDTH, MAPS, 3, 1, 1)

    def forward(self, z: Tensor, t: Tensor, words: Tensor) -> Tensor:
        known = self.known(t, words)
        fine = self.fine(self.enter(z), known)
        h = self.coarse[0](self.down(fine), known)
        h = self.coarse[1](self.attention(h), known)
        h = self.joined(torch.cat([self.up(h), fine], 1), known)
        eps_hat: Tensor = self.leave(silu(self.norm(h)))
        return eps_hat


def waves(t: Tensor) -> Tensor:
    """Sines and cosines of the time, (n, 64), as positions are stated in a transformer."""
    rates = STEPS * t[:, None] * torch.exp(-math.log(10_000) * torch.arange(32) / 32).to(t.device)
    return torch.cat([rates.sin(), rates.cos()], 1)


def nothing_said(n: int) -> Tensor:
    """Words that ask for nothing, (n, len(WORDS))."""
    return torch.tensor([[len(FACTORS[w]) for w in WORDS]]).expand(n, -1)


@torch.no_grad()
def draw_codes(
    model: Denoiser,
    z: Tensor,
    words: Tensor,
    guidance: float,
    steps: int,
    fresh: torch.Generator | None = None,
) -> Tensor:
    """Codes out of noise, by DDIM or by DDPM, with classifier-free guidance.

    Parameters
    ----------
    z : Tensor of shape (n, …), standard normal
    words : Tensor of shape (n, len(WORDS))
    guidance : w in (1 + w) eps(z, words) - w eps(z)
    steps : number of times from `BEGIN` to 0 that are visited
    fresh : where DDPM gets the noise that it puts in at each step; DDIM puts in none

    Returns
    -------
    Tensor of shape (n, …)
    """
    times = torch.linspace(BEGIN, 0, steps + 1)
    for now, after in pairwise(times):
        at = now.expand(len(z))
        eps = model(z, at, words)
        if guidance:
            eps = (1 + guidance) * eps - guidance * model(z, at, nothing_said(len(z)))
        a, b = alpha_bar(now), alpha_bar(after)
        z_0 = (z - (1 - a).sqrt() * eps) / a.sqrt()
        if fresh is None:
            z = b.sqrt() * z_0 + (1 - b).sqrt() * eps
        else:
            spread = ((1 - b) / (1 - a) * (1 - a / b)).clamp(min=0).sqrt()
            z = b.sqrt() * z_0 + (1 - b - spread**2).clamp(min=0).sqrt() * eps
            z += spread * torch.randn(z.shape, generator=fresh)
    return z
