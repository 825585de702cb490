"""Take the questions of assignments out of the text, and make the variants of those that vary."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from latentbook.base.errors import FileProblems, Mistake, Problems, accepted_names
from latentbook.base.hashing import content_hash
from latentbook.book.compose.blocks import NumberedBlock
from latentbook.book.compose.chapters import Chapters
from latentbook.book.compose.labels import Labels
from latentbook.book.compose.ledgers import NEVER
from latentbook.book.compose.plots import Plots
from latentbook.book.compose.types import AskedQuestion, Assignment
from latentbook.book.compose.withheld import with_nodes
from latentbook.book.read.contents import ASSIGNMENTS
from latentbook.book.read.day import Day
from latentbook.book.read.nodes import DirectiveNode, EquationNode, Node, directives, walk
from latentbook.book.read.options import as_label
from latentbook.book.read.parse import parse_block
from latentbook.book.read.recordings import runnable_cells
from latentbook.book.read.schedule import Days
from latentbook.book.read.source import ChapterSource, PageSource, SourceReader

QUIZ, ASKED = "quiz", "question"
"""Names of the directives of a question, and of one that is asked elsewhere."""

MARK = re.compile(r"<<(\w+)>>")
"""Placeholder, in a question that varies, for a value that ``{vary}`` assigns."""


@dataclass
class Assigned:
    """Chapters without the questions of assignments, and the assignments with them."""

    chapters: list[ChapterSource] = field(default_factory=list)
    assignments: list[tuple[ChapterSource, list[AskedQuestion]]] = field(default_factory=list)

    @property
    def sources(self) -> list[ChapterSource]:
        return [source for source, _ in self.assignments]

    def close(self, labels: Labels, days: Days, problems: Problems) -> None:
        """Close labels in assignments to references; report dates set for their questions."""
        for source, questions in self.assignments:
            place = source.opening.place
            own = [each for each in labels.targets.values() if each.page == place]
            labels.shut({each.label: Day(each.path, each.line, "in an assignment") for each in own})
            for each in questions:
                if day := days.places.get(each.label) or days.answers.get(each.label):
                    message = f"{each.label!r} is in an assignment, whose dates the classroom sets"
                    problems.add(day.path, day.line, message)


def take_assigned(
    chapters: Sequence[ChapterSource],
    assignments: Sequence[ChapterSource],
    plots: Plots,
    reader: SourceReader,
) -> Assigned:
    """Remove the questions. One that varies but stays in the text gets its first numbers."""
    taking = _Taking(assignments, plots, reader)
    kept = [taking.source(source) for source in chapters]
    texts = [taking.source(source) for source in assignments]
    questions = {text.opening.name: taking.questions(text) for text in texts}
    return Assigned(kept, [(text, questions[text.opening.name]) for text in texts])


class _Taking:
    def __init__(
        self, assignments: Sequence[ChapterSource], plots: Plots, reader: SourceReader
    ) -> None:
        self.plots = plots
        self.syntaxes = reader.directives
        self.problems = problems = reader.project.problems
        self.askers: dict[str, tuple[PageSource, DirectiveNode]] = {}
        self.taken: dict[str, AskedQuestion] = {}
        self.others: set[str] = set()
        for page in (source.opening for source in assignments):
            for node in directives(page.document.nodes, QUIZ, ASKED):
                label = node.label or as_label(node.argument)
                if label in self.askers:
                    problems.add(page.path, node.line, f"{label!r} is asked in two places")
                self.askers[label] = page, node

    def source(self, source: ChapterSource) -> ChapterSource:
        pages = tuple(self.page(source, page) for page in source.pages)
        return source if pages == source.pages else replace(source, pages=pages)

    def page(self, source: ChapterSource, page: PageSource) -> PageSource:
        gone: list[Node] = []
        nodes = self.nodes(page.document.nodes, source, page, gone)
        return page if nodes == page.document.nodes else with_nodes(page, nodes, gone)

    def nodes(
        self, nodes: Sequence[Node], source: ChapterSource, page: PageSource, gone: list[Node]
    ) -> tuple[Node, ...]:
        kept: list[Node] = []
        for node in nodes:
            if not isinstance(node, DirectiveNode):
                kept.append(node)
            elif node.name == QUIZ:
                kept.append(self.question(node, source, page, gone))
            elif node.name == ASKED and page.slug == ASSIGNMENTS:
                kept.append(self.remark(node, as_label(node.argument), "", page))
            else:
                body = self.nodes(node.nodes, source, page, gone)
                kept.append(node if body == node.nodes else replace(node, nodes=body))
        return tuple(kept)

    def question(
        self, node: DirectiveNode, source: ChapterSource, page: PageSource, gone: list[Node]
    ) -> Node:
        label, report = node.label, self.problems.of(page.path)
        if label not in self.askers:
            self.others.add(label)
            return next(self.variants(node, report), node)
        asker, asking = self.askers[label]
        if asking is node:
            options = {name: node.options[name] for name in node.options if name != "points"}
            node = replace(node, options=options)
        nodes = tuple(replace(each, seed=_secret(each)) for each in self.variants(node, report))
        gone += nodes
        points = asking.options.get("points", 1.0)
        self.taken[label] = AskedQuestion(label, points, source, page, nodes)
        return self.remark(node, label, label, asker)

    def variants(self, node: DirectiveNode, problems: FileProblems) -> Iterator[DirectiveNode]:
        """Yield the question with each set of numbers, or unchanged if it does not vary."""
        if not node.code:
            yield node
            return
        vary = node.parts("vary")[0]
        try:
            made = self.plots.variants(vary)
        except Mistake as error:
            problems.add(error.line, str(error))
            return
        if all(each == made[0] for each in made):
            problems.add(vary.line, f"all {len(made)} variants are the same: draw with rng")
        for line, text in enumerate(node.code.split("\n"), start=node.line):
            for name in MARK.findall(text):
                if name not in made[0]:
                    names = accepted_names(name, made[0])
                    message = f"{{vary}} makes no number, text or list {name!r}. {names}"
                    problems.add(line, message)
        for values in made:
            found = parse_block(_filled(node.code, values), node.line, self.syntaxes, problems)
            if isinstance(found, DirectiveNode):
                options = {name: found.options[name] for name in node.options}
                yield replace(found, options=options)

    def remark(self, node: DirectiveNode, asked: str, label: str, page: PageSource) -> Node:
        """Make the remark that replaces a question."""
        options = {"label": label, "assignment": page.name, "title": page.title}
        return DirectiveNode(node.line, self.syntaxes[ASKED], asked, options)

    def questions(self, source: ChapterSource) -> list[AskedQuestion]:
        """Return the questions of an assignment; report those that no text contains."""
        found, page = [], source.opening
        for label, (asker, node) in self.askers.items():
            if asker.name == page.name and label in self.taken:
                found.append(self.taken[label])
            elif asker.name == page.name:
                message = f"no question {label!r} in the text. {accepted_names(label, self.others)}"
                self.problems.add(page.path, node.line, message)
        return found


def _secret(node: DirectiveNode) -> str:
    """Hash the question with its answer, so that no one can undo a shuffle seeded by it."""
    pieces: list[str] = []
    for each in walk((node,)):
        match each:
            case DirectiveNode():
                pieces += [each.argument, each.code, *map(str, each.options.values())]
            case EquationNode():
                pieces.append(each.tex)
            case _:
                pieces.append(each.source)
    return content_hash(*pieces, length=32)


def _filled(source: str, values: Mapping[str, str]) -> str:
    return MARK.sub(lambda mark: values.get(mark[1], mark[0]), source)


def compose_assignments(assigned: Assigned, chapters: Chapters) -> tuple[Assignment, ...]:
    made = []
    for source, questions in assigned.assignments:
        page = source.opening
        composer = chapters.composer(page, source, {}, 0, NEVER)
        blocks = composer.all_blocks()
        asked = [_composed(each, str(at), chapters) for at, each in enumerate(questions, start=1)]
        made.append(Assignment(page.title, source, blocks, tuple(asked)))
    return tuple(made)


def _composed(taken: AskedQuestion, number: str, chapters: Chapters) -> AskedQuestion:
    recorded = taken.source.recordings.all_current(taken.source.nodes)
    blocks = []
    for node in taken.nodes:
        composer = chapters.composer(taken.page, taken.source, recorded, 0, NEVER)
        for block in composer.blocks((node,)):
            assert isinstance(block, NumberedBlock)
            blocks.append(replace(block, number=number))
    return replace(taken, blocks=tuple(blocks), earlier=_earlier(taken.source, taken.label))


def _earlier(source: ChapterSource, label: str) -> tuple[str, ...]:
    runnable, found = runnable_cells(source.nodes), []
    for node in directives(source.nodes, "code-cell", QUIZ):
        if node.label == label:
            break
        if node in runnable:
            found.append(node.code.rstrip("\n"))
    return tuple(found)
