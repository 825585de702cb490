"""How much of the data gets through a code of k numbers, if the code is linear.

The best linear code of width k is principal component analysis: centre x, keep its coordinates
along the k directions of largest variance, and rebuild from them,

    z = U_k (x - mean),    x_hat = mean + U_k^T z,

with the top k eigenvectors of the covariance in the rows of U_k. The mean squared error of the data
that the covariance was measured on is the sum of the eigenvalues left out.
"""

import numpy as np

from widgets.contract import (
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK_3,
    MUTED,
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
from widgets.kit.figures import axis, bars, dots, figure, label, line, segment

K_MAX = 64
SIDE = 8  # a synthetic picture has 8 x 8 = 64 pixels
N = 500  # synthetic pictures
PIXEL_STD = 0.2  # of the synthetic pictures, around mid-grey

instrument = Instrument(
    name="bottleneck",
    title="Bottleneck explorer",
    challenge="Say a width first: with how many numbers can you still read nine of the ten digits? "
    "Then narrow the code and see how much variance was left there.",
    controls=(
        Slider("k", "Code width", default=30, min=1, max=K_MAX, step=1, symbol="k"),
        Choice("data", "Data", {"mnist": "MNIST digits", "synthetic": "Synthetic"}, "mnist"),
        Slider(
            "decay",
            "Spectrum decay",
            default=1.0,
            min=0.0,
            max=3.0,
            step=0.1,
            symbol=r"\alpha",
            format=".1f",
            when=("data", "synthetic"),
        ),
        Seed(when=("data", "synthetic")),
        Choice(
            "show",
            "Show",
            {"reconstruction": "Reconstruction", "residual": "Residual"},
            "reconstruction",
        ),
    ),
    readouts=(
        Readout("d", "Input dimension", "", "d", "d"),
        Readout("kept", "Variance kept", "%", ".1f"),
        Readout("compression", "Compression", "×", ".1f", "d/k"),
        Readout("error", "Squared error", "per image", ".2f"),
    ),
    references=("hinton2006", "baldi1989"),
)


def compute(*, k, data, decay, seed, show):
    """Eigenvalues, ten pictures, and the same ten rebuilt from k numbers each.

    Parameters
    ----------
    k : int, width of the code
    data : "mnist" or "synthetic"
    decay : float, the j-th variance of the synthetic data is proportional to j^-decay
    seed : int, of the synthetic data
    show : "reconstruction" or "residual"

    Returns
    -------
    dict
        ``share``, of shape (64,): percent of the variance in each component; ``kept``: percent in
        the first k; ``error``: mean squared error per image; ``x``, ``x_hat`` of shape
        (10, side, side), in [0, 1].
    """
    if data == "mnist":
        pca = load("mnist_pca")  # computed from the 60,000 training images
        mean, components = pca["mean"], pca["components"]  # (784,), (64, 784)
        eigenvalues = pca["eigenvalues"].astype(float)  # (784,)
        x = pca["digits"] / 255  # ten test images, (10, 784)
        error = float(pca["test_error"][k])  # mean over the 10,000 test images
    else:
        pictures = sample_pictures(decay, np.random.default_rng(seed))  # (N, 64)
        mean = pictures.mean(axis=0)
        eigenvalues, components = principal_components(pictures - mean)
        x = pictures[:10]
        error = eigenvalues[k:].sum()

    z = (x - mean) @ components[:k].T  # (10, k): all that gets through
    x_hat = mean + z @ components[:k]  # (10, d)

    share = 100 * eigenvalues / eigenvalues.sum()
    side = round(np.sqrt(x.shape[1]))
    return {
        "d": x.shape[1],
        "k": k,
        "share": share[:K_MAX],
        "kept": share[:k].sum(),
        "error": error,
        "x": x.reshape(10, side, side),
        "x_hat": x_hat.reshape(10, side, side),
        "data": data,
        "decay": decay,
        "show": show,
    }


def sample_pictures(decay, rng):
    """Pictures whose j-th slowest pattern has a variance proportional to j^-decay, (N, 64).

    The patterns are products of cosines across and down, from the mean brightness to the finest
    checkerboard. Photographs have such a spectrum, too: slow patterns vary most.
    """
    index = np.arange(SIDE)
    cosines = np.cos(np.pi * np.outer(index, index + 0.5) / SIDE)  # one pattern per row
    cosines /= np.linalg.norm(cosines, axis=1, keepdims=True)
    patterns = np.kron(cosines, cosines)  # (64, 64), orthonormal rows
    slowness = np.add.outer(index**2, index**2).ravel()
    patterns = patterns[np.argsort(slowness, kind="stable")]

    variances = np.arange(1, K_MAX + 1.0) ** -decay
    variances *= K_MAX * PIXEL_STD**2 / variances.sum()
    return 0.5 + rng.normal(size=(N, K_MAX)) * np.sqrt(variances) @ patterns


def principal_components(x):
    """Eigenvalues, descending, and eigenvectors, one per row, of the covariance of centred x."""
    eigenvalues, vectors = np.linalg.eigh(x.T @ x / len(x))
    return eigenvalues[::-1].clip(min=0), vectors.T[::-1]


def frame(result):
    """Bars and curve above, the ten pictures below."""
    k, d = result["k"], result["d"]
    return Frame(
        readouts={
            "d": d,
            "kept": result["kept"],
            "compression": d / k,
            "error": result["error"],
        },
        panels=[Plot("spectrum", spectrum_figure(result), spectrum_alt(result)), tiles(result)],
        note=note(result),
    )


def spectrum_figure(result):
    """Percent of the variance: by component (bars, right axis), added up (curve, left axis)."""
    k, share, kept = result["k"], result["share"], result["kept"]
    component = np.arange(1, K_MAX + 1)
    # The right axis ends where its quarters are round numbers, so that both share one grid.
    top = next(t for t in (2, 4, 10, 20, 40, 100) if share[0] <= t)
    # The label is under the curve, or above the next bars if they leave no room.
    next_bar = 100 * share[min(k, K_MAX - 1)] / top
    under = kept - 15 > next_bar
    left = k <= 48
    return figure(
        [
            bars(component[:k], share[:k], DATA_1),
            bars(component[k:], share[k:], MUTED),
            line(component, share.cumsum(), DATA_2, yaxis="y2"),
            dots([k], [kept], DATA_2, size=10, ring=2, yaxis="y2", cliponaxis=False),
        ],
        axis(0.25, K_MAX + 0.75, "component", tickvals=[1, 16, 32, 48, 64]),
        axis(0, top, "in this component, %", dtick=top / 4, side="right", color=DATA_1),
        yaxis2=axis(
            0,
            100,
            "kept so far, %",
            dtick=25,
            side="left",
            color=DATA_2_TEXT,
            overlaying="y",
        ),
        height=270,
        right=40,
        shapes=[segment((k, k), (0, 1), INK_3, dash="dot", yref="y domain")],
        labels=[
            label(
                f"<b>{kept:.1f} % kept</b>",
                k,
                kept if under else max(kept, next_bar),
                yref="y2",
                xanchor="left" if left else "right",
                yanchor="top" if under else "bottom",
                xshift=6 if left else -6,
                yshift=0 if not under else -6 if left else -20,
                bgcolor=PAPER,
            )
        ],
    )


def spectrum_alt(result):
    k, share = result["k"], result["share"]
    return (
        f"Share of the variance by principal component, from {share[0]:.1f} % for the first to "
        f"{share[-1]:.2f} % for the 64th. The first {k} of them keep {result['kept']:.1f} %."
    )


def tiles(result):
    """Ten pictures, and below each its reconstruction from k numbers, or the difference."""
    x, x_hat = result["x"], result["x_hat"]
    if result["show"] == "reconstruction":
        second, words = x_hat, f"rebuilt from {counted(result['k'])}"
    else:
        second, words = np.abs(x - x_hat), "lost: how far each pixel is off"
    grey = np.stack([x, second]).clip(0, 1)  # (2, 10, side, side)
    images = np.rint(255 * grey).astype(np.uint8)
    if result["data"] == "mnist":
        first = "test digit"
    else:
        first = "8 × 8 picture"
        images = np.kron(images, np.ones((3, 3), np.uint8))  # (2, 10, 24, 24)
        images = np.pad(images, [(0, 0), (0, 0), (2, 2), (2, 2)])  # as large as a digit
    alt = f"Two rows of ten pictures. Above: {first}; below: {words}."
    return Tiles("pictures", images, alt, captions=(first, words))


def counted(k):
    """'1 number', '2 numbers'."""
    return "1 number" if k == 1 else f"{k} numbers"


def note(result):
    """One sentence where the setting is a limiting case."""
    if result["data"] == "synthetic" and result["decay"] == 0:
        return (
            "A flat spectrum: no direction matters more than another, so no narrow code is a "
            f"bargain. The slope that is left comes from drawing only {N} pictures."
        )
    if result["k"] == result["d"]:
        return "The code is as wide as the input: everything gets through, and nothing is learned."
    return ""
