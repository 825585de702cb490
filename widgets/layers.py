"""One digit through a convolutional network: what can be read off each layer.

Each layer is a function of the one before, h' = f(h). A probe is a matrix, fitted afterwards to a
frozen layer: read = h W + b. Three things are read off every layer: which digit it is, by how many
pixels it has been shifted, and how wide its strokes are. The network was trained for the first
alone, on digits that were shifted by up to 4 px.

The figure shows the probes' results on 10,000 test digits. Dotted, for comparison: the same
network before any training.
"""

import numpy as np

from widgets.contract import (
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK_2,
    INK_3,
    Frame,
    Instrument,
    Plot,
    Readout,
    Slider,
    Tiles,
)
from widgets.data import load
from widgets.kit.figures import axis, dots, figure, label, line, segment
from widgets.kit.network import grey_levels, layers_of
from widgets.kit.transforms import shift, stroke_width, thicken

IMAGES = 40  # to choose from, four of each digit
CLASSES = 10
LAYERS = ("Image", "Conv. 1", "Conv. 2", "Features", "Classes")
ASKED = {"digit": DATA_1, "place": DATA_2, "width": INK_2}

instrument = Instrument(
    name="layers",
    title="Layer by layer",
    challenge="Before you move the slider, find in the curves where the place of a digit can be "
    "read best: in the image, after the first convolution, or after the second.",
    controls=(
        Slider("layer", "Layer", default=0, min=0, max=len(LAYERS) - 1, step=1, symbol="l"),
        Slider("right", "Shift right", default=3, min=-4, max=4, step=1, unit="px"),
        Slider("down", "Shift down", default=-2, min=-4, max=4, step=1, unit="px"),
        Slider("grown", "Thicken", default=0.0, min=-0.5, max=1.0, step=0.25, unit="px"),
        Slider("image", "Test digit", default=18, min=1, max=IMAGES, step=1),
    ),
    readouts=(
        Readout("digit", "Read: digit"),
        Readout("place", "Read: right, down"),
        Readout("width", "Read: stroke width"),
        Readout("units", "Numbers in the layer", "", "d"),
    ),
)


def compute(*, layer, right, down, grown, image):
    """Run one digit through the network and read three things off one layer.

    Parameters
    ----------
    layer : int, 0 is the image, 4 the classes
    right, down : int, shift in px
    grown : float, px by which the strokes grow on each side
    image : int, which test image, 1 to 40

    Returns
    -------
    dict
        ``x``, the image as the network sees it, (28, 28), in [0, 1]; ``first`` (8, 12, 12) and
        ``second`` (16, 4, 4), what the convolutions make of it; ``units``, how many numbers the
        chosen layer holds; ``read``, what its probe says: digit, right, down, width; ``true``, the
        same as it is; ``scores``, on 10,000 test digits, of the trained and of an untrained
        network: share of digits read right, share of the variance of place and width that is read,
        (2, 5, 3).
    """
    stored, probes = load("mnist_images"), load("mnist_probes")
    x = thicken(stored["images"][[image - 1]] / 255, grown)
    width = stroke_width(x)[0]
    x = shift(x, right, down)
    layers = layers_of(x, load("mnist_network_shifts"))
    h = layers[layer].ravel()
    answer = h @ probes[f"w{layer}"] + probes[f"b{layer}"]  # (13,)
    return {
        "layer": layer,
        "x": x[0],
        "first": layers[1][0],
        "second": layers[2][0],
        "units": h.size,
        "read": [int(answer[:CLASSES].argmax()), *answer[CLASSES:].tolist()],
        "true": [int(stored["labels"][image - 1]), right, down, float(width)],
        "scores": probes["scores"][[0, 2]].astype(float),
    }


def frame(result):
    """The curves, and the image with the maps of both convolutions."""
    digit, right, down, width = result["read"]
    true = result["true"]
    return Frame(
        readouts={
            "digit": f"{digit}, it is {true[0]}",
            "place": signed(f"{right:.1f}, {down:.1f} px"),
            "width": signed(f"{width:.1f}, it is {true[3]:.1f} px"),
            "units": result["units"],
        },
        panels=[
            Plot("scores", scores_figure(result), scores_alt(result), half=True),
            maps(result),
        ],
    )


def signed(text):
    """A number with a minus sign instead of a hyphen."""
    return text.replace("-", "\N{MINUS SIGN}")


def scores_figure(result):
    """What is read off each layer, in percent: lines of the trained network, dotted untrained."""
    place = np.arange(len(LAYERS))
    trained, untrained = 100 * result["scores"].clip(0, 1)
    at = result["layer"]
    return figure(
        [
            *(
                line(place, untrained[:, i], color, dash="dot", width=1.5)
                for i, color in enumerate(ASKED.values())
            ),
            *(line(place, trained[:, i], color) for i, color in enumerate(ASKED.values())),
            *(
                dots([at], trained[[at], i], color, size=10, ring=2, cliponaxis=False)
                for i, color in enumerate(ASKED.values())
            ),
        ],
        axis(
            -0.3,
            len(LAYERS) - 0.7,
            tickvals=place.tolist(),
            ticktext=list(LAYERS),
        ),
        axis(0, 100, "read by a matrix, %", dtick=25),
        height=600,
        left=40,
        right=58,
        shapes=[segment((at, at), (0, 100), INK_3, dash="dot")],
        labels=[
            label(
                name,
                place[-1],
                trained[-1, i],
                DATA_2_TEXT if color == DATA_2 else color,
                xanchor="left",
                xshift=8,
                yshift={"place": -7, "width": 7}.get(name, 0),
            )
            for i, (name, color) in enumerate(ASKED.items())
        ],
    )


def scores_alt(result):
    trained = 100 * result["scores"][0]
    said = [
        f"{name.lower()} {digit:.0f}, {place:.0f} and {width:.0f}"
        for name, (digit, place, width) in zip(LAYERS, trained, strict=True)
    ]
    return (
        "Percent of digits read right, and of the variance of place and of stroke width that is "
        f"read, layer by layer: {'; '.join(said)}."
    )


def maps(result):
    """Five rows of five: the image, the 8 maps of the first convolution, the 16 of the second."""
    true, side = result["true"], 24
    large = np.concatenate([enlarged(result["first"], side), enlarged(result["second"], side)])
    tiles = np.concatenate([result["x"][None], np.pad(large, [(0, 0), (2, 2), (2, 2)])])
    return Tiles(
        "maps",
        grey_levels(tiles).reshape(5, 5, 28, 28),
        alt=f"First the {true[0]} as the network sees it, {true[1]} px to the right and {true[2]} "
        "px down; then 8 maps of 12 by 12 after the first convolution and 16 of 4 by 4 after the "
        "second. Dark is active.",
        captions=("the image, 8 maps after conv. 1", "then 16 maps after conv. 2"),
        gap=2,
        half=True,
    )


def enlarged(maps, side):
    """Maps (c, n, n), scaled so that the most active unit is 1, at side x side pixels."""
    times = side // maps.shape[-1]
    return np.kron(maps / max(maps.max(), 1e-9), np.ones((times, times)))
