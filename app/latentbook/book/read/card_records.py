"""``content/SLUG/cards.json``: hash, edition and last change of each recall card."""

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from latentbook.base.datafile import Json, write_json
from latentbook.base.errors import FileProblems
from latentbook.base.files import Files
from latentbook.base.hashing import content_hash
from latentbook.book.read.nodes import DirectiveNode, EquationNode, TextNode

CARDS = "cards.json"
BOOK_CARDS = "book-cards.json"
"""In a course: records of the book's chapter, next to the course's own."""


class CardRecord(BaseModel):
    """``source`` is the hash of its question and answer, ``changed`` the day it was recorded."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    source: str
    edition: int
    changed: date


def edition_of(card: DirectiveNode) -> int:
    return int(card.options.get("edition", 1))


def card_hash(card: DirectiveNode) -> str:
    """Hash a card's question and answer, but not its options."""
    parts = [card.argument]
    for node in card.nodes:
        match node:
            case TextNode():
                parts.append(node.source)
            case EquationNode():
                parts.append(node.tex)
    return content_hash(*parts, length=16)


def updated(
    records: Mapping[str, CardRecord], cards: Iterable[DirectiveNode], today: date
) -> dict[str, CardRecord]:
    """Return a record of each card: the existing one if current, else one dated ``today``."""
    made = {}
    for card in cards:
        source, edition = card_hash(card), edition_of(card)
        record = records.get(card.label)
        if record is None or (record.source, record.edition) != (source, edition):
            record = CardRecord(source=source, edition=edition, changed=today)
        made[card.label] = record
    return made


def read_cards(files: Files, place: str, report: FileProblems) -> dict[str, CardRecord]:
    if place not in files:
        return {}
    return Json(files.text(place, report), report).checked(dict[str, CardRecord])


def write_cards(path: Path, records: Mapping[str, CardRecord]) -> None:
    values = {label: record.model_dump(mode="json") for label, record in records.items()}
    write_json(path, values, indent=1)
