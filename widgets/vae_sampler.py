"""The latent plane of a trained VAE, decoded.

After training, the decoder alone is a generator: draw z from the prior N(0, I) and decode it. With
two latents the plane can be seen whole: a square grid of codes, |z_1|, |z_2| <= r, each decoded to
an image. The two coordinates are independent, so the prior puts into the square the mass

    P(|z_1| <= r, |z_2| <= r) = erf(r / sqrt(2))^2.

The decoders are small networks that imitate those of trained VAEs (`latentbook train`):
2 -> 32 -> 8 -> 784 for strokes, 2 -> 192 -> 64 -> 784 for digits and clothes, SiLU between, cut to
[0, 1]. One imitates a plain autoencoder, which has no prior to draw from: there the square lies
around the codes, in units of their standard deviation.
"""

import math

import numpy as np

from widgets.contract import (
    ACCENT,
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    FIGURE_WIDTH,
    INK,
    INK_2,
    MUTED,
    PAPER,
    YOURS,
    Choice,
    Frame,
    Instrument,
    Plot,
    Point,
    Readout,
    ServerGrid,
    Slider,
    Tiles,
)
from widgets.data import CLASSES, load
from widgets.kit.figures import axis, circle, dots, equal, figure, image, label, square
from widgets.kit.network import SIDE, decode, grey_levels

REACH = 3.0  # how far the plane is shown, and z can be set
TILE = 1.2  # side of the image at z, in units of the plane
LETTER, LINE = 0.27, 0.5  # width of a letter and height of a line, in units of the plane
SILENT = 0.1  # nats: a latent below it says next to nothing about the image
DRAWN = ("strokes", YOURS)  # their images have known factors
FACTORS = {"curvature": 0, "orientation": 1}
SERVED = ("conv_vae_mnist", "mlp_vae_mnist", "autoencoder_mnist", "conv_vae_fashion")

instrument = Instrument(
    name="vae_sampler",
    title="VAE latent sampler",
    challenge="Each stroke was made from two factors, how far it bends and which way it lies. "
    "Will a step to the right change one of them, or both? And a step up? Say so, then colour the "
    "codes.",
    controls=(
        Choice(
            "model",
            "Model",
            {
                "strokes": "Strokes",
                "conv_vae_mnist": "Digits, convolutional",
                "mlp_vae_mnist": "Digits, dense",
                "autoencoder_mnist": "Digits, no prior",
                "conv_vae_fashion": "Clothes",
            },
            "strokes",
            yours=True,
        ),
        Slider(
            "beta",
            "Weight of the KL",
            default=1.0,
            values=(0.1, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0),
            symbol=r"\beta",
            when=("model", "strokes"),
        ),
        Slider("n", "Tiles a side", default=9, values=(3, 5, 7, 9, 11, 13, 15), symbol="n"),
        Slider("r", "Span", default=2.0, min=0.5, max=REACH, step=0.1, symbol="r", format=".1f"),
        Point("z", "A code", default=(-1.5, 1.0), limit=REACH, panel="plane", symbol=r"\mathbf{z}"),
        Choice(
            "color",
            "Colour of the codes",
            {"curvature": "Curvature", "orientation": "Orientation"},
            "curvature",
            when=("model", *DRAWN),
        ),
        Choice(
            "finer",
            "Finer grid, by the server",
            {"0": "Off", "32": "32 × 32", "64": "64 × 64"},
            "0",
            when=("model", *SERVED),
        ),
    ),
    readouts=(
        Readout("mass", "Prior mass covered", "%", ".1f"),
        Readout("kl", "KL of each latent", "nats"),
        Readout("mig", "MIG over seeds"),
    ),
    references=("kingma2014", "higgins2017", "chen2018"),
)


def compute(*, model, beta, n, r, z, color, finer):
    """Decode a grid and one more code; measure.

    Parameters
    ----------
    model : "strokes", the name of a trained model, or "yours"
    beta : float, weight of the KL that the strokes' VAE was trained with
    n : int, tiles a side
    r : float, half side of the square
    z : pair of float, one more code
    color : "curvature" or "orientation"
    finer : str, tiles a side of the server's grid, or "0"

    Returns
    -------
    dict
        ``tiles`` of shape (n, n, 28, 28) and ``tile`` (28, 28), uint8, 255 is ink; ``codes`` of
        test images, (m, 2), posterior means where there is a posterior; ``mass``; ``kl`` of
        each latent over test images, (2,), in nats; these two are None without a prior; ``mig``,
        one for each seed, empty where no factors are known; ``mig_cold``, the same for training
        without the detour over beta = 12; ``error``, squared, per test stroke, None for other
        images.
    """
    if model == "strokes":
        data = load("strokes")
        i = int(np.argmin(np.abs(data["betas"] - beta)))
        weights = {name: data[name][i] for name in ("w0", "b0", "w1", "b1", "w2", "b2")}
        centre, scale = np.zeros(2), 1.0
        codes, kl, mig = data["codes"][i], data["kl"][i], data["mig"][i]
        factor = data["factors"][:, FACTORS[color]]  # (m,)
        error = data["squared_error"][i]
        mig_cold = data["mig_cold"][i]
    elif model == YOURS:
        data = weights = load(YOURS)
        centre, scale = data["centre"], data["scale"]
        codes, factor = data["codes"], data["factors"][:, FACTORS[color]]
        kl = kl_of_latents(codes, data["log_variances"])
        mig = mig_cold = np.array([])
        error = None
    else:
        data = weights = load(f"{model}_decoder")
        centre, scale = data["centre"], data["scale"]  # 0 and 1 where there is a prior
        codes, factor = (data["codes"] - centre) / scale, data["labels"]
        kl = kl_of_latents(codes, data["log_variances"]) if "log_variances" in data else None
        mig = mig_cold = np.array([])
        error = None

    axis = np.linspace(-r, r, n)
    z_1, z_2 = np.meshgrid(axis, axis[::-1])  # the first row of tiles is the top of the plane
    grid = np.stack([z_1, z_2], axis=-1).reshape(-1, 2)  # (n^2, 2)
    x_hat = decode(centre + scale * np.vstack([grid, z]), weights)  # (n^2 + 1, 28, 28)
    images = grey_levels(x_hat)
    return {
        "tiles": images[:-1].reshape(n, n, SIDE, SIDE),
        "tile": images[-1],
        "mass": None if kl is None else math.erf(r / math.sqrt(2)) ** 2,
        "kl": kl,
        "mig": mig,
        "codes": codes,
        "factor": factor,
        "r": r,
        "z": z,
        "centre": centre,
        "scale": scale,
        "mig_cold": mig_cold,
        "error": error,
        "model": model,
        "color": color,
        "finer": int(finer),
    }


def kl_of_latents(mu, logvar):
    """KL(N(mu, exp(logvar)) || N(0, 1)) of each latent, mean over images, (2,), in nats."""
    return 0.5 * np.mean(np.exp(logvar) + mu**2 - 1 - logvar, axis=0)


def frame(result):
    """The decoded grid on the left, the plane it was taken from on the right."""
    mass, kl, mig = result["mass"], result["kl"], result["mig"]
    return Frame(
        readouts={
            "mass": None if mass is None else 100 * mass,
            "kl": None if kl is None else ", ".join(f"{each:.2f}" for each in kl),
            "mig": mean_and_spread(mig) if len(mig) else None,
        },
        panels=[tiles(result), Plot("plane", plane_figure(result), plane_alt(result), half=True)],
        note=note(result),
    )


def mean_and_spread(values):
    """Mean ± standard deviation."""
    return f"{values.mean():.2f} ± {values.std(ddof=1):.2f}"


def tiles(result):
    """The grid, and where a server can draw it finer."""
    n, r, finer = len(result["tiles"]), result["r"], result["finer"]
    server = None
    if result["model"] in SERVED and finer:
        at = tuple(result["centre"].tolist())  # a server knows the model's own units only
        server = ServerGrid(result["model"], finer, r * float(result["scale"]), at)
    return Tiles(
        "grid",
        result["tiles"],
        alt=f"A grid of {n} × {n} decoded {kind(result)}. The first latent runs from -{r:g} at "
        f"the left to {r:g} at the right, the second likewise from the bottom to the top.",
        captions=(f"z₁ = −{r:.1f}", f"z₁ = {r:.1f}"),
        server=server,
        half=server is None,  # thousands of tiles want the whole width
    )


def kind(result):
    """What the images are of."""
    names = {"strokes": "strokes", YOURS: "strokes", "fashion": "clothes"}
    return names.get(data_of(result), "digits")


def data_of(result):
    """The data that a model was trained on: the last part of its name."""
    return result["model"].rpartition("_")[2]


def plane_figure(result):
    """Codes of test images, rings of the prior, the square of the grid, and the image at z."""
    reach, origin = REACH + 1, (0, 0)
    return figure(
        [codes(result), image(result["tile"], result["z"], TILE)],
        *equal(
            axis(-reach, reach, "z<sub>1</sub>", dtick=1, zeroline=True),
            axis(-reach, reach, "z<sub>2</sub>", dtick=1, zeroline=True, showgrid=False),
        ),
        height=FIGURE_WIDTH,
        left=34,
        right=10,
        shapes=[
            *(circle(origin, s, INK_2, dash="dot") for s in (1, 2)),
            square(origin, 2 * result["r"], INK, width=1.5),
            square(result["z"], TILE, ACCENT, width=2),
        ],
        labels=[
            *(words(f"{s}σ", s * math.sqrt(0.5), -s * math.sqrt(0.5), INK_2) for s in (1, 2)),
            *key(result),
        ],
    )


def codes(result):
    """Dots coloured by the factor of a stroke; grey ones for images whose classes are named."""
    if result["model"] not in DRAWN:
        return dots(*result["codes"].T, MUTED, size=4, opacity=0.6)
    factor = result["factor"].astype(float)
    each = {"color": factor, "cmin": factor.min(), "cmax": factor.max()}
    coloured = dots(*result["codes"].T, DATA_1, size=5)
    coloured["marker"] |= {**each, "colorscale": [[0, DATA_1], [1, DATA_2]], "showscale": False}
    return coloured


def key(result):
    """What the colours mean; or each class's name at the median of its codes."""
    if result["model"] not in DRAWN:
        names, codes, labels = CLASSES[data_of(result)], result["codes"], result["factor"]
        middles = [np.median(codes[labels == label], axis=0) for label in range(len(names))]
        middles = apart(middles, names)
        return [
            words(f"<b>{name}</b>", *middle, INK)
            for name, middle in zip(names, middles, strict=True)
        ]
    above = {"xref": "x domain", "yref": "y domain", "xanchor": "right", "yanchor": "bottom"}
    low = words(f"low {result['color']}", 0.54, 1, DATA_1)
    high = words(f"high {result['color']}", 1, 1, DATA_2_TEXT)
    return [{**low, **above}, {**high, **above}]


def apart(places, names):
    """The places of names, moved up where one would cover another."""
    moved = {}
    for i in sorted(range(len(names)), key=lambda i: places[i][1]):
        x, y = places[i]
        for j, (other_x, other_y) in moved.items():
            if abs(x - other_x) < LETTER * (len(names[i]) + len(names[j])) / 2:
                y = max(y, other_y + LINE)
        moved[i] = (x, y)
    return [moved[i] for i in range(len(names))]


def words(text, x, y, color):
    """A label in the plane on a ground of paper."""
    return label(text, x, y, color, bgcolor=PAPER)


def plane_alt(result):
    z_1, z_2 = result["z"]
    by = f", coloured by {result['color']}," if result["model"] in DRAWN else ","
    rings = "the codes" if result["kl"] is None else "the prior"
    return (
        f"The latent plane: codes of {len(result['codes'])} test {kind(result)}{by} circles of one "
        f"and two standard deviations of {rings}, the square of the grid, and the image decoded at "
        f"({z_1:.1f}, {z_2:.1f})."
    )


def note(result):
    """What the measured numbers say at this setting."""
    if result["kl"] is None:
        return (
            "No prior was asked for: the rings are 1 and 2 standard deviations of the codes, and "
            "nothing promises that a place between them decodes to a digit."
        )
    if result["model"] == YOURS:
        return "Your own network, of 14 × 14 pixels, with the codes of strokes it was not shown."
    if result["model"] != "strokes":
        n, finer = len(result["tiles"]), result["finer"]
        if finer:
            return (
                f"The server decodes {finer} × {finer} codes of the same square with the full "
                f"decoder. The mean KL is that of {n} × {n} codes."
            )
        return f"MIG compares latents with known factors. {kind(result).capitalize()} have none."
    silent = int(np.sum(result["kl"] < SILENT))
    if silent == 2:
        return "Both latents have collapsed: the decoder ignores z and draws the average stroke."
    if silent == 1:
        return "One latent has collapsed. Along it, nothing changes."
    return (
        f"Squared error {result['error']:.2f} per test stroke. In training, beta came down from "
        f"12. At this beta from the first step on, MIG is {mean_and_spread(result['mig_cold'])}."
    )
