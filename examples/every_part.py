"""An instrument with every control, every panel and every part of a figure.

The examples and the pictures of docs/instruments.md come from here.
"""

import numpy as np

from widgets import contract
from widgets.contract import (
    ACCENT,
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK,
    INK_2,
    INK_3,
    MUTED,
    Choice,
    Dots,
    Drawing,
    Frame,
    Glyph,
    Instrument,
    Map,
    Pad,
    Plot,
    Point,
    Readout,
    Seed,
    Slider,
    Textbox,
    Tiles,
    Toggle,
    Viewport,
)
from widgets.kit.drawing import to_text
from widgets.kit.figures import (
    axis,
    bars,
    circle,
    dots,
    equal,
    figure,
    image,
    label,
    line,
    segment,
    square,
    tint,
    training_curves,
)
from widgets.kit.text import plain

PIXELS = np.arange(28) - 13.5
RING = 255 * np.exp(-((np.hypot.outer(PIXELS, PIXELS) - 7) ** 2) / 4)
GREY = RING.astype(np.uint8)  # (28, 28), 255 is ink
HUES = np.array([[2, 1, 0], [0, 2, 1], [1, 0, 2], [0, 1, 2]]) / 2
COLOURS = 1 - RING[..., None] / 255 * (1 - HUES[:, None, None])  # (4, 28, 28, 3), 0 to 1

instrument = Instrument(
    name="every_part",
    title="Every part",
    challenge="Which part do you need?",
    controls=(
        Slider("sigma", "Noise", default=0.5, min=0.0, max=2.0, step=0.05, symbol=r"\sigma"),
        Choice("wave", "Wave", {"sine": "Sine", "square": "Square"}, "sine"),
        Toggle("points", "Show what was measured", default=True),
        Seed(),
        Point("place", "Place", default=(1.0, -0.5), limit=2.0, panel="plane", step=0.1),
        Viewport("view", "Place on the map", (0.0, 0.0, 1.0), "map", limit=2.0, max_zoom=3),
        Drawing("ink", "Your drawing", default=to_text(GREY), panel="pad"),
        Textbox("caption", "Caption", "on Monday", suggestions=("on Tuesday", "in the rain")),
        Glyph("mark", "Mark", "♪", suggestions=("♣", "★")),
    ),
    readouts=(Readout("error", "Error of the measurement", "mV", ".2f", symbol=r"\epsilon"),),
)


def compute(*, sigma, wave, points, place, seed, view, ink, caption, mark):
    """A wave and its measurement, and what the reader has set elsewhere.

    Returns
    -------
    dict
        ``t`` and ``x`` and ``x_tilde`` (50,); ``error``, the root of the mean squared difference,
        in mV; ``points``, ``place`` and ``ink`` as they are set; ``caption``, with the mark after
        it; ``tile`` (256, 256), uint8, and ``address`` (3,) of the map.
    """
    t = np.linspace(0, 1, 50)
    x = np.sin(2 * np.pi * t)
    if wave == "square":
        x = np.sign(x)
    x_tilde = x + sigma * np.random.default_rng(seed).normal(size=50)
    zoom = round(view[2])
    side = 4 / 2**zoom  # of a tile, in units of the plane
    last = 2**zoom - 1
    column = min(int((view[0] + 2) / side), last)
    row = min(int((2 - view[1]) / side), last)
    pixels = np.arange(256) / 256
    right, up = -2 + side * (column + pixels), 2 - side * (row + pixels)
    waves = np.cos(4 * np.hypot.outer(up, right))
    return {
        "t": t,
        "x": x,
        "x_tilde": x_tilde,
        "error": np.sqrt(np.mean((x_tilde - x) ** 2)),
        "points": points,
        "place": np.array(place),
        "ink": ink,
        "caption": f"{caption} {mark[0]}",
        "tile": (50 + 50 * waves).astype(np.uint8),
        "address": np.array([zoom, column, row]),
    }


def frame(result):
    """Every panel; the small plots show one part of a figure each."""
    x, y = result["place"]
    panels = [
        Plot("plane", plane(x, y), f"The place ({x:.1f}, {y:.1f}).", half=True),
        Plot("signal", signal(result), f"A wave with an error of {result['error']:.2f} mV."),
        Tiles(
            "tiles",
            np.stack([GREY, 255 - GREY, result["ink"]])[None],
            alt="A ring, the same in white on black, and your drawing.",
            captions=("ring", "inverted", "yours"),
            gap=2,
        ),
        Tiles(
            "gallery",
            COLOURS,
            alt="Four rings in colour on white.",
            labels=("orange", "green", "violet", "blue"),
            numbers=("0.9", "0.4", "0.2", "0.1"),
            marked=(1,),
        ),
        Map(
            "map",
            result["tile"],
            tuple(result["address"].tolist()),
            alt="Waves around the middle of a plane, with three points in two classes.",
            half=True,
            rings={"1σ": 1.0},
            dots=Dots(
                np.float32([[-1, 0.5], [-0.5, 0.8], [1, -0.5]]),
                np.uint8([0, 0, 1]),
                ("left", "right"),
                np.float32([[-0.8, 0.3], [1, -0.8]]),
            ),
        ),
        Pad("pad", alt="A pad to draw on. It shows a ring at first.", half=True),
        *(
            Plot(name, small(*parts), f"An example of {name}.", half=True)
            for name, parts in parts_of_figures().items()
        ),
        Plot("training_curves", training(), "Reconstruction and KL fall and rise.", half=True),
        Plot(
            "palette", palette(), "A bar in each colour of the palette, with its name.", half=True
        ),
    ]
    return Frame(readouts={"error": result["error"]}, panels=panels)


def signal(result):
    """The measured wave as a whole figure."""
    t, x, x_tilde = result["t"], result["x"], result["x_tilde"]
    measured = [dots(t, x_tilde, MUTED, size=5)] if result["points"] else []
    return figure(
        [*measured, line(t, x, DATA_1)],
        axis(0, 1, "time, s"),
        axis(-4, 4, "signal, mV"),
        right=56,
        labels=[
            label("clean", 1, x[-1], DATA_1, xanchor="left", xshift=4),
            label(plain(result["caption"]), 0.02, 3.5, INK_2, xanchor="left"),
        ],
    )


def plane(x, y):
    """A place that the reader sets."""
    return figure(
        [dots([x], [y], ACCENT, size=10, ring=2)],
        *equal(axis(-2, 2, "x"), axis(-2, 2, "y")),
        height=600,
    )


def parts_of_figures():
    """Traces, shapes and labels of the small plots."""
    t = np.linspace(0, 1, 9)
    place = (0.5, 0.5)
    cells = np.linspace(0, 1, 40)
    hill = np.exp(-20 * np.add.outer((cells - 0.5) ** 2, (cells - 0.5) ** 2))
    return {
        "line": ([line(t, t**2, DATA_1), line(t, t**3, DATA_2, dash="dash")],),
        "dots": ([dots(t, t**2, DATA_1, size=8, ring=1)],),
        "bars": ([bars(t, t**2, DATA_1, width=0.09)],),
        "image": ([image(GREY, place, 0.6)],),
        "tint": ([tint(hill, cells, cells)],),
        "label": ([], [], [label("<b>here</b>, z<sub>1</sub>", 0.5, 0.5, DATA_2_TEXT)]),
        "segment": ([], [segment((0, 1), (0.2, 0.8), INK_2, dash="dash")]),
        "square": ([], [square(place, 0.5, ACCENT, width=2)]),
        "circle": ([], [circle(place, 0.3, INK, width=2)]),
    }


def small(traces, shapes=(), labels=()):
    """A small figure with equal units on both axes."""
    x, y = equal(axis(0, 1.6), axis(0, 1))
    return figure(traces, x, y, height=300, shapes=shapes, labels=labels)


def training():
    """Two curves over 100 steps, before and after a branch at step 40."""
    steps = np.arange(1, 101)
    run = {"recon": 60 + 60 * np.exp(-steps / 20), "kl": 8 - 8 * np.exp(-steps / 30)}
    lines, shapes = training_curves([run], "recon", "kl", between=0.45, at=40)
    return figure(
        lines,
        axis(0, 100, anchor="y", showticklabels=False),
        axis(0, 140, "reconstruction, nats", domain=[0.5, 1]),
        xaxis2=axis(0, 100, "step", anchor="y2"),
        yaxis2=axis(0, 10, domain=[0, 0.4], anchor="x2"),
        shapes=shapes,
        labels=[label("KL, nats", 0, 10, INK_3, xref="x2", yref="y2", xanchor="left")],
    )


def palette():
    """A bar in each colour that figures may have."""
    names = [name for name, value in vars(contract).items() if str(value).startswith("#")]
    colors = [getattr(contract, name) for name in names]
    places = np.arange(len(names))[::-1]
    return figure(
        [bars(np.ones(len(names)), places, colors, orientation="h", width=0.8)],
        axis(0, 1, visible=False),
        axis(-0.6, len(names) - 0.4, tickvals=places, ticktext=names, showgrid=False),
        height=900,
        left=110,
    )
