"""Numbers in text shown to readers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

NUMBER = re.compile(r"(?<!\w)[-+−]?\d+(?:,\d{3})*(?:\.(?P<decimals>\d*))?(?:e(?P<power>[-+]?\d+))?")


def same_words(a: str, b: str) -> bool:
    """Whether two texts have the same words, and numbers that differ in their last digit at most.

    Processors round differently: one may print 0.125 as 0.13, another as 0.12.
    """
    if NUMBER.sub("0", a) != NUMBER.sub("0", b):
        return False
    return all(map(same_number, NUMBER.finditer(a), NUMBER.finditer(b)))


def same_number(a: re.Match[str], b: re.Match[str]) -> bool:
    """Whether two numbers differ by one in their last digit at most."""
    last = max(last_digit(a), last_digit(b))
    return abs(value(a[0]) - value(b[0])) <= 1.001 * last


def last_digit(number: re.Match[str]) -> float:
    """The value of one unit in a number's last digit."""
    return float(10.0 ** (int(number["power"] or 0) - len(number["decimals"] or "")))


def signed_zeros(shown: Any) -> list[str]:
    """The texts in a value that contain a zero with a sign."""
    return [
        text
        for text in texts(shown)
        for number in NUMBER.finditer(text)
        if number[0][0] in "-+−" and value(number[0]) == 0
    ]


def texts(shown: Any) -> Iterator[str]:
    """Every text in dicts and lists."""
    if isinstance(shown, str):
        yield shown
    elif isinstance(shown, dict):
        for part in shown.values():
            yield from texts(part)
    elif isinstance(shown, list | tuple):
        for part in shown:
            yield from texts(part)


def value(number: str) -> float:
    """The value of a number as written for readers."""
    return float(number.replace("−", "-").replace(",", ""))
