"""A VQ-VAE: pictures as tokens from a learned table, and a transformer that draws new ones.

van den Oord et al. 2017, arXiv:1711.00937. `python vqvae.py FOLDER` reads images, or MNIST's four
files; writes vqvae.pt, for --resume, and vqvae.png: images, reconstructions, and draws."""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, interpolate
from torch.utils.data import DataLoader, TensorDataset

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp")
NUMBERS = dict(epochs=5, batch=64, size=32, width=32, codes=64, blocks=2, lr=0.001, seed=1)


def read_images(folder: Path, size: int) -> Tensor:
    """Images (n, channels, size, size) in [0, 1]."""
    if (folder / "train-images-idx3-ubyte").is_file():
        x = np.fromfile(folder / "train-images-idx3-ubyte", np.uint8, offset=16)
        return interpolate(torch.from_numpy(x).view(-1, 1, 28, 28) / 255, (size, size))
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
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2) / 255


class VQVAE(nn.Module):
    """Images to tokens, 0 to codes - 1, at a quarter of their side, and back."""

    def __init__(self, channels: int, width: int, codes: int) -> None:
        super().__init__()
        down = [nn.Conv2d(channels, width, 4, 2, 1), nn.SiLU(), nn.Conv2d(width, width, 4, 2, 1)]
        self.encoder = nn.Sequential(*down, nn.SiLU(), nn.Conv2d(width, 8, 1))
        self.table = nn.Parameter(0.1 * torch.randn(codes, 8))
        up = [nn.ConvTranspose2d(width, width, 4, 2, 1), nn.SiLU()]
        up += [nn.ConvTranspose2d(width, channels, 4, 2, 1)]
        self.decoder = nn.Sequential(nn.Conv2d(8, width, 3, 1, 1), nn.SiLU(), *up)

    def tokens(self, z: Tensor) -> Tensor:
        """The nearest entry of the table to each vector of z: (n, 8, h, w) to (n, h, w)."""
        return (self.table.square().sum(1) - 2 * z.movedim(1, -1) @ self.table.T).argmin(-1)

    def draw(self, tokens: Tensor) -> Tensor:
        """The images of tokens, (n, h, w)."""
        return self.decoder(self.table[tokens].movedim(-1, 1))


def vq_loss(model: VQVAE, x: Tensor) -> Tensor:
    """Squared error of the images, of the table, and a quarter of that of the encoder (Eq. 3)."""
    z = model.encoder(x)
    e = model.table[model.tokens(z)].movedim(-1, 1)
    x_hat = model.decoder(z + (e - z).detach())  # hands the gradient straight to z
    terms = (x_hat - x, e - z.detach(), 0.5 * (z - e.detach()))
    return torch.stack([term.square().flatten(1).sum(1).mean() for term in terms]).sum()


class Prior(nn.Module):
    """Log-odds of each token from those before it: (n, t) to (n, t + 1, codes)."""

    def __init__(self, codes: int, places: int, width: int, blocks: int) -> None:
        super().__init__()
        self.token, self.place = nn.Embedding(codes + 1, width), nn.Embedding(places, width)
        block = nn.TransformerEncoderLayer(width, 4, 4 * width, 0.0, "gelu", batch_first=True)
        self.blocks, self.head = nn.TransformerEncoder(block, blocks), nn.Linear(width, codes)

    def forward(self, tokens: Tensor) -> Tensor:
        start = torch.full((len(tokens), 1), self.head.out_features, device=tokens.device)
        h = self.token(torch.cat([start, tokens], 1)) + self.place.weight[: tokens.shape[1] + 1]
        later = torch.ones(h.shape[1], h.shape[1], device=h.device).triu(1).bool()
        return self.head(self.blocks(h, later))


@torch.no_grad()
def draw_tokens(prior: Prior, n: int) -> Tensor:
    """Tokens of new images, one by one: (n, places)."""
    tokens = torch.empty(n, 0, dtype=torch.int64, device=prior.head.weight.device)
    for _ in range(prior.place.num_embeddings):
        drawn = torch.multinomial(prior(tokens)[:, -1].softmax(1), 1)
        tokens = torch.cat([tokens, drawn], 1)
    return tokens


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", default="vqvae", help="names the files that are written")
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
        x = read_images(args.folder, args.size)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    torch.manual_seed(args.seed)
    vqvae = VQVAE(x.shape[1], args.width, args.codes)
    prior = Prior(args.codes, (args.size // 4) ** 2, 4 * args.width, args.blocks)
    model = nn.ModuleDict({"vqvae": vqvae, "prior": prior}).to(args.device)
    optimizer = torch.optim.Adam(model.parameters(), args.lr)
    loader = DataLoader(TensorDataset(x), args.batch, shuffle=True)
    if args.resume:
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["rng"])
    for epoch in range(state["epoch"] + 1, args.epochs + 1):
        for step, (images,) in enumerate(loader, start=1):
            images = images.to(args.device)
            tokens = vqvae.tokens(vqvae.encoder(images)).flatten(1)
            nats = cross_entropy(prior(tokens[:, :-1]).flatten(0, 1), tokens.flatten())
            loss = vq_loss(vqvae, images) + nats  # of weights that the other does not have
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            bar = "#" * (40 * step // len(loader))
            print(f"\repoch {epoch} {bar:40} loss {loss:.2f}", end="", flush=True)
        print()
        state = {"epoch": epoch, "model": model.state_dict(), "optimizer": optimizer.state_dict()}
        torch.save({**state, "rng": torch.get_rng_state()}, f"{args.out}.pt")
    with torch.no_grad():
        tokens = vqvae.tokens(vqvae.encoder(x[:8].to(args.device)))
        tokens = torch.cat([tokens, draw_tokens(prior, 8).view_as(tokens)])
        rows = torch.cat([x[:8], vqvae.draw(tokens).cpu()]).split(8)
    sheet = torch.cat([torch.cat(list(row), dim=2) for row in rows], dim=1).expand(3, -1, -1)
    plt.imsave(f"{args.out}.png", sheet.clip(0, 1).permute(1, 2, 0).numpy())


if __name__ == "__main__":
    main()
