"""A small transformer that predicts the codes of a VQ-VAE one by one, as others do words.

References
----------
van den Oord et al. 2017, arXiv:1711.00937, sect. 3.3: a prior learned on the codes.
Esser et al. 2021, CVPR, arXiv:2012.09841: a transformer as that prior.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from training.fit import OnStep
from training.masked_autoencoder import PLACE, Block

UNTOLD = 0.2  # share of the examples without their class
WARM_UP = 200  # steps
PART = 1000  # images at a time, where nothing is learned


@dataclass(frozen=True)
class TokenRecipe:
    """Sizes of the network, and its training settings.

    Attributes
    ----------
    width, blocks, heads : of the transformer
    epochs, batch, learning_rate : AdamW; the rate rises over `WARM_UP` steps and falls to zero
        along a cosine
    dropout : of the tokens that it is shown, the share replaced by one drawn at random
    """

    width: int = 64
    blocks: int = 3
    heads: int = 4
    epochs: int = 10
    batch: int = 128
    learning_rate: float = 2e-3
    dropout: float = 0.05


class TokenPrior(nn.Module):
    """Log-odds of each token of an image, given those before it and, if told, the class.

    Parameters
    ----------
    codes, places, classes : number of different tokens, tokens of an image, classes
    recipe : sizes
    """

    def __init__(self, codes: int, places: int, classes: int, recipe: TokenRecipe) -> None:
        super().__init__()
        width = recipe.width
        self.start = nn.Parameter(torch.randn(classes + 1, width))  # the last row: not told
        self.token = nn.Parameter(torch.randn(codes, width))
        self.place = nn.Parameter(PLACE * torch.randn(places, width))
        self.blocks = nn.Sequential(
            *(Block(width, recipe.heads, causal=True) for _ in range(recipe.blocks))
        )
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, codes)

    def forward(self, tokens: Tensor, labels: Tensor) -> Tensor:
        """Log-odds of the first t + 1 tokens: (n, t) int64, (n,) int64 -> (n, t + 1, codes)."""
        h = torch.cat([self.start[labels][:, None], self.token[tokens]], 1)
        out: Tensor = self.head(self.norm(self.blocks(h + self.place[: h.shape[1]])))
        return out


def train_prior(
    tokens: Tensor, labels: Tensor, codes: int, seed: int, on_step: OnStep, recipe: TokenRecipe
) -> TokenPrior:
    """Learn the tokens of images, (n, places) int64, of the classes `labels`, (n,) int64."""
    torch.manual_seed(seed)
    classes = int(labels.max()) + 1
    model = TokenPrior(codes, tokens.shape[1], classes, recipe)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=recipe.learning_rate, weight_decay=0.01, betas=(0.9, 0.98)
    )
    steps = recipe.epochs * (len(tokens) // recipe.batch)
    rate = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda i: min(1, (i + 1) / WARM_UP) * 0.5 * (1 + math.cos(math.pi * i / steps)),
    )
    for step in range(steps):
        if step % (len(tokens) // recipe.batch) == 0:
            order = torch.randperm(len(tokens))
        at = step % (len(tokens) // recipe.batch) * recipe.batch
        batch = order[at : at + recipe.batch]
        untold = torch.rand(len(batch)) < UNTOLD
        shown = tokens[batch, :-1]
        noisy = torch.rand(shown.shape) < recipe.dropout
        shown = torch.where(noisy, torch.randint(codes, shown.shape), shown)
        logits = model(shown, torch.where(untold, classes, labels[batch]))
        loss = cross_entropy(logits.flatten(0, 1), tokens[batch].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        rate.step()
        on_step(step + 1, steps, loss.item())
    return model.requires_grad_(False).eval()


@torch.no_grad()
def token_bits(model: TokenPrior, tokens: Tensor, labels: Tensor) -> Tensor:
    """Mean cost of each place under the prior, in bits: (n, places), (n,) -> (places,)."""
    nats = [
        cross_entropy(model(part[:, :-1], known).movedim(2, 1), part, reduction="none").sum(0)
        for part, known in zip(tokens.split(PART), labels.split(PART), strict=True)
    ]
    return torch.stack(nats).sum(0) / len(tokens) / math.log(2)
