"""``theorem``, ``definition`` and the other numbered results of mathematics, and ``proof``."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from latentbook.base.errors import FileProblems
from latentbook.book.compose.blocks import Block, NumberedBlock
from latentbook.book.compose.compose import Composer, Directive
from latentbook.book.compose.notebook import Cell, NotebookWriter, quotation
from latentbook.book.compose.pieces import Text
from latentbook.book.compose.target import RESULTS
from latentbook.book.read.nodes import DirectiveNode
from latentbook.book.read.options import Option, label
from latentbook.book.translations.language import Language


@dataclass(frozen=True)
class Theorem(NumberedBlock):
    """A numbered result of any kind; ``name`` comes from ``RESULTS``, ``title`` may be empty."""

    kind = "theorem"
    said = ("title", "blocks")
    named = "Theorem"
    takes_notes = True
    name: str
    title: Text
    blocks: tuple[Block, ...]

    def called(self, language: Language) -> str:
        return f"{language.translate(self.name, number=self.number)} {self.title.words}".strip()


@dataclass(frozen=True)
class Proof(Block):
    kind = "proof"
    said = ("title", "blocks")
    takes_notes = True
    label: str  # may be empty
    title: Text
    blocks: tuple[Block, ...]


def run(node: DirectiveNode, composer: Composer) -> Theorem:
    return Theorem(
        composer.id_of(node),
        composer.number(node),
        RESULTS[node.name],
        composer.inline(node.argument, node.line),
        composer.blocks(node.nodes),
    )


def notebook(node: DirectiveNode, writer: NotebookWriter) -> Iterator[Cell]:
    name = writer.language.translate(RESULTS[node.name], number=writer.number(node)).strip()
    title = f"{name} ({node.argument})" if node.argument else name
    return quotation(writer.text(title), node, writer)


def run_proof(node: DirectiveNode, composer: Composer) -> Proof:
    title = node.argument or composer.language.translate("Proof")
    return Proof(node.label, composer.inline(title, node.line), composer.blocks(node.nodes))


def proof_in_notebook(node: DirectiveNode, writer: NotebookWriter) -> Iterator[Cell]:
    title = writer.text(node.argument) or writer.language.translate("Proof")
    yield Cell(f"*{title}*\n\n{writer.markdown(node.nodes)}\n\n\N{END OF PROOF}")


def has_text(node: DirectiveNode, problems: FileProblems) -> None:
    if not node.nodes:
        problems.add(node.line, f"{node.name} has no text: write it below the first line")


def _of_myst(directive: Directive) -> Directive:
    """The same directive under its MyST name."""

    def becomes(node: DirectiveNode) -> DirectiveNode:
        return replace(node, syntax=directive)

    return replace(directive, name=f"prf:{directive.name}", becomes=becomes)


PROOF = Directive(
    name="proof",
    argument="its title",
    argument_optional=True,
    options={"label": Option(label)},
    validate=has_text,
    run=run_proof,
    notebook=proof_in_notebook,
)
_PLAIN = (
    *(replace(PROOF, name=kind, counts=kind, run=run, notebook=notebook) for kind in RESULTS),
    PROOF,
)
THEOREMS = (*_PLAIN, *(_of_myst(each) for each in _PLAIN if each.name != "exercise"))
