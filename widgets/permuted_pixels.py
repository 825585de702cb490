"""A dense and a convolutional network fill in hidden pixels, of digits whose pixels are shuffled.

Cut the image into blocks and shuffle the pixels within each block, every image in the same way. To
a dense layer h = W x + b that is a new order of the columns of W, and the network that it learns is
the old one in a new order. So one dense network serves for all shuffles here:

    dense(P x) = P dense_0(x) for the network whose weights are shuffled along with the pixels.

The convolution was trained again for each shuffle.

Two controls. In one, all blocks are shuffled alike, so that all places are alike again. In the
other the blocks of every image get shuffles of their own, so that no place means anything; there
the dense network was trained again, too.
"""

import numpy as np

from widgets.contract import (
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK_3,
    PAPER,
    Choice,
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
TOP = {"own": 60.0, "alike": 60.0, "anew": 80.0}  # upper end of the axis of errors

instrument = Instrument(
    name="permuted_pixels",
    title="Shuffled pixels",
    challenge="Half of the pixels are hidden, and two networks fill them in. The dense one leaves "
    "16.5 whatever the shuffle, if all images get the same. Say what the convolution leaves when "
    "all 784 pixels are shuffled; then look.",
    controls=(
        Slider("block", "Shuffled within blocks of", default=1, values=BLOCKS, unit="pixels"),
        Choice(
            "order",
            "Order",
            {"own": "One per block", "alike": "Blocks alike", "anew": "New for each image"},
            "own",
        ),
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


def compute(*, block, order, back, digit):
    """Shuffle a digit, hide half of its pixels, and let both networks fill them in.

    Parameters
    ----------
    block : int, side of the blocks within which pixels are shuffled
    order : "own" for a shuffle of each block's own, the same in every image; "alike" for one
        shuffle for all blocks; "anew" for shuffles that are drawn for each image
    back : bool, show every image with its pixels where they were
    digit : int, which test image, 1 to 40; also the seed of which pixels are hidden

    Returns
    -------
    dict
        ``images``, what the networks are given, what the dense one makes of it, what the
        convolution makes of it, and the digit itself, (4, 28, 28), in [0, 1]; ``here``, squared
        errors of both networks for it, (2,); ``errors``, of both over 10,000 test digits, by order
        and size of the blocks, (2, 6).
    """
    which = BLOCKS.index(block)
    places, fill_in_dense, kernels, row = trained_for(order, which, digit)
    x = load("mnist_images")["images"][digit - 1].ravel()[places] / 255  # (784,)
    given = x * (np.random.default_rng(digit).random(x.size) < 0.5)
    x_dense = fill_in_dense(given).clip(0, 1)
    x_convolution = fill_in(given.reshape(28, 28), kernels, row).ravel().clip(0, 1)

    images = np.stack([given, x_dense, x_convolution, x])
    here = np.sum((images[1:3] - x) ** 2, axis=1)
    if back:
        images[:, places] = images.copy()
    return {
        "images": images.reshape(4, 28, 28),
        "here": here,
        "errors": {"own": errors_of("own"), order: errors_of(order)},
        "which": which,
        "order": order,
        "back": back,
    }


def trained_for(order, which, digit):
    """The source of the pixel at each place, (784,), and the networks trained for such shuffles.

    The dense one is a function of the given pixels, the convolution a mapping and a row in it.
    """
    fixed = load("shuffled_pixels")
    places, kernels, row = fixed["orders"][which], fixed, which
    if order == "alike" and 0 < which < len(BLOCKS) - 1:  # one block is like itself
        kernels, row = control("alike"), which - 1
        places = kernels["orders"][row]
    if order == "anew" and which > 0:
        kernels, row = control("anew"), which - 1
        weights = {key: kernels[key][row] for key in ("w0", "b0", "w1", "b1")}
        return drawn_order(BLOCKS[which], digit), lambda x: dense(x[None], weights)[0], kernels, row

    def fill_in_dense(given):
        unshuffled = np.empty(given.size)
        unshuffled[places] = given
        return dense(unshuffled[None], fixed)[0][places]

    return places, fill_in_dense, kernels, row


def control(name):
    """The arrays of one control, by the names that they have in the other file."""
    stored = load("reshuffled_pixels")
    return {key[len(name) + 1 :]: stored[key] for key in stored if key.startswith(f"{name}_")}


def drawn_order(block, seed):
    """As the stored orders, the pixels of each block in an order drawn for it: (784,)."""
    side = 28 // block
    parts = np.arange(784).reshape(side, block, side, block).swapaxes(1, 2)
    drawn = np.random.default_rng((block, seed)).permuted(parts.reshape(side, side, -1), axis=2)
    return drawn.reshape(parts.shape).swapaxes(1, 2).ravel()


def errors_of(order):
    """Squared errors over the test digits of the dense network and the convolution, (2, 6).

    Any one shuffle for all images is the same task to a dense network.
    """
    fixed = load("shuffled_pixels")
    errors = np.stack([fixed["dense_errors"], fixed["convolution_errors"]])
    if order == "alike":
        errors[1, 1:-1] = control("alike")["errors"]
    elif order == "anew":
        anew = control("anew")
        errors[:, 1:] = anew["dense_errors"], anew["convolution_errors"]
    return errors


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
            "dense": result["errors"][result["order"]][0, which],
            "convolution": result["errors"][result["order"]][1, which],
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
    """Squared error per test digit by size of the blocks, up to the chosen one.

    Beside a control, dotted, the errors with a shuffle of each block's own.
    """
    seen = slice(0, result["which"] + 1)
    places = np.arange(len(BLOCKS))[seen]
    errors, fixed = (result["errors"][order][:, seen] for order in (result["order"], "own"))
    upper = int(np.argmax(errors[:, -1]))
    traces = []
    labels = [label("hidden pixels left black", -0.4, COPIED, INK_3, xanchor="left", yshift=9)]
    for row, (name, color, words) in enumerate(
        (("dense", DATA_2, DATA_2_TEXT), ("convolution", DATA_1, DATA_1))
    ):
        if result["order"] != "own":
            traces.append(line(places, fixed[row], color, width=1.5, dash="dot"))
        traces += [
            line(places, errors[row], color),
            dots(places, errors[row], color, size=8, ring=2),
        ]
        up = 14 if row == upper else -14
        labels.append(label(name, places[-1], errors[row, -1], words, yshift=up, bgcolor=PAPER))
    return figure(
        traces,
        axis(
            -0.4,
            len(BLOCKS) - 0.6,
            "side of the blocks, pixels",
            tickvals=list(range(len(BLOCKS))),
            ticktext=[str(block) for block in BLOCKS],
        ),
        axis(0, TOP[result["order"]], "squared error per test digit", dtick=20),
        height=230,
        shapes=[segment((-0.4, 5.4), (COPIED, COPIED), INK_3, dash="dot")],
        labels=labels,
    )


def errors_alt(result):
    said = "; ".join(
        f"blocks of {block}: dense {dense_error:.1f}, convolution {convolution_error:.1f}"
        for block, (dense_error, convolution_error) in zip(
            BLOCKS[: result["which"] + 1], result["errors"][result["order"]].T, strict=False
        )
    )
    beside = "" if result["order"] == "own" else " Dotted: with a shuffle of each block's own."
    return f"Squared error per test digit by side of the blocks. {said}.{beside}"


def note(result):
    """What the images show."""
    if result["which"] == 0:
        return ""
    if result["order"] == "anew":
        return (
            "Each image is shuffled in its own way, in training too: within a block, places mean "
            "nothing now."
        )
    if result["order"] == "alike":
        return "Every block is shuffled in the same way."
    if result["back"]:
        return "Both networks have worked on the shuffled image; only the picture is put back."
    return "Your eye is no better off than the convolution: it, too, looks for strokes."
