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
from widgets.kit.figures import axis, circle, dots, equal, figure, label, line, segment

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
    challenge="What will another seed change: the gap to PCA, the smallest cosine, the directions "
    "of the rows? And at which learning rate will descent no longer converge? Answer, then try.",
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
    return figure(
        [
            line(step, loss, DATA_1),
            *(
                line(step, cosine, DATA_1, xaxis="x2", yaxis="y2", cliponaxis=False)
                for cosine in result["cosines"].T
            ),
        ],
        axis(0, MAX_STEPS, dtick=100, anchor="y", showticklabels=False),
        axis(
            low,
            high,
            "loss",
            type="log",
            exponentformat="power",
            domain=[0.5, 1],
            anchor="x",
            dtick=1 if high - low > 1 else None,
        ),
        xaxis2=axis(0, MAX_STEPS, "step", dtick=100, anchor="y2"),
        yaxis2=axis(0, 1, "cosines with the PCA plane", domain=[0, 0.34], anchor="x2", dtick=0.5),
        height=680,
        left=46,
        right=12,
        shapes=[
            segment((0, 1), (floor, floor), DATA_2, width=1.5, dash="dash", xref="x domain"),
        ],
        labels=[
            label(
                "PCA floor",
                1,
                (np.log10(floor) - low) / (high - low),
                DATA_2_TEXT,
                xref="x domain",
                yref="y domain",
                xanchor="right",
                yanchor="top",
                bgcolor=PAPER,
            )
        ],
    )


def training_alt(result):
    last = len(result["loss"]) - 1
    cosines = ", ".join(f"{c:.4f}" for c in result["cosines"][-1])
    return (
        f"The loss falls from {result['loss'][0]:.3f} to {result['loss'][-1]:.4f} in {last} steps; "
        f"PCA leaves {result['floor']:.4f}. Cosines of the principal angles: {cosines}."
    )


def plane_figure(result):
    """The data in the plane of the first two components, and the way of each row of W in it."""
    rows = result["rows"].clip(-4, 4).transpose(1, 2, 0)  # (k, 2, t + 1)
    ends = rows[:, :, -1]
    names = [
        label(f"<b>w<sub>{i + 1}</sub></b>", *(end * beyond(end)), ROW_TEXT_COLORS[i])
        for i, end in enumerate(ends)
    ]
    for name in names:
        name["font"]["size"] = 13
        name["bgcolor"] = PAPER
    return figure(
        [
            dots(*result["points"].T, MUTED, size=3, opacity=0.5),
            *(line(*way, c, width=1.5) for way, c in zip(rows, ROW_COLORS, strict=False)),
            *(row(end, color) for end, color in zip(ends, ROW_COLORS, strict=False)),
        ],
        *equal(
            axis(-2.5, 2.5, "first component", dtick=1),
            axis(-2.5, 2.5, "second component", dtick=1),
        ),
        height=680,
        right=12,
        shapes=[circle((0, 0), 1, INK_2, width=1.5, dash="dot")],
        labels=names,
    )


def row(end, color):
    """A row of W, as a line from the origin with a disc at its end."""
    way = line([0, end[0]], [0, end[1]], color, width=3, mode="lines+markers")
    return {**way, "marker": {"color": color, "size": 8}}


def beyond(end):
    """How much farther out the name of a row stands than its end."""
    return 1 + 0.25 / max(np.hypot(*end), 0.25)


def plane_alt(result):
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
            f"Off the plane there is only noise, of nearly the same variance in every direction "
            f"(the third has {result['third']:.4f}), so little draws the rows to one of them."
        )
    return ""
