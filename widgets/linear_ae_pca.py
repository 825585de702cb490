"""Gradient descent on a linear autoencoder with tied weights, against the plane of PCA.

The encoder is a matrix W of shape (k, d), the decoder its transpose. With M = W^T W the loss

    L(W) = (1/N) sum_i |x_i - M x_i|^2 = tr[(I - M) S (I - M)]

depends on the centred data only through their covariance S = X^T X / N, of shape (d, d). So descent
through S takes exactly the steps that full-batch descent through all N points would take:

    dL/dW = -2 W [S (I - M) + (I - M) S].

Its minimum is the sum of the eigenvalues of S after the k-th: what PCA leaves, too.
"""

import numpy as np

from widgets.contract import (
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    FIGURE_WIDTH,
    INK_2,
    INK_3,
    MUTED,
    PAPER,
    Frame,
    Instrument,
    Plot,
    Readout,
    Seed,
    Slider,
)

N, D = 600, 8
IDENTITY = np.eye(D)
SPREAD = np.array([1.0, 0.7])  # standard deviations of the data along the two directions of a plane
START = 0.1  # size of the first weights
MAX_STEPS = 300
ROUNDING = 1e-12  # a gap below this share of the variance is rounding error
DIVERGED = 100.0  # loss, in variances of the data, beyond which descent is given up
ROW_COLORS = (DATA_1, DATA_2, INK_2, INK_3)
ROW_TEXT_COLORS = (DATA_1, DATA_2_TEXT, INK_2, INK_3)

instrument = Instrument(
    name="linear_ae_pca",
    title="Linear autoencoder = PCA",
    ask="Which of the two does training find: the components, or only the plane they span?",
    controls=(
        Slider("k", "Code width", default=2, min=1, max=4, step=1, symbol="k"),
        Slider(
            "rate",
            "Learning rate",
            default=0.05,
            values=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0),
            symbol=r"\eta",
        ),
        Slider("steps", "Steps", default=200, min=0, max=MAX_STEPS, step=5),
        Slider(
            "noise",
            "Noise off the plane",
            default=0.02,
            min=0.02,
            max=0.6,
            step=0.02,
            symbol=r"\sigma",
            format=".2f",
        ),
        Seed(),
    ),
    readouts=(
        Readout("relative_error", "Relative error", "%", ".2f"),
        Readout("gap", "Gap to PCA", "", ".1e"),
        Readout("cosine", "Smallest cosine", "", ".4f"),
    ),
    references=("baldi1989",),
)


def compute(*, k, rate, steps, noise, seed):
    """Train for a number of steps and compare with PCA after each one.

    Parameters
    ----------
    k : int, width of the code
    rate : float, learning rate
    steps : int
    noise : float, standard deviation off the plane
    seed : int

    Returns
    -------
    dict
        ``loss`` of shape (t + 1,), ``cosines`` (t + 1, k), descending, and ``rows`` (t + 1, k, 2),
        the encoder's rows seen in the plane of the first two components, for t steps: as many as
        asked for, or fewer if the loss grows without limit. ``floor``: what PCA leaves;
        ``variance``: tr S; ``points`` (N, 2): the data in that plane; ``stable_rate``.
    """
    rng = np.random.default_rng(seed)
    plane = np.linalg.qr(rng.normal(size=(D, 2)))[0].T  # two orthonormal directions, (2, D)
    x = rng.normal(size=(N, 2)) * SPREAD @ plane + noise * rng.normal(size=(N, D))
    x -= x.mean(axis=0)
    W = START * rng.normal(size=(k, D))

    S = x.T @ x / N  # (D, D)
    eigenvalues, vectors = np.linalg.eigh(S)  # ascending
    components = vectors.T[::-1]  # (D, D), one a row, the largest first
    # An eigenvector may point either way, and libraries differ: make its largest entry positive.
    components *= np.sign(components[np.arange(D), np.abs(components).argmax(axis=1)])[:, None]

    losses, path = descend(W, S, rate, steps)  # (t + 1,), (t + 1, k, D)
    return {
        "loss": losses,
        "cosines": cosines(path, components[:k]),
        "rows": path @ components[:2].T,
        "floor": eigenvalues[: D - k].sum(),
        "variance": np.trace(S),
        "third": eigenvalues[D - 3],
        "points": x @ components[:2].T,
        "diverged": len(path) <= steps,
        "rate": rate,
        # Along the first component the loss is lambda (1 - w^2)^2. It bends by 8 lambda at its
        # minimum, and descent settles there only if rate * 8 lambda < 2.
        "stable_rate": 1 / (4 * eigenvalues[-1]),
    }


def loss_and_gradient(W, S):
    """tr[(I - M) S (I - M)] with M = W^T W, and its derivative by W, of shape (k, D)."""
    rest = IDENTITY - W.T @ W  # I - M, symmetric
    A = S @ rest
    return np.vdot(rest, A), -2 * W @ (A + A.T)


def descend(W, S, rate, steps):
    """Loss and W after 0, 1, ..., steps steps; cut off before the loss passes all bounds."""
    losses, path = [], []
    limit = DIVERGED * np.trace(S)
    for _ in range(steps + 1):
        loss, gradient = loss_and_gradient(W, S)
        if loss > limit:
            break
        losses.append(loss)
        path.append(W)
        W = W - rate * gradient
    return np.array(losses), np.array(path)


def cosines(path, components):
    """Cosines of the principal angles between the rows' span and PCA's, after each step.

    They are the singular values of Q^T U, where the columns of Q are an orthonormal basis of the
    rows of W and those of U the principal components.
    """
    Q = np.linalg.qr(path.transpose(0, 2, 1))[0]  # (t + 1, D, k)
    return np.linalg.svd(components @ Q, compute_uv=False).clip(0, 1)  # (t + 1, k)


def frame(result):
    """Training on the left; the plane of the first two components on the right."""
    loss = result["loss"][-1]
    gap = loss - result["floor"]
    return Frame(
        readouts={
            "relative_error": 100 * loss / result["variance"],
            "gap": gap if gap > ROUNDING * result["variance"] else 0.0,
            "cosine": result["cosines"][-1, -1],
        },
        panels=[
            Plot("training", training_figure(result), training_alt(result), half=True),
            Plot("plane", plane_figure(result), plane_alt(result), half=True),
        ],
        note=note(result),
    )


def training_figure(result):
    """Loss by step above, on a logarithmic axis; cosines of the principal angles below."""
    step = np.arange(len(result["loss"]))
    loss, floor = result["loss"], result["floor"]
    low, high = np.log10(floor) - 0.7, np.log10(max(loss.max(), result["variance"])) + 0.3
    line = {"type": "scatter", "mode": "lines", "x": step}
    x_axis = {"range": [0, MAX_STEPS], "dtick": 100}
    return {
        "data": [
            {**line, "y": loss, "line": {"color": DATA_1, "width": 2}},
            *(
                {
                    **line,
                    "y": cosine,
                    "xaxis": "x2",
                    "yaxis": "y2",
                    "line": {"color": DATA_1, "width": 2},
                    "cliponaxis": False,
                }
                for cosine in result["cosines"].T
            ),
        ],
        "layout": {
            "width": FIGURE_WIDTH,
            "height": 680,
            "margin": {"l": 46, "r": 12, "t": 32, "b": 42},
            "xaxis": {**x_axis, "anchor": "y", "showticklabels": False},
            "yaxis": {
                "range": [low, high],
                "type": "log",
                "domain": [0.5, 1],
                "anchor": "x",
                "title": {"text": "loss"},
                "exponentformat": "power",
                **({"dtick": 1} if high - low > 1 else {}),
            },
            "xaxis2": {**x_axis, "anchor": "y2", "title": {"text": "step"}},
            "yaxis2": {
                "range": [0, 1],
                "domain": [0, 0.34],
                "anchor": "x2",
                "dtick": 0.5,
                "title": {"text": "cosines with the PCA plane"},
            },
            "shapes": [
                {
                    "type": "line",
                    "x0": 0,
                    "x1": 1,
                    "xref": "x domain",
                    "y0": floor,
                    "y1": floor,
                    "line": {"color": DATA_2, "width": 1.5, "dash": "dash"},
                }
            ],
            "annotations": [
                {
                    "x": 1,
                    "xref": "x domain",
                    "y": (np.log10(floor) - low) / (high - low),
                    "yref": "y domain",
                    "text": "PCA floor",
                    "showarrow": False,
                    "xanchor": "right",
                    "yanchor": "top",
                    "font": {"color": DATA_2_TEXT, "size": 12},
                }
            ],
        },
    }


def training_alt(result):
    """The training figure in words."""
    last = len(result["loss"]) - 1
    cosines = ", ".join(f"{c:.4f}" for c in result["cosines"][-1])
    return (
        f"The loss falls from {result['loss'][0]:.3f} to {result['loss'][-1]:.4f} in {last} steps; "
        f"PCA leaves {result['floor']:.4f}. Cosines of the principal angles: {cosines}."
    )


def plane_figure(result):
    """The data in the plane of the first two components, and the way of each row of W in it."""
    circle = {"type": "circle", "x0": -1, "x1": 1, "y0": -1, "y1": 1}
    rows = result["rows"].clip(-4, 4).transpose(1, 2, 0)  # (k, 2, t + 1)
    ways = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": x,
            "y": y,
            "line": {"color": color, "width": 1.5},
        }
        for (x, y), color in zip(rows, ROW_COLORS, strict=False)
    ]
    ends = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "x": [0, x],
            "y": [0, y],
            "line": {"color": color, "width": 3},
            "marker": {"color": color, "size": 8},
        }
        for (x, y), color in zip(rows[:, :, -1], ROW_COLORS, strict=False)
    ]
    names = [
        {
            "x": x * (1 + 0.25 / max(np.hypot(x, y), 0.25)),
            "y": y * (1 + 0.25 / max(np.hypot(x, y), 0.25)),
            "text": f"<b>w<sub>{i + 1}</sub></b>",
            "showarrow": False,
            "font": {"color": ROW_TEXT_COLORS[i], "size": 13},
            "bgcolor": PAPER,
        }
        for i, (x, y) in enumerate(rows[:, :, -1])
    ]
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "markers",
                "x": result["points"][:, 0],
                "y": result["points"][:, 1],
                "marker": {"color": MUTED, "size": 3, "opacity": 0.5},
            },
            *ways,
            *ends,
        ],
        "layout": {
            "width": FIGURE_WIDTH,
            "height": 680,
            "margin": {"l": 40, "r": 12, "t": 32, "b": 42},
            "xaxis": {
                "range": [-2.5, 2.5],
                "constrain": "domain",
                "dtick": 1,
                "title": {"text": "first component"},
            },
            "yaxis": {
                "range": [-2.5, 2.5],
                "constrain": "domain",
                "scaleanchor": "x",
                "dtick": 1,
                "title": {"text": "second component"},
            },
            "shapes": [{**circle, "line": {"color": INK_2, "width": 1.5, "dash": "dot"}}],
            "annotations": names,
        },
    }


def plane_alt(result):
    """The plane in words."""
    ends = "; ".join(f"({x:.2f}, {y:.2f})" for x, y in result["rows"][-1])
    return (
        "The data in the plane of the first two principal components, with a dotted circle of "
        f"radius 1. The encoder's rows end at {ends}."
    )


def note(result):
    """What happened, where it is not plain convergence."""
    steps, k = result["cosines"].shape[0] - 1, result["cosines"].shape[1]
    bound = f"1/(4λ₁) = {result['stable_rate']:.2f}"
    if result["diverged"]:
        return (
            f"Diverged at step {steps + 1}: the loss grows without limit. Steps overshoot the "
            f"minimum once the rate is above {bound}."
        )
    if result["rate"] > result["stable_rate"] and steps > 20:
        return f"Does not settle: above a rate of {bound} each step overshoots the minimum."
    if k > 2 and result["cosines"][-1, -1] < 0.99:
        return (
            f"Off the plane there is only noise. The third direction has a variance of "
            f"{result['third']:.4f}, and its gradient is as faint."
        )
    return ""
