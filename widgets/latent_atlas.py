"""The latent plane of a trained decoder as a map: every place on it is a code, decoded.

The map is the square of codes from -8 to 8. At zoom l it has 2^l x 2^l tiles, each of 8 x 8 images,
each image the decoder's answer to the code in the middle of its cell. One level deeper, the codes
are half as far apart: a decoder is a continuous function, so the map never runs out of images.

A model with sixteen latents has many such planes: two latents vary, the others are 0. For each of
the two it is measured what it does to the picture at the centre of the view: the squared error
between its values -2 and 2.

A decoder server sends tiles of the full decoder. Where there is none, they are decoded here, by a
small network that imitates it: 2 -> 192 -> 64 -> 784, SiLU between, cut to [0, 1]. It was taught
within 3.3 of the middle, so farther out the two may differ.
"""

import math

import numpy as np

from widgets.contract import (
    YOURS,
    Choice,
    Dots,
    Frame,
    Instrument,
    Map,
    Readout,
    Slider,
    Tiles,
    Toggle,
    Viewport,
)
from widgets.data import CLASSES, load
from widgets.kit.network import SIDE, decode, grey_levels

MODELS = {
    "conv_vae_mnist": "Digits, convolutional",
    "mlp_vae_mnist": "Digits, dense",
    "autoencoder_mnist": "No prior",
    "conv_vae_fashion": "Clothes",
    "conv_vae_mnist_16": "16 latents",
}
WIDE = "conv_vae_mnist_16"  # the one with more than two latents
LATENTS = 16
PLAIN = "autoencoder_mnist"  # the one without a prior
CELL = 32  # pixels of the cell that an image lies in
IMAGES = 8  # along each side of a tile
LIMIT = 8.0  # the map runs from -LIMIT to LIMIT in both latents
END = 2.0  # standard deviations, of the ends of an axis
FAR = 3.1  # standard deviations; exp(-FAR^2 / 2) is below a hundredth

instrument = Instrument(
    name="latent_atlas",
    title="Latent atlas",
    challenge="Guess: how many zooms into the border between two digits until neighbours look "
    "alike? Then find where one becomes the other.",
    controls=(
        Slider("across", "Across", 1, min=1, max=LATENTS, step=1, symbol="i", when=("model", WIDE)),
        Slider("up", "Up", 2, min=1, max=LATENTS, step=1, symbol="j", when=("model", WIDE)),
        Viewport("view", "Place on the map", default=(0.0, 0.0, 2.0), panel="map", limit=LIMIT),
        Choice("model", "Model", MODELS, "conv_vae_mnist", yours=True),
        Toggle("dots", "Codes of test images", when=("model", *(m for m in MODELS if m != WIDE))),
    ),
    readouts=(
        Readout("z", "Code", symbol=r"\mathbf{z}"),
        Readout("outside", "Prior farther out", "%", ".1f"),
        Readout("zoom", "Zoom", "", ".1f"),
    ),
    references=("kingma2014",),
)


def compute(*, view, model, dots, across, up):
    """Decode the code at the centre of the view, and the tile of the map around it.

    Parameters
    ----------
    view : (z_1, z_2, zoom), the code at the centre, and how closely it is looked at
    model : str, whose decoder; "yours" is the one that the reader has trained
    dots : bool, show the codes of test images
    across, up : int, which of sixteen latents vary, counted from 1; if they are the same, the next
        one varies upwards

    Returns
    -------
    dict
        ``image`` of shape (28, 28) and ``tile`` (256, 256), uint8, 255 is ink; ``address`` of the
        tile, (zoom, x, y); ``z`` (2,); ``outside``, the mass of the prior farther from the origin
        than z, None where there is no prior; ``codes`` (n, 2) and ``labels`` (n,) of test images;
        ``axes``, the two latents, counted from 0; of each, None where there are only two, ``kl`` in
        nats per test image and ``change``, the squared error between the images at its values -2
        and 2.
    """
    wide = model == WIDE
    data = load(model if model == YOURS else f"{model}_planes" if wide else f"{model}_decoder")
    axes = np.arange(2)
    if wide:
        axes = np.array([across - 1, up - 1 if up != across else up % LATENTS])
    z = np.array(view[:2])
    address = tile_around(view)
    codes = np.zeros((1 + IMAGES**2, LATENTS if wide else 2))
    codes[:, axes] = np.vstack([z, tile_codes(*address)])
    images = grey_levels(decode(codes, data))  # (65, 28, 28)
    return {
        "image": images[0],
        "tile": tile_of(images[1:]),
        "address": np.array(address),
        "z": z,
        "zoom": view[2],
        "outside": mass_outside(z, codes.shape[1]) if model != PLAIN else None,
        "codes": data["codes"][:, axes],
        "axes": axes,
        "kl": data["kl"][axes] if wide else None,
        "change": change_along(axes, codes[0], data) if wide else None,
        "labels": data.get("labels"),
        "model": model,
        "dots": dots,
    }


def mass_outside(z, latents):
    """Mass of the standard normal farther from the origin than z: |x|^2 is chi-squared."""
    half = z @ z / 2
    return math.exp(-half) * sum(half**i / math.factorial(i) for i in range(latents // 2))


def change_along(axes, code, data):
    """Squared error between the images at both ends of each axis through a code, (2,)."""
    ends = np.tile(code, (2, 2, 1))  # (axes, ends, latents)
    ends[[0, 1], :, axes] = -END, END
    images = decode(ends.reshape(4, -1), data).reshape(2, 2, -1)
    return np.sum((images[:, 1] - images[:, 0]) ** 2, axis=1)


def tile_around(view):
    """Address (zoom, x, y) of the tile that holds the centre of a view: y counts downwards."""
    z_1, z_2, zoom = view
    level = round(zoom)
    across = 2 * LIMIT / 2**level  # side of a tile, in units of the plane
    last = 2**level - 1
    x, y = int((z_1 + LIMIT) / across), int((LIMIT - z_2) / across)
    return level, min(x, last), min(y, last)


def tile_codes(zoom, x, y):
    """Codes in the middles of the cells of a tile, row after row from the top.

    Returns
    -------
    ndarray of shape (64, 2)
    """
    step = 2 * LIMIT / (IMAGES * 2**zoom)  # between neighbours
    middles = np.arange(IMAGES) + 0.5
    z_1 = (x * IMAGES + middles) * step - LIMIT
    z_2 = LIMIT - (y * IMAGES + middles) * step
    return np.stack(np.meshgrid(z_1, z_2), axis=-1).reshape(-1, 2)


def tile_of(images):
    """Images (64, 28, 28) side by side, each in the middle of its cell, as (256, 256)."""
    edge = (CELL - SIDE) // 2
    cells = np.pad(images, ((0, 0), (edge, edge), (edge, edge)))  # (64, 32, 32)
    grid = cells.reshape(IMAGES, IMAGES, CELL, CELL).transpose(0, 2, 1, 3)
    return grid.reshape(IMAGES * CELL, IMAGES * CELL)


def frame(result):
    """The map, and the image at its centre, large."""
    z, zoom = result["z"], result["zoom"]
    digits = 2 + round(zoom * math.log10(2))  # enough to tell neighbouring images apart
    place = "(" + ", ".join(f"{value:.{digits}f}" for value in z + 0.0) + ")"
    place = place.replace("-", "\N{MINUS SIGN}")
    across = 25 / 2**zoom
    outside, prior = result["outside"], result["model"] != PLAIN
    return Frame(
        readouts={
            "z": place,
            "outside": 100 * outside if prior else None,
            "zoom": zoom,
        },
        panels=[
            Map(
                "map",
                result["tile"],
                tuple(result["address"].tolist()),
                alt=f"A map of decoded images around the code {place}, {across:.2g} wide.",
                server="" if result["model"] == YOURS else result["model"],
                axes=tuple(result["axes"].tolist()),
                rings={"1σ": 1.0, "2σ": 2.0} if prior else {},
                dots=dots(result) if result["dots"] and result["model"] != YOURS else None,
            ),
            Tiles(
                "image",
                result["image"][None, None],
                alt=f"The image decoded at {place}.",
                captions=(f"decoded at {place}",),
                half=True,
            ),
        ],
        note=note(result),
    )


def dots(result):
    """Codes of test images; the name of each class at the median of its codes."""
    codes, labels = result["codes"], result["labels"]
    middles = [np.median(codes[labels == label], axis=0) for label in range(10)]
    return Dots(codes, labels, CLASSES[data_of(result["model"])], np.array(middles, np.float32))


def data_of(model):
    """ "mnist" or "fashion"."""
    return "fashion" if "fashion" in model else "mnist"


def note(result):
    """What is special about a model, or about a place."""
    if result["model"] == WIDE:
        (across, up), (change_across, change_up) = result["kl"], result["change"]
        return f"Nats {across:.2f} and {up:.2f}; change {change_across:.1f} and {change_up:.1f}."
    if result["model"] == PLAIN:
        return (
            "A plain autoencoder has no prior, so the map has no rings: its codes lie where "
            "training left them, some beyond the edge."
        )
    if result["model"] == YOURS and result["dots"]:
        return "The strokes that you trained on have no classes, so their codes are not shown."
    if np.hypot(*result["z"]) > FAR:
        return (
            "Less than a hundredth of the prior lies out here, and about one code in 25 of the "
            "images that the decoder was trained on."
        )
    return ""
