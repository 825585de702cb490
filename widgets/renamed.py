"""Old names of modules, their attributes and fields of declarations.

Readers' stored edits, courses and notebooks may still use them, so they work for one more version.
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
"""Old name -> new name. No instrument may use an old one."""


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
        warn(old, MODULES[old])
        sys.modules[old] = import_module(MODULES[old])


FINDER = RenamedFinder()


def accept_old_names() -> None:
    """Make the old names importable."""
    if FINDER not in sys.meta_path:
        sys.meta_path.insert(0, FINDER)


def renamed_fields(**names: str) -> Callable[[type[T]], type[T]]:
    """Let a dataclass accept and show old names of fields, given as old=new, with a warning."""

    def decorate(cls: type[T]) -> type[T]:
        init: Callable[..., None] = cls.__init__

        @wraps(init)
        def renaming(self: T, *args: Any, **given: Any) -> None:
            for old in given.keys() & names.keys():
                warn(f"{cls.__name__}: {old}", names[old])
                given[names[old]] = given.pop(old)
            init(self, *args, **given)

        cls.__init__ = renaming  # type: ignore[method-assign,assignment]
        for old, new in names.items():
            setattr(cls, old, renamed_property(f"{cls.__name__}: {old}", new))
        return cls

    return decorate


def renamed_property(old: str, new: str) -> property:
    """A field under its old name."""

    def read(self: Any) -> Any:
        warn(old, new)
        return getattr(self, new)

    return property(read)


def renamed_attributes(module: str, **names: str) -> None:
    """Let a module accept old names of its attributes, given as old=new, with a warning."""
    attributes = vars(sys.modules[module])

    def find(name: str) -> Any:
        if name not in names:
            raise AttributeError(
                f"module {module!r} has no attribute {name!r}", name=name, obj=sys.modules[module]
            )
        warn(f"{module}.{name}", names[name])
        return attributes[names[name]]

    attributes["__getattr__"] = find


def warn(old: str, new: str) -> None:
    """Warn the caller's caller of the new name."""
    warnings.warn(f"{old} is now {new}", DeprecationWarning, stacklevel=3)
