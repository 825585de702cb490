"""DDPM: a U-Net learns the noise in images, and draws new ones out of noise, class by class.

Ho et al. 2020, arXiv:2006.11239. `python ddpm.py FOLDER` reads images, in one folder per class, or
MNIST's four files; writes ddpm.pt, for --resume, and ddpm.png: draws, a row for each class."""

import argparse
import math
from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, silu
from torch.utils.data import DataLoader, TensorDataset

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp")
NUMBERS = dict(epochs=5, batch=128, size=32, width=32, steps=50, guidance=2.0, lr=0.001, seed=1)


def read_images(folder: Path, size: int) -> tuple[Tensor, Tensor]:
    """Images (n, channels, size, size) in [-1, 1] and their labels (n,), from 1."""
    if (folder / "train-images-idx3-ubyte").is_file():
        x = np.fromfile(folder / "train-images-idx3-ubyte", np.uint8, offset=16)
        y = np.fromfile(folder / "train-labels-idx1-ubyte", np.uint8, offset=8)
        images = torch.from_numpy(x).view(-1, 1, 28, 28) / 127.5 - 1
        return interpolate(images, (size, size)), torch.from_numpy(y).long() + 1
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS)
    if len(files) < 10:
        found = f"{folder} contains {len(files)} images ({' '.join(ENDINGS)})"
        raise ValueError(f"{found}; accepted: 10 or more, or MNIST's four files, unzipped")
    pictures, paper = [], Image.new("RGBA", (size, size), "white")  # behind transparent pixels
    for path in files:
        try:
            picture = ImageOps.fit(Image.open(path).convert("RGBA"), (size, size))
        except (OSError, SyntaxError) as error:
            raise ValueError(f"{path} cannot be read as an image: {error}") from None
        pictures.append(np.array(Image.alpha_composite(paper, picture))[:, :, :3])
    y = np.unique([str(path.parent) for path in files], return_inverse=True)[1]
    images = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2) / 127.5 - 1
    return images, torch.from_numpy(y) + 1


class Block(nn.Module):
    """Two convolutions with a way past them; what is known shifts the maps between."""

    def __init__(self, inputs: int, outputs: int, known: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(8, inputs), nn.Conv2d(inputs, outputs, 3, 1, 1)
        self.norm2, self.conv2 = nn.GroupNorm(8, outputs), nn.Conv2d(outputs, outputs, 3, 1, 1)
        self.known, self.past = nn.Linear(known, outputs), nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor, known: Tensor) -> Tensor:
        h = self.conv1(silu(self.norm1(x))) + self.known(known)[:, :, None, None]
        return self.past(x) + self.conv2(silu(self.norm2(h)))


class UNet(nn.Module):
    """The noise in images (n, channels, size, size) at angles (n,) with labels (n,), 0 for none."""

    def __init__(self, channels: int, width: int, labels: int) -> None:
        super().__init__()
        known, wide = 4 * width, 2 * width
        self.label, self.time = nn.Embedding(labels + 1, known), nn.Linear(64, known)
        self.enter, self.leave = nn.Conv2d(channels, width, 1), nn.Conv2d(width, channels, 1)
        self.down = nn.ModuleList([Block(width, width, known), Block(width, wide, known)])
        self.middle = Block(wide, wide, known)
        self.up = nn.ModuleList([Block(2 * wide, wide, known), Block(wide + width, width, known)])

    def forward(self, x: Tensor, t: Tensor, y: Tensor) -> Tensor:
        angle = 1000 * t[:, None] * 10_000 ** (-torch.arange(32, device=x.device) / 32)
        known = silu(self.time(torch.cat([angle.sin(), angle.cos()], 1)) + self.label(y))
        h, fine = self.enter(x), []
        for block in self.down:
            fine.append(block(h, known))
            h = avg_pool2d(fine[-1], 2)
        h = self.middle(h, known)
        for block in self.up:
            h = block(torch.cat([interpolate(h, scale_factor=2), fine.pop()], 1), known)
        return self.leave(h)


def noise_loss(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """|eps - eps_hat(x_t, t, y)|^2 a pixel, one label in ten left out (Ho et al. 2020, Eq. 14)."""
    told, eps = torch.rand(len(x)) > 0.1, torch.randn(x.shape).to(x.device)
    t = (torch.rand(len(x)) * math.pi / 2).to(x.device)  # cos(t)^2 is alpha_bar
    x_t = t.cos()[:, None, None, None] * x + t.sin()[:, None, None, None] * eps
    return (model(x_t, t, y * told.to(x.device)) - eps).square().mean()


@torch.no_grad()
def draw(model: nn.Module, x: Tensor, y: Tensor, steps: int, w: float) -> Tensor:
    """Images out of noise x by DDIM (arXiv:2010.02502), with guidance w (arXiv:2207.12598)."""
    for t, after in pairwise(torch.linspace(1.55, 0, steps + 1).to(x.device)):
        at = t.expand(len(y))
        eps = (1 + w) * model(x, at, y) - w * model(x, at, 0 * y)
        x_0 = ((x - t.sin() * eps) / t.cos()).clamp(-1, 1)
        x = after.cos() * x_0 + after.sin() / t.sin() * (x - t.cos() * x_0)
    return x


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", default="ddpm", help="names the files that are written")
    parser.add_argument("--resume", action="store_true", help="continue from OUT.pt")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    for name, default in NUMBERS.items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    args = parser.parse_args()
    for name in NUMBERS:
        if not getattr(args, name) > 0:
            parser.error(f"--{name} accepts numbers above 0; got {getattr(args, name)}")
    if args.size % 4 or args.width % 8:
        parser.error(f"--size is a multiple of 4, --width of 8; got {args.size}, {args.width}")
    try:
        state: dict = torch.load(f"{args.out}.pt") if args.resume else {"epoch": 0}
        x, y = read_images(args.folder, args.size)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    torch.manual_seed(args.seed)
    model = UNet(x.shape[1], args.width, int(y.max())).to(args.device)
    optimizer = torch.optim.Adam(model.parameters(), args.lr)
    loader = DataLoader(TensorDataset(x, y), args.batch, shuffle=True)
    if args.resume:
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["rng"])
    for epoch in range(state["epoch"] + 1, args.epochs + 1):
        for step, (images, labels) in enumerate(loader, start=1):
            loss = noise_loss(model, images.to(args.device), labels.to(args.device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            bar = "#" * (40 * step // len(loader))
            print(f"\repoch {epoch} {bar:40} loss {loss:.3f}", end="", flush=True)
        print()
        state = {"epoch": epoch, "model": model.state_dict(), "optimizer": optimizer.state_dict()}
        torch.save({**state, "rng": torch.get_rng_state()}, f"{args.out}.pt")
    rows = torch.arange(1, 11)[: y.max()].repeat_interleave(8).to(args.device)
    noise = torch.randn(len(rows), *x.shape[1:]).to(args.device)
    drawn = draw(model, noise, rows, args.steps, args.guidance).cpu() / 2 + 0.5
    sheet = torch.cat([torch.cat(list(row), dim=2) for row in drawn.split(8)], dim=1)
    plt.imsave(f"{args.out}.png", sheet.expand(3, -1, -1).clip(0, 1).permute(1, 2, 0).numpy())


if __name__ == "__main__":
    main()
