"""A book whose Python is about to run."""

import sys
from collections.abc import Callable
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import latentbook.book
from latentbook.base.cache import Cache
from latentbook.base.errors import Problems
from latentbook.base.files import Files
from latentbook.base.hashing import content_hash
from latentbook.base.report import Report
from latentbook.book.load import compose
from latentbook.book.read.card_records import BOOK_CARDS, CARDS
from latentbook.book.read.contents import CONTENT
from latentbook.book.read.day import right_now
from latentbook.book.read.project import Project
from latentbook.book.read.recordings import BOOK_OUTPUTS, OUTPUTS
from latentbook.plugins import plugins_of
from latentbook.runtime.page_packages import PagePackages
from latentbook_authoring.check.page_python import PagePython

ENGINE = Path(latentbook.book.__file__).parent
"""Code on which cached results depend, besides that of this folder."""


class Session:
    """A book whose Python is about to run, with its packages importable.

    Attributes
    ----------
    trusts : whether unchanged code that has passed before need not run again
    page : the page's Python, with the requests to repeat there
    asked : questions of assignments, by label
    problems : every mistake found so far
    """

    def __init__(self, project: Project, report: Report, *, trusts: bool) -> None:
        self.trusts = trusts
        self.project = project
        self.settings = settings = project.settings
        self.content = settings.course / CONTENT if settings.course else settings.content
        self.packages = PagePackages.read(settings, project.packages)
        self.packages.make_importable(report)
        self.outputs = plugins_of(settings).outputs
        self.page = PagePython(settings, project.widgets, self.packages, report, self.outputs)
        self.report = report
        report("Reading the book")
        self.loaded = compose(project, right_now(), computing=True)
        asked = [each for page in self.loaded.assignments for each in page.questions]
        self.asked = {each.label: each for each in asked}
        self.problems = Problems(self.loaded.overlay.origins)
        self.cache = Cache(self.settings.build / "cache" / "checks")
        self.environment = content_hash(
            sys.version,
            *sorted(f"{each.name} {each.version}" for each in distributions()),
            contents(project.widgets),
            contents(Files.of(ENGINE)),
            contents(Files.of(Path(__file__).parent)),
            self.packages.lock.model_dump_json(),
            self.outputs,
            length=32,
        )

    def kept(self, make: Callable[[], Any], *made_from: str) -> Any:
        """Return the cached result for the same inputs; else make it, and cache it if it passes."""
        key = content_hash(self.environment, *made_from, length=32)
        if self.trusts and (found := self.cache.read(key)) is not None:
            return found
        before = len(self.problems.errors)
        made = make()
        if made is not None and len(self.problems.errors) == before:
            self.cache.write(key, made)
        return made

    def outputs_of(self, slug: str) -> Path:
        """Path of a chapter's recordings."""
        return self.content / slug / OUTPUTS


def contents(files: Files, folder: str = "") -> str:
    """A hash of the files that Python may read, and of their places."""
    text = (".md", OUTPUTS, BOOK_OUTPUTS, CARDS, BOOK_CARDS)
    places = files.below(folder) if folder else files
    read = (each for each in places if not each.endswith(text))
    return content_hash(*(part for each in read for part in (each, files.data(each))), length=32)
