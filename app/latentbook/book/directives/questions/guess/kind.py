"""``guess``: a line to move over a figure, which then shows the computed value."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from latentbook.base.errors import Mistake
from latentbook.book.compose.blocks import ClassForm, Show
from latentbook.book.compose.compose import Composer
from latentbook.book.compose.javascript import EngineError
from latentbook.book.compose.pieces import Html, Public
from latentbook.book.compose.question import Part, Question, QuestionKind, shared
from latentbook.book.compose.stills import NARROW
from latentbook.book.directives.questions.guess.answers import GuessAnswers
from latentbook.book.read.nodes import DirectiveNode
from latentbook.book.read.options import Option, positive, text
from latentbook.book.read.python import validate
from latentbook.book.translations.language import message

NARROW_RATIO = 0.7  # of a phone's picture, as in static/js/figure/draw.js
DECADES = 0.01  # step of the line if the axis is logarithmic


@dataclass(frozen=True)
class GuessQuestion(Question):
    """key: {"answer", "tolerance", "unit", "log"}, in units of the horizontal axis.

    Attributes
    ----------
    log : whether that axis is logarithmic
    asked, truth : drawings before and after the reader commits, wide and narrow
    low, high, step, start : of the line to be moved; in decades if the axis is logarithmic
    insets : margins of the plot in its pictures, as CSS declarations
    """

    kind = "guess"
    unit: Public[str]
    log: Public[bool]
    asked: Public[tuple[Html, ...]]
    truth: tuple[Html, ...]
    low: Public[float]
    high: Public[float]
    step: Public[float]
    start: Public[float]
    at: float  # place of the right answer, as a share of the axis
    insets: Public[str]

    @property
    def judged_with(self) -> Mapping[str, Any]:
        return {"step": f"{self.step:g}"}

    def class_forms(self, show: Show) -> tuple[ClassForm, ...]:
        """Ask for a place on the axis; then show the figure with the computed value."""
        asked = {name: getattr(self, name) for name in ("unit", "log", "step", "insets")}
        ends = {"low": self.low, "high": self.high}
        asked |= {**ends, "picture": "".join(self.asked)}
        told = {"answer": self.key.get("answer"), "picture": "".join(self.truth)}
        return (ClassForm("guess", message("Guess"), asked, told, ends),)


def build(node: DirectiveNode, options: dict[str, Any], composer: Composer) -> GuessQuestion:
    sketches = node.parts("sketch")
    if len(sketches) != 1:
        raise Mistake(node.line, f"a guess question needs one sketch; got {len(sketches)}")
    sketch = sketches[0]
    try:
        key, fields = _fields(sketch, composer.id_of(node), options, composer)
    except ValueError as error:
        raise Mistake(sketch.line, f"the sketch {error}") from None
    return GuessQuestion(**shared(node, composer, node.text, key), **fields)


def _fields(
    sketch: DirectiveNode, id: str, options: Mapping[str, Any], composer: Composer
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The key of a question and its own fields; ValueError describes a fault of the sketch."""
    made = composer.resources.plots.sketch(sketch)
    figure, truth, answer = made["figure"], made["truth"], made["answer"]
    draw = composer.resources.stills.draw
    alt, revealed = (
        composer.plain(str(sketch.options.get(name, "")), sketch.line)
        for name in ("alt", "alt-revealed")
    )
    try:
        asked, shown = draw(figure, id, alt), draw(truth, f"{id}-truth", revealed)
    except EngineError as error:
        raise ValueError(f"cannot be drawn: {error}") from None
    layout = figure["layout"]
    for part in ("height", "margin", "xaxis", "yaxis"):
        if layout[part] != truth["layout"][part]:
            raise ValueError(f"moves: {part!r} must be the same in 'figure' and 'truth'")
    axis = layout["xaxis"]
    if "domain" in axis or "scaleanchor" in axis or "scaleanchor" in layout["yaxis"]:
        raise ValueError("needs an x axis as wide as the figure, without domain and scaleanchor")
    low, high = map(float, axis["range"])
    log = axis.get("type") == "log"
    if log and answer <= 0:
        raise ValueError(f"has the answer {answer:g}, which a logarithmic axis cannot show")
    tolerance = options.get("tolerance")
    if log and tolerance is not None and tolerance <= 1:
        why = "has a logarithmic axis: its tolerance is a factor above 1"
        raise ValueError(f"{why}; got {tolerance:g}")
    place = math.log10(answer) if log else answer
    if not low < place < high:
        raise ValueError(f"has the answer {answer:g}, which is outside its x axis")
    step = DECADES if log else options.get("step", (high - low) / 200)
    unit = options.get("unit", "")
    key = {"answer": answer, "tolerance": tolerance, "unit": unit, "log": log}
    fields = {
        "unit": unit,
        "log": log,
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
    """The plot area of both drawings as CSS declarations, in percent of the picture."""
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


SKETCH = Part(
    name="sketch",
    argument="python",
    options={"alt": Option(text, required=True), "alt-revealed": Option(text, required=True)},
    body="code",
    drawn=True,
    in_answer=True,
    validate=validate,
)
GUESS = QuestionKind(
    GuessQuestion,
    build,
    {"tolerance": Option(positive, required=True), "step": Option(positive), "unit": Option(text)},
    public=("step", "unit"),
    parts=(SKETCH,),
    answers=GuessAnswers(),
)
