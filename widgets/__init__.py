"""The instruments of the book: NumPy code that runs in the build and in the reader's browser."""

import os
import sys
from collections.abc import Iterable
from importlib import import_module, invalidate_caches, reload
from types import ModuleType

from widgets.renamed import accept_old_names

COURSE = "LATENTBOOK_INSTRUMENTS"
"""Environment variable for processes started later: the folder of a course's instruments, the names
of all instruments, and ``alone`` if the course has no book.
"""


def _found() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the instruments, and the folders with their arrays."""
    own = os.path.dirname(__file__)  # noqa: PTH120 (a start loads no pathlib)
    folder, named, alone = (os.environ.get(COURSE) or "\n\n").split("\n")
    __path__[:] = [own, folder] if folder else [own]
    if folder:
        return tuple(named.split()), tuple(f"{each}/data" for each in __path__[bool(alone) :])
    with open(f"{own}/instruments.txt", encoding="utf-8") as file:  # noqa: PTH123
        return tuple(file.read().split()), (f"{own}/data",)


WIDGETS, DATA = _found()
"""Every instrument by name: its file, its directive's argument, its test."""


def use(folder: str = "", named: Iterable[str] = (), *, alone: bool = False) -> None:
    """Import the instruments of a course, here and in processes started later.

    Parameters
    ----------
    folder : of its own instruments; if empty, only the book's are imported
    named : all instruments, its book's included
    alone : it has no book, so the book's arrays are not needed
    """
    global WIDGETS, DATA
    before = os.environ.pop(COURSE, "")
    if folder:
        os.environ[COURSE] = f"{folder}\n{' '.join(named)}\n{'alone' if alone else ''}"
    elif not before:
        return
    WIDGETS, DATA = _found()
    invalidate_caches()
    if data := sys.modules.get("widgets.data"):
        reload(data)


def names(registered: tuple[str, ...] | None = None) -> tuple[str, ...]:
    """The registered names.

    Raises
    ------
    ValueError
        If a name is registered twice.
    """
    registered = WIDGETS if registered is None else registered
    if twice := sorted({name for name in registered if registered.count(name) > 1}):
        raise ValueError(f"WIDGETS contains a name more than once: {', '.join(twice)}.")
    return registered


def get(name: str) -> ModuleType:
    """The module of one instrument: it has ``instrument``, ``compute`` and ``frame``.

    Raises
    ------
    ValueError
        If there is no instrument of that name.
    """
    if name not in names():
        raise ValueError(f"There is no instrument {name!r}. Accepted names: {', '.join(names())}.")
    return import_module(f"widgets.{name}")


accept_old_names()
