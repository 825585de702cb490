"""The plugins of a book: installed packages, and files in its own folder."""

from __future__ import annotations

import ast
import hashlib
import inspect
import sys
import textwrap
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from latentbook.base.errors import LatentbookError, accepted_names
from latentbook.base.hashing import content_hash
from latentbook.base.report import Report
from latentbook.hooks import NAME, Addresses, CellOutput, Hooks, PageCheck, SitePart
from latentbook.settings import PluginSettings, Settings

if TYPE_CHECKING:
    from latentbook.book.read.source import PageSource


T = TypeVar("T")


@dataclass(frozen=True)
class Source:
    """Where a plugin comes from.

    Attributes
    ----------
    name : its name in lists
    place : its package with the release, or its file
    load : imports it
    """

    name: str
    place: str
    load: Callable[[], ModuleType]


@dataclass
class Plugins:
    """Plugins, and the reasons why some are left out.

    Attributes
    ----------
    failures : by plugin name, a sentence for each that could not be imported or has raised
    """

    sources: Sequence[Source]
    failures: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.manager = pluggy.PluginManager(NAME)
        self.manager.add_hookspecs(Hooks)
        for source in self.sources:
            self._register(source)

    def _register(self, source: Source) -> None:
        try:
            module = source.load()
            _check_hooks(module)
            self.manager.register(module, source.name)
        except (Exception, SystemExit) as error:  # a plugin's module can raise anything
            self.fail(source.name, error)

    def fail(self, name: str, error: BaseException, place: str = "") -> None:
        """Leave out a plugin from now on because of an error, at ``place`` in the book."""
        at = f" (at {place})" if place else ""
        if isinstance(error, LatentbookError):
            self.failures[name] = f"{error}{at}"
            return
        frames = [
            each
            for each in traceback.extract_tb(error.__traceback__)
            if each.filename != __file__ and not each.filename.startswith("<frozen")
        ]
        where = f"{frames[-1].filename}:{frames[-1].lineno}: " if frames else ""
        self.failures[name] = f"{where}{type(error).__name__}: {error}{at}"

    def fail_block(self, block: object, error: Exception) -> None:
        """Leave out the plugin whose block fails to produce markup."""
        module = type(block).__module__
        for name, plugin in self.manager.list_name_plugin():
            own = getattr(plugin, "__name__", "")
            if module == own or module.startswith(f"{own.partition('.')[0]}."):
                self.fail(name, error)

    def with_hook(self, hook: str) -> list[str]:
        """The plugins that implement a hook and have not failed."""
        return [name for name in self._implementations(hook) if name not in self.failures]

    def _implementations(self, hook: str) -> dict[str, pluggy.HookImpl]:
        found = getattr(self.manager.hook, hook).get_hookimpls()
        return {each.plugin_name: each for each in found}

    def answer(self, name: str, hook: str, **given: Any) -> Any:
        """Return the result of a plugin's hook; None if it fails.

        Raises
        ------
        LatentbookError
            If the plugin refuses.
        """
        asked = self._implementations(hook)[name]
        try:
            found = asked.function(*(given[each] for each in asked.argnames))
            return list(found) if isinstance(found, Iterator) else found
        except LatentbookError:
            raise
        except Exception as error:
            self.fail(name, error)
            return None

    def answers(self, hook: str, **given: Any) -> Iterator[tuple[str, Any]]:
        """Yield the name and result of each plugin whose result is not None."""
        for name in self.with_hook(hook):
            if (found := self.answer(name, hook, **given)) is not None:
                yield name, found

    def items(self, hook: str, kind: type[T], **given: Any) -> Iterator[tuple[str, T]]:
        """Yield each item that a hook returns, with the plugin's name. A plugin that returns
        anything but a ``kind`` or a collection of these fails.
        """
        for name, answer in self.answers(hook, **given):
            found = [answer] if isinstance(answer, kind) else answer
            found = list(found) if isinstance(found, Iterable) else [found]
            if wrong := [each for each in found if not isinstance(each, kind)]:
                message = f"{hook}() returns {wrong[0]!r}. Accepted: a list of {kind.__name__}"
                self.fail(name, LatentbookError(message))
            else:
                yield from ((name, each) for each in found)

    def report_failures(self, report: Report) -> None:
        for name, sentence in self.failures.items():
            report(f"The plugin {name} failed and is left out: {sentence}")

    def hooks_of(self, name: str) -> list[str]:
        plugin = self.manager.get_plugin(name)
        callers = (self.manager.get_hookcallers(plugin) or ()) if plugin else ()
        return sorted(each.name for each in callers)

    @cached_property
    def settings(self) -> list[type[PluginSettings]]:
        found = []
        for name, kind in self.items("settings", type):
            if issubclass(kind, PluginSettings):
                found.append(kind)
            else:
                self.fail(name, LatentbookError(f"{kind.__name__} is not a PluginSettings."))
        return found

    @cached_property
    def checks(self) -> dict[str, PageCheck]:
        """The rules for pages by name. After one fails, its plugin finds nothing more."""
        return {
            each.name: replace(
                each,
                faults=self._guarded(name, each.faults),
                doubts=self._guarded(name, each.doubts),
            )
            for name, each in self.items("checks", PageCheck)
        }

    def _guarded(
        self, name: str, look: Callable[[PageSource], Iterable[tuple[int, str]]]
    ) -> Callable[[PageSource], list[tuple[int, str]]]:
        def found(page: PageSource) -> list[tuple[int, str]]:
            try:
                found = [] if name in self.failures else list(look(page))
                return [(int(line), str(sentence)) for line, sentence in found]
            except Exception as error:
                self.fail(name, error, str(page.path))
                return []

        return found

    @cached_property
    def outputs(self) -> str:
        """Python code that adds the plugins' types to ``widgets/engine/outputs.py``."""
        found: list[str] = []
        for name, each in self.items("outputs", CellOutput):
            try:
                source = _alone(each.show)
                exec(source, {})
            except Exception as error:
                self.fail(name, error)
                continue
            shown = f"SHOWN[{each.of!r}] = {each.mime!r}, {each.show.__name__}"
            found.append(f"{source}\n\n{shown}\n")
        return "\n\n".join(found)

    @cached_property
    def data(self) -> tuple[Path, ...]:
        """Folders with files that a ``numbers.py`` may read."""
        return tuple(folder for _, folder in self.items("data", Path))

    @cached_property
    def addresses(self) -> Addresses:
        """The addresses of all plugins."""
        found = [each for _, each in self.items("addresses", Addresses)]
        first = {part for each in found for part in each.first}
        secret = {place for each in found for place in each.secret}
        return Addresses(tuple(sorted(first)), tuple(sorted(secret)))

    def site(self, settings: Settings) -> list[SitePart]:
        return [part for _, part in self.items("site", SitePart, settings=settings)]

    @cached_property
    def digest(self) -> str:
        """A hash that changes with the code of any plugin."""
        names = sorted(name for name, _ in self.manager.list_name_plugin())
        code = (data for name in names for data in _code_of(self.manager.get_plugin(name)))
        return content_hash(*names, *self.failures, *code)


def _check_hooks(module: ModuleType) -> None:
    """Refuse unknown hooks, and arguments that a hook does not have."""
    marked = {
        name: function
        for name, function in vars(module).items()
        if inspect.isfunction(function) and hasattr(function, f"{NAME}_impl")
    }
    if not marked:
        raise LatentbookError(f"{module.__file__} has no function marked with hookimpl.")
    hooks = {name: each for name, each in vars(Hooks).items() if hasattr(each, f"{NAME}_spec")}
    for name, function in marked.items():
        place = f"{module.__file__}:{function.__code__.co_firstlineno}"
        if name not in hooks:
            raise LatentbookError(f"{place}: no hook {name!r}. {accepted_names(name, hooks)}")
        accepted = [each for each in inspect.signature(hooks[name]).parameters if each != "self"]
        for argument in inspect.signature(function).parameters:
            if argument not in accepted:
                names = ", ".join(accepted) or "none"
                raise LatentbookError(
                    f"{place}: {name} takes no argument {argument!r}. Accepted: {names}."
                )


def _alone(function: Callable[[Any], Any]) -> str:
    """The source of a function as the page runs it: without annotations and decorators, which
    need names of its module.
    """
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    if not isinstance(tree, ast.FunctionDef):
        raise LatentbookError(f"{function.__name__} is not written with def.")
    tree.decorator_list, tree.returns = [], None
    for argument in (*tree.args.posonlyargs, *tree.args.args, *tree.args.kwonlyargs):
        argument.annotation = None
    return ast.unparse(tree)


def _code_of(module: Any) -> Iterator[bytes]:
    """The contents of a plugin's file, or of all files in its package."""
    path = Path(module.__file__)
    files = sorted(path.parent.rglob("*")) if module.__package__ else [path]
    return (each.read_bytes() for each in files if each.is_file() and each.suffix != ".pyc")


@lru_cache(maxsize=1)
def installed() -> Plugins:
    """The plugins of installed packages, imported once."""
    return Plugins(_installed())


def _installed() -> list[Source]:
    found = sorted(entry_points(group=NAME), key=lambda each: each.name)
    return [Source(each.name, _package(each), each.load) for each in found]


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.value


def plugins_of(settings: Settings) -> Plugins:
    """The plugins for a book or course: those installed, and files under ``[extensions]`` in its
    manifest, imported again when they change.
    """
    files = tuple(
        (name, path, hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "")
        for name, path in _extensions(settings).items()
    )
    return _with_files(files) if files else installed()


@lru_cache(maxsize=8)
def _with_files(files: tuple[tuple[str, Path, str], ...]) -> Plugins:
    own = (Source(name, str(path), _File(name, path)) for name, path, _ in files)
    return Plugins([*_installed(), *own])


@dataclass(frozen=True)
class _File:
    """Imports a plugin from a file in any folder."""

    name: str
    path: Path

    def __call__(self) -> ModuleType:
        spec = spec_from_file_location(f"latentbook_extension_{self.name}", self.path)
        if not self.path.is_file() or spec is None or spec.loader is None:
            raise LatentbookError(f"There is no Python file {self.path}.")
        module = module_from_spec(spec)
        sys.modules[module.__name__] = module  # dataclasses look up their module there
        spec.loader.exec_module(module)
        return module


def _extensions(settings: Settings) -> Mapping[str, Path]:
    """The extensions of a book, or of a course and of the book under it."""
    from latentbook.book.read.project import manifest_in, uses_book

    folders = [settings.course] if settings.course else [settings.content]
    if settings.course and uses_book(settings.course):
        folders.insert(0, settings.content)
    return {
        name: folder / file
        for folder in folders
        for name, file in manifest_in(folder).extensions.items()
    }
