"""The data types of a book, down to its blocks (:mod:`latentbook.book.compose.blocks`)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from latentbook.base.errors import first_of
from latentbook.base.files import Files
from latentbook.base.hashing import content_hash
from latentbook.book.compose.bibliography import Reference
from latentbook.book.compose.blocks import (
    Block,
    Heading,
    NumberedBlock,
    all_blocks,
    reading_minutes,
    text_of,
)
from latentbook.book.compose.facts import FactLedger
from latentbook.book.compose.labels import Labels
from latentbook.book.compose.math import Notation
from latentbook.book.compose.media import Media
from latentbook.book.compose.pieces import Address, Html, Link, Symbol, Term, Text
from latentbook.book.read.brand import Brand
from latentbook.book.read.nodes import DirectiveNode
from latentbook.book.read.numbers import Asked
from latentbook.book.read.project import Overlay
from latentbook.book.read.source import ChapterSource, PageSource
from latentbook.book.translations.language import Language


@dataclass(frozen=True)
class TextPage:
    """A page of text: the opening of a chapter, or a section."""

    place: str  # autoencoders/compress; empty for the front page
    number: str  # empty for the front page
    title: str
    html: Text  # the title
    description: str
    blocks: tuple[Block, ...]
    cards: tuple[Block, ...]  # directives.recall.Recall
    references: tuple[Reference, ...]  # cited here, in alphabetical order
    symbols: tuple[Symbol, ...]  # of its equations
    previous: Link | None
    next: Link | None

    @cached_property
    def listed(self) -> Mapping[str, tuple[Link, ...]]:
        """Its instruments, questions and snippets, for the lists of contents."""
        found: dict[str, tuple[Link, ...]] = {"instruments": (), "questions": (), "snippets": ()}
        for block in all_blocks(self.blocks):
            if isinstance(block, NumberedBlock) and (kind := f"{block.named.lower()}s") in found:
                title = text_of(getattr(block, "title", ""))  # a question has none
                found[kind] += (Link(Address(self.place, block.label), title, block.number),)
        return found

    @cached_property
    def evidence(self) -> tuple[tuple[Heading | None, Block], ...]:
        """Its tables of controls, each with the heading above it."""
        heading, found = None, []
        for block in self.blocks:
            if isinstance(block, Heading):
                heading = block
            found += [(heading, each) for each in all_blocks([block]) if each.kind == "evidence"]
        return tuple(found)

    @property
    def takeaways(self) -> tuple[Block, ...]:
        return tuple(each for each in all_blocks(self.blocks) if each.kind == "takeaways")


@dataclass(frozen=True)
class Section(TextPage):
    """A numbered section, on a separate page."""

    name: str  # the last part of its address, and its label
    idea: Text  # may be empty
    evidence_page: Link | None
    minutes: int
    authors: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Hash of the text that readers see, independent of its layout."""
        return content_hash(self.title, text_of(self.blocks))

    @property
    def headings(self) -> tuple[Heading, ...]:
        return tuple(b for b in self.blocks if isinstance(b, Heading) and b.level == 2)


@dataclass(frozen=True)
class Evidence(TextPage):
    """The evidence for a section: a separate page with the section's number."""

    label: str
    section: Link


@dataclass(frozen=True)
class Fact:
    id: str
    claim: Text
    sources: tuple[Link, ...]
    confidence: str
    checked: date
    note: Text
    uses: tuple[Link, ...]


@dataclass(frozen=True)
class Dispute:
    """A statement on which sources differ."""

    html: Text
    sources: tuple[Link, ...]


@dataclass(frozen=True)
class Chapter(TextPage):
    """One chapter, as the page of its opening, or the front page."""

    slug: str
    standfirst: Text
    level: str
    builds_on: tuple[Link, ...]
    sections: tuple[Section, ...]
    evidence_pages: tuple[Evidence, ...]
    moved: Mapping[str, str]  # ids of the chapter's former single page -> current addresses

    @property
    def minutes(self) -> int:
        """Reading time of its sections, or of its opening if it has none."""
        sections = sum(section.minutes for section in self.sections)
        return sections or reading_minutes(self.blocks)

    @property
    def pages(self) -> tuple[TextPage, ...]:
        return (self, *self.sections, *self.evidence_pages)

    @property
    def cards_by_page(self) -> tuple[TextPage, ...]:
        return tuple(page for page in self.pages if page.cards)

    @property
    def pages_in_summary(self) -> tuple[TextPage, ...]:
        """The pages with takeaways or an idea."""
        ideas = {page.place for page in self.sections if page.idea}
        return tuple(page for page in self.pages if page.takeaways or page.place in ideas)

    @property
    def all_references(self) -> tuple[Reference, ...]:
        cited = {each.key: each for page in self.pages for each in page.references}
        return tuple(sorted(cited.values(), key=lambda each: each.short.casefold()))


@dataclass(frozen=True)
class Part:
    """A titled group of chapters, for the page of contents."""

    title: str
    chapters: tuple[Chapter, ...]


@dataclass(frozen=True)
class Book:
    id: str  # key of the data that readers store
    title: str
    subtitle: str
    description: str
    language: Language
    content_language: Language
    front: Chapter
    parts: tuple[Part, ...]
    facts: tuple[Fact, ...]
    gaps: tuple[Text, ...]
    disputed: tuple[Dispute, ...]
    references: tuple[Reference, ...]
    symbols: tuple[Symbol, ...]
    terms: tuple[Term, ...]
    drafts: frozenset[str]  # shown only to authors: labels, answer of LABEL
    name: str  # in the bar of each page: its title, or a shorter one
    mark: Html  # in the bar; empty for the program's own
    small_print: tuple[Html, ...]  # at the end of each page
    report_mistakes: str  # address with placeholders {title} and {text}; may be empty
    edition: str  # its name; may be empty
    openings: tuple[datetime, ...]  # when more of it opens
    released: date | None
    url: str  # where it is published; may be empty
    corrections: Link | None
    what_you_can_do: bool  # the box on the front page
    old_places: Mapping[str, str]  # former place -> current place of a page

    @property
    def chapters(self) -> tuple[Chapter, ...]:
        return tuple(chapter for part in self.parts for chapter in part.chapters)

    @property
    def pages(self) -> tuple[TextPage, ...]:
        return (self.front, *(page for each in self.chapters for page in each.pages))

    @property
    def has_facts(self) -> bool:
        """Whether the page of facts has any content."""
        return bool(self.facts or self.gaps or self.disputed)

    @property
    def is_reviewed(self) -> bool:
        """Whether it has cards or questions, which come back for review."""
        return any(page.cards or page.listed["questions"] for page in self.pages)

    @property
    def pages_with_evidence(self) -> tuple[TextPage, ...]:
        return tuple(page for each in self.chapters for page in each.pages if page.evidence)


@dataclass(frozen=True)
class AskedQuestion:
    """A question of an assignment.

    Attributes
    ----------
    source, page : the chapter and page that contain it
    nodes, blocks : its variants, with keys and answers; no blocks before they are composed
    earlier : the code of the snippets before it
    """

    label: str
    points: float
    source: ChapterSource
    page: PageSource
    nodes: tuple[DirectiveNode, ...]
    blocks: tuple[Block, ...] = ()
    earlier: tuple[str, ...] = ()


@dataclass(frozen=True)
class Assignment:
    """An assignment. Its text has a remark in place of each question."""

    title: str
    source: ChapterSource
    blocks: tuple[Block, ...]
    questions: tuple[AskedQuestion, ...]

    @property
    def name(self) -> str:
        return self.source.opening.name

    @property
    def place(self) -> str:
        return self.source.opening.place


@dataclass(frozen=True)
class Page:
    """Data for the frame around a page."""

    name: str  # front | chapter | section | print | paper | contents | facts | references | missing
    title: str  # for <title>: "Autoencoders & VAEs · Latentbook"
    description: str
    root: str  # "./", "../" or "../../": for data-root and for links
    place: str  # below the root of the site: autoencoders/compress
    config: Html  # JSON for script#latentbook-config, safe inside a script element


@dataclass(frozen=True)
class Loaded:
    """A book, the files that its pages need, and its sources.

    ``apart`` are the files of instruments that appear only in withheld content.
    """

    book: Book
    media: Media
    practice: Files  # files for {literalinclude}
    sources: tuple[ChapterSource, ...]  # the open part of the chapters, without the front page
    whole: tuple[ChapterSource, ...]  # the chapters as written, with withheld content
    labels: Labels
    notation: Notation
    facts: FactLedger
    apart: frozenset[str]
    overlay: Overlay
    brand: Brand | None
    asked: tuple[Asked, ...]  # every number that the text quotes
    assignments: tuple[Assignment, ...]  # no page of the site contains their questions
    unseen: Media  # files that only assignments and withheld content need

    @property
    def notices(self) -> Iterator[str]:
        """Notices for the author that are not mistakes."""
        if self.book.language.warning:
            yield self.book.language.warning
        if unlinked := [*self.labels.unlinked]:
            yield (
                f"References to what the course leaves out are words without a link: "
                f"{first_of(unlinked)}. With full_book_url in course.toml, the address of the "
                "complete book, they are links"
            )
