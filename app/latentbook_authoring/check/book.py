"""Run the checks of the build and all Python of a book."""

from collections.abc import Collection
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from latentbook.base.report import Report
from latentbook.book.build import dressed
from latentbook.book.compose.author_code import AuthorCode
from latentbook.book.load import compose
from latentbook.book.overlay.merge import open_project
from latentbook.book.read.day import right_now
from latentbook.book.read.project import Project
from latentbook.book.read.recordings import Recordings
from latentbook.book.read.source import ChapterSource
from latentbook.book.write.assets import bundle
from latentbook.book.write.render import Renderer
from latentbook.book.write.site import refuse_large
from latentbook_authoring.check.cards import check_cards, record_cards
from latentbook_authoring.check.chapter import ChapterRun
from latentbook_authoring.check.instruments import check_instruments
from latentbook_authoring.check.session import Session


def check_book(
    project: Project,
    *,
    record: bool = False,
    chapters: Collection[str] | None = None,
    report: Report,
) -> None:
    """Check the book; with ``record``, record the output of every snippet.

    With ``chapters``, run only the Python of these.

    Raises
    ------
    BookErrors
        With every mistake in the content, every snippet that fails or whose output differs from
        the recording, and every question whose solution fails or whose mistake passes.
    """
    session = Session(project, report, trusts=not record)
    for notice in session.loaded.notices:
        report(notice)
    check_instruments(session)
    changed: list[tuple[str, Recordings]] = []
    asked = [
        each for each in session.loaded.whole if chapters is None or each.entry.slug in chapters
    ]
    for source in (*asked, *(each.source for each in session.loaded.assignments)):
        report(f"Running the Python of {source.opening.path.parent}")
        recordings = run_chapter(session, source, record=record)
        if record and recordings.by_label != source.recordings.by_label:
            changed.append((source.entry.slug, recordings))
            report("Running it again, to see that the same comes of it")
            now = replace(source.recordings, by_label=recordings.by_label)
            run_chapter(session, replace(source, recordings=now), record=False, again=True)
        check_cards(session, source, record=record)
    session.page.compare()
    session.problems.raise_all()
    warn_of_public_answers(session)
    for slug, recordings in changed:
        recordings.write(session.outputs_of(slug))
    if record:
        for source in session.loaded.whole:
            record_cards(session, source)
    loaded = session.loaded
    if changed:  # compose with the new recordings, as the build will
        loaded = compose(open_project(project.settings), right_now(), computing=True)
    assets = dressed(loaded, bundle(project.settings), project.settings)
    renderer = Renderer(loaded.book, assets, {"reload": False}, "", "/")
    for _ in renderer.pages():
        pass  # only the pages' sizes are needed
    refuse_large(loaded, renderer.sizes)
    report("Every check passes")


def record_chapter(project: Project, slug: str) -> Path:
    session = Session(project, print, trusts=True)
    source = next(source for source in session.loaded.whole if source.entry.slug == slug)
    recordings = run_chapter(session, source, record=True)
    session.problems.raise_all()
    recordings.write(path := session.outputs_of(slug))
    return path


def run_chapter(
    session: Session, source: ChapterSource, *, record: bool, again: bool = False
) -> Recordings:
    """Run a chapter; with ``again``, its recordings were made just before, on this machine."""
    with closing(AuthorCode(session.settings.code_timeout, outputs=session.outputs)) as code:
        chapter = ChapterRun(session, source, code, again=again)
        recorded = chapter.run(record=record)
    book = source.recordings.book
    own = {label: each for label, each in recorded.items() if each != book.get(label)}
    if not record or own == source.recordings.by_label:  # new recordings are run again
        session.page.add(chapter.twice, chapter.unsure)
    return Recordings(own)


def warn_of_public_answers(session: Session) -> None:
    for each in session.asked.values():
        line = each.nodes[0].line
        if len(each.nodes) == 1 and session.loaded.overlay.from_book(each.page.path, line):
            place = session.problems.place(each.page.path, line)
            session.report(f"{place}: {each.label} does not vary, and its answer is public")
