"""A VAE: pictures from a few numbers, with a normal prior to draw them from.

Kingma & Welling 2014, arXiv:1312.6114; beta: Higgins et al. 2017. `python vae.py FOLDER` reads
images, in one folder per class, or MNIST's four files; writes vae.pt, for --resume, and vae.png:
held-out images, their reconstructions, and draws from the prior."""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, interpolate
from torch.utils.data import DataLoader, TensorDataset

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp")
NUMBERS = dict(epochs=20, batch=128, size=28, width=512, latent_dim=16, beta=1.0, lr=0.001, seed=1)


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


class VAE(nn.Module):
    """q(z | x) = N(mu, exp(logvar)), p(x | z) Bernoulli with logits decoder(z), p(z) = N(0, I)."""

    def __init__(self, pixels: int, width: int, latent_dim: int) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            *(nn.Linear(pixels, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU()),
            nn.Linear(width, 2 * latent_dim),
        )
        self.decoder = nn.Sequential(
            *(nn.Linear(latent_dim, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU()),
            nn.Linear(width, pixels),
        )

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """mu and logvar of flat images (n, pixels), each (n, latent_dim)."""
        return self.encoder(x).chunk(2, dim=1)


def terms(logits: Tensor, x: Tensor, mu: Tensor, logvar: Tensor) -> tuple[Tensor, Tensor]:
    """-log p(x | z) and KL(q(z | x) || p(z)), mean nats of an image."""
    recon = binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
    kl = 0.5 * (mu.square() + logvar.exp() - 1 - logvar).sum(1)
    return recon.mean(), kl.mean()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", default="vae", help="names the files that are written")
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
    model = VAE(x.shape[1], args.width, args.latent_dim).to(args.device)
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
            recon, kl = terms(model.decoder(z), images, mu, logvar)
            loss = recon + args.beta * kl
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
        held_out = x_test.to(args.device)
        mu, logvar = model.encode(held_out)
        recon, kl = terms(
            model.decoder(mu + (0.5 * logvar).exp() * torch.randn_like(mu)), held_out, mu, logvar
        )
        draws = model.decoder(torch.randn(8, args.latent_dim, device=args.device))
        pictures = [x_test[:8], *(each[:8].sigmoid().cpu() for each in (model.decoder(mu), draws))]
    print(
        f"held out: {recon:.1f} + {kl:.1f} nats, of which {(mu.var(0) > 0.01).sum()} latents speak"
    )
    rows = [each.view(-1, *shape) for each in pictures]
    sheet = torch.cat([torch.cat(list(row), dim=2) for row in rows], dim=1).expand(3, -1, -1)
    plt.imsave(f"{args.out}.png", sheet.clip(0, 1).permute(1, 2, 0).numpy())


if __name__ == "__main__":
    main()
