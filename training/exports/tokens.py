"""Digits drawn token by token: a transformer on the codes of `vqvae_mnist`, with its decoder."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from latentbook_decoders.models import registry
from latentbook_decoders.models.cards import Card
from latentbook_decoders.models.vqvae import VQVAE
from training.cards import made_on
from training.data import load_dataset, to_unit
from training.exports.export import WIDGET_DATA, Job, write_export
from training.exports.latent_diffusion import SURE, frechet
from training.exports.masked import to_arrays
from training.token_prior import TokenPrior, TokenRecipe, token_bits, train_prior
from widgets.kit.network import layers
from widgets.kit.tokens import ROW, chosen, draw_tokens, gumbel

CODED = "vqvae_mnist"
NAME = "mnist_tokens"
RECIPE = TokenRecipe()
SEEDS = (0, 1, 2)
TEMPERATURES = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
JUDGED = 2000  # draws, of as many test digits' classes
DIGITS = 10
PART = 1000
HELD_OUT = 5000  # training digits on which the smoothing of counts is chosen
SMOOTHINGS = (0.5, 1, 2, 5, 10, 20, 50)

Array = NDArray[Any]


def make_tokens(job: Job) -> Card:
    """Train the prior from several seeds; judge its draws by temperature; store the first."""
    torch.set_num_threads(1)
    dataset = load_dataset("mnist")
    model = registry.load(CODED)
    assert isinstance(model, VQVAE)
    train, test = (
        tokens_of(model, to_unit(x)) for x in (dataset.train_images, dataset.test_images)
    )
    labels, asked = (
        torch.from_numpy(y).long() for y in (dataset.train_labels, dataset.test_labels)
    )
    priors = [
        train_prior(train, labels, model.codes, seed, job.part(i, len(SEEDS)), RECIPE)
        for i, seed in enumerate(SEEDS)
    ]
    weights = [in_single(to_arrays(prior)) for prior in priors]
    counts = frequencies(train, labels, model.codes)
    untold = torch.full_like(asked, DIGITS)
    judge = Judge(model, dataset.test_images[:JUDGED], asked[:JUDGED].numpy())
    judged = {
        f"{temperature:g}": {
            "before": [judge(drawn_by(each, asked[:JUDGED], temperature)) for each in weights],
            "alone": judge(drawn_alone(counts, asked[:JUDGED], temperature)),
        }
        for temperature in TEMPERATURES
    }
    whole = drawn_by(weights[0], asked[:JUDGED], 1.0)
    card = {
        "title": "Digits drawn token by token",
        "data": dataset.origin,
        "coded_by": {"name": CODED, "sha256": registry.card(CODED)["weights"]["sha256"]},
        "prior": {
            **asdict(RECIPE),
            "described": "tokens in reading order after a row for the digit or none; float16",
        },
        "seeds": list(SEEDS),
        **made_on(torch.device("cpu")),
        "method": "bits: mean cost of a test digit; left, left_and_above: by counts of each token "
        f"after its neighbours, smoothed as suits {HELD_OUT:,} training digits. {JUDGED:,} draws, "
        "asked for the digits of as many test images, decoded and judged by mnist_classifier. "
        "right: it names the digit that "
        f"was asked for; sure: it is surer than {SURE}; distance: Fréchet distance of its hidden "
        "units to those of the test images; spread: within a digit, as a share of that of the "
        "test images. alone: each token by how often the digit has it at its place, with the same "
        "temperature. differs: places at which a draw differs from the nearest of all training "
        "digits, median; of test digits the same",
        "metrics": {
            "bits_by_place": np.round(token_bits(priors[0], test, untold).numpy(), 3).tolist(),
            "bits": {
                "untold": [costs(prior, test, untold) for prior in priors],
                "told": [costs(prior, test, asked) for prior in priors],
                "alone_untold": round(bits_alone(counts, test, untold), 2),
                "alone_told": round(bits_alone(counts, test, asked), 2),
                **neighbour_bits(train.numpy(), test.numpy(), model.codes),
            },
            "by_temperature": judged,
            "test_images": judge(test[:JUDGED]),
            "differs": {
                "draws": median_difference(whole, train),
                "test_images": median_difference(test[:JUDGED], train),
            },
        },
    }
    arrays = {**to_arrays(priors[0]), **decoder_arrays(model), "frequencies": counts}
    return write_export(NAME, arrays, card)


def costs(prior: TokenPrior, tokens: Tensor, labels: Tensor) -> float:
    """Mean cost of images under the prior, in bits."""
    return round(token_bits(prior, tokens, labels).sum().item(), 2)


@torch.no_grad()
def tokens_of(model: VQVAE, x: Tensor) -> Tensor:
    """The tokens of images, in reading order: (n, 784) -> (n, 49) int64."""
    return torch.cat([model.indices(part).flatten(1) for part in x.split(PART)])


def frequencies(tokens: Tensor, labels: Tensor, codes: int) -> NDArray[np.float32]:
    """Share of each token at its place, by digit and in the last row of all: (11, 49, codes)."""
    hot = nn.functional.one_hot(tokens, codes)
    rows = [hot[labels == digit].float().mean(0) for digit in range(DIGITS)]
    return torch.stack([*rows, hot.float().mean(0)]).numpy()


def bits_alone(counts: NDArray[np.float32], tokens: Tensor, labels: Tensor) -> float:
    """Mean cost of images if each token is priced by its frequency, in bits."""
    shares = (counts[labels] + 1e-4) / (1 + 1e-4 * counts.shape[-1])
    picked = np.take_along_axis(shares, tokens.numpy()[..., None], axis=2)
    return float(-np.log2(picked).sum((1, 2)).mean())


def neighbour_bits(train: Array, test: Array, codes: int) -> dict[str, float]:
    """Mean cost of images if each token is priced by counts, after its neighbours.

    Parameters
    ----------
    train, test : (n, 49) tokens; the last `HELD_OUT` of `train` choose the smoothing
    codes : number of different tokens

    Returns
    -------
    dict
        `left`, given the token on the left; `left_and_above`, given that above, too; in bits
    """
    shown, held = train[:-HELD_OUT], train[-HELD_OUT:]
    tried = np.array([after_neighbours(shown, held, codes, w) for w in SMOOTHINGS])
    left, both = (SMOOTHINGS[i] for i in tried.argmin(axis=0))
    return {
        "left": round(after_neighbours(train, test, codes, left)[0], 2),
        "left_and_above": round(after_neighbours(train, test, codes, both)[1], 2),
    }


def after_neighbours(train: Array, test: Array, codes: int, weight: float) -> tuple[float, float]:
    """Bits after the left neighbour, and after both; `weight` is that of shorter contexts."""
    bits = np.zeros(2)
    for place in range(train.shape[1]):
        row, column = divmod(place, ROW)
        contexts = []
        for x in (train, test):
            left = x[:, place - 1] if column else np.zeros(len(x), np.int64)
            above = x[:, place - ROW] if row else np.zeros(len(x), np.int64)
            contexts.append((left, left * codes + above))
        asked = test[:, place]
        share = (np.bincount(train[:, place], minlength=codes) + 0.1) / (len(train) + 0.1 * codes)
        known = np.broadcast_to(share, (codes, codes))
        for i in (0, 1):
            counts = np.bincount(
                contexts[0][i] * codes + train[:, place], minlength=codes ** (i + 2)
            ).reshape(-1, codes)
            shorter = known if i == 0 else np.repeat(known, codes, axis=0)
            known = (counts + weight * shorter) / (counts.sum(1, keepdims=True) + weight)
            bits[i] -= np.log2(known[contexts[1][i], asked]).mean()
    return float(bits[0]), float(bits[1])


def in_single(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The arrays as the page computes with them."""
    return {key: value.astype(np.float32) for key, value in arrays.items()}


def drawn_by(weights: Mapping[str, Array], labels: Tensor, temperature: float) -> Tensor:
    """Tokens of digits, drawn from the prior with the arrays that the page gets."""
    noise = gumbel(len(labels), seed=1)
    return torch.from_numpy(draw_tokens(labels.numpy(), noise, temperature, weights)[0])


def drawn_alone(counts: NDArray[np.float32], labels: Tensor, temperature: float) -> Tensor:
    """Tokens of digits, each drawn by its frequency, with the temperature."""
    log_odds = np.log(counts[labels] + 1e-7)
    return torch.from_numpy(chosen(log_odds, gumbel(len(labels), seed=1), temperature))


def median_difference(tokens: Tensor, train: Tensor) -> float:
    """Median number of places at which images differ from the nearest training image."""
    known = train.numpy().astype(np.uint8)
    each = [np.count_nonzero(known != row, axis=1).min() for row in tokens.numpy().astype(np.uint8)]
    return float(np.median(each))


class Judge:
    """How images decoded from tokens compare with test images, by `mnist_classifier`."""

    def __init__(self, model: VQVAE, images: NDArray[np.uint8], asked: Array) -> None:
        self.model, self.asked = model, asked
        weights = dict(np.load(WIDGET_DATA / "mnist_classifier.npz"))
        del weights["certainty_quantiles"]
        self.weights = weights
        self.test, _ = self.read(images.reshape(len(images), -1) / 255)

    def read(self, x: Array) -> tuple[Array, Array]:
        """Hidden units and probabilities of the digits."""
        _, hidden, log_odds = layers(x, self.weights)
        odds = np.exp(log_odds - log_odds.max(1, keepdims=True))
        return hidden, odds / odds.sum(1, keepdims=True)

    @torch.no_grad()
    def __call__(self, tokens: Tensor) -> Card:
        grid = tokens.view(len(tokens), 7, 7)
        z = self.model.codebook.look_up(grid).flatten(1)
        x = torch.cat([self.model.decode(part).flatten(1) for part in z.split(PART)])
        hidden, odds = self.read(x.numpy())
        return {
            "right": round(float((odds.argmax(1) == self.asked).mean()), 4),
            "sure": round(float((odds.max(1) > SURE).mean()), 4),
            "distance": round(frechet(hidden, self.test), 3),
            "spread": round(self.spread(hidden) / self.spread(self.test), 4),
        }

    def spread(self, hidden: Array) -> float:
        """Standard deviation of the hidden units within a digit, over all units."""
        within = [hidden[self.asked == digit].var(0).sum() for digit in range(DIGITS)]
        return float(np.sqrt(np.mean(within)))


def decoder_arrays(model: VQVAE) -> dict[str, Array]:
    """The codebook, and the kernels of the decoder as (maps out, 3, 3, maps in)."""
    kernels = [layer for layer in model.decoder if isinstance(layer, nn.Conv2d)]
    found = {"codebook": model.codebook.vectors.detach().numpy()}
    for i, layer in enumerate(kernels):
        assert layer.bias is not None
        found[f"w{i}"] = layer.weight.detach().permute(0, 2, 3, 1).contiguous().numpy()
        found[f"b{i}"] = layer.bias.detach().numpy()
    return found
