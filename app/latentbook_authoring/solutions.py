"""``latentbook course solutions``: a course with the solutions of its problems, for instructors."""

import shutil
from pathlib import Path

import tomlkit

from latentbook.base.errors import LatentbookError, accepted_names
from latentbook.base.report import Report
from latentbook.book.build import build_site
from latentbook.book.compose.labels import numbered
from latentbook.book.directives import directives_with
from latentbook.book.overlay.merge import open_project
from latentbook.book.read.contents import COURSE
from latentbook.plugins import plugins_of
from latentbook.settings import Settings
from latentbook_authoring.check.book import record_chapter

SOLUTIONS = "solutions"  # folder of a course: LABEL.md for each problem


def build_solutions(settings: Settings, report: Report) -> Path:
    """Build a copy of a course in which each solution follows its problem.

    Raises
    ------
    LatentbookError
        If a solution's name is not the label of a problem in the course, or its code fails.
    """
    course = settings.course
    assert course is not None
    targets = numbered(open_project(settings), directives_with(plugins_of(settings))).targets
    problems = {label: each for label, each in targets.items() if each.kind == "problem"}
    copy = settings.build / SOLUTIONS / course.name
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(course, copy, ignore=shutil.ignore_patterns("build", ".git"))
    manifest = tomlkit.parse((copy / COURSE).read_text(encoding="utf-8"))
    inserts = manifest.setdefault("insert", tomlkit.aot())
    unsolved, chapters = dict(problems), set()
    for path in sorted((course / SOLUTIONS).glob("*.md")):
        if (label := path.stem) not in problems:
            names = accepted_names(label, problems)
            raise LatentbookError(f"{path}: no problem {label!r} in this course. {names}")
        inserts.append({"after": label, "file": f"{SOLUTIONS}/{path.name}"})
        chapters.add(unsolved.pop(label).page.partition("/")[0])
    for label, each in unsolved.items():
        report(f"No solution yet: problem {each.number}, {SOLUTIONS}/{label}.md")
    (copy / COURSE).write_text(tomlkit.dumps(manifest), encoding="utf-8")
    project = open_project(settings.model_copy(update={"course": copy, "build": copy.parent}))
    for slug in sorted(chapters):
        record_chapter(project, slug)
    return build_site(open_project(project.settings), report=report)  # with the new recordings
