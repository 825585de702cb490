"""Digits drawn token by token: a transformer on the codes of `vqvae_mnist`, with its decoder."""

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
from training.token_prior import TokenPrior, TokenRecipe, draw_tokens, token_bits, train_prior
from widgets.kit.network import layers

CODED = "vqvae_mnist"
NAME = "mnist_tokens"
RECIPE = TokenRecipe()
SEEDS = (0, 1, 2)
TEMPERATURES = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
JUDGED = 2000  # draws, of as many test digits' classes
DIGITS = 10
PART = 1000

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
    counts = frequencies(train, labels, model.codes)
    untold = torch.full_like(asked, DIGITS)
    judge = Judge(model, dataset.test_images[:JUDGED], asked[:JUDGED].numpy())
    judged = {
        f"{temperature:g}": {
            "before": [judge(drawn_by(prior, asked[:JUDGED], temperature)) for prior in priors],
            "alone": judge(drawn_alone(counts, asked[:JUDGED], temperature)),
        }
        for temperature in TEMPERATURES
    }
    whole = drawn_by(priors[0], asked[:JUDGED], 1.0)
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
        "method": f"bits: mean cost of a test digit. {JUDGED:,} draws, asked for the digits of as "
        "many test images, decoded and judged by mnist_classifier. right: it names the digit that "
        f"was asked for; sure: it is surer than {SURE}; distance: Fréchet distance of its hidden "
        "units to those of the test images; spread: within a digit, as a share of that of the "
        "test images. alone: each token by how often the digit has it at its place, with the same "
        "temperature. differs: places at which a draw differs from the nearest of all training "
        "digits, median; of test digits the same",
        "metrics": {
            "bits": {
                "untold": [round(token_bits(prior, test, untold), 2) for prior in priors],
                "told": [round(token_bits(prior, test, asked), 2) for prior in priors],
                "alone_untold": round(bits_alone(counts, test, untold), 2),
                "alone_told": round(bits_alone(counts, test, asked), 2),
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


def drawn_by(prior: TokenPrior, labels: Tensor, temperature: float) -> Tensor:
    """Tokens of digits, drawn from the prior."""
    torch.manual_seed(1)
    return draw_tokens(prior, labels, temperature)


def drawn_alone(counts: NDArray[np.float32], labels: Tensor, temperature: float) -> Tensor:
    """Tokens of digits, each drawn by its frequency raised to 1 / temperature."""
    shares = torch.from_numpy(counts[labels]).clamp_min(1e-3)
    if temperature == 0:
        return shares.argmax(2)
    torch.manual_seed(1)
    odds = (shares.log() / temperature).softmax(2)
    return torch.multinomial(odds.flatten(0, 1), 1).view(len(labels), -1)


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
