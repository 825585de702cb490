"""DDPM: a U-Net learns the noise in images, and draws new ones out of noise, class by class.

Ho et al. 2020, arXiv:2006.11239; guidance: Ho & Salimans 2022, arXiv:2207.12598. `python ddpm.py
FOLDER` reads images, in one folder per class, or MNIST's four files; writes ddpm.pt, for --resume,
and ddpm.png: draws by DDIM (Song et al. 2021, arXiv:2010.02502), a row for each class."""

import argparse
import math
from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor, nn
from torch.nn.functional import interpolate, silu
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, TensorDataset

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp")
NUMBERS = dict(epochs=5, batch=128, size=32, width=32, steps=50, guidance=2.0, lr=0.001, seed=1)


def read_images(folder: Path, size: int) -> tuple[Tensor, Tensor]:
    """Images (n, channels, size, size) in [-1, 1] in random order, and their labels (n,)."""
    if (folder / "train-images-idx3-ubyte").is_file():
        x = np.fromfile(folder / "train-images-idx3-ubyte", np.uint8, offset=16)
        y = np.fromfile(folder / "train-labels-idx1-ubyte", np.uint8, offset=8)
        images = interpolate(torch.from_numpy(x).view(-1, 1, 28, 28) / 127.5 - 1, (size, size))
        return images, torch.from_numpy(y).long()
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS)
    if len(files) < 10:
        found = f"{folder} contains {len(files)} images ({' '.join(ENDINGS)})"
        raise ValueError(f"{found}; accepted: 10 or more, or MNIST's files, unzipped")
    pictures = []
    for path in files:
        try:
            picture = ImageOps.fit(Image.open(path).convert("RGBA"), (size, size))
        except (OSError, SyntaxError) as error:
            raise ValueError(f"{path} cannot be read as an image: {error}") from None
        paper = Image.new("RGBA", picture.size, "white")  # behind transparent pixels
        pictures.append(np.array(Image.alpha_composite(paper, picture))[:, :, :3])
    y = np.unique([str(path.parent) for path in files], return_inverse=True)[1]
    order = np.random.default_rng(0).permutation(len(files))
    images = torch.from_numpy(np.stack(pictures)[order]).permute(0, 3, 1, 2)
    return images / 127.5 - 1, torch.from_numpy(y[order])


def alpha_bar(t: Tensor) -> Tensor:
    """Share of the images' variance that is left at t in [0, 1]: Nichol & Dhariwal 2021, Eq. 17."""
    return torch.cos((t + 0.008) / 1.008 * math.pi / 2).square().clamp(1e-5, 0.9999)


class Block(nn.Module):
    """Two convolutions with a way past them; time and class shift the maps between."""

    def __init__(self, inputs: int, outputs: int, known: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(8, inputs), nn.Conv2d(inputs, outputs, 3, 1, 1)
        self.norm2, self.conv2 = nn.GroupNorm(8, outputs), nn.Conv2d(outputs, outputs, 3, 1, 1)
        self.known, self.past = nn.Linear(known, outputs), nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor, known: Tensor) -> Tensor:
        h = self.conv1(silu(self.norm1(x))) + self.known(known)[:, :, None, None]
        return self.past(x) + self.conv2(silu(self.norm2(h)))


class UNet(nn.Module):
    """A block, the same at half the side and coarser, and a block that sees both."""

    def __init__(self, maps: int, coarser: list[int], known: int) -> None:
        super().__init__()
        self.down, self.up = Block(maps, maps, known), Block(2 * maps, maps, known)
        if coarser:
            self.shrink = nn.Conv2d(maps, coarser[0], 4, 2, 1)
            self.grow = nn.ConvTranspose2d(coarser[0], maps, 4, 2, 1)
        self.inner = UNet(coarser[0], coarser[1:], known) if coarser else None

    def forward(self, x: Tensor, known: Tensor) -> Tensor:
        fine = self.down(x, known)
        coarse = self.grow(self.inner(self.shrink(fine), known)) if self.inner else fine
        return self.up(torch.cat([coarse, fine], 1), known)


class Denoiser(nn.Module):
    """The noise in images (n, channels, size, size) at times (n,), told their labels (n,)."""

    def __init__(self, channels: int, width: int, labels: int) -> None:
        super().__init__()
        self.label = nn.Embedding(labels, 4 * width)
        self.time = nn.Sequential(nn.Linear(64, 4 * width), nn.SiLU())
        self.enter = nn.Conv2d(channels, width, 3, 1, 1)
        self.leave = nn.Conv2d(width, channels, 3, 1, 1)
        self.unet = UNet(width, [2 * width, 2 * width], 4 * width)

    def forward(self, x: Tensor, t: Tensor, y: Tensor) -> Tensor:
        angle = 1000 * t[:, None] * 10_000 ** (-torch.arange(32, device=x.device) / 32)
        known = self.time(torch.cat([angle.sin(), angle.cos()], 1)) + self.label(y)
        return self.leave(self.unet(self.enter(x), silu(known)))


def noise_loss(model: nn.Module, x: Tensor, y: Tensor, untold: int) -> Tensor:
    """|eps - eps_hat(x_t, t, y)|^2 a pixel, one label in ten left out (Ho et al. 2020, Eq. 14)."""
    t, eps = torch.rand(len(x)).to(x.device), torch.randn(x.shape).to(x.device)
    y = torch.where(torch.rand(len(x)).to(x.device) < 0.1, untold, y)
    a = alpha_bar(t)[:, None, None, None]
    return (model(a.sqrt() * x + (1 - a).sqrt() * eps, t, y) - eps).square().mean()


@torch.no_grad()
def draw(model: nn.Module, x: Tensor, y: Tensor, steps: int, w: float, untold: int) -> Tensor:
    """Images out of noise x, (n, channels, size, size), for labels (n,): DDIM with guidance w."""
    for now, after in pairwise(torch.linspace(1, 0, steps + 1)):
        t, a, b = now.expand(len(y)).to(x.device), alpha_bar(now), alpha_bar(after)
        eps = (1 + w) * model(x, t, y) - w * model(x, t, torch.full_like(y, untold))
        x_0 = ((x - (1 - a).sqrt() * eps) / a.sqrt()).clamp(-1, 1)
        x = b.sqrt() * x_0 + ((1 - b) / (1 - a)).sqrt() * (x - a.sqrt() * x_0)
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
    untold = int(y.max()) + 1
    model = Denoiser(x.shape[1], args.width, untold + 1).to(args.device)
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.995))  # draws better
    optimizer = torch.optim.Adam(model.parameters(), args.lr)
    loader = DataLoader(TensorDataset(x, y), args.batch, shuffle=True)
    parts = {"model": model, "averaged": averaged, "optimizer": optimizer}
    if args.resume:
        for name, part in parts.items():
            part.load_state_dict(state[name])
        torch.set_rng_state(state["rng"])
    for epoch in range(state["epoch"] + 1, args.epochs + 1):
        for step, batch in enumerate(loader, start=1):
            # part: step
            images, labels = (each.to(args.device) for each in batch)
            loss = noise_loss(model, images, labels, untold)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            averaged.update_parameters(model)
            # end: step
            bar = "#" * (40 * step // len(loader))
            print(f"\repoch {epoch} {bar:40} loss {loss:.3f}", end="", flush=True)
        print()
        state = {name: part.state_dict() for name, part in parts.items()}
        torch.save({**state, "epoch": epoch, "rng": torch.get_rng_state()}, f"{args.out}.pt")
    rows = torch.arange(min(untold, 10)).repeat_interleave(8).to(args.device)
    noise = torch.randn(len(rows), *x.shape[1:]).to(args.device)
    drawn = draw(averaged, noise, rows, args.steps, args.guidance, untold).cpu()
    sheet = drawn.view(-1, 8, *x.shape[1:]).permute(0, 3, 1, 4, 2)  # rows, height, 8, width, …
    sheet = sheet.reshape(-1, 8 * args.size, x.shape[1]).expand(-1, -1, 3)
    plt.imsave(f"{args.out}.png", ((sheet + 1) / 2).clip(0, 1).numpy())


if __name__ == "__main__":
    main()
