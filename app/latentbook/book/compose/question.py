"""The declaration of a kind of question, and what all kinds share.

Until an answer opens, everything that the kind does not mark as public is withheld: parts and
options are removed before the block is made, and fields of the block are emptied.
"""

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, ClassVar, Self, TypeVar, get_type_hints

from markdown_it.token import Token

from latentbook.base.errors import accepted_names
from latentbook.book.compose.answers import PICKED, Answers
from latentbook.book.compose.blocks import Block, NumberedBlock
from latentbook.book.compose.compose import Composer, Directive
from latentbook.book.compose.notebook import Cell, Form, NotebookWriter, details, listing
from latentbook.book.compose.pieces import PUBLIC, Public, Text
from latentbook.book.read.day import Day
from latentbook.book.read.nodes import DirectiveNode, Node, TextNode, own_code
from latentbook.book.read.options import Option
from latentbook.book.read.parse import TASK
from latentbook.book.read.python import validate

Q = TypeVar("Q", bound="Question")


@dataclass(frozen=True)
class Question(NumberedBlock):
    """A question of one kind. Its template is ``block.html`` in the folder of the kind.

    Attributes
    ----------
    hint : may be empty
    key : data with which the page's script checks answers; while the answer is withheld, only
        the entries that are also public fields
    opens : the day of a withheld answer
    """

    said: ClassVar[tuple[str, ...]] = ("question",)
    named = "Question"
    seconds = 0  # answered by choice
    runs_alone = False  # whether an answer's code runs without the chapter's earlier snippets
    question: Public[tuple[Block, ...]]
    hint: Public[tuple[Block, ...]]
    answer: tuple[Block, ...]
    key: Mapping[str, Any]
    opens: Public[Day | None]

    @property
    def template(self) -> str:
        return f"{folder(self.kind)}/block.html"

    @property
    def choices(self) -> tuple[str, ...]:
        """The meaning of each place in a stored answer; empty if the answer is text."""
        return ()

    @property
    def explains(self) -> bool:
        """Whether any wrong answer gets an explanation."""
        pieces = (*getattr(self, "options", ()), *getattr(self, "lines", ()))
        told = any(getattr(each, "feedback", ()) for each in pieces)
        return told or bool(getattr(self, "wrong", ()) or self.key.get("check"))

    @property
    def feedback(self) -> Mapping[str, Sequence[Block]]:
        """The author's feedback on answers, by the names that the kind's judge uses for them."""
        options, wrong = getattr(self, "options", ()), getattr(self, "wrong", ())
        said: dict[str, Sequence[Block]] = {
            f"option {place}": option.feedback for place, option in enumerate(options)
        }
        return said | {f"wrong {place}": each.blocks for place, each in enumerate(wrong)}

    @property
    def judged_with(self) -> Mapping[str, Any]:
        """Input to the kind's judge in addition to the key."""
        return {}

    @property
    def data_key(self) -> str:
        return json.dumps(self.key)

    def assessed(self) -> Self:
        """The question as an assignment asks it; the server judges."""
        return self.withheld()

    def withheld(self: Q) -> Q:
        public = public_fields(type(self))
        key = {name: self.key[name] for name in self.key if name in public}
        emptied: Q = _emptied(self)
        return replace(emptied, key=key)


def public_fields(part: type[Any]) -> frozenset[str]:
    """The fields of a question, or of a part of one, that reveal nothing about its answer."""
    hints = get_type_hints(part, include_extras=True)
    marked = {name for name, hint in hints.items() if PUBLIC in getattr(hint, "__metadata__", ())}
    return frozenset(marked | {each.name for each in fields(NumberedBlock)})


def _emptied(piece: Any) -> Any:
    """A question, or a part of one, with only its public fields; the others are empty."""
    public = public_fields(type(piece))
    values = {each.name: getattr(piece, each.name) for each in fields(piece)}
    for name, value in values.items():
        values[name] = _inside(value) if name in public else type(value)()
    return replace(piece, **values)


def _inside(value: Any) -> Any:
    """Reduce the parts in a public field to their own public fields."""
    if isinstance(value, tuple):
        return tuple(map(_inside, value))
    return (
        _emptied(value)
        if is_dataclass(value) and not isinstance(value, Block | Day | Text)
        else value
    )


def shuffled(count: int, label: str) -> list[int]:
    """Shuffle the numbers below ``count``: never in order, but the same in each build."""
    draws, mixed = random.Random(label), list(range(count))
    while count > 1 and mixed == list(range(count)):
        draws.shuffle(mixed)
    return mixed


def folder(kind: str) -> str:
    return kind.replace("-", "_")


@dataclass(frozen=True)
class Part(Directive):
    """A directive that only questions contain.

    Attributes
    ----------
    public : whether it reveals nothing about the answer
    drawn : whether the question is made from it. It then stays while the answer is withheld, and
        only the public fields of the block are shown
    in_answer : whether its code belongs to the worked answer
    solves : whether its code is a right answer
    """

    parent: str = "quiz"
    public: bool = False
    drawn: bool = False
    in_answer: bool = False
    solves: bool = False


HINT = Part(name="hint", public=True)
ANSWER = Part(name="answer")
CHECK = Part(name="check", argument="python", body="code", validate=validate, page_code=own_code)
GRADE = replace(CHECK, name="grade", page_code=None)  # runs on the server
VARY = replace(CHECK, name="vary", page_code=None)
WRONG = Part(name="wrong", argument="a wrong answer")


def notebook(
    node: DirectiveNode, writer: NotebookWriter, asked: str = "", told: str = ""
) -> Iterator[Cell]:
    """Write the question, a cell for the answer, and the parts that the book shows on demand.

    Parameters
    ----------
    asked, told : the question and the beginning of its answer, if not as written
    """
    cells = node.parts("code-cell")
    if not asked:
        texts = [part for part in node.text if part not in cells]
        shown = texts
        if node.opens is None:  # otherwise its marks are already gone
            shown = [_unmarked(part) if isinstance(part, TextNode) else part for part in texts]
        asked = writer.markdown(shown)
        told = writer.markdown([text for text in texts if text not in shown])
    translate = writer.language.translate
    name = translate("Question %(number)s", number=writer.number(node))
    yield Cell(f"**{name}.** {asked}")
    for cell in cells:
        yield Cell(cell.code.rstrip("\n"), node.label, True)
    for hint in node.parts("hint"):
        yield Cell(details(translate("Hint"), writer.markdown(hint.nodes)))
    answer = [told] if told else []
    answer += [writer.markdown(part.nodes) for part in node.parts("answer")]
    answer += [listing(part.code) for part, syntax in parts_of(node) if syntax.in_answer]
    if node.opens is None:
        yield Cell(details(translate("Worked answer"), "\n\n".join(answer)))
    elif node.opens.moment:
        when = writer.language.moment(node.opens.moment)
        yield Cell(translate("The answer opens %(moment)s.", moment=when))


def parts_of(node: DirectiveNode) -> Iterator[tuple[DirectiveNode, Part]]:
    for part in node.nodes:
        if isinstance(part, DirectiveNode) and isinstance(part.syntax, Part):
            yield part, part.syntax


@dataclass(frozen=True)
class QuestionKind:
    """A kind of question.

    Attributes
    ----------
    block : the class of its blocks, whose ``kind`` is the argument of the directive
    build : makes the block from the node, its options and the composer
    options : its options, other than ``label``
    public : those that reveal nothing about the answer
    parts : the directives that its body may contain besides ``hint`` and ``answer``
    notebook : its form in a notebook
    answers : how they are given without scripts, and what judges them
    page_code : code in its text that runs in the page
    """

    block: type[Question]
    build: Callable[[DirectiveNode, dict[str, Any], Composer], Question | None]
    options: Mapping[str, Option] = field(default_factory=dict)
    public: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    notebook: Form = notebook
    answers: Answers = PICKED
    page_code: Callable[[DirectiveNode], Iterator[tuple[int, str]]] = lambda _: iter(())

    @property
    def name(self) -> str:
        return self.block.kind

    def make(self, node: DirectiveNode, composer: Composer) -> Question | None:
        """Make the block; report mistakes, and return None if it cannot be made."""
        for part, syntax in parts_of(node):
            if syntax not in (HINT, ANSWER, *self.parts):
                composer.problems.add(part.line, f"a {self.name} question takes no {part.name}")
        answers, hints = node.parts("answer"), node.parts("hint")
        if node.opens is None and len(answers) != 1:
            composer.problems.add(
                node.line, f"a question needs one worked {{answer}}; got {len(answers)}"
            )
        elif answers and not answers[0].nodes:
            composer.problems.add(answers[0].line, "the worked answer is empty")
        if len(hints) > 1:
            composer.problems.add(hints[1].line, "a question has at most one hint")
        options = self._options(node, composer)
        made = self.build(node, options, composer) if options is not None else None
        return made.withheld() if made is not None and node.opens else made

    def _options(self, node: DirectiveNode, composer: Composer) -> dict[str, Any] | None:
        """Parse the options; report mistakes, and return None if a value is invalid or missing."""
        values: dict[str, Any] = {}
        good = True
        for name, value in node.options.items():
            if name == "label":
                continue
            if name not in self.options:
                names = accepted_names(name, ("label", *self.options))
                composer.problems.add(
                    node.line, f"a {self.name} question takes no option {name!r}. {names}"
                )
                continue
            try:
                values[name] = self.options[name].parse(value)
            except ValueError as error:
                composer.problems.add(node.line, f"option {name!r} {error}")
                good = False
        for name, option in self.options.items():
            if option.required and name not in node.options and node.opens is None:
                composer.problems.add(
                    node.line, f"a {self.name} question needs the option :{name}:"
                )
                good = False
        return values if good else None


def shared(
    node: DirectiveNode, composer: Composer, question: Sequence[Node], key: Mapping[str, Any]
) -> dict[str, Any]:
    answer, hint = node.parts("answer"), node.parts("hint")
    if not question:
        composer.problems.add(node.line, "the question itself is missing")
    return {
        "label": node.label,
        "number": composer.number(node),
        "question": composer.blocks(question),
        "hint": composer.blocks(hint[0].nodes) if hint else (),
        "answer": composer.blocks(answer[0].nodes) if answer else (),
        "key": key,
        "opens": node.opens,
    }


@dataclass(frozen=True)
class Wrong:
    """Feedback on a wrong answer that the author expects."""

    line: int
    value: Any  # of the argument
    blocks: tuple[Block, ...]


def wrong_answers(
    node: DirectiveNode, composer: Composer, read: Callable[[str], Any]
) -> tuple[Wrong, ...]:
    """Read the parts ``{wrong} ARGUMENT``; report those whose arguments cannot be read."""
    found = []
    for part in node.parts("wrong"):
        try:
            value = read(part.argument)
            found.append(Wrong(part.line, value, composer.blocks(part.nodes)))
        except ValueError as error:
            composer.problems.add(part.line, f"the argument of wrong {error}")
    return tuple(found)


def without_answer(node: DirectiveNode, public: Sequence[str], opens: Day) -> DirectiveNode:
    """A question as it is asked while its answer is withheld; ``public`` are its public options."""
    nodes = (
        _unmarked(part) if isinstance(part, TextNode) else part
        for part in node.nodes
        if not (isinstance(part, DirectiveNode) and isinstance(part.syntax, Part))
        or part.syntax.public
        or part.syntax.drawn
    )
    options = {name: node.options[name] for name in ("label", *public) if name in node.options}
    return replace(node, nodes=tuple(nodes), options=options, opens=opens)


def _unmarked(node: TextNode) -> TextNode:
    """Remove feedback and the marks of right options from a list of options."""
    if node.tokens[0].type != "bullet_list_open":
        return node
    lines = node.source.split("\n")
    tokens: list[Token] = []
    source: list[str] = []
    depth = 0
    said = False  # whether the item's first paragraph, before its feedback, has ended
    for token in node.tokens:
        depth += token.nesting
        if token.type == "list_item_open":
            said = False
        is_frame = depth <= 1 or (depth == 2 and token.type == "list_item_open")
        if said and not is_frame:
            continue
        if token.type == "inline" and TASK.match(token.content):
            assert token.map is not None
            begin, end = (line - (node.line - 1) for line in token.map)
            source += [re.sub(r"\[[xX]\]", "[ ]", lines[begin], count=1), *lines[begin + 1 : end]]
            assert token.children
            first, *rest = token.children
            box = first.copy(
                content=f"\N{BALLOT BOX}{first.content[1:]}", meta={**first.meta, "task": "[ ]"}
            )
            content = TASK.sub("[ ] ", token.content, count=1)
            token = token.copy(content=content, children=[box, *rest])
        tokens.append(token)
        said = said or token.type == "paragraph_close"
    return replace(node, tokens=tuple(tokens), source="\n".join(source)) if source else node
