"""The record that declares a directive: how it is written, and what is made of it."""

from __future__ import annotations

from dataclasses import dataclass

from latentbook.book.compose.compose import Maker
from latentbook.book.directives.notebook import Form, remark
from latentbook.book.read.nodes import Syntax


@dataclass(frozen=True)
class Directive(Syntax):
    """One block of the language.

    Attributes
    ----------
    run : makes the block, or returns None after reporting a mistake; a part of another directive
        has none, as its parent makes it
    notebook : what it becomes in a notebook
    """

    run: Maker | None = None
    notebook: Form = remark
