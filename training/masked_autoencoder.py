"""A masked autoencoder: one transformer sees some patches of an image, another draws the rest."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention, silu

from training.data import SIZE

PATCH = 7  # px per side
ROW = SIZE // PATCH  # patches per side
PATCHES = ROW**2
PLACE = 0.5


def to_patches(x: Tensor) -> Tensor:
    """Images (n, 784) cut into patches, row by row: (n, 16, 49)."""
    grid = x.view(-1, ROW, PATCH, ROW, PATCH).transpose(2, 3)
    return grid.reshape(-1, PATCHES, PATCH**2)


def draw_visible(n: int, hidden: int) -> Tensor:
    """Draw the visible patches of n images: int64, (n, 16 - hidden)."""
    return torch.rand(n, PATCHES).argsort(1)[:, : PATCHES - hidden]


def hidden_of(visible: Tensor) -> Tensor:
    """Mask of the hidden patches: 1.0 or 0.0, (n, 16)."""
    return torch.ones(len(visible), PATCHES).scatter(1, visible, 0.0)


class Block(nn.Module):
    """Attention between the tokens, then a small network for each: (n, t, width) to the same.

    If `causal`, a token sees itself and those before it.
    """

    def __init__(self, width: int, heads: int, *, causal: bool = False) -> None:
        super().__init__()
        self.heads, self.causal = heads, causal
        self.norm0, self.norm1 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, h: Tensor) -> Tensor:
        """Each half adds its result to its input."""
        n, tokens, width = h.shape
        split = self.qkv(self.norm0(h)).view(n, tokens, 3, self.heads, width // self.heads)
        q, k, v = split.permute(2, 0, 3, 1, 4)  # (n, heads, tokens, width / heads) each
        mixed = scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        h = h + self.out(mixed.transpose(1, 2).reshape(n, tokens, width))
        out: Tensor = h + self.down(silu(self.up(self.norm1(h))))
        return out


@dataclass(frozen=True)
class MaskedAutoencoderConfig:
    """Widths of the tokens, blocks and heads of both halves."""

    width: int = 64
    blocks: int = 2
    decoder_width: int = 32
    decoder_blocks: int = 1
    heads: int = 4

    def build(self) -> "MaskedAutoencoder":
        return MaskedAutoencoder(self)


class MaskedAutoencoder(nn.Module):
    """The encoder gets visible patches only; the decoder gets its tokens and, for each hidden
    patch, the same token with the place added.

    References
    ----------
    He et al. 2022, CVPR, arXiv:2111.06377.
    """

    def __init__(self, config: MaskedAutoencoderConfig) -> None:
        super().__init__()
        wide, narrow = config.width, config.decoder_width
        self.embed = nn.Linear(PATCH**2, wide)
        self.place = nn.Parameter(PLACE * torch.randn(PATCHES, wide))
        self.blocks = nn.Sequential(*(Block(wide, config.heads) for _ in range(config.blocks)))
        self.norm = nn.LayerNorm(wide)
        self.to_decoder = nn.Linear(wide, narrow)
        self.missing = nn.Parameter(torch.zeros(narrow))
        self.decoder_place = nn.Parameter(PLACE * torch.randn(PATCHES, narrow))
        self.decoder_blocks = nn.Sequential(
            *(Block(narrow, config.heads) for _ in range(config.decoder_blocks))
        )
        self.decoder_norm = nn.LayerNorm(narrow)
        self.to_pixels = nn.Linear(narrow, PATCH**2)

    def encode(self, patches: Tensor, visible: Tensor) -> Tensor:
        """Tokens of the visible patches.

        Parameters
        ----------
        patches : Tensor of shape (n, 16, 49), in [0, 1]
        visible : int64 Tensor of shape (n, v), places

        Returns
        -------
        Tensor of shape (n, v, width)
        """
        rows = torch.arange(len(patches))[:, None]
        h = self.embed(patches[rows, visible]) + self.place[visible]
        tokens: Tensor = self.norm(self.blocks(h))
        return tokens

    def decode(self, tokens: Tensor, visible: Tensor) -> Tensor:
        """All patches, from the tokens of the visible ones: (n, 16, 49)."""
        h = self.missing.expand(len(tokens), PATCHES, -1).clone()
        h[torch.arange(len(tokens))[:, None], visible] = self.to_decoder(tokens)
        patches: Tensor = self.to_pixels(
            self.decoder_norm(self.decoder_blocks(h + self.decoder_place))
        )
        return patches

    def code(self, x: Tensor) -> Tensor:
        """One code for each image (n, 784), nothing hidden: the mean of its tokens, (n, width)."""
        everything = torch.arange(PATCHES).expand(len(x), -1)
        return self.encode(to_patches(x), everything).mean(1)


def hidden_error(
    model: MaskedAutoencoder, x: Tensor, visible: Tensor, scored: int | None = None
) -> Tensor:
    """Mean squared error over the pixels of the hidden patches, for each image (n, 784): (n,).

    With `scored`, only that many of them count, drawn at random.
    """
    patches = to_patches(x)
    off = (model.decode(model.encode(patches, visible), visible) - patches).square().mean(2)
    hidden = hidden_of(visible)
    if scored is not None:
        order = (torch.rand_like(hidden) * hidden).argsort(1, descending=True)
        hidden = torch.zeros_like(hidden).scatter(1, order[:, :scored], 1.0)
    return (off * hidden).sum(1) / hidden.sum(1)
