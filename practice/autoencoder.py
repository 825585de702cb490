"""An autoencoder: pictures through a narrow code and back, beside principal components.

Hinton & Salakhutdinov 2006, doi:10.1126/science.1127647. `python autoencoder.py FOLDER` reads
images, in one folder per class, or MNIST's four files; writes autoencoder.pt, for --resume, and
autoencoder.png: held-out images, their reconstructions, and those by as many components."""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torch.utils.data import DataLoader, TensorDataset

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp")
NUMBERS = dict(epochs=20, batch=128, size=28, width=512, latent_dim=30, lr=0.001, seed=1)


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


class Autoencoder(nn.Module):
    """Flat images (n, pixels) to codes (n, latent_dim), and back."""

    def __init__(self, pixels: int, width: int, latent_dim: int) -> None:
        super().__init__()
        half = max(width // 2, 1)
        self.encoder = nn.Sequential(
            *(nn.Linear(pixels, width), nn.ReLU(), nn.Linear(width, half), nn.ReLU()),
            nn.Linear(half, latent_dim),
        )
        self.decoder = nn.Sequential(
            *(nn.Linear(latent_dim, half), nn.ReLU(), nn.Linear(half, width), nn.ReLU()),
            nn.Linear(width, pixels),
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The reconstruction and the code."""
        z = self.encoder(x)
        return self.decoder(z), z


def reconstruction_loss(x_hat: Tensor, x: Tensor) -> Tensor:
    """Squared error of an image, summed over its pixels."""
    return (x_hat - x).square().sum(1).mean()


def by_components(x: Tensor, x_test: Tensor, k: int) -> Tensor:
    """Flat images from their k principal components, which x, (n, pixels), decides."""
    mean = x.mean(0)
    wide = min(k + 20, *x.shape)  # more than k, so that the last of them are exact
    axes = torch.pca_lowrank(x - mean, wide, niter=4)[2][:, :k]
    return mean + (x_test - mean) @ axes @ axes.T


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", default="autoencoder", help="names the files that are written")
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
        data = read_images(args.folder, args.size)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    shape = data[0].shape[1:]
    x, x_test = (each.flatten(1) for each in data)
    torch.manual_seed(args.seed)
    model = Autoencoder(x.shape[1], args.width, args.latent_dim).to(args.device)
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
            x_hat, _ = model(images)
            loss = reconstruction_loss(x_hat, images)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            # end: step
            bar = "#" * (40 * step // len(loader))
            print(f"\repoch {epoch} {bar:40} loss {loss:.2f}", end="", flush=True)
        print()
        state = {"epoch": epoch, "model": model.state_dict(), "optimizer": optimizer.state_dict()}
        torch.save({**state, "rng": torch.get_rng_state()}, f"{args.out}.pt")
    with torch.no_grad():
        rebuilt = torch.cat([model(part.to(args.device))[0].cpu() for part in x_test.split(500)])
    components = by_components(x, x_test, args.latent_dim)
    for name, found in (("autoencoder", rebuilt), ("PCA", components), ("mean", x.mean(0))):
        print(f"squared error of {name}: {(found - x_test).square().sum(1).mean():.2f}")
    rows = [each[:8].view(-1, *shape) for each in (x_test, rebuilt, components)]
    sheet = torch.cat([torch.cat(list(row), dim=2) for row in rows], dim=1).expand(3, -1, -1)
    plt.imsave(f"{args.out}.png", sheet.clip(0, 1).permute(1, 2, 0).numpy())


if __name__ == "__main__":
    main()
