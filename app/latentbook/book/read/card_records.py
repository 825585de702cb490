"""``content/SLUG/cards.json``: each recall card as last accepted by its author, and when."""

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from latentbook.book.read.nodes import DirectiveNode, EquationNode, TextNode
from latentbook.datafile import Json, write_json
from latentbook.errors import FileProblems
from latentbook.files import Files
from latentbook.hashing import content_hash

CARDS = "cards.json"
BOOK_CARDS = "book-cards.json"
"""In a course, next to its own: the records of the book's chapter."""


class CardRecord(BaseModel):
    """``source`` is the hash of its question and answer, ``changed`` the day it was recorded."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    source: str
    edition: int
    changed: date


def edition_of(card: DirectiveNode) -> int:
    return int(card.options.get("edition", 1))


def card_hash(card: DirectiveNode) -> str:
    """Identifies what a card asks and answers, but not where it leads."""
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
    """A record of each card: the present one, or one of today if it is not current."""
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
