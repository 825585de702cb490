"""Modules of earlier editions under the names they have now.

Readers' stored edits and courses import the old names. Each is looked up when it is imported.
"""

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType

MODULES = {
    "widgets.drawing": "widgets.kit.drawing",
    "widgets.encoders": "widgets.kit.encoders",
    "widgets.figures": "widgets.kit.figures",
    "widgets.judged": "widgets.kit.benchmark_codes",
    "widgets.laws": "widgets.kit.laws",
    "widgets.masked": "widgets.kit.masked",
    "widgets.measures": "widgets.kit.metrics",
    "widgets.moves": "widgets.kit.transforms",
    "widgets.network": "widgets.kit.network",
    "widgets.probe": "widgets.kit.probe",
}
"""Old name -> new name. No instrument may take an old one."""


class RenamedFinder:
    """Imports the new module for an old name."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(name, self) if name in MODULES else None  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> None:
        """Python's own empty module; ``exec_module`` replaces it."""

    def exec_module(self, module: ModuleType) -> None:
        old = module.__name__
        warnings.warn(f"{old} is now {MODULES[old]}", DeprecationWarning, stacklevel=2)
        sys.modules[old] = import_module(MODULES[old])


FINDER = RenamedFinder()


def accept_old_names() -> None:
    """Make the old names importable."""
    if FINDER not in sys.meta_path:
        sys.meta_path.insert(0, FINDER)
