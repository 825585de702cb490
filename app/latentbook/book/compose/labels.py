"""Every label of the book, and the numbers of chapters, figures, equations and so on."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeGuard

from latentbook.base.errors import FileProblems, Problems, accepted_names
from latentbook.book.compose.target import Target
from latentbook.book.read.contents import ASSIGNMENTS, FRONT
from latentbook.book.read.day import Day
from latentbook.book.read.nodes import (
    DirectiveNode,
    EquationNode,
    HeadingNode,
    Node,
    Syntax,
    plain_text,
    walk,
)
from latentbook.book.read.options import as_label
from latentbook.book.read.project import Project
from latentbook.book.read.source import REVIEW, ChapterSource, PageSource, SourceReader

PAGE_IDS = ("help-title", "latentbook-config", "main", "references", "search-results")
"""Ids that every page has."""


class Labels:
    """Every label of the book, and the number of every numbered thing by page and line.

    Attributes
    ----------
    targets : by label
    unanswered : open questions whose answers are withheld
    hidden : for a course, label -> file and line that hide it
    left_out : for a course, returns the targets of its book; called only when one is needed
    full_book_url : address of that book, for references to omitted content; may be empty
    unlinked : places of references to omitted content that have no link
    are_lost : whether labels may be unknown because a plugin failed
    words : converts a line of Markdown to plain text
    """

    def __init__(self, words: Callable[[str], str] = str) -> None:
        self.targets: dict[str, Target] = {}
        self.days: dict[str, Day] = {}  # of withheld content
        self.unanswered: set[str] = set()
        self.twice: set[str] = set()  # labels used twice
        self.hidden: dict[str, str] = {}
        self.left_out: Callable[[], Mapping[str, Target]] = dict
        self.full_book_url = ""
        self.unlinked: dict[str, None] = {}
        self.are_lost = False
        self.words = words
        self._numbers: dict[tuple[str, int], str] = {}
        self._ids: dict[tuple[str, int], str] = {}

    def find(self, label: str) -> Target | None:
        label = label if label in self.targets else as_label(label)
        target = self.targets.get(label)
        if target is None and label not in self.hidden:
            left_out = self.left_out().get(label)
            return left_out and replace(left_out, outside=self.full_book_url or None)
        return target

    def why_missing(self, label: str) -> str:
        if label in self.hidden:
            return (
                f"{label!r} is hidden ({self.hidden[label]}): replace this text, or leave the "
                "section out of `sections` instead, and full_book_url leads to it"
            )
        if target := self.left_out().get(label):
            return f"{label!r} is in the book, in {target.page}, but not in this course: take it in"
        return f"no label {label!r} in the book. {accepted_names(label, self.targets)}"

    def number(self, page: str, line: int) -> str:
        return self._numbers.get((page, line), "")

    def heading_id(self, page: str, line: int) -> str:
        """The id of the heading at this line: its label, or one made from its title."""
        return self._ids[page, line]

    def heading_ids(self, page: str) -> list[str]:
        return [id for (where, _), id in self._ids.items() if where == page]

    def add_chapter(self, chapter: ChapterSource, problems: Problems) -> None:
        """Number a chapter's contents, if it has a number itself, and add its labels."""
        _Numbering(self, chapter, problems).add_pages()

    def add(self, target: Target, problems: FileProblems) -> None:
        first = self.targets.get(target.label)
        if first is not None:
            place = problems.place(first.path, first.line)
            problems.add(target.line, f"label {target.label!r} is already used at {place}")
            self.twice.add(target.label)
            return
        self.targets[target.label] = target

    def with_days(self) -> dict[str, str]:
        """Label -> kind of everything that can have its own day: pages and questions."""
        return {
            target.label: target.kind
            for target in self.targets.values()
            if target.is_page or target.kind == "question"
        }

    def shut(self, days: Mapping[str, Day]) -> None:
        """Record withheld labels, and remove their titles so that nothing shows them."""
        for label, day in days.items():
            self.targets[label] = replace(self.targets[label], title="")
            self.days[label] = day

    def opens(self, label: str, seen: Day | None) -> Day | None:
        """When a label opens, if that is later than ``seen``, the reference's day; else None."""
        day = self.days.get(label)
        return day if day is not None and day.is_after(seen) else None


class _Numbering:
    """Numbers the blocks of one chapter in the order of the text, from page to page."""

    def __init__(self, labels: Labels, chapter: ChapterSource, problems: Problems) -> None:
        self.labels = labels
        self.chapter = chapter
        self.number = chapter.entry.number
        self.all_problems = problems
        self.problems = problems.of(chapter.opening.path)
        self.page = chapter.opening.place
        self.counts: Counter[str] = Counter()
        # One page prints the entire chapter, so ids must be unique in the chapter.
        self.taken = {*PAGE_IDS, *(node.label for node in walk(chapter.nodes) if has_label(node))}
        self.taken |= {page.label for page in chapter.pages if page.name}

    def add_pages(self) -> None:
        entry = self.chapter.entry
        if entry.slug not in (FRONT, ASSIGNMENTS):
            self.register("chapter", entry.number, entry.slug, self.chapter.opening.title, 1)
        self.add(self.chapter.opening.document.nodes)
        self.add_cards(self.chapter.opening)
        for page in self.chapter.sections:
            self.problems, self.page = self.all_problems.of(page.path), page.place
            self.numbered("section", page.name, page.title, 1)
            self.add(page.document.nodes)
            self.add_cards(page)
        for page in self.chapter.evidence:  # after all sections, so as not to change their numbers
            self.problems, self.page = self.all_problems.of(page.path), page.place
            self.register("evidence", "", page.label, page.title, 1)
            self.add(page.document.nodes)

    def add_cards(self, page: PageSource) -> None:
        """Register a page's cards, which appear on a review page instead."""
        self.page = f"{REVIEW}/{page.slug}"
        for card in page.cards:
            self.register(card.name, "", card.label, card.argument, card.line)

    def add(self, nodes: Sequence[Node]) -> None:
        for node in nodes:
            match node:
                case HeadingNode():
                    self.heading(node)
                case EquationNode(label=label) if label:
                    self.numbered("equation", label, "", node.line)
                case DirectiveNode():
                    self.directive(node)

    def heading(self, node: HeadingNode) -> None:
        title = plain_text(node.inline)
        self.labels._ids[self.page, node.line] = node.label or self.made_id(title)
        if node.label:
            words = self.labels.words(node.inline.content)
            self.register("section", "", node.label, words, node.line)

    def made_id(self, title: str) -> str:
        base = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "section"
        id, count = base, 1
        while id in self.taken:
            count += 1
            id = f"{base}-{count}"
        self.taken.add(id)
        return id

    def directive(self, node: DirectiveNode) -> None:
        title = self.labels.words(str(node.options.get("title") or node.argument))
        if node.syntax.counts:
            self.numbered(node.syntax.counts, node.label, title, node.line)
        elif node.label:
            self.register(node.name, "", node.label, title, node.line)
        # The cell of a question is part of the question, and is not numbered by itself.
        inner = [n for n in node.nodes if not is_answer_cell(node, n)]
        self.add(inner)

    def numbered(self, kind: str, label: str, title: str, line: int) -> None:
        number = ""
        if self.number:
            self.counts[kind] += 1
            number = f"{self.number}.{self.counts[kind]}"
        self.labels._numbers[self.page, line] = number
        if label:
            self.register(kind, number, label, title, line)

    def register(self, kind: str, number: str, label: str, title: str, line: int) -> None:
        if label in PAGE_IDS:
            self.problems.add(line, f"label {label!r} is taken by the page itself")
        path = self.problems.path
        target = Target(kind, number, label, self.page, title, path, line)
        self.labels.add(target, self.problems)


def has_label(node: Node) -> TypeGuard[HeadingNode | EquationNode | DirectiveNode]:
    return isinstance(node, HeadingNode | EquationNode | DirectiveNode)


def is_answer_cell(parent: DirectiveNode, node: Node) -> bool:
    return parent.name == "quiz" and isinstance(node, DirectiveNode) and node.name == "code-cell"


def numbered(
    project: Project, directives: Mapping[str, Syntax], words: Callable[[str], str] = str
) -> Labels:
    """Read a book without composing it, and return its labels; ignore mistakes."""
    unheard, labels = Problems(), Labels(words)
    reader = SourceReader(replace(project, problems=unheard), directives, words)
    for entry in project.manifest.entries:
        if (source := reader.chapter(entry)) is not None:
            labels.add_chapter(source, unheard)
    return labels
