"""Latentbook: an interactive textbook on representation learning, and the engine that runs it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from latentbook.notebook import Instrument

__all__ = ["Instrument"]


def __getattr__(name: str) -> object:
    """Import :class:`Instrument` only when it is used: it needs the extra ``notebook``."""
    if name != "Instrument":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from latentbook.notebook import Instrument

    return Instrument


def _refuse_another_widgets() -> None:
    """Check that ``widgets`` is this project's: content, courses and readers' edits import it."""
    found = find_spec("widgets")
    places = list(found.submodule_search_locations or [found.origin or ""]) if found else []
    if not any((Path(place) / "contract.py").is_file() for place in places):
        received = places[0] if places else "nothing"
        raise ImportError(
            "Latentbook's package `widgets` (its instruments) is hidden by another of that name: "
            f"{received}. Rename that one, or start Python in another folder."
        )


_refuse_another_widgets()
