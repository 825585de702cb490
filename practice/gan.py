"""A GAN: a generator draws, a discriminator tells its drawings from data, and each learns from it.

Goodfellow et al. 2014, arXiv:1406.2661; the penalty R1: Mescheder et al. 2018, arXiv:1801.04406.
`python gan.py FOLDER` reads images, or MNIST's four files; writes gan.pt, for --resume, and
gan.png: draws, and below each the nearest image that was trained on."""

import argparse
from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor, nn
from torch.nn.functional import interpolate, softplus
from torch.utils.data import DataLoader, TensorDataset

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp")
NUMBERS = dict(epochs=5, batch=64, size=32, width=32, latent_dim=64, r1=1.0, lr=0.0005, seed=1)


def read_images(folder: Path, size: int) -> Tensor:
    """Images (n, channels, size, size) in [-1, 1]."""
    if (folder / "train-images-idx3-ubyte").is_file():
        x = np.fromfile(folder / "train-images-idx3-ubyte", np.uint8, offset=16)
        return interpolate(torch.from_numpy(x).view(-1, 1, 28, 28) / 127.5 - 1, (size, size))
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS)
    if len(files) < 10:
        found = f"{folder} contains {len(files)} images ({' '.join(ENDINGS)})"
        raise ValueError(f"{found}; accepted: 10 or more, or MNIST's four files, unzipped")
    pictures = []
    for path in files:
        try:
            picture = ImageOps.fit(Image.open(path).convert("RGBA"), (size, size))
        except (OSError, SyntaxError) as error:
            raise ValueError(f"{path} cannot be read as an image: {error}") from None
        paper = Image.new("RGBA", picture.size, "white")  # behind transparent pixels
        pictures.append(np.array(Image.alpha_composite(paper, picture))[:, :, :3])
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2) / 127.5 - 1


class Generator(nn.Sequential):
    """Noise (n, latent_dim) to images (n, channels, size, size) in [-1, 1]."""

    def __init__(self, channels: int, size: int, width: int, latent_dim: int) -> None:
        maps = (4 * width, 2 * width, width)
        layers: list[nn.Module] = [
            nn.Linear(latent_dim, maps[0] * (size // 8) ** 2),
            nn.Unflatten(1, (maps[0], size // 8, size // 8)),
        ]
        for inputs, outputs in zip(maps, (*maps[1:], channels), strict=True):
            norm = [nn.BatchNorm2d(inputs), nn.ReLU()]
            layers += [*norm, nn.ConvTranspose2d(inputs, outputs, 4, 2, 1)]
        super().__init__(*layers, nn.Tanh())


class Discriminator(nn.Sequential):
    """Images to the log-odds of being data, (n,)."""

    def __init__(self, channels: int, size: int, width: int) -> None:
        layers: list[nn.Module] = []
        maps = (channels, width, 2 * width, 4 * width)
        for inputs, outputs in pairwise(maps):
            layers += [nn.Conv2d(inputs, outputs, 4, 2, 1), nn.LeakyReLU(0.2)]
        flat = maps[-1] * (size // 8) ** 2
        super().__init__(*layers, nn.Flatten(), nn.Linear(flat, 1), nn.Flatten(0))


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """-log D(x) - log(1 - D(G(z))) from log-odds (Goodfellow et al. 2014, Eq. 1)."""
    return softplus(-real).mean() + softplus(fake).mean()


def generator_loss(fake: Tensor) -> Tensor:
    """-log D(G(z)), which has a slope even where D is sure (the same paper, section 3)."""
    return softplus(-fake).mean()


def steepness(discriminator: nn.Module, x: Tensor) -> Tensor:
    """R1: half the squared slope of D's log-odds at the data (Mescheder et al. 2018, Eq. 9)."""
    x = x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(discriminator(x).sum(), x, create_graph=True)
    return 0.5 * slope.square().flatten(1).sum(1).mean()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", default="gan", help="names the files that are written")
    parser.add_argument("--resume", action="store_true", help="continue from OUT.pt")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    for name, default in NUMBERS.items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    args = parser.parse_args()
    for name in NUMBERS:
        if not getattr(args, name) > 0:
            parser.error(f"--{name} accepts numbers above 0; got {getattr(args, name)}")
    if args.size % 8:
        parser.error(f"--size is a multiple of 8; got {args.size}")
    try:
        state: dict = torch.load(f"{args.out}.pt") if args.resume else {"epoch": 0}
        x = read_images(args.folder, args.size)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    torch.manual_seed(args.seed)
    model = nn.ModuleDict(
        {
            "generator": Generator(x.shape[1], args.size, args.width, args.latent_dim),
            "discriminator": Discriminator(x.shape[1], args.size, args.width),
        }
    ).to(args.device)
    generator, discriminator = model["generator"], model["discriminator"]
    by_g, by_d = (torch.optim.Adam(m.parameters(), args.lr, (0.5, 0.99)) for m in model.values())
    loader = DataLoader(TensorDataset(x), args.batch, shuffle=True, drop_last=True)
    if args.resume:
        for name, part in {"model": model, "by_g": by_g, "by_d": by_d}.items():
            part.load_state_dict(state[name])
        torch.set_rng_state(state["rng"])
    for epoch in range(state["epoch"] + 1, args.epochs + 1):
        for step, (images,) in enumerate(loader, start=1):
            images = images.to(args.device)
            # part: step
            drawings = generator(torch.randn(len(images), args.latent_dim).to(args.device))
            loss = discriminator_loss(discriminator(images), discriminator(drawings.detach()))
            loss = loss + args.r1 * steepness(discriminator, images)
            by_d.zero_grad()
            loss.backward()
            by_d.step()
            by_g.zero_grad()
            generator_loss(discriminator(drawings)).backward()
            by_g.step()
            # end: step
            bar = "#" * (40 * step // len(loader))
            print(f"\repoch {epoch} {bar:40} loss {loss:.3f}", end="", flush=True)
        print()
        state = {"model": model.state_dict(), "by_g": by_g.state_dict(), "by_d": by_d.state_dict()}
        torch.save({**state, "epoch": epoch, "rng": torch.get_rng_state()}, f"{args.out}.pt")
    with torch.no_grad():
        drawn = generator.eval()(torch.randn(16, args.latent_dim).to(args.device)).cpu()
    nearest = x[torch.cdist(drawn.flatten(1), x.flatten(1)).argmin(1)]
    sheet = torch.cat([torch.cat(list(row), dim=2) for row in (drawn, nearest)], dim=1)
    plt.imsave(f"{args.out}.png", ((sheet.expand(3, -1, -1) + 1) / 2).permute(1, 2, 0).numpy())


if __name__ == "__main__":
    main()
