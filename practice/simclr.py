"""SimCLR: two views of an image attract each other, the views of all other images repel.

Chen et al. 2020, arXiv:2002.05709. `python simclr.py FOLDER` reads images, in one folder per class,
or MNIST's four files; writes simclr.pt, for --resume, and simclr.png: images and their nearest."""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor, nn
from torch.nn.functional import affine_grid, cross_entropy, grid_sample, interpolate, normalize
from torch.utils.data import DataLoader, TensorDataset

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp")
NUMBERS = dict(epochs=2, batch=256, size=28, width=128, temperature=0.5, lr=0.002, seed=1)


def read_images(folder: Path, size: int) -> list[Tensor]:
    """Images (n, channels, size, size) in [0, 1], labels (n,), and the same of held-out images."""
    if (folder / "train-images-idx3-ubyte").is_file():
        data = []
        for half in ("train", "t10k"):
            x = np.fromfile(folder / f"{half}-images-idx3-ubyte", np.uint8, offset=16)
            y = np.fromfile(folder / f"{half}-labels-idx1-ubyte", np.uint8, offset=8)
            images = interpolate(torch.from_numpy(x).view(-1, 1, 28, 28) / 255, (size, size))
            data += [images, torch.from_numpy(y).long()]
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
    y = np.unique([str(path.parent) for path in files], return_inverse=True)[1]
    test, train = np.split(np.random.default_rng(0).permutation(len(files)), [len(files) // 5])
    return [torch.from_numpy(each[half]) for half in (train, test) for each in (x, y)]


def augment(x: Tensor) -> Tensor:
    """A view of each image: turned, sheared, cropped and moved, with other contrast and colours."""
    theta = torch.eye(2, 3) + torch.empty(len(x), 2, 3).uniform_(-0.35, 0.35)  # (n, 2, 3)
    grid = affine_grid(theta.to(x.device), list(x.shape), align_corners=False)
    x = grid_sample(x, grid, padding_mode="border", align_corners=False)
    gain, shift = torch.rand(2, *x.shape[:2], 1, 1).to(x.device)
    return (x * (0.6 + 0.8 * gain) + 0.2 * (shift - 0.5)).clamp(0, 1)


class SimCLR(nn.Module):
    """The encoder f, whose h is the code to keep, and the projector g, whose z enters the loss."""

    def __init__(self, channels: int, width: int, latent_dim: int = 64) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in ((channels, 32), (32, 64), (64, width)):
            layers += [nn.Conv2d(inputs, outputs, 3, 2, 1), nn.BatchNorm2d(outputs), nn.ReLU()]
        self.encoder = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())  # (n, width)
        hidden = (nn.Linear(width, width), nn.BatchNorm1d(width), nn.ReLU())
        self.projector = nn.Sequential(*hidden, nn.Linear(width, latent_dim))

    @torch.no_grad()
    def encode(self, x: Tensor, device: str) -> Tensor:
        return torch.cat([self.eval().encoder(part.to(device)).cpu() for part in x.split(1000)])


def nt_xent(z1: Tensor, z2: Tensor, temperature: float) -> Tensor:
    """NT-Xent, the paper's Eq. 1: which of the 2n - 1 other views shows the same image?"""
    z = normalize(torch.cat([z1, z2]), dim=1)  # (2n, latent_dim), each of length 1
    logits = (z @ z.T / temperature).fill_diagonal_(-torch.inf)  # (2n, 2n)
    positives = torch.arange(len(z), device=z.device).roll(len(z1))  # (2n,)
    return cross_entropy(logits, positives)


def linear_probe(h: Tensor, h_test: Tensor, y: Tensor, y_test: Tensor) -> float:
    """Share of held-out images that logistic regression on their codes classifies correctly."""
    h, h_test = ((each - h.mean(0)) / (h.std(0) + 0.001) for each in (h, h_test))
    probe = nn.Linear(h.shape[1], int(y.max()) + 1)
    optimizer = torch.optim.AdamW(probe.parameters(), 0.02)
    for _ in range(200):
        optimizer.zero_grad()
        cross_entropy(probe(h), y).backward()
        optimizer.step()
    return (probe(h_test).argmax(1) == y_test).float().mean().item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", default="simclr", help="names the files that are written")
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
        x, y, x_test, y_test = read_images(args.folder, args.size)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    if not 2 <= args.batch <= len(x):
        parser.error(f"--batch accepts 2 to {len(x)}, the number of images; got {args.batch}")
    torch.manual_seed(args.seed)
    model = SimCLR(x.shape[1], args.width).to(args.device)
    optimizer = torch.optim.AdamW(model.parameters(), args.lr)
    loader = DataLoader(TensorDataset(x), args.batch, shuffle=True, drop_last=True)
    codes = {"pixels": [x.flatten(1), x_test.flatten(1)]}
    pca = torch.pca_lowrank(x.flatten(1), min(args.width, *x.flatten(1).shape))[2]
    codes["PCA"] = [pixels @ pca for pixels in codes["pixels"]]  # (n, width)
    codes["untrained"] = [model.encode(each, args.device) for each in (x, x_test)]
    if args.resume:
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["rng"])
    for epoch in range(state["epoch"] + 1, args.epochs + 1):
        model.train()
        for step, (images,) in enumerate(loader, start=1):
            # part: step
            h1, h2 = (model.encoder(augment(images.to(args.device))) for _ in range(2))
            loss = nt_xent(model.projector(h1), model.projector(h2), args.temperature)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            # end: step
            bar = "#" * (40 * step // len(loader))
            print(f"\repoch {epoch} {bar:40} loss {loss:.3f}", end="", flush=True)
        print()
        state = {"epoch": epoch, "model": model.state_dict(), "optimizer": optimizer.state_dict()}
        torch.save({**state, "rng": torch.get_rng_state()}, f"{args.out}.pt")
    codes["SimCLR"] = h, h_test = [model.encode(each, args.device) for each in (x, x_test)]
    for name, (code, code_test) in codes.items() if y.max() else ():
        print(f"linear probe of {name}: {linear_probe(code, code_test, y, y_test):.1%} correct")
    nearest = (normalize(h_test[:8]) @ normalize(h).T).topk(7).indices  # (8, 7)
    rows = torch.cat([x_test[:8, None], x[nearest]], dim=1)  # (8, 8, channels, size, size)
    sheet = rows.permute(0, 3, 1, 4, 2).flatten(0, 1).flatten(1, 2).expand(-1, -1, 3)
    plt.imsave(f"{args.out}.png", sheet.numpy())  # (8 size, 8 size, 3)


if __name__ == "__main__":
    main()
