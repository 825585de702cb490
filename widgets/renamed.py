"""What has another name now than in earlier editions: modules, and fields of declarations.

Readers' stored edits and courses import the old names. Each is looked up when it is imported.
"""

import sys
import warnings
from collections.abc import Callable, Sequence
from functools import wraps
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, TypeVar

T = TypeVar("T")

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


def renamed_fields(**names: str) -> Callable[[type[T]], type[T]]:
    """Have a dataclass accept old names of fields, given as old=new, with a warning."""

    def decorate(cls: type[T]) -> type[T]:
        init: Callable[..., None] = cls.__init__

        @wraps(init)
        def renaming(self: T, *args: Any, **given: Any) -> None:
            for old in given.keys() & names.keys():
                new = names[old]
                warnings.warn(
                    f"{cls.__name__}: {old} is now {new}", DeprecationWarning, stacklevel=2
                )
                given[new] = given.pop(old)
            init(self, *args, **given)

        cls.__init__ = renaming  # type: ignore[method-assign,assignment]
        return cls

    return decorate
