"""The instruments of the book: NumPy code that runs in the build and in the reader's browser."""

import os
from importlib import import_module
from types import ModuleType

from widgets.renamed import accept_old_names

with open(f"{os.path.dirname(__file__)}/instruments.txt", encoding="utf-8") as _file:  # noqa: PTH120, PTH123 (a start loads no pathlib)
    WIDGETS = tuple(_file.read().split())
"""Every instrument by name: its file, its directive's argument, its test."""


def names(registered: tuple[str, ...] = WIDGETS) -> tuple[str, ...]:
    """The registered names.

    Raises
    ------
    ValueError
        If a name is registered twice.
    """
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
