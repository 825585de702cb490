"""Which part of Plotly's figures is drawn: the keys, and the types of their values.

``docs/figures.md`` explains the keys to authors.

``static/js/figure/subset.js`` holds the same table for the drawing; a test compares
the two.

In a table a name ending in "!" is required. A value is the name of a type, a list of the values
accepted, a table for an object, or a table in a list for a list of objects.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from widgets.contract import PALETTE

Table: TypeAlias = dict[str, Any]

FONT: Table = {"color": "color", "size": "font size"}
LINE: Table = {
    "color": "color",
    "width": "number",
    "dash": ["solid", "dot", "dash", "longdash", "dashdot"],
}
ZOOM: Table = {  # drawn by the zoomed view alone
    "name": "string",
    "hovertemplate": "string",
    "hoverinfo": "string",
    "showlegend": "boolean",
}
PLACE: Table = {"xaxis": "string", "yaxis": "string", "opacity": "number", **ZOOM}

AXIS: Table = {
    "range!": "range",
    "type": ["linear", "log"],
    "title": {"text!": "text", "font": FONT},
    "color": "color",
    "domain": "range",
    "anchor": "string",
    "side": ["left", "right", "top", "bottom"],
    "overlaying": "string",
    "scaleanchor": "string",
    "constrain": ["domain"],
    "visible": "boolean",
    "showgrid": "boolean",
    "zeroline": "boolean",
    "showline": "boolean",
    "ticks": ["", "outside"],
    "showticklabels": "boolean",
    "tickfont": FONT,
    "tickmode": ["auto", "linear", "array"],
    "tickvals": "numbers",
    "ticktext": "strings",
    "tick0": "number",
    "dtick": "number",
    "nticks": "number",
    "tickformat": "tick format",
    "ticksuffix": "string",
    "exponentformat": ["B", "power", "none"],
}

SUBSET: Table = {
    "data": {
        "scatter": {
            "type!": ["scatter"],
            "x!": "numbers",
            "y!": "numbers",
            "mode": ["lines", "markers", "lines+markers"],
            "line": {**LINE, "shape": ["linear", "hv", "vh", "hvh"]},
            "marker": {
                "color": "colors or numbers",
                "colorscale": "colorscale",
                "cmin": "number",
                "cmax": "number",
                "showscale": [False],
                "size": "number or numbers",
                "symbol": ["circle", "square"],
                "opacity": "number",
                "line": {"color": "color", "width": "number"},
            },
            "fill": ["none", "tozeroy", "tonexty", "toself"],
            "fillcolor": "color",
            "cliponaxis": "boolean",
            **PLACE,
        },
        "bar": {
            "type!": ["bar"],
            "x!": "numbers",
            "y!": "numbers",
            "width!": "number or numbers",
            "base": "number or numbers",
            "orientation": ["v", "h"],
            "marker": {"color": "colors"},
            "cliponaxis": "boolean",
            **PLACE,
        },
        "heatmap": {
            "type!": ["heatmap"],
            "z!": "rows",
            "zmin!": "number",
            "zmax!": "number",
            "colorscale!": "colorscale",
            "showscale!": [False],
            "x": "numbers",
            "y": "numbers",
            **PLACE,
        },
    },
    "layout": {
        "width!": "number",
        "height!": "number",
        "margin!": {"l!": "number", "r!": "number", "t!": "number", "b!": "number"},
        "xaxis!": AXIS,
        "yaxis!": AXIS,
        "shapes": [
            {
                "type!": ["line", "rect", "circle", "path"],
                "x0": "number",
                "x1": "number",
                "y0": "number",
                "y1": "number",
                "path": "path",
                "xref": "string",
                "yref": "string",
                "line": LINE,
                "fillcolor": "color",
                "opacity": "number",
                "layer": ["above", "below"],
            },
        ],
        "annotations": [
            {
                "x!": "number",
                "y!": "number",
                "text!": "text",
                "xref": "string",
                "yref": "string",
                "showarrow": "boolean",
                "ax": "number",
                "ay": "number",
                "arrowcolor": "color",
                "arrowwidth": "number",
                "arrowhead": [0, 1],
                "xanchor": ["auto", "left", "center", "right"],
                "yanchor": ["auto", "top", "middle", "bottom"],
                "xshift": "number",
                "yshift": "number",
                "font": FONT,
                "bgcolor": "color",
            },
        ],
        "font": {"size": "font size"},
        "barmode": ["overlay"],
        "showlegend": [False],
        "hovermode": ["closest", "x", "y", "x unified", "y unified", False],
    },
}

FONT_SIZE = 12
TICKFORMAT = re.compile(r"(\+)?(,)?(?:\.(\d+))?(~)?([defg%])?")
MARKUP = re.compile(r"<(/?)(b|i|sub|sup)>|<br>")
LEFTOVER_MARKUP = re.compile(r"</?[a-z]", re.IGNORECASE)
PATH = re.compile(r"\s*(M[^MLHVQCSTZ]+)([LHVQCSTM][^MLHVQCSTZ]+|Z\s*)*")


def is_list(value: Any) -> bool:
    """Whether it is a list, a tuple or an array."""
    return isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.ndim > 0)


def is_number(value: Any) -> bool:
    """Whether it is a finite number, and no bool."""
    return (
        isinstance(value, int | float | np.integer | np.floating)
        and not isinstance(value, bool)
        and bool(np.isfinite(value))
    )


def is_numbers(value: Any) -> bool:
    """Whether it is a list of numbers; None and nan are gaps, infinities are refused."""
    if not is_list(value):
        return False
    try:
        numbers = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        return False
    texts = isinstance(value, list | tuple) and any(isinstance(item, str) for item in value)
    return numbers.ndim == 1 and not texts and not np.isinf(numbers).any()


def is_rows(value: Any) -> bool:
    """Whether it is a list of rows of numbers."""
    return is_list(value) and len(value) > 0 and all(is_numbers(row) for row in value)


def is_color(value: Any) -> bool:
    """Whether it is one of the palette."""
    return isinstance(value, str) and value.lower() in PALETTE


def is_colors(value: Any) -> bool:
    """Whether it is a colour of the palette or a list of them."""
    return is_color(value) or (is_list(value) and all(is_color(item) for item in value))


def is_range(value: Any) -> bool:
    """Whether it is two different numbers."""
    return (
        is_list(value) and len(value) == 2 and all(map(is_number, value)) and value[0] != value[1]
    )


def is_scale(value: Any) -> bool:
    """Whether it is a colour scale: stops from 0 to 1."""
    if not is_list(value) or len(value) < 2:
        return False
    if not all(is_list(stop) and len(stop) == 2 and is_color(stop[1]) for stop in value):
        return False
    places = [stop[0] for stop in value]
    return places[0] == 0 and places[-1] == 1 and all(a < b for a, b in pairwise(places))


def is_text(value: Any) -> bool:
    """Whether it is text with no other tags than those that are drawn."""
    return isinstance(value, str) and not LEFTOVER_MARKUP.search(MARKUP.sub("", value))


A_COLOR = (
    "a colour of the palette: INK, INK_2, INK_3, RULE, MUTED, PAPER, ACCENT, DATA_1, DATA_2, "
    "DATA_2_TEXT, WARNING"
)

TYPES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "number": ("a finite number", is_number),
    "font size": ("a size of 12 px or more", lambda v: is_number(v) and v >= FONT_SIZE),
    "boolean": ("true or false", lambda v: isinstance(v, bool | np.bool_)),
    "string": ("text", lambda v: isinstance(v, str)),
    "text": ("text, with no other tags than <b>, <i>, <sub>, <sup>, <br>", is_text),
    "strings": ("a list of texts", is_list),
    "numbers": ("a list of numbers", is_numbers),
    "number or numbers": (
        "a number or a list of numbers",
        lambda v: is_number(v) or is_numbers(v),
    ),
    "rows": ("a list of rows of numbers", is_rows),
    "range": ("two different numbers", is_range),
    "color": (A_COLOR, is_color),
    "colors": (f"{A_COLOR}; or a list of them", is_colors),
    "colors or numbers": (
        f"{A_COLOR}; a list of them; or a list of numbers",
        lambda v: is_colors(v) or is_numbers(v),
    ),
    "colorscale": ("two or more stops [place, colour of the palette], from 0 up to 1", is_scale),
    "tick format": (
        "a number format such as .2f, .0%, d or .3~g",
        lambda v: isinstance(v, str) and TICKFORMAT.fullmatch(v) is not None,
    ),
    "path": (
        "an SVG path of M, L, H, V, Q, C, S, T and Z",
        lambda v: isinstance(v, str) and PATH.fullmatch(v) is not None,
    ),
}
"""Type -> what is accepted, in words, and the test."""
