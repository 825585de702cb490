"""The files that the frames of one instrument depend on."""

import ast
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from importlib.util import resolve_name
from pathlib import Path

from widgets.renamed import MODULES


def sources(widgets: Path, name: str) -> list[Path]:
    """The modules that an instrument and its engine import, and their data.

    The text does not tell which data an instrument loads: one that imports ``widgets.data`` depends
    on all of them.
    """
    found = reached(widgets, [f"widgets.{name}", "widgets.engine.host"])
    data = widgets / "data"
    if data / "__init__.py" in found:
        found.update(data.glob("*.npz"))
    return sorted(found)


def reached(widgets: Path, modules: Iterable[str]) -> set[Path]:
    """The files of some modules and of all that they import from ``widgets``."""
    found: set[Path] = set()
    ahead = list(modules)
    while ahead:
        path = file_of(widgets, module := ahead.pop())
        if path is not None and path not in found:
            found.add(path)
            parent = module.rpartition(".")[0]
            package = module if path.name == "__init__.py" else parent
            ahead.append(parent)
            with suppress(SyntaxError):  # reported where the module runs
                ahead += imported(path.read_bytes(), package)
    return found


def file_of(widgets: Path, module: str) -> Path | None:
    """The file of a module below ``widgets``, which may have an old name."""
    package, *parts = MODULES.get(module, module).split(".")
    if package != "widgets" or not parts:
        return None
    place = widgets.joinpath(*parts)
    files = (place.with_suffix(".py"), place / "__init__.py")
    return next((path for path in files if path.is_file()), None)


@lru_cache(maxsize=1024)
def imported(code: bytes, package: str) -> tuple[str, ...]:
    """The modules that code may import: ``from a import b`` may import ``a.b``."""
    found: list[str] = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = resolve_name("." * node.level + (node.module or ""), package)
            found += (module, *(f"{module}.{alias.name}" for alias in node.names))
    return tuple(found)
