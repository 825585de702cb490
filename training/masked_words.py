"""A small transformer that learns to fill in hidden words.

The network is a small BERT: each word of a text attends to all others, and hidden words are guessed
from the vectors at their places.

References
----------
Devlin et al. 2019, NAACL, arXiv:1810.04805.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from training.fit import OnStep
from training.masked_autoencoder import PLACE, Block
from widgets.kit.words import END, LONGEST, MASK, SPECIAL

SHORTEST = 3  # words of a text
HIDDEN = 0.45  # share of a text's words, at most, in training
TOKENS = 1024  # of a batch
WARM_UP = 200  # steps


@dataclass(frozen=True)
class WordsRecipe:
    """Sizes of the network, and its training settings.

    Attributes
    ----------
    width, blocks, heads : of the transformer
    steps, learning_rate : AdamW; the rate rises over `WARM_UP` steps, stays, and falls to zero over
        the last fifth of the steps
    """

    width: int = 96
    blocks: int = 2
    heads: int = 4
    steps: int = 14_000
    learning_rate: float = 2e-3

    def rate_at(self, step: int) -> float:
        """Learning rate of a step, counted from 0."""
        falling = 5 * (1 - step / self.steps)
        return self.learning_rate * min(1, (step + 1) / WARM_UP, falling)


class MaskedWords(nn.Module):
    """Guesses of every word of a text from the words that are not hidden.

    Parameters
    ----------
    words : size of the vocabulary, special tokens included
    recipe : sizes
    """

    def __init__(self, words: int, recipe: WordsRecipe) -> None:
        super().__init__()
        width = recipe.width
        self.embed = nn.Parameter(torch.randn(words, width) / math.sqrt(width))
        self.place = nn.Parameter(PLACE * torch.randn(LONGEST + 1, width))
        self.blocks = nn.Sequential(*(Block(width, recipe.heads) for _ in range(recipe.blocks)))
        self.norm = nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(words))

    def encode(self, tokens: Tensor) -> Tensor:
        """The vectors at each place: (n, t) tokens to (n, t, width)."""
        width = self.embed.shape[1]
        h = math.sqrt(width) * self.embed[tokens] + self.place[: tokens.shape[1]]
        out: Tensor = self.norm(self.blocks(h))
        return out

    def guesses(self, encoded: Tensor) -> Tensor:
        """Logits of all words: (..., width) to (..., words). The word vectors are used twice."""
        return encoded @ self.embed.T + self.bias


def train_words(
    texts: Sequence[NDArray[np.int64]],
    words: int,
    seed: int,
    on_step: OnStep,
    recipe: WordsRecipe,
) -> MaskedWords:
    """Train a network on texts, each a row of tokens without the end."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = MaskedWords(words, recipe)
    optimizer = torch.optim.AdamW(
        model.parameters(),
        lr=recipe.learning_rate,
        weight_decay=0.01,
        betas=(0.9, 0.98),
        fused=True,
    )
    batches = batches_of(group_by_length(texts), rng)
    for step in range(recipe.steps):
        tokens = next(batches)
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate_at(step)
        with torch.autocast("cpu", torch.bfloat16):
            loss = hidden_loss(model, torch.from_numpy(tokens))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        on_step(step + 1, recipe.steps, loss.item())
    return model.requires_grad_(False).eval()


def hidden_loss(model: MaskedWords, tokens: Tensor) -> Tensor:
    """Cross-entropy of hidden words, in nats, for texts (n, t) that each have the end last."""
    places = tokens.shape[1] - 1
    known = (tokens[:, :-1] >= SPECIAL).float()
    most = max(1, round(HIDDEN * places))
    hidden = int(torch.randint(1, most + 1, ()))  # from one word to this many, drawn for each batch
    chosen = (torch.rand(len(tokens), places) + known).topk(hidden).indices
    rows = torch.arange(len(tokens))[:, None]
    shown = tokens.clone()
    shown[rows, chosen] = MASK
    logits = model.guesses(model.encode(shown)[rows, chosen])
    wanted = tokens[rows, chosen]
    wanted = torch.where(wanted >= SPECIAL, wanted, -100)  # unknown words are not asked for
    return cross_entropy(logits.flatten(0, 1).float(), wanted.flatten())


def group_by_length(texts: Sequence[NDArray[np.int64]]) -> list[NDArray[np.int64]]:
    """Texts of equal length as the rows of one array, with the end added: (n, t + 1) each."""
    groups = []
    for length in sorted({len(text) for text in texts}):
        rows = np.stack([text for text in texts if len(text) == length])
        groups.append(np.pad(rows, ((0, 0), (0, 1)), constant_values=END))
    return groups


def batches_of(
    groups: Sequence[NDArray[np.int64]], rng: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """Yield batches of equally long texts, about `TOKENS` tokens each, from all texts, endlessly.

    So texts need no padding, and attention needs no mask.
    """
    while True:
        batches = []
        for group in groups:
            size = max(1, TOKENS // group.shape[1])
            order = rng.permutation(len(group))
            batches += [group[order[i : i + size]] for i in range(0, len(group), size)]
        for i in rng.permutation(len(batches)):
            yield batches[i]
