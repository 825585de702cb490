"""The search index: one entry for each piece of the book that has an address."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace

from latentbook.book.compose.blocks import Block, Heading, NumberedBlock, all_blocks, text_of
from latentbook.book.compose.types import Book, Chapter, TextPage
from latentbook.book.translations.language import Language


@dataclass(frozen=True)
class Entry:
    """One result. ``kind`` sets its weight: a section precedes a snippet with the same words."""

    kind: str
    number: str
    url: str  # relative to the root of the book
    place: str  # enclosing part: 2.4 Variational autoencoders
    title: str
    text: str


def search_index(book: Book) -> bytes:
    """The entries as JSON, for static/js/page/search-index.js."""
    entries = [{"id": id, **asdict(entry)} for id, entry in enumerate(_entries(book))]
    return json.dumps(entries, ensure_ascii=False, separators=(",", ":")).encode()


def _entries(book: Book) -> Iterator[Entry]:
    language = book.language
    for chapter in book.chapters:
        yield from _chapter(chapter, language)
    for page in book.pages_with_evidence:
        for number, (heading, block) in enumerate(page.evidence, start=1):
            url = f"evidence/#{page.place.replace('/', '-')}-{number}"
            title = heading.title if heading else page.title
            where = language.translate("How we know")
            yield Entry("Evidence", "", url, where, title, text_of(block))
    for term in book.terms:
        meaning = term.meaning.words
        yield Entry(
            "Term", "", f"glossary/#{term.id}", language.translate("Glossary"), term.name, meaning
        )
    for fact in book.facts:
        place = language.translate("Sourced facts")
        sources = ", ".join(source.title for source in fact.sources)
        text = f"{fact.claim.words} {fact.note.words}"
        yield Entry("Fact", "", f"facts/#{fact.id}", place, sources, text)
    for reference in book.references:
        text, url = reference.html.words, f"references/#{reference.key}"
        place = language.translate("References")
        yield Entry("Reference", "", url, place, reference.short, text)


def _chapter(chapter: Chapter, language: Language) -> Iterator[Entry]:
    home, place = f"{chapter.place}/", f"{chapter.number} {chapter.title}"
    text = f"{chapter.standfirst.words} {text_of(chapter.blocks)}"
    named = language.translate("Chapter %(number)s", number=chapter.number)
    yield Entry("Chapter", chapter.number, home, named, chapter.title, text)
    yield from _numbered(chapter.blocks, home, place, language)
    for section in chapter.sections:
        home = f"{section.place}/"
        inside = f"{section.number} {section.title}"
        entry = Entry("Section", section.number, home, place, section.title, "")
        words = [section.idea.words, section.description]
        yield from _under_headings(section, entry, words, inside)
        yield from _numbered(section.blocks, home, inside, language)
    for page in chapter.evidence_pages:
        home, inside = f"{page.place}/", f"{page.number} {page.section.title}"
        entry = Entry("Evidence", "", home, inside, page.title, "")
        yield from _under_headings(page, entry, [page.description], inside)
        yield from _numbered(page.blocks, home, inside, language)


def _under_headings(page: TextPage, entry: Entry, words: list[str], inside: str) -> Iterator[Entry]:
    """Entries for the text of a page: up to its first heading, and under each heading."""
    for block in page.blocks:
        if isinstance(block, Heading):
            yield replace(entry, text=" ".join(words))
            entry = replace(
                entry,
                kind="Evidence" if entry.kind == "Evidence" else "Heading",
                number="",
                url=f"{page.place}/#{block.label}",
                place=inside,
                title=block.title,
            )
            words = []
        elif not isinstance(block, NumberedBlock) and block.kind != "evidence":
            words.append(text_of(block))
    yield replace(entry, text=" ".join(words))


def _numbered(
    blocks: Iterable[Block], home: str, place: str, language: Language
) -> Iterator[Entry]:
    for block in all_blocks(blocks):
        if isinstance(block, NumberedBlock) and block.label:
            url, called = f"{home}#{block.label}", block.called(language)
            yield Entry(block.named, block.number, url, place, called, text_of(block))
