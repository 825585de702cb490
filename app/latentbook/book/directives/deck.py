"""``deck``: a presentation in steps, each with notes for the speaker."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from latentbook.base.errors import FileProblems
from latentbook.book.compose.blocks import Block
from latentbook.book.compose.compose import Composer, Directive
from latentbook.book.compose.notebook import Cell, NotebookWriter, details
from latentbook.book.compose.pieces import Text
from latentbook.book.read.nodes import DirectiveNode


@dataclass(frozen=True)
class Step(Block):
    """One slide. ``notes`` are for the speaker, and may be empty."""

    kind = "step"
    said = ("title", "blocks", "notes")
    label: str  # the id of the element: step-3
    number: int  # from 1
    count: int  # of steps in the deck
    title: Text
    blocks: tuple[Block, ...]
    notes: tuple[Block, ...]


@dataclass(frozen=True)
class Deck(Block):
    kind = "deck"
    said = ("blocks",)
    blocks: tuple[Step, ...]


def run(node: DirectiveNode, composer: Composer) -> Deck:
    steps = node.parts("step")
    return Deck(
        tuple(
            Step(
                label=step.label,
                number=number,
                count=len(steps),
                title=composer.inline(step.argument, step.line),
                blocks=composer.blocks(step.text),
                notes=tuple(
                    block for notes in step.parts("notes") for block in composer.blocks(notes.nodes)
                ),
            )
            for number, step in enumerate(steps, start=1)
        )
    )


def check_deck(node: DirectiveNode, problems: FileProblems) -> None:
    if not node.parts("step"):
        problems.add(node.line, "a deck needs steps: write :::{step} and a title")
    for part in node.text:
        problems.add(part.line, "a deck contains only steps: put this into one of them")


def check_step(node: DirectiveNode, problems: FileProblems) -> None:
    """Report an empty step, and notes in more than one place."""
    if not node.text:
        problems.add(node.line, "the step is empty")
    for again in node.parts("notes")[1:]:
        problems.add(again.line, "a step has its notes in one place")


def with_labels(node: DirectiveNode) -> DirectiveNode:
    """Label each step for its address: ``step-3``."""
    steps = [
        replace(step, options={"label": f"step-{number}"})
        for number, step in enumerate(node.parts("step"), start=1)
    ]
    return replace(node, nodes=tuple(steps))


def notebook(node: DirectiveNode, writer: NotebookWriter) -> Iterator[Cell]:
    for step in node.parts("step"):
        yield Cell(f"## {writer.text(step.argument)}\n\n{writer.markdown(step.text)}")
        for notes in step.parts("notes"):
            title = writer.language.translate("Notes for the speaker")
            yield Cell(details(title, writer.markdown(notes.nodes)))


DECK = Directive(name="deck", validate=check_deck, becomes=with_labels, run=run, notebook=notebook)
STEP = Directive(name="step", argument="its title", parent="deck", validate=check_step)
NOTES = Directive(name="notes", parent="step")
