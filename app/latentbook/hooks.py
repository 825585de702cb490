"""Hooks for plugins: each is a function that adds something to the book or its server.

A plugin is a module. It marks its functions with :data:`hookimpl`. Each has the name of a hook
below and declares only the arguments that it needs. ``docs/plugins.md`` shows one.

If a plugin raises a :class:`~latentbook.base.errors.LatentbookError`, the command ends with its
message. Any other exception is the plugin's fault: the plugin is named and left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from latentbook.base.report import Report
from latentbook.settings import PluginSettings, Settings

if TYPE_CHECKING:
    import typer
    from fastapi import FastAPI

    from latentbook.book.compose.compose import Directive
    from latentbook.book.read.project import Project
    from latentbook.book.read.source import PageSource

NAME = "latentbook"
"""Also the entry-point group in which installed packages register their plugins."""

hookspec = pluggy.HookspecMarker(NAME)
hookimpl = pluggy.HookimplMarker(NAME)


@dataclass(frozen=True)
class PageCheck:
    """A rule for the text of a page.

    Attributes
    ----------
    name : key of ``[checks]`` in the manifest, where ``"strict"`` makes faults fail the
        build; also the option of ``latentbook check`` that only lists them
    help : help text of that option
    faults : line and sentence of each fault in a page
    doubts : the same for possible faults: listed, never refused
    """

    name: str
    help: str
    faults: Callable[[PageSource], Iterable[tuple[int, str]]]
    doubts: Callable[[PageSource], Iterable[tuple[int, str]]] = lambda page: ()


@dataclass(frozen=True)
class CellOutput:
    """How snippets show values of a type, in the page and in recordings.

    Attributes
    ----------
    of : full name of the type, ``networkx.classes.graph.Graph``; it includes derived types
    mime : ``image/svg+xml``, or ``text/html`` with nothing but text, tables and lists
    show : a function of a value. The page runs its source, so write it with ``def`` and put its
        imports inside. If it returns None, the value is shown as it would be without it
    """

    of: str
    mime: str
    show: Callable[[Any], str | None]


@dataclass(frozen=True)
class Addresses:
    """Addresses of a plugin's pages and routes, below the root of the site.

    Attributes
    ----------
    first : their first parts, such as ``classroom``. No chapter can have them, even in a book where
        the plugin is off
    secret : places such as ``join`` whose addresses go on with a key; the log leaves it out
    """

    first: tuple[str, ...] = ()
    secret: tuple[str, ...] = ()


@dataclass(frozen=True)
class SitePart:
    """A plugin's additions to a build.

    Attributes
    ----------
    beside : by ``NAME``, functions for files next to the site, never in it: ``site-NAME.json``.
        Each gets the site just written (``Written`` in ``book/write/written.py``)
    assignments : where it serves the book's assignments, if it does; pages link there
    scripts : addresses, from the root of the site, of modules that every page loads; the plugin
        serves them
    bundle : builds the files that the plugin serves itself; runs before the site is built
    """

    beside: Mapping[str, Callable[[Any], bytes]] = field(default_factory=dict)
    assignments: str = ""
    scripts: tuple[str, ...] = ()
    bundle: Callable[[], None] | None = None


class Hooks:
    """The signature of every hook."""

    @hookspec
    def settings(self) -> type[PluginSettings]:
        """The settings of the plugin, from the environment like all others."""
        raise NotImplementedError

    @hookspec
    def blocks(self) -> Iterable[Directive]:
        """Blocks of the language, ``:::{NAME}``."""
        raise NotImplementedError

    @hookspec
    def checks(self) -> Iterable[PageCheck]:
        """Rules for the text of pages."""
        raise NotImplementedError

    @hookspec
    def outputs(self) -> Iterable[CellOutput]:
        """How snippets show values of some types."""
        raise NotImplementedError

    @hookspec
    def data(self) -> Iterable[Path]:
        """Folders with ``NAME.json`` and ``NAME.npz`` for ``numbers.py``. When one changes,
        chapters whose code names it need their numbers recorded again.
        """
        raise NotImplementedError

    @hookspec
    def check_book(self, project: Project, report: Report) -> bool:
        """Check the complete book for ``latentbook check``; return whether it passes."""
        raise NotImplementedError

    @hookspec
    def addresses(self) -> Addresses:
        """The addresses of its pages and routes, whether or not it is on."""
        raise NotImplementedError

    @hookspec
    def site(self, settings: Settings) -> SitePart | None:
        """Additions to a build besides the book's own pages."""
        raise NotImplementedError

    @hookspec
    def serve(
        self, app: FastAPI, settings: Settings, report: Report
    ) -> AbstractAsyncContextManager[Any] | None:
        """Add pages and routes to the server; return a context that lasts as long as it runs."""
        raise NotImplementedError

    @hookspec
    def commands(self, cli: typer.Typer) -> None:
        """Add commands to ``latentbook``."""
        raise NotImplementedError

    @hookspec
    def doctor(
        self, settings: Settings, address: str, backups: Path | None
    ) -> Iterable[tuple[bool, str]]:
        """Further checks of ``latentbook doctor``: whether each passes, and a sentence."""
        raise NotImplementedError
