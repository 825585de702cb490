"""The files that the frames of one instrument depend on."""

import ast
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from importlib.util import resolve_name

from latentbook.base.files import Files
from widgets.renamed import MODULES


def sources(widgets: Files, name: str) -> list[str]:
    """List the modules that an instrument and its engine import, and their data files.

    The code does not show which data an instrument loads, so one that imports ``widgets.data``
    depends on all of it.
    """
    found = reached(widgets, [f"widgets.{name}", "widgets.engine.host"])
    if "data/__init__.py" in found:
        found.update(widgets.inside("data", ".npz"))
    return sorted(found)


def reached(widgets: Files, modules: Iterable[str]) -> set[str]:
    """Return the places of modules and of all modules that they import from ``widgets``."""
    found: set[str] = set()
    ahead = list(modules)
    while ahead:
        place = place_of(widgets, module := ahead.pop())
        if place and place not in found:
            found.add(place)
            parent = module.rpartition(".")[0]
            package = module if place.endswith("__init__.py") else parent
            ahead.append(parent)
            with suppress(SyntaxError):  # reported where the module runs
                ahead += imported(widgets.data(place), package)
    return found


def place_of(widgets: Files, module: str) -> str:
    """Return the place of a ``widgets`` module, which may have an old name; "" if missing."""
    package, *parts = MODULES.get(module, module).split(".")
    if package != "widgets" or not parts:
        return ""
    place = "/".join(parts)
    return next((file for file in (f"{place}.py", f"{place}/__init__.py") if file in widgets), "")


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
