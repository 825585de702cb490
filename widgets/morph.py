"""Three paths from one image to another.

With the codes a = f(x_a), b = f(x_b) of two images and t from 0 to 1, the paths are

    straight    g((1 - t) a + t b)
    spherical   g(slerp(a, b, t)),  along the arc between a and b
    pixels      (1 - t) x_a + t x_b, without any code

    slerp(a, b, t) = ((1 - t) |a| + t |b|) (sin((1 - t) w) a/|a| + sin(t w) b/|b|) / sin w

with w the angle between a and b: the direction turns at an even pace, and the length goes from one
end's to the other's. Shoemake's formula for unit vectors, applied to a and b directly, does not:
for lengths 3.0 and 1.2 in nearly opposite directions its middle is 848 long.

How smooth a path is can be measured in pixels. Cut it into N steps. Its length is the sum of the
steps, and by the triangle inequality never less than the direct distance; on an even path the
largest of them is 1/N of the length.

Whether an image on it shows one thing is judged by a classifier that has learned from images and
from mixtures of two: its certainty is the probability of the likeliest class. It also
judges both ends.
"""

import numpy as np

from widgets.contract import (
    ACCENT,
    DATA_1,
    DATA_2,
    FIGURE_WIDTH,
    INK_3,
    MUTED,
    PAPER,
    Choice,
    Frame,
    Instrument,
    Plot,
    Readout,
    Slider,
    Tiles,
)
from widgets.data import CLASSES, load
from widgets.kit.figures import axis, dots, equal, figure, label, line
from widgets.kit.network import decode, dense, encode, grey_levels

STEPS = 50  # of the path that is measured
STRIP = 11  # images that are shown of each path
REACH = 4.0  # how far the plane is shown
IMAGES = 40  # to choose from, four of each class
MODELS = {"mnist": "mlp_vae_mnist", "fashion": "conv_vae_fashion"}
FILES = {"mnist": "mnist_images", "fashion": "fashion_mnist_images"}
CLASSIFIERS = {"mnist": "mnist_classifier", "fashion": "fashion_mnist_classifier"}
PATHS = ("straight", "spherical", "pixels")
COLORS = {"straight": DATA_1, "spherical": DATA_2, "pixels": INK_3}

instrument = Instrument(
    name="morph",
    title="Morph",
    challenge="At the ends of the path in pixels a classifier is 98 % certain. Commit to two "
    "numbers: how certain is it halfway in pixels, and halfway on the straight path?",
    controls=(
        Slider("t", "Place on the path", default=0.0, min=0.0, max=1.0, step=0.02, symbol="t"),
        Choice(
            "path",
            "Path",
            {"straight": "Straight", "spherical": "Spherical", "pixels": "In pixels"},
            "straight",
        ),
        Slider("a", "From test image", default=25, min=1, max=IMAGES, step=1),
        Slider("b", "To test image", default=31, min=1, max=IMAGES, step=1),
        Choice("data", "Images", {"mnist": "Digits", "fashion": "Clothes"}, "mnist"),
    ),
    readouts=(
        Readout("way", "Length of the path", "× direct"),
        Readout("largest", "Largest step", "% of the length", ".1f"),
        Readout("norm", "Length of the code", "", ".2f", r"\lVert\mathbf{z}\rVert"),
        Readout("certainty", "Classifier's certainty", "%", ".0f"),
    ),
    references=("white2016", "shoemake1985"),
)


def compute(*, t, path, a, b, data):
    """Follow all three paths in a few steps, and one of them closely.

    Parameters
    ----------
    t : float, place on the path, 0 to 1
    path : "straight", "spherical" or "pixels"
    a, b : int, which test images, 1 to 40
    data : "mnist" or "fashion"

    Returns
    -------
    dict
        ``strip``, images of each path at equal steps of t, (3, STRIP, 28, 28), and ``image``, the
        one at t of the chosen path, (28, 28), in [0, 1]; ``traces``, the codes along each path,
        (3, STEPS + 1, 2), in pixels those of the mixed images; ``z``, the code at t, (2,);
        ``steps``, distances in pixel space between neighbours on the chosen path, (STEPS,), and
        ``direct``, between its ends; ``certainty`` of a classifier about the image at t, 0 to 1,
        ``answer``, the class it takes it for, and ``rank``, the percentage of test images of which
        it is less certain; ``labels`` of both images; ``codes`` of test images, (n, 2).
    """
    decoder, encoder = load(f"{MODELS[data]}_decoder"), load(f"{MODELS[data]}_encoder")
    stored = load(FILES[data])
    chosen = [a - 1, b - 1]
    x_a, x_b = stored["images"][chosen] / 255  # (28, 28) each
    z_a, z_b = decoder["codes"][stored["position"][chosen]].astype(float)  # (2,) each

    grid = np.linspace(0, 1, STEPS + 1)
    ends = {
        "straight": lambda s: lerp(z_a, z_b, s),
        "spherical": lambda s: slerp(z_a, z_b, s),
        "pixels": lambda s: encode(lerp(x_a, x_b, s), encoder),
    }
    image_at = {
        "straight": lambda s: decode(ends["straight"](s), decoder),
        "spherical": lambda s: decode(ends["spherical"](s), decoder),
        "pixels": lambda s: lerp(x_a, x_b, s),
    }
    every = image_at[path](grid).reshape(STEPS + 1, -1)  # (STEPS + 1, 784)
    x_t = image_at[path](np.array([t]))
    classifier = load(CLASSIFIERS[data])
    chances = probabilities(x_t, classifier)[0]  # (10,)
    quantiles = classifier["certainty_quantiles"]  # of 10,000 test images, from 0 to 100 %
    return {
        "strip": np.stack([image_at[name](np.linspace(0, 1, STRIP)) for name in PATHS]),
        "image": x_t[0],
        "traces": np.stack([ends[name](grid) for name in PATHS]),
        "z": ends[path](np.array([t]))[0],
        "steps": np.linalg.norm(np.diff(every, axis=0), axis=1),
        "direct": np.linalg.norm(every[-1] - every[0]),
        "certainty": chances.max(),
        "answer": int(chances.argmax()),
        "rank": np.interp(chances.max(), quantiles, np.linspace(0, 100, len(quantiles))),
        "labels": stored["labels"][chosen],
        "codes": decoder["codes"],
        "t": t,
        "path": path,
        "data": data,
        "same": a == b,
    }


def lerp(a, b, t):
    """(1 - t) a + t b for each t, of shape (m,): (m, *a.shape)."""
    t = t.reshape(-1, *[1] * np.ndim(a))
    return (1 - t) * a + t * b


def slerp(a, b, t):
    """Along the arc from a to b, (m, 2); for codes on one line through 0, the straight line."""
    lengths = np.linalg.norm([a, b], axis=1)
    ways = a / lengths[0], b / lengths[1]
    angle = np.arccos(np.clip(ways[0] @ ways[1], -1, 1))
    if np.sin(angle) < 1e-6:
        return lerp(a, b, t)
    share = t[:, None]
    turned = np.sin((1 - share) * angle) * ways[0] + np.sin(share * angle) * ways[1]
    return lerp(*lengths, t)[:, None] * turned / np.sin(angle)


def probabilities(x, classifier):
    """What a classifier makes of images (m, 28, 28): the probability of each class, (m, 10)."""
    log_odds = dense(x.reshape(len(x), -1), classifier)
    odds = np.exp(log_odds - log_odds.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def frame(result):
    """The plane with the paths, the image at t, and all paths as strips."""
    steps, direct = result["steps"], result["direct"]
    way = steps.sum()
    return Frame(
        readouts={
            "way": None if result["same"] else way / direct,
            "largest": None if result["same"] else 100 * steps.max() / way,
            "norm": np.linalg.norm(result["z"]),
            "certainty": 100 * result["certainty"],
        },
        panels=[
            Plot("plane", plane_figure(result), plane_alt(result), half=True),
            Tiles(
                "image",
                grey_levels(result["image"])[None, None],
                alt=f"The image at t = {result['t']:.2f} of the path: {result['path']}.",
                captions=(f"t = {result['t']:.2f}",),
                half=True,
            ),
            Tiles(
                "strip",
                grey_levels(result["strip"]),
                alt=f"Three rows of {STRIP} images from t = 0 to t = 1: along the straight line, "
                "along the arc, and mixed in pixels.",
                captions=(
                    named(result, 0),
                    "rows: straight, spherical, in pixels",
                    named(result, 1),
                ),
                gap=1,
            ),
        ],
        note=note(result),
    )


def named(result, end):
    """The class of the image at one end."""
    return CLASSES[result["data"]][result["labels"][end]]


def plane_figure(result):
    """Codes of test images, the three paths among them, and the place at t."""
    (z_1, z_2), traces = result["z"], result["traces"]
    paths = [
        line(
            *trace.T,
            COLORS[name],
            width=3 if name == result["path"] else 1.5,
            dash="dot" if name == "pixels" else "solid",
        )
        for name, trace in zip(PATHS, traces, strict=True)
    ]
    ends = traces[0, [0, -1]]
    return figure(
        [
            dots(*result["codes"][::4].T, MUTED, size=3, opacity=0.5),
            *paths,
            dots([*ends[:, 0], z_1], [*ends[:, 1], z_2], ACCENT, size=9, ring=2),
        ],
        *equal(
            axis(-REACH, REACH, "z<sub>1</sub>", dtick=1, zeroline=True),
            axis(-REACH, REACH, "z<sub>2</sub>", dtick=1, zeroline=True),
        ),
        height=FIGURE_WIDTH,
        left=34,
        right=10,
        labels=[
            label(f"<b>{named(result, i)}</b>", *end, yshift=14, bgcolor=PAPER)
            for i, end in enumerate(ends)
        ],
    )


def plane_alt(result):
    (a_1, a_2), (b_1, b_2) = result["traces"][0, [0, -1]]
    z_1, z_2 = result["z"]
    return (
        f"Codes of test images; the codes of both chosen ones at ({a_1:.1f}, {a_2:.1f}) and "
        f"({b_1:.1f}, {b_2:.1f}); a straight line and an arc between them, a dotted trace of the "
        f"codes of mixed images, and the place of t at ({z_1:.1f}, {z_2:.1f})."
    )


def note(result):
    """What the classifier says, and what to know of a limiting case."""
    answer = CLASSES[result["data"]][result["answer"]]
    said = [
        f"The classifier's best guess is {answer}. It is less certain of {result['rank']:.0f} % of "
        "the test images."
    ]
    if result["same"]:
        said.append("Both ends are the same image: there is no path to measure.")
    elif result["path"] == "pixels":
        said.append("The dotted trace shows where the encoder puts the mixed images.")
    return " ".join(said)
