"""``math``: an equation, like ``$$`` on separate lines."""

from latentbook.book.compose.compose import Directive
from latentbook.book.read.nodes import DirectiveNode, EquationNode
from latentbook.book.read.options import Option, label


def becomes(node: DirectiveNode) -> EquationNode:
    return EquationNode(node.body_line, node.label, node.code)


MATH = Directive(name="math", options={"label": Option(label)}, body="code", becomes=becomes)
