"""Lists of ``latentbook check``, which never fail."""

from latentbook.base.errors import Problems
from latentbook.base.report import Report
from latentbook.book.load import compose
from latentbook.book.read.day import right_now
from latentbook.book.read.lessons import Lesson
from latentbook.book.read.project import Project
from latentbook.hooks import PageCheck


def list_faults(project: Project, check: PageCheck, report: Report) -> None:
    """Report the faults and doubts of a check, except those in the book under a course."""
    loaded = compose(project, right_now(), computing=True)
    place = Problems(loaded.overlay.origins).place
    for page in (page for source in loaded.whole for page in source.pages):
        found = [*check.faults(page)]
        found += [(line, f"perhaps {doubt}") for line, doubt in check.doubts(page)]
        for line, sentence in found:
            if not loaded.overlay.from_book(page.path, line):
                report(f"{place(page.path, line)}: {sentence}")


def list_lessons(project: Project, report: Report) -> None:
    """Report each section's numbers, tables, figures and idea, and any that exceed a lesson."""
    loaded = compose(project, right_now(), computing=True)
    place = Problems(loaded.overlay.origins).place
    for page in (page for source in loaded.whole for page in source.sections):
        line = page.document.front_lines.get("title", 1)
        if loaded.overlay.from_book(page.path, line):
            continue
        lesson = Lesson.of(page.document)
        rows = f" ({', '.join(map(str, lesson.tables))} rows)" if lesson.tables else ""
        idea = "an idea" if lesson.has_idea else "no idea"
        tables = f"{len(lesson.tables)} table{'s' * (len(lesson.tables) != 1)}{rows}"
        figures = f"{lesson.figures} figure{'s' * (lesson.figures != 1)}"
        has = f"{lesson.numbers} numbers, {tables}, {figures}, {idea}"
        wrong = ", ".join(filter(None, [lesson.faults, "no idea" * lesson.lacks_idea]))
        warning = f". Too much or missing: {wrong}" if wrong else ""
        report(f"{place(page.path, line)}: {has}{warning}")
