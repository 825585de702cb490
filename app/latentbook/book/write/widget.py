"""A single instrument for a notebook: its block with the pictures embedded, without links into the
book.
"""

import base64
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from latentbook.base.cache import Cache
from latentbook.book.compose.javascript import Engine
from latentbook.book.compose.math import Mathematics, Notation
from latentbook.book.compose.math_words import Formula
from latentbook.book.compose.media import Media
from latentbook.book.compose.pieces import Html, Layout, Text
from latentbook.book.compose.prose import Surroundings, resolved
from latentbook.book.compose.stills import Stills
from latentbook.book.compose.types import Page
from latentbook.book.directives.instrument import instrument_block
from latentbook.book.read.parse import make_markdown
from latentbook.book.read.project import Project
from latentbook.book.translations.language import ENGLISH, language
from latentbook.book.write.assets import engine_script, notebook_script
from latentbook.book.write.render import TEMPLATES, template_environment
from latentbook.settings import Settings
from widgets import get
from widgets.contract import Value
from widgets.engine import host


class InstrumentMarkup:
    def __init__(self, settings: Settings) -> None:
        book = Project.open(settings)
        book.problems.raise_all()
        engine = Engine(engine_script(settings))
        self._mathematics = Mathematics(engine, Notation(book.macros()))
        cache = Cache(settings.build / "cache" / "stills")
        self._stills = Stills(ThisProcess(), engine, Inside(), book.widgets, cache)
        self._markdown = make_markdown()

    def made(
        self, name: str, state: Mapping[str, Value], given: Mapping[str, Value]
    ) -> tuple[str, dict[str, str]]:
        """The markup of an instrument at ``state``, and its readouts as text by key.

        ``given`` is the part of the state that its author has set.

        Raises
        ------
        StillError
            If the instrument fails at this state.
        """
        frame = self._stills.drawn(name, state, name)
        instrument = get(name).instrument
        block = instrument_block(
            instrument,
            given,
            frame,
            label=name,
            number="",
            panels=self._stills.panels(frame, name),
            references=(),
            challenge=self._line(instrument.challenge),
            set_symbol=self._mathematics.set,
        )
        environment = template_environment((TEMPLATES,), language(ENGLISH).translations)
        html = environment.get_template("blocks/instrument.html").render(
            block=block,
            page=Page("notebook", block.title, "", "", "", Html()),
            layout=Layout("", starts={"": ""}),
            id=str,
            interface_lang=Html(),
        )
        return html, frame["readouts"]

    def math(self, tex: str, line: int, *, display: bool = False) -> Formula:
        return self._mathematics.set(tex, display=display)

    def _line(self, text: str) -> Text:
        return resolved(self._markdown.parseInline(text), cast(Surroundings, self))


class ThisProcess:
    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return host.handle(request, lambda mime, data: None)


class Inside(Media):
    """Pictures embedded in the markup."""

    def add(self, name: str, suffix: str, data: bytes) -> str:
        return f"data:image/{suffix[1:]};base64,{base64.b64encode(data).decode()}"


@lru_cache(maxsize=1)
def installed() -> tuple[InstrumentMarkup, str]:
    """The object that makes the markup, and the script that animates it.

    Their caches are in the program's own folder, not in the notebook's.
    """
    settings = Settings()
    settings = settings.model_copy(update={"build": Path(settings.root, "build")})
    return InstrumentMarkup(settings), notebook_script(settings)
