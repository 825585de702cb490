"""The options of a directive, and the types of their values."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LABEL = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
SIMILAR = re.compile(r"[A-Za-z0-9][\w:.+-]*", re.ASCII)
"""Labels of other dialects, ``eq:one``, ``Fig_Stairs``, which become ``eq-one``, ``fig-stairs``."""

QUOTED = r'"(?:[^"\\]|\\["\\])*"'
"""A pattern for text in double quotes, as JSON writes it."""

IDENTIFIER = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


@dataclass(frozen=True)
class Option:
    """``parse`` converts an option's text, or raises a ValueError that names accepted values."""

    parse: Callable[[str], Any]
    required: bool = False


def text(value: str) -> str:
    """Accept any value except an empty one.

    Raises
    ------
    ValueError
        If it is empty.
    """
    if not value:
        raise ValueError("needs a value")
    return value


def kebab(value: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", value.lower()).strip("-")


def as_label(value: str) -> str:
    """Return the label that a text names, or the text itself if it is not a label."""
    return kebab(value) if SIMILAR.fullmatch(value) else value


def label(value: str) -> str:
    """Convert a label, such as ``Fig_Stairs``, to kebab-case.

    Raises
    ------
    ValueError
        If it does not match ``SIMILAR``.
    """
    if not SIMILAR.fullmatch(value):
        raise ValueError(f"must be kebab-case, like {kebab(value) or 'fig-holes'!r}; got {value!r}")
    return kebab(value)


def labels(value: str) -> tuple[str, ...]:
    return tuple(map(label, text(value).split()))


def number(value: str) -> float:
    """Read a decimal number or a fraction, such as ``1/3``.

    Raises
    ------
    ValueError
        If it is neither, or is not finite.
    """
    above, slash, below = value.partition("/")
    try:
        found = float(above) / float(below if slash else 1)
    except (ValueError, ZeroDivisionError):
        found = math.nan
    if not math.isfinite(found):
        raise ValueError(f"must be a number, like 0.5 or 1/3; got {value!r}")
    return found


def positive(value: str) -> float:
    """Read a number or a fraction above 0.

    Raises
    ------
    ValueError
        If it is anything else.
    """
    if not number(value) > 0:
        raise ValueError(f"must be above 0; got {value!r}")
    return number(value)


def integer(value: str) -> int:
    """Read a whole number from 1, written in digits alone.

    Raises
    ------
    ValueError
        If it is anything else.
    """
    if not (value.isdecimal() and int(value)):
        raise ValueError(f"must be a whole number from 1; got {value!r}")
    return int(value)


def flag(value: str) -> bool:
    """Return True for an option that takes no value.

    Raises
    ------
    ValueError
        If the value is not empty.
    """
    if value:
        raise ValueError(f"takes no value; got {value!r}")
    return True


def boolean(value: str) -> bool:
    return one_of("true", "false")(value) == "true"


def one_of(*accepted: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in accepted:
            raise ValueError(f"must be one of {', '.join(accepted)}; got {value!r}")
        return value

    return parse
