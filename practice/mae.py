"""MAE: hide three quarters of an image's patches, encode the rest, and draw what was hidden.

He et al. 2022, arXiv:2111.06377. `python mae.py FOLDER` reads images, or MNIST's four files. It
writes mae.pt, from which --resume goes on, and mae.png: held-out images, what the encoder sees of
each, what the decoder makes of that, and the same patches of the most similar training image."""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor, nn
from torch.nn.functional import fold, interpolate, unfold
from torch.utils.data import DataLoader, TensorDataset

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp")
NUMBERS = dict(epochs=5, batch=128, size=28, patch=7, width=96, depth=3, lr=0.002, seed=1)


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


def blocks(width: int, depth: int) -> nn.Module:
    """Transformer blocks: (n, tokens, width) to the same. attention.py has them written out."""
    layer = nn.TransformerEncoderLayer(width, 4, 2 * width, 0, "gelu", 1e-5, True, norm_first=True)
    return nn.TransformerEncoder(layer, depth, nn.LayerNorm(width), enable_nested_tensor=False)


class MAE(nn.Module):
    """The encoder gets visible patches only, the decoder mask tokens as well (section 3 there)."""

    def __init__(self, patches: int, pixels: int, width: int, depth: int) -> None:
        super().__init__()
        self.embed, self.place = nn.Linear(pixels, width), nn.Parameter(torch.randn(patches, width))
        self.encoder, self.narrow = blocks(width, depth), nn.Linear(width, width // 2)
        self.mask_token = nn.Parameter(torch.zeros(width // 2))
        self.decoder_place = nn.Parameter(torch.randn(patches, width // 2))
        self.decoder, self.to_pixels = blocks(width // 2, 1), nn.Linear(width // 2, pixels)

    def encode(self, patches: Tensor, visible: Tensor) -> Tensor:
        tokens = self.embed(patches) + 0.5 * self.place  # (n, patches, width)
        return self.encoder(tokens.take_along_dim(visible[:, :, None], 1))  # (n, visible, width)

    def forward(self, patches: Tensor, visible: Tensor) -> Tensor:
        z = self.narrow(self.encode(patches, visible))  # (n, visible, width / 2)
        tokens = self.mask_token.expand(*patches.shape[:2], -1)  # (n, patches, width / 2)
        tokens = tokens.scatter(1, visible[:, :, None].expand_as(z), z) + 0.5 * self.decoder_place
        return self.to_pixels(self.decoder(tokens))  # (n, patches, pixels)


def draw_visible(n: int, patches: int) -> Tensor:
    """Which patches of each of n images are not hidden: (n, visible)."""
    return torch.rand(n, patches).argsort(1)[:, : max(1, patches // 4)]


def hidden_error(x_hat: Tensor, patches: Tensor, visible: Tensor) -> Tensor:
    """Mean squared error over the pixels of hidden patches only."""
    error = (x_hat - patches).square().mean(2).scatter(1, visible, 0)  # (n, patches)
    return error.sum() / (error.numel() - visible.numel())


def most_similar(x: Tensor, patches: Tensor, visible: Tensor) -> Tensor:
    """A control: the training image that is nearest in the visible patches, (patches, pixels)."""
    return x[(x[:, visible] - patches[visible]).square().sum((1, 2)).argmin()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", default="mae", help="names the files that are written")
    parser.add_argument("--resume", action="store_true", help="continue from OUT.pt")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    for name, default in NUMBERS.items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    args = parser.parse_args()
    for name in NUMBERS:
        if not getattr(args, name) > 0:
            parser.error(f"--{name} accepts numbers above 0; got {getattr(args, name)}")
    if args.size % args.patch or args.width % 8:
        parser.error(
            f"--size is a multiple of --patch, --width of 8; got {args.size}, {args.width}"
        )
    try:
        state: dict = torch.load(f"{args.out}.pt") if args.resume else {"epoch": 0}
        x, x_test = read_images(args.folder, args.size)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    torch.manual_seed(args.seed)
    # (n, channels, size, size) -> (n, patches, channels * patch * patch)
    x, x_test = (unfold(each, args.patch, stride=args.patch).mT for each in (x, x_test))
    model = MAE(x.shape[1], x.shape[2], args.width, args.depth).to(args.device)
    optimizer = torch.optim.AdamW(model.parameters(), args.lr)
    loader = DataLoader(TensorDataset(x), args.batch, shuffle=True)
    if args.resume:
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["rng"])
    for epoch in range(state["epoch"] + 1, args.epochs + 1):
        for step, (patches,) in enumerate(loader, start=1):
            patches = patches.to(args.device)
            visible = draw_visible(*patches.shape[:2]).to(args.device)
            loss = hidden_error(model(patches, visible), patches, visible)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            bar = "#" * (40 * step // len(loader))
            print(f"\repoch {epoch} {bar:40} loss {loss:.4f}", end="", flush=True)
        print()
        state = {"epoch": epoch, "model": model.state_dict(), "optimizer": optimizer.state_dict()}
        torch.save({**state, "rng": torch.get_rng_state()}, f"{args.out}.pt")
    x_test = x_test[:100]
    visible = draw_visible(*x_test.shape[:2])
    with torch.no_grad():
        drawn = model.cpu()(x_test, visible)
    similar = torch.stack([most_similar(x, *each) for each in zip(x_test, visible, strict=True)])
    mean = x.mean(0).expand_as(x_test)
    for name, x_hat in {"MAE": drawn, "mean image": mean, "most similar image": similar}.items():
        print(f"error of hidden pixels, {name}: {hidden_error(x_hat, x_test, visible):.4f}")
    hidden = torch.ones(x_test.shape[:2]).scatter(1, visible, 0)[:, :, None]  # (n, patches, 1)
    shown = [x_test.lerp(each, hidden)[:12] for each in (x_test, 0 * x_test + 0.5, drawn, similar)]
    tiles = fold(torch.cat(shown).mT, args.size, args.patch, stride=args.patch).clamp(0, 1)
    sheet = tiles.unflatten(0, (4, -1)).permute(0, 3, 1, 4, 2).flatten(0, 1).flatten(1, 2)
    plt.imsave(f"{args.out}.png", sheet.expand(-1, -1, 3).numpy())  # (4 size, 12 size, 3)


if __name__ == "__main__":
    main()
