"""``book.toml``, the chapters and their data files to one :class:`Book`, or to all their errors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.book.compose.blocks import Block, InstrumentBlock, Quiz, Snippet
from app.book.compose.compose import Composer, Resources
from app.book.compose.engine import Engine
from app.book.compose.labels import Labels
from app.book.compose.math import Mathematics, Notation
from app.book.compose.pictures import Pictures
from app.book.compose.pieces import Link
from app.book.compose.stills import Stills
from app.book.compose.words import reading_minutes
from app.book.directives import DIRECTIVES, by_name
from app.book.media import Media
from app.book.read.bibliography import read_bibliography
from app.book.read.facts import FactLedger, Remark, read_facts
from app.book.read.frontmatter import check_front_matter
from app.book.read.manifest import FRONT, ChapterEntry, Manifest, read_manifest
from app.book.read.nodes import Document
from app.book.read.parse import parse_document
from app.book.read.problems import Problems
from app.book.read.recordings import Recordings
from app.book.types import Book, Chapter, Dispute, Fact, Part
from app.book.write.assets import engine_script
from app.settings import Settings

CHAPTER_KEYS: dict[str, type] = {
    "title": str,
    "standfirst": str,
    "level": str,
    "builds_on": list,
    "description": str,
}
FRONT_KEYS: dict[str, type] = {"title": str, "standfirst": str, "description": str}


@dataclass(frozen=True)
class Source:
    """One chapter as it was written."""

    entry: ChapterEntry
    path: Path  # as it is shown in messages
    document: Document
    recordings: Recordings


@dataclass(frozen=True)
class Loaded:
    """A book, the files its pages need, and what it was made from."""

    book: Book
    media: Media
    sources: tuple[Source, ...]  # chapters, without the front page
    labels: Labels
    notation: Notation
    facts: FactLedger


def load(settings: Settings) -> Loaded:
    """Read the book with everything that the site is made from.

    Raises
    ------
    BookErrors
        With every mistake in the content.
    """
    problems = Problems()
    loaded = _Loader(settings, problems).load()
    problems.raise_all()
    return loaded


_engines: dict[str, Engine] = {}


def shared_engine(script: str) -> Engine:
    """One engine for each bundle, kept with all the equations it has set."""
    if script not in _engines:
        while _engines:
            _engines.popitem()[1].close()
        _engines[script] = Engine(script)
    return _engines[script]


class _Loader:
    """Holds what the steps of one load share."""

    def __init__(self, settings: Settings, problems: Problems) -> None:
        self.content = settings.content
        self.problems = problems
        self.fronts: dict[str, dict[str, Any]] = {}
        self.manifest: Manifest = read_manifest(
            self.content / "book.toml", problems.of(self.shown("book.toml"))
        )
        problems.raise_all()  # nothing can be found without it
        engine = shared_engine(engine_script(settings))
        self.notation = Notation(self.manifest.macros)
        media = Media()
        bibliography = read_bibliography(
            self.content / "references.bib", self.shown("references.bib"), problems
        )
        self.resources = Resources(
            slugs=(FRONT, *(entry.slug for entry in self.manifest.entries)),
            labels=Labels(),
            bibliography=bibliography,
            facts=read_facts(
                self.content / "facts.toml", self.shown("facts.toml"), bibliography, problems
            ),
            mathematics=Mathematics(engine, self.notation),
            media=media,
            pictures=Pictures(self.content / "images", media),
            stills=Stills(
                engine, media, settings.root / "widgets", settings.build / "cache" / "stills"
            ),
        )

    def shown(self, name: str) -> Path:
        """A file of the content as messages name it."""
        return Path(self.content.name) / name

    def load(self) -> Loaded:
        front_entry = ChapterEntry(FRONT, "", 1)
        entries = [front_entry, *self.manifest.entries]
        sources = [source for entry in entries if (source := self.read(entry)) is not None]
        self.fronts = {source.entry.slug: source.document.front for source in sources}
        for source in sources:
            self.resources.labels.add_chapter(
                source.entry.slug,
                source.entry.number,
                source.document.nodes,
                self.problems.of(source.path),
            )
        chapters = {source.entry.slug: self.chapter(source) for source in sources}
        ledger = self.ledger()
        self.problems.raise_all()
        parts = tuple(
            Part(title, tuple(chapters[entry.slug] for entry in entries))
            for title, entries in self.manifest.parts
        )
        book = Book(
            title=self.manifest.title,
            subtitle=self.manifest.subtitle,
            description=self.manifest.description,
            language=self.manifest.language,
            front=chapters[FRONT],
            parts=parts,
            references=self.resources.bibliography.references(),
            **ledger,
        )
        shared = self.resources
        chapters_read = tuple(sources[1:])
        return Loaded(book, shared.media, chapters_read, shared.labels, self.notation, shared.facts)

    def read(self, entry: ChapterEntry) -> Source | None:
        """Parse one file and check its front matter."""
        path = self.content / f"{entry.slug}.md"
        if not path.is_file():
            what = "the front page" if entry.slug == FRONT else f"chapter {entry.slug!r}"
            self.problems.add(
                self.shown("book.toml"), entry.line, f"{what} has no file {path.name}"
            )
            return None
        shown = self.shown(path.name)
        report = self.problems.of(shown)
        document = parse_document(report.read(path), by_name(DIRECTIVES), report)
        keys = FRONT_KEYS if entry.slug == FRONT else CHAPTER_KEYS
        good = check_front_matter(document.front, document.front_lines, keys, report)
        if not good:
            document.front = {key: kind() for key, kind in keys.items()} | {
                key: value
                for key, value in document.front.items()
                if key in keys and isinstance(value, keys[key])
            }
        outputs = self.problems.of(self.shown(f"outputs/{entry.slug}.json"))
        return Source(entry, shown, document, Recordings.read(self.content, entry.slug, outputs))

    def chapter(self, source: Source) -> Chapter:
        """Compose one chapter."""
        entry, document = source.entry, source.document
        front, lines = document.front, document.front_lines
        root = "./" if entry.slug == FRONT else "../"
        report = self.problems.of(source.path)
        composer = Composer(self.resources, entry.slug, document, source.recordings, report, root)
        standfirst = composer.inline(front["standfirst"], lines.get("standfirst", 1))
        lead, sections = composer.chapter()
        blocks = [*lead, *(block for section in sections for block in section.blocks)]
        previous, following = self.neighbours(entry)
        return Chapter(
            slug=entry.slug,
            number=entry.number,
            title=front["title"],
            standfirst=standfirst,
            level=front.get("level", ""),
            description=front["description"],
            builds_on=self.builds_on(front.get("builds_on", []), lines.get("builds_on", 1), report),
            minutes=reading_minutes(lead, sections),
            lead=lead,
            sections=sections,
            instruments=_links(blocks, InstrumentBlock),
            questions=_links(blocks, Quiz),
            snippets=_links(blocks, Snippet),
            references=self.resources.bibliography.references(composer.cited),
            previous=previous,
            next=following,
            notebook=f"{entry.slug}.ipynb",
            script=f"{entry.slug}.py",
        )

    def neighbours(self, entry: ChapterEntry) -> tuple[Link | None, Link | None]:
        """The chapters before and after."""
        entries = self.manifest.entries
        if entry not in entries:
            return None, None
        index = entries.index(entry)
        before = self.chapter_link(entries[index - 1]) if index > 0 else None
        after = self.chapter_link(entries[index + 1]) if index + 1 < len(entries) else None
        return before, after

    def chapter_link(self, entry: ChapterEntry) -> Link:
        """A link to a chapter from another one."""
        front = self.fronts.get(entry.slug, {})
        title, description = front.get("title", ""), front.get("description", "")
        return Link(f"../{entry.slug}/", title, entry.number, description)

    def builds_on(self, slugs: Iterable[str], line: int, report: Any) -> tuple[Link, ...]:
        """Links to the chapters that this one needs."""
        entries = {entry.slug: entry for entry in self.manifest.entries}
        links = []
        for slug in slugs:
            if slug in entries:
                links.append(self.chapter_link(entries[slug]))
            else:
                accepted = ", ".join(entries)
                report.add(line, f"builds_on names no chapter: {slug!r}. Accepted: {accepted}.")
        return tuple(links)

    def ledger(self) -> dict[str, Any]:
        """The book's fields from ``facts.toml``, composed as on the page of facts."""
        ledger = self.resources.facts
        recordings = Recordings(self.content, {})
        document = Document({}, {})
        composer = Composer(self.resources, "facts", document, recordings, ledger.problems, "../")
        composer.place = Link("../facts/", "Facts")
        return {
            "facts": _facts(ledger, composer),
            "gaps": tuple(composer.inline(gap.text, gap.line) for gap in ledger.gaps),
            "disputed": tuple(_dispute(remark, composer) for remark in ledger.disputed),
        }


def _links(blocks: Iterable[Block], kind: type) -> tuple[Link, ...]:
    """Links to the blocks of one kind, those inside folds and remarks included."""
    links: list[Link] = []
    for block in blocks:
        if isinstance(block, kind):
            title = getattr(block, "title", "") or f"Question {getattr(block, 'number', '')}"
            links.append(Link(f"#{block.label}", title, block.number))  # type: ignore[union-attr]
        links += _links(getattr(block, "blocks", ()), kind)
    return tuple(links)


def _facts(ledger: FactLedger, composer: Composer) -> tuple[Fact, ...]:
    return tuple(
        Fact(
            entry.id,
            composer.inline(entry.claim, entry.line),
            _sources(entry.sources, entry.line, composer),
            entry.confidence,
            entry.checked,
            composer.inline(entry.note, entry.line),
            ledger.uses(entry.id),
        )
        for entry in ledger.entries.values()
    )


def _dispute(remark: Remark, composer: Composer) -> Dispute:
    return Dispute(
        composer.inline(remark.text, remark.line),
        _sources(remark.sources, remark.line, composer),
    )


def _sources(keys: Iterable[str], line: int, composer: Composer) -> tuple[Link, ...]:
    links = (composer.cite(key, line) for key in keys)
    return tuple(link for link in links if link is not None)
