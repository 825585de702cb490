"""``instrument``: one of ``widgets.WIDGETS`` at a state of the author's choice."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

import widgets
from latentbook.base.errors import Mistake, accepted_names
from latentbook.book.compose.blocks import ClassForm, NumberedBlock, Show
from latentbook.book.compose.compose import Composer, Directive
from latentbook.book.compose.math import BrokenTex
from latentbook.book.compose.math_words import Formula
from latentbook.book.compose.notebook import Cell, NotebookWriter
from latentbook.book.compose.pieces import ControlView, Link, PanelStill, ReadoutView, Text
from latentbook.book.read.nodes import DirectiveNode
from latentbook.book.read.options import QUOTED, Option, label, text
from latentbook.book.translations.language import message
from widgets.contract import ContractError, Instrument, Seed, Textbox, Toggle, Value
from widgets.engine.declaration import declaration


@dataclass(frozen=True)
class InstrumentBlock(NumberedBlock):
    """An instrument at its block's own state. ``number`` is empty on the front page."""

    kind = "instrument"
    said = ("title", "challenge")
    named = "Instrument"
    seconds = 60
    instrument: Instrument
    title: str
    challenge: Text
    controls: tuple[ControlView, ...]
    readouts: tuple[ReadoutView, ...]
    panels: tuple[PanelStill, ...]
    note: str
    references: tuple[Link, ...]
    hidden: frozenset[str]  # names of controls that do not count at this state
    spec: Markup  # JSON for data-spec, in single quotes

    def class_forms(self, show: Show) -> tuple[ClassForm, ...]:
        """Ask each phone for a readout or curve at its own seed, or for a curve that is drawn."""
        called = message("Instrument")
        drawn = [panel for panel in self.panels if panel.empty]
        forms: list[ClassForm] = []

        def ask_seeded(form: str, key: str, name: str, accepts: Mapping[str, Any]) -> None:
            wanted, asked = f"{form}:{key}", {"wanted": key}
            forms.append(ClassForm(form, called, asked, {}, accepts, wanted, name, html=True))

        seeds = (each for each in self.instrument.controls if isinstance(each, Seed))
        if any(not each.when for each in seeds):
            for readout in self.readouts:
                ask_seeded("readout", readout.key, readout.label, {})
            for panel in drawn:
                ask_seeded("panel", panel.key, panel.key, {"curve": MAX_POINTS})
        curve = {"list": {"low": 0, "high": 1}, "least": 2, "most": MAX_POINTS}
        for panel in drawn:
            asked = {"pictures": panel.empty, "boxes": panel.boxes}
            told, wanted = {"pictures": panel.stills}, f"draw:{panel.key}"
            forms.append(ClassForm("draw", called, asked, told, curve, wanted, panel.key))
        return tuple(forms)


MAX_POINTS = 128
"""Limit for the points of a curve that a class is asked for."""

WRITTEN_BEFORE = {"true": "on", "false": "off"}
"""Values of toggles in courses for release 0.1 and earlier."""

SETTING = re.compile(rf'\s*([\w.]+)\s*=\s*({QUOTED}|\([^)]*\)|[^,()\s"][^,()]*?)\s*(?:,|$)')


def run(node: DirectiveNode, composer: Composer) -> InstrumentBlock:
    if node.argument not in widgets.WIDGETS:
        names = accepted_names(node.argument, widgets.WIDGETS)
        if node.argument in composer.resources.unlisted:
            names = f'Its file is there: list it in course.toml, instruments = ["{node.argument}"]'
        raise Mistake(node.line, f"no instrument {node.argument!r}. {names}")
    stills = composer.resources.stills
    try:
        instrument = stills.instrument(node.argument)
        given = read_state(instrument, node.options.get("set", ""))
        frame = stills.frame(instrument.name, {**instrument.defaults(), **given}, node.label)
    except ValueError as error:
        raise Mistake(node.line, f"option 'set': {error}") from None

    def set_symbol(symbol: str) -> Formula:
        try:
            return composer.resources.mathematics.set(symbol, symbols=composer.symbols)
        except BrokenTex as error:
            message = f"the symbol {symbol!r}: {error.message}"
            raise stills.failed(instrument.name, message, words=symbol) from None

    return instrument_block(
        instrument,
        given,
        frame,
        label=node.label,
        number=composer.number(node),
        panels=stills.panels(frame, instrument.name),
        references=composer.cited_links(instrument.references, node.line),
        challenge=composer.inline(_challenge(node, instrument), node.line),
        set_symbol=set_symbol,
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
    challenge: Text,
    set_symbol: Callable[[str], Formula],
) -> InstrumentBlock:
    state = {**instrument.defaults(), **given}

    def formula(symbol: str) -> Formula | None:
        return set_symbol(symbol) if symbol else None

    return InstrumentBlock(
        label=label,
        number=number,
        instrument=instrument,
        title=instrument.title,
        challenge=challenge,
        controls=tuple(
            ControlView(
                control,
                state[control.name],
                f"{label}-{control.name}".replace("_", "-"),
                formula(getattr(control, "symbol", "")),
            )
            for control in instrument.controls
        ),
        readouts=tuple(
            ReadoutView(
                readout.key,
                readout.label,
                formula(readout.symbol),
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
        spec=htmlsafe_json_dumps(spec(instrument, label, given), sort_keys=False),
    )


def notebook(node: DirectiveNode, writer: NotebookWriter) -> Iterator[Cell]:
    """Write a link, because an instrument moves only in the book."""
    instrument = widgets.get(node.argument).instrument
    translate = writer.language.translate
    name = translate("Instrument %(number)s", number=writer.number(node))
    link = f"**[{name}. {instrument.title}]({writer.url(node)})**"
    moves = translate("%(instrument)s moves in the book.", instrument=link)
    yield Cell(f"{moves} {_challenge(node, instrument)}")


def _challenge(node: DirectiveNode, instrument: Instrument) -> str:
    """The author's challenge if there is one, otherwise the instrument's own."""
    own: str = node.options.get("challenge", instrument.challenge)
    return own


def spec(instrument: Instrument, label: str, given: Mapping[str, Value]) -> dict[str, Any]:
    """``data-spec``: the declaration of an instrument for the scripts."""
    return {"name": instrument.name, "label": label, **declaration(instrument), "set": dict(given)}


def read_state(instrument: Instrument, setting: str) -> dict[str, Value]:
    """Values from ``k=30, data=mnist, z=(1, -2)``.

    Raises
    ------
    ValueError
        Lists every unknown control and every value that its control does not accept.
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
                f"write 'name=value, name=value', a point as 'z=(1, -2)', a text with commas or "
                f"brackets as 'word=\"a, b\"'; "
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
            if isinstance(controls[name], Textbox) and value.startswith('"'):
                value = json.loads(value)
            try:
                values[name] = controls[name].read(value)
            except ContractError as error:
                mistakes.append(str(error))
    if mistakes:
        raise ValueError("; ".join(mistakes))
    return values


INSTRUMENT = Directive(
    name="instrument",
    argument="name of the instrument",
    options={"label": Option(label, required=True), "set": Option(text), "challenge": Option(text)},
    body="none",
    counts="instrument",
    run=run,
    notebook=notebook,
)
