"""A test digit on its way through a trained autoencoder, stopped at any point.

    x -> encoder -> z -> decoder -> x_hat,    and for a new digit   z ~ N(0, I) -> decoder

The encoder turns 784 grey levels into 64 numbers, 64 again, and 2: the code. The decoder turns two
numbers into 192, 64 and 784. A hidden layer outputs SiLU(W h + b), the last one W h + b; images
are cut to [0, 1]. For a new digit nothing is encoded: the code is a draw from N(0, I).

The networks are small and imitate those of `latentbook train`, as in draw_a_digit.py.

How well a stop tells digits apart was computed in advance, by two readers: the nearest of 10,000
training images, and the book's linear probe with fifty labels of each digit. As a control, both
have read networks of the same widths with random weights.
"""

import numpy as np

from widgets.contract import (
    ACCENT,
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK_2,
    MUTED,
    PAPER,
    RULE,
    Choice,
    Frame,
    Instrument,
    Plot,
    Readout,
    Seed,
)
from widgets.data import load
from widgets.kit.figures import (
    axis,
    dots,
    equal,
    figure,
    image,
    label,
    line,
    segment,
    square,
)
from widgets.kit.network import SIDE, layers

STAGES = {
    "input": "Input",
    "encoder": "Encoder",
    "code": "Code",
    "decoder": "Decoder",
    "reconstruction": "Rebuilt",
    "generation": "New digit",
}
MODELS = {"mlp_vae_mnist": "VAE", "autoencoder_mnist": "Plain autoencoder"}
SECOND = 64  # units of the second hidden layer of each network
PICKED = 1  # of the four test images of each digit
LOWER = -1.3  # height of the row in which a draw goes its way
AWAY = 1.45  # from the middle of one column to the next, in sides of an image
COLUMNS = ("x", "64", "64", "z", "192", "64", "x̂")
STOPS = np.array([0, 1, 1, 2, 3, 3, 4])  # of the columns
REACH = 4.7  # how far the plane is shown, in standard deviations of the codes: to the last one

instrument = Instrument(
    name="pipeline",
    title="A digit on its way",
    challenge="784 numbers go in, two get through, 784 come out. Write down where on the way most "
    "is lost of which digit it is, and whether any of it comes back after the code. Then let it "
    "play.",
    controls=(
        Choice("stage", "Stop at", STAGES, "input", autoplay_seconds=2.5),
        Choice("digit", "Test digit", {str(n): str(n) for n in range(10)}, "2"),
        Choice("model", "Model", MODELS, "mlp_vae_mnist", when=("stage", *list(STAGES)[1:])),
        Seed("seed", "Draw", default=6, when=("stage", "generation")),
    ),
    readouts=(
        Readout("shape", "Shape"),
        Readout("numbers", "Numbers", "", "d"),
        Readout("near", "Neighbour alike", "%", ".0f"),
        Readout("probe", "Probe", "%", ".0f"),
        Readout("error", "Squared error", "", ".1f"),
    ),
    references=("hinton2006", "kingma2014"),
)


def compute(*, stage, digit, model, seed):
    """Send a digit through both networks, and a draw from the prior through the second.

    Parameters
    ----------
    stage : a key of STAGES; it decides what is shown, not what is computed
    digit : "0" to "9"
    model : a key of MODELS
    seed : int, of the draw

    Returns
    -------
    dict
        ``x`` and ``x_hat`` (28, 28), in [0, 1]; ``encoded`` and ``decoded``, what the hidden layers
        put out one after the other, (64 + 64,) and (192 + 64,); ``z`` (2,); ``error``, squared,
        summed over pixels; ``drawn`` (2,), the draw; ``drawn_layers``, as ``decoded``, and
        ``drawn_image`` (28, 28), what becomes of it; ``codes`` (n, 2) of test images, their
        ``centre`` (2,) and ``scale``; ``nearest``, the digits of the three codes nearest to z;
        ``trained`` and ``untrained``, in percent, what two readers get right at each of COLUMNS:
        the nearest neighbour and the linear probe, (2, 7).
    """
    encoder, decoder = load(f"{model}_encoder"), load(f"{model}_decoder")
    images = load("mnist_images")
    place = np.flatnonzero(images["labels"] == int(digit))[PICKED]
    x = images["images"][place] / 255  # (28, 28)
    *encoded, (z,) = layers(x.reshape(1, -1), encoder)
    drawn = np.random.default_rng(seed).standard_normal(2)
    *hidden, images_out = layers(np.stack([z, drawn]), decoder)
    x_hat, drawn_image = images_out.clip(0, 1).reshape(-1, SIDE, SIDE)
    decoded, drawn_layers = np.concatenate(hidden, axis=1)  # (256,) each
    read, row = load("pipeline_stops"), list(MODELS).index(model)
    distance = np.sum((decoder["codes"] - z) ** 2, axis=1)  # (n,)
    return {
        "stage": stage,
        "digit": digit,
        "model": model,
        "x": x,
        "encoded": np.concatenate(encoded, axis=1)[0],
        "z": z,
        "decoded": decoded,
        "x_hat": x_hat,
        "error": np.sum((x - x_hat) ** 2),
        "drawn": drawn,
        "drawn_layers": drawn_layers,
        "drawn_image": drawn_image,
        "codes": decoder["codes"],
        "centre": decoder["centre"].astype(float),
        "scale": float(decoder["scale"]),
        "nearest": decoder["labels"][np.argsort(distance, kind="stable")[:3]],
        "trained": read["trained"][row],
        "untrained": read["untrained"][row],
    }


def frame(result):
    """The whole way with the stop in it, and the numbers at the stop."""
    here = values_here(result)
    shape = " and ".join(" × ".join(map(str, part.shape)) for part in here)
    stop = list(STAGES).index(result["stage"])
    near, probe = result["trained"][:, stop == STOPS].T[-1] if stop in STOPS else (None, None)
    return Frame(
        readouts={
            "shape": shape,
            "numbers": sum(part.size for part in here),
            "near": near,
            "probe": probe,
            "error": result["error"] if result["stage"] == "reconstruction" else None,
        },
        panels=[
            Plot("way", way_figure(result), way_alt(result)),
            Plot("here", here_figure(result), here_alt(result)),
        ],
        note=meaning(result),
    )


def values_here(result):
    """The arrays at the stop."""
    return {
        "input": [result["x"]],
        "encoder": both_layers(result["encoded"]),
        "code": [result["z"]],
        "decoder": both_layers(result["decoded"]),
        "reconstruction": [result["x_hat"]],
        "generation": [result["drawn_image"]],
    }[result["stage"]]


def both_layers(h):
    """Outputs of two hidden layers; the second has 64 units."""
    return [h[:-SECOND], h[-SECOND:]]


def meaning(result):
    """A description of the numbers at the stop."""
    z, drawn = (words_of(result[name]) for name in ("z", "drawn"))
    nearest = ", ".join(map(str, result["nearest"]))
    prior = (
        "which is where this model was trained to keep its codes"
        if result["model"] == "mlp_vae_mnist"
        else "though nothing has told this model to keep its codes there"
    )
    return {
        "input": f"A test digit, a {result['digit']}: 784 grey levels, 0 for paper and 1 for ink. "
        "The network is told nothing else.",
        "encoder": "Two layers of 64 numbers each. A nearest neighbour misses some of what was in "
        "the pixels.",
        "code": f"Two numbers, {z}, are all that goes on. The three test digits with the nearest "
        f"codes: {nearest}.",
        "decoder": "192 numbers and then 64, made from the code alone. They hold what the two "
        "held: a reader finds more only if it could not read the code.",
        "reconstruction": "784 grey levels again. What the code did not carry is missing: the "
        f"squared error is {result['error']:.1f}, summed over pixels.",
        "generation": f"No input this time. The code {drawn} is a draw from N(0, I), {prior}; the "
        "decoder does what it always does.",
    }[result["stage"]]


def words_of(z):
    """A code as text."""
    return f"({z[0]:.2f}, {z[1]:.2f})".replace("-", "\N{MINUS SIGN}")


def way_figure(result):
    """Each stop as a picture, empty until the digit has come there; below, the way of a draw."""
    stop = list(STAGES).index(result["stage"])
    encoded, decoded, drawn = (
        [unfolded(h) for h in both_layers(result[name])]
        for name in ("encoded", "decoded", "drawn_layers")
    )
    upper = [
        (0, result["x"]),
        (1, encoded[0]),
        (1, encoded[1]),
        (2, None),
        (3, decoded[0]),
        (3, decoded[1]),
        (4, result["x_hat"]),
    ]
    lower = [None, *drawn, result["drawn_image"]]
    stops = [(i, 0.0, at, shown) for i, (at, shown) in enumerate(upper)]
    stops += [(3 + i, LOWER, 5, shown) for i, shown in enumerate(lower)]
    pictures, shapes = [], []
    for column, y, at, shown in stops:
        centre = (AWAY * column, y)
        here = at == stop
        if at <= stop and shown is not None:
            grey = 17 * np.rint(15 * shown)  # at this size 16 levels look like 256
            pictures.append(image(grey.astype(np.uint8), centre, 1.0))
        shapes.append(square(centre, 1.0, ACCENT if here else RULE, width=3 if here else 1))
        if column not in (0, 3) or (column == 3 and y == 0):
            x = (centre[0] - AWAY + 0.58, centre[0] - 0.58)
            shapes.append(segment(x, (y, y), INK_2 if at <= stop else RULE, width=1.5))
    codes = [(2, 0.0, "z", DATA_1), (5, LOWER, "drawn", DATA_2)]
    for at, y, name, color in codes:
        if at <= stop:
            spot = in_plane(result[name], result)
            pictures.append(
                dots([AWAY * 3 + spot[0]], [y + spot[1]], color, size=8, cliponaxis=False)
            )
    labels = [
        label(words, AWAY * i, 0.5, INK_2, yanchor="middle", yshift=12)
        for i, words in enumerate(COLUMNS)
    ]
    labels += [
        label("encoder", AWAY * 1.5, 0.5, yanchor="middle", yshift=30),
        label("decoder", AWAY * 4.5, 0.5, yanchor="middle", yshift=30),
        label("z ~ N(0, I)", AWAY * 3 - 0.65, LOWER, INK_2, xanchor="right", yanchor="middle"),
    ]
    hidden = {"visible": False, "showgrid": False}
    return figure(
        pictures,
        *equal(
            axis(-0.6, 6 * AWAY + 0.6, **hidden),
            axis(LOWER - 0.6, 1.25, **hidden),
        ),
        height=190,
        left=4,
        right=4,
        top=4,
        bottom=4,
        shapes=shapes,
        labels=labels,
    )


def unfolded(h):
    """The numbers of a layer as a picture, from none to the largest; eight or more a row."""
    rows = h.reshape(-1, 16 if len(h) > 64 else 8)
    side = max(rows.shape)
    picture = np.zeros((side, side))
    top = (side - len(rows)) // 2
    picture[top : top + len(rows), : rows.shape[1]] = rows.clip(0) / max(rows.max(), 1e-9)
    return picture


def in_plane(z, result):
    """Where a code lies in a square of side 1 around the codes."""
    return ((z - result["centre"]) / result["scale"] / (2 * REACH)).clip(-0.5, 0.5)


def here_figure(result):
    """Of a code, its place among those of test digits; else what two readers found so far."""
    if result["stage"] == "code":
        return plane_figure(result, "z")
    if result["stage"] == "generation":
        return plane_figure(result, "drawn")
    passed = list(STAGES).index(result["stage"]) >= STOPS
    places = np.arange(len(COLUMNS))
    traces = []
    for name, dash in (("untrained", "dot"), ("trained", "solid")):
        for shares, color in zip(result[name], (DATA_1, DATA_2), strict=True):
            traces.append(line(places[passed], shares[passed], color, dash=dash))
            traces.append(dots(places[passed], shares[passed], color, size=6))
    return figure(
        traces,
        axis(-0.5, 6.5, tickvals=places.tolist(), ticktext=list(COLUMNS), showgrid=False),
        axis(0, 100, "digits right, %", dtick=25),
        height=180,
        right=112,
        labels=[
            label("linear probe", 6.5, 84, DATA_2_TEXT, xanchor="left", xshift=6),
            label("neighbour", 6.5, 62, DATA_1, xanchor="left", xshift=6),
            label("random weights", 6.5, 24, INK_2, xanchor="left", xshift=6),
        ],
    )


def plane_figure(result, name):
    """The plane of codes with one more code in it."""
    (x, y), (across, up) = result["centre"], result[name]
    reach = REACH * result["scale"]
    color = DATA_1 if name == "z" else DATA_2
    return figure(
        [
            dots(*result["codes"].T, MUTED, size=3),
            dots([across], [up], color, size=11, ring=2),
        ],
        *equal(
            axis(x - 2.4 * reach, x + 2.4 * reach, "z<sub>1</sub>"),
            axis(y - reach, y + reach, "z<sub>2</sub>"),
        ),
        height=180,
        labels=[label(f"<b>{words_of(result[name])}</b>", across, up, yshift=16, bgcolor=PAPER)],
    )


def way_alt(result):
    stages = list(STAGES.values())
    stop = list(STAGES).index(result["stage"])
    return (
        f"The way of a digit from left to right, stopped at {stages[stop]}. "
        f"Behind it: {', '.join(stages[:stop]) or 'nothing'}. "
        f"Still empty: {', '.join(stages[stop + 1 :]) or 'nothing'}."
    )


def here_alt(result):
    stage = result["stage"]
    if stage in ("code", "generation"):
        z = result["z" if stage == "code" else "drawn"]
        return f"Codes of test digits in the plane, and among them the code {words_of(z)}."
    stops = list(STAGES).index(stage) >= STOPS
    said = [
        f"{name} {', '.join(f'{share:.0f}' for share in shares[stops])}"
        for weights in ("trained", "untrained")
        for name, shares in zip(
            (f"{weights}, nearest neighbour", f"{weights}, probe"), result[weights], strict=True
        )
    ]
    return f"Percent of digits right from x to this stop: {'; '.join(said)}."
