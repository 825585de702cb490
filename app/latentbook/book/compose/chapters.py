"""Compose chapters from their sources, and withheld content to find its mistakes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from latentbook.book.compose.blocks import Block, reading_minutes, word_count
from latentbook.book.compose.compose import Composer, Resources
from latentbook.book.compose.labels import Labels
from latentbook.book.compose.ledgers import Ledgers
from latentbook.book.compose.pieces import Address, Link
from latentbook.book.compose.types import Chapter, Evidence, Section
from latentbook.book.compose.withheld import Piece
from latentbook.book.read.contents import RESERVED
from latentbook.book.read.day import Day
from latentbook.book.read.options import LABEL
from latentbook.book.read.project import Project
from latentbook.book.read.recordings import Recording
from latentbook.book.read.source import ChapterSource, PageSource, page_place


@dataclass(frozen=True)
class Neighbours:
    """Links between open pages."""

    project: Project
    sources: Sequence[ChapterSource]
    labels: Labels

    @property
    def openings(self) -> dict[str, PageSource]:
        return {each.entry.slug: each.opening for each in self.sources if each.entry.number}

    def around(self, page: PageSource) -> tuple[Link | None, Link | None]:
        pages = [
            each
            for source in self.sources
            for each in source.pages
            if each.place and not each.is_evidence
        ]
        if page not in pages:
            return None, None
        index = pages.index(page)
        before = self.link(pages[index - 1]) if index > 0 else None
        after = self.link(pages[index + 1]) if index + 1 < len(pages) else None
        return before, after

    def link(self, page: PageSource) -> Link:
        labels = self.labels
        target = labels.targets.get(page.label)
        number = target.number if target else ""
        return Link(Address(page.place), page.title, number, page.description)

    def builds_on(self, opening: PageSource) -> tuple[Link, ...]:
        openings = self.openings
        line = opening.document.front_lines.get("builds_on", 1)
        links = []
        for slug in opening.document.front.get("builds_on", ()):
            if slug in openings and slug != opening.slug:
                links.append(self.link(openings[slug]))
                continue
            if self.project.overlay.from_book(opening.path, line):
                continue  # a chapter that the course leaves out
            report = self.project.problems.of(opening.path)
            if day := self.labels.days.get(slug):
                if day.moment is None:
                    report.add(line, f"builds_on names a chapter that is {day.word}: {slug!r}")
                continue  # until it opens
            accepted = ", ".join(name for name in openings if name != opening.slug) or "none yet"
            report.add(line, f"builds_on names no other chapter: {slug!r}. Accepted: {accepted}.")
        return tuple(links)

    def check_circles(self) -> None:
        """Report chapters that build on themselves through others."""
        openings = self.openings
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
                report = self.project.problems.of(opening.path)
                report.add(line, f"builds_on leads in a circle: {ways[slug]}")


LONGEST_SECTION = 2500
"""Words per section: each is one page, laid out at once (docs/speed.md)."""


@dataclass(frozen=True)
class Chapters:
    """Composes the pages of a book.

    Attributes
    ----------
    unseen : the resources of withheld content; ``resources`` if there is none
    whole : the chapters, including withheld content
    taken : first parts of the addresses of plugins
    old_places : former place -> current place of a page
    """

    project: Project
    resources: Resources
    unseen: Resources
    whole: Sequence[ChapterSource]
    ledgers: Ledgers
    neighbours: Neighbours
    taken: Sequence[str]
    old_places: dict[str, str] = field(default_factory=dict)

    def rehearse(self, piece: Piece) -> None:
        """Compose withheld content to find its mistakes and uses; discard the result."""
        page = piece.page
        whole = next(source for source in self.whole if source.entry.slug == page.slug)
        recorded = whole.recordings.all_current(whole.nodes)
        composer = self.composer(page, whole, recorded, 0, piece.day)
        front, lines = page.document.front, page.document.front_lines
        for name in {"title", "description", "standfirst", "idea"} & front.keys():
            composer.inline(front[name], lines.get(name, 1))
        composer.all_blocks()
        self._cards(page, whole, piece.day)
        self.ledgers.note_unseen(composer)

    def chapter(self, source: ChapterSource) -> Chapter:
        entry, opening = source.entry, source.opening
        front, lines = opening.document.front, opening.document.front_lines
        recorded = source.recordings.all_current(source.nodes)
        composer = self.composer(opening, source, recorded, 0)
        standfirst = composer.inline(front["standfirst"], lines.get("standfirst", 1))
        blocks = composer.all_blocks()
        moved: dict[str, str] = {}
        sections: list[Section] = []
        evidence: list[Evidence] = []
        for page in source.sections:
            inside = self.composer(page, source, recorded, self._notes_before(page))
            sections.append(self._section(page, inside, source))
            cited = [f"ref-{key}" for key in sorted(inside.cited - composer.cited)]
            for id in (*self._ids_on(page), *inside.note_ids, *cited):
                moved.setdefault(id, f"{page.name}/#{id}")
            for id in (page.name, *page.document.front["aliases"]):
                moved[id] = f"{page.name}/"
        for page in source.evidence:
            inside = self.composer(page, source, recorded, self._notes_before(page))
            evidence.append(self._evidence(page, inside, source))
            for id in (each for each in self._ids_on(page) if each != page.label):
                moved.setdefault(id, f"{page.name}/#{id}")
        for page in (opening, *source.sections):
            self._note_old_places(page, opening)
        return Chapter(
            **self._page(opening, entry.number, blocks, composer, source),
            slug=entry.slug,
            standfirst=standfirst,
            level=front.get("level", ""),
            builds_on=self.neighbours.builds_on(opening),
            sections=tuple(sections),
            evidence_pages=tuple(evidence),
            moved=moved,
        )

    def _note_old_places(self, page: PageSource, opening: PageSource) -> None:
        """Record a page's former places, from its own old names and those of its chapter."""
        aliases = page.document.front.get("aliases", ())
        report = self.project.problems.of(page.path)
        line = page.document.front_lines.get("aliases", 1)
        slugs = (page.slug, *opening.document.front.get("aliases", ()))
        pages = (each.place for source in self.whole for each in source.pages)
        today = {*RESERVED, *self.taken, *pages}
        for name in aliases if page is opening else (page.name, *aliases):
            whole = page is opening or "/" in name
            for place in [name] if whole else [f"{slug}/{name}" for slug in slugs]:
                owner = place if place in today else self.old_places.get(place, page.place)
                if owner != page.place and name in aliases:
                    report.add(line, f"the address {place!r} belongs to {owner!r}")
                elif owner == page.place != place and all(map(LABEL.fullmatch, place.split("/"))):
                    self.old_places[place] = page.place

    def _notes_before(self, page: PageSource) -> int:
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
        section = page_place(page.slug, page.section)
        number = self.resources.labels.number(section, 1) if page.name else ""
        place = Link(Address(page.place), page.title, number)
        report = self.project.problems.of(page.path)
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

    def _section(self, page: PageSource, composer: Composer, source: ChapterSource) -> Section:
        lines = page.document.front_lines
        blocks = composer.all_blocks()
        words = word_count(blocks)
        if words > LONGEST_SECTION:
            composer.problems.add(
                lines.get("title", 1),
                f"the section has {words:,} words; at most {LONGEST_SECTION:,}: make it two",
            )
        there = (each for each in source.evidence if each.section == page.name)
        return Section(
            **self._page(page, composer.place.number, blocks, composer, source),
            name=page.name,
            idea=composer.inline(page.document.front["idea"], lines.get("idea", 1)),
            evidence_page=next(map(self.neighbours.link, there), None),
            minutes=reading_minutes(blocks),
            authors=self.project.authors(page.path),
        )

    def _evidence(self, page: PageSource, composer: Composer, source: ChapterSource) -> Evidence:
        section = next(each for each in source.sections if each.name == page.section)
        blocks = composer.all_blocks()
        return Evidence(
            **self._page(page, composer.place.number, blocks, composer, source),
            label=page.label,
            section=self.neighbours.link(section),
        )

    def _page(
        self,
        page: PageSource,
        number: str,
        blocks: tuple[Block, ...],
        composer: Composer,
        source: ChapterSource,
    ) -> dict[str, Any]:
        previous, following = self.neighbours.around(page)
        front, lines = page.document.front, page.document.front_lines
        composer.inline(front["description"], lines.get("description", 1))  # to find its mistakes
        return {
            "place": page.place,
            "number": number,
            "title": page.title,
            "html": composer.inline(front["title"], lines.get("title", 1)),
            "description": page.description,
            "blocks": blocks,
            "cards": self._cards(page, source),
            "references": self.resources.bibliography.references(composer.cited),
            "symbols": self.ledgers.symbols_of(composer),
            "previous": previous,
            "next": following,
        }

    def _cards(
        self, page: PageSource, source: ChapterSource, day: Day | None = None
    ) -> tuple[Block, ...]:
        """Compose a page's cards with a separate composer, because the page does not show them."""
        alone = replace(page, document=replace(page.document, nodes=page.cards, notes={}))
        return self.composer(alone, source, {}, 0, day).all_blocks()

    def _ids_on(self, page: PageSource) -> list[str]:
        """Return the ids that addresses can name on a page: its labels and headings."""
        labels = self.resources.labels
        for name in page.document.front.get("aliases", ()):
            if name in labels.targets:
                line = page.document.front_lines.get("aliases", 1)
                report = self.project.problems.of(page.path)
                report.add(line, f"{name!r} is a label of today, at {labels.targets[name].path}")
        here = [
            label
            for label, target in labels.targets.items()
            if target.page == page.place and label not in labels.days
        ]
        return [*here, *labels.heading_ids(page.place)]
