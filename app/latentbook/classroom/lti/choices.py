"""What of the book a platform's course can have a link to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from latentbook.lecture.blocks import ClassData
from latentbook.settings import class_data_of

PAGES, BLOCKS = ("Chapter", "Section"), ("Instrument", "Question", "Problem")


@dataclass(frozen=True)
class Choice:
    """Something of the book that a link can open. ``points`` only of an assignment."""

    place: str
    kind: str
    title: str
    text: str = ""
    points: float | None = None

    @property
    def is_framed(self) -> bool:
        return self.kind in BLOCKS


def choices(site: Path) -> list[Choice]:
    """Pages of the book in order, each followed by what can be shown by itself."""
    found = []
    # A site also has the index of the edition before, for pages that are open.
    index = ClassData(class_data_of(site)).frame()["config"]["search"]
    for each in json.loads((site / index).read_text(encoding="utf-8")):
        kind, (page, _, label) = each["kind"], each["url"].partition("#")
        if kind in PAGES:
            found.append(Choice(page, kind, f"{each['number']} {each['title']}"))
        elif kind in BLOCKS:
            found.append(Choice(f"embed/{label}/", kind, each["title"], each["text"][:80]))
    return found
