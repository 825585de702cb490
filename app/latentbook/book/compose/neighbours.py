"""Links from a page: the pages before and after it, the chapters it builds on."""

from __future__ import annotations

from collections.abc import Sequence

from latentbook.book.compose.labels import Labels
from latentbook.book.compose.pieces import Link
from latentbook.book.compose.text import Address
from latentbook.book.read.project import Project
from latentbook.book.read.source import ChapterSource, PageSource


class Neighbours:
    """Links between the pages that are open."""

    def __init__(self, project: Project, sources: Sequence[ChapterSource], labels: Labels) -> None:
        self._project = project
        self._sources = sources
        self._labels = labels
        self._openings = {each.entry.slug: each.opening for each in sources if each.entry.number}

    def around(self, page: PageSource) -> tuple[Link | None, Link | None]:
        pages = [each for source in self._sources for each in source.pages if each.place]
        if page not in pages:
            return None, None
        index = pages.index(page)
        before = self.link(pages[index - 1]) if index > 0 else None
        after = self.link(pages[index + 1]) if index + 1 < len(pages) else None
        return before, after

    def link(self, page: PageSource) -> Link:
        labels = self._labels
        label = page.name or page.slug
        number = labels.targets[label].number if label in labels.targets else ""
        description = str(page.document.front["description"])
        return Link(Address(page.place), page.title, number, description)

    def builds_on(self, opening: PageSource) -> tuple[Link, ...]:
        openings = self._openings
        line = opening.document.front_lines.get("builds_on", 1)
        links = []
        for slug in opening.document.front.get("builds_on", ()):
            if slug in openings and slug != opening.slug:
                links.append(self.link(openings[slug]))
                continue
            if self._project.laid.from_book(opening.path, line):
                continue  # a chapter that the course leaves out
            report = self._project.problems.of(opening.path)
            if day := self._labels.days.get(slug):
                if day.moment is None:
                    report.add(line, f"builds_on names a chapter that is {day.word}: {slug!r}")
                continue  # until it opens
            accepted = ", ".join(name for name in openings if name != opening.slug) or "none yet"
            report.add(line, f"builds_on names no other chapter: {slug!r}. Accepted: {accepted}.")
        return tuple(links)

    def check_circles(self) -> None:
        """Report chapters that build on themselves through others."""
        openings = self._openings
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
                report = self._project.problems.of(opening.path)
                report.add(line, f"builds_on leads in a circle: {ways[slug]}")
