"""What a plugin can add to the book and its server: one function for each hook.

A plugin is a module. It marks its functions with :data:`hookimpl`; each bears the name of a hook
below and takes those of its arguments that it needs. ``docs/plugins.md`` shows one.

A plugin that raises a :class:`~latentbook.errors.LatentbookError` refuses, and the command ends
with its sentence. Any other exception is a fault of the plugin: it is named, and left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from latentbook.report import Report
from latentbook.settings import PluginSettings, Settings

if TYPE_CHECKING:
    import typer
    from fastapi import FastAPI

    from latentbook.book.compose.compose import Directive
    from latentbook.book.read.project import Project
    from latentbook.book.read.source import PageSource

NAME = "latentbook"
"""Also the group of the entry points by which an installed package names its plugin."""

hookspec = pluggy.HookspecMarker(NAME)
hookimpl = pluggy.HookimplMarker(NAME)


@dataclass(frozen=True)
class PageCheck:
    """A rule for the text of a page.

    Attributes
    ----------
    name : key of ``[checks]`` in the manifest, where ``"strict"`` has the build refuse what is
        found; and the option of ``latentbook check`` that only lists it
    help : what that option lists
    faults : line and sentence of each fault of a page
    doubts : the same of what may be a fault: listed, never refused
    """

    name: str
    help: str
    faults: Callable[[PageSource], Iterable[tuple[int, str]]]
    doubts: Callable[[PageSource], Iterable[tuple[int, str]]] = lambda page: ()


@dataclass(frozen=True)
class CellOutput:
    """How snippets show values of a type, in the page and in what is recorded.

    Attributes
    ----------
    of : full name of the type, ``networkx.classes.graph.Graph``; derived types are shown alike
    mime : ``text/html``, of which a page accepts text, tables and lists, or ``image/svg+xml``
    show : a function of a value. The page gets its source, so it is written with ``def`` and
        imports inside what it needs; None shows the value as if there were no such function
    """

    of: str
    mime: str
    show: Callable[[Any], str | None]


@dataclass(frozen=True)
class SitePart:
    """What a plugin adds to a build.

    Attributes
    ----------
    beside : files beside the site, never in it, by name: ``site-NAME.json``, each from the site
        that has just been written (``Written`` in ``book/write/written.py``)
    serves : the first parts of the addresses of its pages and routes, such as ``classroom``
    scripts : modules that every page loads, by their addresses from the root of the site; the
        plugin serves them
    bundle : makes what the plugin serves itself; runs before the site is built
    """

    beside: Mapping[str, Callable[[Any], bytes]] = field(default_factory=dict)
    serves: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    bundle: Callable[[], None] | None = None


class Hooks:
    """The hooks."""

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
        """Folders with ``NAME.json`` and ``NAME.npz`` for ``numbers.py``. When one changes, the
        numbers of chapters whose code names it have to be recorded again.
        """
        raise NotImplementedError

    @hookspec
    def check_book(self, project: Project, report: Report) -> bool:
        """Whether the plugin finds the whole book right, for ``latentbook check``."""
        raise NotImplementedError

    @hookspec
    def site(self, settings: Settings) -> SitePart | None:
        """What a build makes besides the book's own pages."""
        raise NotImplementedError

    @hookspec
    def serve(
        self, app: FastAPI, settings: Settings, report: Report
    ) -> AbstractAsyncContextManager[Any] | None:
        """Add pages and routes to the server; return what runs as long as it does."""
        raise NotImplementedError

    @hookspec
    def commands(self, cli: typer.Typer) -> None:
        """Add commands to ``latentbook``."""
        raise NotImplementedError

    @hookspec
    def doctor(
        self, settings: Settings, address: str, backups: Path | None
    ) -> Iterable[tuple[bool, str]]:
        """What ``latentbook doctor`` looks after besides: whether it is well, and a sentence."""
        raise NotImplementedError
