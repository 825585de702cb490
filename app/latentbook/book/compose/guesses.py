"""A question that is answered by moving a line over a figure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from latentbook.book.compose.compose import Composer
from latentbook.book.compose.engine import EngineError
from latentbook.book.compose.plots import PlotError
from latentbook.book.compose.stills import NARROW
from latentbook.book.read.nodes import DirectiveNode

NARROW_RATIO = 0.7  # of a phone's picture, as in static/js/figure/draw.js
DECADES = 0.01  # step of the line where the axis is logarithmic


def guess_fields(
    sketch: DirectiveNode, id: str, options: Mapping[str, Any], composer: Composer
) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """The key of a :class:`GuessQuiz` and its own fields, or None after reporting a mistake."""

    def refused(why: str) -> None:
        composer.problems.add(sketch.line, f"the sketch {why}")

    try:
        made = composer.resources.plots.sketch(sketch.code)
    except PlotError as error:
        error.report(sketch, composer.problems)
        return None
    figure, truth, answer = made["figure"], made["truth"], made["answer"]
    draw = composer.resources.stills.draw
    try:
        asked = draw(figure, id, str(sketch.options.get("alt", "")))
        shown = draw(truth, f"{id}-truth", str(sketch.options.get("then", "")))
    except EngineError as error:
        refused(f"cannot be drawn: {error}")
        return None
    layout = figure["layout"]
    for part in ("height", "margin", "xaxis", "yaxis"):
        if layout[part] != truth["layout"][part]:
            refused(f"moves: {part!r} must be the same in 'figure' and 'truth'")
            return None
    axis = layout["xaxis"]
    if "domain" in axis or "scaleanchor" in axis or "scaleanchor" in layout["yaxis"]:
        refused("needs an x axis as wide as the figure, without domain and scaleanchor")
        return None
    low, high = map(float, axis["range"])
    log = axis.get("type") == "log"
    if log and answer <= 0:
        refused(f"has the answer {answer:g}, which a logarithmic axis cannot show")
        return None
    tolerance = options.get("tolerance")
    if log and tolerance is not None and tolerance <= 1:
        factor = f"{tolerance:g}"
        refused(f"has a logarithmic axis: its tolerance is a factor above 1; got {factor}")
        return None
    place = math.log10(answer) if log else answer
    if not low < place < high:
        refused(f"has the answer {answer:g}, which lies outside its x axis")
        return None
    step = DECADES if log else options.get("step", (high - low) / 200)
    unit = options.get("unit", "")
    key = {"answer": answer, "tolerance": tolerance, "unit": unit, "log": log}
    fields = {
        "unit": unit,
        "asked": asked,
        "truth": shown,
        "low": low,
        "high": high,
        "step": step,
        "start": low + step * round((high - low) / 2 / step),
        "at": (place - low) / (high - low),
        "insets": insets(layout),
    }
    return key, fields


def insets(layout: Mapping[str, Any]) -> str:
    """Where the plot lies in its two drawings: CSS declarations, in percent of the picture."""
    ratio = layout["height"] / layout["width"]
    sizes = {
        "wide": (layout["width"], layout["height"]),
        "narrow": (NARROW, round(NARROW * max(ratio, NARROW_RATIO))),
    }
    sides = {"l": 0, "r": 0, "t": 1, "b": 1}
    return "; ".join(
        f"--{name}-{side}: {100 * layout['margin'][side] / size[along]:.3f}%"
        for name, size in sizes.items()
        for side, along in sides.items()
    )
