"""A transformer encoder, written out, that fills in hidden characters of a text.

Vaswani et al. 2017, arXiv:1706.03762; Devlin et al. 2019 (BERT), arXiv:1810.04805. Positions as in
T5, Raffel et al. 2020, arXiv:1910.10683. `python attention.py TEXT` reads UTF-8 and writes
attention.pt, from which --resume goes on, and attention.png: where the last block's heads look."""

import argparse
from collections import Counter
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, gelu
from torch.utils.data import DataLoader, TensorDataset

NUMBERS = dict(epochs=1, batch=64, length=32, width=32, heads=4, depth=2, lr=0.003, seed=1)


def read_text(path: Path) -> tuple[str, Tensor]:
    """The symbols, two signs and all characters that occur often, and the text as their numbers."""
    text = path.read_text(encoding="utf-8")
    if len(text) < 100_000:
        raise ValueError(f"{path} contains {len(text)} characters; accepted: 100000 or more")
    symbols = "\0\1" + "".join(sign for sign, times in Counter(text).most_common() if times > 99)
    number = {character: index for index, character in enumerate(symbols)}
    return symbols, torch.tensor([number.get(character, 1) for character in text])


class Attention(nn.Module):
    """Each token asks all others, in several heads at once (the paper's Eq. 1, section 3.2.2)."""

    def __init__(self, width: int, heads: int, length: int) -> None:
        super().__init__()
        self.heads = heads
        far = torch.arange(1 - length, length).abs()
        self.position = nn.Parameter(torch.randn(heads, len(far)) - far)  # near ones count first
        place = torch.arange(length)
        self.register_buffer("step", place[:, None] - place + length - 1)  # (length, length)
        self.queries, self.keys = nn.Linear(width, width), nn.Linear(width, width)
        self.values, self.out = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        parts = self.queries(x), self.keys(x), self.values(x)  # (n, length, width) each
        q, k, v = (each.unflatten(2, (self.heads, -1)).transpose(1, 2) for each in parts)
        logits = q @ k.mT / q.shape[3] ** 0.5  # (n, heads, length, length)
        self.weights = (logits + self.position[:, self.step]).softmax(3)  # each row sums to 1
        mixed = self.weights @ v  # (n, heads, length, width / heads)
        return self.out(mixed.transpose(1, 2).flatten(2))  # (n, length, width)


class Block(nn.Module):
    """Attention between tokens, then a small network for each; both add to the residual stream."""

    def __init__(self, width: int, heads: int, length: int) -> None:
        super().__init__()
        self.norm1, self.attention = nn.LayerNorm(width), Attention(width, heads, length)
        self.norm2 = nn.LayerNorm(width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.down(gelu(self.up(self.norm2(x))))  # (n, length, width)


class Encoder(nn.Module):
    """Characters and their positions to codes z, and those of hidden ones to logits."""

    def __init__(self, symbols: int, length: int, head: int, heads: int, depth: int) -> None:
        super().__init__()
        width = heads * head
        self.symbol = nn.Embedding(symbols, width)
        self.blocks = nn.Sequential(*(Block(width, heads, length) for _ in range(depth)))
        self.norm, self.logits = nn.LayerNorm(width), nn.Linear(width, symbols)

    def forward(self, text: Tensor, hidden: Tensor) -> Tensor:
        z = self.norm(self.blocks(self.symbol(text)))  # (n, length, width), each in its context
        return self.logits(z[hidden])  # (hidden, symbols)


def hide(text: Tensor) -> tuple[Tensor, Tensor]:
    """15 % of each text replaced by the sign 0, and where (BERT, section 3.1): (n, length) both."""
    hidden = (torch.rand(text.shape) < 0.15) & (text != 1)
    return text.masked_fill(hidden, 0), hidden


def guess_by_counts(text: Tensor, shown: Tensor, hidden: Tensor) -> Tensor:
    """A control without learning: what is most often between the same four neighbours."""
    powers = {-2: 1, -1: 2, 1: 3, 2: 4}
    base = int(text.max()) + 1
    around = sum(text.roll(step) * base**power for step, power in powers.items())
    found, times = (around + text).unique(return_counts=True)
    best = {each // base: each % base for each in found[times.argsort()].tolist()}  # last one stays
    asked = sum(shown.roll(step, 1) * base**power for step, power in powers.items())[hidden]
    return torch.tensor([best.get(key, 2) for key in (asked // base).tolist()])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("text", type=Path)
    parser.add_argument("--out", default="attention", help="names the files that are written")
    parser.add_argument("--resume", action="store_true", help="continue from OUT.pt")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    for name, default in NUMBERS.items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    args = parser.parse_args()
    for name in NUMBERS:
        if not getattr(args, name) > 0:
            parser.error(f"--{name} accepts numbers above 0; got {getattr(args, name)}")
    try:
        state: dict = torch.load(f"{args.out}.pt") if args.resume else {"epoch": 0}
        symbols, text = read_text(args.text)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    torch.manual_seed(args.seed)
    pieces = text[: len(text) // args.length * args.length].view(-1, args.length)
    pieces, test = pieces.split([len(pieces) - len(pieces) // 10, len(pieces) // 10])
    loader = DataLoader(TensorDataset(pieces), args.batch, shuffle=True)
    model = Encoder(len(symbols), args.length, args.width, args.heads, args.depth).to(args.device)
    optimizer = torch.optim.AdamW(model.parameters(), args.lr)
    if args.resume:
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["rng"])
    for epoch in range(state["epoch"] + 1, args.epochs + 1):
        for step, (batch,) in enumerate(loader, start=1):
            shown, hidden = (each.to(args.device) for each in hide(batch))
            loss = cross_entropy(model(shown, hidden), batch.to(args.device)[hidden])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            bar = "#" * (40 * step // len(loader))
            print(f"\repoch {epoch} {bar:40} loss {loss:.3f}", end="", flush=True)
        print()
        state = {"epoch": epoch, "model": model.state_dict(), "optimizer": optimizer.state_dict()}
        torch.save({**state, "symbols": symbols, "rng": torch.get_rng_state()}, f"{args.out}.pt")
    shown, hidden = hide(test[:3000])
    with torch.no_grad():
        guess = model.cpu()(shown, hidden).argmax(1)
    counted = guess_by_counts(pieces.flatten(), shown, hidden)
    right = [(each == test[:3000][hidden]).float().mean() for each in (guess, counted)]
    print(f"hidden characters filled in: transformer {right[0]:.1%}, counts {right[1]:.1%}")
    plt.figure(figsize=(5 * args.heads, 6))  # each row is a character, which asks all others
    plt.imshow(torch.cat([*model.blocks[-1].attention.weights[0]], 1), cmap="Greys")
    plt.yticks(range(args.length), ["_" if at == 0 else symbols[at] for at in shown[0].tolist()])
    plt.savefig(f"{args.out}.png")


if __name__ == "__main__":
    main()
