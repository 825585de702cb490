"""The subset of Plotly that is drawn: its table against plotly.py, and errors for the rest."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from tests.unit.draw.drawn_figures import FIGURES, axis, heatmaps, layout
from widgets import contract

Engine = Callable[..., Any]


def base() -> dict[str, Any]:
    return {
        "data": [{"type": "scatter", "x": [0.0, 1.0], "y": [1.0, 2.0]}],
        "layout": layout(axis(0, 1, "x"), axis(0, 3)),
    }


def placed(figure: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The figure with one value changed; ``path`` is like ``data.0.line.color``."""
    figure = copy.deepcopy(figure)
    *parents, last = path.split(".")
    place: Any = figure
    for name in parents:
        place = place[int(name)] if isinstance(place, list) else place.setdefault(name, {})
    if isinstance(place, list):
        place[int(last)] = value
    elif value is None:
        del place[last]
    else:
        place[last] = value
    return figure


REFUSED = {
    "data.0.line.smoothing": (1, "data[0].line.smoothing is not drawn; accepted: color, dash, "),
    "data.0.type": ("pie", 'data[0].type is "pie"; accepted: "scatter", "bar", "heatmap"'),
    "data.0.line.color": ("#ff0000", 'data[0].line.color is "#ff0000"; accepted: a colour of the'),
    "data.0.mode": ("text", 'data[0].mode is "text"; accepted: "lines", "markers", "lines+'),
    "data.0.y": ([1.0], "data[0].y is [1]; accepted: a list of 2, as long as x"),
    "data.0.x": ("01", 'data[0].x is "01"; accepted: a list of numbers'),
    "data.0.yaxis": ("y2", 'data[0].yaxis is "y2"; accepted: "y"'),
    "data.0.fill": ("tonexty", "data[0].fill is"),
    "data.0.marker": ({"color": [1.0, 2.0]}, "data[0].marker.colorscale is missing"),
    "data.0.opacity": (True, "data[0].opacity is true; accepted: a finite number"),
    "data.0": ({"type": "bar", "x": [1.0], "y": [1.0]}, "data[0].width is missing"),
    "layout.margin": (None, "layout.margin is missing; accepted: an object with l, r, t, b"),
    "layout.margin.l": ("40", 'layout.margin.l is "40"; accepted: a finite number'),
    "layout.xaxis": (None, "layout.xaxis is missing; accepted: an object"),
    "layout.xaxis.range": ([1, 1], "layout.xaxis.range is [1, 1]; accepted: two different"),
    "layout.yaxis.range": (None, "layout.yaxis.range is missing; accepted: two different numbers"),
    "layout.xaxis.title": (
        "time",
        'layout.xaxis.title is "time"; accepted: an object with text, font',
    ),
    "layout.xaxis.tickformat": ("%Y", 'layout.xaxis.tickformat is "%Y"; accepted: a number form'),
    "layout.xaxis.ticktext": (["a"], "layout.xaxis.tickvals is missing"),
    "layout.xaxis.side": ("left", 'layout.xaxis.side is "left"; accepted: "bottom", "top"'),
    "layout.xaxis.tickfont": (
        {"size": 9},
        "layout.xaxis.tickfont.size is 9; accepted: a size of 12",
    ),
    "layout.yaxis2": ({"range": [0, 1]}, "layout.yaxis2.anchor is missing"),
    "layout.yaxis.scaleanchor": ("x", "layout.yaxis.constrain is missing"),
    "layout.template": ({}, "layout.template is not drawn; accepted: annotations, barmode, font"),
    "layout.showlegend": (True, "layout.showlegend is true; accepted: false"),
    "layout.shapes": ([{"type": "line", "x0": 0}], "layout.shapes[0].x1 is missing"),
    "layout.annotations": (
        [{"x": 0, "y": 0, "text": "<a href='x'>"}],
        "layout.annotations[0].text is \"<a href='x'>\"; accepted: text, with no other tags",
    ),
    "frames": ([], "frames is not drawn; accepted: data, layout"),
}


CHECK = "((figure) => { try { book.check(figure); return null } catch (e) { return e.message } })"


@pytest.mark.parametrize("path", REFUSED)
def test_refused(engine: Engine, path: str) -> None:
    value, message = REFUSED[path]
    assert engine(CHECK, placed(base(), path, value)).startswith(message)


@pytest.mark.parametrize("name", FIGURES)
def test_accepted(engine: Engine, name: str) -> None:
    assert engine(CHECK, FIGURES[name]()) is None


@pytest.mark.parametrize("figure", [None, 3, "figure", []])
def test_what_is_no_figure_is_refused(engine: Engine, figure: Any) -> None:
    assert "accepted: a" in engine(CHECK, figure)


def leaves(table: dict[str, Any]) -> list[str]:
    """Every key of a table; nested keys include their parents."""
    found = []
    for key, spec in table.items():
        name = key.rstrip("!")
        inner = spec[0] if isinstance(spec, list) else spec
        found += [f"{name}.{leaf}" for leaf in leaves(inner)] if isinstance(inner, dict) else [name]
    return found


@pytest.mark.parametrize("kind", ["scatter", "bar", "heatmap"])
def test_every_key_of_a_trace_is_plotlys(engine: Engine, kind: str) -> None:
    trace = go.Figure({"data": [{"type": kind}]}).data[0]
    for leaf in leaves(engine("(() => book.SUBSET)")["data"][kind]):
        assert trace[leaf.replace(".", "_")] is None or leaf == "type"


def test_every_key_of_the_layout_is_plotlys(engine: Engine) -> None:
    empty = go.Layout(shapes=[{}], annotations=[{}])
    for leaf in leaves(engine("(() => book.SUBSET)")["layout"]):
        name, _, rest = leaf.partition(".")
        part = empty[name][0][rest] if name in ("shapes", "annotations") else empty[leaf]
        assert part is None


VALUES = {
    "layout.width": (500, "layout.width is 500; accepted: 600"),
    "layout.margin.b": (
        10,
        "layout.margin.b is 10; accepted: 36 or more, which the title of xaxis",
    ),
    "layout.margin.r": (200, "layout.margin.l and .r are 240 together; accepted: 160 or less"),
    "data.0.y": (
        np.array([0.0, np.inf]),
        "data[0].y is [0, Infinity]; accepted: a list of numbers",
    ),
    "layout.yaxis": (
        {"range": [0, 1], "type": "log"},
        "data[0].y holds -1; accepted: positive numbers, as the axis is logarithmic",
    ),
    "data.0": (
        {"type": "heatmap", "z": [[1, 2, 3]], "x": [0, 1, 3], "zmin": 0, "zmax": 1}
        | {"showscale": False, "colorscale": [[0, "#ffffff"], [1, "#0a6b6b"]]},
        "data[0].x is [0, 1, 3]; accepted: evenly spaced numbers",
    ),
}


def test_a_heatmap_needs_linear_axes(engine: Engine) -> None:
    figure = placed(heatmaps(), "layout.xaxis2.type", "log")
    assert engine(CHECK, figure).startswith('layout.xaxis2.type is "log"; accepted: "linear"')


@pytest.mark.parametrize("path", VALUES)
def test_values_are_looked_at(engine: Engine, path: str) -> None:
    value, message = VALUES[path]
    figure = placed(placed(base(), "data.0.y", [-1.0, 2.0]), path, value)
    assert engine(CHECK, figure).startswith(message)


def test_palette_names_the_contracts_colours(engine: Engine) -> None:
    palette = engine("(() => book.PALETTE)")
    names = {"--surface": "PAPER"}
    for color, variable in palette.items():
        name = names.get(variable, variable.removeprefix("--").replace("-", "_").upper())
        assert getattr(contract, name) == color
    accepted = engine(CHECK, placed(base(), "data.0.line.color", "red")).partition("palette: ")[2]
    assert set(palette) == {getattr(contract, name) for name in accepted.split(", ")}
