"""Conditions on the readouts and controls of an instrument: ``error < 20, bits <= 6``."""

import json
import re
from collections.abc import Mapping, Sequence
from operator import eq, ge, gt, le, lt
from typing import TypeAlias

from latentbook.book.read.options import QUOTED

Goal: TypeAlias = Sequence[Sequence[str]]
"""Conditions. Each is the name of a readout or control, a sign, and a number, a word or a text in
double quotes."""

SIGNS = {"<": lt, "<=": le, ">": gt, ">=": ge, "==": eq}
CONDITION = re.compile(rf'(\w+)\s*(<=|>=|==|<|>)\s*({QUOTED}|[^\s"]\S*)')
NUMBER = re.compile(r"(-?[\d,]*\.?\d+)(?: × 10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?")
POWERS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def read_goal(text: str) -> list[list[str]]:
    """Read conditions; ValueError describes the accepted form."""
    pieces = re.sub(QUOTED, lambda quoted: quoted[0].replace(",", "\0"), text).split(",")
    found = [CONDITION.fullmatch(each.replace("\0", ",").strip()) for each in pieces]
    if None in found:
        likes = """'error < 20, bits <= 6' or 'word == "smiling cat"'"""
        raise ValueError(f"is conditions like {likes}; got {text!r}")
    return [list(each.groups()) for each in found if each is not None]


def missed(goal: Goal, shown: Mapping[str, str]) -> list[Sequence[str]]:
    """The conditions that the values shown to the reader do not meet."""
    return [each for each in goal if not _holds(shown[each[0]], *each[1:])]


def _holds(shown: str, sign: str, wanted: str) -> bool:
    if wanted.startswith('"'):
        return sign == "==" and shown == json.loads(wanted)
    value, other = _number(shown), _number(wanted)
    if value is None or other is None:
        return sign == "==" and shown == wanted
    return bool(SIGNS[sign](value, other))


def _number(text: str) -> float | None:
    found = NUMBER.match(text.replace("\N{MINUS SIGN}", "-"))
    if found is None:
        return None
    return float(found[1].replace(",", "")) * 10.0 ** int((found[2] or "0").translate(POWERS))
