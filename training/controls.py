"""Controls that the chapters quote: the same networks with one thing changed.

    python -m training.controls [NAME ...]

Each function names its change: the order of the pixels, the number of hidden patches, the length of
training, the initial weights, or no training at all. Some functions measure stored models. All of
them take about an hour of one core.

`widgets/data/controls.json` stores the figures of each control.
"""

import math
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import normalize, silu, softplus

from latentbook_decoders.models import registry
from latentbook_decoders.models.autoencoder import PIXELS, Autoencoder
from latentbook_decoders.models.cards import Card, read_card
from latentbook_decoders.models.mlp import mlp
from latentbook_decoders.models.vqvae import VQVAE, VQVAEConfig
from training import fine_tuned, one_protocol, published, word_controls
from training.cards import made_on, write_card
from training.data import Dataset, load_dataset, to_unit
from training.distillation import fit_student, to_arrays
from training.exports import (
    contractive_plane,
    conv_and_dense,
    digit_patches,
    draws,
    latent_diffusion,
    masked,
    network_features,
    networks,
    rate_distortion,
    reshuffled_pixels,
    shuffled_pixels,
    spatial_codes,
    transfer,
)
from training.exports.collapse import (
    SEEDS,
    SWITCHES,
    TEMPERATURES,
    collapse,
    measured,
    measured_without,
)
from training.exports.collapse import STEPS as STEPS_OF_COLLAPSE
from training.exports.decoders import codes_of
from training.exports.export import WIDGET_DATA
from training.exports.latent_diffusion import SURE, features
from training.exports.mnist_pca import principal_components
from training.exports.shown_shifts import read_off_features
from training.fit import fit
from training.losses import kl, reparameterize, squared_error
from training.masked_autoencoder import PATCHES, MaskedAutoencoder, draw_visible, to_patches
from training.mutual_information_gap import equal_mass_bins, mutual_information_gap
from training.recipes import SEED, SPECS
from widgets import train_vae
from widgets.latent_diffusion import Parts, drawn
from widgets.sae_features import features_of

CARD = WIDGET_DATA / "controls.json"
SHUFFLES = (0, 2, 3)  # seeds; with 1 nothing would move
WIDE = 512  # units of the dense network
EPOCHS = 12  # of a VQ-VAE
STEPS = 1000  # of the prior
ROUNDED_STEPS, ROUNDED_BATCH, ROUNDED_RATE = 500, 256, 1e-3  # of the decoder
CLOUDS = 2000  # training digits; one code of each is drawn
REBUILT = (
    *("conv_vae_mnist", "mlp_vae_mnist", "autoencoder_mnist"),
    *("conv_vae_mnist_16", "deep_autoencoder_mnist"),
)
FEATURE_STEPS = 8000  # of a sparse autoencoder
GRID = 0.06  # distance between codes, for an integral over a latent plane
NARROW = 0.9  # of a Gaussian's standard deviations
HOLDOUTS = 13  # draws of the digits that `collapse` holds out
SHARE = 2.0  # of a latent's standard deviation: the step that its codes are rounded to


def main(names: list[str]) -> None:
    """Run controls, by default all, and write each one's figures into the card."""
    torch.set_num_threads(1)
    for name in names or CONTROLS:
        figures = CONTROLS[name](load_dataset("mnist"))
        print(f"{name}: {figures}", flush=True)
        card: Card = read_card(CARD) if CARD.is_file() else {"name": CARD.stem, "metrics": {}}
        card |= {"command": "python -m training.controls", **made_on(torch.device("cpu"))}
        card["metrics"][name] = figures
        write_card(CARD, card)


def hidden_pixels(dataset: Dataset) -> Card:
    """Squared errors of filling in hidden pixels: blocks of 2 all shuffled alike; more units."""
    train, test = to_unit(dataset.train_images), to_unit(dataset.test_images)
    alike = []
    for seed in SHUFFLES:
        order = torch.from_numpy(reshuffled_pixels.shuffled_alike(2, seed))
        network = shuffled_pixels.trained("convolution", train[:, order], 1, lambda *_: None)
        alike.append(round(shuffled_pixels.test_error(network, test[:, order]), 2))
    torch.manual_seed(SEED)
    wide = mlp(PIXELS, WIDE, PIXELS)

    def loss_of(batch: Tensor) -> Tensor:
        x = train[batch]
        loss: Tensor = (wide(shuffled_pixels.hide(x)) - x).square().sum(1).mean()
        return loss

    fit_student(wide, len(train), loss_of, shuffled_pixels.RECIPE, lambda *_: None)
    return {
        "convolution_shuffled_alike": alike,
        "dense_of_512_units": round(shuffled_pixels.test_error(wide, test), 2),
    }


def hidden_patches(dataset: Dataset) -> Card:
    """Masked autoencoders with 10 of 16 patches hidden; with 2 and a loss of all patches; with only
    some hidden patches scored: 2 of 8, 8 of 12; and with 2 hidden but four times the steps, which
    scores as many in all as 8.
    """
    train, test = to_unit(dataset.train_images), to_unit(dataset.test_images)
    figures = {}
    longer = replace(masked.RECIPE, steps=4 * masked.RECIPE.steps)
    for name, hidden, scored, recipe in (
        ("ten_hidden", 10, None, masked.RECIPE),
        ("two_and_all_scored", 2, PATCHES, masked.RECIPE),
        ("eight_and_two_scored", 8, 2, masked.RECIPE),
        ("twelve_and_eight_scored", 12, 8, masked.RECIPE),
        ("two_and_longer", 2, None, longer),
    ):
        of_hidden, of_visible, read = [], [], []
        for seed in masked.SEEDS:
            model = masked.train_masked(train, hidden, seed, lambda *_: None, scored, recipe)
            of_hidden.append(round(masked.mean_error(model, test, hidden), 4))
            of_visible.append(round(visible_error(model, test, hidden), 4))
            seen, asked = (masked.codes(model, x) for x in (train, test))
            read.append(round(100 * masked.probe_accuracy(seen, asked, dataset), 2))
        figures[name] = {
            "squared_error_per_hidden_pixel": of_hidden,
            "squared_error_per_visible_pixel": of_visible,
            "percent_read": read,
        }
    return figures


def codes_of_parts(dataset: Dataset) -> Card:
    """Percent read off the page's masked autoencoder, from the mean of four codes of 4 patches.

    The sixteen patches are split in three ways drawn at random, and into the image's quarters.
    """
    train, test = to_unit(dataset.train_images), to_unit(dataset.test_images)
    model = masked.train_masked(train, masked.PAGE_HIDDEN, SEED, lambda *_: None)
    splits = [
        torch.from_numpy(np.random.default_rng(seed).permutation(PATCHES)) for seed in range(3)
    ]
    quarters = torch.arange(PATCHES).view(2, 2, 2, 2).transpose(1, 2).flatten()

    def read(order: Tensor) -> float:
        seen, asked = (
            torch.cat([split_code(model, part, order.view(4, 4)) for part in x.split(1000)])
            for x in (train, test)
        )
        return round(100 * masked.probe_accuracy(seen, asked, dataset), 2)

    return {"at_random": [read(order) for order in splits], "quarters": read(quarters)}


@torch.no_grad()
def split_code(model: MaskedAutoencoder, x: Tensor, parts: Tensor) -> Tensor:
    """Mean of the codes of several parts of images (n, 784), each with nothing else visible."""
    patches = to_patches(x)
    codes = [model.encode(patches, part.expand(len(x), -1)).mean(1) for part in parts]
    return torch.stack(codes).mean(0)


@torch.no_grad()
def visible_error(model: MaskedAutoencoder, x: Tensor, hidden: int) -> float:
    """Mean squared error per visible pixel of images (n, 784); hidden ones drawn by seed 1."""
    torch.manual_seed(1)
    squares = 0.0
    for part in x.split(1000):
        patches, visible = to_patches(part), draw_visible(len(part), hidden)
        off = (model.decode(model.encode(patches, visible), visible) - patches).square().mean(2)
        squares += off.gather(1, visible).mean().item() * len(part)
    return squares / len(x)


def longer_table(codes: int, dataset: Dataset) -> Card:
    """A VQ-VAE, trained for `EPOCHS`."""
    with TemporaryDirectory() as folder:
        model, run = fit(
            VQVAEConfig(codes),
            to_unit(dataset.train_images),
            replace(SPECS["vqvae_mnist"].recipe, epochs=EPOCHS, precision="float32"),
            seed=SEED,
            device=torch.device("cpu"),
            checkpoint=Path(folder) / "table.pt",
            resume=False,
            on_step=lambda *_: None,
        )
    assert isinstance(model, VQVAE)
    test = to_unit(dataset.test_images)
    with torch.no_grad():
        x_hat = torch.cat([model.decode(model.encode(part)[0]) for part in test.split(1000)])
        sent = torch.cat([model.indices(part) for part in test.split(1000)])
    share = torch.bincount(sent.flatten(), minlength=codes) / sent.numel()
    return {
        "epoch": run.kept,
        "squared_error": round(squared_error(x_hat.flatten(1), test).mean().item(), 3),
        "perplexity": round((-torch.special.xlogy(share, share).sum()).exp().item(), 2),
        "codes_in_use": int((share > 0).sum()),
    }


def longer_prior(dataset: Dataset) -> Card:
    """The prior of `vqvae_mnist`, trained for `STEPS`: bits, and sure draws in percent."""
    model = registry.load("vqvae_mnist")
    assert isinstance(model, VQVAE)
    train, test = to_unit(dataset.train_images), to_unit(dataset.test_images)
    with torch.no_grad():
        seen, sent = (
            torch.cat([model.indices(part) for part in x.split(1000)])
            for x in (train[: rate_distortion.COUNTED], test)
        )
        decoded = torch.cat([model.decode(model.encode(part)[0]) for part in test.split(1000)])
    prior = rate_distortion.fit_prior(seen, model.codes, SEED, STEPS)
    torch.manual_seed(SEED)
    drawn = rate_distortion.draws_of(model, seen, prior, rate_distortion.JUDGED)[1]
    sure = {
        name: round(100 * float((features(x.numpy())[1] > SURE).mean()), 2)
        for name, x in (("draws", drawn), ("decoded_test_codes", decoded))
    }
    return {"bits": round(rate_distortion.prior_bits(prior, sent), 2), "sure": sure}


def rounded_decoder(dataset: Dataset) -> Card:
    """The deep autoencoder with latents rounded as coarsely as for some 37 bits.

    Only its decoder learns, for some steps, from rounded codes of training digits.
    """
    model = registry.load(rate_distortion.AUTOENCODER).requires_grad_(False)
    train, test = to_unit(dataset.train_images), to_unit(dataset.test_images)
    seen, sent = (codes_of(model, x) for x in (train, test))
    mean, step = seen.mean(0), SHARE * seen.std(0)
    near, grid = (((z - mean) / step).round() for z in (seen, sent))
    codes, test_codes = mean + step * near, mean + step * grid
    before = squared_error(model.decode(test_codes).flatten(1), test).mean().item()
    model.decoder.requires_grad_(True)
    optimizer = torch.optim.Adam(model.decoder.parameters(), lr=ROUNDED_RATE)
    rate = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, ROUNDED_STEPS)
    torch.manual_seed(SEED)
    for _ in range(ROUNDED_STEPS):
        batch = torch.randint(len(codes), (ROUNDED_BATCH,))
        x_hat = torch.sigmoid(model.logits(codes[batch]))
        loss = squared_error(x_hat, train[batch]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        rate.step()
    with torch.no_grad():
        after = squared_error(model.decode(test_codes).flatten(1), test).mean().item()
    bits = rate_distortion.price(near.long().numpy(), grid.long().numpy()).mean()
    return {
        "steps": ROUNDED_STEPS,
        "bits": round(float(bits), 2),
        "squared_error": {"before": round(before, 3), "after": round(after, 3)},
    }


def best_linear_vae(dataset: Dataset) -> Card:
    """Squared error of draws of the best linear VAE, clipped to [0, 1], at the rates of two others.

    On a direction with the variance v it draws (1 - w / v) x plus noise of the variance
    w (1 - w / v), at a water level w; see the chapter on the generative stack.
    """
    train, test = (
        to_unit(images).double().numpy() for images in (dataset.train_images, dataset.test_images)
    )
    mean, variances, rows = principal_components(train)
    code, rng, figures = (test - mean) @ rows.T, np.random.default_rng(SEED), {}
    levels = np.geomspace(5.0, 0.005, 2000)
    rates = [rate_distortion.gaussian_bound(variances, level)[0] for level in levels]
    of_vae = read_card(WIDGET_DATA / "rate_distortion.json")["metrics"]["vae_by_beta"]
    for beta in ("1", "0.1"):
        bits = of_vae[beta]["bits"]
        level = float(np.interp(bits, rates, levels))
        kept = 1 - np.minimum(level / np.maximum(variances, level), 1)
        noise = rng.normal(size=code.shape) * np.sqrt(level * kept)
        x_hat = (mean + (kept * code + noise) @ rows).clip(0, 1)
        error = float(np.square(x_hat - test).sum(axis=1).mean())
        figures[beta] = {"bits": bits, "squared_error": round(error, 3)}
    return figures


def linear_vae(dataset: Dataset) -> Card:
    """Nats by which the bound of a trained linear VAE is above the closed form."""
    gap = published.linear_vae_bounds(dataset) - published.probabilistic_pca(dataset)
    return {"above_closed_form": round(gap.mean().item(), 6)}


def early_weight(_: Dataset) -> Card:
    """MIG of the page's small VAE of strokes, by when beta is 12 instead of 0.1, for eight seeds.

    never: at no time; never_turned: the same runs, with the plane turned to the highest MIG; early:
    beta falls over the first half; late: for 250 steps from step 1,000 on.
    """
    images, factors = train_vae.strokes()
    levels = torch.stack([equal_mass_bins(each, 20) for each in torch.from_numpy(factors).T], 1)
    schedules: dict[str, Callable[[int], float]] = {
        "never": lambda t: 0.1,
        "early": lambda t: max(0.1, 12 * (1 - t / 750)),
        "late": lambda t: 12.0 if 1000 <= t < 1250 else 0.1,
    }
    found: dict[str, list[float]] = {name: [] for name in (*schedules, "never_turned")}
    for seed in range(8):
        for name, beta in schedules.items():
            mu, logvar = encoded_strokes(small_vae(seed, beta), images)
            found[name].append(mutual_information_gap(mu, logvar, levels))
            if name == "never":
                found["never_turned"].append(best_turned(mu, logvar, levels))
    return {name: round(float(np.mean(migs)), 3) for name, migs in found.items()}


def small_vae(seed: int, beta: Callable[[int], float]) -> dict[str, NDArray[np.float32]]:
    """The page's small VAE of strokes after 1,500 steps; `beta` gives the KL's weight by step."""
    page: Any = train_vae
    state = page.start(width=64, seed=seed, beta=1.0, rate=0.003)
    for t in range(1500):
        state = page.step(state, width=64, seed=seed, beta=beta(t), rate=0.003)
    weights: dict[str, NDArray[np.float32]] = page.unpack(state["theta"], 64)
    return weights


def encoded_strokes(
    weights: dict[str, NDArray[np.float32]], x: NDArray[np.float32]
) -> tuple[Tensor, Tensor]:
    """Means and log-variances of the codes of strokes."""
    page: Any = train_vae
    mu, logvar = page.encoded(weights, x)
    return torch.from_numpy(mu), torch.from_numpy(logvar)


def best_turned(mu: Tensor, logvar: Tensor, factors: Tensor) -> float:
    """The highest MIG of a latent plane (n, 2) at any of 45 angles of a quarter turn."""
    torch.manual_seed(SEED)
    z = torch.cat([reparameterize(mu, logvar) for _ in range(10)]).double()
    exact, repeated = torch.full_like(z, -100.0), factors.repeat(10, 1)
    migs = []
    for angle in torch.arange(45) * (math.pi / 2 / 45):
        turn = torch.tensor([[angle.cos(), -angle.sin()], [angle.sin(), angle.cos()]]).double()
        migs.append(mutual_information_gap(z @ turn, exact, repeated, draws=1))
    return max(migs)


def missed_by_the_bound(_: Dataset) -> Card:
    """Nats by which the bound of the page's small VAE of strokes is below log p(x), by seed.

    searched: the gap left after a search for each stroke's best cloud. Means over 64 test
    strokes; integrals are sums over a grid of codes.
    """
    x = torch.from_numpy(train_vae.strokes()[0][train_vae.TRAIN :][:64])
    side = torch.arange(-5, 5, GRID)
    z = torch.cartesian_prod(side, side)
    prior = -0.5 * z.square().sum(1) - math.log(2 * math.pi)
    figures: Card = {"encoder": [], "searched": []}

    for seed in range(3):
        w = small_vae(seed, lambda t: 1.0)
        v0, c0, v1, c1 = (torch.from_numpy(w[name]) for name in ("V0", "c0", "V1", "c1"))
        logits = silu(z @ v0 + c0) @ v1 + c1
        log_likelihood = x @ logits.T - softplus(logits).sum(1)  # (64, codes)
        evidence = (log_likelihood + prior).logsumexp(1) + 2 * math.log(GRID)

        mu, logvar = encoded_strokes(w, x.numpy())
        missed = evidence - bound(mu, logvar, z, log_likelihood)
        figures["encoder"].append(round(missed.mean().item(), 3))
        mu, logvar = mu.clone().requires_grad_(), logvar.clone().requires_grad_()
        optimizer = torch.optim.Adam([mu, logvar], lr=0.02)
        for _step in range(150):
            optimizer.zero_grad()
            (-bound(mu, logvar, z, log_likelihood)).sum().backward()
            optimizer.step()
        with torch.no_grad():
            missed = evidence - bound(mu, logvar, z, log_likelihood)
        figures["searched"].append(round(missed.mean().item(), 3))
    return figures


def bound(mu: Tensor, logvar: Tensor, z: Tensor, log_likelihood: Tensor) -> Tensor:
    """The ELBO of images, from their clouds, (n, 2), and log p(x | z) of codes z, (m, 2)."""
    off = (z - mu[:, None]).square() / logvar.exp()[:, None]  # (n, m, 2)
    cloud = (-0.5 * off.sum(2)).softmax(1)
    return (cloud * log_likelihood).sum(1) - kl(mu, logvar)


def refitted_patches(dataset: Dataset) -> Card:
    """Sparse codes of 200 patches of test digits: with refitted weights, and with other atoms.

    error_at_six: squared error per pixel with six units on, their weights refitted without the
    price. units: units needed for an error of 0.01, among 256 atoms, either learned or patches.
    """
    rng = np.random.default_rng(0)  # the patches of the export
    train, _ = digit_patches.sample_patches(dataset.train_images, digit_patches.TRAIN_PATCHES, rng)
    test = digit_patches.sample_patches(dataset.test_images, 200, rng)[0]
    stored = np.load(WIDGET_DATA / "digit_patches.npz")
    dictionaries = {str(size): stored[f"atoms_{size}"] for size in digit_patches.SIZES}
    drawn = train[np.random.default_rng(SEED).choice(len(train), 256, replace=False)]
    dictionaries["patches"] = digit_patches.unit(drawn)
    at_six, units = {}, {}
    for name, atoms in dictionaries.items():
        atoms = atoms.astype(np.float64)
        active, priced, fitted = [], [], []
        for gamma in digit_patches.GAMMAS:
            z = digit_patches.sparse_codes(test, atoms, gamma, digit_patches.MEASURED)
            on = np.abs(z) > digit_patches.ACTIVE
            active.append(on.sum(1).mean())
            priced.append(np.square(z @ atoms - test).mean())
            left = [
                x - np.linalg.lstsq(atoms[its].T, x)[0] @ atoms[its]
                for x, its in zip(test, on, strict=True)
            ]
            fitted.append(np.square(left).mean())
        at_six[name] = round(math.exp(np.interp(-6, np.negative(active), np.log(fitted))), 4)
        units[name] = round(float(np.interp(math.log(0.01), np.log(priced), active)), 2)
    return {"error_at_six": at_six, "units": {name: units[name] for name in ("256", "patches")}}


def steep_units(_: Dataset) -> Card:
    """Contractive autoencoders of the wave from other starts: loss, lengthwise ratio, slope.

    The slope is that of the steepest unit. small: four more runs from small weights at gamma 1.
    At gamma 1 and 3, trained_on: a run from the stored weights; lower: of 24 such runs in which
    two, four or eight units start with a steep slope in a random direction, those that end below
    the stored loss.
    """
    x, tangent = contractive_plane.wave()
    stored = {
        name: torch.from_numpy(part).float()
        for name, part in np.load(WIDGET_DATA / "contractive_plane.npz").items()
    }
    torch.manual_seed(1)
    units = contractive_plane.UNITS
    small = 0.7 * torch.randn(4, units, 2), 0.5 * torch.randn(4, units), torch.zeros(4, 2)
    figures: Card = {"small": contracted(x, tangent, small, 1.0)}
    losses = read_card(WIDGET_DATA / "contractive_plane.json")["metrics"]
    for gamma in (1.0, 3.0):
        at = contractive_plane.GAMMAS.index(gamma)
        own = [stored[name][at : at + 1] for name in "Wbc"]
        W, b, c = (each.repeat_interleave(24, 0) for each in own)
        for run in range(24):
            steep = torch.randperm(units)[: (2, 4, 8)[run % 3]]
            W[run, steep] = 10 * normalize(torch.randn(len(steep), 2))
        runs = contracted(x, tangent, (W, b, c), gamma)
        ours = min(losses[f"{gamma:g}"]["loss_of_every_seed"])
        figures[f"at_{gamma:g}"] = {
            "trained_on": contracted(x, tangent, own, gamma)[0],
            "lower": sorted(run for run in runs if run[0] < ours),
        }
    return figures


def contracted(
    x: Tensor, tangent: Tensor, begun: Iterable[Tensor], gamma: float
) -> list[list[float]]:
    """Loss, ratio of |J v| along the wave to across it, steepest slope of each trained model."""
    steps, rate = contractive_plane.STEPS, contractive_plane.LEARNING_RATE
    parameters = [each.clone().requires_grad_() for each in begun]
    optimizer = torch.optim.Adam(parameters, lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    loss = torch.empty(0)
    for _ in range(steps):
        error, jacobian = contractive_plane.terms(x, *parameters)
        loss = error + gamma * jacobian
        optimizer.zero_grad()
        loss.sum().backward()
        optimizer.step()
        schedule.step()
    W, b, _ = (each.detach() for each in parameters)
    h = torch.sigmoid(x @ W.transpose(1, 2) + b[:, None])
    slopes = (h * (1 - h)).square()  # (models, n, units)
    normal = torch.stack([-tangent[:, 1], tangent[:, 0]], 1)
    along, across = (
        (slopes * (v @ W.transpose(1, 2)) ** 2).sum(2).mean(1) for v in (tangent, normal)
    )
    found = torch.stack([loss.detach(), (along / across).sqrt(), W.norm(dim=2).amax(1)], 1)
    return [[round(each, 3) for each in run] for run in found.tolist()]


def clouds(dataset: Dataset) -> Card:
    """The mean KL of the dense VAE's clouds over training digits, and its parts, in nats.

    The information is estimated from draws of some of the digits, among the clouds of all.
    """
    model = registry.load("mlp_vae_mnist")
    with torch.no_grad():
        mu, logvar = model.encode(to_unit(dataset.train_images))
    assert logvar is not None
    torch.manual_seed(SEED)
    which = torch.randperm(len(mu))[:CLOUDS]
    z = reparameterize(mu[which], logvar[which])
    log_densities = torch.empty(CLOUDS)
    own = torch.empty(CLOUDS)
    for i, (place, draw) in enumerate(zip(which, z, strict=True)):
        each = -0.5 * ((draw - mu).square() / logvar.exp() + logvar).sum(1)
        own[i], log_densities[i] = each[place], each.logsumexp(0) - math.log(len(mu))
    price = kl(mu, logvar).double().mean().item()
    information = (own - log_densities).double().mean().item()
    spread = (logvar.exp().mean(0) + mu.var(0, correction=0)).sqrt().tolist()
    return {
        "kl": round(price, 3),
        "information": round(information, 3),
        "from_the_prior": round(price - information, 3),
        "standard_deviations": [round(each, 3) for each in spread],
    }


def grey_ink(dataset: Dataset) -> Card:
    """Percent of the inked pixels that are grey, in rebuilt test digits, by model."""
    test, figures = to_unit(dataset.test_images), {}
    for name in REBUILT:
        model = registry.load(name)
        with torch.no_grad():
            images = torch.cat([model.decode(model.encode(part)[0]) for part in test.split(1000)])
        inked = images > 0.2
        figures[name] = round(100 * (images[inked] < 0.8).double().mean().item(), 2)
    return figures


def untrained_networks(dataset: Dataset) -> Card:
    """Percent of place and width that a matrix reads off the features of untrained classifiers."""
    figures: Card = {"place": [], "width": []}
    for seed in range(1, 7):
        torch.manual_seed(seed)
        model = networks.network().requires_grad_(False)
        for name, share in zip(figures, read_off_features(model, dataset), strict=True):
            figures[name].append(round(100 * share, 2))
    return figures


def two_numbers(dataset: Dataset) -> Card:
    """The nearest neighbours by two numbers of a classifier, in the gallery, from two seeds.

    same: percent that show the same digit. apart: difference in stroke width, relative to
    that of random pairs.
    """
    train, labels = to_unit(dataset.train_images), torch.tensor(dataset.train_labels).long()
    gallery = dict(np.load(WIDGET_DATA / "mnist_gallery.npz"))
    images = torch.from_numpy(gallery["images"]).float().flatten(1) / 255
    width = torch.from_numpy(gallery["width"]).double()
    at_random = (width[:, None] - width).abs().sum() / (len(width) * (len(width) - 1))
    figures: Card = {"same": [], "apart": []}
    for seed in range(2):
        torch.manual_seed(seed)
        upto = nn.Sequential(networks.network()[: transfer.FEATURES], nn.Linear(32, 2))
        model = nn.Sequential(upto, nn.Linear(2, networks.CLASSES))
        transfer.trained(model, train, labels, networks.RECIPE)
        with torch.no_grad():
            z = upto(images)
        nearest = torch.cdist(z, z).fill_diagonal_(math.inf).argmin(1).numpy()
        same = (gallery["labels"][nearest] == gallery["labels"]).mean()
        apart = (width[nearest] - width).abs().mean() / at_random
        figures["same"].append(round(100 * float(same), 2))
        figures["apart"].append(round(apart.item(), 3))
    return figures


def untold_denoiser(dataset: Dataset) -> Card:
    """A denoiser of 16-D codes that is never told the digit, and draws without one."""
    name = "conv_vae_mnist_16"
    vae = registry.load(name)
    codes = latent_diffusion.codes_of(vae, dataset.train_images, dataset.train_labels)
    fitted = latent_diffusion.replace_codes(
        codes, slice(0, len(codes.mean) - latent_diffusion.HELD)
    )
    real = features(dataset.test_images / 255)[0]
    figures = {}
    for seed in range(latent_diffusion.SEEDS):
        network = latent_diffusion.train_denoiser(
            fitted, latent_diffusion.DIFFUSED[name], seed, lambda *_: None, untold=1.0
        )
        weights: dict[str, NDArray[Any]] = {
            **to_arrays(network),
            "means": np.empty(vae.latent_dim),
        }
        z = latent_diffusion.draws_of(weights, None, seed, "learned")
        figures[str(seed)] = latent_diffusion.judged(drawings(vae, z), real)
    return figures


def other_gaussians(dataset: Dataset) -> Card:
    """Codes of 16 latents: one Gaussian for all digits, four per digit but narrowed, and more.

    Frechet distance of draws and share that the classifier is sure of; nats by which held-out
    codes are more probable than under four per digit.
    """
    vae = registry.load("conv_vae_mnist_16")
    codes = latent_diffusion.codes_of(vae, dataset.train_images, dataset.train_labels)
    z, held = np.split(codes.draw(0), [-latent_diffusion.HELD])
    real, rng = features(dataset.test_images / 255)[0], np.random.default_rng(SEED)

    def of_draws(parts: Parts) -> list[float]:
        images = drawings(vae, drawn(parts, latent_diffusion.DRAWN, rng))
        return latent_diffusion.judged(images, real)

    mixtures = {
        size: latent_diffusion.flat(latent_diffusion.mixture_of(z, codes.labels[: len(z)], size))
        for size in (4, 8, 16)
    }
    nats = {size: latent_diffusion.log_likelihood(held, each) for size, each in mixtures.items()}
    *four, variances = mixtures[4]
    one = latent_diffusion.mixture_arrays(*latent_diffusion.fit_mixture(z, 1, SEED))
    return {
        "one_for_all": of_draws(one),
        "narrowed": of_draws((*four, NARROW**2 * variances)),
        "nats_above_four": {str(size): round(nats[size] - nats[4], 3) for size in (8, 16)},
    }


@torch.no_grad()
def drawings(vae: Autoencoder, z: NDArray[np.float64]) -> NDArray[np.float32]:
    """Decoded codes, (n, 784)."""
    parts = torch.from_numpy(z).float().split(1000)
    images: NDArray[np.float32] = torch.cat([vae.decode(each).flatten(1) for each in parts]).numpy()
    return images


def longer_features(dataset: Dataset) -> Card:
    """Sparse autoencoders with 8 active features, trained for `FEATURE_STEPS`, in percent."""
    weights = dict(np.load(WIDGET_DATA / "mnist_network.npz"))
    train, test = (
        network_features.units_of(x, weights) for x in (dataset.train_images, dataset.test_images)
    )
    fitted = train[: -network_features.HELD]
    scale = float(np.sqrt(np.square(fitted - fitted.mean(0)).sum(1).mean()))
    h = torch.from_numpy(fitted / scale).float()
    tried = read_card(WIDGET_DATA / "mnist_network_features.json")["metrics"]["held_out_rates"]
    rate = float(min(tried, key=lambda each: tried[each]))
    left, found = [], []
    for seed in range(network_features.SEEDS):
        model = network_features.train_sparse(h, 8, rate, seed, lambda *_: None, FEATURE_STEPS)
        own = {key: part.astype(float) for key, part in model.arrays(scale).items()}
        z = features_of(test, own, 8)
        left.append(network_features.unexplained(test, z @ own["decoder"] + own["centre"]))
        found.append((own["decoder"], z.max(0) > 0))
    nearest = [
        network_features.nearest_of(*each, [other])[each[1]]
        for i, each in enumerate(found)
        for other in network_features.drop(found, i)
    ]
    returned = [100 * float((pair >= network_features.ALIKE).mean()) for pair in nearest]
    return {
        "steps": FEATURE_STEPS,
        "unexplained": [round(100 * share, 2) for share in left],
        "returned": round(float(np.mean(returned)), 2),
        "nearest": round(float(np.mean([pair.mean() for pair in nearest])), 3),
    }


def untrained_features(dataset: Dataset) -> Card:
    """Percent that heads get right by labels, on codes of networks that were never trained.

    The codes are the features, and as many principal components of the maps.
    """
    figures: Card = {"features": {}, "components_of_maps": {}}
    for name in transfer.TARGETS:
        task = transfer.Task.of(load_dataset(name))
        for seed in range(transfer.SEEDS):
            torch.manual_seed(100 + seed)  # the weights whose maps are in the instrument
            network = networks.network()
            maps = network[: transfer.MAPS]
            layers = {
                "features": network[: transfer.FEATURES],
                "components_of_maps": nn.Sequential(maps, components_of(maps, task.x)),
            }
            for code, upto in layers.items():
                found = 100 * transfer.frozen(upto, task, seed)[:, 0]
                figures[code].setdefault(name, {})[str(seed)] = found.round(2).tolist()
    return figures


@torch.no_grad()
def components_of(maps: nn.Module, x: Tensor) -> nn.Linear:
    """Map onto the first principal components, as many as the networks have features."""
    mean, _, rows = principal_components(transfer.run_through(maps, x).double().numpy())
    kept = rows[: networks.FEATURES].copy()
    layer = nn.Linear(len(mean), networks.FEATURES)
    layer.weight.copy_(torch.from_numpy(kept))
    layer.bias.copy_(torch.from_numpy(-kept @ mean))
    return layer


def other_draws(dataset: Dataset) -> Card:
    """Draws of two-latent autoencoders from the prior, with two other seeds; a different judge."""
    train = to_unit(dataset.train_images)
    figures: Card = {"autoencoder": {}, "judge": draws.certainty_of_paths(draws.judge_from(1))}
    judge = draws.judge_from(SEED)
    for seed in (1, 2):
        model = draws.trained(draws.PlainConfig(2), train, seed, lambda *_: None)
        noise = torch.randn(draws.DRAWS, 2, generator=torch.Generator().manual_seed(0))
        with torch.no_grad():
            images = model.decode(noise)
        figures["autoencoder"][str(seed)] = judge.report(images)
    return figures


def pointwise_code(dataset: Dataset) -> Card:
    """Squared error of a spatial code, written and read in as many steps, without neighbours."""
    train, test = to_unit(dataset.train_images), to_unit(dataset.test_images)
    torch.manual_seed(SEED)
    model = spatial_codes.pointwise_spatial()
    model = conv_and_dense.trained(model, train, on_step=lambda *_: None)
    model.requires_grad_(False)
    return {
        "weights": sum(p.numel() for p in model.parameters()),
        "squared_error": spatial_codes.mean_error(model, test),
    }


def digits_held_out(dataset: Dataset) -> Card:
    """Like neighbours in percent, as in `collapse`, if the 125 held-out digits are drawn at random.

    By principal components and by the networks of two combinations, one seed for each draw.
    """
    images, labels = collapse.digits()
    figures: Card = {"components": [], "negatives": [], "variance + decorrelation": []}
    for seed in range(HOLDOUTS):
        order = np.random.default_rng(seed).permutation(len(images))
        with patch.object(collapse, "digits", return_value=(images[order], labels[order])):
            codes = collapse.rows(images[order])
            axes = np.linalg.svd(codes[: collapse.TRAIN], full_matrices=False)[2]
            codes = codes @ axes[: collapse.NUMBERS].T
            u = codes / np.linalg.norm(codes, axis=1, keepdims=True)
            nearest = (u[collapse.TRAIN :] @ u[: collapse.TRAIN].T).argmax(1)
            alike = labels[order][nearest] == labels[order][collapse.TRAIN :]
            figures["components"].append(round(100 * alike.mean(), 1))
            for name in ("negatives", "variance + decorrelation"):
                on = {switch: switch in name.split(" + ") for switch in SWITCHES}
                figures[name].append(round(100 * measured(on, seed)[3], 1))
    return figures


def nearest_left_out(dataset: Dataset) -> Card:
    """The effect of the nearest negatives in `collapse`, by temperature.

    Like neighbours in percent, with as many of the nearest negatives left out as are false, of
    other digits or of any. And the percentage of the push that falls on false negatives at the
    end, in batches of the training, with none left out.
    """
    negatives = {name: name == "negatives" for name in SWITCHES}
    figures: Card = {"nearest others": {}, "nearest": {}, "push": {}}
    for temperature in TEMPERATURES:
        with patch.object(collapse, "TAU", temperature):
            for drop in ("nearest others", "nearest"):
                figures[drop][f"{temperature:g}"] = [
                    round(100 * measured_without(drop, negatives, seed)[3], 1)
                    for seed in range(SEEDS)
                ]
            figures["push"][f"{temperature:g}"] = [
                round(100 * push_on_false(negatives, seed), 1) for seed in range(SEEDS)
            ]
    return figures


def push_on_false(switches: dict[str, bool], seed: int) -> float:
    """The share of the push on views of the same digit, over 50 batches after the training."""
    images, labels = collapse.digits()
    state = collapse.start(seed=seed)
    for _ in range(STEPS_OF_COLLAPSE):
        state = collapse.step(state, seed=seed, **switches)
    rng = np.random.default_rng(seed)
    on_false = pushed = 0.0
    for _ in range(50):
        chosen = rng.integers(0, collapse.TRAIN, collapse.BATCH)
        one, other = (
            collapse.embedded(state["theta"], collapse.view(images[chosen], rng)) for _ in range(2)
        )
        push = collapse.softmax(one @ other.T / collapse.TAU)
        np.fill_diagonal(push, 0)
        on_false += push[np.equal.outer(labels[chosen], labels[chosen])].sum()
        pushed += push.sum()
    return float(on_false / pushed)


def slowest_teachers(dataset: Dataset) -> Card:
    """Teachers of `collapse` without a predictor, after 20,000 steps: the measures by seed."""
    stop = {name: name == "stop" for name in SWITCHES}
    return {
        f"{memory:g}": [
            [round(value, 3) for value in measured(stop, seed, 20_000, memory)] for seed in range(3)
        ]
        for memory in (0.99, 0.999)
    }


CONTROLS: dict[str, Callable[[Dataset], Card]] = {
    "hidden_pixels": hidden_pixels,
    "hidden_patches": hidden_patches,
    "codes_of_parts": codes_of_parts,
    "longer_table_64": partial(longer_table, 64),
    "longer_table_256": partial(longer_table, 256),
    "longer_prior": longer_prior,
    "rounded_decoder": rounded_decoder,
    "best_linear_vae": best_linear_vae,
    "linear_vae": linear_vae,
    "early_weight": early_weight,
    "missed_by_the_bound": missed_by_the_bound,
    "refitted_patches": refitted_patches,
    "steep_units": steep_units,
    "clouds": clouds,
    "grey_ink": grey_ink,
    "untrained_networks": untrained_networks,
    "two_numbers": two_numbers,
    "untold_denoiser": untold_denoiser,
    "other_gaussians": other_gaussians,
    "longer_features": longer_features,
    "untrained_features": untrained_features,
    "other_draws": other_draws,
    "digits_held_out": digits_held_out,
    "nearest_left_out": nearest_left_out,
    "slowest_teachers": slowest_teachers,
    "pointwise_code": pointwise_code,
    "fine_tuned": fine_tuned.fine_tuned,
    "far_words": word_controls.far_words,
    "analogies_without_arithmetic": word_controls.analogies_without_arithmetic,
    **{
        f"one_protocol_{name}": partial(one_protocol.of_objective, name)
        for name in one_protocol.OBJECTIVES
    },
    "one_protocol_baselines": one_protocol.of_baselines,
}

if __name__ == "__main__":
    main(sys.argv[1:])
