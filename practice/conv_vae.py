"""A convolutional VAE: pictures of any size from a few numbers, with a normal prior.

Kingma & Welling 2014, arXiv:1312.6114. `python conv_vae.py FOLDER` reads images, in one folder per
class, or MNIST's four files; writes conv_vae.pt, for --resume, and conv_vae.png: held-out images,
their reconstructions, and draws from the prior."""

import argparse
import math
from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torch.utils.data import DataLoader, TensorDataset

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp")
NUMBERS = dict(epochs=3, batch=64, size=32, width=32, latent_dim=32, sigma=0.1, lr=0.002, seed=1)


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


class ConvVAE(nn.Module):
    """q(z | x) = N(mu, exp(logvar)), p(x | z) = N(decode(z), sigma^2 I), p(z) = N(0, I)."""

    def __init__(self, channels: int, size: int, width: int, latent_dim: int) -> None:
        super().__init__()
        down, up = list[nn.Module](), list[nn.Module]()
        maps = (channels, width, 2 * width, 4 * width)
        for inputs, outputs in pairwise(maps):  # each halves the side
            down += [nn.Conv2d(inputs, outputs, 4, 2, 1), nn.ReLU()]
            up = [nn.ReLU(), nn.ConvTranspose2d(outputs, inputs, 4, 2, 1), *up]
        last = (maps[-1], size // 8, size // 8)
        flat = math.prod(last)
        self.encoder = nn.Sequential(*down, nn.Flatten(), nn.Linear(flat, 2 * latent_dim))
        # Without a sigmoid, which on dark images soon answers 0 everywhere and passes no gradient
        self.decoder = nn.Sequential(nn.Linear(latent_dim, flat), nn.Unflatten(1, last), *up)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """mu and logvar of each image, (n, latent_dim)."""
        return self.encoder(x).chunk(2, dim=1)

    @torch.no_grad()
    def rebuild(self, x: Tensor) -> Tensor:
        """Each image from the mean of its posterior."""
        device = next(self.parameters()).device
        parts = [self.decoder(self.encode(part.to(device))[0]).cpu() for part in x.split(500)]
        return torch.cat(parts)


def negative_elbo(x_hat: Tensor, x: Tensor, mu: Tensor, logvar: Tensor, sigma: float) -> Tensor:
    """-log p(x | z), without its constant, plus KL(q(z | x) || p(z)): mean nats of an image."""
    recon = (x_hat - x).square().flatten(1).sum(1) / (2 * sigma**2)
    kl = 0.5 * (mu.square() + logvar.exp() - 1 - logvar).sum(1)
    return (recon + kl).mean()


def squared_errors(model: ConvVAE, x: Tensor, x_test: Tensor, k: int) -> dict[str, float]:
    """Squared error of a held-out image: the VAE's, that of k components, and of the mean image."""
    flat, flat_test = x.flatten(1), x_test.flatten(1)
    mean = flat.mean(0)
    axes = torch.pca_lowrank(flat - mean, min(k, *flat.shape), niter=4)[2]  # (pixels, k)
    rebuilt = {
        "VAE": model.rebuild(x_test).flatten(1),
        "PCA": mean + (flat_test - mean) @ axes @ axes.T,
        "mean image": mean.expand_as(flat_test),
    }
    return {name: (y - flat_test).square().sum(1).mean().item() for name, y in rebuilt.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", default="conv_vae", help="names the files that are written")
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
        x, x_test = read_images(args.folder, args.size)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    torch.manual_seed(args.seed)
    model = ConvVAE(x.shape[1], args.size, args.width, args.latent_dim).to(args.device)
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
            mu, logvar = model.encode(images)
            z = mu + (0.5 * logvar).exp() * torch.randn_like(mu)  # the reparameterisation
            loss = negative_elbo(model.decoder(z), images, mu, logvar, args.sigma)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            # end: step
            bar = "#" * (40 * step // len(loader))
            print(f"\repoch {epoch} {bar:40} loss {loss:.1f}", end="", flush=True)
        print()
        state = {"epoch": epoch, "model": model.state_dict(), "optimizer": optimizer.state_dict()}
        torch.save({**state, "rng": torch.get_rng_state()}, f"{args.out}.pt")
    for name, error in squared_errors(model, x, x_test, args.latent_dim).items():
        print(f"squared error of {name}: {error:.2f}")
    with torch.no_grad():
        draws = model.decoder(torch.randn(8, args.latent_dim, device=args.device)).cpu()
    rows = (x_test[:8], model.rebuild(x_test[:8]), draws)
    sheet = torch.cat([torch.cat(list(row), dim=2) for row in rows], dim=1).expand(3, -1, -1)
    plt.imsave(f"{args.out}.png", sheet.clip(0, 1).permute(1, 2, 0).numpy())  # (3 size, 8 size, 3)


if __name__ == "__main__":
    main()
