"""Noise off a digit: trained networks, and two answers that need none.

A denoising autoencoder was trained to return clean digits from digits with white noise of standard
deviation 0.5. A sparse and a contractive one have seen no noise at all. All three have one hidden
layer of 200 units. Beside them stand a projection on principal components and the median of the nine
pixels around each.
"""

import numpy as np

from widgets.contract import (
    ACCENT,
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK_2,
    INK_3,
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
from widgets.kit.figures import axis, figure, label, line
from widgets.kit.noise import gaussian, median_of_nine, projected, salt_and_pepper

NETWORKS = {"denoising": "Denoising", "sparse": "Sparse", "contractive": "Contractive"}
WAYS = {
    "denoising": "denoising network",
    "sparse": "sparse network",
    "contractive": "contractive network",
    "projection": "components",
    "median": "median of nine",
}
KINDS = {"gaussian": "White", "pepper": "Salt and pepper"}
STRENGTHS = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0)  # standard deviation of white noise
SHARES = (0.05, 0.1, 0.2, 0.3, 0.5)  # of the pixels
SHOWN = 12  # units
IMAGES = 40

instrument = Instrument(
    name="noisy_digit",
    title="Noise off a digit",
    challenge="The network was trained with white noise of 0.5. Find a noise that something "
    "simpler takes off better.",
    controls=(
        Choice("kind", "Noise", KINDS, "gaussian"),
        Slider(
            "sigma",
            "Standard deviation",
            default=0.5,
            values=STRENGTHS,
            when=("kind", "gaussian"),
        ),
        Slider("share", "Pixels lost", default=0.2, values=SHARES, when=("kind", "pepper")),
        Slider("count", "Components kept", default=32, min=1, max=64, step=1),
        Slider("digit", "Test digit", default=4, min=1, max=IMAGES, step=1),
        Seed(),
        Choice("units", "Units of", NETWORKS, "denoising"),
    ),
    readouts=(
        Readout("network", "Left by the network", "squared error", ".1f"),
        Readout("noise", "Noise", "squared error", ".1f"),
        Readout("fire", "Units that fire", "of 200", ".0f"),
    ),
    references=("vincent2008",),
)


def compute(*, kind, sigma, share, count, digit, seed, units):
    """Put noise on a test digit, and take it off in five ways.

    Parameters
    ----------
    kind : str, a key of KINDS
    sigma : float, standard deviation of white noise, in grey from 0 to 1
    share : float, of the pixels that are lost to salt and pepper
    count : int, principal components kept, 1 to 64
    digit : int, which test digit, 1 to 40
    seed : int, of the noise
    units : str, a key of NETWORKS, whose units are shown

    Returns
    -------
    dict
        ``images``, (7, 784): clean, noisy, and as each way returns it; ``errors``, (7,), squared,
        from the clean one; ``activity``, (200,), of the units of the chosen network, and ``marks``,
        (12, 784), what those add to the log-odds of ink that add most; ``fires``, how many are above a
        hundredth of the largest; ``curves``, by way, mean errors of test digits at each strength;
        and what was set.
    """
    clean = load("mnist_images")["images"][[digit - 1]].reshape(1, -1) / 255
    rng = np.random.default_rng(seed)
    noisy = (
        gaussian(clean, sigma, rng) if kind == "gaussian" else salt_and_pepper(clean, share, rng)
    )
    images = np.concatenate([clean, noisy, *cleaned(noisy, count).values()])
    activity = encoded(noisy, units)[0]
    adds = activity[:, None] * load("mnist_cleaners")[f"{units}_decoder"].astype(np.float64)
    most = np.argsort(-np.abs(adds).sum(1))[:SHOWN]
    study = load("mnist_cleaners")["errors_white" if kind == "gaussian" else "errors_pepper"]
    return {
        "images": images,
        "errors": np.sum((images - clean) ** 2, axis=1),
        "activity": activity,
        "marks": adds[most],
        "fires": int(np.sum(activity > 0.01 * activity.max())),
        "curves": study.astype(np.float64),
        "kind": kind,
        "strength": sigma if kind == "gaussian" else share,
        "count": count,
        "units": units,
    }


def cleaned(noisy, count):
    """Digits, (n, 784), as each of WAYS returns them."""
    return {
        **{name: decoded(encoded(noisy, name), name) for name in NETWORKS},
        "projection": projected(noisy, load("mnist_pca"), count),
        "median": median_of_nine(noisy),
    }


def encoded(x, name):
    """Activity of the units, (n, 200), for digits (n, 784)."""
    stored = load("mnist_cleaners")
    h = x @ stored[f"{name}_encoder"].astype(np.float64) + stored[f"{name}_encoder_bias"]
    return np.maximum(h, 0) if name == "denoising" else 0.5 * (1 + np.tanh(0.5 * h))


def decoded(h, name):
    """Digits, (n, 784), in [0, 1], from the activity of the units, (n, 200)."""
    stored = load("mnist_cleaners")
    ink = h @ stored[f"{name}_decoder"].astype(np.float64) + stored[f"{name}_decoder_bias"]
    return 0.5 * (1 + np.tanh(0.5 * ink))


def frame(result):
    """The digit in all states, errors against the strength of the noise, and units that fire."""
    return Frame(
        readouts={
            "network": result["errors"][2],
            "noise": result["errors"][1],
            "fire": result["fires"],
        },
        panels=[states(result), by_strength(result), marks(result)],
        note="Errors by strength are of the 10,000 test digits; components are the number that is "
        "best for training digits.",
    )


def states(result):
    """Clean, noisy, and as each way returns it."""
    names = ("clean", "noisy", *WAYS.values())
    errors = [f"{error:.1f}" for error in result["errors"]]
    return Tiles(
        "states",
        result["images"].clip(0, 1).reshape(-1, 28, 28),
        "A test digit, clean and with noise, and as each way returns it. Squared errors: "
        + ", ".join(f"{name} {error}" for name, error in zip(names, errors, strict=True))
        + ".",
        gap=2,
        labels=names,
        numbers=("", *errors[1:]),
        marked=(1,),
    )


def by_strength(result):
    """Mean squared error of test digits against the strength of the noise, by way."""
    white = result["kind"] == "gaussian"
    strengths = STRENGTHS if white else SHARES
    colours = dict(
        denoising=DATA_2, projection=DATA_1, median=INK_2, sparse=INK_3, contractive=INK_3
    )
    rows = dict(zip(("noise", *WAYS), result["curves"], strict=True))
    lines = [line(strengths, rows["noise"], ACCENT, width=1.5, dash="dot")]
    lines += [line(strengths, rows[name], colours[name]) for name in WAYS]
    words = [
        label(
            "denoising",
            strengths[-1],
            np.log10(rows["denoising"][-1]),
            DATA_2_TEXT,
            xanchor="right",
            yshift=-12,
        ),
        label(
            "components",
            strengths[-1],
            np.log10(rows["projection"][-1]),
            DATA_1,
            xanchor="right",
            yshift=12,
        ),
        label(
            "median", strengths[-1], np.log10(rows["median"][-1]), INK_2, xanchor="right", yshift=12
        ),
        label(
            "the noise itself",
            strengths[-1],
            np.log10(rows["noise"][-1]),
            ACCENT,
            xanchor="right",
            yshift=12,
        ),
    ]
    title = "standard deviation of white noise" if white else "share of the pixels lost"
    at = list(strengths).index(result["strength"])
    return Plot(
        "by_strength",
        figure(
            lines,
            axis(strengths[0], strengths[-1], title),
            axis(0, 3, "squared error", type="log"),
            height=300,
            labels=words,
        ),
        f"Mean squared error of test digits against the {title}. As set: "
        + ", ".join(f"{name} {row[at]:.1f}" for name, row in rows.items())
        + ".",
        half=True,
    )


def marks(result):
    """What the units add that add most to the answer."""
    drawn = result["marks"]
    return Tiles(
        "marks",
        (0.5 + 0.5 * drawn / np.abs(drawn).max()).reshape(-1, 28, 28),
        f"What the {SHOWN} units add to the image that add most; mid-grey is nothing. Of 200 units "
        f"{result['fires']} fire.",
        captions=("what the units add that add most",),
        gap=2,
        half=True,
        columns=4,
    )
