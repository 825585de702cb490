"""A chapter's sources: an opening and its sections, each a Markdown file."""

import difflib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeGuard

from latentbook.base.datafile import Entry
from latentbook.base.errors import FileProblems, accepted_names
from latentbook.base.files import Files
from latentbook.base.hashing import content_hash
from latentbook.book.read.card_records import BOOK_CARDS, CARDS, CardRecord, read_cards
from latentbook.book.read.contents import ASSIGNMENTS, EVIDENCE, FRONT, ChapterEntry, page_label
from latentbook.book.read.frontmatter import (
    AssignmentHead,
    ChapterHead,
    EvidenceHead,
    FrontHead,
    SectionHead,
)
from latentbook.book.read.nodes import (
    DirectiveNode,
    Document,
    HeadingNode,
    Node,
    Syntax,
    directives,
    plain_text,
    walk,
)
from latentbook.book.read.numbers import Numbers
from latentbook.book.read.options import LABEL
from latentbook.book.read.parse import parse_document
from latentbook.book.read.project import Project
from latentbook.book.read.recordings import NUMBERS, OUTPUTS, Recordings, runnable_cells

INDEX = "index.md"
REVIEW = "review"
"""Folder of the pages with the recall cards."""

SUMMARY = "summary"
"""Folder of the pages with the takeaways of a chapter."""

CARD = "recall"
"""Name of the card directive."""

PRINT = "print"
"""Name of the page with the complete chapter; no section can have it."""


@dataclass(frozen=True)
class PageSource:
    """One file; ``name`` is empty for the opening, and ``evidence/SECTION`` for evidence.

    ``document`` contains no cards. They are in ``cards``. The option ``heading`` of a card is the
    line of the heading that it follows, or 0.
    """

    slug: str
    name: str
    path: Path  # as shown in messages
    document: Document
    cards: tuple[DirectiveNode, ...] = ()
    title: str = ""  # plain text, like the next
    description: str = ""

    @property
    def place(self) -> str:
        """The page's path in the book: ``autoencoders/compress``, empty for the front page."""
        return page_place(self.slug, self.name)

    @property
    def label(self) -> str:
        return page_label(self.name or self.slug)

    @property
    def is_evidence(self) -> bool:
        return self.name.startswith(f"{EVIDENCE}/")

    @property
    def section(self) -> str:
        """The name of this section, or of the section that this is the evidence for."""
        return self.name.removeprefix(f"{EVIDENCE}/")


@dataclass(frozen=True)
class ChapterSource:
    """The files of one chapter: the opening, the sections, and their evidence."""

    entry: ChapterEntry
    pages: tuple[PageSource, ...]
    recordings: Recordings
    computed: str  # the text of numbers.py, empty if there is none
    widgets: Files
    card_records: Mapping[str, CardRecord]
    data: Sequence[Path] = ()  # folders of files that numbers.py may read

    @property
    def opening(self) -> PageSource:
        return self.pages[0]

    @property
    def sections(self) -> tuple[PageSource, ...]:
        return tuple(page for page in self.pages[1:] if not page.is_evidence)

    @property
    def evidence(self) -> tuple[PageSource, ...]:
        return tuple(page for page in self.pages if page.is_evidence)

    @property
    def nodes(self) -> tuple[Node, ...]:
        return tuple(node for page in self.pages for node in page.document.nodes)

    @cached_property
    def numbers(self) -> Numbers:
        return Numbers(
            self.opening.path.with_name(NUMBERS),
            self.computed,
            self.widgets,
            {
                cell.label: (page.path, cell)
                for page in self.pages
                for cell in runnable_cells(page.document.nodes)
            },
            self.recordings,
            self.data,
        )


def page_place(slug: str, name: str = "") -> str:
    return "" if slug == FRONT else f"{slug}/{name}".rstrip("/")


class SourceReader:
    """Reads the files of a book.

    Parameters
    ----------
    words : converts a line of Markdown to plain text
    data : folders of files that a ``numbers.py`` may read
    """

    def __init__(
        self,
        project: Project,
        directives: Mapping[str, Syntax],
        words: Callable[[str], str] = str,
        data: Sequence[Path] = (),
    ) -> None:
        self.words = words
        self.data = data
        self.manifest = project.problems.of(project.manifest.file.report.path)
        self.files = project.files
        self.widgets = project.widgets
        self.directives = directives
        self.project = project

    def front(self) -> ChapterSource | None:
        """Read the front page; if it is missing, report that and return None."""
        if (place := "front.md") not in self.files:
            self.manifest.add(1, f"the front page has no file {place}")
            return None
        page = self.page(FRONT, "", place, FrontHead)
        entry = ChapterEntry.model_construct(slug=FRONT)
        return ChapterSource(entry, (page,), Recordings({}), "", self.widgets, {})

    def chapter(self, entry: ChapterEntry) -> ChapterSource | None:
        """Read a chapter; if its opening is missing, report that and return None."""
        folder, files = entry.slug, self.files
        if (place := f"{folder}/{INDEX}") not in files:
            self.manifest.add(entry.line, f"chapter {entry.slug!r} has no file {place}")
            return None
        opening = self.page(entry.slug, "", place, ChapterHead)
        sections = [
            self.page(entry.slug, name, f"{folder}/{name}.md", SectionHead)
            for name in self.section_names(entry, opening)
        ]
        recordings = Recordings.read(files, folder, self.report(f"{folder}/{OUTPUTS}"))
        numbers = f"{folder}/{NUMBERS}"
        computed = files.text(numbers, self.report(numbers)) if numbers in files else ""
        cards: dict[str, CardRecord] = {}
        for place in (f"{folder}/{BOOK_CARDS}", f"{folder}/{CARDS}"):
            cards |= read_cards(files, place, self.report(place))
        pages = (opening, *sections, *self.evidence(folder, sections))
        return ChapterSource(entry, pages, recordings, computed, self.widgets, cards, self.data)

    def evidence(self, folder: str, sections: Sequence[PageSource]) -> Iterator[PageSource]:
        """The evidence for sections, in their order; report files that belong to none."""
        names = [section.name for section in sections]
        refuse_stray_evidence(self.files, folder, names, self.report)
        for section in sections:
            name = f"{EVIDENCE}/{section.name}"
            if (place := f"{folder}/{name}.md") in self.files:
                yield self.page(section.slug, name, place, EvidenceHead, section)

    def assignments(self) -> list[ChapterSource]:
        """Read each assignment as a separate source without a number."""
        entry = ChapterEntry.model_construct(slug=ASSIGNMENTS, number="")
        found = []
        for place in self.files.inside(ASSIGNMENTS, ".md"):
            name, report = Path(place).stem, self.report(place)
            page = self.page(ASSIGNMENTS, name, place, AssignmentHead)
            if not LABEL.fullmatch(name):
                report.add(1, f"an assignment's name is kebab-case; got {name!r}")
            for inner in (*page.cards, *directives(page.document.nodes, "code-cell")):
                if "title" in inner.options or inner in page.cards:
                    report.add(inner.line, f"an assignment contains no {inner.name}")
            found.append(ChapterSource(entry, (page,), Recordings({}), "", self.widgets, {}))
        return found

    def section_names(self, entry: ChapterEntry, opening: PageSource) -> list[str]:
        """Return a chapter's existing sections, as listed by the course or else by the opening."""
        there = {Path(place).stem for place in self.files.inside(entry.slug, ".md")}
        there -= {Path(INDEX).stem}
        given = opening.document.front["sections"] if entry.sections is None else entry.sections
        report = self.project.problems.of(opening.path)
        return existing_sections(given, there, opening.document.front_lines, report)

    def page(
        self, slug: str, name: str, place: str, head: type[Entry], section: PageSource | None = None
    ) -> PageSource:
        """Read a page, or the evidence for ``section``."""
        report, told = self.report(place), len(self.project.problems.errors)
        text = self.files.text(place, report)
        document = parse_document(text, head, self.directives, report)
        if not (front := document.front).get("description", "?"):
            front["description"] = front["idea"] or "?"
            if not front["idea"]:
                report.add(1, "front matter lacks description")
        cards = list(_cards(document.nodes))
        if section is not None:
            if not document.front["title"]:
                language = self.project.manifest.content_language
                title = section.document.front["title"]
                made = language.translate("Evidence for “%(title)s”", title=title)
                document.front["title"] = made
            for node in (*cards, *directives(document.nodes, "takeaways")):
                report.add(node.line, f"{node.name} goes into the section, not into its evidence")
        if cards and slug == FRONT:
            report.add(cards[0].line, "the front page has no cards: they go in a chapter")
        named = {SectionHead: "section", EvidenceHead: "evidence"}.get(head)
        if named and not document.nodes and told == len(self.project.problems.errors):
            report.add(1, f"the {named} has no text")
        document.nodes = tuple(node for node in document.nodes if not _is_card(node))
        label = page_label(name or slug)
        _complete_snippets(document.nodes, label, str(document.front["title"]))
        for inner in directives(document.nodes, CARD):
            report.add(inner.line, "a card is at the end of a stretch, not inside another block")
        title, description = (
            self.words(str(document.front.get(key, ""))) for key in ("title", "description")
        )
        return PageSource(slug, name, report.path, document, tuple(cards), title, description)

    def report(self, place: str) -> FileProblems:
        return self.project.report(place)


def existing_sections(
    given: Sequence[str], there: Collection[str], lines: Mapping[str, int], report: FileProblems
) -> list[str]:
    """Return the listed sections that exist.

    Report the others and unlisted files at their ``lines`` (see ``FrontMatter.named_lines``).
    """
    listed: list[str] = []
    key = lines.get("sections", 1)
    for nth, name in enumerate(given):
        wrong = ""
        if name in listed:
            wrong = f"section {name!r} is listed twice"
        elif not LABEL.fullmatch(name) or name == PRINT:
            wrong = f"a section's name is kebab-case and not {PRINT!r}; got {name!r}"
        elif name not in there:
            wrong = f"section {name!r} has no file {name}.md. {accepted_names(name, there)}"
        if wrong:
            report.add(lines.get(f"sections.{nth}", key), wrong)
        if name in there and name not in listed:
            listed.append(name)  # even if malformed, else each reference to it is reported
    lost = [name for name in given if name not in there]
    for name in sorted({*there} - {*given}) if "sections" in lines else ():
        if not difflib.get_close_matches(name, lost):  # else suggested above
            report.add(key, f"{name}.md is not among the sections: list it or remove it")
    return listed


def refuse_stray_evidence(
    files: Files, chapter: str, sections: Collection[str], report: Callable[[str], FileProblems]
) -> None:
    """Report evidence files in a chapter's folder that belong to none of its sections."""
    for place in files.inside(f"{chapter}/{EVIDENCE}", ".md"):
        if (name := Path(place).stem) not in sections:
            message = f"evidence for {name!r}, which is no section of this chapter"
            report(place).add(1, f"{message}. {accepted_names(name, sections)}")


def _is_card(node: Node) -> TypeGuard[DirectiveNode]:
    return isinstance(node, DirectiveNode) and node.name == CARD


def _cards(nodes: Iterable[Node]) -> Iterator[DirectiveNode]:
    heading = 0
    for node in nodes:
        if isinstance(node, HeadingNode) and node.level == 2:
            heading = node.line
        elif _is_card(node):
            yield replace(node, options={**node.options, "heading": heading})


def _complete_snippets(nodes: Sequence[Node], page: str, heading: str) -> None:
    """Derive missing labels of snippets from their code, and missing titles from headings."""
    asked = {id(cell) for quiz in directives(nodes, "quiz") for cell in quiz.parts("code-cell")}
    count: Counter[str] = Counter()
    for node in walk(nodes):
        if isinstance(node, HeadingNode):
            heading = plain_text(node.inline)
        elif isinstance(node, DirectiveNode) and node.name == "code-cell" and id(node) not in asked:
            label = f"{page}-{content_hash(node.code, length=8)}"
            count[label] += 1
            again = f"-{count[label]}" if count[label] > 1 else ""
            node.options.setdefault("label", label + again)
            node.options.setdefault("title", heading)
