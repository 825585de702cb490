"""Figures of every kind the book draws, written as an author would write them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from widgets.contract import (
    ACCENT,
    DATA_1,
    DATA_2,
    DATA_2_TEXT,
    INK,
    INK_2,
    INK_3,
    MUTED,
    PAPER,
    RULE,
    WARNING,
)

Figure = dict[str, Any]

MARGIN = {"l": 40, "r": 40, "t": 32, "b": 44}


def plain(value: Any) -> Any:
    """A figure in types that JSON has."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def layout(x: Figure, y: Figure, **more: Any) -> Figure:
    """A layout of the nominal size with the given axes."""
    return {
        "width": 600,
        "height": 300,
        "margin": MARGIN,
        "showlegend": False,
        "xaxis": x,
        "yaxis": y,
        **more,
    }


def axis(low: float, high: float, title: str = "", **more: Any) -> Figure:
    """An axis with a range and, if there is one, a title."""
    return {"range": [low, high], **({"title": {"text": title}} if title else {}), **more}


def spectrum(k: int = 30) -> Figure:
    """Bars kept and dropped, a curve on a second axis, a marker line and a label."""
    index = np.arange(1, 65)
    share = 10 * 0.9 ** (index - 1)
    kept = 100 * np.cumsum(share) / share.sum()
    colors = [DATA_1 if i <= k else MUTED for i in index]
    return {
        "data": [
            {"type": "bar", "x": index, "y": share, "width": 0.75, "marker": {"color": colors}},
            {"type": "scatter", "mode": "lines", "x": index, "y": kept, "yaxis": "y2"}
            | {"line": {"color": DATA_2, "width": 2}},
            {"type": "scatter", "mode": "markers", "x": [k], "y": [kept[k - 1]], "yaxis": "y2"}
            | {"marker": {"color": DATA_2, "size": 8, "line": {"color": PAPER, "width": 2}}},
        ],
        "layout": layout(
            axis(0, 65, "component", tickvals=[1, 16, 32, 48, 64]),
            axis(0, 10, "by this component, %", color=DATA_1, dtick=2.5),
            yaxis2=axis(0, 100, "kept so far, %", color=DATA_2_TEXT, dtick=25)
            | {"overlaying": "y", "side": "right"},
            shapes=[
                {"type": "line", "x0": k + 0.5, "x1": k + 0.5, "y0": 0, "y1": 1}
                | {"yref": "paper", "line": {"color": INK_2, "width": 1, "dash": "dot"}}
            ],
            annotations=[
                {"x": k, "y": kept[k - 1], "yref": "y2", "text": f"<b>{kept[k - 1]:.1f} % kept</b>"}
                | {"showarrow": False, "xanchor": "left", "yanchor": "top", "xshift": 8}
            ],
        ),
    }


def cloud(angle: float = 0.5) -> Figure:
    """Points, two lines, an ellipse, and equally many pixels per unit on both axes."""
    rng = np.random.default_rng(7)
    c, s = np.cos(angle), np.sin(angle)
    points = rng.normal(size=(600, 2)) * [2, 0.6] @ np.array([[c, s], [-s, c]])
    square = {"scaleanchor": "x", "constrain": "domain"}
    return {
        "data": [
            {"type": "scatter", "mode": "markers", "x": points[:, 0], "y": points[:, 1]}
            | {"marker": {"color": DATA_1, "size": 4, "opacity": 0.6}},
            {"type": "scatter", "mode": "lines", "x": [-4 * c, 4 * c], "y": [-4 * s, 4 * s]}
            | {"line": {"color": DATA_2, "width": 2}},
            {"type": "scatter", "mode": "lines", "x": [s, -s], "y": [-c, c]}
            | {"line": {"color": INK, "dash": "dash"}},
        ],
        "layout": layout(
            axis(-6, 6, "first coordinate", constrain="domain"),
            axis(-3, 3, "second coordinate", zeroline=True) | square,
            shapes=[
                {"type": "circle", "x0": -1, "x1": 1, "y0": -1, "y1": 1, "line": {"color": INK_3}}
            ],
            annotations=[
                {"x": 4 * c, "y": 4 * s, "text": "first direction", "ax": -60, "ay": -10}
                | {"font": {"color": DATA_2_TEXT}, "bgcolor": PAPER},
                {"x": 1, "y": 1, "xref": "paper", "yref": "paper", "showarrow": False}
                | {"text": f"angle {np.degrees(angle):.0f}°"},
            ],
        ),
    }


def signal() -> Figure:
    """Three long lines, one with a gap, and a band between two of them."""
    x = np.linspace(0, 1, 256)
    clean = np.sin(12 * x) + 0.5 * np.sin(31 * x)
    noisy = clean + 0.2 * np.cos(200 * x)
    noisy[100:120] = np.nan
    return {
        "data": [
            {"type": "scatter", "x": x, "y": clean - 0.3, "line": {"color": DATA_1, "width": 1}},
            {"type": "scatter", "x": x, "y": clean + 0.3, "line": {"color": DATA_1, "width": 1}}
            | {"fill": "tonexty"},
            {"type": "scatter", "x": x, "y": noisy, "line": {"color": DATA_2, "width": 1.5}},
        ],
        "layout": layout(axis(0, 1, "time, s"), axis(-2.5, 2.5, "signal")),
    }


def heatmaps() -> Figure:
    """Two heatmaps side by side, the second upside down and diverging."""
    i, j = np.mgrid[0:12, 0:16]
    hill = np.exp(-((i - 6) ** 2 + (j - 8) ** 2) / 20)
    wave = np.sin(i / 2) * np.cos(j / 3)
    scale = {"showscale": False, "colorscale": [[0, PAPER], [1, DATA_1]]}
    diverging = {"showscale": False, "colorscale": [[0, DATA_2], [0.5, PAPER], [1, DATA_1]]}
    plain = {"showgrid": False, "showticklabels": False}
    return {
        "data": [
            {"type": "heatmap", "z": hill, "zmin": 0, "zmax": 1, **scale},
            {"type": "heatmap", "z": wave, "zmin": -1, "zmax": 1, "xaxis": "x2", "yaxis": "y2"}
            | diverging,
        ],
        "layout": layout(
            axis(-0.5, 15.5, "input", domain=[0, 0.46], **plain),
            axis(-0.5, 11.5, **plain),
            xaxis2=axis(-0.5, 15.5, "output", domain=[0.54, 1], anchor="y2", **plain),
            yaxis2=axis(11.5, -0.5, anchor="x2", **plain),
        ),
    }


def losses() -> Figure:
    """Both axes logarithmic, a staircase, and a band below a limit."""
    steps = np.arange(1, 2001)
    return {
        "data": [
            {"type": "scatter", "x": steps, "y": 3 * steps**-0.7 + 0.02, "fill": "tozeroy"},
            {"type": "scatter", "x": [1, 10, 100, 1000], "y": [2, 0.5, 0.1, 0.03]}
            | {"mode": "lines+markers", "line": {"shape": "hv"}, "marker": {"symbol": "square"}},
        ],
        "layout": layout(
            axis(0, 3.4, "step", type="log"),
            axis(-2, 1, "loss", type="log"),
            shapes=[
                {"type": "rect", "x0": 1, "x1": 2500, "y0": 0.01, "y1": 0.02}
                | {"fillcolor": RULE, "line": {"width": 0}, "layer": "below"}
            ],
            annotations=[{"x": 2, "y": -0.5, "text": "100 steps", "showarrow": False}],
        ),
    }


def arrows() -> Figure:
    """A field of arrows as one broken line, and a path."""
    u, v = np.meshgrid(np.linspace(-3, 3, 16), np.linspace(-3, 3, 10))
    u, v = u.ravel(), v.ravel()
    p, q = -0.1 * v, 0.1 * u
    gap = np.full_like(u, np.nan)
    return {
        "data": [
            {"type": "scatter", "mode": "lines", "line": {"color": ACCENT, "width": 1.2}}
            | {
                "x": np.column_stack([u, u + p, gap]).ravel(),
                "y": np.column_stack([v, v + q, gap]).ravel(),
            }
        ],
        "layout": layout(
            axis(-3.4, 3.4, "<i>z</i><sub>1</sub>", showline=True, ticks="outside"),
            axis(-3.4, 3.4, "<i>z</i><sub>2</sub>"),
            shapes=[{"type": "path", "path": "M -1,-1 L 1,-1 Q 2,0 1,1 H -1 Z"}],
        ),
    }


def factors() -> Figure:
    """Points coloured and sized by numbers."""
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(2, 200))
    return {
        "data": [
            {"type": "scatter", "mode": "markers", "x": x, "y": y}
            | {
                "marker": {
                    "color": x + y,
                    "cmin": -3,
                    "cmax": 3,
                    "colorscale": [[0, DATA_2], [0.5, RULE], [1, DATA_1]],
                    "size": np.where(x > 0, 8.0, 5.0),
                }
            }
        ],
        "layout": layout(axis(-3, 3), axis(-3, 3)),
    }


def lying_bars() -> Figure:
    """Horizontal bars with named ticks, and two overlaid traces."""
    names = ["pixels", "PCA", "autoencoder", "VAE"]
    place = [0, 1, 2, 3]
    return {
        "data": [
            {"type": "bar", "orientation": "h", "x": [0.92, 0.91, 0.95, 0.94], "y": place}
            | {"width": 0.6, "marker": {"color": MUTED}},
            {"type": "bar", "orientation": "h", "x": [0.9, 0.85, 0.93, 0.9], "y": place}
            | {"width": 0.3, "marker": {"color": [DATA_1, DATA_1, WARNING, DATA_1]}},
        ],
        "layout": layout(
            axis(0, 1, "accuracy", tickformat=".0%", showgrid=True),
            axis(3.5, -0.5, tickvals=place, ticktext=names, showgrid=False),
            barmode="overlay",
            margin={"l": 96, "r": 24, "t": 16, "b": 44},
        ),
    }


FIGURES = {
    "spectrum": spectrum,
    "cloud": cloud,
    "signal": signal,
    "heatmaps": heatmaps,
    "losses": losses,
    "arrows": arrows,
    "factors": factors,
    "lying_bars": lying_bars,
}
