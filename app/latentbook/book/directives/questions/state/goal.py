"""Conditions on what an instrument shows: ``error < 20, bits <= 6``."""

import re
from collections.abc import Mapping, Sequence
from operator import eq, ge, gt, le, lt
from typing import TypeAlias

Goal: TypeAlias = Sequence[Sequence[str]]
"""Conditions: the name of a readout or a control, a sign, and what it is compared with."""

SIGNS = {"<": lt, "<=": le, ">": gt, ">=": ge, "==": eq}
CONDITION = re.compile(r"(\w+)\s*(<=|>=|==|<|>)\s*(\S+)")
NUMBER = re.compile(r"(-?[\d,]*\.?\d+)(?: × 10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?")
POWERS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def read_goal(text: str) -> list[list[str]]:
    """Read conditions; ValueError says what is accepted."""
    found = [CONDITION.fullmatch(each.strip()) for each in text.split(",")]
    if None in found:
        raise ValueError(f"is conditions like 'error < 20, bits <= 6'; got {text!r}")
    return [list(each.groups()) for each in found if each is not None]


def missed(goal: Goal, shown: Mapping[str, str]) -> list[Sequence[str]]:
    """The conditions that do not hold, judged by what a reader sees."""
    return [each for each in goal if not _holds(shown[each[0]], *each[1:])]


def _holds(shown: str, sign: str, wanted: str) -> bool:
    value, other = _number(shown), _number(wanted)
    if value is None or other is None:
        return sign == "==" and shown == wanted
    return bool(SIGNS[sign](value, other))


def _number(text: str) -> float | None:
    found = NUMBER.match(text.replace("\N{MINUS SIGN}", "-"))
    if found is None:
        return None
    return float(found[1].replace(",", "")) * 10.0 ** int((found[2] or "0").translate(POWERS))
