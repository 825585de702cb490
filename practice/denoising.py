"""A denoising autoencoder: pictures with noise in, clean ones out, beside two simpler filters.

Vincent et al. 2008, doi:10.1145/1390156.1390294. `python denoising.py FOLDER` reads images, in one
folder per class, or MNIST's four files; writes denoising.pt, for --resume, and denoising.png:
held-out images, with noise, and cleaned by the network, by components and by a median."""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor, nn
from torch.nn.functional import interpolate, pad, unfold
from torch.utils.data import DataLoader, TensorDataset

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp")
NUMBERS = dict(epochs=3, batch=64, size=32, width=32, noise=0.3, components=32, lr=0.001, seed=1)


def read_images(folder: Path, size: int) -> list[Tensor]:
    """Images (n, channels, size, size) in [0, 1]: those to train on, and those held out."""
    if (folder / "train-images-idx3-ubyte").is_file():
        data = []
        for half in ("train", "t10k"):
            x = np.fromfile(folder / f"{half}-images-idx3-ubyte", np.uint8, offset=16)
            data += [interpolate(torch.from_numpy(x).view(-1, 1, 28, 28) / 255, (size, size))]
        return data
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS)
    if len(files) < 10:
        found = f"{folder} contains {len(files)} images ({' '.join(ENDINGS)})"
        raise ValueError(f"{found}; accepted: 10 or more, or MNIST's four files, unzipped")
    x = np.empty((len(files), 3, size, size), np.float32)
    for row, path in zip(x, files, strict=True):
        try:
            picture = ImageOps.fit(Image.open(path).convert("RGBA"), (size, size))
        except (OSError, SyntaxError) as error:
            raise ValueError(f"{path} cannot be read as an image: {error}") from None
        paper = Image.new("RGBA", picture.size, "white")  # behind transparent pixels
        row[:] = np.array(Image.alpha_composite(paper, picture))[:, :, :3].transpose(2, 0, 1) / 255
    test, train = np.split(np.random.default_rng(0).permutation(len(files)), [len(files) // 5])
    return [torch.from_numpy(x[half]) for half in (train, test)]


class Denoiser(nn.Sequential):
    """Noisy images (n, channels, size, size) to clean ones; maps have a quarter of the side."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__(
            *(nn.Conv2d(channels, width, 4, 2, 1), nn.ReLU()),
            *(nn.Conv2d(width, 2 * width, 4, 2, 1), nn.ReLU()),
            *(nn.Conv2d(2 * width, 2 * width, 3, 1, 1), nn.ReLU()),
            *(nn.ConvTranspose2d(2 * width, width, 4, 2, 1), nn.ReLU()),
            nn.ConvTranspose2d(width, channels, 4, 2, 1),
        )


def damaged(x: Tensor, noise: float) -> Tensor:
    """Images with Gaussian noise of this standard deviation."""
    return x + noise * torch.randn_like(x)


def denoising_loss(cleaned: Tensor, x: Tensor) -> Tensor:
    """Squared distance from the image *without* noise, summed over its pixels."""
    return (cleaned - x).square().flatten(1).sum(1).mean()


def by_components(x: Tensor, noisy: Tensor, k: int) -> Tensor:
    """Noisy images projected on the k principal components of clean ones."""
    flat, mean = noisy.flatten(1), x.flatten(1).mean(0)
    wide = min(k + 20, *x.flatten(1).shape)  # more than k, so that the last of them are exact
    axes = torch.pca_lowrank(x.flatten(1) - mean, wide, niter=4)[2][:, :k]
    return (mean + (flat - mean) @ axes @ axes.T).view_as(noisy)


def by_median(noisy: Tensor) -> Tensor:
    """Each pixel becomes the median of the 3 x 3 around it."""
    windows = unfold(pad(noisy, (1, 1, 1, 1), mode="replicate"), 3)  # (n, channels * 9, pixels)
    return windows.unflatten(1, (-1, 9)).median(2).values.view_as(noisy)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", default="denoising", help="names the files that are written")
    parser.add_argument("--resume", action="store_true", help="continue from OUT.pt")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    for name, default in NUMBERS.items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    args = parser.parse_args()
    for name in NUMBERS:
        if not getattr(args, name) > 0:
            parser.error(f"--{name} accepts numbers above 0; got {getattr(args, name)}")
    if args.size % 4:
        parser.error(f"--size is a multiple of 4; got {args.size}")
    try:
        state: dict = torch.load(f"{args.out}.pt") if args.resume else {"epoch": 0}
        x, x_test = read_images(args.folder, args.size)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    torch.manual_seed(args.seed)
    model = Denoiser(x.shape[1], args.width).to(args.device)
    optimizer = torch.optim.Adam(model.parameters(), args.lr)
    loader = DataLoader(TensorDataset(x), args.batch, shuffle=True)
    if args.resume:
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["rng"])
    for epoch in range(state["epoch"] + 1, args.epochs + 1):
        for step, (images,) in enumerate(loader, start=1):
            images = images.to(args.device)
            # part: step
            loss = denoising_loss(model(damaged(images, args.noise)), images)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            # end: step
            bar = "#" * (40 * step // len(loader))
            print(f"\repoch {epoch} {bar:40} loss {loss:.2f}", end="", flush=True)
        print()
        state = {"epoch": epoch, "model": model.state_dict(), "optimizer": optimizer.state_dict()}
        torch.save({**state, "rng": torch.get_rng_state()}, f"{args.out}.pt")
    noisy = damaged(x_test, args.noise)
    with torch.no_grad():
        cleaned = torch.cat([model(part.to(args.device)).cpu() for part in noisy.split(500)])
    found = {
        "with noise": noisy,
        "network": cleaned,
        f"{args.components} components": by_components(x, noisy, args.components),
        "median of 3 x 3": by_median(noisy),
    }
    for name, y in found.items():
        print(f"squared error, {name}: {denoising_loss(y, x_test):.2f}")
    rows = [each[:8] for each in (x_test, *found.values())]
    sheet = torch.cat([torch.cat(list(row), dim=2) for row in rows], dim=1).expand(3, -1, -1)
    plt.imsave(f"{args.out}.png", sheet.clip(0, 1).permute(1, 2, 0).numpy())


if __name__ == "__main__":
    main()
