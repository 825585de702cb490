"""The latent planes of a plain autoencoder and of a VAE, trained on the same digits.

Each plane shows the codes z = f(x) of test digits. Any other place can be decoded as well, and the
decoder g never refuses. Two numbers show whether to believe it:

    distance to the nearest code, min_i |z - f(x_i)|,
    change on a round trip, |g(f(g(z))) - g(z)|^2: encode the decoded image and decode it again.

An image of the kind that the model was trained on comes back nearly as it was. The codes of the
plain autoencoder are shown around 0, in units of their standard deviation; moving and scaling a
code costs an autoencoder nothing. The VAE's are shown as they are.
"""

import numpy as np

from widgets.contract import (
    ACCENT,
    FIGURE_WIDTH,
    MUTED,
    PAPER,
    YOURS,
    Choice,
    Frame,
    Instrument,
    Plot,
    Point,
    Readout,
    Tiles,
)
from widgets.data import load
from widgets.kit.figures import axis, dots, equal, figure, image, label, square
from widgets.kit.network import decode, encode, grey_levels

REACH = 3.0  # how far the point can go
TILE = 1.0  # side of the image drawn at the point, in units of the plane
SHOWN = 200  # codes in each plane
PLAIN = "autoencoder_mnist"
TITLES = {PLAIN: "plain autoencoder", "mlp_vae_mnist": "VAE", YOURS: "VAE of yours"}

instrument = Instrument(
    name="latent_holes",
    title="Holes in the latent plane",
    challenge="Of ten clicks within two units of the middle, how many will draw no digit, on the "
    "left and on the right? Write two numbers down, then click.",
    controls=(
        Point("plain", "Code, plain", default=(1.8, 2.0), limit=REACH, panel="plain"),
        Point("vae", "Code, VAE", default=(1.8, 2.0), limit=REACH, panel="vae"),
        Choice(
            "model",
            "VAE",
            {"mlp_vae_mnist": "The book’s, of digits"},
            "mlp_vae_mnist",
            yours=True,
        ),
    ),
    readouts=(
        Readout("plain_gap", "Plain: nearest code", "away"),
        Readout("plain_change", "Plain: change", "squared", ".1f"),
        Readout("vae_gap", "VAE: nearest code", "away"),
        Readout("vae_change", "VAE: change", "squared", ".1f"),
    ),
    references=("kingma2014", "alain2014"),
)


def compute(*, plain, vae, model):
    """Decode one place of each plane, send the image round once more, and find the nearest code.

    Parameters
    ----------
    plain, vae : pair of float, a place in the plane of each model, as shown
    model : str, which VAE; "yours" is the one that the reader has trained, on strokes

    Returns
    -------
    dict
        ``plain`` and ``vae``, for each: ``model``; ``z``, the place; ``codes`` of test images,
        (SHOWN, 2), and the ``labels`` of digits, empty for strokes; ``nearest``, the index of the
        code nearest to z; ``gap``, its distance;
        ``images``, decoded at z, after the round trip, and at the nearest code, (3, 28, 28), in
        [0, 1]; ``change``, the squared error of the round trip; ``rank``, the percentage of
        reconstructed test images that change less.
    """
    return {"plain": visit(PLAIN, plain), "vae": visit(model, vae)}


def visit(model, z):
    """One place of a model's plane, decoded and measured."""
    if model == YOURS:
        decoder = load(YOURS)
        own = (name for name in decoder if name.startswith("encoder_"))
        encoder = {name.removeprefix("encoder_"): decoder[name] for name in own}
    else:
        decoder, encoder = load(f"{model}_decoder"), load(f"{model}_encoder")
    centre, scale = decoder["centre"], decoder["scale"]  # 0 and 1 where there is a prior
    codes = (decoder["codes"][:SHOWN] - centre) / scale
    distances = np.linalg.norm(codes - z, axis=1)
    nearest = int(np.argmin(distances))
    x_hat = decode(centre + scale * np.array([z, codes[nearest]]), decoder)  # (2, 28, 28)
    again = decode(encode(x_hat[:1], encoder), decoder)
    change = np.sum((again[0] - x_hat[0]) ** 2)
    quantiles = encoder["round_trip_quantiles"]  # of test images, from 0 to 100 %
    return {
        "z": np.array(z),
        "codes": codes,
        "labels": () if model == YOURS else decoder["labels"][:SHOWN],
        "model": model,
        "nearest": nearest,
        "gap": distances[nearest],
        "images": np.stack([x_hat[0], again[0], x_hat[1]]),
        "change": change,
        "rank": np.interp(change, quantiles, np.linspace(0, 100, len(quantiles))),
    }


def frame(result):
    """Both planes, and below them what is decoded."""
    readouts = {}
    for name, place in result.items():
        readouts[f"{name}_gap"] = place["gap"]
        readouts[f"{name}_change"] = place["change"]
    return Frame(
        readouts=readouts,
        panels=[
            *(
                Plot(name, plane_figure(place), plane_alt(place), half=True)
                for name, place in result.items()
            ),
            tiles(result),
        ],
        note=note(result),
    )


def plane_figure(place):
    """Codes, the name of each class at the median of its codes, and the image decoded at z."""
    codes, labels, z = place["codes"], place["labels"], place["z"]
    middles = {d: np.median(codes[labels == d], axis=0) for d in sorted(set(labels))}
    reach = REACH + 0.5
    above = {"xref": "x domain", "yref": "y domain", "xanchor": "left", "yanchor": "bottom"}
    return figure(
        [
            dots(*codes.T, MUTED, size=4, opacity=0.7),
            image(grey_levels(place["images"][0]), z, TILE),
        ],
        *equal(
            axis(-reach, reach, "z<sub>1</sub>", dtick=1),
            axis(-reach, reach, "z<sub>2</sub>", dtick=1),
        ),
        height=FIGURE_WIDTH,
        left=34,
        right=10,
        shapes=[square(z, TILE, ACCENT, width=2)],
        labels=[
            *(
                label(f"<b>{digit}</b>", *middle, bgcolor=PAPER)
                for digit, middle in middles.items()
            ),
            label(TITLES[place["model"]], 0, 1, bgcolor=PAPER, **above),
        ],
    )


def plane_alt(place):
    z_1, z_2 = place["z"]
    labels = place["labels"]
    nearest = f"a {labels[place['nearest']]}" if len(labels) else "a stroke"
    return (
        f"The latent plane of the {TITLES[place['model']]} with the codes of {SHOWN} test images "
        f"and the image decoded at ({z_1:.1f}, {z_2:.1f}). The nearest code is that of {nearest}, "
        f"{place['gap']:.2f} away."
    )


def tiles(result):
    """For each model: decoded here, after a round trip, decoded at the nearest code."""
    images = np.concatenate([place["images"] for place in result.values()])
    return Tiles(
        "images",
        grey_levels(images)[None],
        alt="For the plain autoencoder, then for the VAE: the image decoded at the chosen place, "
        "the same after it was encoded and decoded again, and the image at the nearest code.",
        captions=(
            "plain: here, round trip, nearest code",
            "VAE: here, round trip, nearest code",
        ),
        gap=2,
    )


def note(result):
    """How unusual the changes are."""
    said = []
    for place in result.values():
        rank = np.floor(place["rank"])
        if rank >= 95:
            others = f"{rank:.0f} % of" if rank < 100 else "any of the"
            said.append(
                f"The image of the {TITLES[place['model']]} changes more on its round trip than "
                f"{others} reconstructed test images."
            )
    return " ".join(said)
