"""Parts of figures: lines, dots, bars, labels, axes.

Each function returns a part of a Plotly figure as a plain dict; ``docs/figures.md`` lists the keys
that are drawn. Further keys are added unchanged: ``line(x, y, DATA_1, cliponaxis=False)``.
Colours are those of :mod:`widgets.contract`.

    figure(
        [line(t, x, DATA_1), dots(t, x_tilde, MUTED)],
        axis(0, 1, "time, s"),
        axis(-2, 2, "signal"),
        labels=[label("clean", 1, x[-1], DATA_1, xanchor="left")],
    )
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from widgets.contract import DATA_1, DATA_2, FIGURE_WIDTH, INK, INK_3, PAPER, RULE
from widgets.renamed import renamed_attributes

Part: TypeAlias = dict[str, Any]
Ends: TypeAlias = Sequence[float]
"""Two numbers."""


def figure(
    traces: Sequence[Part],
    x: Part,
    y: Part,
    *,
    height: float = 320,
    left: float = 40,
    right: float = 16,
    top: float = 32,
    bottom: float = 42,
    shapes: Sequence[Part] = (),
    labels: Sequence[Part] = (),
    **layout: Any,
) -> Part:
    """A figure: traces on two axes, with shapes and labels over them.

    Parameters
    ----------
    traces : lines, dots, bars, images; the first is at the bottom
    x : horizontal axis, see :func:`axis`
    y : vertical axis; more of them as ``yaxis2=axis(...)``
    height : px, for a figure 600 px wide
    left, right : px of margin
    top : px of margin; the title of ``y`` needs 24
    bottom : px of margin; the title of ``x`` needs 36
    shapes : see :func:`segment`, :func:`square` and :func:`circle`
    labels : see :func:`label`
    layout : further keys of the figure, see docs/figures.md

    Returns
    -------
    dict, the ``figure`` of a :class:`widgets.contract.Plot`
    """
    margin = {"l": left, "r": right, "t": top, "b": bottom}
    return {
        "data": list(traces),
        "layout": {
            "width": FIGURE_WIDTH,
            "height": height,
            "margin": margin,
            "xaxis": x,
            "yaxis": y,
            "barmode": "overlay",
            "shapes": list(shapes),
            "annotations": list(labels),
            **layout,
        },
    }


def axis(low: float, high: float, title: str = "", **more: Any) -> Part:
    """A horizontal or vertical axis.

    Parameters
    ----------
    low : left or lower end, in the units of the data; of a logarithmic axis, an exponent of ten
    high : right or upper end, likewise
    title : below a horizontal axis, above a vertical one; with the unit: "time, s"
    more : further keys, see "Axes" in docs/figures.md: ``type="log"``, ``dtick=0.5``
    """
    return {"range": [low, high], **({"title": {"text": title}} if title else {}), **more}


def equal(x: Part, y: Part) -> tuple[Part, Part]:
    """The same two axes, with equal units.

    Parameters
    ----------
    x, y : see :func:`axis`

    Returns
    -------
    x, y : dict, for ``figure(traces, *equal(x, y))``
    """
    return {**x, "constrain": "domain"}, {**y, "constrain": "domain", "scaleanchor": "x"}


def line(
    x: ArrayLike, y: ArrayLike, color: str, *, width: float = 2, dash: str = "solid", **more: Any
) -> Part:
    """A line through points in order.

    Parameters
    ----------
    x, y : array of shape (n,), in units of the axes; nan in either is a gap
    color : of the palette
    width : px
    dash : "solid", "dot", "dash", "longdash" or "dashdot"
    more : further keys of a scatter, see "Traces" in docs/figures.md
    """
    style = _stroke(color, width, dash)
    return {"type": "scatter", "mode": "lines", "x": x, "y": y, "line": style, **more}


def dots(
    x: ArrayLike, y: ArrayLike, color: str, *, size: float = 6, ring: float = 0, **more: Any
) -> Part:
    """Points as discs.

    Parameters
    ----------
    x, y : array of shape (n,), in units of the axes
    color : of the palette
    size : px across
    ring : px, in the background's colour, which separates discs that overlap
    more : further keys of a scatter, see "Traces" in docs/figures.md
    """
    marker: Part = {"color": color, "size": size}
    if ring:
        marker["line"] = {"color": PAPER, "width": ring}
    return {"type": "scatter", "mode": "markers", "x": x, "y": y, "marker": marker, **more}


def bars(x: ArrayLike, y: ArrayLike, color: str, *, width: float = 0.75, **more: Any) -> Part:
    """Bars from 0 to ``y`` around each ``x``.

    Parameters
    ----------
    x, y : array of shape (n,), in units of the axes
    color : of the palette
    width : in units of the x axis
    more : further keys of a bar, see "Traces" in docs/figures.md
    """
    return {"type": "bar", "x": x, "y": y, "width": width, "marker": {"color": color}, **more}


def image(grey: NDArray[np.uint8], centre: Ends, side: float, **more: Any) -> Part:
    """A square image among the points of a plane; 0 is paper, 255 is ink.

    Parameters
    ----------
    grey : ndarray of shape (n, n), uint8
    centre : x and y of its middle
    side : its length in units of the axes
    more : further keys of a heatmap, see "Traces" in docs/figures.md
    """
    n = len(grey)
    offset = side * ((np.arange(n) + 0.5) / n - 0.5)  # centres of pixels, from the middle
    return {
        "type": "heatmap",
        "z": grey,
        "x": centre[0] + offset,
        "y": centre[1] - offset,  # the first row of pixels is the top one
        "zmin": 0,
        "zmax": 255,
        "colorscale": [[0, PAPER], [1, INK]],
        "showscale": False,
        **more,
    }


def tint(density: NDArray[np.floating[Any]], x: ArrayLike, y: ArrayLike) -> Part:
    """A density over a plane, as a tint of the paper: paper at 0, the colour of rules at 1.

    Parameters
    ----------
    density : ndarray of shape (len(y), len(x)), from 0 to 1
    x, y : array of shape (n,) each, evenly spaced centres of the cells, in units of the axes
    """
    return {
        "type": "heatmap",
        "z": density,
        "x": x,
        "y": y,
        "zmin": 0,
        "zmax": 1,
        "colorscale": [[0, PAPER], [1, RULE]],
        "showscale": False,
    }


def label(text: str, x: float, y: float, color: str = INK, **more: Any) -> Part:
    """A text at a place, 12 px high.

    Parameters
    ----------
    text : with ``<b>``, ``<i>``, ``<sub>``, ``<sup>``, ``<br>``; symbols in Unicode, no TeX
    x, y : of its anchor, in units of the axes
    color : of the palette
    more : further keys, see "Shapes and annotations" in docs/figures.md: ``xanchor="left"``
    """
    font = {"color": color, "size": 12}
    return {"x": x, "y": y, "text": text, "showarrow": False, "font": font, **more}


def segment(
    x: Ends, y: Ends, color: str, *, width: float = 1, dash: str = "solid", **more: Any
) -> Part:
    """A straight line over the traces, from ``x[0], y[0]`` to ``x[1], y[1]``.

    Parameters
    ----------
    x, y : two numbers each, in units of the axes
    color : of the palette
    width : px
    dash : as for :func:`line`
    more : further keys, see "Shapes and annotations" in docs/figures.md
    """
    return {"type": "line", **_ends(x, y), "line": _stroke(color, width, dash), **more}


def training_curves(
    curves: Sequence[Mapping[str, NDArray[Any]]],
    upper: str,
    lower: str,
    *,
    between: float,
    at: int | None = None,
    most: int | None = None,
) -> tuple[list[Part], list[Part]]:
    """Two curves of training by step, on axes one above the other: their lines and shapes.

    Parameters
    ----------
    curves : of the run, and of the run before the branch, which is dotted: a name to an ndarray of
        shape (steps,)
    upper, lower : names of the curves; the lower one is drawn on the second axes
    between : height of the rule between the axes, as a share of the figure
    at : step of the branch
    most : approximate number of points of a long line; None draws every step

    Returns
    -------
    lines, shapes : list of dict, for :func:`figure`
    """
    lines: list[Part] = []
    for dash, curve in zip(("solid", "dot"), curves, strict=False):
        t = np.arange(1, len(curve[upper]) + 1)
        every = slice(None, None, max(1, len(t) // most) if most else 1)
        style: dict[str, Any] = {"dash": dash, "width": 2 if dash == "solid" else 1.5}
        lines += [
            line(t[every], curve[upper][every], DATA_1, **style),
            line(t[every], curve[lower][every], DATA_2, xaxis="x2", yaxis="y2", **style),
        ]
    shapes = [segment((0, 1), (between, between), RULE, xref="paper", yref="paper")]
    if at is not None:
        shapes.append(segment((at, at), (0, 1), INK_3, dash="dash", yref="paper"))
    return lines, shapes


def square(
    centre: Ends, side: float, color: str, *, width: float = 1, dash: str = "solid", **more: Any
) -> Part:
    """The outline of a square around a place.

    Parameters
    ----------
    centre : x and y of its middle, in units of the axes
    side : its length, in units of the axes
    color : of the palette
    width : px
    dash : as for :func:`line`
    more : further keys, see "Shapes and annotations" in docs/figures.md
    """
    ends = _around(centre, side / 2)
    return {"type": "rect", **ends, "line": _stroke(color, width, dash), **more}


def circle(
    centre: Ends, radius: float, color: str, *, width: float = 1, dash: str = "solid", **more: Any
) -> Part:
    """The outline of a circle around a place.

    Parameters
    ----------
    centre : x and y of its middle, in units of the axes
    radius : in units of the axes
    color : of the palette
    width : px
    dash : as for :func:`line`
    more : further keys, see "Shapes and annotations" in docs/figures.md
    """
    ends = _around(centre, radius)
    return {"type": "circle", **ends, "line": _stroke(color, width, dash), **more}


def _ends(x: Ends, y: Ends) -> Part:
    return {"x0": x[0], "x1": x[1], "y0": y[0], "y1": y[1]}


def _around(centre: Ends, half: float) -> Part:
    x, y = centre
    return _ends((x - half, x + half), (y - half, y + half))


def _stroke(color: str, width: float, dash: str) -> Part:
    return {"color": color, "width": width, "dash": dash}


renamed_attributes(__name__, runs="training_curves")
