"""CLIP: encoders of pictures and of words, in which a picture and its caption attract each other.

Radford et al. 2021, arXiv:2103.00020. `python clip.py FOLDER` reads FOLDER/captions.tsv (on a line:
path, tab, caption). It writes clip.pt, from which --resume goes on, and clip.png, what is found."""

import argparse
import re
from pathlib import Path
from zlib import crc32

import matplotlib.pyplot as plt
import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, TensorDataset

NUMBERS = dict(epochs=45, batch=256, size=32, width=96, lr=0.002, seed=1)
BUCKETS = 2**14


def tokens_of(caption: str) -> list[int]:
    """Words and their parts of three letters, hashed to 1 to 16383: new words have parts, too."""
    words = [f"<{word}>" for word in re.findall(r"\w+", caption.lower())]
    parts = [word[i : i + 3] for word in words for i in range(len(word) - 2)]
    return [1 + crc32(part.encode()) % (BUCKETS - 1) for part in words + parts]


def read_pairs(folder: Path, size: int) -> tuple[Tensor, list[str]]:
    """Pictures (n, 3, size, size) in [0, 1], and the caption of each."""
    pictures, captions = [], []
    table = folder / "captions.tsv"
    unnamed = {path for path in folder.rglob("[!.]*.*") if path != table}
    for number, line in enumerate(table.read_text(encoding="utf-8").splitlines(), start=1):
        name, _, caption = line.partition("\t")
        if not tokens_of(caption):
            raise ValueError(f"{table}:{number}: accepted: PATH, a tab, CAPTION; got {line!r}")
        try:
            picture = ImageOps.fit(Image.open(folder / name).convert("RGBA"), (size, size))
        except (OSError, SyntaxError) as error:
            raise ValueError(f"{table}:{number}: {name} is not a picture: {error}") from None
        paper = Image.new("RGBA", picture.size, "white")  # behind transparent pixels
        pixels = np.array(Image.alpha_composite(paper, picture))[:, :, :3] / np.float32(255)
        pictures.append(torch.from_numpy(pixels).permute(2, 0, 1))
        captions.append(caption)
        unnamed.discard(folder / name)
    for path in unnamed:
        raise ValueError(f"{table} has no line for {path}; accepted: one for each file")
    if len(set(captions)) < 10:
        raise ValueError(f"{table} has {len(set(captions))} captions; accepted: 10 or more")
    return torch.stack(pictures), captions


class CLIP(nn.Module):
    """Both encoders, and the learned temperature as log(1 / tau) (the paper's Figure 3)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in ((3, 32), (32, 64), (64, 128)):
            layers += [nn.Conv2d(inputs, outputs, 3, 2, 1), nn.BatchNorm2d(outputs), nn.ReLU()]
        flat = (nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Dropout(0.3), nn.Linear(16 * 128, width))
        self.image = nn.Sequential(*layers, *flat)
        self.text = nn.EmbeddingBag(BUCKETS, width, mode="mean", padding_idx=0)
        self.scale = nn.Parameter(torch.tensor(1 / 0.07).log())

    def forward(self, x: Tensor, tokens: Tensor) -> Tensor:
        """Logits of each picture with each caption: (n, 3, size, size), (m, most) to (n, m)."""
        z_image, z_text = normalize(self.image(x), dim=1), normalize(self.text(tokens), dim=1)
        return self.scale.exp().clamp(max=100) * z_image @ z_text.T  # (n, width) and (width, m)


def clip_loss(logits: Tensor) -> Tensor:
    """Which caption belongs to each picture, and which picture to each caption? (n, n)"""
    pairs = torch.arange(len(logits), device=logits.device)
    return (cross_entropy(logits, pairs) + cross_entropy(logits.T, pairs)) / 2


def match_strings(x: Tensor, tokens: Tensor, x_test: Tensor, tokens_test: Tensor) -> Tensor:
    """A control: of the caption with most parts in common, the pictures most like its picture."""
    bags = (torch.zeros(len(each), BUCKETS).scatter(1, each, 1) for each in (tokens, tokens_test))
    known, asked = (normalize(bag[:, 1:]) for bag in bags)
    like = x[(asked @ known.T).argmax(1)].flatten(1)  # of the picture of the most similar caption
    return -torch.cdist(x_test.flatten(1), like)  # (pictures, captions)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", default="clip", help="names the files that are written")
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
        x, captions = read_pairs(args.folder, args.size)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    names = sorted(set(captions), key=lambda name: crc32(name.encode()))  # in no order
    test = [captions.index(name) for name in names[: min(len(names) // 5, 300)]]
    train = [at for at, name in enumerate(captions) if name not in {captions[i] for i in test}]
    tokens = pad_sequence([torch.tensor(tokens_of(caption)) for caption in captions], True)
    if not 2 <= args.batch <= len(train):
        parser.error(f"--batch accepts 2 to {len(train)}, the number of pictures; got {args.batch}")
    torch.manual_seed(args.seed)
    data = TensorDataset(x[train], tokens[train])
    loader = DataLoader(data, args.batch, shuffle=True, drop_last=True)
    model = CLIP(args.width).to(args.device)
    optimizer = torch.optim.AdamW(model.parameters(), args.lr, weight_decay=0.1)
    if args.resume:
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["rng"])
    for epoch in range(state["epoch"] + 1, args.epochs + 1):
        model.train()
        for step, (pictures, texts) in enumerate(loader, start=1):
            texts = texts * (torch.rand(texts.shape) < 0.7)  # some parts are dropped
            pictures = pictures.roll(torch.randint(-3, 4, (2,)).tolist(), (2, 3))  # moved a little
            loss = clip_loss(model(pictures.to(args.device), texts.to(args.device)))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            bar = "#" * (40 * step // len(loader))
            print(f"\repoch {epoch} {bar:40} loss {loss:.3f}", end="", flush=True)
        print()
        state = {"epoch": epoch, "model": model.state_dict(), "optimizer": optimizer.state_dict()}
        torch.save({**state, "rng": torch.get_rng_state()}, f"{args.out}.pt")
    logits = model.cpu().eval()(x[test], tokens[test]).detach()
    matched = match_strings(x[train], tokens[train], x[test], tokens[test])
    for name, each in {"CLIP": logits, "strings, then pixels": matched}.items():
        rank = (each > each.diag()).sum(0)  # of the picture of each held-out caption
        first, five = ((rank < most).float().mean() for most in (1, 5))
        print(f"right picture of {len(test)}: {name} {first:.1%} first, {five:.1%} among five")
    axes = plt.subplots(8, 6, figsize=(12, 12))[1]
    for row, caption, similar in zip(axes, names, logits.T, strict=False):
        row[0].text(0, 0.5, caption[:30])
        for axis, at in zip(row[1:], similar.argsort(descending=True), strict=False):
            axis.imshow(x[test][at].permute(1, 2, 0))
    plt.savefig(f"{args.out}.png")


if __name__ == "__main__":
    main()
