"""Compose a project, in passes, into one :class:`Book` with its files, or all its mistakes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import ClassVar

from latentbook.base.cache import Cache
from latentbook.base.errors import FileProblems
from latentbook.book.compose.assigned import compose_assignments, take_assigned
from latentbook.book.compose.author_code import AuthorCode
from latentbook.book.compose.bibliography import read_bibliography
from latentbook.book.compose.chapters import Chapters, Neighbours
from latentbook.book.compose.compose import Resources
from latentbook.book.compose.facts import read_facts
from latentbook.book.compose.glossary import read_glossary
from latentbook.book.compose.javascript import shared_engine
from latentbook.book.compose.labels import Labels, numbered
from latentbook.book.compose.ledgers import Ledgers
from latentbook.book.compose.math import Mathematics, Notation
from latentbook.book.compose.media import Media
from latentbook.book.compose.page_imports import check_imports
from latentbook.book.compose.pictures import FORBIDDEN, Pictures
from latentbook.book.compose.pieces import Html, Link
from latentbook.book.compose.plots import Plots
from latentbook.book.compose.stills import Stills
from latentbook.book.compose.types import Book, Loaded, Part
from latentbook.book.compose.withheld import files_apart, set_apart
from latentbook.book.directives import directives_with
from latentbook.book.overlay.merge import open_project
from latentbook.book.read.brand import Brand
from latentbook.book.read.contents import FRONT
from latentbook.book.read.day import right_now
from latentbook.book.read.notation import read_notation
from latentbook.book.read.numbers import Asked
from latentbook.book.read.project import BookManifest, Project
from latentbook.book.read.schedule import check_days
from latentbook.book.read.source import ChapterSource, SourceReader
from latentbook.book.text_checks import check_addresses, check_text
from latentbook.book.write.assets import engine_script
from latentbook.book.write.brand import mark, small_print, terms_of
from latentbook.plugins import plugins_of
from latentbook.settings import Settings


def load(settings: Settings, now: datetime | None = None, *, computing: bool = False) -> Loaded:
    """Open a book or a course and compose it; see :func:`compose`."""
    return compose(open_project(settings), now or right_now(), computing=computing)


def compose(project: Project, now: datetime, *, computing: bool = False) -> Loaded:
    """Read the chapters and data files of a book and compose them.

    Parameters
    ----------
    now : withhold what opens after this
    computing : the numbers of the text are about to be computed, so none has to be recorded

    Raises
    ------
    BookErrors
        With every mistake in the content, withheld content included.
    """
    if not project.manifest.entries:
        project.problems.raise_all()  # without chapters, nothing else can be checked
    # Separate processes: neither can damage the other's Python.
    plots, instruments = (closing(AuthorCode(project.settings.code_timeout)) for _ in range(2))
    with plots as plot_code, instruments as instrument_code:
        return Composition(project, now, computing, plot_code, instrument_code).loaded()


@dataclass
class Composition:
    """Results of the passes so far. Each pass reports mistakes to the project and continues.

    Parameters
    ----------
    now : withhold what opens after this
    computing : the numbers of the text are about to be computed, so none has to be recorded
    plot_code, instrument_code : run the code of plots and of instruments
    """

    project: Project
    now: datetime
    computing: bool
    plot_code: AuthorCode
    instrument_code: AuthorCode

    def loaded(self) -> Loaded:
        """Run all passes.

        Raises
        ------
        BookErrors
            With every mistake.
        """
        for each in self.PASSES:
            each(self)
        self.project.problems.raise_all()
        book = self.book()
        return Loaded(
            book=book,
            media=self.shared.media,
            practice=self.project.practice,
            sources=_without_front(self.closed.sources),
            whole=_without_front(self.whole),
            labels=self.labels,
            notation=self.notation,
            facts=self.shared.facts,
            apart=files_apart(self.project.widgets, self.closed),
            overlay=self.project.overlay,
            brand=self.project.manifest.brand,
            asked=tuple(self.asked),
            assignments=self.assignments,
            unseen=self.unseen.media,
        )

    def read(self) -> None:
        """Read the chapters, withheld content included, and take out questions of assignments."""
        project, settings = self.project, self.project.settings
        self.notation = Notation(project.macros())
        self.engine = shared_engine(engine_script(settings))
        self.mathematics = Mathematics(self.engine, self.notation)
        self.plots = Plots(self.plot_code, project.widgets, Cache(self.cache_folder / "plots"))
        self.plugins = plugins_of(settings)
        self.directives = directives_with(self.plugins)
        reader = SourceReader(project, self.directives, self.mathematics.words, self.plugins.data)
        entries = {entry.slug: entry for entry in project.manifest.entries}.values()
        sources = [reader.front(), *map(reader.chapter, entries)]
        chapters = [source for source in sources if source is not None]
        self.assigned = take_assigned(chapters, reader.assignments(), self.plots, reader)
        self.whole = self.assigned.chapters
        self.asked: dict[Asked, None] = {}

    def number(self) -> None:
        """Number everything that has a label."""
        project, words = self.project, self.mathematics.words
        self.labels = labels = Labels(words)
        for source in (*self.whole, *self.assigned.sources):
            labels.add_chapter(source, project.problems)
        labels.hidden.update(project.overlay.hidden)
        labels.are_lost = bool(self.plugins.failures)
        if (below := project.below) is not None:
            labels.left_out = cache(lambda: numbered(below, self.directives, words).targets)
            labels.full_book_url = project.overlay.full_book_url

    def withhold(self) -> None:
        """Separate the content that is not open yet."""
        project, labels = self.project, self.labels
        openings = project.manifest.openings
        self.assigned.close(labels, openings, project.problems)
        self.days = check_days(openings, labels.with_days(), project.problems)
        closed = self.days.not_open(self.now, drafts=project.settings.reload)
        self.closed = set_apart(self.whole, closed)
        labels.shut(self.closed.labels)
        labels.unanswered = self.closed.unanswered

    def share(self) -> None:
        """Load the resources that all chapters share."""
        self.shared = self.resources()
        # Withheld content is composed only to find its mistakes. Its own resources are not listed.
        is_apart = self.closed.pieces or self.assigned.assignments
        self.unseen = self.resources() if is_apart else self.shared
        names = {page.section or page.slug for source in self.whole for page in source.pages}
        self.ledgers = Ledgers(self.project, self.shared, self.unseen, names)

    def check(self) -> None:
        """Check the text, the addresses of chapters, and the imports of code."""
        check_text(self.project, self.plugins, self.whole, self.computing)
        check_addresses(self.project, self.plugins)
        pages = [page for each in (*self.whole, *self.assigned.sources) for page in each.pages]
        texts = [(page.path, page.document.nodes) for page in pages]
        taken = [each for _, questions in self.assigned.assignments for each in questions]
        texts += [(each.page.path, each.nodes[:1]) for each in taken]
        check_imports(self.project, texts)

    def compose(self) -> None:
        """Turn nodes into blocks; compose withheld content only to find its mistakes."""
        neighbours = Neighbours(self.project, self.closed.sources, self.labels)
        taken = self.plugins.addresses.first
        composed = Chapters(
            self.project, self.shared, self.unseen, self.whole, self.ledgers, neighbours, taken
        )
        for piece in self.closed.pieces:
            composed.rehearse(piece)
        sources = self.closed.sources
        self.chapters = {source.entry.slug: composed.chapter(source) for source in sources}
        self.assignments = compose_assignments(self.assigned, composed)
        self.old_places = composed.old_places
        neighbours.check_circles()

    def collect(self) -> None:
        """Make the lists at the end of the book, and its title page."""
        self.facts, self.symbols = self.ledgers.facts(), self.ledgers.symbols()
        self.terms = self.ledgers.terms()
        self.brand = _checked_brand(self.project)
        self.corrections = _corrections(self.project, self.labels)

    PASSES: ClassVar[tuple[Callable[[Composition], None], ...]] = (
        read,
        number,
        withhold,
        share,
        check,
        compose,
        collect,
    )

    @property
    def cache_folder(self) -> Path:
        return self.project.settings.build / "cache"

    def ledger(self, name: str) -> tuple[str, FileProblems]:
        """The text of a file at the top of the content, and the collector of its mistakes."""
        report = self.project.report(name)
        return self.project.files.text(name, report), report

    def resources(self) -> Resources:
        """New resources, with no use recorded yet."""
        project, files = self.project, self.project.files
        media, bibliography = Media(), read_bibliography(*self.ledger("references.bib"))
        keys = bibliography.keys() | bibliography.wrong
        pages = [page for source in self.whole for page in source.pages]
        stills = Cache(self.cache_folder / "stills")
        facts, report = self.ledger("facts.toml")
        has_notation, has_glossary = ("notation.toml" in files, "glossary.toml" in files)
        return Resources(
            pages={page.path.as_posix().partition("/")[2]: page.place for page in pages},
            labels=self.labels,
            bibliography=bibliography,
            facts=read_facts(facts, keys, report),
            mathematics=Mathematics(self.engine, self.notation),
            media=media,
            practice=project.practice,
            pictures=Pictures(project.files, media),
            stills=Stills(self.instrument_code, self.engine, media, project.widgets, stills),
            plots=self.plots,
            symbols=read_notation(*self.ledger("notation.toml")) if has_notation else (),
            glossary=read_glossary(*self.ledger("glossary.toml")) if has_glossary else None,
            language=project.manifest.content_language,
            unlisted=project.overlay.unlisted,
            numbers={source.entry.slug: source.numbers for source in self.whole},
            asked=self.asked,
            computing=self.computing,
        )

    def book(self) -> Book:
        settings, manifest, brand = self.project.settings, self.project.manifest, self.brand
        words, drafts = self.mathematics.words, self.days.drafts()
        moments = {each.moment for each in self.closed.labels.values() if each.moment}
        return Book(
            id=manifest.storage_id,
            title=words(manifest.title),
            subtitle=words(manifest.subtitle),
            description=words(manifest.description),
            language=manifest.language,
            content_language=manifest.content_language,
            front=self.chapters[FRONT],
            parts=self.parts(),
            references=self.shared.bibliography.references(self.ledgers.sources()),
            symbols=self.symbols,
            terms=self.terms,
            drafts=frozenset(drafts.names if settings.reload else ()),
            name=brand.name or manifest.title,
            mark=mark(brand, manifest.title, self.project.home) if manifest.brand else Html(),
            small_print=small_print(brand, manifest.term, _credit(self.project)),
            report_mistakes=manifest.report_mistakes,
            edition=manifest.edition,
            openings=tuple(sorted(moments)),
            released=manifest.released,
            url=manifest.url,
            corrections=self.corrections,
            what_you_can_do=manifest.what_you_can_do,
            old_places=self.old_places,
            **self.facts,
        )

    def parts(self) -> tuple[Part, ...]:
        """The parts of the book that have open chapters."""
        parts = (
            Part(
                self.mathematics.words(part.title),
                tuple(self.chapters[e.slug] for e in part.chapters if e.slug in self.chapters),
            )
            for part in self.project.manifest.parts
        )
        return tuple(part for part in parts if part.chapters)


def _checked_brand(project: Project) -> Brand:
    """Return the brand; report a mark that pages must not contain."""
    brand = project.manifest.brand or Brand()
    if brand.mark:
        text = (project.home / brand.mark).read_text(encoding="utf-8")
        if "<svg" not in text or FORBIDDEN.search(text):
            why = "is not an SVG, or contains a script, a style or a picture"
            project.report(brand.mark).add(1, why)
    return brand


def _corrections(project: Project, labels: Labels) -> Link | None:
    name = project.manifest.corrections
    target = labels.targets.get(name)
    if name and target is None:
        project.manifest.file.add(labels.why_missing(name), "corrections")
    return Link(target.address, target.title) if target and name not in labels.days else None


def _credit(project: Project) -> Html:
    """Credit the book, or the book under a course, with its licence."""
    work = (project.below or project).manifest
    if not isinstance(work, BookManifest) or not work.licence:
        return Html()
    terms = terms_of(work.title, project.overlay.full_book_url, work.licence)
    if project.below is None:
        return terms
    return Html(project.manifest.language.translate("Adapted from %(work)s", work=terms))


def _without_front(sources: Sequence[ChapterSource]) -> tuple[ChapterSource, ...]:
    return tuple(source for source in sources if source.entry.slug != FRONT)
