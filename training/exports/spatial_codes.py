"""Spatial codes and flat ones: autoencoders of digits with 49 numbers, measured.

All have the same two convolutions of stride 2. The spatial code is a map of 7 x 7; the flat one is
49 numbers behind a dense layer; the deeper spatial one is written and read by kernels of 3 x 3.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, pad, unfold

from latentbook_decoders.models.autoencoder import Autoencoder
from latentbook_decoders.models.cards import Card
from training.cards import made_on
from training.data import SIZE, Dataset, load_dataset, to_unit
from training.exports.conv_and_dense import RECIPE, trained
from training.exports.decoders import codes_of
from training.exports.export import Job
from training.exports.mnist_pca import principal_components
from training.fit import OnStep
from training.objectives import reconstruction_error
from training.recipes import SEED

CODE, SIDE = 49, 7  # numbers, and in a row of the spatial code
MAPS = 24  # before the code
WIDE = 211  # maps between kernels of 1
SHIFT = 4  # px, down and to the right, of digits that have room
PAPER = 44  # px per side, so that digits stay away from the edge
LABELLED = 10_000  # codes that the linear classifier is fitted to
DRAWN = 1000  # images, of which the figure shows the first


def make_spatial_codes(job: Job) -> Card:
    """Train and measure the codes, and baselines that need no training."""
    dataset = load_dataset("mnist")
    return {
        "name": "spatial_codes",
        "command": "latentbook train spatial_codes",
        "title": "Spatial codes and flat ones, of 49 numbers",
        "data": dataset.origin,
        "recipe": RECIPE,
        "seed": SEED,
        **made_on(torch.device("cpu")),
        "evaluation": "squared error per test image: of digits, of those that have the room to be "
        f"moved by {SHIFT} px both ways, of these once moved, of Fashion-MNIST. read: percent of "
        f"test digits that logistic regression on {LABELLED:,} codes names right. "
        "added_at_the_edge: percent of the error that moving adds which is in the outermost "
        f"{SHIFT} px. on_paper: squared error of a spatial code trained on paper of {PAPER} px a "
        "side. thumbnail: means of 4 x 4 pixels, enlarged by one linear map from 3 x 3 of them, "
        "fitted to training digits",
        "metrics": spatial_codes_figures(SEED, job),
        "without_training": without_training(dataset),
    }


def spatial_codes_figures(seed: int, job: Job) -> Card:
    """Measurements of each code, from another seed."""
    torch.set_num_threads(1)  # the same weights on every run
    dataset = load_dataset("mnist")
    train = to_unit(dataset.train_images)
    builders = {"spatial": spatial, "flat": flat, "deeper": deep_spatial}
    figures = {}
    for i, (name, build) in enumerate(builders.items()):
        torch.manual_seed(seed)
        model = trained(build(), train, on_step=job.part(i, len(builders) + 1))
        figures[name] = measured(model.requires_grad_(False), dataset, seed)
    last = job.part(len(builders), len(builders) + 1)
    return figures | {"on_paper": on_paper(dataset, seed, last)}


def measured(model: Autoencoder, dataset: Dataset, seed: int) -> Card:
    """Errors, and the accuracy of a linear classifier."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    train, test = to_unit(dataset.train_images), to_unit(dataset.test_images)
    home = test[has_room(test)]
    asked = {
        "digits": test,
        "with_room": home,
        "moved": moved(home),
        "clothes": to_unit(load_dataset("fashion_mnist").test_images),
    }
    codes, test_codes = codes_of(model, train), codes_of(model, test)
    scale = codes.std(0) + 1e-6
    seen, unseen = (((each - codes.mean(0)) / scale).numpy() for each in (codes, test_codes))
    probe = LogisticRegression(max_iter=2000)
    probe.fit(seen[:LABELLED], dataset.train_labels[:LABELLED])
    added = pixel_errors(model, asked["moved"])
    added -= pixel_errors(model, home).roll((SHIFT, SHIFT), (0, 1))
    inside = added[SHIFT:-SHIFT, SHIFT:-SHIFT].sum() / added.sum()
    return {
        "squared_error": {name: mean_error(model, x) for name, x in asked.items()},
        "read": round(100 * probe.score(unseen, dataset.test_labels), 2),
        "added_at_the_edge": round(100 * (1 - inside.item()), 2),
    }


def fitted_draws(model: Autoencoder, train: Tensor, seed: int) -> Tensor:
    """Images decoded from draws of a normal distribution fitted to codes: (1000, 28, 28)."""
    codes = codes_of(model, train)
    torch.manual_seed(seed)
    factor = torch.linalg.cholesky(torch.cov(codes.T) + 1e-6 * torch.eye(CODE))
    return model.decode(codes.mean(0) + torch.randn(DRAWN, CODE) @ factor.T)


def mean_error(model: Autoencoder, x: Tensor) -> float:
    """Squared error per image."""
    errors = [reconstruction_error(model, part) for part in x.split(1000)]
    return round(torch.cat(errors).double().mean().item(), 3)


def pixel_errors(model: Autoencoder, x: Tensor) -> Tensor:
    """Squared error of each pixel, mean over images: (28, 28)."""
    off = torch.sigmoid(model.logits(model.encode(x)[0])) - x
    errors: Tensor = off.double().square().mean(0).unflatten(0, (SIZE, SIZE))
    return errors


def on_paper(dataset: Dataset, seed: int, on_step: OnStep) -> Card:
    """Squared error of a spatial code of digits on larger paper, in place and moved."""
    edge = (PAPER - SIZE) // 2

    def laid_out(x: Tensor) -> Tensor:
        return pad(x.view(-1, SIZE, SIZE), (edge, edge, edge, edge))

    train, test = to_unit(dataset.train_images), to_unit(dataset.test_images)
    torch.manual_seed(seed)
    model = trained(spatial(PAPER), laid_out(train).flatten(1), on_step=on_step)
    model.requires_grad_(False)
    home = laid_out(test[has_room(test)])
    return {
        "with_room": mean_error(model, home.flatten(1)),
        "moved": mean_error(model, home.roll((SHIFT, SHIFT), (1, 2)).flatten(1)),
    }


def without_training(dataset: Dataset) -> Card:
    """Squared errors of an enlarged thumbnail and of as many principal components."""
    train, test = to_unit(dataset.train_images), to_unit(dataset.test_images)
    clothes = to_unit(load_dataset("fashion_mnist").test_images)
    sums = torch.zeros(10, 10 + 16, dtype=torch.float64)
    for part in train.split(5000):
        seen = around(part)
        sums += seen.T @ torch.cat([seen, blocks(part)], 1)
    enlarge = torch.linalg.solve(sums[:, :10], sums[:, 10:])
    mean, _, components = principal_components(train.double().numpy())
    off = clothes.double().numpy() - mean
    left = off - off @ components[:CODE].T @ components[:CODE]
    return {
        "thumbnail": {
            name: round(
                ((around(x) @ enlarge).clamp(0, 1) - blocks(x)).square().sum().item() / len(x), 3
            )
            for name, x in (("digits", test), ("clothes", clothes))
        },
        "components_of_clothes": round(float(np.square(left).sum(axis=1).mean()), 3),
    }


def around(x: Tensor) -> Tensor:
    """The 3 x 3 numbers of a thumbnail around each of its places, and a one: (49 n, 10)."""
    thumbnail = avg_pool2d(x.view(-1, 1, SIZE, SIZE), SIZE // SIDE)
    near = unfold(thumbnail, 3, padding=1).movedim(1, 2).flatten(0, 1)
    return pad(near, (0, 1), value=1.0).double()


def blocks(x: Tensor) -> Tensor:
    """The 4 x 4 pixels of each place: (49 n, 16)."""
    side = SIZE // SIDE
    return unfold(x.view(-1, 1, SIZE, SIZE), side, stride=side).movedim(1, 2).flatten(0, 1).double()


def has_room(x: Tensor) -> Tensor:
    """Mask of the images, (n, 784), that can be moved without losing ink."""
    images = x.view(-1, SIZE, SIZE)
    return images[:, -SHIFT:].sum((1, 2)) + images[:, :, -SHIFT:].sum((1, 2)) == 0


def moved(x: Tensor) -> Tensor:
    """Images, (n, 784), moved down and to the right."""
    return x.view(-1, SIZE, SIZE).roll((SHIFT, SHIFT), (1, 2)).flatten(1)


def spatial(side: int = SIZE) -> Autoencoder:
    """A code of 7 x 7 numbers, on 28 x 28 pixels: only convolutions."""
    encoder = nn.Sequential(
        nn.Unflatten(1, (1, side, side)), *down(), nn.Conv2d(MAPS, 1, 1), nn.Flatten()
    )
    decoder = nn.Sequential(
        nn.Unflatten(1, (1, side // 4, side // 4)), nn.Conv2d(1, MAPS, 1), *up(), nn.Flatten()
    )
    return Autoencoder((side // 4) ** 2, encoder, decoder)


def deep_spatial() -> Autoencoder:
    """A code of 7 x 7 numbers that are written and read together with their neighbours."""
    encoder = nn.Sequential(
        nn.Unflatten(1, (1, SIZE, SIZE)),
        *down(),
        nn.Conv2d(MAPS, MAPS, 3, padding=1),
        nn.SiLU(),
        nn.Conv2d(MAPS, 1, 3, padding=1),
        nn.Flatten(),
    )
    decoder = nn.Sequential(
        nn.Unflatten(1, (1, SIDE, SIDE)),
        nn.Conv2d(1, MAPS, 3, padding=1),
        nn.SiLU(),
        nn.Conv2d(MAPS, MAPS, 3, padding=1),
        *up(),
        nn.Flatten(),
    )
    return Autoencoder(CODE, encoder, decoder)


def pointwise_spatial() -> Autoencoder:
    """As deep as `deep_spatial`, with as many weights, but each number of the code is separate."""
    encoder = nn.Sequential(
        nn.Unflatten(1, (1, SIZE, SIZE)),
        *down(),
        nn.Conv2d(MAPS, WIDE, 1),
        nn.SiLU(),
        nn.Conv2d(WIDE, 1, 1),
        nn.Flatten(),
    )
    decoder = nn.Sequential(
        nn.Unflatten(1, (1, SIDE, SIDE)),
        nn.Conv2d(1, WIDE, 1),
        nn.SiLU(),
        nn.Conv2d(WIDE, MAPS, 1),
        *up(),
        nn.Flatten(),
    )
    return Autoencoder(CODE, encoder, decoder)


def flat() -> Autoencoder:
    """A code of 49 numbers: the same convolutions, and dense layers next to the code."""
    encoder = nn.Sequential(
        nn.Unflatten(1, (1, SIZE, SIZE)), *down(), nn.Flatten(), nn.Linear(MAPS * CODE, CODE)
    )
    decoder = nn.Sequential(
        nn.Linear(CODE, MAPS * CODE), nn.Unflatten(1, (MAPS, SIDE, SIDE)), *up(), nn.Flatten()
    )
    return Autoencoder(CODE, encoder, decoder)


def down() -> list[nn.Module]:
    """(n, 1, 28, 28) to (n, 24, 7, 7)."""
    return [
        nn.Conv2d(1, 16, 4, stride=2, padding=1),
        nn.SiLU(),
        nn.Conv2d(16, MAPS, 4, stride=2, padding=1),
        nn.SiLU(),
    ]


def up() -> list[nn.Module]:
    """(n, 24, 7, 7) to (n, 1, 28, 28), log-odds."""
    return [
        nn.SiLU(),
        nn.Upsample(scale_factor=2.0),
        nn.Conv2d(MAPS, 16, 3, padding=1),
        nn.SiLU(),
        nn.Upsample(scale_factor=2.0),
        nn.Conv2d(16, 1, 3, padding=1),
    ]
