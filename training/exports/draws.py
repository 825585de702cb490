"""Draws of plain autoencoders and VAEs from a normal distribution, judged by a classifier.

Both have the same layers, and 2 or 16 latents. The codes are drawn from the prior, or from a normal
distribution or a mixture of several that is fitted to codes of training digits. The judge
compares them with other digits.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from latentbook_decoders.models.autoencoder import PIXELS, Autoencoder, Config
from latentbook_decoders.models.cards import Card
from latentbook_decoders.models.mlp import MLPVAEConfig, mlp
from training.cards import made_on
from training.data import SIZE, load_dataset, to_unit
from training.exports.export import Job
from training.fit import OnStep, fit
from training.losses import reparameterize
from training.recipe import Recipe
from training.recipes import SEED
from widgets.data import load
from widgets.kit.network import decode
from widgets.morph import MODELS

LATENTS = (16, 2)
WIDTHS = (512, 256)  # of the hidden layers, from the pixels inwards
RECIPE = Recipe(epochs=20)
DRAWS = 1000  # codes drawn, and test digits compared with them
SURE = 0.9  # probability of one class from which the classifier counts as sure
REFERENCES = 100  # training digits of each class that draws may cover
FITTED = 15_000  # training digits to whose codes a density is fitted
COMPONENTS = 40  # normal distributions in a mixture
NEIGHBOURS = 5  # a digit is covered by a draw that is nearer than its fifth neighbour
SHOWN = {"plain": 30.0, "vae": 4.0}  # how far the planes in the chapter's picture reach


@dataclass(frozen=True)
class PlainConfig:
    """A plain autoencoder with the same layers as the VAE."""

    latent_dim: int

    def build(self) -> Autoencoder:
        """A new model with random weights."""
        k = self.latent_dim
        return Autoencoder(k, mlp(PIXELS, *WIDTHS, k), mlp(k, *reversed(WIDTHS), PIXELS))


def vae_config(k: int) -> Config:
    """The VAE with the same layers as `PlainConfig`."""
    return MLPVAEConfig(k, encoder=WIDTHS, decoder=WIDTHS[::-1])


class Judge:
    """A classifier of digits: how sure it is of drawn images, and which real digits they cover.

    Coverage is that of Naeem et al. 2020: the share of reference digits that have a draw nearer
    than their own k-th neighbour among the references, in the classifier's last hidden layer.

    Attributes
    ----------
    shown : training digits that are not references, drawn at random, (15000, 784)
    """

    def __init__(self, train: Tensor, labels: Tensor, seed: int) -> None:
        torch.manual_seed(seed)
        self.features = nn.Sequential(
            nn.Unflatten(1, (1, SIZE, SIZE)),
            nn.Conv2d(1, 16, 5, stride=2, padding=2),
            nn.SiLU(),
            nn.Conv2d(16, 32, 5, stride=2, padding=2),
            nn.SiLU(),
            nn.Flatten(),
            nn.Linear(32 * 7 * 7, 64),
            nn.SiLU(),
        )
        self.classes = nn.Linear(64, 10)
        self.fit(train, labels)
        mixed = torch.randperm(len(labels))
        balanced = [mixed[labels[mixed] == digit][:REFERENCES] for digit in range(10)]
        compared = torch.cat(balanced)  # places among the training digits, at random
        with torch.no_grad():
            self.references = self.features(train[compared])  # (1000, 64)
            apart = torch.cdist(self.references, self.references)
            self.radius = apart.kthvalue(NEIGHBOURS + 1, dim=1).values  # the first is itself
        unseen = torch.ones(len(train), dtype=torch.bool)
        unseen[compared] = False
        others = unseen.nonzero()[:, 0]
        self.shown = train[others[torch.randperm(len(others))[:FITTED]]]

    def fit(self, train: Tensor, labels: Tensor, epochs: int = 4) -> None:
        """Train with Adam, the rate falling to zero in steps."""
        parameters = [*self.features.parameters(), *self.classes.parameters()]
        optimizer = torch.optim.Adam(parameters)
        for epoch in range(epochs):
            optimizer.param_groups[0]["lr"] = 2e-3 * (1 - epoch / epochs)
            for batch in torch.randperm(len(train)).split(128):
                loss = cross_entropy(self.classes(self.features(train[batch])), labels[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()

    @torch.no_grad()
    def report(self, images: Tensor) -> Card:
        """Percent of images that it is sure of, percent of references covered, images by class."""
        features = self.features(images.flatten(1))
        top, digit = self.classes(features).softmax(1).max(1)
        nearest = torch.cdist(self.references, features).min(1).values
        return {
            "sure": percent(top > SURE),
            "covered": percent(nearest <= self.radius),
            "read_as": torch.bincount(digit, minlength=10).tolist(),
        }

    @torch.no_grad()
    def certainty(self, images: Tensor) -> float:
        """Mean probability of the likeliest class, in percent."""
        chances = self.classes(self.features(images.flatten(1))).softmax(1)
        return round(100 * float(chances.amax(1).mean()), 2)


@cache
def judge_from(seed: int) -> Judge:
    """A judge trained on all training digits."""
    dataset = load_dataset("mnist")
    labels = torch.tensor(dataset.train_labels).long()
    return Judge(to_unit(dataset.train_images), labels, seed)


def percent(which: Tensor) -> float:
    """Percent of true values."""
    return round(100 * float(which.float().mean()), 1)


def make_draws(job: Job) -> Card:
    """Train and judge the first networks, and judge known images."""
    dataset = load_dataset("mnist")
    train, test = to_unit(dataset.train_images), shuffled_digits(to_unit(dataset.test_images))
    metrics = draws_figures(SEED, job)
    judge = judge_from(SEED)
    in_place = to_unit(dataset.test_images)[:DRAWS]
    return {
        "name": "draws",
        "command": "latentbook train draws",
        "title": "What plain autoencoders and VAEs draw, by a judge",
        "data": dataset.origin,
        "networks": f"{PIXELS}-{WIDTHS[0]}-{WIDTHS[1]}-k and back; {RECIPE}",
        "seed": SEED,
        **made_on(torch.device("cpu")),
        "evaluation": f"{DRAWS:,} images each, in percent. sure: the judge gives one class more "
        f"than {SURE:.0%}. covered: share of {10 * REFERENCES:,} training digits with an image "
        f"nearer than their neighbour {NEIGHBOURS}. Densities are fitted to codes of {FITTED:,} "
        "other training digits. certainty: mean probability of the likeliest class, by a judge "
        "from the same seed, for pairs of different digits of mnist_images",
        "metrics": metrics,
        "judged": {
            "test_digits": judge.report(test[:DRAWS]),
            "test_digits_in_the_order_of_the_file": judge.report(in_place),
            "blank": judge.report(torch.zeros(DRAWS, PIXELS)),
            "mean_digit": judge.report(train.mean(0).expand(DRAWS, -1)),
        },
    }


def draws_figures(seed: int, job: Job) -> Card:
    """Judge the draws of networks trained from a seed."""
    torch.set_num_threads(1)  # the same weights on every run
    dataset = load_dataset("mnist")
    train, test = to_unit(dataset.train_images), shuffled_digits(to_unit(dataset.test_images))
    judge = judge_from(SEED)
    figures: Card = {}
    for i, k in enumerate(LATENTS):
        ae, vae = (
            trained(config, train, seed, job.part(2 * i + j, 2 * len(LATENTS)))
            for j, config in enumerate((PlainConfig(k), vae_config(k)))
        )
        clouds = codes_of(ae, vae, test)
        images = drawn_by(ae, vae, clouds["plain"], test, judge.shown)
        figures[str(k)] = {name: judge.report(each) for name, each in images.items()}
    figures["percent_beyond_the_picture"] = {
        name: percent((cloud.abs() >= SHOWN[name]).any(1)) for name, cloud in clouds.items()
    }
    figures["certainty"] = certainty_of_paths(judge_from(seed))
    return figures


def shuffled_digits(test: Tensor) -> Tensor:
    """Shuffle test digits, because the file lists its writers in blocks."""
    return test[torch.randperm(len(test), generator=torch.Generator().manual_seed(0))]


@torch.no_grad()
def codes_of(ae: Autoencoder, vae: Autoencoder, x: Tensor) -> dict[str, Tensor]:
    """Codes of images: of the VAE, one draw each."""
    mu, logvar = vae.encode(x)
    assert logvar is not None
    torch.manual_seed(0)
    return {"plain": ae.encode(x)[0], "vae": reparameterize(mu, logvar)}


@torch.no_grad()
def drawn_by(
    ae: Autoencoder, vae: Autoencoder, codes: Tensor, test: Tensor, shown: Tensor
) -> dict[str, Tensor]:
    """Images of both decoders, by the source of their codes."""
    noise = torch.randn(DRAWS, ae.latent_dim, generator=torch.Generator().manual_seed(0))
    mu, logvar = vae.encode(shown)
    assert logvar is not None
    of_shown, of_shown_vae = ae.encode(shown)[0], reparameterize(mu, logvar)
    spread = torch.linalg.cholesky(torch.cov(of_shown.T))
    return {
        "plain_rebuilt": ae.decode(codes[:DRAWS]),
        "plain_prior": ae.decode(noise),
        "plain_normal": ae.decode(of_shown.mean(0) + noise @ spread.T),
        "plain_mixture": ae.decode(from_mixture(of_shown)),
        "vae_rebuilt": vae.decode(vae.encode(test[:DRAWS])[0]),
        "vae_prior": vae.decode(noise),
        "vae_mixture": vae.decode(from_mixture(of_shown_vae)),
    }


def from_mixture(codes: Tensor) -> Tensor:
    """Draws from a mixture of normal distributions that is fitted to codes."""
    from sklearn.mixture import GaussianMixture  # type: ignore[import-untyped]

    mixture = GaussianMixture(COMPONENTS, random_state=0).fit(codes.double().numpy())
    return torch.tensor(mixture.sample(DRAWS)[0]).float()


def trained(config: Config, train: Tensor, seed: int, on_step: OnStep) -> Autoencoder:
    """A model trained on all 60,000 digits."""
    with TemporaryDirectory() as folder:
        model, _ = fit(
            config,
            train,
            RECIPE,
            seed=seed,
            device=torch.device("cpu"),
            checkpoint=Path(folder) / "state",
            resume=False,
            on_step=on_step,
        )
    return model


def certainty_of_paths(judge: Judge) -> Card:
    """Certainty of a judge that saw no mixtures: of digits, decoded codes, and their middles."""
    shown, model = load("mnist_images"), load(f"{MODELS['mnist']}_decoder")
    images = shown["images"] / 255
    codes = model["codes"][shown["position"]].astype(float)
    first, second = np.triu_indices(len(codes), 1)
    differ = shown["labels"][first] != shown["labels"][second]
    a, b = first[differ], second[differ]

    def of(images: np.ndarray) -> float:
        return judge.certainty(torch.tensor(images).float())

    return {
        "digits": of(np.concatenate([images[a], images[b]])),
        "middle_in_pixels": of((images[a] + images[b]) / 2),
        "decoded": of(decode(np.concatenate([codes[a], codes[b]]), model)),
        "middle_in_codes": of(decode((codes[a] + codes[b]) / 2, model)),
    }
