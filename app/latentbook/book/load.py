"""Compose ``book.toml``, the chapters and their data files into one :class:`Book`, or report all
mistakes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from latentbook.book.compose.author_code import AuthorCode
from latentbook.book.compose.bibliography import read_bibliography
from latentbook.book.compose.blocks import (
    Block,
    NumberedBlock,
)
from latentbook.book.compose.compose import Composer, Resources, root_of
from latentbook.book.compose.engine import Engine
from latentbook.book.compose.facts import FactEntry, FactLedger, Remark, read_facts
from latentbook.book.compose.glossary import read_glossary
from latentbook.book.compose.labels import Labels
from latentbook.book.compose.loaded import Loaded
from latentbook.book.compose.math import Mathematics, Notation
from latentbook.book.compose.media import Media
from latentbook.book.compose.pictures import FORBIDDEN, Pictures
from latentbook.book.compose.pieces import Html, Link, Symbol, Term
from latentbook.book.compose.plots import Plots
from latentbook.book.compose.question import Question
from latentbook.book.compose.stills import Stills
from latentbook.book.compose.types import (
    Book,
    Chapter,
    Dispute,
    Fact,
    Listed,
    NotedSymbol,
    Part,
    Section,
)
from latentbook.book.compose.withheld import Closed, Piece, files_apart, set_apart
from latentbook.book.compose.words import inner_blocks, reading_minutes, word_count
from latentbook.book.directives import DIRECTIVES, by_name
from latentbook.book.directives.code_cell import Snippet
from latentbook.book.directives.instrument import InstrumentBlock
from latentbook.book.overlay.numbering import numbered
from latentbook.book.read.brand import Brand
from latentbook.book.read.day import Day, right_now
from latentbook.book.read.days import Days, check_days
from latentbook.book.read.laid import Laid
from latentbook.book.read.manifest import (
    BOOK,
    FRONT,
    BookManifest,
    Manifest,
    manifest_file,
    read_manifest,
)
from latentbook.book.read.nodes import Document
from latentbook.book.read.notation import SymbolEntry, read_notation
from latentbook.book.read.numbers import STALE, Asked
from latentbook.book.read.problems import Problems
from latentbook.book.read.recordings import Recording
from latentbook.book.read.source import ChapterSource, PageSource, SourceReader
from latentbook.book.write.assets import engine_script
from latentbook.book.write.brand import mark, small_print, terms_of
from latentbook.cache import Cache
from latentbook.errors import accepted_names
from latentbook.settings import Settings

LONGEST_SECTION = 2500
"""Words per section: each is one page, laid out at once (docs/speed.md)."""


NEVER = Day(Path(), 1, "hidden")
"""The day of content that appears only where nothing is open: it may refer to everything withheld.
"""


def load(settings: Settings, now: datetime | None = None, *, computing: bool = False) -> Loaded:
    """Read the book with everything that the site is made from.

    Parameters
    ----------
    now : what opens later is left out; None asks the clock
    computing : the numbers of the text are about to be computed, so none has to be recorded

    Raises
    ------
    BookErrors
        With every mistake in the content, in what is left out, too.
    """
    laid = Laid.read(settings.root)
    problems = Problems(laid.origins)
    # Plots and instruments apart: what one does to Python does not reach the others.
    plots, instruments = (closing(AuthorCode(settings.code_timeout)) for _ in range(2))
    with plots as plot_code, instruments as instrument_code:
        loaded = _Loader(
            settings, laid, problems, plot_code, instrument_code, now or right_now(), computing
        ).load()
    problems.raise_all()
    return loaded


_engines: dict[str, Engine] = {}


def shared_engine(script: str) -> Engine:
    """One engine per bundle, with a cache of all equations it has set."""
    if script not in _engines:
        while _engines:
            _engines.popitem()[1].close()
        _engines[script] = Engine(script)
    return _engines[script]


class _Loader:
    """State shared by the steps of one load."""

    def __init__(
        self,
        settings: Settings,
        laid: Laid,
        problems: Problems,
        plot_code: AuthorCode,
        instrument_code: AuthorCode,
        now: datetime,
        computing: bool,
    ) -> None:
        self.settings = settings
        self.content = settings.content
        self.problems = problems
        self.laid = laid
        self.asked: dict[Asked, None] = {}
        self.computing = computing
        file = manifest_file(self.content)
        self.manifest: Manifest = read_manifest(file, problems.of(self.shown(file.name)))
        if not self.manifest.entries:
            problems.raise_all()  # there is nothing to find other mistakes in
        self.below = self.manifest_below()
        self.plot_code, self.instrument_code = plot_code, instrument_code
        self.notation = Notation(self.macros())
        reader = SourceReader(self.content, dict(by_name(DIRECTIVES)), problems, settings.widgets)
        entries = {entry.slug: entry for entry in self.manifest.entries}.values()
        read = [reader.front(), *(reader.chapter(entry) for entry in entries)]
        self.whole = [source for source in read if source is not None]
        self.labels = Labels()
        for source in self.whole:
            self.labels.add_chapter(source, problems)
        self.labels.hidden.update(laid.hidden)
        if (below := laid.book) is not None:
            self.labels.left_out = cache(lambda: numbered(below).targets)
            self.labels.full_book_url = laid.full_book_url
        days = self.days()
        drafts = days.drafts() if settings.reload else Days()
        self.drafts = frozenset(drafts.names)
        self.closed: Closed = set_apart(self.whole, days.not_open(now, drafts=settings.reload))
        self.labels.shut(self.closed.labels)
        self.sources = self.closed.sources
        self.resources = self.own_resources()
        self.unseen = self.own_resources() if self.closed.pieces else self.resources
        """What is not open is composed, too: there may be mistakes in it, and what only it uses is
        in no list."""
        self.symbol_uses: dict[str, list[Link]] = {}
        self.unseen_symbols: set[str] = set()

    def days(self) -> Days:
        """The days in the manifest, after reporting unknown labels."""
        targets = self.labels.targets.values()
        kinds = {
            target.label: target.kind
            for target in targets
            if target.is_page or target.kind == "question"
        }
        return check_days(self.manifest.openings, kinds, self.problems)

    def own_resources(self) -> Resources:
        """Resources of the composers, unused so far."""
        settings, content, media = self.settings, self.content, Media()
        widgets, cache = settings.widgets, settings.build / "cache"
        engine = shared_engine(engine_script(settings))
        bibliography = read_bibliography(
            content / "references.bib", self.shown("references.bib"), self.problems
        )
        pages = [page for source in self.whole for page in source.pages]
        return Resources(
            makers={each.name: each.run for each in DIRECTIVES if each.run is not None},
            pages={page.path.as_posix().partition("/")[2]: page.place for page in pages},
            labels=self.labels,
            bibliography=bibliography,
            facts=read_facts(
                content / "facts.toml", self.shown("facts.toml"), bibliography, self.problems
            ),
            mathematics=Mathematics(engine, self.notation),
            media=media,
            pictures=Pictures(content, media),
            stills=Stills(self.instrument_code, engine, media, widgets, Cache(cache / "stills")),
            plots=Plots(self.plot_code, widgets, Cache(cache / "plots")),
            symbols=read_notation(
                content / "notation.toml", self.problems.of(self.shown("notation.toml"))
            ),
            glossary=read_glossary(
                content / "glossary.toml", self.problems.of(self.shown("glossary.toml"))
            ),
            language=self.manifest.content_language,
            asked=self.asked,
            computing=self.computing,
        )

    def shown(self, name: str) -> Path:
        """A file of the content as messages name it."""
        return Path(self.content.name) / name

    def manifest_below(self) -> Manifest | None:
        """The manifest of the book that a course is made from."""
        path = self.content / BOOK
        if self.laid.book is None or not path.is_file():
            return None
        return read_manifest(path, self.problems.of(self.shown(BOOK)))

    def macros(self) -> dict[str, str]:
        """The book's macros; for a course, also those of its book."""
        own, book = dict(self.manifest.macros), self.below.macros if self.below else {}
        for name in sorted(own.keys() & book.keys()):
            message = f"macro {name!r} is used twice: the book has it already"
            self.manifest.file.add(message, "macros", name)
        return {**book, **own}

    def load(self) -> Loaded:
        shared = self.resources
        if not self.computing:
            self.check_numbers()
        for piece in self.closed.pieces:
            self.rehearse(piece)
        chapters = {source.entry.slug: self.chapter(source) for source in self.sources}
        self.check_circles()
        ledger = self.ledger()
        symbols, terms = self.notation_list(), self.glossary_list()
        frame = self.frame()
        self.problems.raise_all()
        parts = tuple(
            Part(part.title, tuple(chapters[e.slug] for e in part.chapters if e.slug in chapters))
            for part in self.manifest.parts
        )
        book = Book(
            title=self.manifest.title,
            subtitle=self.manifest.subtitle,
            description=self.manifest.description,
            language=self.manifest.language,
            content_language=self.manifest.content_language,
            front=chapters[FRONT],
            parts=tuple(part for part in parts if part.chapters),
            references=shared.bibliography.references(self.sources_listed()),
            symbols=symbols,
            terms=terms,
            drafts=self.drafts,
            **frame,
            **ledger,
        )
        return Loaded(
            book=book,
            media=shared.media,
            sources=_without_front(self.sources),
            whole=_without_front(self.whole),
            labels=self.labels,
            notation=self.notation,
            facts=shared.facts,
            apart=files_apart(self.settings.widgets, self.closed),
            laid=self.laid,
            brand=self.manifest.brand,
            asked=tuple(self.asked),
        )

    def rehearse(self, piece: Piece) -> None:
        """Compose withheld content for its mistakes and what it uses, and discard the result."""
        page = piece.page
        whole = next(source for source in self.whole if source.entry.slug == page.slug)
        recorded = whole.recordings.all_current(whole.nodes)
        composer = self.composer(page, whole, recorded, 0, piece.day)
        name = "title" if page.name else "standfirst"
        front, lines = page.document.front, page.document.front_lines
        composer.inline(front[name], lines.get(name, 1))
        composer.all_blocks()
        self.unseen_symbols |= composer.symbols.used

    def check_numbers(self) -> None:
        """Report each ``numbers.py`` that has changed since its numbers were computed."""
        for source in self.whole:
            if source.numbers.stale:
                self.problems.add(source.numbers.path, 1, STALE)

    def only_unseen(self, seen: bool, unseen: bool) -> bool:
        """Whether something is used only in withheld content; unused things are not hidden."""
        return bool(self.closed.pieces) and unseen and not seen

    def sources_listed(self) -> list[str]:
        """The keys of all sources but those that are cited only in what is not open; a course does
        not list what only chapters cite that it leaves out."""
        seen, unseen = self.resources.bibliography, self.unseen.bibliography
        return [
            key
            for key in seen.keys()  # noqa: SIM118
            if (seen.is_used(key) or self.laid.book is None)
            and not self.only_unseen(seen.is_used(key), unseen.is_used(key))
        ]

    def chapter(self, source: ChapterSource) -> Chapter:
        entry, opening = source.entry, source.opening
        front, lines = opening.document.front, opening.document.front_lines
        recorded = source.recordings.all_current(source.nodes)
        composer = self.composer(opening, source, recorded, 0)
        standfirst = composer.inline(front["standfirst"], lines.get("standfirst", 1))
        blocks = composer.all_blocks()
        moved: dict[str, str] = {}
        sections: list[Section] = []
        for page in source.sections:
            inside = self.composer(page, source, recorded, self.notes_before(page))
            sections.append(self.section(page, inside))
            cited = [f"ref-{key}" for key in sorted(inside.cited - composer.cited)]
            for id in (*self.ids_on(page), *inside.note_ids, *cited):
                moved.setdefault(id, f"{page.name}/#{id}")
            for id in (page.name, *page.document.front["aliases"]):
                moved[id] = f"{page.name}/"
        previous, following = self.neighbours(opening)
        return Chapter(
            slug=entry.slug,
            place=opening.place,
            number=entry.number,
            title=front["title"],
            standfirst=standfirst,
            level=front.get("level", ""),
            description=front["description"],
            builds_on=self.builds_on(opening),
            blocks=blocks,
            listed=_listed(blocks),
            references=self.resources.bibliography.references(composer.cited),
            symbols=self.symbols_of(composer),
            sections=tuple(sections),
            moved=moved,
            previous=previous,
            next=following,
            notebook=f"{entry.slug}.ipynb",
            script=f"{entry.slug}.py",
        )

    def notes_before(self, page: PageSource) -> int:
        """Number of notes in a chapter before a page of it, including withheld ones."""
        whole = next(source for source in self.whole if source.entry.slug == page.slug)
        places = [each.place for each in whole.pages]
        before = whole.pages[: places.index(page.place)]
        return sum(len(each.document.notes) for each in before)

    def composer(
        self,
        page: PageSource,
        source: ChapterSource,
        recorded: Mapping[str, Recording],
        notes_before: int,
        day: Day | None = None,
    ) -> Composer:
        """The composer of one page, or of a part that opens on a day."""
        number = self.resources.labels.number(page.place, 1) if page.name else ""
        place = Link(f"../{page.place}/" if page.place else "../", page.title, number)
        report = self.problems.of(page.path)
        return Composer(
            self.unseen if day else self.resources,
            page,
            report,
            place,
            recorded=recorded,
            numbers=source.numbers,
            notes_before=notes_before,
            day=day,
        )

    def section(self, page: PageSource, composer: Composer) -> Section:
        front, lines = page.document.front, page.document.front_lines
        html = composer.inline(front["title"], lines.get("title", 1))
        blocks = composer.all_blocks()
        words = word_count(blocks)
        if words > LONGEST_SECTION:
            composer.problems.add(
                lines.get("title", 1),
                f"the section has {words:,} words; at most {LONGEST_SECTION:,}: make it two",
            )
        previous, following = self.neighbours(page)
        return Section(
            name=page.name,
            place=page.place,
            number=composer.place.number,
            html=html,
            title=page.title,
            description=front["description"],
            minutes=reading_minutes(blocks),
            blocks=blocks,
            listed=_listed(blocks),
            references=self.resources.bibliography.references(composer.cited),
            symbols=self.symbols_of(composer),
            previous=previous,
            next=following,
        )

    def ids_on(self, page: PageSource) -> list[str]:
        """What addresses can name on a page: its labels and headings."""
        labels = self.resources.labels
        for name in page.document.front["aliases"]:
            if name in labels.targets:
                line = page.document.front_lines.get("aliases", 1)
                report = self.problems.of(page.path)
                report.add(line, f"{name!r} is a label of today, at {labels.targets[name].path}")
        here = [
            label
            for label, target in labels.targets.items()
            if target.page == page.place and label not in labels.days
        ]
        return [*here, *labels.heading_ids(page.place)]

    def neighbours(self, page: PageSource) -> tuple[Link | None, Link | None]:
        """The pages before and after this one."""
        pages = [each for source in self.sources for each in source.pages if each.place]
        if page not in pages:
            return None, None
        index = pages.index(page)
        before = self.link(pages[index - 1], page) if index > 0 else None
        after = self.link(pages[index + 1], page) if index + 1 < len(pages) else None
        return before, after

    def link(self, page: PageSource, origin: PageSource) -> Link:
        labels = self.resources.labels
        label = page.name or page.slug
        number = labels.targets[label].number if label in labels.targets else ""
        url = f"{root_of(origin.place)}{page.place}/"
        return Link(url, page.title, number, str(page.document.front["description"]))

    def builds_on(self, opening: PageSource) -> tuple[Link, ...]:
        """Links to the chapters that this one needs."""
        openings = {each.entry.slug: each.opening for each in self.sources if each.entry.number}
        line = opening.document.front_lines.get("builds_on", 1)
        links = []
        for slug in opening.document.front.get("builds_on", ()):
            if slug in openings and slug != opening.slug:
                links.append(self.link(openings[slug], opening))
                continue
            if self.laid.from_book(opening.path, line):
                continue  # a chapter that the course leaves out
            report = self.problems.of(opening.path)
            if day := self.labels.days.get(slug):
                if day.moment is None:
                    report.add(line, f"builds_on names a chapter that is {day.word}: {slug!r}")
                continue  # until it opens
            accepted = ", ".join(name for name in openings if name != opening.slug) or "none yet"
            report.add(line, f"builds_on names no other chapter: {slug!r}. Accepted: {accepted}.")
        return tuple(links)

    def check_circles(self) -> None:
        """Report chapters that build on themselves through others."""
        openings = {each.entry.slug: each.opening for each in self.sources if each.entry.number}
        needs = {slug: each.document.front["builds_on"] for slug, each in openings.items()}
        for slug, opening in openings.items():
            ways = {need: f"{slug} -> {need}" for need in needs[slug] if need != slug}
            for need in (queue := list(ways)):
                for further in needs.get(need, ()):
                    if further not in ways:
                        ways[further] = f"{ways[need]} -> {further}"
                        queue.append(further)
            if slug in ways:
                line = opening.document.front_lines.get("builds_on", 1)
                report = self.problems.of(opening.path)
                report.add(line, f"builds_on leads in a circle: {ways[slug]}")

    def symbols_of(self, composer: Composer) -> tuple[Symbol, ...]:
        """The symbols in a page's equations, in the order of ``notation.toml``."""
        used = [each for each in self.resources.symbols if each.id in composer.symbols.used]
        for entry in used:
            self.symbol_uses.setdefault(entry.id, []).append(composer.place)
        return tuple(self.symbol(entry, composer) for entry in used)

    def symbol(self, entry: SymbolEntry, composer: Composer) -> Symbol:
        report = self.problems.of(self.shown("notation.toml"))
        html = composer.foreign_inline(f"${entry.tex}$", entry.line, report)
        words = composer.foreign_inline(entry.words, entry.line, report)
        return Symbol(entry.id, html, words, entry.shape, entry.code)

    def notation_list(self) -> tuple[NotedSymbol, ...]:
        """All symbols, after reporting those that no equation uses."""
        report = self.problems.of(self.shown("notation.toml"))
        composer = self.of_file("notation.toml")
        names = {page.name or page.slug for source in self.whole for page in source.pages}
        listed = []
        for entry in self.resources.symbols:
            below = self.laid.from_book(self.shown("notation.toml"), entry.line)
            for unknown in set() if below else set(entry.sections) - names:
                report.add(entry.line, f"no section {unknown!r}. {accepted_names(unknown, names)}")
            if self.only_unseen(entry.id in self.symbol_uses, entry.id in self.unseen_symbols):
                continue
            if entry.id not in self.symbol_uses:
                if below:
                    continue  # of a chapter that the course leaves out
                report.add(entry.line, f"no equation has the symbol {entry.tex!r}")
            uses = tuple(self.symbol_uses.get(entry.id, ()))
            listed.append(NotedSymbol(self.symbol(entry, composer), uses))
        return tuple(listed)

    def glossary_list(self) -> tuple[Term, ...]:
        """All terms, after reporting those that the text does not define."""
        report = self.problems.of(self.shown("glossary.toml"))
        composer = self.of_file("glossary.toml")
        terms = []
        glossary = self.resources.glossary
        unseen = dict(self.unseen.glossary.in_order()) if self.unseen.glossary else {}
        for entry, place in glossary.in_order() if glossary else ():
            if self.only_unseen(place is not None, unseen.get(entry) is not None):
                self.of_file("glossary.toml", NEVER).inline(entry.meaning, entry.line)
                continue
            if place is None and self.laid.from_book(self.shown("glossary.toml"), entry.line):
                continue
            if place is None:
                report.add(entry.line, f"no text defines this: write {{term}}`{entry.name}` there")
                continue
            meaning = composer.inline(entry.meaning, entry.line)
            terms.append(Term(entry.id, entry.name, meaning, place))
        return tuple(terms)

    def of_file(self, name: str, day: Day | None = None) -> Composer:
        """Composes the text of a data file, for its page."""
        stem = name.partition(".")[0]
        page = PageSource(stem, "", self.shown(name), Document({}, {}))
        report = self.problems.of(self.shown(name))
        title = self.manifest.language.translate(stem.capitalize())  # Facts, Notation, Glossary
        resources = self.unseen if day else self.resources
        return Composer(resources, page, report, Link(f"../{stem}/", title), day=day)

    def ledger(self) -> dict[str, Any]:
        """The book's fields from ``facts.toml``, composed as on the page of facts."""
        ledger = self.resources.facts
        composer = self.of_file("facts.toml")
        shown = self.shown("facts.toml")

        def own(line: int) -> bool:
            return not self.laid.from_book(shown, line)

        entries: dict[bool, dict[str, FactEntry]] = {False: {}, True: {}}
        for id, entry in ledger.entries.items():
            seen, unseen = bool(ledger.uses(id)), bool(self.unseen.facts.uses(id))
            if seen or unseen or own(entry.line):
                entries[self.only_unseen(seen, unseen)][id] = entry
        _facts(entries[True], self.unseen.facts, self.of_file("facts.toml", NEVER))
        return {
            "facts": _facts(entries[False], ledger, composer),
            "gaps": tuple(
                composer.inline(gap.text, gap.line) for gap in ledger.gaps if own(gap.line)
            ),
            "disputed": tuple(
                _dispute(remark, composer) for remark in ledger.disputed if own(remark.line)
            ),
        }

    def frame(self) -> dict[str, Any]:
        """The book's fields that every page shows."""
        manifest = self.manifest
        brand = manifest.brand or Brand()
        if brand.mark:
            text = (self.content / brand.mark).read_text(encoding="utf-8")
            if "<svg" not in text or FORBIDDEN.search(text):
                why = "is no SVG, or holds a script, a style or a picture, which no page may have"
                self.problems.add(self.shown(brand.mark), 1, why)
        return {
            "name": brand.name or manifest.title,
            "mark": mark(brand, manifest.title, self.content) if manifest.brand else Html(),
            "small_print": small_print(brand, manifest.term, self.credit()),
        }

    def credit(self) -> Html:
        """The book and the terms for its text: its own, or those of the book under a course."""
        work = self.below or self.manifest
        if not isinstance(work, BookManifest) or not work.licence:
            return Html()
        terms = terms_of(work.title, self.laid.full_book_url, work.licence)
        if self.below is None:
            return terms
        return Html(self.manifest.language.translate("Adapted from %(work)s", work=terms))


def _listed(blocks: Iterable[Block]) -> Listed:
    """The entries of a page in the lists of contents."""
    return Listed(
        _links(blocks, InstrumentBlock), _links(blocks, Question), _links(blocks, Snippet)
    )


def _links(blocks: Iterable[Block], kind: type[NumberedBlock]) -> tuple[Link, ...]:
    """Links to the blocks of one kind, including those inside folds and remarks."""
    links: list[Link] = []
    for block in blocks:
        if isinstance(block, kind):
            title = getattr(block, "title", "")  # a question has none
            links.append(Link(f"#{block.label}", title, block.number))
        links += _links(inner_blocks(block), kind)
    return tuple(links)


def _without_front(sources: Iterable[ChapterSource]) -> tuple[ChapterSource, ...]:
    return tuple(source for source in sources if source.entry.slug != FRONT)


def _facts(
    entries: Mapping[str, FactEntry], ledger: FactLedger, composer: Composer
) -> tuple[Fact, ...]:
    return tuple(
        Fact(
            id,
            composer.inline(entry.claim, entry.line),
            _sources(entry.sources, entry.line, composer),
            entry.confidence,
            entry.checked,
            composer.inline(entry.note, entry.line),
            composer.resources.facts.uses(id),
        )
        for id, entry in entries.items()
    )


def _dispute(remark: Remark, composer: Composer) -> Dispute:
    return Dispute(
        composer.inline(remark.text, remark.line),
        _sources(remark.sources, remark.line, composer),
    )


def _sources(keys: Iterable[str], line: int, composer: Composer) -> tuple[Link, ...]:
    links = (composer.cite(key, line) for key in keys)
    return tuple(link for link in links if link is not None)
