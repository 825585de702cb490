"""The record that declares a directive, and the types its options can have."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from app.book.compose.blocks import Block

if TYPE_CHECKING:
    from app.book.compose.compose import Composer
    from app.book.read.nodes import DirectiveNode
    from app.book.read.problems import FileProblems

LABEL = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Option:
    """``parse`` turns an option's text into a value or raises ValueError: what is accepted."""

    parse: Callable[[str], Any]
    required: bool = False


@dataclass(frozen=True)
class Directive:
    """One block of the language.

    Attributes
    ----------
    name : what stands in the braces
    doc : what it makes, in one sentence
    argument : what follows the braces, for messages; empty takes none
    argument_required : whether it may be left out
    options : by name
    body : Markdown, code (taken as it is), or none
    counts : the counter that numbers it ("figure"), or empty
    parent : the directive it is a part of, or empty; parts are made by their parent's ``run``
    validate : checks one use as soon as it is parsed
    run : makes the block; returns None after reporting a mistake
    """

    name: str
    doc: str
    argument: str = ""
    argument_required: bool = False
    options: Mapping[str, Option] = field(default_factory=dict)
    body: Literal["markdown", "code", "none"] = "markdown"
    counts: str = ""
    parent: str = ""
    validate: Callable[[DirectiveNode, FileProblems], None] | None = None
    run: Callable[[DirectiveNode, Composer], Block | None] | None = None


def text(value: str) -> str:
    """Any text but none."""
    if not value:
        raise ValueError("needs a value")
    return value


def label(value: str) -> str:
    """A name for links: kebab-case."""
    if not LABEL.fullmatch(value):
        raise ValueError(f"must be kebab-case, like 'fig-holes'; got {value!r}")
    return value


def number(value: str) -> float:
    """A number as Python writes it."""
    try:
        return float(value)
    except ValueError:
        raise ValueError(f"must be a number, like 0.5; got {value!r}") from None


def positive(value: str) -> float:
    """A number above 0."""
    if not number(value) > 0:
        raise ValueError(f"must be above 0; got {value!r}")
    return number(value)


def flag(value: str) -> bool:
    """On by being there."""
    if value:
        raise ValueError(f"takes no value; got {value!r}")
    return True


def boolean(value: str) -> bool:
    """``true`` or ``false``."""
    return one_of("true", "false")(value) == "true"


def one_of(*accepted: str) -> Callable[[str], str]:
    """One of a few words."""

    def parse(value: str) -> str:
        if value not in accepted:
            raise ValueError(f"must be one of {', '.join(accepted)}; got {value!r}")
        return value

    return parse
