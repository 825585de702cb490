"""A dense and a convolutional network fill in hidden pixels, of digits whose pixels are shuffled.

Cut the image into blocks and shuffle the pixels within each block, every image in the same way. To
a dense layer h = W x + b that is a new order of the columns of W, and the network that it learns is
the old one in a new order. So one dense network serves for all shuffles here:

    dense(P x) = P dense_0(x) for the network whose weights are shuffled along with the pixels.

The convolution was trained again for each shuffle.
"""

import numpy as np

from widgets.contract import (
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK_3,
    Frame,
    Instrument,
    Plot,
    Readout,
    Slider,
    Tiles,
    Toggle,
)
from widgets.data import load
from widgets.kit.figures import axis, dots, figure, label, line, segment
from widgets.kit.network import convolve, dense, grey_levels, silu, twice

IMAGES = 40
BLOCKS = (1, 2, 4, 7, 14, 28)
COPIED = 44.67  # squared error per test digit if the hidden pixels are left black
TOP = 60.0  # of the axis of errors

instrument = Instrument(
    name="permuted_pixels",
    title="Shuffled pixels",
    challenge="Half of the pixels are hidden, and two networks fill them in. The dense one leaves "
    "16.5 whatever the shuffle. Say what the convolution leaves when all 784 pixels are shuffled; "
    "then look.",
    controls=(
        Slider("block", "Shuffled within blocks of", default=1, values=BLOCKS, unit="pixels"),
        Toggle("back", "Put pixels back", default=False),
        Slider("digit", "Digit", default=25, min=1, max=IMAGES, step=1),
    ),
    readouts=(
        Readout("dense", "Dense", "per digit", ".1f"),
        Readout("convolution", "Convolution", "per digit", ".1f"),
        Readout("dense_here", "Dense, here", "squared", ".1f"),
        Readout("convolution_here", "Convolution, here", "squared", ".1f"),
    ),
    references=("lecun1989",),
)


def compute(*, block, back, digit):
    """Shuffle a digit, hide half of its pixels, and let both networks fill them in.

    Parameters
    ----------
    block : int, side of the blocks within which pixels are shuffled
    back : bool, show every image with its pixels where they were
    digit : int, which test image, 1 to 40; also the seed of which pixels are hidden

    Returns
    -------
    dict
        ``images``, what the networks are given, what the dense one makes of it, what the
        convolution makes of it, and the digit itself, (4, 28, 28), in [0, 1]; ``here``, squared
        errors of both networks for it, (2,); ``dense_errors`` and ``convolution_errors``, over
        10,000 test digits, by size of the blocks, (6,).
    """
    data = load("shuffled_pixels")
    which = BLOCKS.index(block)
    order = data["orders"][which]  # order[i] is the pixel that stands at place i
    x = load("mnist_images")["images"][digit - 1].ravel()[order] / 255  # (784,)
    given = x * (np.random.default_rng(digit).random(x.size) < 0.5)

    unshuffled = np.empty(x.size)
    unshuffled[order] = given
    x_dense = dense(unshuffled[None], data)[0][order].clip(0, 1)
    x_convolution = fill_in(given.reshape(28, 28), data, which).ravel().clip(0, 1)

    images = np.stack([given, x_dense, x_convolution, x])
    here = np.sum((images[1:3] - x) ** 2, axis=1)
    if back:
        images[:, order] = images.copy()
    return {
        "images": images.reshape(4, 28, 28),
        "here": here,
        "dense_errors": data["dense_errors"],
        "convolution_errors": data["convolution_errors"],
        "which": which,
        "back": back,
    }


def fill_in(given, data, which):
    """The convolution's answer to an image (28, 28)."""
    kernels = [data[f"k{i}"][which] for i in range(4)]
    biases = [data[f"c{i}"][which] for i in range(4)]
    h = silu(convolve(given[..., None], kernels[0], biases[0], stride=2))  # (14, 14, 16)
    h = silu(convolve(h, kernels[1], biases[1], stride=2))  # (7, 7, 24)
    h = silu(convolve(twice(h), kernels[2], biases[2]))  # (14, 14, 16)
    return convolve(twice(h), kernels[3], biases[3])[..., 0]  # (28, 28)


def frame(result):
    """The four images, and the errors over all test digits as far as the slider has come."""
    which, here = result["which"], result["here"]
    return Frame(
        readouts={
            "dense": result["dense_errors"][which],
            "convolution": result["convolution_errors"][which],
            "dense_here": here[0],
            "convolution_here": here[1],
        },
        panels=[
            Tiles(
                "images",
                grey_levels(result["images"])[None],
                alt="Four images: the digit with half of its pixels hidden, what the dense network "
                "makes of it, what the convolution makes of it, and the digit itself; "
                + where(result),
                captions=("given", "dense", "convolution", "wanted"),
                gap=2,
            ),
            Plot("errors", errors_figure(result), errors_alt(result)),
        ],
        note=note(result),
    )


def where(result):
    """How the images are shown."""
    if result["which"] == 0:
        return "nothing is shuffled."
    if result["back"]:
        return "each pixel shown where it was before the shuffle."
    return "shuffled, as the networks see them."


def errors_figure(result):
    """Squared error per test digit by size of the blocks, up to the chosen one."""
    seen = slice(0, result["which"] + 1)
    places = np.arange(len(BLOCKS))[seen]
    traces, labels = (
        [],
        [label("hidden pixels left black", -0.4, COPIED, INK_3, xanchor="left", yshift=9)],
    )
    last = []
    for name, color, words in (
        ("dense", DATA_2, DATA_2_TEXT),
        ("convolution", DATA_1, DATA_1),
    ):
        errors = result[f"{name}_errors"][seen]
        traces += [line(places, errors, color), dots(places, errors, color, size=8, ring=2)]
        last.append((name, errors[-1], words))
    upper = max(error for _, error, _ in last)
    labels += [
        label(name, places[-1], error, words, yshift=14 if error == upper else -14)
        for name, error, words in last
    ]
    return figure(
        traces,
        axis(
            -0.4,
            len(BLOCKS) - 0.6,
            "side of the blocks, pixels",
            tickvals=list(range(len(BLOCKS))),
            ticktext=[str(block) for block in BLOCKS],
        ),
        axis(0, TOP, "squared error per test digit", dtick=20),
        height=230,
        shapes=[segment((-0.4, 5.4), (COPIED, COPIED), INK_3, dash="dot")],
        labels=labels,
    )


def errors_alt(result):
    said = "; ".join(
        f"blocks of {block}: dense {dense_error:.1f}, convolution {convolution_error:.1f}"
        for block, dense_error, convolution_error in zip(
            BLOCKS[: result["which"] + 1],
            result["dense_errors"],
            result["convolution_errors"],
            strict=False,
        )
    )
    return f"Squared error per test digit by side of the blocks. {said}."


def note(result):
    """What the images show."""
    if result["which"] == 0:
        return ""
    if result["back"]:
        return "Both networks have worked on the shuffled image; only the picture is put back."
    return "Your eye is no better off than the convolution: it, too, looks for strokes."
