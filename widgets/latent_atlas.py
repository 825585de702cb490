"""The latent plane of a trained decoder as a map: every place on it is a code, decoded.

The map is the square of codes from -8 to 8. At zoom l it has 2^l x 2^l tiles, each of 8 x 8 images
(of faces, which are larger, 4 x 4), each image the decoder's answer to the code in the middle of
its cell. One level deeper, the codes are half as far apart: a decoder is a continuous function, so
the map never runs out of images.

A model with more than two latents has many such planes: two latents vary, and the others are 0. Of
faces, none of which has a code near 0, the plane lies around the code of one face. For digits it is
measured what each of the two latents does to the picture at the centre of the view: the squared
error between its values -2 and 2. For faces, whose factors are known, it was measured what each
latent tells about them.

A decoder server sends tiles of the full decoder. Where there is none, they are decoded here: faces
by the same decoder in 8 bits, the others by a small network that imitates theirs: 2 -> 192 -> 64 ->
784, SiLU between, cut to [0, 1]. It was taught within 3.3 of the middle, so farther out the two may
differ.
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
from widgets.kit.faces import SHOWN, decode_faces, decoder
from widgets.kit.network import decode, grey_levels

MODELS = {
    "conv_vae_mnist": "Digits, convolutional",
    "mlp_vae_mnist": "Digits, dense",
    "autoencoder_mnist": "No prior",
    "conv_vae_fashion": "Clothes",
    "conv_vae_mnist_16": "16 latents",
    "conv_vae_faces": "Faces",
}
LATENTS = {"conv_vae_mnist_16": 16, "conv_vae_faces": 64}  # of those with more than two
WIDE, FACES = LATENTS
CHOICE = 16  # latents to choose from: of the 64, those with the most nats
FACTORS = (  # of a face, in the order of `training.data.faces`, and of its pose
    *("mouth", "eyes", "eyebrows", "glasses", "beard", "hair", "colour of hair"),
    *("colour of skin", "nose", "ears", "shirt", "colour of shirt"),
    *("the turn of the head", "its size", "how far it is to the side", "its height"),
)
FILES = {WIDE: f"{WIDE}_planes", FACES: "face_latents"}
PLAIN = "autoencoder_mnist"  # the one without a prior
TILE = 256  # pixels of a side
IMAGES, FACES_A_SIDE = 8, 4  # along each side of a tile
LIMIT = 8.0  # the map runs from -LIMIT to LIMIT in both latents
END = 2.0  # standard deviations, of the ends of an axis
FAR = 3.1  # standard deviations; exp(-FAR^2 / 2) is below a hundredth

instrument = Instrument(
    name="latent_atlas",
    title="Latent atlas",
    challenge="Guess: how many zooms into the border between two digits until neighbours look "
    "alike? Then find where one becomes the other.",
    controls=(
        Slider("across", "Across", 1, 1, CHOICE, 1, symbol="i", when=("model", *LATENTS)),
        Slider("up", "Up", 2, 1, CHOICE, 1, symbol="j", when=("model", *LATENTS)),
        Slider("face", "Around face", 1, 1, SHOWN, 1, when=("model", FACES)),
        Viewport("view", "Place on the map", default=(0.0, 0.0, 2.0), panel="map", limit=LIMIT),
        Choice("model", "Model", MODELS, "conv_vae_mnist", yours=True),
        Toggle(
            "dots", "Codes of test images", when=("model", *(m for m in MODELS if m not in LATENTS))
        ),
    ),
    readouts=(
        Readout("z", "Code", symbol=r"\mathbf{z}"),
        Readout("outside", "Prior farther out", "%", ".1f"),
        Readout("zoom", "Zoom", "", ".1f"),
    ),
    references=("kingma2014",),
)


def compute(*, view, model, dots, across, up, face):
    """Decode the code at the centre of the view, and the tile of the map around it.

    Parameters
    ----------
    view : (z_1, z_2, zoom), the code at the centre, or of faces how far it is from the face's, and
        how closely it is looked at
    model : str, whose decoder; "yours" is the one that the reader has trained
    dots : bool, show the codes of test images
    across, up : int, which latents vary, counted from 1: of digits the first, of faces the one
        with the most nats; if they are the same, the next one varies upwards
    face : int, the face in the middle of the plane

    Returns
    -------
    dict
        ``image`` of shape (28, 28) and ``tile`` (256, 256), uint8, 255 is ink, or of faces (64, 64,
        3) and (256, 256, 3), from 0 to 1; ``address`` of the tile, (zoom, x, y); ``z`` (2,);
        ``outside``, the mass of the prior farther from the origin than z, None where there is no
        prior; ``codes`` (n, 2) and ``labels`` (n,) of test images, None of faces; ``axes``, the two
        latents, counted from 0; ``at``, of a face, all its latents, else none. Of the two latents,
        if there are more: ``kl`` in nats per image; of digits ``change``, the squared error between
        the images at its values -2 and 2; of faces ``share``, (2, 16), what it tells about each
        factor, of the factor's entropy.
    """
    data = load(FILES.get(model, model if model == YOURS else f"{model}_decoder"))
    wide = model in LATENTS
    axes = chosen_axes(model, across, up) if wide else np.arange(2)
    address = tile_around(view)
    places = tile_codes(*address, FACES_A_SIDE if model == FACES else IMAGES)
    at = around(model, face)
    codes = np.tile(at, (1 + len(places), 1))
    codes[:, axes] += np.vstack([view[:2], places])
    faces = model == FACES
    images = decode_faces(codes, decoder()) if faces else grey_levels(decode(codes, data))
    return {
        "image": images[0],
        "tile": tile_of(images[1:]),
        "address": np.array(address),
        "z": codes[0, axes],
        "zoom": view[2],
        "outside": mass_outside(codes[0], len(at)) if model != PLAIN else None,
        "codes": data["codes"][:, axes] if model != FACES else None,
        "axes": axes,
        "at": at if model == FACES else np.zeros(0),
        "kl": data["kl"][axes] if wide else None,
        "change": change_along(axes, codes[0], data) if model == WIDE else None,
        "share": data["share"].T[axes] if model == FACES else None,
        "labels": data.get("labels"),
        "model": model,
        "dots": dots,
    }


def chosen_axes(model, across, up):
    """The two latents, counted from 0, of a model that has more than two: (2,)."""
    kl = load(FILES[model])["kl"]
    order = np.argsort(-kl) if model == FACES else np.arange(len(kl))
    return order[[across - 1, up - 1 if up != across else up % CHOICE]]


def around(model, face):
    """The code in the middle of a plane: 0, or that of a face."""
    if model == FACES:
        return np.round(load("faces")["codes"][face - 1].astype(float), 3)
    return np.zeros(LATENTS.get(model, 2))


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


def tile_codes(zoom, x, y, images=IMAGES):
    """Codes in the middles of the cells of a tile, row after row from the top.

    Returns
    -------
    ndarray of shape (images * images, 2)
    """
    step = 2 * LIMIT / (images * 2**zoom)  # between neighbours
    middles = np.arange(images) + 0.5
    z_1 = (x * images + middles) * step - LIMIT
    z_2 = LIMIT - (y * images + middles) * step
    return np.stack(np.meshgrid(z_1, z_2), axis=-1).reshape(-1, 2)


def tile_of(images):
    """Images (n * n, side, side, …), each in the middle of its cell, as (256, 256, …)."""
    side, colors = images.shape[1], images.shape[3:]
    n = math.isqrt(len(images))
    edge = (TILE // n - side) // 2
    around = ((0, 0), (edge, edge), (edge, edge), *(((0, 0),) * len(colors)))
    cells = np.pad(images, around).reshape(n, n, TILE // n, TILE // n, *colors)
    return cells.swapaxes(1, 2).reshape(TILE, TILE, *colors)


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
                at=tuple(result["at"].tolist()),
                rings={"1σ": 1.0, "2σ": 2.0} if prior and result["model"] != FACES else {},
                dots=dots(result)
                if result["dots"] and result["model"] not in (FACES, YOURS)
                else None,
            ),
            Tiles(
                "image",
                result["image"][None] if result["model"] == FACES else result["image"][None, None],
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


def most_said(axis, kl, share):
    """In a sentence, what a latent says most about."""
    first, second = np.argsort(-share)[:2]
    return (
        f"Latent {axis + 1} has {kl:.1f} nats: {100 * share[first]:.0f} % of what there is to know "
        f"about {FACTORS[first]}, {100 * share[second]:.0f} % about {FACTORS[second]}."
    )


def data_of(model):
    """ "mnist" or "fashion"."""
    return "fashion" if "fashion" in model else "mnist"


def note(result):
    """What is special about a model, or about a place."""
    if result["model"] == FACES:
        said = zip(result["axes"], result["kl"], result["share"], strict=True)
        return " ".join(most_said(*each) for each in said)
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
