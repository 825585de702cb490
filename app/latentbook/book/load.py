"""Compose a project: one :class:`Book` with the files its pages need, or all its mistakes."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from functools import cache

from latentbook.book.compose.assigned import compose_assignments, take_assigned
from latentbook.book.compose.author_code import AuthorCode
from latentbook.book.compose.bibliography import read_bibliography
from latentbook.book.compose.chapters import Chapters, Neighbours
from latentbook.book.compose.compose import Directive, Resources
from latentbook.book.compose.engine import Engine
from latentbook.book.compose.facts import read_facts
from latentbook.book.compose.glossary import read_glossary
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
from latentbook.book.read.days import Days, check_days
from latentbook.book.read.lessons import IDEA_WORDS, Lesson, idea_fault
from latentbook.book.read.notation import read_notation
from latentbook.book.read.numbers import STALE, Asked
from latentbook.book.read.project import BookManifest, Project
from latentbook.book.read.source import ChapterSource, SourceReader
from latentbook.book.write.assets import engine_script
from latentbook.book.write.brand import mark, small_print, terms_of
from latentbook.cache import Cache
from latentbook.errors import accepted_names
from latentbook.plugins import Plugins, plugins_of
from latentbook.settings import Settings

LONG = "the section has {}: move the rest into evidence/{}.md"
NO_IDEA = f"the section lacks idea: one sentence of at most {IDEA_WORDS} words"


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
        project.problems.raise_all()  # there is nothing to find other mistakes in
    # Separate processes: neither can damage the other's Python.
    plots, instruments = (closing(AuthorCode(project.settings.code_timeout)) for _ in range(2))
    with plots as plot_code, instruments as instrument_code:
        loaded = _compose(project, now, computing, plot_code, instrument_code)
    project.problems.raise_all()
    return loaded


_engines: dict[str, Engine] = {}


def shared_engine(script: str) -> Engine:
    """Return the engine of a bundle, which caches every equation it has set."""
    if script not in _engines:
        while _engines:
            _engines.popitem()[1].close()
        _engines[script] = Engine(script)
    return _engines[script]


def _compose(
    project: Project,
    now: datetime,
    computing: bool,
    plot_code: AuthorCode,
    instrument_code: AuthorCode,
) -> Loaded:
    settings, manifest, problems = project.settings, project.manifest, project.problems
    notation = Notation(project.macros())
    mathematics = Mathematics(shared_engine(engine_script(settings)), notation)
    plugins = plugins_of(project.given)
    directives = directives_with(plugins)
    reader = SourceReader(project, directives, mathematics.words)
    kept = Cache(settings.build / "cache" / "plots")
    plots = Plots(plot_code, settings.widgets, kept)
    assigned = take_assigned(_sources(reader), reader.assignments(), plots, reader)
    whole = assigned.chapters
    labels = _labels(project, directives, [*whole, *assigned.sources], mathematics.words)
    assigned.close(labels, manifest.openings, problems)
    days = check_days(manifest.openings, labels.with_days(), problems)
    closed = set_apart(whole, days.not_open(now, drafts=settings.reload))
    labels.shut(closed.labels)
    labels.unanswered = closed.unanswered
    asked: dict[Asked, None] = {}

    def resources() -> Resources:
        """Create resources that nothing has used yet."""
        media, cached = Media(), settings.build / "cache"
        engine = shared_engine(engine_script(settings))
        content, widgets, shown = settings.content, settings.widgets, project.shown
        bibliography = read_bibliography(
            content / "references.bib", shown("references.bib"), problems
        )
        keys = bibliography.keys() | bibliography.wrong
        pages = [page for source in whole for page in source.pages]
        return Resources(
            pages={page.path.as_posix().partition("/")[2]: page.place for page in pages},
            labels=labels,
            bibliography=bibliography,
            facts=read_facts(content / "facts.toml", shown("facts.toml"), keys, problems),
            mathematics=Mathematics(engine, notation),
            media=media,
            practice=settings.practice,
            pictures=Pictures(content, media),
            stills=Stills(instrument_code, engine, media, widgets, Cache(cached / "stills")),
            plots=plots,
            symbols=read_notation(content / "notation.toml", project.report("notation.toml")),
            glossary=read_glossary(content / "glossary.toml", project.report("glossary.toml")),
            language=manifest.content_language,
            unlisted=project.laid.unlisted,
            numbers={source.entry.slug: source.numbers for source in whole},
            asked=asked,
            computing=computing,
        )

    shared = resources()
    # Withheld content is composed for its mistakes. What only it uses appears in no list.
    unseen = resources() if closed.pieces or assigned.assignments else shared
    names = {page.section or page.slug for source in whole for page in source.pages}
    ledgers = Ledgers(project, shared, unseen, names)
    neighbours = Neighbours(project, closed.sources, labels)
    composed = Chapters(project, shared, unseen, whole, ledgers, neighbours)
    _check_text(project, plugins, whole, computing)
    pages = [page for source in (*whole, *assigned.sources) for page in source.pages]
    texts = [(page.path, page.document.nodes) for page in pages]
    taken = [question for _, questions in assigned.assignments for question in questions]
    check_imports(project, [*texts, *((each.page.path, each.nodes[:1]) for each in taken)])
    for piece in closed.pieces:
        composed.rehearse(piece)
    chapters = {source.entry.slug: composed.chapter(source) for source in closed.sources}
    assignments = compose_assignments(assigned, composed)
    neighbours.check_circles()
    facts, symbols, terms = ledgers.facts(), ledgers.symbols(), ledgers.terms()
    brand, corrections = _checked_brand(project), _corrections(project, labels)
    problems.raise_all()
    parts = (
        Part(
            mathematics.words(part.title),
            tuple(chapters[e.slug] for e in part.chapters if e.slug in chapters),
        )
        for part in manifest.parts
    )
    drafts = days.drafts() if settings.reload else Days()
    book = Book(
        id=manifest.storage_id,
        title=mathematics.words(manifest.title),
        subtitle=mathematics.words(manifest.subtitle),
        description=mathematics.words(manifest.description),
        language=manifest.language,
        content_language=manifest.content_language,
        front=chapters[FRONT],
        parts=tuple(part for part in parts if part.chapters),
        references=shared.bibliography.references(ledgers.sources()),
        symbols=symbols,
        terms=terms,
        drafts=frozenset(drafts.names),
        name=brand.name or manifest.title,
        mark=mark(brand, manifest.title, settings.content) if manifest.brand else Html(),
        small_print=small_print(brand, manifest.term, _credit(project)),
        report_mistakes=manifest.report_mistakes,
        edition=manifest.edition,
        openings=tuple(sorted({each.moment for each in closed.labels.values() if each.moment})),
        released=manifest.released,
        url=manifest.url,
        corrections=corrections,
        what_you_can_do=manifest.what_you_can_do,
        old_places=composed.old_places,
        **facts,
    )
    return Loaded(
        book=book,
        media=shared.media,
        practice=settings.practice,
        sources=_without_front(closed.sources),
        whole=_without_front(whole),
        labels=labels,
        notation=notation,
        facts=shared.facts,
        apart=files_apart(settings.widgets, closed),
        laid=project.laid,
        brand=manifest.brand,
        asked=tuple(asked),
        assignments=assignments,
        unseen=unseen.media,
    )


def _sources(reader: SourceReader) -> list[ChapterSource]:
    """Read the front page and the chapters, withheld content included."""
    entries = {entry.slug: entry for entry in reader.project.manifest.entries}.values()
    read = [reader.front(), *map(reader.chapter, entries)]
    return [source for source in read if source is not None]


def _labels(
    project: Project,
    directives: Mapping[str, Directive],
    sources: Sequence[ChapterSource],
    words: Callable[[str], str],
) -> Labels:
    labels = Labels(words)
    for source in sources:
        labels.add_chapter(source, project.problems)
    labels.hidden.update(project.laid.hidden)
    if (below := project.below) is not None:
        labels.left_out = cache(lambda: numbered(below, directives, words).targets)
        labels.full_book_url = project.laid.full_book_url
    return labels


def _check_text(
    project: Project, plugins: Plugins, sources: Sequence[ChapterSource], computing: bool
) -> None:
    """Report stale numbers, and what a strict book refuses in its text."""
    manifest, problems, checks = project.manifest, project.problems, plugins.checks
    unknown = manifest.checks.keys() - checks.keys() if not plugins.failures else ()
    for name in sorted(unknown):
        manifest.file.add(f"no check {name!r}. {accepted_names(name, checks)}", "checks", name)
    strict = [check for name, check in checks.items() if name in manifest.strict]
    for source in sources:
        if not computing and source.numbers.stale:
            problems.add(source.numbers.path, 1, STALE)
        for page in source.pages:
            found = [fault for check in strict for fault in check.faults(page)]
            front, lines = page.document.front, page.document.front_lines
            if (idea := front.get("idea")) and (fault := idea_fault(idea)):
                found.append((lines.get("idea", 1), fault))
            if page in source.sections and manifest.wants_lessons(page.slug):
                lesson, line = Lesson.of(page.document), lines.get("title", 1)
                if lesson.faults:
                    found.append((line, LONG.format(lesson.faults, page.name)))
                if lesson.lacks_idea:
                    found.append((line, NO_IDEA))
            for line, message in found:
                if not project.laid.from_book(page.path, line):
                    problems.add(page.path, line, message)


def _checked_brand(project: Project) -> Brand:
    """Return the brand; report a mark that pages must not contain."""
    brand = project.manifest.brand or Brand()
    if brand.mark:
        text = (project.settings.content / brand.mark).read_text(encoding="utf-8")
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
    terms = terms_of(work.title, project.laid.full_book_url, work.licence)
    if project.below is None:
        return terms
    return Html(project.manifest.language.translate("Adapted from %(work)s", work=terms))


def _without_front(sources: Sequence[ChapterSource]) -> tuple[ChapterSource, ...]:
    return tuple(source for source in sources if source.entry.slug != FRONT)
