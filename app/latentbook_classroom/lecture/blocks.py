"""The questions and instruments that a class can be asked, from data that the build wrote.

Withheld and hidden content is not on the site and cannot be asked.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from latentbook.book.compose.blocks import ClassForm
from latentbook.settings import beside

LARGEST = 1e12
"""Largest number that a phone may send."""


def class_data_of(site: Path) -> Path:
    """Path of class mode's data for a site: a file next to it."""
    return beside(site, "class")


class NotAccepted(ValueError):
    """An invalid answer; the message says what is accepted."""


class Way(ClassForm):
    """One way in which a block can be asked, as the build wrote it."""

    @property
    def to_phones(self) -> bool:
        """Whether phones receive all answers. Lists are large: only the projector shows them."""
        return not self.html and not {"list", "curve"} & self.accepts.keys()

    def accept(self, value: Any) -> Any:
        return accepted(value, self.accepts)


@dataclass(frozen=True)
class Block:
    """A question or an instrument.

    Attributes
    ----------
    id : ``SLUG/NAME#LABEL``
    called : its kind, as shown to the lecturer
    title : the question, or the title of the instrument, without markup
    section : number and title of the page
    question : with markup; None for an instrument
    html : the block, with links for a page one folder below the root; empty if no way needs it
    opens : when the answer opens, as the page says it; empty if it is open
    ways : how it can be asked
    """

    id: str
    called: str
    title: str
    section: str
    question: str | None
    html: str
    opens: str
    ways: tuple[Way, ...]

    def way(self, wanted: str) -> Way:
        return {way.wanted: way for way in self.ways}[wanted]

    def shown(self, wanted: str, *, revealed: bool) -> dict[str, Any]:
        """Data for a phone or the projector.

        Once revealed, it includes the answer, or the time when that opens.
        """
        way = self.way(wanted)
        sent = {"kind": way.form, "title": self.title, "section": self.section, **way.asked}
        if self.question is not None:
            sent["question"] = self.question
        if way.html:
            sent["html"] = self.html
        if revealed:
            sent |= {"opens": self.opens} if self.opens else way.told
        return sent


def accepted(value: Any, accepts: Mapping[str, Any]) -> Any:
    """An answer as it is stored: in the form of ``ClassForm.accepts``, and never text."""
    match accepts:
        case {"count": count}:
            if not is_number(value, int) or not 0 <= value < count:
                raise NotAccepted(f"Accepted: a whole number from 0 to {count - 1}.")
            return value
        case {"list": item, "least": least, "most": most}:
            if not isinstance(value, list) or not least <= len(value) <= most:
                raise NotAccepted(f"Accepted: a list of {least} to {most}.")
            return [accepted(each, item) for each in value]
        case {"curve": most}:
            if not isinstance(value, dict) or value.keys() != {"x", "y"}:
                raise NotAccepted("Accepted: a curve, {x: […], y: […]}.")
            numbers = {"list": {}, "least": 2, "most": most}
            curve = {name: accepted(value[name], numbers) for name in ("x", "y")}
            if len(curve["x"]) != len(curve["y"]):
                raise NotAccepted(f"x has {len(curve['x'])} numbers, y has {len(curve['y'])}.")
            return curve
    low, high = accepts.get("low", -LARGEST), accepts.get("high", LARGEST)
    if not is_number(value, int | float) or not low <= value <= high:  # NaN is not between them
        raise NotAccepted(f"Accepted: a number from {low:g} to {high:g}.")
    return float(value)


def is_number(value: Any, kind: Any) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


@dataclass(frozen=True)
class ClassData:
    """The build's data for class mode; reread when the file changes."""

    path: Path

    @property
    def stamp(self) -> tuple[int, int]:
        now = self.path.stat()
        return now.st_ino, now.st_mtime_ns

    def frame(self) -> Mapping[str, Any]:
        """Data that the pages of class mode share with those of the book."""
        return _read(self.path, self.stamp)[0]

    def blocks(self) -> Mapping[str, Block]:
        return _read(self.path, self.stamp)[1]


@lru_cache(maxsize=1)
def _read(path: Path, stamp: tuple[int, int]) -> tuple[dict[str, Any], dict[str, Block]]:
    data = json.loads(path.read_text(encoding="utf-8"))
    for each in data["blocks"]:
        each["ways"] = tuple(Way(**way) for way in each["ways"])
    return data["frame"], {each["id"]: Block(**each) for each in data["blocks"]}
