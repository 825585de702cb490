"""A sparse autoencoder: features of a network as sums of a few entries of a large dictionary.

TopK: Gao et al. 2024, arXiv:2406.04093. `python sparse_autoencoder.py FEATURES.npy` reads an array
(n, d); writes sparse_autoencoder.pt, for --resume, sparse_autoencoder.npz with the dictionary and
the strongest examples of each entry, and sparse_autoencoder.png: how often each entry is used."""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

NUMBERS = dict(epochs=20, batch=256, entries=1024, active=16, shown=9, lr=0.001, seed=1)


def read_features(path: Path) -> tuple[Tensor, Tensor]:
    """Features (n, d), with mean 0 and a mean squared length of d: to train on, and held out."""
    x = np.load(path, allow_pickle=False)
    if x.ndim != 2 or len(x) < 10 or x.dtype.kind not in "fiu" or not np.isfinite(x).all():
        found = f"{path} contains {x.dtype} of shape {x.shape}"
        raise ValueError(f"{found}; accepted: finite numbers of shape (n, d), n from 10")
    test, train = np.split(np.random.default_rng(0).permutation(len(x)), [len(x) // 5])
    off = torch.from_numpy(
        x.astype(np.float32) - x[train].mean(0, dtype=np.float64).astype(np.float32)
    )
    scale = off[torch.from_numpy(train)].square().mean().sqrt().clamp(min=1e-12)
    return off[torch.from_numpy(train)] / scale, off[torch.from_numpy(test)] / scale


class SparseAutoencoder(nn.Module):
    """x_hat = W s + b, where only the `active` largest of the s are kept."""

    def __init__(self, d: int, entries: int, active: int) -> None:
        super().__init__()
        self.active = active
        directions = torch.randn(entries, d)
        self.dictionary = nn.Parameter(directions / directions.norm(dim=1, keepdim=True))
        self.encoder = nn.Linear(d, entries)
        self.bias = nn.Parameter(torch.zeros(d))
        self.encoder.weight.data = self.dictionary.data.clone()

    def encode(self, x: Tensor) -> Tensor:
        """How much of each entry is used, (n, entries), 0 for all but a few."""
        s = self.encoder(x - self.bias).relu()
        kept = s.topk(self.active, dim=1)
        return torch.zeros_like(s).scatter(1, kept.indices, kept.values)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        s = self.encode(x)
        return s @ self.dictionary + self.bias, s

    @torch.no_grad()
    def normalise(self) -> None:
        """Give every entry length 1, so that only s says how much of it is used."""
        self.dictionary /= self.dictionary.norm(dim=1, keepdim=True)


def unexplained(x_hat: Tensor, x: Tensor) -> Tensor:
    """The share of the features' variance that is not in their reconstructions."""
    return (x_hat - x).square().sum() / (x - x.mean(0)).square().sum()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("features", type=Path)
    parser.add_argument(
        "--out", default="sparse_autoencoder", help="names the files that are written"
    )
    parser.add_argument("--resume", action="store_true", help="continue from OUT.pt")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    for name, default in NUMBERS.items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    args = parser.parse_args()
    for name in NUMBERS:
        if not getattr(args, name) > 0:
            parser.error(f"--{name} accepts numbers above 0; got {getattr(args, name)}")
    if args.active > args.entries:
        parser.error(f"--active is {args.entries} at most; got {args.active}")
    try:
        state: dict = torch.load(f"{args.out}.pt") if args.resume else {"epoch": 0}
        x, x_test = read_features(args.features)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    torch.manual_seed(args.seed)
    model = SparseAutoencoder(x.shape[1], args.entries, args.active).to(args.device)
    optimizer = torch.optim.Adam(model.parameters(), args.lr)
    loader = DataLoader(TensorDataset(x), args.batch, shuffle=True)
    if args.resume:
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["rng"])
    for epoch in range(state["epoch"] + 1, args.epochs + 1):
        for step, (batch,) in enumerate(loader, start=1):
            batch = batch.to(args.device)
            # part: step
            x_hat, _ = model(batch)
            loss = (x_hat - batch).square().sum(1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            model.normalise()
            # end: step
            bar = "#" * (40 * step // len(loader))
            print(f"\repoch {epoch} {bar:40} loss {loss:.3f}", end="", flush=True)
        print()
        state = {"epoch": epoch, "model": model.state_dict(), "optimizer": optimizer.state_dict()}
        torch.save({**state, "rng": torch.get_rng_state()}, f"{args.out}.pt")
    with torch.no_grad():
        x_hat, s = (each.cpu() for each in model(x_test.to(args.device)))
    wide = min(args.active + 20, *x.shape)  # more than needed, so that the last of them are exact
    axes = torch.pca_lowrank(x, wide, center=False, niter=4)[2][:, : args.active]
    by_axes = unexplained(x_test @ axes @ axes.T, x_test)
    print(f"variance not explained, held out: {unexplained(x_hat, x_test):.3f}")
    print(f"by {axes.shape[1]} principal components: {by_axes:.3f}")
    used = (s > 0).float().mean(0)
    print(f"entries never used: {(used == 0).sum()} of {args.entries}")
    strongest = s.topk(min(args.shown, len(s)), dim=0).indices.T  # (entries, shown), rows held out
    dictionary = model.dictionary.detach().cpu().numpy()
    np.savez(
        f"{args.out}.npz", dictionary=dictionary, used=used.numpy(), strongest=strongest.numpy()
    )
    figure, axis = plt.subplots(figsize=(6, 3), layout="constrained")
    axis.plot(used.sort(descending=True).values.numpy())
    axis.set(xlabel="entries, by use", ylabel="share of examples")
    axis.set_yscale("symlog", linthresh=1e-3)
    figure.savefig(f"{args.out}.png")


if __name__ == "__main__":
    main()
