"""Display functions for types that have none of their own. A book's plugins add to them
(docs/plugins.md); the build appends their functions to this file.
"""

from collections.abc import Callable
from typing import Any

SHOWN: dict[str, tuple[str, Callable[[Any], Any]]] = {}
"""MIME type and function by the full name of a type, ``networkx.classes.graph.Graph``."""


def form_of(value: Any) -> tuple[str, Callable[[Any], Any]] | None:
    """Return the entry for a value's class or the nearest of its base classes."""
    names = (f"{cls.__module__}.{cls.__qualname__}" for cls in type(value).__mro__)
    return next((SHOWN[name] for name in names if name in SHOWN), None)


def add(source: str) -> None:
    """Add source that a build would append."""
    exec(source, {"SHOWN": SHOWN})
