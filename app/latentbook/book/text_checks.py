"""Checks of a book's text, beyond its syntax."""

from collections.abc import Sequence

from latentbook.base.errors import accepted_names
from latentbook.book.read.lessons import IDEA_WORDS, Lesson, idea_fault
from latentbook.book.read.numbers import STALE
from latentbook.book.read.project import Project
from latentbook.book.read.source import ChapterSource
from latentbook.plugins import Plugins

LONG = "the section has {}: move the rest into evidence/{}.md"
NO_IDEA = f"the section lacks idea: one sentence of at most {IDEA_WORDS} words"


def check_text(
    project: Project, plugins: Plugins, sources: Sequence[ChapterSource], computing: bool
) -> None:
    """Report stale numbers, and text that a strict book refuses."""
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
                if not project.overlay.from_book(page.path, line):
                    problems.add(page.path, line, message)


def check_addresses(project: Project, plugins: Plugins) -> None:
    """Report chapters whose address belongs to a plugin of the server."""
    for entry in project.manifest.entries:
        if entry.slug in plugins.addresses.first:
            message = f"the address {entry.slug!r} belongs to a plugin: rename the chapter"
            project.manifest.file.report.add(entry.line, message)
