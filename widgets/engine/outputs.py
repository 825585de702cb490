"""How values of some types are shown that show nothing of themselves. Plugins of a book add to it
(docs/plugins.md); the build appends their functions to this file.
"""

from collections.abc import Callable
from typing import Any

SHOWN: dict[str, tuple[str, Callable[[Any], Any]]] = {}
"""MIME type and function by the full name of a type, ``networkx.classes.graph.Graph``."""


def form_of(value: Any) -> tuple[str, Callable[[Any], Any]] | None:
    """What shows a value of a type or of one that is derived from it."""
    names = (f"{cls.__module__}.{cls.__qualname__}" for cls in type(value).__mro__)
    return next((SHOWN[name] for name in names if name in SHOWN), None)


def add(source: str) -> None:
    """Add what a build would append."""
    exec(source, {"SHOWN": SHOWN})
