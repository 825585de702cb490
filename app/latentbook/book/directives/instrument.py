"""``instrument``: one of ``widgets.WIDGETS`` at a state of the author's choice."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import widgets
from latentbook.book.compose.blocks import ClassForm, NumberedBlock, Show
from latentbook.book.compose.compose import Composer, Directive
from latentbook.book.compose.math_words import Formula
from latentbook.book.compose.notebook import Cell, NotebookWriter
from latentbook.book.compose.pieces import ControlView, Link, PanelStill, ReadoutView, Text
from latentbook.book.compose.stills import StillError
from latentbook.book.read.nodes import DirectiveNode
from latentbook.book.read.options import Option, label, text
from latentbook.book.translations.language import message
from latentbook.errors import LatentbookError, accepted_names
from widgets.contract import ContractError, Instrument, Seed, Toggle, Value
from widgets.engine.declaration import declaration


@dataclass(frozen=True)
class InstrumentBlock(NumberedBlock):
    """An instrument at its block's own state. ``number`` is empty on the front page."""

    kind = "instrument"
    said = ("title", "challenge")
    named = "Instrument"
    seconds = 60
    name: str
    title: str
    challenge: Text
    controls: tuple[ControlView, ...]
    readouts: tuple[ReadoutView, ...]
    panels: tuple[PanelStill, ...]
    note: str
    references: tuple[Link, ...]
    hidden: frozenset[str]  # names of controls that do not count at this state
    trains: bool  # it has buttons to run and branch
    saves: bool  # it has a button to keep what was learned
    spec: str  # JSON for data-spec (escape it as any attribute)
    seeded: bool  # it has a seed at every state

    def class_forms(self, show: Show) -> tuple[ClassForm, ...]:
        """With a seed each, for a readout or a curve; or by drawing a curve of its picture."""
        called = message("Instrument")
        drawn = [panel for panel in self.panels if panel.empty]
        seeds: list[tuple[str, str, str, dict[str, int]]] = []
        if self.seeded:
            seeds += [("readout", each.key, each.label, {}) for each in self.readouts]
            seeds += [("panel", each.key, each.key, {"curve": MAX_POINTS}) for each in drawn]
        seeded = (
            ClassForm(
                form,
                called,
                {"wanted": key},
                accepts=accepts,
                wanted=f"{form}:{key}",
                name=name,
                html=True,
            )
            for form, key, name, accepts in seeds
        )
        return (
            *seeded,
            *(
                ClassForm(
                    "draw",
                    called,
                    {"pictures": panel.empty, "boxes": panel.boxes},
                    {"pictures": panel.stills},
                    {"list": {"low": 0, "high": 1}, "least": 2, "most": MAX_POINTS},
                    wanted=f"draw:{panel.key}",
                    name=panel.key,
                )
                for panel in drawn
            ),
        )


@dataclass(frozen=True)
class Words:
    """Sets the words of an instrument: a line of Markdown, and a symbol in TeX."""

    line: Callable[[str], Text]
    symbol: Callable[[str], Formula]

    def symbol_or_nothing(self, symbol: str) -> Formula | None:
        return self.symbol(symbol) if symbol else None


MAX_POINTS = 128
"""Of a curve that a class is asked for."""

WRITTEN_BEFORE = {"true": "on", "false": "off"}
"""How courses have set a toggle up to release 0.1."""

SETTING = re.compile(r"\s*([\w.]+)\s*=\s*(\([^)]*\)|[^,()]+?)\s*(?:,|$)")


def run(node: DirectiveNode, composer: Composer) -> InstrumentBlock | None:
    """The instrument at its state, with its first frame computed and drawn."""
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
        panels=stills.panels(frame, instrument.name),
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
    state = {**instrument.defaults(), **given}
    return InstrumentBlock(
        label=label,
        number=number,
        name=instrument.name,
        title=instrument.title,
        challenge=words.line(instrument.challenge),
        controls=tuple(
            ControlView(
                control,
                state[control.name],
                f"{label}-{control.name}".replace("_", "-"),
                words.symbol_or_nothing(getattr(control, "symbol", "")),
            )
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
        saves=instrument.training is not None and instrument.training.saves,
        spec=json.dumps(spec(instrument, label, given)),
        seeded=any(isinstance(each, Seed) and not each.when for each in instrument.controls),
    )


def notebook(node: DirectiveNode, writer: NotebookWriter) -> Iterator[Cell]:
    """A link to it, because it moves only in the book."""
    instrument = widgets.get(node.argument).instrument
    translate = writer.language.translate
    name = translate("Instrument %(number)s", number=writer.number(node))
    link = f"**[{name}. {instrument.title}]({writer.url(node)})**"
    moves = translate("%(instrument)s moves in the book.", instrument=link)
    yield Cell(f"{moves} {instrument.challenge}")


def spec(instrument: Instrument, label: str, given: Mapping[str, Value]) -> dict[str, Any]:
    """``data-spec``: what the scripts must know of an instrument."""
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
            if isinstance(controls[name], Toggle):
                value = WRITTEN_BEFORE.get(value, value)
            try:
                values[name] = controls[name].read(value)
            except ContractError as error:
                mistakes.append(str(error))
    if mistakes:
        raise ValueError("; ".join(mistakes))
    return values


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
