"""Numbers in words that a reader is shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

NUMBER = re.compile(r"(?<!\w)[-+−]?\d+(?:,\d{3})*(?:\.(?P<decimals>\d*))?(?:e(?P<power>[-+]?\d+))?")


def same_words(a: str, b: str) -> bool:
    """Whether two texts have the same words, and numbers that differ in their last digit at most.

    Processors round differently: what is 0.125 on one may be 0.13 here and 0.12 there.
    """
    if NUMBER.sub("0", a) != NUMBER.sub("0", b):
        return False
    return all(map(same_number, NUMBER.finditer(a), NUMBER.finditer(b)))


def same_number(a: re.Match[str], b: re.Match[str]) -> bool:
    """Whether two numbers differ by one in their last digit at most."""
    last = max(last_digit(a), last_digit(b))
    return abs(value(a[0]) - value(b[0])) <= 1.001 * last


def last_digit(number: re.Match[str]) -> float:
    """What one in the last digit of a number is worth."""
    return float(10.0 ** (int(number["power"] or 0) - len(number["decimals"] or "")))


def signed_zeros(shown: Any) -> list[str]:
    """The numbers in the texts of a value that are zero and have a sign, with the text around."""
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
    """A number as it is written for readers."""
    return float(number.replace("−", "-").replace(",", ""))
