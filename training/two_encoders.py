"""Encoders of emoji and of their names, trained so that pairs agree (Radford et al. 2021).

A picture's positives are a text of the same emoji and its drawing by a different artist; the
negatives are the other emoji of the batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import affine_grid, cross_entropy, grid_sample, normalize
from torch.nn.utils.rnn import pad_sequence

from training.data.emoji import Emoji, EmojiSet
from training.distillation import StudentRecipe
from training.fit import OnStep
from widgets.kit.two_encoders import BUCKETS, STRIDE, WIDTH, rows_of

LANGUAGES = ("en", "de", "fr", "es")
UNSEEN_ARTIST = "fluent-emoji-flat"
ARTISTS_SEEN = ("noto", "twemoji", "emojione")
HELD_OUT = 400  # families of emoji
SPLIT_SEED = 7  # one split for all seeds of training
CHANNELS = (3, 32, 64, 128)
RECIPE = StudentRecipe(widths=(), steps=1200, batch_size=256, learning_rate=2e-3)
WEIGHT_DECAY = 0.1
DROPPED = 0.1  # share of the parts of a text that a step does not see

TONES = {"1F3FB", "1F3FC", "1F3FD", "1F3FE", "1F3FF"}
PEOPLE = dict.fromkeys(("1F466", "1F467", "1F468", "1F469", "1F9D1", "1F9D2"), "PERSON") | {
    "1F475": "1F474",  # old woman, old man
    "1F9D3": "1F474",
    "1F478": "1F934",  # princess, prince
    "1FAC5": "1F934",
    "1F57A": "1F483",  # man and woman dancing
    "1F936": "1F385",  # Mrs Claus
    "1F46D": "1F46B",  # two who hold hands
    "1F46C": "1F46B",
}
SIGNS = {"FE0F", "200D", "2640", "2642", "27A1"}  # variants, joiners, genders, facing right
HAIR = {"1F9B0", "1F9B1", "1F9B2", "1F9B3"}


def family_of(code: str) -> str:
    """Code points without skin tone, gender, hair and direction: relatives share them."""
    points = [PEOPLE.get(each, each) for each in code.upper().split("-")]
    others = [each for each in points if each not in TONES | SIGNS | HAIR]
    return "-".join(each for i, each in enumerate(others) if others[i - 1 : i] != [each])


@dataclass(frozen=True)
class Split:
    """Emoji by family, in Unicode's order.

    Attributes
    ----------
    seen : families that train
    unseen : of each held-out family one emoji without a skin tone that Noto and the
        `UNSEEN_ARTIST` drew
    """

    seen: tuple[tuple[Emoji, ...], ...]
    unseen: tuple[Emoji, ...]


def split(emoji: EmojiSet) -> Split:
    """Hold out `HELD_OUT` families at random."""
    families: dict[str, list[Emoji]] = {}
    for each in emoji.emoji:
        if each.group >= 0 and each.group != 2:
            families.setdefault(family_of(each.code), []).append(each)
    first = {
        family: next((e for e in members if not e.toned and drawn_by_all(e)), None)
        for family, members in families.items()
    }
    able = [family for family, each in first.items() if each]
    drawn = np.random.default_rng(SPLIT_SEED).permutation(len(able))[:HELD_OUT]
    held_out = {able[i] for i in drawn}
    return Split(
        tuple(tuple(members) for family, members in families.items() if family not in held_out),
        tuple(each for family, each in first.items() if each and family in held_out),
    )


def drawn_by_all(emoji: Emoji) -> bool:
    """Whether an artist seen in training and the unseen artist both drew an emoji."""
    return {"noto", UNSEEN_ARTIST} <= emoji.pictures.keys()


class PictureEncoder(nn.Module):
    """Pictures (n, 3, 32, 32) in [0, 1] to codes of length 1, (n, 64)."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(CHANNELS):
            layers += [nn.Conv2d(inputs, outputs, 3, STRIDE, 1), nn.BatchNorm2d(outputs), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.3))
        self.head = nn.Linear(CHANNELS[-1] * 16, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        return normalize(self.head(self.layers(x)), dim=1)


class WordEncoder(nn.Module):
    """Rows of the table (n, most), padded with `BUCKETS`, to codes of length 1, (n, 64)."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.EmbeddingBag(BUCKETS + 1, WIDTH, mode="mean", padding_idx=BUCKETS)
        nn.init.normal_(self.table.weight, std=0.1)  # so that learning outweighs the start

    def forward(self, rows: Tensor) -> Tensor:
        return normalize(self.table(rows), dim=1)


class TwoEncoders(nn.Module):
    """Both encoders, and the logarithm of the inverse of the temperature."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures, self.words = PictureEncoder(), WordEncoder()
        self.log_scale = nn.Parameter(torch.tensor(1 / 0.1).log())

    def logits(self, a: Tensor, b: Tensor) -> Tensor:
        """Similarity of codes (n, 64) and (m, 64), divided by the temperature: (n, m)."""
        return self.log_scale.exp().clamp(max=100) * a @ b.T


def symmetric_loss(logits: Tensor) -> Tensor:
    """Cross-entropy of the pairs on the diagonal of (n, n), by rows and by columns."""
    pairs = torch.arange(len(logits))
    return (cross_entropy(logits, pairs) + cross_entropy(logits.T, pairs)) / 2


def train_encoders(
    emoji: EmojiSet,
    seed: int,
    on_step: OnStep,
    words: bool = True,
    recipe: StudentRecipe = RECIPE,
) -> TwoEncoders:
    """Train on the families that are seen.

    Parameters
    ----------
    words : False trains only the encoder of pictures, on drawings by two artists
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    families = split(emoji).seen
    pixels = torch.from_numpy(emoji.pictures).permute(0, 3, 1, 2)
    model = TwoEncoders().train()
    optimizer = torch.optim.AdamW(
        model.parameters(), recipe.learning_rate, weight_decay=WEIGHT_DECAY
    )
    for step in range(recipe.steps):
        optimizer.param_groups[0]["lr"] = recipe.rate_at(step / recipe.steps)
        batch = rng.choice(len(families), recipe.batch_size, replace=False)
        chosen = [families[i][rng.integers(len(families[i]))] for i in batch]
        two = np.array([two_artists(each, rng) for each in chosen]).T.reshape(-1)
        a, b = model.pictures(vary(pixels[two] / 255)).chunk(2)
        loss = symmetric_loss(model.logits(a, b))
        if words:
            z = model.words(drop(rows_tensor([some_text(each, rng) for each in chosen]), rng))
            loss = (
                loss + symmetric_loss(model.logits(a, z)) + symmetric_loss(model.logits(b, z))
            ) / 3
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        on_step(step + 1, recipe.steps, loss.item())
    return model.eval().requires_grad_(False)


def two_artists(emoji: Emoji, rng: np.random.Generator) -> list[int]:
    """Rows of two drawings by different artists, or the same row twice if only one drew it."""
    drawn = [emoji.pictures[artist] for artist in ARTISTS_SEEN if artist in emoji.pictures]
    return [int(row) for row in rng.choice(drawn, 2, replace=len(drawn) < 2)]


def some_text(emoji: Emoji, rng: np.random.Generator) -> str:
    """The name, or one to three tags, or both, in a language drawn at random."""
    languages = [each for each in LANGUAGES if each in emoji.texts]
    name, *tags = emoji.texts[languages[rng.integers(len(languages))]]
    kind = rng.random()
    if kind < 0.35 or not tags:
        return name
    some = rng.permutation(tags)[: rng.integers(1, 4)]
    return " ".join([*([name] if kind > 0.75 else []), *some])


def rows_tensor(texts: Sequence[str]) -> Tensor:
    """Rows of the table for each text, (n, most), padded."""
    rows = [torch.tensor(rows_of(text) or (BUCKETS,)) for text in texts]
    return pad_sequence(rows, batch_first=True, padding_value=BUCKETS)


def drop(rows: Tensor, rng: np.random.Generator) -> Tensor:
    """Drop some parts of each text at random, but not its first word."""
    gone = torch.from_numpy(rng.random(rows.shape) < DROPPED)
    gone[:, 0] = False
    return rows.masked_fill(gone, BUCKETS)


def vary(x: Tensor) -> Tensor:
    """Pictures (n, 3, 32, 32) scaled, shifted, mirrored (three in ten) and tinted at random."""
    n = len(x)
    theta = torch.zeros(n, 2, 3)
    scale = 1 + 0.4 * (torch.rand(n) - 0.5)
    theta[:, 0, 0] = scale * (1 - 2.0 * (torch.rand(n) < 0.3))
    theta[:, 1, 1] = scale
    theta[:, :, 2] = 0.3 * (torch.rand(n, 2) - 0.5)
    grid = affine_grid(theta, list(x.shape), align_corners=False)
    moved = grid_sample(x, grid, padding_mode="border", align_corners=False)
    gain, shift = (torch.rand(2, n, 3, 1, 1) - 0.5) * torch.tensor([0.3, 0.1]).view(2, 1, 1, 1, 1)
    varied: Tensor = (moved * (1 + gain) + shift).clamp(0, 1)
    return varied
