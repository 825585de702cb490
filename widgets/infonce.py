"""Which of these views is of the same digit? The contrastive loss of a batch, and what it bounds.

Two views of each of N digits have the embeddings z, of length 1. For a view i, let i' be the other
view of its digit. Among the candidates C(i) its loss is

    l_i = -log( exp(z_i . z_i' / tau) / sum_{k in C(i)} exp(z_i . z_k / tau) ),

and the loss of the batch is the mean over all 2 N views. With the other views alone C(i) has N
members, one of them right; with both views of the other digits it has 2 N - 1. If all similarities
are equal, the loss is the logarithm of that number. The derivative by a similarity z_i . z_k is

    (p_ik - 1{k = i'}) / (2 N tau),    p_ik the share of k in the sum.

With N candidates, log N - loss is a lower bound on the information that two views share, on average
over batches. A loss is never negative, so it cannot exceed log N. The curve below shows that for
pairs of Gaussians in 20 dimensions, whose information is known: -10 log(1 - rho^2) nats.
"""

import math

import numpy as np

from widgets.contract import (
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK_2,
    INK_3,
    PAPER,
    Choice,
    Frame,
    Instrument,
    Plot,
    Readout,
    Seed,
    Slider,
    Tiles,
)
from widgets.data import load
from widgets.kit.figures import axis, dots, figure, label, line, segment
from widgets.kit.network import grey_levels

DIMENSIONS = 20  # of the Gaussians, as in Poole et al. 2019
KNOWN = np.arange(11.0)  # nats that they share
CELLS = 25_000  # similarities that a point of the curve is averaged over, about
MIN_BATCHES, MAX_BATCHES = 8, 200
HARDEST = 4

instrument = Instrument(
    name="infonce",
    title="InfoNCE",
    challenge="Two candidates and a constant code: write down the loss. Then 64 candidates. Then "
    "say how many nats the curve below can reach at most, before you look.",
    controls=(
        Slider(
            "batch", "Digits in the batch", default=16, values=(2, 4, 8, 16, 32, 64), symbol="N"
        ),
        Slider(
            "temperature",
            "Temperature",
            default=0.5,
            values=(0.05, 0.1, 0.2, 0.5, 1.0, 2.0),
            symbol=r"\tau",
        ),
        Choice(
            "encoder",
            "Code",
            {
                "contrastive": "Contrastive",
                "vicreg": "VICReg",
                "pixels": "Pixels",
                "none": "Constant",
            },
            "contrastive",
        ),
        Choice(
            "negatives", "Candidates", {"other": "The other views", "both": "Both views"}, "other"
        ),
        Choice("show", "Show", {"similarity": "Similarity", "gradient": "Gradient"}, "similarity"),
        Slider("row", "Row", default=1, min=1, max=64, step=1, symbol="i"),
        Seed(label="Digits"),
    ),
    readouts=(
        Readout("loss", "Loss", "nats"),
        Readout("log", "Log of the candidates", "nats"),
        Readout("bound", "The difference", "nats"),
        Readout("right", "Nearest is the right one", "%", ".0f"),
    ),
    references=("vandenoord2018", "chen2020", "poole2019"),
)


def compute(*, batch, temperature, encoder, negatives, show, row, seed):
    """The loss of one batch with its gradient, and the bound for Gaussians with as many pairs.

    Parameters
    ----------
    batch : int, digits in it, N
    temperature : float
    encoder : "contrastive", "vicreg", "pixels" or "none"
    negatives : "other" or "both"
    show : "similarity" or "gradient"
    row : int, from 1; beyond the batch it starts again
    seed : int, which digits, and which Gaussians

    Returns
    -------
    dict
        ``similarity`` and ``gradient`` of the first views (rows) with the second and the first
        views of all digits, (N, 2 N); ``loss`` and ``log`` of the number of candidates, nats;
        ``right``, share of views whose most similar candidate is the right one; ``known`` and
        ``estimate``, nats of the Gaussians; ``images``, both views of each digit, (N, 2, 28, 28),
        and ``labels``; ``hardest``, the other digits with the largest share in the row's sum.
    """
    data = load("mnist_views")
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(data["views"]), batch, replace=False)
    views = data["views"][chosen]  # (N, 2, 28, 28)
    z = embedded(encoder, views, data, chosen).reshape(2 * batch, -1)
    s = z @ z.T
    allowed = candidates(batch, negatives)
    loss, share = loss_of(s, temperature, allowed)
    partner = np.roll(np.arange(2 * batch), batch)
    wanted = np.eye(2 * batch)[partner]
    gradient = (share - wanted) / (2 * batch * temperature)
    best = np.where(allowed, s, -np.inf).argmax(axis=1)
    order = np.r_[batch : 2 * batch, 0:batch]  # the second views first
    i = (row - 1) % batch
    weights = share[i, :batch] + share[i, batch:]
    weights[i] = -1
    return {
        "similarity": s[:batch, order],
        "gradient": gradient[:batch, order],
        "loss": loss,
        "log": math.log(allowed[0].sum()),
        "right": np.mean(best == partner) if encoder != "none" else 1 / allowed[0].sum(),
        "known": KNOWN,
        "estimate": estimates(batch, seed),
        "images": views,
        "labels": data["labels"][chosen],
        # equal ones in their order, on whatever machine
        "hardest": np.argsort(-weights.round(12), kind="stable")[: min(HARDEST, batch - 1)],
        "row": i,
        "show": show,
        "negatives": negatives,
        "encoder": encoder,
    }


def embedded(encoder, views, data, chosen):
    """Embeddings of length 1, first all first views, then all second ones: (2, N, k)."""
    if encoder == "pixels":
        z = views.reshape(*views.shape[:2], -1) / 255
        z = z - data["views"].reshape(-1, z.shape[2]).mean(axis=0) / 255
    elif encoder == "none":
        z = np.ones((*views.shape[:2], 2))
    else:
        z = data[encoder][chosen].astype(float)  # (N, 2, 32)
    z = z / np.linalg.norm(z, axis=2, keepdims=True)
    return z.transpose(1, 0, 2)


def candidates(batch, negatives):
    """Which views are in the sum of which: (2 N, 2 N), bool."""
    if negatives == "both":
        return ~np.eye(2 * batch, dtype=bool)
    return np.kron([[0, 1], [1, 0]], np.ones((batch, batch))).astype(bool)


def loss_of(s, temperature, allowed):
    """The mean loss of all views, and each candidate's share in its sum.

    Parameters
    ----------
    s : ndarray of shape (2 N, 2 N), similarities
    temperature : float
    allowed : ndarray of shape (2 N, 2 N), bool

    Returns
    -------
    loss : float, nats
    share : ndarray of shape (2 N, 2 N), rows add up to 1
    """
    logits = np.where(allowed, s / temperature, -np.inf)
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    share = e / e.sum(axis=1, keepdims=True)
    n = len(s)
    others = logits.max(axis=1) + np.log(e.sum(axis=1))
    return np.mean(others - logits[np.arange(n), np.roll(np.arange(n), n // 2)]), share


def gaussian_bounds(x, noise, nats):
    """log N - loss of batches of Gaussian pairs whose similarity is their log density ratio.

    Parameters
    ----------
    x, noise : ndarray of shape (batches, N, DIMENSIONS), drawn from a standard normal distribution
    nats : float, information of a pair

    Returns
    -------
    ndarray of shape (batches,), nats; their mean estimates the bound
    """
    rho = math.sqrt(1 - math.exp(-2 * nats / DIMENSIONS))
    y = rho * x + math.sqrt(1 - rho**2) * noise
    # log p(y given x) - log p(y), up to what is the same for all x
    scores = rho * y @ x.transpose(0, 2, 1) - rho**2 / 2 * np.sum(x**2, axis=2)[:, None]
    scores /= 1 - rho**2
    scores -= scores.max(axis=2, keepdims=True)
    own = np.diagonal(scores, axis1=1, axis2=2)
    bounds = math.log(x.shape[1]) + own - np.log(np.exp(scores).sum(axis=2))
    return bounds.mean(axis=1)


def estimates(batch, seed):
    """The bound at each of KNOWN, averaged over some batches: the same draws for all."""
    batches = min(MAX_BATCHES, max(MIN_BATCHES, CELLS // batch**2))
    x, noise = np.random.default_rng((seed, 1)).normal(size=(2, batches, batch, DIMENSIONS))
    return np.array([gaussian_bounds(x, noise, nats).mean() for nats in KNOWN])


def frame(result):
    """The matrix and the views of one row; below them, the bound for Gaussians."""
    return Frame(
        readouts={
            "loss": result["loss"],
            "log": result["log"],
            "bound": result["log"] - result["loss"],
            "right": 100 * result["right"],
        },
        panels=[
            Plot("matrix", matrix_figure(result), matrix_alt(result), half=True),
            row_of_views(result),
            Plot("bound", bound_figure(result), bound_alt(result)),
        ],
        note=note(result),
    )


def matrix_figure(result):
    """Rows are first views; orange cells are pulled together or alike, teal pushed apart."""
    n = len(result["images"])
    columns = 2 * n if result["negatives"] == "both" else n
    if result["show"] == "similarity":
        z = result["similarity"][:, :columns]
        top, words = 1.0, "similarity"
    else:
        z = -result["gradient"][:, :columns]
        top, words = max(np.abs(z).max(), 1e-12), "pull; teal is push"
    heat = {
        "type": "heatmap",
        "z": np.round(z, 4),
        "zmin": -top,
        "zmax": top,
        "colorscale": [[0, DATA_1], [0.5, PAPER], [1, DATA_2]],
        "showscale": False,
    }
    i = result["row"]
    ticks = [0, n - 1] if n > 1 else [0]
    return figure(
        [heat],
        axis(-0.5, columns - 0.5, "second views" + (", first views" * (columns > n))),
        axis(n - 0.5, -0.5, tickvals=ticks, ticktext=[str(t + 1) for t in ticks]),
        height=600,
        left=40,
        right=16,
        shapes=[
            segment((-0.5, columns - 0.5), (i + side, i + side), INK_3) for side in (-0.5, 0.5)
        ],
        labels=[label(words, columns - 0.5, -0.5, DATA_2_TEXT, xanchor="right", yshift=10)],
    )


def matrix_alt(result):
    n = len(result["images"])
    s = result["similarity"][:, :n]
    own = np.diag(s).mean()
    other = (s.sum() - np.trace(s)) / (n * (n - 1))
    return (
        f"Similarities of the first views of {n} digits with the second ones: {own:.2f} on average "
        f"with that of the same digit, on the diagonal, and {other:.2f} with the others."
    )


def row_of_views(result):
    """The view of the row, the other view of its digit, and the hardest of the other digits."""
    images, i = result["images"], result["row"]
    hard = [images[k, 1] for k in result["hardest"]]
    shown = [images[i, 0], images[i, 1], *hard, *[np.zeros((28, 28))] * (HARDEST - len(hard))]
    labels = result["labels"]
    names = ", ".join(str(labels[k]) for k in result["hardest"])
    return Tiles(
        "views",
        grey_levels(np.stack(shown) / 255).reshape(3, 2, 28, 28),
        alt=f"Two views of a {labels[i]}; below, second views of the digits with the largest share "
        f"in its sum: {names}.",
        captions=(f"view of row {i + 1}; below, hardest others", "its other view"),
        gap=2,
        half=True,
    )


def bound_figure(result):
    """The bound against the information that pairs of Gaussians share."""
    known, estimate = result["known"], result["estimate"]
    ceiling = math.log(len(result["images"]))
    end = known[-1]
    return figure(
        [
            line(known, known, INK_3, dash="dot", width=1.5),
            line(known, estimate, DATA_1),
            dots(known, estimate, DATA_1, size=6),
        ],
        axis(0, end, "information of a pair of Gaussians, nats", dtick=2),
        axis(0, 5, "log N − loss, nats", dtick=1),
        height=280,
        shapes=[segment((0, end), (ceiling, ceiling), DATA_2, dash="dash")],
        labels=[
            label(f"log N = {ceiling:.2f}", 0.1, ceiling, DATA_2_TEXT, xanchor="left", yshift=9),
            label("the information", 4.6, 4.8, INK_2, xanchor="right"),
        ],
    )


def bound_alt(result):
    known, estimate = result["known"], result["estimate"]
    n = len(result["images"])
    return (
        f"For Gaussian pairs that share 2, 4 and 10 nats, log N minus the loss is "
        f"{estimate[2]:.2f}, {estimate[4]:.2f} and {estimate[-1]:.2f} with {n} pairs in a batch; "
        f"log N is {math.log(n):.2f}. Known information runs from 0 to {known[-1]:.0f} nats."
    )


def note(result):
    """What is special about a setting."""
    if result["encoder"] == "none":
        return (
            "Every similarity is 1: nothing to choose by. There are slopes by the similarities, "
            "and by each code they cancel."
        )
    if result["negatives"] == "both":
        return (
            "2 N − 1 candidates as in SimCLR. Its negatives come in pairs of views, so the "
            "difference is no strict bound any more."
        )
    if result["loss"] > result["log"]:
        return "The loss is larger than that of a constant code: the difference bounds nothing."
    if np.any(result["estimate"] > result["known"] + 0.005):
        return "A mean of a few batches: where the curve lies above the information, it is chance."
    return ""
