"""Diffusion in the latent of a VAE: a mixture of Gaussians, and a network that learned to denoise.

Both are fitted to codes as the encoder draws them, the mixture separately for each digit. The
number of Gaussians per digit is chosen on held-out codes. Both then draw codes, and their images by
the VAE's own decoder are compared with the test images.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import one_hot

from latentbook_decoders.models import registry
from latentbook_decoders.models.autoencoder import PIXELS, Autoencoder
from latentbook_decoders.models.cards import Card
from latentbook_decoders.models.mlp import mlp
from training.cards import made_on
from training.data import load_dataset, to_unit
from training.distillation import (
    DistillRecipe,
    StudentRecipe,
    fit_student,
    rounded,
    student_decode,
    to_arrays,
)
from training.exports.export import WIDGET_DATA, Job, write_export
from training.fit import OnStep
from training.losses import squared_error
from training.recipes import SPECS
from widgets.kit.network import layers
from widgets.latent_diffusion import (
    ANY,
    WAVES,
    Parts,
    drawn,
    generated,
    learned_posterior,
    posterior,
)

Array = NDArray[Any]
CLASSES = 10
HELD = 5000  # training images whose codes choose the mixture
SIZES = (1, 2, 4)  # Gaussians per digit to choose from
ROUNDS = 40  # of expectation and maximisation
UNCONDITIONAL = 0.2  # share of the examples without their digit
SEEDS = 3
STEPS, MORE_STEPS = 24, 120  # of the way back, for the draws that are compared
DRAWN = 10_000
ANGLES = np.pi / 2 * np.arange(0.1, 1, 0.1)  # at which denoising is measured
SURE = 0.9
DIFFUSED = {
    "conv_vae_mnist": StudentRecipe(
        widths=(96, 96, 96), steps=6000, batch_size=512, learning_rate=3e-3
    ),
    "conv_vae_mnist_16": StudentRecipe(
        widths=(160, 160, 160), steps=6000, batch_size=512, learning_rate=3e-3
    ),
}
DECODER = DistillRecipe(widths=(192, 64), steps=8000, learning_rate=6e-3, shown=60_000)


@dataclass(frozen=True)
class Codes:
    """Codes of one VAE as its encoder draws them, with their digits.

    Attributes
    ----------
    mean, std : ndarray of shape (n, d)
    labels : ndarray of shape (n,)
    """

    mean: Array
    std: Array
    labels: Array

    def draw(self, seed: int) -> Array:
        """One draw for each image, (n, d)."""
        return self.mean + self.std * np.random.default_rng(seed).normal(size=self.mean.shape)


@torch.no_grad()
def codes_of(vae: Autoencoder, images: NDArray[np.uint8], labels: Array) -> Codes:
    """The encoder's output for images."""
    parts = [vae.encode(part) for part in to_unit(images).split(1000)]
    mean, logvar = (torch.cat(part).double().numpy() for part in zip(*parts, strict=True))
    return Codes(mean, np.exp(0.5 * logvar), labels)


def fit_mixture(z: Array, size: int, seed: int) -> tuple[Array, Array, Array]:
    """Weights (size,), means (size, d), covariances (size, d, d), by expectation-maximisation."""
    n, d = z.shape
    means = z[np.random.default_rng(seed).choice(n, size, replace=False)]
    covariances = np.stack([np.cov(z.T)] * size)
    weights = np.full(size, 1 / size)
    for _ in range(ROUNDS):
        parts = mixture_arrays(weights, means, covariances)
        share = posterior(z, 0.0, parts)[2]  # (size, n)
        count = share.sum(1)
        weights, means = count / n, share @ z / count[:, None]
        off = z - means[:, None]  # (size, n, d)
        covariances = np.einsum("jn,jnd,jne->jde", share, off, off, optimize=True)
        covariances = covariances / count[:, None, None] + 1e-4 * np.eye(d)
    return weights, means, covariances


def mixture_arrays(weights: Array, means: Array, covariances: Array) -> Parts:
    """A mixture in the page's form: log weights, means, axes, variances along them."""
    variances, axes = np.linalg.eigh(covariances)
    return np.log(weights), means, axes, variances


def mixture_of(z: Array, labels: Array, size: int) -> dict[str, Array]:
    """A mixture for each digit, with the digit's share in its weights."""
    each = []
    for digit in range(CLASSES):
        own = z[labels == digit]
        weights, means, covariances = fit_mixture(own, size, seed=digit)
        each.append(mixture_arrays(weights * len(own) / len(z), means, covariances))
    keys = ("log_weights", "means", "axes", "variances")
    stacked = (np.stack(part) for part in zip(*each, strict=True))
    return dict(zip(keys, stacked, strict=True))


def flat(mixture: Mapping[str, Array]) -> Parts:
    """All Gaussians of a mixture in one array, as `posterior` needs them."""
    d = mixture["means"].shape[-1]
    shapes = ((-1,), (-1, d), (-1, d, d), (-1, d))
    return tuple(part.reshape(shape) for part, shape in zip(mixture.values(), shapes, strict=True))


def log_likelihood(z: Array, parts: Parts) -> float:
    """Mean log density of codes, nats."""
    found = [posterior(part, 0.0, parts)[1] for part in np.array_split(z, 10)]
    return float(np.concatenate(found).mean())


def train_denoiser(
    codes: Codes,
    recipe: StudentRecipe,
    seed: int,
    on_step: OnStep,
    untold: float = UNCONDITIONAL,
) -> nn.Sequential:
    """A network that predicts v = a eps - s z_0 from z_t, the angle and the digit, or none."""
    torch.manual_seed(seed)
    d = codes.mean.shape[1]
    model = mlp(d + 2 * WAVES + CLASSES + 1, *recipe.widths, d)
    mean, std = (torch.from_numpy(part).float() for part in (codes.mean, codes.std))
    labels = torch.tensor(codes.labels).long()

    def loss_of(batch: Tensor) -> Tensor:
        n = len(batch)
        z, eps = mean[batch] + std[batch] * torch.randn(n, d), torch.randn(n, d)
        even = torch.rand(n, 1)
        even[: n // 2] **= 2  # half with little noise, because there the score has most detail
        phi = 0.5 * math.pi * even
        told = torch.where(torch.rand(n) < untold, CLASSES, labels[batch])
        wave = 2 * phi * torch.arange(1, WAVES + 1)
        known = torch.cat([wave.cos(), wave.sin(), one_hot(told, CLASSES + 1)], 1)
        out = model(torch.cat([phi.cos() * z + phi.sin() * eps, known], 1))
        loss: Tensor = (out - phi.cos() * eps + phi.sin() * z).square().sum(1).mean()
        return loss

    fit_student(model, len(mean), loss_of, recipe, on_step)
    return rounded(model)


def denoising_errors(z: Array, answer: Any) -> list[float]:
    """Mean |E[z_0 | z_t] - z_0|^2 at each of `ANGLES`, for codes z."""
    rng, errors = np.random.default_rng(11), []
    for phi in ANGLES:
        noisy = np.cos(phi) * z + np.sin(phi) * rng.normal(size=z.shape)
        errors.append(float(np.square(answer(noisy, phi) - z).sum(1).mean()))
    return errors


def features(x: Array) -> tuple[Array, Array]:
    """The 32 hidden units of `mnist_classifier`, and the probability of the likeliest digit."""
    weights = dict(np.load(WIDGET_DATA / "mnist_classifier.npz"))
    del weights["certainty_quantiles"]
    _, hidden, log_odds = layers(x.reshape(len(x), -1), weights)
    odds = np.exp(log_odds - log_odds.max(1, keepdims=True))
    return hidden, 1 / odds.sum(1)


def frechet(a: Array, b: Array) -> float:
    """|mean a - mean b|^2 + tr(A + B - 2 (A B)^(1/2)) of features, (n, k) and (m, k)."""
    first, second = np.cov(a.T), np.cov(b.T)
    roots = np.sqrt(np.linalg.eigvals(first @ second).real.clip(0)).sum()
    gap = np.square(a.mean(0) - b.mean(0)).sum()
    return float(gap + np.trace(first) + np.trace(second) - 2 * roots)


def judged(x: Array, test: Array) -> list[float]:
    """Frechet distance from the test images, and share of images the classifier is sure of."""
    hidden, certainty = features(x)
    return [round(frechet(hidden, test), 3), round(float((certainty > SURE).mean()), 4)]


def draws_of(
    data: Mapping[str, Array], asked: Array | None, seed: int, score: str, steps: int = STEPS
) -> Array:
    """DRAWN codes at the end of a walk: of any digit, or of the requested ones.

    ``score`` is "exact", that of the mixture, or "learned".
    """
    rng = np.random.default_rng(seed)
    phis = np.linspace(np.pi / 2, 0, steps + 1)
    d = data["means"].shape[-1]
    groups = (
        [(ANY, DRAWN)]
        if asked is None
        else list(zip(map(str, range(CLASSES)), np.bincount(asked, minlength=CLASSES), strict=True))
    )
    parts = [
        generated(rng.normal(size=(n, d)), phis, data, score, "ddpm", (0.0, digit), rng)[-1]
        for digit, n in groups
    ]
    return np.concatenate(parts)


def make_diffusion(name: str, job: Job) -> Card:
    """Fit the mixture and the networks; measure their denoising and their draws."""
    torch.set_num_threads(1)
    dataset, vae, recipe = load_dataset("mnist"), registry.load(name), DIFFUSED[name]
    train = codes_of(vae, dataset.train_images, dataset.train_labels)
    test = codes_of(vae, dataset.test_images, dataset.test_labels)
    z, fitted = train.draw(0), slice(0, len(train.mean) - HELD)
    held = z[-HELD:]
    mixtures = {size: mixture_of(z[fitted], train.labels[fitted], size) for size in SIZES}
    likelihood = {size: log_likelihood(held, flat(each)) for size, each in mixtures.items()}
    size = max(SIZES, key=lambda one: likelihood[one])
    mixture = mixtures[size]

    networks = []
    part = replace_codes(train, fitted)
    for seed in range(SEEDS):
        networks.append(train_denoiser(part, recipe, seed, job.part(seed, SEEDS)))

    drawn_test = test.draw(1)
    middles = np.stack([z[fitted][train.labels[fitted] == i].mean(0) for i in range(CLASSES)])
    directions = np.linalg.svd(middles - middles.mean(0))[2][:2]
    arrays: dict[str, Array] = {
        **to_arrays(networks[0]),
        **{key: value.astype(np.float32) for key, value in mixture.items()},
        "plane": (np.eye(2) if vae.latent_dim == 2 else directions).astype(np.float32),
    }
    data = [{**arrays, **to_arrays(each)} for each in networks]
    errors = [
        denoising_errors(drawn_test, lambda noisy, phi: np.cos(phi) * noisy),
        denoising_errors(drawn_test, lambda noisy, phi: posterior(noisy, phi, flat(mixture))[0]),
        *(
            denoising_errors(
                drawn_test, lambda noisy, phi, own=own: learned_posterior(noisy, phi, own, ANY)
            )
            for own in data
        ),
    ]
    arrays["angles"] = ANGLES.astype(np.float32)
    arrays["errors"] = np.array(errors, np.float32)

    def shown(codes: Array) -> Array:
        with torch.no_grad():
            parts = torch.from_numpy(codes).float().split(1000)
            return torch.cat([vae.decode(one).flatten(1) for one in parts]).numpy()

    real = features(dataset.test_images / 255)[0]
    rng = np.random.default_rng(2)
    asked = dataset.test_labels
    drawings = {
        "training_images": judged(dataset.train_images[:DRAWN] / 255, real),
        "test_codes": judged(shown(drawn_test), real),
        "training_codes": judged(shown(z[:DRAWN]), real),
        "prior": judged(shown(rng.normal(size=(DRAWN, vae.latent_dim))), real),
        "one_gaussian_a_digit": judged(shown(drawn(flat(mixtures[1]), DRAWN, rng)), real),
        "mixture": judged(shown(drawn(flat(mixture), DRAWN, rng)), real),
        **{
            name: judged(shown(draws_of(arrays, told, 0, "exact")), real)
            for name, told in (("exact", None), ("exact_asked_for_digits", asked))
        },
        "network": [
            judged(shown(draws_of(own, None, seed, "learned")), real)
            for seed, own in enumerate(data)
        ],
        "network_asked_for_digits": [
            judged(shown(draws_of(own, asked, seed, "learned")), real)
            for seed, own in enumerate(data)
        ],
        **{
            f"{score}_in_more_steps": judged(
                shown(draws_of(arrays, asked, 0, score, MORE_STEPS)), real
            )
            for score in ("exact", "learned")
        },
    }
    prior = -0.5 * np.square(held).sum(1).mean() - 0.5 * vae.latent_dim * np.log(2 * np.pi)
    card = {
        "title": f"{SPECS[name].title}: diffusion in its latent",
        "data": dataset.origin,
        "teacher": {"name": name, "sha256": registry.card(name)["weights"]["sha256"]},
        "codes": "drawn from the posteriors of the training images",
        "mixture": f"{size} Gaussians a digit, {ROUNDS} rounds of expectation-maximisation on "
        f"{len(z) - HELD:,} codes; the number, of {SIZES}, is the best on {HELD:,} held-out codes",
        "network": {
            **asdict(recipe),
            "layers": "-".join(
                map(str, (vae.latent_dim + 2 * WAVES + CLASSES + 1, *recipe.widths, vae.latent_dim))
            )
            + ", SiLU, answers a eps - s z_0; float16",
            "told": f"{WAVES} cosines and sines of the angle, and the digit in "
            f"{1 - UNCONDITIONAL:.0%} of the examples",
        },
        "seeds": list(range(SEEDS)),
        **made_on(torch.device("cpu")),
        "measured": {
            "errors": "mean squared distance of the answer from the code at each angle, over "
            f"{DRAWN:,} test codes: prior, mixture, network of each seed",
            "held_out": f"mean log density of {HELD:,} held-out codes, nats",
            "drawings": f"{DRAWN:,} draws, decoded by the VAE: Frechet distance from the test "
            "images in the 32 hidden units of mnist_classifier, and share of which that "
            f"classifier is surer than {SURE}; exact: the score of the mixture, and networks, "
            f"by seed: {STEPS} steps of DDPM; in more steps: {MORE_STEPS}, asked for digits",
        },
        "metrics": {
            "held_out": {
                "prior": round(float(prior), 4),
                **{str(one): round(value, 4) for one, value in likelihood.items()},
            },
            "drawings": drawings,
        },
    }
    return write_export(f"{name}_diffusion", arrays, card)


def replace_codes(codes: Codes, chosen: slice) -> Codes:
    """Select some of the codes."""
    return replace(
        codes, mean=codes.mean[chosen], std=codes.std[chosen], labels=codes.labels[chosen]
    )


def make_draw_decoder(name: str, job: Job) -> Card:
    """A small decoder for codes on their way from noise: a z_0 + s eps, at every angle."""
    torch.set_num_threads(1)
    dataset, vae = load_dataset("mnist"), registry.load(name)
    train = codes_of(vae, dataset.train_images, dataset.train_labels)
    test = codes_of(vae, dataset.test_images, dataset.test_labels)
    torch.manual_seed(0)

    def on_the_way(codes: Codes, n: int) -> Tensor:
        z = torch.from_numpy(codes.draw(0)[:n]).float()
        phi = 0.5 * math.pi * torch.rand(len(z), 1)
        return phi.cos() * z + phi.sin() * torch.randn_like(z)

    z = on_the_way(train, DECODER.shown)
    z[: len(z) // 2] = torch.from_numpy(train.draw(1)[: len(z) // 2]).float()  # half without noise
    student = mlp(vae.latent_dim, *DECODER.widths, PIXELS)
    with torch.no_grad():
        target = torch.cat([vae.decode(part).flatten(1) for part in z.split(1000)])

    def loss_of(batch: Tensor) -> Tensor:
        out, x = student(z[batch]), target[batch]
        settled = ((out < 0) & (x < 0.004)) | ((out > 1) & (x > 0.996))  # clipping makes it right
        loss: Tensor = ((out - x) * ~settled).square().sum(1).mean()
        return loss

    fit_student(student, len(z), loss_of, DECODER, job.on_step)
    student = rounded(student)

    def fidelity(codes: Tensor) -> Card:
        with torch.no_grad():
            wanted = torch.cat([vae.decode(part).flatten(1) for part in codes.split(1000)])
        error = squared_error(student_decode(student, codes), wanted)
        return {
            "squared_error_mean": round(error.mean().item(), 4),
            "squared_error_worst": round(error.max().item(), 4),
        }

    return write_export(
        f"{name}_decoder",
        to_arrays(student),
        {
            "title": f"{SPECS[name].title}: decoder for the page",
            "data": dataset.origin,
            "teacher": {"name": name, "sha256": registry.card(name)["weights"]["sha256"]},
            "student": {
                **asdict(DECODER),
                "decoder": "-".join(map(str, (vae.latent_dim, *DECODER.widths, PIXELS)))
                + ", SiLU, linear output cut to [0, 1], float16",
                "taught": "codes of training images, half of them on their way to noise",
            },
            "seed": 0,
            **made_on(torch.device("cpu")),
            "metrics": {
                "to_teacher": {
                    "codes_of_test_images": fidelity(torch.from_numpy(test.mean).float()),
                    "on_their_way_to_noise": fidelity(on_the_way(test, DRAWN)),
                }
            },
        },
    )
