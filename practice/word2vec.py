"""word2vec: a vector for each word of a text, which tells what words surround it.

Skip-gram with negative sampling, Mikolov et al. 2013, arXiv:1310.4546. `python word2vec.py TEXT`
reads a UTF-8 text of 10,000 words or more; of 1 million words it learns neighbours that make sense.
It writes word2vec.pt, from which --resume goes on, and word2vec.png, a map of frequent words."""

import argparse
import re
from collections import Counter
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid, normalize
from torch.utils.data import DataLoader, Dataset

NUMBERS = dict(epochs=4, batch=1024, width=100, window=5, negatives=5, least=10, lr=0.003, seed=1)
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def read_words(path: Path, least: int) -> tuple[list[str], Tensor]:
    """Words that occur at least so often, frequent ones first, and the text as their numbers."""
    words = WORD.findall(path.read_text(encoding="utf-8").lower())
    if len(words) < 10_000:
        raise ValueError(f"{path} contains {len(words)} words; accepted: 10000 or more")
    vocabulary = [word for word, count in Counter(words).most_common() if count >= least]
    if len(vocabulary) < 100:
        found = f"{len(vocabulary)} words of {path} occur {least} times"
        raise ValueError(f"{found}; accepted: 100 or more, so lower --least or use a longer text")
    number = {word: index for index, word in enumerate(vocabulary)}
    return vocabulary, torch.tensor([number[word] for word in words if word in number])


class Windows(Dataset[tuple[Tensor, Tensor]]):
    """Each word with `window` neighbours to each side, after frequent ones have been thinned."""

    def __init__(self, text: Tensor, chance: Tensor, window: int) -> None:
        rare = 1e-4 / chance[text]
        self.text = text[torch.rand(len(text)) < rare.sqrt()]  # Eq. 5: dropped by 1 - sqrt(t / f)
        self.around = torch.tensor([step for step in range(-window, window + 1) if step])

    def __len__(self) -> int:
        return len(self.text) - 2 * len(self.around)

    def __getitems__(self, places: list[int]) -> tuple[Tensor, Tensor]:
        """A whole batch at once: centres (n,) and contexts (n, 2 window)."""
        centre = torch.tensor(places) + len(self.around)
        return self.text[centre], self.text[centre[:, None] + self.around]


class SkipGram(nn.Module):
    """Two vectors for each word: v as the centre of a window, u as a context."""

    def __init__(self, words: int, width: int) -> None:
        super().__init__()
        self.v, self.u = nn.Embedding(words, width), nn.Embedding(words, width)
        nn.init.uniform_(self.v.weight, -0.5 / width, 0.5 / width)
        nn.init.zeros_(self.u.weight)

    def forward(self, centre: Tensor, context: Tensor) -> Tensor:
        """Similarity of each centre (n,) and its contexts (n, k), the logits: (n, k)."""
        return torch.einsum("nd,nkd->nk", self.v(centre), self.u(context))


def negative_sampling(positive: Tensor, negative: Tensor) -> Tensor:
    """The paper's Eq. 4, sign turned, one context: logits (n, contexts) and (n, negatives)."""
    return -logsigmoid(positive).mean() - logsigmoid(-negative).sum(1).mean()


def count_scores(data: Windows, words: int, centre: Tensor, context: Tensor) -> Tensor:
    """A control: positive PMI from counts of all pairs, centres (n,), contexts (n, k) to (n,)."""
    a, b = data.__getitems__(list(range(len(data))))
    pairs, times = (a[:, None] * words + b).unique(return_counts=True)
    asked = centre[:, None] * words + context  # (n, k)
    at = torch.searchsorted(pairs, asked).clamp(max=len(pairs) - 1)
    alone = a.bincount(minlength=words)
    chance = alone[centre][:, None] * alone[context] / len(a)  # of pairs, for each context
    return ((pairs[at] == asked) * times[at] / chance.clamp(min=1e-9)).clamp(min=1).log().sum(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("text", type=Path)
    parser.add_argument("--out", default="word2vec", help="names the files that are written")
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
        vocabulary, text = read_words(args.text, args.least)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    torch.manual_seed(args.seed)
    text, held_out = text.split([len(text) - len(text) // 10, len(text) // 10])
    counts = text.bincount(minlength=len(vocabulary)).clamp(min=1)
    chance = counts / counts.sum()
    noise = counts**0.75  # the distribution of negatives, section 2.2
    data = Windows(text, chance, args.window)
    test = Windows(held_out, chance, args.window)
    model = SkipGram(len(vocabulary), args.width).to(args.device)
    optimizer = torch.optim.Adam(model.parameters(), args.lr)
    loader = DataLoader(data, args.batch, shuffle=True, collate_fn=lambda batch: batch)
    if args.resume:
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["rng"])
    for epoch in range(state["epoch"] + 1, args.epochs + 1):
        for step, (centre, context) in enumerate(loader, start=1):
            shape = len(centre), args.negatives
            negative = noise.multinomial(len(centre) * args.negatives, True).view(shape)
            centre, context, negative = (e.to(args.device) for e in (centre, context, negative))
            loss = negative_sampling(model(centre, context), model(centre, negative))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if step % 20 == 0 or step == len(loader):
                bar = "#" * (40 * step // len(loader))
                print(f"\repoch {epoch} {bar:40} loss {loss:.3f}", end="", flush=True)
        print()
        state = {"epoch": epoch, "model": model.state_dict(), "optimizer": optimizer.state_dict()}
        state = {**state, "vocabulary": vocabulary, "rng": torch.get_rng_state()}
        torch.save(state, f"{args.out}.pt")
    model.cpu()
    centre, context = test.__getitems__(list(range(len(test))))
    words = centre, centre[torch.randperm(len(centre))]
    learned = [model(word, context).sum(1) for word in words]
    counted = [count_scores(data, len(vocabulary), word, context) for word in words]
    for name, (right, wrong) in {"word2vec": learned, "counts": counted}.items():
        share = (right > wrong).float().mean() + (right == wrong).float().mean() / 2
        print(f"which of two words is in the middle of a held-out window: {name} {share:.1%}")
    v = normalize(model.v.weight.detach())
    for word in range(200, min(1000, len(vocabulary)), 100):
        near = (v @ v[word]).topk(6).indices[1:]
        print(f"{vocabulary[word]}: {', '.join(vocabulary[at] for at in near)}")
    flat = torch.pca_lowrank(v[100:180], 2)
    plt.figure(figsize=(9, 9))
    for (x, y), word in zip((flat[0] * flat[1]).tolist(), vocabulary[100:180], strict=True):
        plt.text(x, y, word)
    plt.savefig(f"{args.out}.png")


if __name__ == "__main__":
    main()
