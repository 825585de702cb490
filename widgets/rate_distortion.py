"""Bits against error: the cost and the loss of a digit, for four kinds of code.

Every dot was measured on the 10,000 test digits of MNIST, with the bits that the code of one
digit takes on average. Sending some digits one way and the rest the other gives the points between
two dots: a chord, which logarithmic axes bend.

The bound is that of a Gaussian with the variances lambda_j of the training digits. At a level w

    bits = 1/2 sum_j log2(max(lambda_j / w, 1)),  error = sum_j min(lambda_j, w),

and no code of a Gaussian has less of both. Digits are not Gaussian.
"""

import numpy as np

from widgets.contract import (
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK,
    INK_2,
    INK_3,
    YOURS,
    Choice,
    Frame,
    Instrument,
    Plot,
    Readout,
    Slider,
    Tiles,
)
from widgets.data import NothingKept, load
from widgets.kit.benchmark_codes import SHOWN, encoder_of, images
from widgets.kit.figures import axis, dots, figure, label, line, segment
from widgets.kit.network import decode, encode, grey_levels

KINDS = {"pca": "components", "autoencoder": "autoencoder", "vae": "VAE", "vq": "VQ-VAE"}
PRICES = {"equal": 0, "place": 1, "before": 4}  # columns of the measured prices
LEAST, MOST = 8.0, 700.0  # bits on the axis
PARTS = 20  # of a chord, as it is drawn
TICKS = (2, 5, 10, 20, 50, 100, 200, 500)

instrument = Instrument(
    name="rate_distortion",
    title="Bits against error",
    challenge="Which of the four leaves the least with 40 bits for a digit, and which with 80? "
    "Write both down, then move the bits. Does the price of the VQ-VAE's codes change the answer?",
    controls=(
        Slider("budget", "Bits for a digit", default=100, min=10, max=400, step=5),
        Choice(
            "price",
            "VQ-VAE priced by",
            {"equal": "Equal shares", "place": "Place", "before": "Codes before"},
            "equal",
        ),
        Slider("digit", "Digit", default=4, min=0, max=9, step=1),
        Choice("beside", "Beside them", {"none": "Nothing"}, "none", yours=True),
    ),
    readouts=(
        Readout("bound", "Gaussian bound", "squared", ".1f"),
        Readout("pca", "Components", "squared", ".1f"),
        Readout("autoencoder", "Autoencoder", "squared", ".1f"),
        Readout("vae", "VAE", "squared", ".1f"),
        Readout("vq", "VQ-VAE", "squared", ".1f"),
        Readout("least", "VQ-VAE, 64 codes", "bits", ".0f"),
    ),
    references=("alemi2018", "vandenoord2017"),
)


def compute(*, budget, price, digit, beside):
    """The curves, what each leaves at the budget, and a digit by the point nearest to it.

    Parameters
    ----------
    budget : float, bits for a digit
    price : "equal", "place" or "before", how the codes of the VQ-VAE are paid for
    digit : int, which of ten test digits
    beside : "none" or "yours", the VAE that the reader has trained

    Returns
    -------
    dict
        ``curves``, bits and squared error by kind, (n, 2), and of the ``bound``; ``left``, the
        squared error at the budget by the same names, or None where nothing was measured;
        ``images``, the digit and what the kinds make of it, (5, 28, 28), uint8, after which comes
        what the reader's VAE makes of it; ``nearest``, the bits of the points that these belong to,
        (4,); ``least``, the bits of 64 codes; ``own``, bits and squared error of the reader's VAE,
        or None.
    """
    data = load("rate_distortion")
    curves = {name: data[name].astype(float) for name in ("bound", *KINDS)}
    curves["vq"] = np.stack([data["prices"][:, PRICES[price]], curves["vq"][:, 1]], axis=1)
    shown, nearest = [data["digits"][digit].reshape(28, 28)], []
    for kind in KINDS:
        bits = curves[kind][:, 0]
        which = int(np.argmin(np.abs(np.log(bits / budget))))
        nearest.append(bits[which])
        shown.append(data[f"{kind}_images"][which, digit].reshape(28, 28))
    own = None
    if beside == YOURS:
        own = point_of(load(YOURS), images()[SHOWN:])
        shown.append(grey_levels(rebuilt(load(YOURS), shown[0][None] / 255))[0])
    return {
        "curves": curves,
        "left": {name: left_at(curve, budget) for name, curve in curves.items()},
        "images": np.stack(shown),
        "nearest": np.array(nearest),
        "least": float(curves["vq"][list(data["codes"]).index(64), 0]),
        "budget": budget,
        "own": own,
    }


def point_of(vae, x):
    """Bits and squared error of a saved VAE on images (n, 28, 28), in [0, 1].

    As for the other VAEs, the bits are the KL from the prior and the error is that of a draw.
    """
    if "log_variance_w1" not in vae:
        raise NothingKept("Yours was kept without its variances. Train it again, and keep it.")
    own = encoder_of(vae)
    mean = encode(x, own)
    last = {"w1": vae["log_variance_w1"], "b1": vae["log_variance_b1"]}
    log_variance = encode(x, {**own, **last})
    nats = 0.5 * np.sum(mean**2 + np.exp(log_variance) - log_variance - 1, axis=1)
    noise = np.random.default_rng(0).normal(size=mean.shape)
    x_hat = decode(mean + np.exp(log_variance / 2) * noise, vae)
    return np.array([nats.mean() / np.log(2), np.sum((x_hat - x) ** 2) / len(x)])


def rebuilt(vae, x):
    """Images reconstructed by a saved VAE, from the means of its clouds."""
    return decode(encode(x, encoder_of(vae)), vae)


def left_at(curve, budget):
    """The error at a budget, between two measured points; None beyond the last of them.

    More bits never leave more error: they need not all be spent.
    """
    bits, error = curve[np.argsort(curve[:, 0])].T
    error = np.minimum.accumulate(error)
    if not bits[0] <= budget <= bits[-1]:
        return None
    return float(np.interp(budget, bits, error))


def chords(bits, error):
    """Points on the straight lines between neighbours, close enough for bent axes: x and y."""
    along = np.arange(len(bits) * PARTS - PARTS + 1) / PARTS
    return (np.interp(along, np.arange(len(bits)), part) for part in (bits, error))


def frame(result):
    """The curves, and below them a digit by every code."""
    names = ["test digit", *KINDS.values()]
    costs = ["", *(f"{bits:.0f} bits" for bits in result["nearest"])]
    if result["own"] is not None:
        names.append("yours")
        costs.append(f"{result['own'][0]:.0f} bits")
    return Frame(
        readouts={**result["left"], "least": result["least"]},
        panels=[
            Plot("curves", curves_figure(result), curves_alt(result)),
            Tiles(
                "digits",
                result["images"][None],
                alt="A test digit and what is left of it: "
                + ", ".join(f"{n}, {c}" for n, c in zip(names[1:], costs[1:], strict=True))
                + ".",
                captions=tuple(
                    f"{name}: {cost}" if cost else name
                    for name, cost in zip(names, costs, strict=True)
                ),
                gap=2,
            ),
        ],
        note=note(result),
    )


def curves_figure(result):
    """Squared error against bits, both logarithmic."""
    curves, budget = result["curves"], result["budget"]
    styles = {
        "pca": (INK_2, INK_2, "solid"),
        "autoencoder": (DATA_2, DATA_2_TEXT, "dash"),
        "vae": (DATA_1, DATA_1, "solid"),
        "vq": (DATA_2, DATA_2_TEXT, "solid"),
    }
    ends = {"pca": (-1, 8), "autoencoder": (1, 8), "vae": (1, -14), "vq": (-2, 12)}  # point, px up
    traces = [line(*curves["bound"].T, INK_3, dash="dot")]
    words = []
    for kind, (color, ink, dash) in styles.items():
        bits, error = curves[kind][np.argsort(curves[kind][:, 0])].T
        traces += [line(*chords(bits, error), color, dash=dash), dots(bits, error, color, size=6)]
        at, up = ends[kind]
        x, y = np.log10(bits[at]), np.log10(error[at])
        side = "right" if kind == "vae" else "left"
        words.append(label(KINDS[kind], x, y, ink, xanchor=side, yshift=up))
    bits, error = curves["bound"][-1]
    words.append(
        label("Gaussian bound", np.log10(bits), np.log10(error), INK_3, xanchor="right", yshift=-14)
    )
    low, high = np.log10(LEAST), 1.8
    if result["own"] is not None:
        x, y = np.log10(result["own"])
        low, high = min(low, x - 0.2), max(high, y + 0.15)
        traces.append(dots([10**x], [10**y], DATA_1, size=11, ring=2))
        words.append(label("yours", x, y, DATA_1, xanchor="left", xshift=10))
    ticks = [tick for tick in TICKS if np.log10(tick) > low]
    return figure(
        traces,
        axis(low, np.log10(MOST), "bits for a digit", type="log", tickvals=ticks),
        axis(0, high, "squared error", type="log", tickvals=[1, 2, 5, 10, 20, 50, 100]),
        height=350,
        right=24,
        shapes=[segment((budget, budget), (0, 1), INK, dash="dash", yref="paper")],
        labels=words,
    )


def curves_alt(result):
    said = [
        f"{name} {result['left'][kind]:.1f}"
        for kind, name in KINDS.items()
        if result["left"][kind] is not None
    ]
    return (
        f"Squared error against bits for a test digit. At {result['budget']:.0f} bits: "
        f"{', '.join(said) or 'nothing was measured'}."
    )


def note(result):
    """What the reader's VAE costs and leaves, and which curves do not reach the budget."""
    said = []
    if result["own"] is not None:
        bits, error = result["own"]
        said.append(
            f"Yours, on 1,000 test digits: {bits:.1f} bits, and {error:.0f} is left. It has "
            "learned from strokes. The mean digit costs nothing and leaves 53."
        )
    missing = [name for kind, name in KINDS.items() if result["left"][kind] is None]
    if missing:
        said.append(f"Not measured at {result['budget']:.0f} bits: {', '.join(missing)}.")
    return " ".join(said)
