"""The questions of a book, by label, with the data that judges their answers."""

from datetime import UTC, datetime

from latentbook.base.errors import Problems
from latentbook.book.compose.blocks import all_blocks
from latentbook.book.compose.question import Question as Block
from latentbook.book.compose.types import Loaded
from latentbook.book.directives.code_cell import Snippet
from latentbook.book.load import compose
from latentbook.book.read.nodes import directives
from latentbook.book.read.project import Project
from latentbook_classroom.grader.checks import question_of
from latentbook_classroom.grader.judging_data import judged_by
from latentbook_classroom.grader.question import Question

ALL_OPEN = datetime(9999, 1, 1, tzinfo=UTC)
"""A date at which everything is open: withheld answers are judged, too."""


def read_questions(project: Project) -> dict[str, Question]:
    return questions_of(compose(project, ALL_OPEN))


def questions_of(loaded: Loaded) -> dict[str, Question]:
    """All questions of a composed book; for withheld ones, only the public part."""
    place = Problems(loaded.overlay.origins).place
    nodes = {
        node.label: (node, place(page.path, node.line))
        for source in loaded.whole
        for page in source.pages
        for node in directives(page.document.nodes, "quiz")
    }
    found = {}
    for chapter in loaded.book.chapters:
        earlier: list[str] = []
        for page in chapter.pages:
            for block in all_blocks(page.blocks):
                if isinstance(block, Snippet) and not block.read_only:
                    earlier.append(block.source)
                elif isinstance(block, Block):
                    node, where = nodes[block.label]
                    found[block.label] = question_of(judged_by(block, node, where, earlier))
    for each in (each for assignment in loaded.assignments for each in assignment.questions):
        first, node = each.blocks[0], each.nodes[0]
        assert isinstance(first, Block)
        where = place(each.page.path, node.line)
        found[each.label] = question_of(judged_by(first, node, where, each.earlier))
    return found
