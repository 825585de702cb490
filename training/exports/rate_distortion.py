"""Bits against squared error on MNIST: components, an autoencoder, VAEs and VQ-VAEs.

A rate is the cost of a code on test digits, in bits per digit. Integers are priced by their
frequencies in the training digits, at their own place or given the previous places. The cloud of a
VAE is priced by its KL. Errors are those of the image decoded from the sent code.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from latentbook_decoders.models import registry
from latentbook_decoders.models.cards import Card
from latentbook_decoders.models.conv_vae import ConvVAE, ConvVAEConfig
from latentbook_decoders.models.vqvae import SIDE, VQVAE, VQVAEConfig
from training.cards import made_on
from training.data import load_dataset, to_unit
from training.exports.decoders import codes_of
from training.exports.export import Job, write_export
from training.exports.latent_diffusion import SURE, features
from training.exports.mnist_pca import DIGIT_INDEX, principal_components
from training.fit import OnStep, fit
from training.losses import kl, reparameterize, squared_error
from training.objectives import training_loss
from training.recipe import Recipe
from training.recipes import SEED, SPECS

STEPS = (4.0, 3.0, 2.0, 1.5, 1.0, 0.7, 0.5, 0.35)  # of the grid that components are rounded to
AUTOENCODER = "deep_autoencoder_mnist"
SHARES = (4.0, 2.8, 2.0, 1.4, 1.0, 0.7, 0.5, 0.25)  # of a latent's standard deviation
BETAS = (3.0, 1.0, 0.3, 0.1, 0.03)  # squared grey units per nat
SPREAD_CODES, SEEDS = 64, (0, 1, 2)  # trained from all seeds; the others from the first
CODES = (4, 16, 64, 256)
VAE_RECIPE = Recipe(epochs=3, batch_size=128, holdout=5000)
LEVELS = np.geomspace(2.0, 0.005, 60)  # of the water
PRIOR_STEPS, PRIOR_BATCH, PRIOR_RATE, PRIOR_MAPS = 200, 256, 5e-3, 32
COUNTED = 20_000  # training digits whose codes are counted, and teach the prior
DRAWN, JUDGED = 16, 1000  # digits from each prior, to show and to measure

Point = tuple[float, float, NDArray[np.uint8]]
"""Bits, squared error, and the shown digits as decoded, (10, 784)."""


@dataclass(frozen=True)
class SquaredErrorVAEConfig(ConvVAEConfig):
    """A `ConvVAE` whose pixels are Gaussian."""

    def build(self) -> "SquaredErrorVAE":
        """A new model with random weights."""
        return SquaredErrorVAE(self)


class SquaredErrorVAE(ConvVAE):
    pass


@training_loss.register
def squared_error_loss(model: SquaredErrorVAE, x: Tensor, beta: float) -> Tensor:
    """|| x - x_hat ||^2 + beta KL: beta is the price of a nat in squared grey units."""
    mu, logvar = model.encode(x)
    x_hat = torch.sigmoid(model.logits(reparameterize(mu, logvar)))
    return (squared_error(x_hat, x) + beta * kl(mu, logvar)).mean()


VAE = SquaredErrorVAEConfig(latent_dim=32, channels=16, hidden=128)


def make_rate_distortion(job: Job) -> Card:
    """Train missing models; measure every code on the 10,000 test digits."""
    torch.set_num_threads(1)  # as fast for small networks, and reproducible
    dataset = load_dataset("mnist")
    train, test = to_unit(dataset.train_images), to_unit(dataset.test_images)
    trainings = len(BETAS) + len(CODES) + len(SEEDS) - 2  # vqvae_mnist exists
    parts = iter(job.part(i, trainings) for i in range(trainings))

    pca, variances = components(train, test)
    bound = [gaussian_bound(variances, level) for level in LEVELS]
    rounded = list(rounded_autoencoder(train, test))
    vae = {beta: clouds(beta, train, test, job, parts) for beta in BETAS}
    tables = {
        (codes, seed): table_of_codes(codes, seed, train, test, job, parts)
        for codes in CODES
        for seed in (SEEDS if codes == SPREAD_CODES else SEEDS[:1])
    }
    vq = {key: point for key, (point, *_) in tables.items()}
    prices = {key: measured for key, (_, measured, *_) in tables.items()}
    arrays: dict[str, NDArray[np.generic]] = {
        "bound": np.array(bound, np.float32),
        "digits": dataset.test_images[list(DIGIT_INDEX)].reshape(len(DIGIT_INDEX), -1),
        "steps": np.array(STEPS),
        "shares": np.array(SHARES),
        "betas": np.array(BETAS),
        "codes": np.array(CODES, np.int32),
        "prices": np.array([[*prices[codes, 0].values()] for codes in CODES], np.float32),
        "draws": tables[SPREAD_CODES, 0][2],
    }
    curves = {
        "pca": pca,
        "autoencoder": rounded,
        "vae": [vae[beta] for beta in BETAS],
        "vq": [vq[codes, 0] for codes in CODES],
    }
    for name, points in curves.items():
        arrays[name] = np.array([point[:2] for point in points], np.float32)
        arrays[f"{name}_images"] = np.stack([point[2] for point in points])
    card = {
        "title": "Bits against squared error, on MNIST",
        "data": dataset.origin,
        "method": (
            "means over the 10,000 test digits; bits for a digit, squared error summed over the "
            "pixels, pictures cut to [0, 1]. pca: coefficients rounded to a grid of the step, "
            "priced by the frequencies among the training digits, with one count more for each "
            f"value seen. autoencoder: the 30 latents of {AUTOENCODER}, rounded to a grid whose "
            "step is a share of each latent's standard deviation, priced in the same way. vae: "
            "KL in bits, error at a draw of z. vq: 49 places, priced by the frequencies of each "
            "place; prices: bits by equal shares and by the frequencies of each place, perplexity, "
            "codes in use, and bits by a masked convolution that sees the places before, all from "
            f"{COUNTED:,} training digits. "
            "bound: reverse water-filling over the eigenvalues of the training digits. "
            f"sure: share of {JUDGED:,} draws with {SPREAD_CODES} codes of which mnist_classifier "
            f"is surer than {SURE}"
        ),
        "trained": {
            "vae": f"{VAE}, {VAE_RECIPE}",
            "vq": f"VQVAEConfig(codes=...), {SPECS['vqvae_mnist'].recipe}; 64 codes from "
            "seed 0 is vqvae_mnist",
            "prior": f"{PRIOR_STEPS} steps of batch {PRIOR_BATCH}, AdamW at {PRIOR_RATE:g}",
        },
        **made_on(torch.device("cpu")),
        "metrics": {
            "vae_by_beta": {
                f"{beta:g}": {"bits": round(bits, 2), "squared_error": round(error, 3)}
                for beta, (bits, error, _) in vae.items()
            },
            "vq_by_codes_and_seed": {
                f"{codes}, seed {seed}": summarized(vq[codes, seed], prices[codes, seed])
                for codes, seed in vq
            },
            "sure": tables[SPREAD_CODES, 0][3],
        },
    }
    return write_export("rate_distortion", arrays, card)


def rate_distortion_figures(seed: int, job: Job) -> Card:
    """Errors and costs of the tables of other sizes than `vqvae_mnist`, from another seed."""
    torch.set_num_threads(1)
    dataset = load_dataset("mnist")
    train, test = to_unit(dataset.train_images), to_unit(dataset.test_images)
    sizes = [codes for codes in CODES if codes != SPREAD_CODES]
    parts = iter(job.part(i, len(sizes)) for i in range(len(sizes)))
    found = {}
    for codes in sizes:
        point, prices, *_ = table_of_codes(codes, seed, train, test, job, parts)
        found[f"{codes}, seed {seed}"] = summarized(point, prices)
    return {"vq_by_codes_and_seed": found}


def summarized(point: Point, prices: dict[str, float]) -> Card:
    """The figures of a table of codes, in the form of a card."""
    return {
        "squared_error": round(point[1], 3),
        **{key: round(value, 2) for key, value in prices.items()},
    }


def gaussian_bound(variances: NDArray[np.float64], level: float) -> tuple[float, float]:
    """Bits and squared error of a Gaussian with these variances, at a water level."""
    rate = 0.5 * np.log2(np.maximum(variances / level, 1)).sum()
    return float(rate), float(np.minimum(variances, level).sum())


def price(
    train: NDArray[np.int64], test: NDArray[np.int64], values: int | None = None
) -> NDArray[np.float64]:
    """Bits per row of integers, by the frequencies of each column among the training rows.

    Every value of either, or each of `values`, counts once more than it is seen, so that no cost
    is infinite.
    """
    bits = np.zeros(len(test))
    for seen, sent in zip(train.T, test.T, strict=True):
        low = 0 if values else min(seen.min(), sent.min())
        most = values or max(seen.max(), sent.max()) - low + 1
        counts = np.bincount(seen - low, minlength=most) + 1.0
        bits -= np.log2(counts / counts.sum())[sent - low]
    return bits


def point(bits: NDArray[np.float64] | float, x_hat: Tensor, x: Tensor) -> Point:
    """Means over the images, and the shown digits in grey levels."""
    x_hat = x_hat.flatten(1).clamp(0, 1)
    shown = (x_hat[list(DIGIT_INDEX)] * 255).round().to(torch.uint8).numpy()
    return float(np.mean(bits)), squared_error(x_hat, x).double().mean().item(), shown


def components(train: Tensor, test: Tensor) -> tuple[list[Point], NDArray[np.float64]]:
    """Principal components, rounded; and the variances along them."""
    mean, variances, rows = principal_components(train.double().numpy())
    codes = [(x.double().numpy() - mean) @ rows.T for x in (train, test)]
    points = []
    for step in STEPS:
        seen, sent = (np.rint(code / step).astype(np.int64) for code in codes)
        x_hat = torch.from_numpy(mean + step * sent @ rows).float()
        points.append(point(price(seen, sent), x_hat, test))
    return points, variances


@torch.no_grad()
def rounded_autoencoder(train: Tensor, test: Tensor) -> Iterator[Point]:
    """The deep autoencoder of the book with its latents rounded."""
    model = registry.load(AUTOENCODER)
    seen, sent = (codes_of(model, x) for x in (train, test))
    mean, scale = seen.mean(0), seen.std(0)
    for share in SHARES:
        step = share * scale
        near, grid = (((z - mean) / step).round() for z in (seen, sent))
        bits = price(near.numpy().astype(np.int64), grid.numpy().astype(np.int64))
        yield point(bits, model.decode(mean + step * grid), test)


def clouds(beta: float, train: Tensor, test: Tensor, job: Job, parts: Iterator[OnStep]) -> Point:
    """A VAE: the KL is the rate, and the error is that of a draw."""
    model, _ = fit(
        VAE,
        train,
        replace(VAE_RECIPE, beta=beta),
        seed=0,
        device=torch.device("cpu"),
        checkpoint=job.checkpoints / f"vae-{beta:g}-0.pt",
        resume=job.resume,
        on_step=next(parts),
    )
    torch.manual_seed(1)
    with torch.no_grad():
        mu, logvar = (
            torch.cat(part) for part in zip(*map(model.encode, test.split(1000)), strict=True)
        )
        bits = (kl(mu, logvar) / math.log(2)).double().numpy()
        return point(bits, model.decode(reparameterize(mu, logvar)), test)


def table_of_codes(
    codes: int, seed: int, train: Tensor, test: Tensor, job: Job, parts: Iterator[OnStep]
) -> tuple[Point, dict[str, float], NDArray[np.uint8], dict[str, float]]:
    """A VQ-VAE: its point, the cost of its codes in three ways, and digits drawn from two priors.

    The last value is the share of draws from each prior that a classifier is sure of.
    """
    name = "vqvae_mnist"
    if registry.config(name) == VQVAEConfig(codes) and seed == SEED:
        model = registry.load(name)
    else:
        model, _ = fit(
            VQVAEConfig(codes),
            train,
            SPECS[name].recipe,
            seed=seed,
            device=torch.device("cpu"),
            checkpoint=job.checkpoints / f"vq-{codes}-{seed}.pt",
            resume=job.resume,
            on_step=next(parts),
        )
    assert isinstance(model, VQVAE)
    with torch.no_grad():
        seen, sent = (
            torch.cat([model.indices(part) for part in x.split(1000)])
            for x in (train[:COUNTED], test)
        )
        x_hat = torch.cat([model.decode(model.encode(part)[0]) for part in test.split(1000)])
    rows = sent.flatten(1).numpy()
    places = price(seen.flatten(1).numpy(), rows, codes)
    share = np.bincount(rows.ravel(), minlength=codes) / rows.size
    used = share[share > 0]
    measured = {
        "bits_by_equal_shares": SIDE**2 * math.log2(codes),
        "bits_by_place": float(places.mean()),
        "perplexity": float(np.exp(-np.sum(used * np.log(used)))),
        "codes_in_use": float(len(used)),
    }
    sent_as = point(places, x_hat, test)
    if seed:  # one prior for each size of the table is enough
        return sent_as, measured, np.empty(0, np.uint8), {}
    prior = fit_prior(seen, codes, seed)
    measured["bits_by_the_places_before"] = prior_bits(prior, sent)
    torch.manual_seed(seed)
    shown, judged = (draws_of(model, seen, prior, count) for count in (DRAWN, JUDGED))
    sure = {
        name: round(float((features(x.numpy())[1] > SURE).mean()), 4)
        for name, x in zip(("by_place", "by_the_places_before"), judged, strict=True)
    }
    return sent_as, measured, (shown * 255).round().to(torch.uint8).numpy(), sure


@torch.no_grad()
def draws_of(model: VQVAE, seen: Tensor, prior: nn.Sequential, count: int) -> Tensor:
    """Digits from codes drawn independently, or from a prior: (2, count, 28, 28)."""
    alone = torch.stack(
        [place[torch.randint(len(seen), (count,))] for place in seen.flatten(1).T], 1
    )
    codes = [alone.unflatten(1, (SIDE, SIDE)), draw(prior, count)]
    return torch.stack([model.decode(model.codebook.look_up(each).flatten(1)) for each in codes])


class MaskedConvolution(nn.Conv2d):
    """A convolution that sees the rows above, the pixels to the left and, if `own`, itself."""

    mask: Tensor

    def __init__(self, n_in: int, n_out: int, side: int, *, own: bool) -> None:
        super().__init__(n_in, n_out, side, padding=side // 2)
        mask = torch.zeros(side, side)
        mask[: side // 2] = 1
        mask[side // 2, : side // 2 + own] = 1
        self.register_buffer("mask", mask)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve with the masked weights set to 0."""
        return nn.functional.conv2d(x, self.weight * self.mask, self.bias, padding=self.padding)


def new_prior(codes: int) -> nn.Sequential:
    """A network from the maps of `with_place` to log-odds of the code at each place."""
    maps = PRIOR_MAPS
    return nn.Sequential(
        nn.Conv2d(codes + 2, maps, 1),
        MaskedConvolution(maps, maps, 7, own=False),
        nn.SiLU(),
        MaskedConvolution(maps, maps, 5, own=True),
        nn.SiLU(),
        nn.Conv2d(maps, codes, 1),
    )


def fit_prior(seen: Tensor, codes: int, seed: int, steps: int = PRIOR_STEPS) -> nn.Sequential:
    """Learn the probability of each code given those before it, in reading order.

    References
    ----------
    van den Oord et al. 2016, arXiv:1601.06759, sect. 3.
    """
    torch.manual_seed(seed)
    prior = new_prior(codes)
    optimizer = torch.optim.AdamW(prior.parameters(), lr=PRIOR_RATE, weight_decay=0)
    rate = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        batch = seen[torch.randint(len(seen), (PRIOR_BATCH,))]
        loss = cross_entropy(prior(with_place(batch, codes)), batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        rate.step()
    return prior.eval()


def with_place(indices: Tensor, codes: int) -> Tensor:
    """One map for each code, and two with the coordinates: (n, codes + 2, 7, 7)."""
    hot = nn.functional.one_hot(indices, codes).movedim(-1, 1).float()
    along = torch.linspace(-1, 1, SIDE)
    where = torch.stack(torch.meshgrid(along, along, indexing="ij")).expand(
        len(indices), -1, -1, -1
    )
    return torch.cat([hot, where], 1)


def code_count(prior: nn.Sequential) -> int:
    """The number of codes that a prior chooses from."""
    last = prior[-1]
    assert isinstance(last, nn.Conv2d)
    return last.out_channels


@torch.no_grad()
def prior_bits(prior: nn.Sequential, sent: Tensor) -> float:
    """Mean cost of images under a prior, in bits."""
    codes = code_count(prior)
    nats = [
        cross_entropy(prior(with_place(part, codes)), part, reduction="sum").item()
        for part in sent.split(1000)
    ]
    return sum(nats) / len(sent) / math.log(2)


@torch.no_grad()
def draw(prior: nn.Sequential, count: int) -> Tensor:
    """Codes from a prior, place by place in reading order: (count, 7, 7)."""
    codes = code_count(prior)
    indices = torch.zeros(count, SIDE, SIDE, dtype=torch.int64)
    for row in range(SIDE):
        for column in range(SIDE):
            logits = prior(with_place(indices, codes))[:, :, row, column]
            indices[:, row, column] = torch.multinomial(logits.softmax(1), 1)[:, 0]
    return indices
