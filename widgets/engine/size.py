"""Size limits of pictures from a reader's version of an instrument."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from widgets.contract import ContractError

MAX_NUMBERS = 50_000  # in one figure: each point is drawn
MAX_PIXELS = 4_000_000  # of one grid of images, or of a map
MAX_CHARACTERS = 20_000  # of all text in one picture


def check_size(frame: Mapping[str, Any]) -> None:
    """Check that the page can draw a frame while the reader continues reading.

    Raises
    ------
    ContractError
        States the size and the accepted size.
    """
    for panel in frame["panels"]:
        is_figure = panel["kind"] == "plot"
        most, what = (MAX_NUMBERS, "numbers") if is_figure else (MAX_PIXELS, "pixels")
        found = size(panel, count=numbers)
        if len(panel.get("shape") or ()) == 5:  # in colour
            found //= 3
        if found > most:
            raise ContractError(f"{panel['key']} has {found:,} {what}; accepted: {most:,}")
    if (found := size(frame, count=characters)) > MAX_CHARACTERS:
        raise ContractError(
            f"The picture's text has {found:,} characters; accepted: {MAX_CHARACTERS:,}"
        )


def size(value: Any, *, count: Any) -> int:
    if isinstance(value, Mapping):
        return sum(size(part, count=count) for item in value.items() for part in item)
    if isinstance(value, list | tuple):
        return sum(size(part, count=count) for part in value)
    return int(count(value))


def numbers(value: Any) -> int:
    return value.size if isinstance(value, np.ndarray) else isinstance(value, int | float)


def characters(value: Any) -> int:
    return len(value) if isinstance(value, str) else 0
