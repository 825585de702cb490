"""Sparse autoencoders of the 32 hidden units of `mnist_network`, trained and untrained.

Each describes the units by 128 features of which at most k are active for an image. They are
trained from several seeds, to count the features that return.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from latentbook_decoders.models.cards import Card
from training.cards import made_on
from training.data import load_dataset
from training.exports.decoders import sample_of
from training.exports.export import WIDGET_DATA, Job, write_export
from training.exports.networks import CLASSES, FEATURES, network, to_arrays
from training.fit import OnStep
from widgets.kit.network import layers_of
from widgets.sae_features import features_of

Array = NDArray[Any]
UNTRAINED_SEED = 1  # of the same layers with random weights, as for `mnist_probes`
HELD = 5000  # training images on which rate and seed are chosen
RATES = (1e-3, 3e-3)
ACTIVE = (1, 2, 4, 8)  # features that may be active
CHOSEN_AT = 4  # the k at which the rate is chosen
SEEDS = 3
ALIKE = 0.9  # least cosine of a direction that counts as found again
DENSE = 0.3  # least share of images for a dense feature
MIXED = 0.5  # purity below which a feature is mixed


@dataclass(frozen=True)
class SparseRecipe:
    """Training of a sparse autoencoder by Adam, whose rate rises first and falls at the end."""

    width: int = 128
    steps: int = 2500
    batch_size: int = 512


RECIPE = SparseRecipe()


@dataclass
class SparseAutoencoder:
    """z = TopK(relu((h - centre) E + b)), h_hat = z D + centre, with rows of D of length 1."""

    encoder: Tensor  # (units, width)
    bias: Tensor  # (width,)
    decoder: Tensor  # (width, units)
    centre: Tensor  # (units,)

    def arrays(self, scale: float) -> dict[str, Array]:
        """Arrays for the page, for unscaled units: float16."""
        parts = {
            "encoder": self.encoder / scale,
            "bias": self.bias,
            "decoder": scale * self.decoder,
            "centre": scale * self.centre,
        }
        return {name: part.detach().half().numpy() for name, part in parts.items()}


def train_sparse(
    h: Tensor, active: int, rate: float, seed: int, on_step: OnStep, steps: int = RECIPE.steps
) -> SparseAutoencoder:
    """Train on units (n, 32), scaled to a mean squared distance of 1 from their mean."""
    torch.manual_seed(seed)
    decoder = torch.randn(RECIPE.width, h.shape[1])
    decoder /= decoder.norm(dim=1, keepdim=True)
    model = SparseAutoencoder(
        decoder.T.clone().requires_grad_(),
        torch.zeros(RECIPE.width, requires_grad=True),
        decoder.clone().requires_grad_(),
        h.mean(0).clone().requires_grad_(),
    )
    parameters = [model.encoder, model.bias, model.decoder, model.centre]
    optimizer = torch.optim.Adam(parameters, fused=True)
    for step in range(steps):
        done = step / steps
        optimizer.param_groups[0]["lr"] = rate * min(1, 20 * done + 1e-2, 3 * (1 - done))
        x = h[torch.randint(len(h), (RECIPE.batch_size,))]
        z = ((x - model.centre) @ model.encoder + model.bias).relu()
        least = z.topk(active, 1).values[:, -1:]
        loss = (torch.where(z >= least, z, 0) @ model.decoder + model.centre - x).square().sum(1)
        optimizer.zero_grad()
        loss.mean().backward()
        optimizer.step()
        with torch.no_grad():
            model.decoder.div_(model.decoder.norm(dim=1, keepdim=True))
        on_step(step + 1, steps, loss.mean().item())
    return model


def units_of(x: Array, weights: dict[str, Array]) -> Array:
    """The 32 hidden units of many images, (n, 32)."""
    parts = np.array_split(x / 255, max(1, len(x) // 500))
    return np.concatenate([layers_of(part, weights)[3] for part in parts])


def unexplained(h: Array, rebuilt: Array) -> float:
    """Squared error as a share of the variance of the units."""
    return float(np.square(rebuilt - h).sum() / np.square(h - h.mean(0)).sum())


def by_digit(z: Array, labels: Array) -> Array:
    """Share of each feature's activation by digit, (width, 10)."""
    mass = np.stack([z[labels == digit].sum(0) for digit in range(CLASSES)], axis=1)
    shares: Array = mass / np.maximum(mass.sum(1, keepdims=True), 1e-12)
    return shares


def nearest_of(own: Array, living: Array, others: list[tuple[Array, Array]]) -> Array:
    """Largest cosine of each feature with a living one of another seed, mean over seeds.

    Parameters
    ----------
    own : ndarray of shape (width, 32), the features' directions
    living : ndarray of shape (width,), bool; the others get 0
    others : directions of the other seeds, and which of them are living
    """
    unit = own / np.linalg.norm(own, axis=1, keepdims=True)
    nearest = []
    for other, alive in others:
        direction = other[alive] / np.linalg.norm(other[alive], axis=1, keepdims=True)
        nearest.append((unit @ direction.T).max(1))
    return np.where(living, np.mean(nearest, axis=0), 0)


def drop(items: list[tuple[Array, Array]], i: int) -> list[tuple[Array, Array]]:
    """All items but the one at `i`."""
    return items[:i] + items[i + 1 :]


def make_features(job: Job) -> Card:
    """Train on both networks, for each number of active features, from each seed; measure."""
    torch.set_num_threads(1)
    dataset = load_dataset("mnist")
    torch.manual_seed(UNTRAINED_SEED)
    networks = {
        "trained": dict(np.load(WIDGET_DATA / "mnist_network.npz")),
        "untrained": to_arrays(network().requires_grad_(False)),
    }
    labels = dataset.test_labels
    arrays: dict[str, list[Array]] = {}
    untrained: dict[str, Array] = {}
    metrics: Card = {}
    runs = len(RATES) + len(networks) * len(ACTIVE) * SEEDS
    done = 0
    rate = RATES[0]
    for name, weights in networks.items():
        train, test = (units_of(x, weights) for x in (dataset.train_images, dataset.test_images))
        if name == "untrained":
            untrained = {
                "untrained": test[sample_of(dataset)].astype(np.float16),
                "untrained_w3": weights["w3"],
                "untrained_b3": weights["b3"],
            }
        fitted, held = train[:-HELD], train[-HELD:]
        scale = float(np.sqrt(np.square(fitted - fitted.mean(0)).sum(1).mean()))
        h = torch.from_numpy(fitted / scale).float()

        def rebuilt(x: Array, own: dict[str, Array], active: int) -> Array:
            own = {key: part.astype(float) for key, part in own.items()}
            units: Array = features_of(x, own, active) @ own["decoder"] + own["centre"]
            return units

        if name == "trained":
            tried = {}
            for each in RATES:
                model = train_sparse(h, CHOSEN_AT, each, 0, job.part(done, runs)).arrays(scale)
                tried[each] = unexplained(held, rebuilt(held, model, CHOSEN_AT))
                done += 1
            rate = min(tried, key=lambda one: tried[one])
            metrics["held_out_rates"] = {str(one): round(value, 4) for one, value in tried.items()}

        head = weights["w3"].astype(float), weights["b3"].astype(float)
        metrics[name] = {"units": summary(test, test, head, labels)}
        for active in ACTIVE:
            models = []
            for seed in range(SEEDS):
                models.append(
                    train_sparse(h, active, rate, seed, job.part(done, runs)).arrays(scale)
                )
                done += 1
            codes = [
                features_of(test, {k: v.astype(float) for k, v in own.items()}, active)
                for own in models
            ]
            directions: list[tuple[Array, Array]] = [
                (own["decoder"].astype(float), z.max(0) > 0)
                for own, z in zip(models, codes, strict=True)
            ]
            nearest = [nearest_of(*directions[i], drop(directions, i)) for i in range(SEEDS)]
            pairs = [
                nearest_of(*directions[i], [other])[directions[i][1]] >= ALIKE
                for i in range(SEEDS)
                for other in drop(directions, i)
            ]
            metrics[name][str(active)] = {
                "by_seed": [
                    summary(z, rebuilt(test, own, active), head, labels, test)
                    for z, own in zip(codes, models, strict=True)
                ],
                "return_under_another_seed": [round(float(pair.mean()), 4) for pair in pairs],
            }
            best = int(np.argmin([unexplained(held, rebuilt(held, own, active)) for own in models]))
            z = codes[best]
            order = np.argsort(-(z > 0).mean(0), kind="stable")  # most frequent first
            own = models[best]
            kept = {
                "encoder": own["encoder"][:, order],
                "bias": own["bias"][order],
                "decoder": own["decoder"][order],
                "centre": own["centre"],
                "density": (z > 0).mean(0)[order].astype(np.float32),
                "digits": by_digit(z, labels)[order].astype(np.float32),
                "nearest": nearest[best][order].astype(np.float32),
            }
            for key, value in kept.items():
                arrays.setdefault(f"{name}_{key}", []).append(value)
    card = {
        "title": "Sparse features of the hidden units of mnist_network",
        "data": dataset.origin,
        "features": {
            **asdict(RECIPE),
            "layers": f"{FEATURES} - {RECIPE.width}, ReLU, the largest k of them, k = {ACTIVE}; "
            "float16",
            "rate": f"{rate:g}, of {RATES}, chosen on {HELD:,} held-out training images at "
            f"k = {CHOSEN_AT}; the page has the seed with the least error on them",
            "untrained": f"the same layers with random weights from seed {UNTRAINED_SEED}, which "
            "are not those that mnist_network began with",
        },
        "seeds": list(range(SEEDS)),
        **made_on(torch.device("cpu")),
        "measured": {
            "on": f"{len(labels):,} test images",
            "density": "share of images for which a feature is active; features are in its order",
            "digits": "share of a feature's activation that falls on each digit; purity is the "
            "largest of them",
            "nearest": "largest cosine with a living feature of another seed, mean over seeds",
            "dead": "share of features active for none",
            "dense": f"share active for over {DENSE:.0%} of the images",
            "mixed": f"share of the living whose purity is below {MIXED:.0%}",
            "return": f"share of the living with a cosine of {ALIKE} or more, by pair of seeds",
        },
        "metrics": metrics,
    }
    stacked = {key: np.stack(value) for key, value in arrays.items()}
    return write_export("mnist_network_features", {**stacked, **untrained}, card)


def summary(
    z: Array, rebuilt: Array, head: tuple[Array, Array], labels: Array, h: Array | None = None
) -> Card:
    """Measurements of features z, (n, m), and of their reconstructions, (n, 32)."""
    density = (z > 0).mean(0)
    living = density > 0
    purity = by_digit(z, labels)[living].max(1)
    answers = (rebuilt @ head[0] + head[1]).argmax(1)
    found = {
        "accuracy": (answers == labels).mean(),
        "dead": 1 - living.mean(),
        "dense": (density > DENSE).mean(),
        "mixed": (purity < MIXED).mean(),
        "purity_median": np.median(purity),
        "density_median": np.median(density[living]),
    }
    if h is not None:
        found["unexplained"] = unexplained(h, rebuilt)
    return {key: round(float(value), 4) for key, value in found.items()}
