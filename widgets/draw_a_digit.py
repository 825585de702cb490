"""A drawing goes through a trained autoencoder: code, reconstruction, and how well it is rebuilt.

MNIST's digits were scaled until they just fitted a box of 20 x 20 pixels, then moved until their
centre of mass was in the middle of the 28 x 28 field. An encoder that has seen nothing else fails
without this, so the drawing is treated the same way. The anomaly score is the squared error of the
reconstruction, ranked among those of 10,000 test images.

The networks are small and imitate those of `latentbook train`: an encoder 784 -> 64 -> 64 -> 2 and
a decoder 2 -> 192 -> 64 -> 784, SiLU between, the image cut to [0, 1].
"""

import numpy as np

from widgets.contract import (
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    FIGURE_WIDTH,
    MUTED,
    PAPER,
    Choice,
    Drawing,
    Frame,
    Instrument,
    Pad,
    Plot,
    Readout,
    Tiles,
    Toggle,
)
from widgets.data import CLASSES, load
from widgets.kit.drawing import to_text
from widgets.kit.figures import axis, bars, dots, equal, figure, label, segment
from widgets.kit.network import SIDE, decode, encode, grey_levels

BOX = 20  # pixels of the box that a digit fits in
MIDDLE = 14  # index of the pixel that contains the centre of mass
NEAREST = 10  # test images whose labels are counted
FLAGGED = 99.0  # percentile from which a drawing is called an anomaly
WORST = 120.0  # squared error at the right end of the axis
BINS = 40
MODELS = {
    "mlp_vae_mnist": "VAE of digits",
    "autoencoder_mnist": "Autoencoder of digits",
    "conv_vae_fashion": "VAE of clothes",
}

instrument = Instrument(
    name="draw_a_digit",
    title="Draw a digit",
    challenge="Of ten drawings that are no digits, how many will rank above 99 % of the test "
    "images? Say a number, then draw them.",
    controls=(
        Drawing(
            "drawing",
            "Your drawing",
            default=to_text(load("mnist_images")["images"][9]),
            panel="pad",
        ),
        Choice("model", "Model", MODELS, "mlp_vae_mnist"),
        Toggle("centred", "Scale and centre it as MNIST does", default=True),
    ),
    readouts=(
        Readout("error", "Squared error", "", ".1f"),
        Readout("percentile", "Rebuilt worse than", "% of test images", ".1f"),
        Readout("z", "Code", symbol=r"\mathbf{z}"),
        Readout("like", "Nearest codes"),
    ),
    references=("lecun1998", "kingma2014"),
)


def compute(*, drawing, model, centred):
    """Encode and decode a drawing; rank its error; find the test images with the nearest codes.

    Parameters
    ----------
    drawing : ndarray of shape (28, 28), uint8, 255 is ink
    model : str, a key of MODELS
    centred : bool, treat the drawing as the images of MNIST were treated

    Returns
    -------
    dict
        ``x`` and ``x_hat`` (28, 28), in [0, 1]; ``z`` (2,); ``error``, the squared error summed
        over pixels; ``percentile`` of test images with a smaller one; ``codes`` (n, 2) and
        ``labels`` (n,) of test images; ``nearest`` (10,), places among them; ``centre`` (2,) and
        ``scale`` of the plane that is shown; ``share`` (40,) of test errors in each bin.
    """
    encoder, decoder = exact(load(f"{model}_encoder")), exact(load(f"{model}_decoder"))
    x = as_in_mnist(drawing / 255.0) if centred else drawing / 255.0
    z = encode(x[None], encoder)[0]  # (2,)
    x_hat = decode(z[None], decoder)[0]  # (28, 28)
    error = np.sum((x - x_hat) ** 2)

    quantiles = encoder["error_quantiles"]  # at 0, 0.1, ..., 100 %
    percents = np.linspace(0, 100, len(quantiles))
    edges = np.linspace(0, WORST, BINS + 1)
    codes = decoder["codes"]
    distance = np.sum((codes - z) ** 2, axis=1)  # (n,)
    return {
        "drawing": drawing,
        "x": x,
        "x_hat": x_hat,
        "z": z,
        "error": error,
        "percentile": np.interp(error, quantiles, percents),
        "codes": codes,
        "labels": decoder["labels"],
        "nearest": np.argsort(distance, kind="stable")[:NEAREST],
        "centre": decoder["centre"],
        "scale": float(decoder["scale"]),
        "share": np.diff(np.interp(edges, quantiles, percents)),
        "empty": not x.any(),
        "model": model,
    }


def exact(arrays):
    """The same in float64: one image costs almost nothing."""
    return {
        name: array.astype(float) if array.dtype.kind == "f" else array
        for name, array in arrays.items()
    }


def as_in_mnist(x):
    """Scale the ink to a box of 20 x 20 pixels, then put its centre of mass in the middle.

    Parameters
    ----------
    x : ndarray of shape (28, 28), in [0, 1]

    Returns
    -------
    ndarray of shape (28, 28), in [0, 1]

    References
    ----------
    LeCun, Bottou, Bengio & Haffner 1998, section III.A.
    """
    rows, columns = np.flatnonzero(x.any(axis=1)), np.flatnonzero(x.any(axis=0))
    if len(rows) == 0:
        return x
    ink = x[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = ink.shape
    larger = BOX / max(height, width)
    up = resampling(height, max(1, round(larger * height)))
    across = resampling(width, max(1, round(larger * width)))
    ink = up @ ink @ across.T  # the longer side has 20 pixels

    field = np.zeros((3 * SIDE, 3 * SIDE))  # room to move in every direction
    field[: ink.shape[0], : ink.shape[1]] = ink
    total = field.sum()
    place = np.arange(3 * SIDE)
    down = round(SIDE + MIDDLE - field.sum(axis=1) @ place / total)
    right = round(SIDE + MIDDLE - field.sum(axis=0) @ place / total)
    field = np.roll(field, (down, right), axis=(0, 1))
    return field[SIDE : 2 * SIDE, SIDE : 2 * SIDE].clip(0, 1)


def resampling(n, m):
    """Matrix (m, n) that resamples n pixels to m: triangles as wide as a pixel of the coarser."""
    reach = max(1.0, n / m)
    middles = (np.arange(m) + 0.5) * n / m  # of the new pixels, in old ones
    away = np.abs(middles[:, None] - (np.arange(n) + 0.5)) / reach
    weights = (1 - away).clip(0)
    return weights / weights.sum(axis=1, keepdims=True)


def frame(result):
    """The pad, the reconstruction, the place of its code, and the rank of its error."""
    z = result["z"]
    place = f"({z[0]:.2f}, {z[1]:.2f})".replace("-", "\N{MINUS SIGN}")
    return Frame(
        readouts={
            "error": result["error"],
            "percentile": result["percentile"],
            "z": place,
            "like": nearest_class(result),
        },
        panels=[
            Pad("pad", alt=pad_alt(result), half=True),
            images(result),
            Plot("plane", plane(result), plane_alt(result, place), half=True),
            Plot("errors", errors(result), errors_alt(result), half=True),
        ],
        note=note(result),
    )


def name_of(result, label):
    """A class in words."""
    return CLASSES["fashion" if result["model"] == "conv_vae_fashion" else "mnist"][label]


def nearest_class(result):
    """The class that is most frequent among the nearest codes, and how often it is there."""
    counts = np.bincount(result["labels"][result["nearest"]], minlength=10)
    best = int(counts.argmax())
    return f"{name_of(result, best)}, {counts[best]} of {NEAREST}"


def pad_alt(result):
    inked = int(np.sum(result["drawing"] > 127))
    return f"The pad with your drawing: {inked} of {SIDE * SIDE} pixels are mostly ink."


def images(result):
    """What the encoder saw and the decoder drew, over what was lost and what was added."""
    x, x_hat = result["x"], result["x_hat"]
    four = np.stack([x, x_hat, (x - x_hat).clip(0), (x_hat - x).clip(0)])
    return Tiles(
        "images",
        grey_levels(four).reshape(2, 2, SIDE, SIDE),
        alt="Four images: what the encoder sees, what the decoder makes of it, the ink that is "
        f"lost between them and the ink that is added. Squared error {result['error']:.1f}.",
        captions=("seen; below, ink lost", "rebuilt; below, ink added"),
        half=True,
    )


def plane(result):
    """Codes of test images, the ten nearest in colour, and the code of the drawing."""
    codes, near = result["codes"], result["nearest"]
    reach = 4 * result["scale"]
    low, high = result["centre"] - reach, result["centre"] + reach
    shown = np.clip(result["z"], low, high)
    middles = [np.median(codes[result["labels"] == label], axis=0) for label in range(10)]
    ticks = {"nticks": 5, "zeroline": True}
    return figure(
        [
            dots(*codes.T, MUTED, size=4),
            dots(*codes[near].T, DATA_1),
            dots(*shown[:, None], DATA_2, size=12),
        ],
        *equal(
            axis(low[0], high[0], "z<sub>1</sub>", **ticks),
            axis(low[1], high[1], "z<sub>2</sub>", **ticks, showgrid=False),
        ),
        height=FIGURE_WIDTH,
        left=34,
        right=10,
        labels=[
            *(
                label(name_of(result, i), *middle, bgcolor=PAPER)
                for i, middle in enumerate(middles)
            ),
            label(
                "yours",
                *shown,
                DATA_2_TEXT,
                showarrow=True,
                ax=30,
                ay=-30,
                arrowcolor=DATA_2,
                bgcolor=PAPER,
            ),
        ],
    )


def plane_alt(result, place):
    return (
        f"The latent plane with the codes of {len(result['codes'])} test images. The drawing's "
        f"code is {place}; of the ten nearest, most are {nearest_class(result)}."
    )


def errors(result):
    """The distribution of the test images' errors, and the drawing's error."""
    share, error = result["share"], min(result["error"], WORST)
    step = WORST / BINS
    side = "right" if error > WORST / 2 else "left"
    return figure(
        [bars(step * (np.arange(BINS) + 0.5), share, DATA_1, width=0.9 * step)],
        axis(0, WORST, "squared error", nticks=5),
        axis(0, 18, "% of test images"),
        height=FIGURE_WIDTH,
        left=34,
        right=10,
        shapes=[segment((error, error), (0, 16), DATA_2, width=2)],
        labels=[label("your drawing", error, 16.8, DATA_2_TEXT, xanchor=side, bgcolor=PAPER)],
    )


def errors_alt(result):
    return (
        f"A histogram of the squared errors of 10,000 test images. The drawing's is "
        f"{result['error']:.1f}, more than that of {result['percentile']:.1f} % of them."
    )


def note(result):
    """What the rank means."""
    if result["empty"]:
        return "The pad is empty. The reconstruction is what the model makes of nothing."
    if result["percentile"] >= FLAGGED:
        return (
            f"An anomaly: of a hundred test images, {100 - FLAGGED:.0f} at most comes back this "
            "badly."
        )
    return f"No anomaly: at least {100 - FLAGGED:.0f} test image in 100 comes back this badly."
