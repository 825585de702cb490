"""``recall``: a card that asks again for one thing in its stretch of text.

The page does not contain it: :mod:`latentbook.book.read.source` separates the cards, which are
written into ``review/CHAPTER/``.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from markdown_it.token import Token

from latentbook.base.errors import FileProblems
from latentbook.book.compose.blocks import Block, Prose
from latentbook.book.compose.compose import Composer, Directive
from latentbook.book.compose.pieces import Address, Link, element, plain
from latentbook.book.read.nodes import DirectiveNode, EquationNode, Node, TextNode
from latentbook.book.read.options import Option, integer, label, labels

GAP = "\\gap"
WITHOUT_GAP = "needs a question after {recall}, or a gap: {gap}`words`, \\gap{...} in an equation"


@dataclass(frozen=True)
class Recall(Block):
    """A card.

    Attributes
    ----------
    front : the question, or the text with empty gaps
    back : the answer, or the text with its gaps filled
    of : the passage that it leads back to
    after : the heading of the stretch at whose end it is asked, or the page if none precedes it
    """

    kind = "recall"
    said = ("front", "back")
    label: str
    is_cloze: bool
    edition: int
    formerly: tuple[str, ...]
    front: tuple[Block, ...]
    back: tuple[Block, ...]
    of: Link
    after: Address


def run(node: DirectiveNode, composer: Composer) -> Recall | None:
    """The card; None if its passage or its answer is not open, or if a course leaves it out."""
    if node.argument:
        front: tuple[Block, ...] = (Prose(composer.inline(node.argument, node.line)),)
        back = composer.blocks(node.nodes)
    else:
        name = composer.language.translate("gap")
        front = composer.blocks(_with_gaps(node.nodes, name))
        back = composer.blocks(_with_gaps(node.nodes))
    heading = node.options.get("heading")  # none inside another block, which is reported
    labels = composer.resources.labels
    after = Address(composer.page, labels.heading_id(composer.page, heading) if heading else "")
    home = labels.targets[composer.page.rpartition("/")[2]]
    of = Link(after, home.title, home.number)
    if passage := node.options.get("of"):
        left_out = (found := labels.find(passage)) and found.outside is None
        if passage in labels.hidden or left_out:
            return None
        target = composer.target(passage, node.line)
        if target is None or composer.opens(target) or passage in labels.unanswered:
            return None
        page = labels.targets.get(target.page.rpartition("/")[2], target)
        of = Link(target.address, page.title, page.number)
    return Recall(
        label=node.label,
        is_cloze=not node.argument,
        edition=node.options.get("edition", 1),
        formerly=node.options.get("formerly", ()),
        front=front,
        back=back,
        of=of,
        after=after,
    )


def _with_gaps(nodes: Iterable[Node], empty: str = "") -> tuple[Node, ...]:
    """Nodes with their gaps filled, or empty if ``empty`` gives the spoken name of a gap."""
    made: list[Node] = []
    for node in nodes:
        match node:
            case TextNode():
                made.append(replace(node, tokens=tuple(_tokens(node.tokens, empty))))
            case EquationNode():
                made.append(replace(node, tex=_tex(node.tex, empty)))
            case _:
                made.append(node)
    return tuple(made)


def _tokens(tokens: Iterable[Token], empty: str) -> Iterator[Token]:
    for token in tokens:
        if _is_gap(token):
            words: Iterable[Token] = [plain(token.content)]
            if empty:
                words = element("span", words)
                name = {"role": "img", "aria-label": empty}
                yield from element("span", words, class_="gap empty", **name)
            else:
                yield from element("mark", words, class_="gap")
        elif token.children is not None:
            yield token.copy(children=list(_tokens(token.children, empty)))
        elif token.type.startswith("math_"):
            yield token.copy(content=_tex(token.content, empty))
        else:
            yield token


def _is_gap(token: Token) -> bool:
    return token.type == "myst_role" and token.meta["name"] == "gap"


def _tex(tex: str, empty: str) -> str:
    """TeX with a box for each gap, which has the same size empty and filled."""
    before, gap, rest = tex.partition(GAP + "{")
    if not gap:
        return tex
    depth = 1
    for end, character in enumerate(rest):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth == 0:
            inside = f"\\phantom{{{rest[:end]}}}" if empty else rest[:end]
            return f"{before}\\boxed{{{inside}}}{_tex(rest[end + 1 :], empty)}"
    return tex  # KaTeX reports the missing brace


def _gaps(nodes: Sequence[Node]) -> int:
    found = 0
    for node in nodes:
        match node:
            case TextNode():
                found += sum(map(_gaps_in, node.tokens))
            case EquationNode():
                found += node.tex.count(GAP)
    return found


def _gaps_in(token: Token) -> int:
    if token.children is not None:
        return sum(map(_gaps_in, token.children))
    return _is_gap(token) + token.content.count(GAP) * token.type.startswith("math_")


def check(node: DirectiveNode, problems: FileProblems) -> None:
    for part in node.nodes:
        if not isinstance(part, TextNode | EquationNode):
            what = part.name if isinstance(part, DirectiveNode) else "a heading"
            problems.add(part.line, f"a card contains text and equations; got {what}")
        elif isinstance(part, EquationNode) and part.label:
            problems.add(part.line, f"an equation of a card has no label; got {part.label!r}")
    if not node.nodes:
        what = "no answer" if node.argument else "neither question nor answer"
        problems.add(node.line, f"the card has {what}: its body is the answer, or text with gaps")
    elif not node.argument and not _gaps(node.nodes):
        problems.add(node.line, f"the card {WITHOUT_GAP}")
    elif node.argument and (_gaps(node.nodes) or "{gap}" in node.argument or GAP in node.argument):
        message = "a card has a question or gaps; got both: gaps go in a card without a question"
        problems.add(node.line, message)


RECALL = Directive(
    name="recall",
    argument="its question",
    argument_optional=True,
    options={
        "label": Option(label, required=True),
        "of": Option(label),
        "edition": Option(integer),
        "formerly": Option(labels),
    },
    validate=check,
    run=run,
)
