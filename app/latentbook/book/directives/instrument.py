"""``instrument``: one of ``widgets.WIDGETS`` at a state of the author's choice."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import widgets
from latentbook.book.compose.blocks import InstrumentBlock
from latentbook.book.compose.compose import Composer
from latentbook.book.compose.stills import StillError
from latentbook.book.directives.directive import Directive
from latentbook.book.directives.notebook import Cell, NotebookWriter
from latentbook.book.pieces import (
    ChoiceView,
    ControlView,
    DrawingView,
    Html,
    Link,
    OptionView,
    PanelStill,
    PointView,
    ReadoutView,
    SeedView,
    SliderView,
    ToggleView,
    ViewportView,
)
from latentbook.book.read.nodes import DirectiveNode
from latentbook.book.read.options import Option, label, number, text
from latentbook.errors import LatentbookError, accepted_names
from widgets.contract import (
    Choice,
    ContractError,
    Control,
    Drawing,
    Instrument,
    Point,
    Seed,
    Slider,
    Toggle,
    Value,
    Viewport,
)
from widgets.engine.controls import accept
from widgets.engine.declaration import declaration


@dataclass(frozen=True)
class Words:
    """Sets what an instrument says: a line of Markdown, and a symbol in TeX."""

    line: Callable[[str], Html]
    symbol: Callable[[str], Html]

    def symbol_or_nothing(self, symbol: str) -> Html:
        """A symbol, where there is one."""
        return self.symbol(symbol) if symbol else Html()


SETTING = re.compile(r"\s*([\w.]+)\s*=\s*(\([^)]*\)|[^,()]+?)\s*(?:,|$)")


def run(node: DirectiveNode, composer: Composer) -> InstrumentBlock | None:
    """The instrument at the state that is set, with its first frame computed and drawn."""
    if node.argument not in widgets.WIDGETS:
        names = accepted_names(node.argument, widgets.WIDGETS)
        composer.problems.add(node.line, f"no instrument {node.argument!r}. {names}")
        return None
    stills = composer.resources.stills
    try:
        instrument = stills.instrument(node.argument)
    except StillError as error:
        composer.problems.add(node.line, str(error))
        return None
    try:
        given = read_state(instrument, node.options.get("set", ""))
    except ValueError as error:
        composer.problems.add(node.line, f"option 'set': {error}")
        return None
    state = {**instrument.defaults(), **given}
    try:
        frame = stills.frame(instrument.name, state, node.label)
    except (StillError, LatentbookError) as error:
        composer.problems.add(node.line, str(error))
        return None
    references = (composer.cite(key, node.line) for key in instrument.references)
    return instrument_block(
        instrument,
        given,
        frame,
        label=node.label,
        number=composer.number(node),
        panels=stills.panels(frame, instrument.name, composer.root),
        references=tuple(link for link in references if link is not None),
        words=Words(
            lambda line: composer.inline(line, node.line),
            lambda symbol: composer.math(symbol, node.line),
        ),
    )


def instrument_block(
    instrument: Instrument,
    given: Mapping[str, Value],
    frame: Mapping[str, Any],
    *,
    label: str,
    number: str,
    panels: tuple[PanelStill, ...],
    references: tuple[Link, ...],
    words: Words,
) -> InstrumentBlock:
    """An instrument at the state that is ``given``, with its ``frame`` there."""
    state = {**instrument.defaults(), **given}
    return InstrumentBlock(
        label=label,
        number=number,
        name=instrument.name,
        title=instrument.title,
        ask=words.line(instrument.ask),
        controls=tuple(
            control_view(control, state[control.name], label, words)
            for control in instrument.controls
        ),
        readouts=tuple(
            ReadoutView(
                readout.key,
                readout.label,
                words.symbol_or_nothing(readout.symbol),
                readout.unit,
                frame["readouts"][readout.key],
            )
            for readout in instrument.readouts
        ),
        panels=panels,
        note=frame["note"],
        references=references,
        hidden=frozenset(
            control.name
            for control in instrument.controls
            if control.when is not None and state[control.when[0]] not in control.when[1:]
        ),
        trains=instrument.training is not None,
        keeps=instrument.training is not None and instrument.training.keeps,
        spec=json.dumps(spec(instrument, label, given)),
    )


def notebook(node: DirectiveNode, writer: NotebookWriter) -> Iterator[Cell]:
    """A link to it: it moves in the book alone."""
    instrument = widgets.get(node.argument).instrument
    translate = writer.language.translate
    name = translate("Instrument %(number)s", number=writer.number(node))
    link = f"**[{name}. {instrument.title}]({writer.url(node)})**"
    moves = translate("%(instrument)s moves in the book.", instrument=link)
    yield Cell(f"{moves} {instrument.ask}")


def spec(instrument: Instrument, label: str, given: Mapping[str, Value]) -> dict[str, Any]:
    """What the scripts must know of an instrument: ``data-spec``."""
    return {
        "name": instrument.name,
        "label": label,
        **declaration(instrument),
        "set": dict(given),
    }


def read_state(instrument: Instrument, setting: str) -> dict[str, Value]:
    """Values from ``k=30, data=mnist, z=(1, -2)``.

    Raises
    ------
    ValueError
        With every control that is unknown and every value that one cannot take; says which are.
    """
    controls = {control.name: control for control in instrument.controls}
    values: dict[str, Value] = {}
    given: set[str] = set()
    mistakes: list[str] = []
    position = 0
    while position < len(setting):
        match = SETTING.match(setting, position)
        if match is None:
            mistakes.append(
                f"write 'name=value, name=value', a point as 'z=(1, -2)'; "
                f"got {setting[position:].strip()!r}"
            )
            break
        name, value = match[1], match[2].strip()
        position = match.end()
        if name not in controls:
            names = accepted_names(name, controls)
            mistakes.append(f"{instrument.name} has no control {name!r}. {names}")
        elif name in given:
            mistakes.append(f"{name} is given twice")
        else:
            given.add(name)
            try:
                values[name] = read_value(controls[name], value)
            except ValueError as error:
                mistakes.append(str(error))
    if mistakes:
        raise ValueError("; ".join(mistakes))
    return values


def read_value(control: Control, value: str) -> Value:
    """One control's value from its text."""
    match control:
        case Choice(options=options):
            if value not in options:
                names = accepted_names(value, options)
                raise ValueError(f"{control.name}={value} is not an option. {names}")
            return value
        case Toggle():
            if value not in ("true", "false"):
                raise ValueError(f"{control.name}={value} must be true or false")
            return value == "true"
        case Point(limit=limit):
            parts = value.strip("()").split(",")
            if len(parts) != 2:
                raise ValueError(f"{control.name}={value} must be two numbers: (1, -2)")
            x, y = (_number(control, part.strip()) for part in parts)
            if max(abs(x), abs(y)) > limit:
                raise ValueError(
                    f"{control.name}={value} lies outside: accepted is up to {limit:g} "
                    "in either direction"
                )
            return x, y
        case Viewport():
            parts = value.strip("()").split(",")
            if len(parts) != 3:
                raise ValueError(f"{control.name}={value} must be three numbers: (1, -2, 4)")
            x, y, zoom = (_number(control, part.strip()) for part in parts)
            _check(control, (x, y, zoom))
            return x, y, zoom
        case Drawing():
            _check(control, value)
            return value
        case Seed(max=last):
            seed = _number(control, value)
            if seed != int(seed) or not 0 <= seed <= last:
                raise ValueError(f"{control.name}={value} must be a whole number from 0 to {last}")
            return int(seed)
        case Slider():
            return _step(control, _number(control, value))


def _check(control: Control, value: Value) -> None:
    """Check that the instrument takes a value."""
    try:
        accept(control, value)
    except ContractError as error:
        raise ValueError(str(error)) from None


def _number(control: Control, value: str) -> float:
    try:
        return number(value)
    except ValueError:
        raise ValueError(f"{control.name}={value} must be a number") from None


def _step(slider: Slider, value: float) -> float:
    """The step of a slider that a value is."""
    steps = slider.steps()
    nearest = min(steps, key=lambda step: abs(step - value))
    if abs(nearest - value) > 1e-9 * max(1.0, abs(value)):
        accepted = (
            ", ".join(f"{step:g}" for step in slider.values)
            if slider.values
            else f"{slider.min:g} to {slider.max:g} in steps of {slider.step:g}"
        )
        raise ValueError(f"{slider.name}={value:g} is not accepted. Accepted: {accepted}.")
    return nearest


def control_view(control: Control, value: Value, label: str, words: Words) -> ControlView:
    """A control as its template receives it."""
    id = f"{label}-{control.name}".replace("_", "-")
    match control:
        case Choice():
            symbol = words.symbol_or_nothing(control.symbol)
            options = tuple(
                OptionView(key, words, key == value) for key, words in control.options.items()
            )
            return ChoiceView(
                id,
                control.name,
                control.label,
                symbol,
                options,
                control.kept,
                control.plays > 0,
            )
        case Toggle():
            symbol = words.symbol_or_nothing(control.symbol)
            return ToggleView(id, control.name, control.label, symbol, bool(value))
        case Point():
            assert isinstance(value, tuple)
            return PointView(
                id,
                control.name,
                control.label,
                words.symbol_or_nothing(control.symbol),
                x=f"{value[0]:g}",
                y=f"{value[1]:g}",
            )
        case Viewport():
            assert isinstance(value, tuple) and len(value) == 3
            x, y, zoom = (f"{number:.10g}" for number in value)
            return ViewportView(
                id,
                control.name,
                control.label,
                words.symbol_or_nothing(control.symbol),
                x,
                y,
                zoom,
            )
        case Drawing():
            return DrawingView(id, control.name, control.label, control.cells)
        case Seed():
            return SeedView(id, control.name, control.label, str(value))
        case Slider():
            assert isinstance(value, int | float)
            return _slider_view(control, value, id, words.symbol_or_nothing(control.symbol))


def _slider_view(slider: Slider, value: float, id: str, symbol: Html) -> SliderView:
    steps = slider.steps()
    low, high = steps[0], steps[-1]
    if slider.values:
        nearest = min(range(len(steps)), key=lambda i: abs(steps[i] - value))
        ranged = (str(nearest), "0", str(len(steps) - 1), "1")
    else:
        ranged = (f"{value:g}", f"{low:g}", f"{high:g}", f"{slider.step:g}")
    return SliderView(
        id,
        slider.name,
        slider.label,
        symbol,
        slider.unit,
        f"{value:g}",
        format(value, slider.format),
        format(low, slider.format),
        format(high, slider.format),
        *ranged,
    )


INSTRUMENT = Directive(
    name="instrument",
    doc="An instrument from widgets/, at the state given.",
    argument="name of the instrument",
    argument_required=True,
    options={"label": Option(label, required=True), "set": Option(text)},
    body="none",
    counts="instrument",
    run=run,
    notebook=notebook,
)
