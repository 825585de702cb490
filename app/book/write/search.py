"""What the reader can search: one entry for each piece of the book that has a place of its own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from app.book.compose.blocks import Block, Heading, NumberedBlock
from app.book.compose.words import inner_blocks, text_of, words_of
from app.book.types import Book, Chapter


def search_index(book: Book) -> bytes:
    """The entries as JSON, for MiniSearch's ``addAll``."""
    entries = [
        {"id": id, "url": url, "place": place, "title": title, "text": text}
        for id, (url, place, title, text) in enumerate(_entries(book))
    ]
    return json.dumps(entries, ensure_ascii=False, separators=(",", ":")).encode()


def _entries(book: Book) -> Iterator[tuple[str, str, str, str]]:
    for chapter in book.chapters:
        yield from _chapter(chapter)
    for fact in book.facts:
        sources = ", ".join(source.title for source in fact.sources)
        text = f"{words_of(fact.claim)} {words_of(fact.note)}"
        yield f"facts/#{fact.id}", "Sourced facts", sources, text
    for reference in book.references:
        text = words_of(reference.html)
        yield f"references/#{reference.key}", "References", reference.short, text


def _chapter(chapter: Chapter) -> Iterator[tuple[str, str, str, str]]:
    place = f"{chapter.number} {chapter.title}"
    text = f"{words_of(chapter.standfirst)} {text_of(chapter.blocks)}"
    yield f"{chapter.place}/", f"Chapter {chapter.number}", chapter.title, text
    yield from _numbered(chapter.blocks, f"{chapter.place}/", place)
    for section in chapter.sections:
        home = f"{section.place}/"
        title, url, where = section.title, home, place
        words: list[str] = []
        inside = f"{section.number} {section.title}"
        for block in section.blocks:
            if isinstance(block, Heading):
                yield url, where, title, " ".join(words)
                title, url, where = block.title, f"{home}#{block.label}", inside
                words = []
            elif not isinstance(block, NumberedBlock):
                words.append(text_of(block))
        yield url, where, title, " ".join(words)
        yield from _numbered(section.blocks, home, inside)


def _numbered(
    blocks: Iterable[Block], home: str, place: str
) -> Iterator[tuple[str, str, str, str]]:
    for block in blocks:
        if isinstance(block, NumberedBlock) and block.label:
            yield f"{home}#{block.label}", place, block.called, text_of(block)
        yield from _numbered(inner_blocks(block), home, place)
