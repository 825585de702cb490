"""Bits against error: the cost and the loss of a digit, for four kinds of code.

Every dot was measured on the 10,000 test digits of MNIST, with the bits that the code of one
digit takes on average. Sending some digits one way and the rest the other gives the points between
two dots: a chord, which logarithmic axes bend.

The bound is that of a Gaussian with the variances lambda_j of the training digits. At a level w

    bits = 1/2 sum_j log2(max(lambda_j / w, 1)),  error = sum_j min(lambda_j, w),

and no code of a Gaussian has less of both. Digits are not Gaussian.

On plain axes all codes with the same D + c R, R in nats, lie on a straight line of the slope -c.
The lowest such line that meets the bound is its tangent. The lowest one that meets the VAEs goes
through the one with the least loss at the price c.
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
    Toggle,
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
NEAR, FAR = 120.0, 440.0  # bits at the right end of the plain axes, for few bits and for many
HIGH = 56.0  # squared error on the plain axes
STYLES = {  # colours of the line and of its label, and the dash
    "pca": (INK_2, INK_2, "solid"),
    "autoencoder": (DATA_2, DATA_2_TEXT, "dash"),
    "vae": (DATA_1, DATA_1, "solid"),
    "vq": (DATA_2, DATA_2_TEXT, "solid"),
}

instrument = Instrument(
    name="rate_distortion",
    title="Bits against error",
    challenge="Which of the four leaves the least with 40 bits for a digit, and which with 80? "
    "Write both down, then move the bits. Does the price of the VQ-VAE's codes change the answer?",
    controls=(
        Slider("budget", "Bits for a digit", default=100, min=10, max=400, step=5),
        Toggle("slope", "Slope, on plain axes"),
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
        Readout("slope", "Its slope", "per nat", ".3f"),
        Readout("pca", "Components", "squared", ".1f"),
        Readout("autoencoder", "Autoencoder", "squared", ".1f"),
        Readout("vae", "VAE", "squared", ".1f"),
        Readout("vq", "VQ-VAE", "squared", ".1f"),
        Readout("least", "VQ-VAE, 64 codes", "bits", ".0f"),
    ),
    references=("alemi2018", "vandenoord2017"),
)


def compute(*, budget, slope, price, digit, beside):
    """The curves, what each leaves at the budget, and a digit by the point nearest to it.

    Parameters
    ----------
    budget : float, bits for a digit
    slope : bool, draw the tangent of the bound, on axes that are not logarithmic
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
        (4,); ``least``, the bits of 64 codes; ``cost``, the price of a nat at which the bound ends
        at the budget; ``touched``, which VAE has the least loss at that price; ``own``, bits and
        squared error of the reader's VAE, or None.
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
    cost = price_of_a_nat(curves["bound"], budget)
    return {
        "curves": curves,
        "left": {name: left_at(curve, budget) for name, curve in curves.items()},
        "images": np.stack(shown),
        "nearest": np.array(nearest),
        "least": float(curves["vq"][list(data["codes"]).index(64), 0]),
        "cost": cost,
        "touched": int(np.argmin(loss(curves["vae"], cost))),
        "budget": budget,
        "slope": slope,
        "own": own,
    }


def price_of_a_nat(curve, budget):
    """Minus the slope of a curve of error by bits, in squared error per nat."""
    bits, error = curve.T
    return float(np.interp(budget, bits, np.gradient(error, bits))) / -np.log(2)


def loss(curve, cost):
    """D + c R of each point, with a price for each nat of R."""
    bits, error = curve.T
    return error + cost * bits * np.log(2)


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
        readouts={**result["left"], "slope": -result["cost"], "least": result["least"]},
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
    """Squared error against bits, both logarithmic; with the slope, on plain axes."""
    curves = result["curves"]
    traces = [line(*curves["bound"].T, INK_3, dash="dot")]
    for kind, (color, _, dash) in STYLES.items():
        bits, error = curves[kind][np.argsort(curves[kind][:, 0])].T
        traces += [line(*chords(bits, error), color, dash=dash), dots(bits, error, color, size=6)]
    if result["own"] is not None:
        traces.append(dots(*result["own"][:, None], DATA_1, size=11, ring=2))
    budget = result["budget"]
    parts = {
        "height": 350,
        "right": 24,
        "shapes": [segment((budget, budget), (0, 1), INK, dash="dash", yref="paper")],
    }
    return on_plain_axes(result, traces, parts) if result["slope"] else bent(result, traces, parts)


def bent(result, traces, parts):
    """The curves on logarithmic axes, each with its name."""
    curves = result["curves"]
    ends = {"pca": (-1, 8), "autoencoder": (1, 8), "vae": (1, -14), "vq": (-2, 12)}  # point, px up
    words = []
    for kind, (_, ink, _) in STYLES.items():
        at, up = ends[kind]
        x, y = np.log10(curves[kind][np.argsort(curves[kind][:, 0])][at])
        side = "right" if kind == "vae" else "left"
        words.append(label(KINDS[kind], x, y, ink, xanchor=side, yshift=up))
    x, y = np.log10(curves["bound"][-1])
    words.append(label("Gaussian bound", x, y, INK_3, xanchor="right", yshift=-14))
    low, high = np.log10(LEAST), 1.8
    if result["own"] is not None:
        x, y = np.log10(result["own"])
        low, high = min(low, x - 0.2), max(high, y + 0.15)
        words.append(label("yours", x, y, DATA_1, xanchor="left", xshift=10))
    ticks = [tick for tick in TICKS if np.log10(tick) > low]
    return figure(
        traces,
        axis(low, np.log10(MOST), "bits for a digit", type="log", tickvals=ticks),
        axis(0, high, "squared error", type="log", tickvals=[1, 2, 5, 10, 20, 50, 100]),
        labels=words,
        **parts,
    )


def on_plain_axes(result, traces, parts):
    """The curves, the tangent of the bound, and its parallel through one of the VAEs."""
    curves, budget = result["curves"], result["budget"]
    end = NEAR if budget < NEAR else FAR
    x = np.linspace(0, end, 200)
    touched = curves["vae"][result["touched"]]
    for (bits, error), color in (
        ((budget, result["left"]["bound"]), INK),
        (touched, DATA_1),
    ):
        y = error - result["cost"] * np.log(2) * (x - bits)
        inside = (y >= 0) & (y <= HIGH)
        traces.append(line(x[inside], y[inside], color, width=1.5))
        traces.append(dots([bits], [error], color, size=10, ring=2))
    names = [(KINDS[kind], ink) for kind, (_, ink, _) in STYLES.items()]
    names.append(("Gaussian bound", INK_3))
    if result["own"] is not None:
        names.append(("yours", DATA_1))
    return figure(
        traces,
        axis(0, end, "bits for a digit"),
        axis(0, HIGH, "squared error", dtick=10),
        labels=[
            label(name, end, HIGH, ink, xanchor="right", yanchor="top", yshift=-15 * place)
            for place, (name, ink) in enumerate(names)
        ],
        **parts,
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
        + (f" {slope_in_words(result)}" if result["slope"] else "")
    )


def slope_in_words(result):
    """What the two parallel lines touch."""
    bits, error = result["curves"]["vae"][result["touched"]]
    return (
        f"The tangent of the bound falls by {result['cost']:.2g} for each nat. Its parallel rests "
        f"on the VAE with {bits:.0f} bits and {error:.1f}."
    )


def note(result):
    """What the reader's VAE costs and leaves, and which curves do not reach the budget."""
    said = []
    if result["slope"]:
        trained = load("rate_distortion")["betas"][result["touched"]]
        said.append(
            f"At {result['cost']:.2g} for a nat, the least loss of the VAEs is that of the one "
            f"trained at {trained:g}."
        )
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
