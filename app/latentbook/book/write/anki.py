"""Recall cards as Anki packages of schema 11, which current versions still import.

Anki updates a note that it has if a newer one has the same GUID and note type. So ids are made from
the book's id and the card's label, a note's time is the day on which the card changed, and the
names of the fields never change.

References
----------
https://github.com/ankitects/anki/blob/main/rslib/src/storage/schema11.sql
"""

import hashlib
import io
import json
import re
import sqlite3
import zipfile
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from markdown_it.common.utils import escapeHtml
from markdown_it.utils import EnvType, OptionsDict

from latentbook.book.compose.blocks import Block, Equation, Prose
from latentbook.book.compose.pieces import Layout
from latentbook.book.compose.types import Book, Chapter, Loaded
from latentbook.book.directives.recall import Recall
from latentbook.book.read.card_records import updated
from latentbook.book.read.source import REVIEW
from latentbook.book.write.render import OPTIONS, PageText, Tokens

FIELDS = ("Front", "Back", "Source", "Label")
FRONT = "{{Front}}"
BACK = '{{FrontSide}}<hr id="answer">{{Back}}<p class="source">{{Source}}</p>'
CSS = """\
.card { max-width: 40em; margin: 0 auto; font: 20px/1.5 serif; text-align: start; }
.source { color: gray; font: 14px/1.4 sans-serif; }
.gap { padding: 0 0.25em; border: 1px solid; background: none; color: inherit; }
.gap.empty > span { visibility: hidden; }
"""
SCHEMA = """
CREATE TABLE col (id integer PRIMARY KEY, crt integer NOT NULL, mod integer NOT NULL,
  scm integer NOT NULL, ver integer NOT NULL, dty integer NOT NULL, usn integer NOT NULL,
  ls integer NOT NULL, conf text NOT NULL, models text NOT NULL, decks text NOT NULL,
  dconf text NOT NULL, tags text NOT NULL);
CREATE TABLE notes (id integer PRIMARY KEY, guid text NOT NULL, mid integer NOT NULL,
  mod integer NOT NULL, usn integer NOT NULL, tags text NOT NULL, flds text NOT NULL,
  sfld integer NOT NULL, csum integer NOT NULL, flags integer NOT NULL, data text NOT NULL);
CREATE TABLE cards (id integer PRIMARY KEY, nid integer NOT NULL, did integer NOT NULL,
  ord integer NOT NULL, mod integer NOT NULL, usn integer NOT NULL, type integer NOT NULL,
  queue integer NOT NULL, due integer NOT NULL, ivl integer NOT NULL, factor integer NOT NULL,
  reps integer NOT NULL, lapses integer NOT NULL, left integer NOT NULL, odue integer NOT NULL,
  odid integer NOT NULL, flags integer NOT NULL, data text NOT NULL);
CREATE TABLE revlog (id integer PRIMARY KEY, cid integer NOT NULL, usn integer NOT NULL,
  ease integer NOT NULL, ivl integer NOT NULL, lastIvl integer NOT NULL, factor integer NOT NULL,
  time integer NOT NULL, type integer NOT NULL);
CREATE TABLE graves (usn integer NOT NULL, oid integer NOT NULL, type integer NOT NULL);
"""
MADE = (1980, 1, 1, 0, 0, 0)
"""Fixed time of the files in a package, so that the same cards give the same bytes."""


@dataclass(frozen=True)
class Note:
    chapter: Chapter
    fields: tuple[str, ...]
    guid: str
    changed: int  # seconds since 1970


class _AnkiText(PageText):
    """Running text with mathematics for Anki's MathJax."""

    def math_inline(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        return f"\\({escapeHtml(tokens[idx].meta['math'].tex)}\\)"

    def math_block(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        return f"\\[{escapeHtml(tokens[idx].meta['math'].tex)}\\]"

    def text(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        return escapeHtml(tokens[idx].content)


_RENDERER = _AnkiText()
LINK = re.compile(r"</?a\b[^>]*>")


def packages(loaded: Loaded, today: date) -> dict[str, bytes]:
    """The packages of the book and of its chapters with cards, by their places in the site."""
    book, every = loaded.book, notes(loaded, today)
    chapters: dict[str, list[Note]] = {}
    for note in every:
        chapters.setdefault(note.chapter.slug, []).append(note)
    made = {f"{REVIEW}/{slug}/{slug}.apkg": package(book, own) for slug, own in chapters.items()}
    return made | ({f"{REVIEW}/{book.id}.apkg": package(book, every)} if every else {})


def notes(loaded: Loaded, today: date) -> list[Note]:
    """The cards of a book; those that are not recorded count as changed today."""
    made = []
    for source, chapter in zip(loaded.sources, loaded.book.chapters, strict=True):
        cards = [card for page in source.pages for card in page.cards]
        records = updated(source.card_records, cards, today)
        for page in chapter.pages:
            for card in page.cards:
                assert isinstance(card, Recall)
                midnight = datetime.combine(records[card.label].changed, time(), UTC)
                guid = _hash(loaded.book, (*card.formerly, card.label)[0])
                fields = _fields(card, loaded.book)
                made.append(Note(chapter, fields, guid, int(midnight.timestamp())))
    return made


def _fields(card: Recall, book: Book) -> tuple[str, ...]:
    layout = Layout(book.url)
    title = escapeHtml(f"{card.of.number} {card.of.title}")
    source = f"{title}, {escapeHtml(book.title)}"
    if book.url:
        source = f'<a href="{escapeHtml(layout.url(card.of.url))}">{source}</a>'
    return (_html(card.front, layout), _html(card.back, layout), source, card.label)


def _html(blocks: Iterable[Block], layout: Layout) -> str:
    """Blocks of a card as HTML. If the book has no address, its links become plain text."""
    written = ""
    for block in blocks:
        match block:
            case Prose():
                written += _RENDERER.render(block.html.tokens, OPTIONS, {"layout": layout})
            case Equation():
                written += f"\\[{escapeHtml(block.html.tex)}\\]"
    return written.strip() if layout.root else LINK.sub("", written.strip())


def package(book: Book, notes: Sequence[Note]) -> bytes:
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(SCHEMA)
        _fill(database, book, notes)
        database.commit()
        collection = database.serialize()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (("collection.anki2", collection), ("media", b"{}")):
            archive.writestr(zipfile.ZipInfo(name, MADE), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _fill(database: sqlite3.Connection, book: Book, notes: Sequence[Note]) -> None:
    type_id, now = _id(book, "note type"), max((note.changed for note in notes), default=0)
    decks = {"1": _deck(1, "Default", 0)}
    for chapter in dict.fromkeys(note.chapter.slug for note in notes):
        title = next(n.chapter.title for n in notes if n.chapter.slug == chapter)
        id = _id(book, f"deck {chapter}")
        decks[str(id)] = _deck(id, f"{book.title}::{title}", now)
    models = {str(type_id): _note_type(type_id, book.title, now)}
    texts = (json.dumps(each) for each in ({}, models, decks, {}, {}))
    database.execute(
        "INSERT INTO col VALUES (1, ?, ?, ?, 11, 0, 0, 0, ?, ?, ?, ?, ?)",
        (0, 1000 * now, 1000 * now, *texts),
    )
    for due, note in enumerate(notes, start=1):
        id = _id(book, f"note {note.guid}")
        words = re.sub(r"<[^>]*>", "", note.fields[0])
        checksum = int(hashlib.sha1(words.encode(), usedforsecurity=False).hexdigest()[:8], 16)
        fields = "\x1f".join(note.fields)
        database.execute(
            "INSERT INTO notes VALUES (?, ?, ?, ?, 0, '', ?, ?, ?, 0, '')",
            (id, note.guid, type_id, note.changed, fields, words, checksum),
        )
        deck = _id(book, f"deck {note.chapter.slug}")
        database.execute(
            "INSERT INTO cards VALUES (?, ?, ?, 0, ?, 0, 0, 0, ?, 0, 0, 0, 0, 0, 0, 0, 0, '')",
            (id, id, deck, note.changed, due),
        )


def _note_type(id: int, name: str, changed: int) -> dict[str, Any]:
    look = {"sticky": False, "rtl": False, "font": "Arial", "size": 20}
    fields = [{"name": field, "ord": ord, **look} for ord, field in enumerate(FIELDS)]
    template = {"name": "Card", "ord": 0, "qfmt": FRONT, "afmt": BACK}
    own = {"id": id, "name": name, "mod": changed, "usn": 0, "type": 0, "sortf": 0, "did": 1}
    return own | {"tmpls": [template], "flds": fields, "css": CSS, "req": []}


def _deck(id: int, name: str, changed: int) -> dict[str, Any]:
    today = dict.fromkeys(("newToday", "revToday", "lrnToday", "timeToday"), (0, 0))
    own = {"id": id, "name": name, "mod": changed, "usn": 0, "desc": "", "dyn": 0, "conf": 1}
    return own | today | {"collapsed": False}


def _hash(book: Book, name: str) -> str:
    return hashlib.sha256(f"{book.id} {name}".encode()).hexdigest()[:20]


def _id(book: Book, name: str) -> int:
    """A number that Anki reads as a time in milliseconds, between 2001 and 2033."""
    return 10**12 + int(_hash(book, name), 16) % 10**12
