"""`latentbook reproduce NAME`: recompute figures that others have published.

Each is a mean, most of them over the 10,000 test images of MNIST, some over draws. That gives its
standard error.
With `--record` the result goes into `widgets/data/published.json`, from which the section in
`content/workshop` takes the numbers of its table, and the table gets a row for it.
"""

import json
import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import one_hot

from latentbook_decoders.models import registry
from latentbook_decoders.models.cards import Card
from training.cards import made_on, mean_and_error
from training.data import Dataset, load_dataset, to_unit
from training.errors import UnknownFigure
from training.evaluate import evaluate
from training.exports.export import WIDGET_DATA

RECORD = WIDGET_DATA / "published.json"
SECTION = Path(__file__).parents[1] / "content" / "workshop" / "published.md"
HEAD = """| figure | published | here | command | time |
|---|---|---|---|---|
"""
GAUSSIANS = 20  # dimensions of the pairs of Poole et al. 2019
ROWS = re.compile(re.escape(HEAD) + r"(?:\|.*\n)*")


@dataclass(frozen=True)
class Figure:
    """A published figure, and how it is computed.

    Attributes
    ----------
    what : the quantity that is measured; a line of Markdown
    source : key of content/references.bib
    theirs : the figure as it is printed there
    unit : its unit
    values : from the data set to one number for each test image, or for each draw
    trained : the model whose weights it uses, or ""
    dataset : whose images
    """

    name: str
    what: str
    source: str
    theirs: str
    unit: str
    values: Callable[[Dataset], Tensor]
    trained: str = ""
    dataset: str = "mnist"

    @property
    def command(self) -> str:
        """The command that computes it."""
        return f"latentbook reproduce {self.name}"


def flat(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Images as rows in [0, 1]."""
    return images.reshape(len(images), -1) / 255


def leading(x: NDArray[np.float64], k: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mean of rows, and their k leading principal components as columns, (d, k)."""
    mean = x.mean(axis=0)
    _, vectors = np.linalg.eigh(np.cov(x.T))
    return mean, vectors[:, : -k - 1 : -1]


def pca_errors(data: Dataset, k: int = 30) -> Tensor:
    """Squared error of each test image, rebuilt from k components of the training images."""
    test = flat(data.test_images)
    mean, vectors = leading(flat(data.train_images), k)
    centred = test - mean
    return torch.from_numpy(np.sum((centred - centred @ vectors @ vectors.T) ** 2, axis=1))


def nearest_errors(data: Dataset) -> Tensor:
    """100 if the nearest training image has a different label, else 0."""
    train = to_unit(data.train_images)
    labels = torch.from_numpy(data.train_labels.astype(np.int64))
    lengths = (train**2).sum(dim=1)
    parts = to_unit(data.test_images).split(500)
    nearest = torch.cat([(lengths - 2 * part @ train.T).argmin(dim=1) for part in parts])
    return 100.0 * (labels[nearest] != torch.from_numpy(data.test_labels.astype(np.int64)))


def quadratic_errors(data: Dataset, k: int = 40) -> Tensor:
    """100 if a quadratic function of k principal components gives a wrong label, else 0.

    The classifier is linear in the components and in all their products, fitted to the labels by
    least squares.
    """
    mean, vectors = leading(flat(data.train_images), k)
    i, j = np.triu_indices(k)

    def features(images: NDArray[np.uint8]) -> NDArray[np.float64]:
        code = (flat(images) - mean) @ vectors
        return np.concatenate([np.ones((len(code), 1)), code, code[:, i] * code[:, j]], axis=1)

    wanted = np.eye(10)[data.train_labels]
    h = features(data.train_images)
    scale = np.sqrt(np.mean(h**2, axis=0))  # squares of components differ by orders of magnitude
    h /= scale
    weights = np.linalg.solve(h.T @ h, h.T @ wanted)
    guess = (features(data.test_images) / scale @ weights).argmax(axis=1)
    return torch.from_numpy(100.0 * (guess != data.test_labels))


def infonce_bounds(_: Dataset, batch: int = 128, nats: float = 10.0) -> Tensor:
    """log N - loss of each of 10,000 batches of Gaussian pairs that share this many nats.

    The pairs have 20 dimensions, and the similarity is the log density ratio, which is optimal.
    """
    rho = math.sqrt(1 - math.exp(-2 * nats / GAUSSIANS))
    generator = torch.Generator().manual_seed(0)
    bounds = []
    for _part in range(100):
        x, noise = torch.randn(2, 100, batch, GAUSSIANS, generator=generator, dtype=torch.float64)
        y = rho * x + math.sqrt(1 - rho**2) * noise
        # log p(y given x), up to terms that are the same for all x
        scores = rho * y @ x.mT - rho**2 / 2 * x.square().sum(2)[:, None]
        shares = (scores / (1 - rho**2)).log_softmax(2)
        bounds.append(math.log(batch) + shares.diagonal(dim1=1, dim2=2).mean(1))
    return torch.cat(bounds)


def standardized(data: Dataset) -> tuple[Tensor, Tensor]:
    """Training and test images as rows; each pixel has mean 0 and variance 1 over the former."""
    train, test = to_unit(data.train_images), to_unit(data.test_images)
    mean, scale = train.mean(dim=0), train.std(dim=0, correction=0)
    scale[scale == 0] = 1
    return (train - mean) / scale, (test - mean) / scale


def right(guess: Tensor, data: Dataset) -> Tensor:
    """1 if a test image is given its label, else 0."""
    return (guess == torch.from_numpy(data.test_labels.astype(np.int64))).double()


def five_nearest(data: Dataset, k: int = 5) -> Tensor:
    """Vote of the k nearest training images by Manhattan distance, each weighing 1 / distance."""
    train, test = standardized(data)
    labels = one_hot(torch.from_numpy(data.train_labels.astype(np.int64)))
    guesses = []
    for part in test.split(50):
        near = [torch.cdist(part, few, p=1) for few in train.split(256)]  # parts that fit a cache
        distance, place = torch.cat(near, dim=1).topk(k, largest=False)
        votes = labels[place] / distance.clamp(min=1e-9)[..., None]
        guesses.append(votes.sum(dim=1).argmax(dim=1))
    return right(torch.cat(guesses), data)


def logistic(data: Dataset, steps: int = 30) -> Tensor:
    """Ten logistic regressions, each of one class against the rest, with an L1 penalty (C = 1).

    The objective sum log(1 + exp(-y x w)) + |w|, with the intercept among the weights as in
    liblinear, is minimised by Newton's method. For the penalty it uses the parabola that touches
    |w| at the current weights, so those that should be 0 shrink towards it from step to step.
    """
    train, test = (torch.cat([x, torch.ones(len(x), 1)], dim=1) for x in standardized(data))
    signs = 2.0 * one_hot(torch.from_numpy(data.train_labels.astype(np.int64))) - 1
    classes = []
    for y in signs.T:
        w = torch.zeros(train.shape[1], dtype=torch.float64)
        for step in range(steps):
            off = torch.sigmoid(-y * (train @ w.float()))
            gradient = -(train.T @ (y * off)).double()
            curvature = (train.T @ (train * (off * (1 - off))[:, None])).double()
            penalty = 1 / (w.abs() + max(10 ** (-step / 2), 1e-4))  # blunt at 0 in the beginning
            w -= torch.linalg.solve(curvature + penalty.diag(), gradient + penalty * w)
        classes.append(w.float())
    return right((test @ torch.stack(classes, dim=1)).argmax(dim=1), data)


def probabilistic_pca(data: Dataset, k: int = 10) -> Tensor:
    """-log p of each test image under probabilistic PCA with k latents, in nats.

    The parameters are the closed form of the maximum of the likelihood on the training images.

    References
    ----------
    Tipping & Bishop 1999, eqs. 7 and 8.
    """
    train = flat(data.train_images)
    mean = train.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(train.T, bias=True))
    noise = values[:-k].mean()  # the variance that the latents leave, spread evenly
    along = (flat(data.test_images) - mean) @ vectors[:, -k:]
    left = np.sum((flat(data.test_images) - mean) ** 2, axis=1) - np.sum(along**2, axis=1)
    d = len(mean)
    log_det = np.log(values[-k:]).sum() + (d - k) * np.log(noise)
    exponent = np.sum(along**2 / values[-k:], axis=1) + left / noise
    return torch.from_numpy(0.5 * (d * np.log(2 * np.pi) + log_det + exponent))


def linear_vae_bounds(data: Dataset, k: int = 10) -> Tensor:
    """Negative bound on each test image, of a linear VAE trained from random weights, in nats.

    q(z | x) = N(E x, diag(s)) and p(x | z) = N(W z, sigma^2 I), on centred images. The bound has
    a closed form in the covariance of the images, so nothing is drawn, and L-BFGS descends it.
    """
    images = (torch.from_numpy(flat(each)) for each in (data.train_images, data.test_images))
    train, test = images
    mean = train.mean(0)
    train, test = train - mean, test - mean
    generator = torch.Generator().manual_seed(0)
    d = len(mean)
    W = 0.1 * torch.randn(d, k, generator=generator, dtype=torch.float64)
    E = 0.1 * torch.randn(k, d, generator=generator, dtype=torch.float64)
    log_s, log_noise = torch.zeros(k, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
    parameters = [each.requires_grad_() for each in (W, E, log_s, log_noise)]

    def bound(squares: Tensor, mixed: Tensor, codes: Tensor) -> Tensor:
        """From |x|^2, E x x^T and E x x^T E^T, of one image or as means over many."""
        off = squares - 2 * (W.T * mixed).sum((-2, -1)) + (W.T @ W * codes).sum((-2, -1))
        off = off + (log_s.exp() * W.square().sum(0)).sum()  # of the draw
        kl = 0.5 * (log_s.exp() - 1 - log_s).sum()
        kl = kl + 0.5 * codes.diagonal(dim1=-2, dim2=-1).sum(-1)
        return 0.5 * d * (math.log(2 * math.pi) + log_noise) + 0.5 * off / log_noise.exp() + kl

    covariance = train.T @ train / len(train)
    optimizer = torch.optim.LBFGS(
        parameters,
        max_iter=4000,
        history_size=20,
        tolerance_grad=1e-7,
        tolerance_change=1e-12,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        mixed = E @ covariance
        loss = bound(covariance.trace(), mixed, mixed @ E.T)
        loss.backward()
        return loss

    optimizer.step(closure)
    with torch.no_grad():
        parts = []
        for x in test.split(500):
            z = x @ E.T
            codes = z[:, :, None] * z[:, None]
            parts.append(bound(x.square().sum(1), z[:, :, None] * x[:, None], codes))
        return torch.cat(parts)


def parzen_windows(data: Dataset, centres: int = 10_000) -> Tensor:
    """Log density of each test image under equal Gaussians on some training images, in nats.

    Their width is the one of eight that is best for 1,000 further training images.
    """
    order = torch.randperm(len(data.train_images), generator=torch.Generator().manual_seed(0))
    x = to_unit(data.train_images)[order[: centres + 1000]]
    windows, held_out = x[:centres], x[centres:]

    def log_density(images: Tensor, width: float) -> Tensor:
        parts = []
        for part in images.split(500):
            squares = torch.cdist(part, windows).double().square()
            parts.append(torch.logsumexp(-squares / (2 * width**2), dim=1))
        volume = 0.5 * x.shape[1] * math.log(2 * math.pi * width**2)
        return torch.cat(parts) - math.log(centres) - volume

    widths = np.linspace(0.13, 0.20, 8).tolist()
    best = max(widths, key=lambda width: log_density(held_out, width).mean().item())
    return log_density(to_unit(data.test_images), best)


def normal_draws(n: int, d: int = 1) -> Tensor:
    """Draws from N(0, I), (n, d)."""
    return torch.randn(n, d, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def lloyd_max_errors(_: Dataset, levels: int = 8) -> Tensor:
    """Squared error of each of a million normal draws at the nearest of the best levels, percent.

    Each level is the mean of its cell; the ends of the cells are half-way between levels.
    """
    normal = torch.distributions.Normal(0.0, 1.0)
    code = torch.linspace(-2, 2, levels, dtype=torch.float64)
    infinity = torch.tensor([math.inf], dtype=torch.float64)
    for _step in range(2000):
        ends = torch.cat([-infinity, (code[1:] + code[:-1]) / 2, infinity])
        density = torch.exp(-0.5 * ends**2) / math.sqrt(2 * math.pi)
        code = -density.diff() / normal.cdf(ends).diff()
    ends = (code[1:] + code[:-1]) / 2
    x = normal_draws(1_000_000)[:, 0]
    return 100 * (x - code[torch.bucketize(x, ends)]).square()


def rounding_losses(_: Dataset, step: float = 0.1) -> Tensor:
    """Bits for each of a million rounded normal draws, above the least for their squared error."""
    normal = torch.distributions.Normal(0.0, 1.0)
    x = normal_draws(1_000_000)[:, 0]
    rounded = step * torch.round(x / step)
    share = normal.cdf(rounded + step / 2) - normal.cdf(rounded - step / 2)
    least = -0.5 * (x - rounded).square().mean().log2()  # R(D) of N(0, 1)
    losses: Tensor = -share.log2() - least
    return losses


def lattice_errors(_: Dataset) -> Tensor:
    """Squared error per dimension of each of a million places at the nearest point of E8, percent.

    E8 is D8, the whole numbers with an even sum, together with D8 moved by 1/2 in each direction.
    Its cells have volume 1.
    """
    generator = torch.Generator().manual_seed(0)
    x = 8 * torch.rand(1_000_000, 8, generator=generator, dtype=torch.float64)

    def nearest_even(y: Tensor) -> Tensor:
        """The nearest point of D8: if the sum is odd, round the worst coordinate the other way."""
        near = y.round()
        worst = (y - near).abs().argmax(dim=1, keepdim=True)
        off = (y - near).gather(1, worst)
        other = near.scatter_add(1, worst, torch.where(off < 0, -1.0, 1.0).double())
        return torch.where(near.sum(dim=1, keepdim=True) % 2 == 0, near, other)

    whole = (x - nearest_even(x)).square().mean(dim=1)
    moved = (x - 0.5 - nearest_even(x - 0.5)).square().mean(dim=1)
    return 100 * torch.minimum(whole, moved)


def of_model(name: str, metric: str) -> Callable[[Dataset], Tensor]:
    """A metric of a trained model."""
    return lambda data: evaluate(registry.load(name), to_unit(data.test_images))[metric]


FIGURES = (
    Figure(
        "pca-30",
        "PCA with 30 components: squared error of a test image",
        "hinton2006",
        "13.87",
        "",
        pca_errors,
    ),
    Figure(
        "deep-autoencoder",
        "Autoencoder 784-1000-500-250-30: squared error of a test image",
        "hinton2006",
        "3.00",
        "",
        of_model("deep_autoencoder_mnist", "squared_error"),
        trained="deep_autoencoder_mnist",
    ),
    Figure(
        "reference-vae",
        "VAE 784-400-20 after ten epochs: negative bound on a test image",
        "pytorchexamples",
        "about 105",
        "nats",
        of_model("reference_vae_mnist", "negative_elbo"),
        trained="reference_vae_mnist",
    ),
    Figure(
        "nearest-neighbour",
        "The label of the nearest training image, by Euclidean distance of pixels: wrong",
        "lecun1998mnist",
        "3.09",
        "%",
        nearest_errors,
    ),
    Figure(
        "quadratic",
        "Quadratic classifier on 40 principal components: wrong",
        "lecun1998",
        "3.3",
        "%",
        quadratic_errors,
    ),
    Figure(
        "infonce-bound",
        "InfoNCE, 128 pairs of Gaussians that share 10 nats: the bound stays below log 128",
        "poole2019",
        "at most 4.85",
        "nats",
        infonce_bounds,
    ),
    Figure(
        "logistic-mnist",
        "Logistic regression on pixels of MNIST: right",
        "xiao2017",
        "0.917",
        "",
        logistic,
    ),
    Figure(
        "logistic-fashion-mnist",
        "Logistic regression on pixels of Fashion-MNIST: right",
        "xiao2017",
        "0.842",
        "",
        logistic,
        dataset="fashion_mnist",
    ),
    Figure(
        "five-nearest-mnist",
        "Five nearest neighbours by Manhattan distance, MNIST: right",
        "xiao2017",
        "0.959",
        "",
        five_nearest,
    ),
    Figure(
        "linear-vae",
        "Linear VAE with 10 latents, trained by gradient: negative bound on a test image, beside "
        "the closed-form optimum of probabilistic PCA",
        "tipping1999",
        "-186.02",
        "nats",
        linear_vae_bounds,
    ),
    Figure(
        "parzen-windows",
        "Parzen windows on 10,000 training images: log density of a test image",
        "theis2016",
        "243",
        "nats",
        parzen_windows,
    ),
    Figure(
        "eight-levels",
        "The best eight levels for a normal variable: squared error, of its variance",
        "max1960",
        "3.454",
        "%",
        lloyd_max_errors,
    ),
    Figure(
        "rounding",
        "A normal variable in fine even steps: bits above the least for its squared error",
        "gish1968",
        "0.25",
        "bits",
        rounding_losses,
    ),
    Figure(
        "lattice-e8",
        "The nearest point of the lattice E8, cells of volume 1: squared error per dimension",
        "conway1982",
        "7.168",
        "%",
        lattice_errors,
    ),
)


def figure(name: str) -> Figure:
    """One of `FIGURES`.

    Raises
    ------
    UnknownFigure
        If there is none of that name.
    """
    for each in FIGURES:
        if each.name == name:
            return each
    raise UnknownFigure(name, tuple(each.name for each in FIGURES))


def reproduce(name: str) -> Card:
    """Recompute a figure.

    Returns
    -------
    dict
        The row of the record: ``what``, ``source``, ``theirs``, ``unit``, ``mean`` and
        ``standard_error`` over the test images, ``command``, ``seconds`` of the processor,
        ``trained``, the seconds of training before it or None, and the machine.
    """
    wanted = figure(name)
    data = load_dataset(wanted.dataset)
    start = time.process_time()
    values = wanted.values(data)
    seconds = time.process_time() - start
    row = {
        "what": wanted.what,
        "source": wanted.source,
        "theirs": wanted.theirs,
        "unit": wanted.unit,
        **mean_and_error(values),
        "command": wanted.command,
        "seconds": round(seconds, 1),
        "trained": registry.card(wanted.trained)["wall_seconds"] if wanted.trained else None,
        **made_on(torch.device("cpu")),
    }
    return row


def write_record(name: str, row: Card) -> None:
    """Put a row into the record and into the table of the section."""
    rows = read_record() | {name: row}
    record = {each.name: rows[each.name] for each in FIGURES if each.name in rows}
    text = json.dumps(record, indent=1, ensure_ascii=False)
    RECORD.write_text(text + "\n", encoding="utf-8")
    section = SECTION.read_text(encoding="utf-8")
    SECTION.write_text(ROWS.sub(lambda _: table(record), section), encoding="utf-8")


def table(record: Card) -> str:
    """The record as a Markdown table; each row cites its source.

    The chapter's `numbers.py` contains the numbers, so each row only names them.
    """
    rows = []
    for name, row in record.items():
        number = f"published.{name.replace('-', '_')}"
        digits = decimals(row)
        here = (f"{{num}}`{number}.{key}:.{digits}f`" for key in ("mean", "standard_error"))
        time = minutes(row["seconds"], f"{number}.seconds")
        if row["trained"]:
            time += f", after {minutes(row['trained'], f'{number}.trained')} of training"
        cells = (
            row["what"],
            f"{row['theirs']} {row['unit']}".strip() + f", {{cite}}`{row['source']}`",
            f"{' ± '.join(here)} {row['unit']}".rstrip(),
            f"`{row['command']}`",
            time,
        )
        rows.append(f"| {' | '.join(cells)} |\n")
    return HEAD + "".join(rows)


def minutes(seconds: float, number: str) -> str:
    """A readable time: the number of this name, which is in minutes from 100 s on."""
    if seconds < 1:
        return "under 1 s"
    return f"{{num}}`{number}:.0f` {'s' if seconds < 100 else 'min'}"


def read_record() -> Card:
    """The recorded results, by name."""
    if not RECORD.exists():
        return {}
    record: Card = json.loads(RECORD.read_text(encoding="utf-8"))
    return record


def reproduce_cli(name: str, record: bool, report: Callable[[str], None]) -> None:
    """The command: compute one figure; without a name, list all with their recorded results."""
    if name:
        row = reproduce(name)
        report(f"{row['what']}. Published: {row['theirs']} {row['unit']}".rstrip())
        report(f"Here: {ours(row)} in {row['seconds']} s")
        if record:
            write_record(name, row)
            report(f"Wrote {RECORD} and {SECTION}")
        return
    rows = read_record()
    width = max(len(each.name) for each in FIGURES)
    for each in FIGURES:
        here = ours(rows[each.name]) if each.name in rows else "not computed yet"
        report(f"{each.name:{width}}  {each.theirs} {each.unit}".rstrip() + f"  here {here}")


def ours(row: Card) -> str:
    """Mean and standard error, with the unit."""
    digits = decimals(row)
    return f"{row['mean']:.{digits}f} ± {row['standard_error']:.{digits}f} {row['unit']}".rstrip()


def decimals(row: Card) -> int:
    """Decimals that show the first digit of the standard error, but at least 2."""
    return max(2, math.ceil(-math.log10(row["standard_error"])))
