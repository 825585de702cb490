"""Noise off a digit: trained networks, and two answers that need none.

A denoising autoencoder was trained to return clean digits from digits with white noise of standard
deviation 0.5. A contractive and a sparse one have seen no noise at all, nor has a plain one, which
was trained to copy. All four have one hidden layer of 200 units. Beside them stand a projection on
principal components and the median of the nine pixels around each.
"""

import numpy as np

from widgets.contract import (
    DATA_1,
    DATA_2,
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
from widgets.kit.figures import axis, dots, figure, segment
from widgets.kit.noise import gaussian, median_of_nine, projected, salt_and_pepper

NETWORKS = {
    "denoising": "Denoising",
    "contractive": "Contractive",
    "sparse": "Sparse",
    "plain": "Plain",
}
WAYS = (*NETWORKS, "components", "median")
CURVES = ("noise", *WAYS, "linear")
NAMES = dict(zip(CURVES, CURVES, strict=True)) | {"linear": "best matrix"}
KINDS = {"gaussian": "White", "pepper": "Salt and pepper"}
STRENGTHS = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0)  # standard deviation of white noise
SHARES = (0.05, 0.1, 0.2, 0.3, 0.5)  # of the pixels
SHOWN = 12  # units
IMAGES = 40

instrument = Instrument(
    name="noisy_digit",
    title="Noise off a digit",
    challenge="Three of the four networks have never seen any noise. One of them takes it off "
    "nearly as well as the one that was trained to. What is different about it?",
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
        Choice("network", "Units of", NETWORKS, "denoising"),
    ),
    readouts=(
        Readout("noise", "The noise", "squared error", ".1f"),
        Readout("left", "Left by this network", "squared error", ".1f"),
        Readout("projected", "Left by components", "squared error", ".1f"),
    ),
    references=("vincent2008", "rifai2011"),
)


def compute(*, kind, sigma, share, count, digit, seed, network):
    """Put noise on a test digit, and take it off in six ways.

    Parameters
    ----------
    kind : str, a key of KINDS
    sigma : float, standard deviation of white noise, in grey from 0 to 1
    share : float, of the pixels that are lost to salt and pepper
    count : int, principal components kept, 1 to 64
    digit : int, which test digit, 1 to 40
    seed : int, of the noise
    network : str, a key of NETWORKS, the one whose units are shown

    Returns
    -------
    dict
        ``clean``, ``noisy`` and ``images``, by way, each (784,); ``errors``, squared, of the noisy
        digit and by way; ``marks``, (12, 784), what those units of the chosen network add to the
        log-odds of ink that add most; ``means``, errors of all test digits with such noise, by
        CURVES; and what was set.
    """
    clean = load("mnist_images")["images"][[digit - 1]].reshape(1, -1) / 255
    rng = np.random.default_rng(seed)
    noisy = (
        gaussian(clean, sigma, rng) if kind == "gaussian" else salt_and_pepper(clean, share, rng)
    )
    images = {
        **{name: decoded(encoded(noisy, name), name) for name in NETWORKS},
        "components": projected(noisy, load("mnist_pca"), count),
        "median": median_of_nine(noisy),
    }
    stored = load("mnist_cleaners")
    adds = encoded(noisy, network).T * stored[f"{network}_decoder"].astype(np.float64)
    most = np.argsort(-np.abs(adds).sum(1))[:SHOWN]
    at = STRENGTHS.index(sigma) if kind == "gaussian" else SHARES.index(share)
    means = stored[f"errors_{kind}"][:, at].astype(np.float64)
    return {
        "clean": clean[0],
        "noisy": noisy[0],
        "images": {name: image[0] for name, image in images.items()},
        "errors": {
            name: float(np.sum((image - clean) ** 2))
            for name, image in {"noise": noisy, **images}.items()
        },
        "marks": adds[most],
        "means": dict(zip(CURVES, means, strict=True)),
        "network": network,
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
    """The digit in all states, the errors of all test digits, and what units add."""
    errors, images = result["errors"], result["images"]
    return Frame(
        readouts={
            "noise": errors["noise"],
            "left": errors[result["network"]],
            "projected": errors["components"],
        },
        panels=[
            row(
                "without",
                {
                    "clean": result["clean"],
                    "noisy": result["noisy"],
                    "components": images["components"],
                    "median": images["median"],
                },
                errors,
            ),
            row("networks", {name: images[name] for name in NETWORKS}, errors),
            means(result),
            marks(result),
        ],
    )


def row(key, images, errors):
    """Four digits, named."""
    said = [f"{name}, {errors[name]:.1f}" for name in images if name in errors]
    return Tiles(
        key,
        np.stack(list(images.values())).clip(0, 1).reshape(-1, 28, 28),
        f"A test digit four times: {', '.join(images)}. Squared errors: {'; '.join(said)}.",
        captions=tuple(images),
        gap=2,
        half=True,
    )


def means(result):
    """Squared error of all test digits with such noise by way, beside that of this digit."""
    ways = sorted(CURVES, key=lambda name: result["means"][name])
    rows = np.arange(len(ways))[::-1]
    all_digits = [result["means"][name] for name in ways]
    shown = [name for name in ways if name in result["errors"]]
    colours = [DATA_2 if name in NETWORKS else DATA_1 for name in ways]
    return Plot(
        "means",
        figure(
            [
                dots(
                    [result["errors"][name] for name in shown],
                    [rows[ways.index(name)] for name in shown],
                    INK_3,
                    size=5,
                ),
                *(
                    dots([error], [y], colour, size=10)
                    for error, y, colour in zip(all_digits, rows, colours, strict=True)
                ),
            ],
            axis(0, 3, "squared error; small dots: this digit", type="log"),
            axis(
                -0.6,
                len(ways) - 0.4,
                tickvals=rows.tolist(),
                ticktext=[NAMES[name] for name in ways],
                showgrid=False,
            ),
            height=330,
            left=96,
            shapes=[
                segment((1, error), (y, y), INK_3, dash="dot")
                for error, y in zip(all_digits, rows, strict=True)
            ],
        ),
        "Mean squared error of 10,000 test digits with such noise: "
        + ", ".join(f"{NAMES[name]} {result['means'][name]:.1f}" for name in ways)
        + ".",
        half=True,
    )


def marks(result):
    """What the units add that add most to the answer."""
    drawn = result["marks"]
    return Tiles(
        "marks",
        (0.5 + 0.5 * drawn / np.abs(drawn).max()).reshape(-1, 28, 28),
        f"What those {SHOWN} units of the {result['network']} network add to the image that add "
        "most. Mid-grey is nothing.",
        captions=(f"what units of the {result['network']} network add",),
        gap=2,
        half=True,
        columns=4,
    )
