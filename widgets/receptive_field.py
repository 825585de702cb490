"""What one unit of a convolutional network sees: what could move it, and what does.

A layer of kernel k and stride s with p zeros around its input turns n units per side into

    floor((n + 2 p - k) / s) + 1.

Neighbours in layer l lie s^l pixels apart, so the unit sees

    1 + (k - 1) (1 + s + s^2 + ... + s^(depth - 1))

pixels per side: the theoretical receptive field. How much each of them counts is the square of the
gradient of the unit with respect to it: the share of the unit's variance if the pixels were
independent noise. The effective field is the smallest square around the same centre that contains
95 % of the shares.
"""

import numpy as np

from widgets.contract import (
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    FIGURE_WIDTH,
    INK_3,
    PAPER,
    Choice,
    Frame,
    Instrument,
    Plot,
    Point,
    Readout,
    Seed,
    Slider,
)
from widgets.kit.figures import axis, dots, equal, figure, image, label, line, square
from widgets.kit.network import grey_levels, silu, silu_slope

SIDE = 64  # pixels of the image
DEEPEST = 10
CHANNELS = 2  # of the hidden layers of the network that is drawn
HELD = 0.95  # share that the effective field holds
SPARSE = 16  # units a side up to which each is marked

instrument = Instrument(
    name="receptive_field",
    title="Receptive field",
    challenge="Ten layers of kernel 3 and stride 1 see 21 pixels a side. Say how many of the 21 "
    "hold 95 % of the influence, then set the depth to 10. And with a stride of 2?",
    controls=(
        Slider("depth", "Layers", default=4, min=1, max=DEEPEST, step=1, symbol="L"),
        Slider("kernel", "Kernel", default=3, min=1, max=5, step=1, symbol="k"),
        Slider("stride", "Stride", default=1, min=1, max=3, step=1, symbol="s"),
        Point("unit", "Unit at", default=(0.0, 0.0), limit=SIDE / 2, panel="field", step=1.0),
        Choice("weights", "Weights", {"equal": "All equal", "drawn": "Drawn, with SiLU"}, "equal"),
        Seed(when=("weights", "drawn")),
    ),
    readouts=(
        Readout("units", "Units a side", "", "d", "n"),
        Readout("theoretical", "Can see", "pixels a side", "d", "R"),
        Readout("effective", "Holds 95 %", "pixels a side", "d"),
        Readout("share", "Of the area it sees", "%", ".0f"),
    ),
    references=("luo2016", "dumoulin2016"),
)


def compute(*, depth, kernel, stride, unit, weights, seed):
    """Follow one unit down to the pixels.

    Parameters
    ----------
    depth, kernel, stride : int
    unit : (x, y), a place in the image, in pixels from its middle; the nearest unit is taken
    weights : "equal", a linear network with all weights alike, or "drawn", from a normal
        distribution, with SiLU between the layers and noise for an image
    seed : int, of the weights and the image

    Returns
    -------
    dict
        ``sizes``, units a side of the image and of each layer, until one unit is left,
        (layers + 1,); ``field``, the unit's receptive field, pixels a side; ``corner``, row and
        column of its first pixel, (2,); ``influence``, the share of each pixel, (SIDE, SIDE),
        adding up to 1; ``held``, the side of the effective field; ``centres``, of all units along
        one side; ``fields`` and ``expected``, both sides for 1, 2, ... layers inside a large image.
    """
    pad = (kernel - 1) // 2
    sizes = layer_sizes(kernel, stride, pad, depth)
    jumps = stride ** np.arange(len(sizes))  # pixels between neighbours of each layer
    field = int(1 + (kernel - 1) * jumps[:-1].sum())
    start = -pad * jumps[:-1].sum()  # first pixel of the first unit's field
    centres = start + (field - 1) / 2 + jumps[-1] * np.arange(sizes[-1])
    place = np.array([SIDE / 2 - unit[1], SIDE / 2 + unit[0]]) - 0.5  # row, column
    chosen = np.abs(centres - place[:, None]).argmin(axis=1)
    corner = start + jumps[-1] * chosen

    if weights == "equal":
        down, across = (paths(sizes, kernel, stride, pad, i) for i in chosen)
        gradient = np.outer(down, across)
    else:
        gradient = drawn_gradient(sizes, kernel, stride, pad, chosen, np.random.default_rng(seed))
    influence = gradient**2 / np.sum(gradient**2)

    layers = len(layer_sizes(kernel, stride, pad, DEEPEST)) - 1
    fields, expected = large_image(kernel, stride, layers, 2 if weights == "equal" else 1)
    return {
        "sizes": sizes,
        "field": field,
        "corner": corner,
        "influence": influence,
        "held": held_side(influence, corner, field),
        "centres": centres,
        "fields": fields,
        "expected": expected,
        "kernel": kernel,
        "stride": stride,
        "depth": depth,
    }


def layer_sizes(kernel, stride, pad, depth):
    """Units a side of the image and of each layer; no layer follows one of a single unit."""
    sizes = [SIDE]
    while len(sizes) <= depth and sizes[-1] > 1:
        sizes.append((sizes[-1] + 2 * pad - kernel) // stride + 1)
    return np.array(sizes)


def paths(sizes, kernel, stride, pad, unit):
    """The share of the paths from one unit that end at each pixel, along one side: (SIDE,)."""
    count = np.zeros(sizes[-1])
    count[unit] = 1
    for n in sizes[-2::-1]:
        below = np.zeros(n + 2 * pad)
        for t in range(kernel):
            below[t : t + stride * len(count) : stride][: len(count)] += count / kernel
        count = below[pad : pad + n]
    return count


def drawn_gradient(sizes, kernel, stride, pad, unit, rng):
    """Gradient of one unit of a network with drawn weights, by backpropagation: (SIDE, SIDE).

    Only what the unit sees is computed. Of each layer that is a range of rows and of columns.
    """
    depth = len(sizes) - 1
    channels = [1] + [CHANNELS] * (depth - 1) + [1]
    weights = [
        rng.normal(size=(kernel, kernel, channels[i], channels[i + 1]))
        * np.sqrt(2 / (channels[i] * kernel**2))
        for i in range(depth)
    ]
    picture = rng.normal(size=(SIDE, SIDE, 1))

    first, last = [unit], [unit]  # rows and columns that are seen, from the top layer down
    margins = []  # how far the kernels reach over the edges of the layer below
    for n in sizes[-2::-1]:
        low, high = first[0] * stride - pad, last[0] * stride - pad + kernel - 1
        margins.insert(0, (np.maximum(-low, 0), np.maximum(high - (n - 1), 0)))
        first.insert(0, np.maximum(low, 0))
        last.insert(0, np.minimum(high, n - 1))

    (top, left), (bottom, right) = first[0], last[0] + 1
    seen = picture[top:bottom, left:right]
    sums = []  # what goes into each SiLU
    for i in range(depth):
        (above, before), (below, after) = margins[i]
        padded = np.pad(seen, ((above, below), (before, after), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), (0, 1))
        windows = windows[::stride, ::stride]  # (rows, columns, channels, kernel, kernel)
        sums.append(np.tensordot(windows, weights[i], ((3, 4, 2), (0, 1, 2))))
        seen = silu(sums[-1])

    gradient = np.ones((1, 1, 1))
    for i in reversed(range(depth)):
        rows, columns = gradient.shape[:2]
        (above, before), (below, after) = margins[i]
        height = (rows - 1) * stride + kernel
        width = (columns - 1) * stride + kernel
        spread = np.zeros((height, width, channels[i]))
        for t in range(kernel):
            for u in range(kernel):
                part = gradient @ weights[i][t, u].T
                spread[t : t + stride * rows : stride, u : u + stride * columns : stride] += part
        gradient = spread[above : height - below, before : width - after]
        if i > 0:
            gradient = gradient * silu_slope(sums[i - 1])
    whole = np.zeros((SIDE, SIDE))
    whole[top:bottom, left:right] = gradient[..., 0]
    return whole


def held_side(influence, corner, field):
    """Side of the smallest square around the middle of the field that holds HELD of the shares."""
    total = np.pad(influence.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))  # from the corner
    margin = np.arange((field + 1) // 2)  # how much the square is smaller, on each of its sides
    top, left = np.clip(corner[:, None] + margin, 0, SIDE)
    bottom, right = np.clip(corner[:, None] + field - margin, 0, SIDE)
    held = total[bottom, right] - total[top, right] - total[bottom, left] + total[top, left]
    return int(field - 2 * np.flatnonzero(held >= HELD - 1e-9).max())


def large_image(kernel, stride, layers, power):
    """Theoretical and effective side for 1, ..., `layers` layers, away from every edge.

    Weights that are drawn give a squared gradient that is proportional, on average, to the number
    of paths (`power` 1); equal weights give one proportional to the square of that number (2).
    """
    fields, held = [], []
    count = np.ones(1)  # paths that end at each pixel of the field, along one side
    for layer in range(layers):
        spread = np.zeros(1 + (kernel - 1) * stride**layer)
        spread[:: stride**layer] = 1 / kernel
        count = np.convolve(count, spread)
        share = count**power / np.sum(count**power)
        inner = share.cumsum()
        margin = np.arange((len(count) + 1) // 2)
        # from one side alone: what lies within the margins, taken off twice; squared for both
        kept = (1 - 2 * (inner[margin] - share[margin])) ** 2
        fields.append(len(count))
        held.append(len(count) - 2 * np.flatnonzero(kept >= HELD - 1e-9).max())
    return np.array(fields), np.array(held)


def frame(result):
    """The image with both fields, and how they grow with depth."""
    field, held = result["field"], result["held"]
    return Frame(
        readouts={
            "units": int(result["sizes"][-1]),
            "theoretical": field,
            "effective": held,
            "share": 100 * held**2 / min(field, SIDE) ** 2,  # a field may exceed the image
        },
        panels=[
            Plot("field", field_figure(result), field_alt(result), half=True),
            Plot("growth", growth_figure(result), growth_alt(result), half=True),
        ],
        note=note(result),
    )


def field_figure(result):
    """Influence of each pixel, the square it can see, and the one that holds 95 %."""
    field, held = result["field"], result["held"]
    row, column = result["corner"] + (field - 1) / 2
    middle = column + 0.5 - SIDE / 2, SIDE / 2 - row - 0.5
    strength = np.sqrt(result["influence"])
    half = SIDE / 2
    centres = result["centres"] + 0.5 - half
    if len(centres) > SPARSE:
        centres = centres[:0]
    across, up = (each.ravel() for each in np.meshgrid(centres, -centres))
    return figure(
        [
            image(
                grey_levels(strength / strength.max()),
                (0, 0),
                SIDE,
                colorscale=[[0, PAPER], [1, DATA_1]],
            ),
            dots(across, up, INK_3, size=3),
        ],
        *equal(
            axis(-half, half, "pixels from the middle", tickvals=[-32, -16, 0, 16, 32]),
            axis(-half, half, tickvals=[-32, -16, 0, 16, 32], showgrid=False),
        ),
        height=FIGURE_WIDTH,
        left=34,
        right=10,
        top=10,
        shapes=[
            square(middle, field, DATA_1, width=2),
            square(middle, held, DATA_2, width=2),
            square((0, 0), SIDE, INK_3),
        ],
    )


def field_alt(result):
    row, column = result["corner"] + (result["field"] - 1) / 2
    return (
        f"An image of {SIDE} by {SIDE} pixels, coloured by how much each moves the unit around row "
        f"{row:.0f}, column {column:.0f}. A square of {result['field']} pixels a side marks what "
        f"the unit can see, a smaller one of {result['held']} holds 95 % of the influence."
    )


def growth_figure(result):
    """Both sides against depth, as far as the slider has come."""
    fields, expected = result["fields"], result["expected"]
    depth = len(result["sizes"]) - 1
    layers = np.arange(1, depth + 1)
    top = max(70, 1.1 * fields[depth - 1])
    return figure(
        [
            line(layers, fields[:depth], DATA_1),
            line(layers, expected[:depth], DATA_2),
            dots([depth], [result["field"]], DATA_1, size=10, ring=2),
            dots([depth], [result["held"]], DATA_2, size=10, ring=2),
        ],
        axis(0.5, DEEPEST + 0.5, "layers", tickvals=list(range(1, DEEPEST + 1))),
        axis(0, top, "pixels a side", tickvals=[0, 16, 32, 48, 64, 128, 192, 256]),
        height=FIGURE_WIDTH,
        left=34,
        right=10,
        labels=[
            label("can see", 1, 0.96 * top, DATA_1, xanchor="left"),
            label("holds 95 %", 1, 0.9 * top, DATA_2_TEXT, xanchor="left"),
        ],
    )


def growth_alt(result):
    depth = len(result["sizes"]) - 1
    fields, expected = result["fields"][:depth], result["expected"][:depth]
    return (
        f"Side of the field against the number of layers, away from the edges: from {fields[0]} "
        f"pixels after one layer to {fields[-1]} after {depth}; the square that holds 95 % "
        f"grows from {expected[0]} to {expected[-1]}."
    )


def note(result):
    """What is special about a setting."""
    layers = len(result["sizes"]) - 1
    said = []
    if layers < result["depth"]:
        said.append(f"After {layers} layers a single unit is left, so no further layer follows.")
    corner, field = result["corner"], result["field"]
    if corner.min() < 0 or corner.max() + field > SIDE:
        said.append("Part of what it can see lies outside the image, where the padding is zeros.")
    if result["kernel"] < result["stride"]:
        said.append("The stride skips pixels: between the kernels lie some that no unit sees.")
    return " ".join(said)
