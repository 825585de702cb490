"""Chapters from their sources: composes each page, and withheld content for its mistakes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from latentbook.book.compose.blocks import (
    Block,
    NumberedBlock,
    all_blocks,
    reading_minutes,
    word_count,
)
from latentbook.book.compose.compose import Composer, Resources
from latentbook.book.compose.labels import Labels
from latentbook.book.compose.ledgers import Ledgers
from latentbook.book.compose.pieces import Address, Link
from latentbook.book.compose.question import Question
from latentbook.book.compose.types import Chapter, Listed, Section
from latentbook.book.compose.withheld import Piece
from latentbook.book.read.day import Day
from latentbook.book.read.project import Project
from latentbook.book.read.recordings import Recording
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


LONGEST_SECTION = 2500
"""Words per section: each is one page, laid out at once (docs/speed.md)."""


class Chapters:
    """Composes the pages of a book.

    Parameters
    ----------
    unseen : the resources of withheld content; the same if there is none
    whole : the chapters with withheld content
    """

    def __init__(
        self,
        project: Project,
        resources: Resources,
        unseen: Resources,
        whole: Sequence[ChapterSource],
        ledgers: Ledgers,
        neighbours: Neighbours,
    ) -> None:
        self._project = project
        self._resources = resources
        self._unseen = unseen
        self._whole = whole
        self._ledgers = ledgers
        self._neighbours = neighbours

    def rehearse(self, piece: Piece) -> None:
        """Compose withheld content for its mistakes and what it uses, and discard the result."""
        page = piece.page
        whole = next(source for source in self._whole if source.entry.slug == page.slug)
        recorded = whole.recordings.all_current(whole.nodes)
        composer = self._composer(page, whole, recorded, 0, piece.day)
        name = "title" if page.name else "standfirst"
        front, lines = page.document.front, page.document.front_lines
        composer.inline(front[name], lines.get(name, 1))
        composer.all_blocks()
        self._ledgers.note_unseen(composer)

    def chapter(self, source: ChapterSource) -> Chapter:
        entry, opening = source.entry, source.opening
        front, lines = opening.document.front, opening.document.front_lines
        recorded = source.recordings.all_current(source.nodes)
        composer = self._composer(opening, source, recorded, 0)
        standfirst = composer.inline(front["standfirst"], lines.get("standfirst", 1))
        blocks = composer.all_blocks()
        moved: dict[str, str] = {}
        sections: list[Section] = []
        for page in source.sections:
            inside = self._composer(page, source, recorded, self._notes_before(page))
            sections.append(self._section(page, inside))
            cited = [f"ref-{key}" for key in sorted(inside.cited - composer.cited)]
            for id in (*self._ids_on(page), *inside.note_ids, *cited):
                moved.setdefault(id, f"{page.name}/#{id}")
            for id in (page.name, *page.document.front["aliases"]):
                moved[id] = f"{page.name}/"
        return Chapter(
            **self._page(opening, entry.number, blocks, composer),
            slug=entry.slug,
            standfirst=standfirst,
            level=front.get("level", ""),
            builds_on=self._neighbours.builds_on(opening),
            sections=tuple(sections),
            moved=moved,
            notebook=f"{entry.slug}.ipynb",
            script=f"{entry.slug}.py",
        )

    def _notes_before(self, page: PageSource) -> int:
        """Number of notes in a chapter before a page of it, including withheld ones."""
        whole = next(source for source in self._whole if source.entry.slug == page.slug)
        places = [each.place for each in whole.pages]
        before = whole.pages[: places.index(page.place)]
        return sum(len(each.document.notes) for each in before)

    def _composer(
        self,
        page: PageSource,
        source: ChapterSource,
        recorded: Mapping[str, Recording],
        notes_before: int,
        day: Day | None = None,
    ) -> Composer:
        number = self._resources.labels.number(page.place, 1) if page.name else ""
        place = Link(Address(page.place), page.title, number)
        report = self._project.problems.of(page.path)
        return Composer(
            self._unseen if day else self._resources,
            page,
            report,
            place,
            recorded=recorded,
            numbers=source.numbers,
            notes_before=notes_before,
            day=day,
        )

    def _section(self, page: PageSource, composer: Composer) -> Section:
        front, lines = page.document.front, page.document.front_lines
        html = composer.inline(front["title"], lines.get("title", 1))
        blocks = composer.all_blocks()
        words = word_count(blocks)
        if words > LONGEST_SECTION:
            composer.problems.add(
                lines.get("title", 1),
                f"the section has {words:,} words; at most {LONGEST_SECTION:,}: make it two",
            )
        return Section(
            **self._page(page, composer.place.number, blocks, composer),
            name=page.name,
            html=html,
            minutes=reading_minutes(blocks),
        )

    def _page(
        self, page: PageSource, number: str, blocks: tuple[Block, ...], composer: Composer
    ) -> dict[str, Any]:
        previous, following = self._neighbours.around(page)
        return {
            "place": page.place,
            "number": number,
            "title": page.title,
            "description": page.document.front["description"],
            "blocks": blocks,
            "listed": _listed(blocks, page.place),
            "references": self._resources.bibliography.references(composer.cited),
            "symbols": self._ledgers.symbols_of(composer),
            "previous": previous,
            "next": following,
        }

    def _ids_on(self, page: PageSource) -> list[str]:
        """What addresses can name on a page: its labels and headings."""
        labels = self._resources.labels
        for name in page.document.front["aliases"]:
            if name in labels.targets:
                line = page.document.front_lines.get("aliases", 1)
                report = self._project.problems.of(page.path)
                report.add(line, f"{name!r} is a label of today, at {labels.targets[name].path}")
        here = [
            label
            for label, target in labels.targets.items()
            if target.page == page.place and label not in labels.days
        ]
        return [*here, *labels.heading_ids(page.place)]


def _listed(blocks: Iterable[Block], page: str) -> Listed:
    instruments, questions, snippets = [], [], []
    for block in all_blocks(blocks):
        if not isinstance(block, NumberedBlock):
            continue
        link = Link(Address(page, block.label), getattr(block, "title", ""), block.number)
        if block.kind == "instrument":
            instruments.append(link)
        elif isinstance(block, Question):  # has no title
            questions.append(link)
        elif block.kind == "snippet":
            snippets.append(link)
    return Listed(tuple(instruments), tuple(questions), tuple(snippets))
