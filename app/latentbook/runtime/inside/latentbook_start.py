"""Prepares the page's Python, and updates one that was restored from a snapshot.

Modules of the standard library that a start imports are files. The others are in an archive, which
the page fetches when one of them is imported.
"""

import gc
import importlib
import os
import sys
import time
import zipimport
from collections.abc import Callable, Collection, Mapping, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType, SimpleNamespace
from typing import Any

REST = "/lib/rest.zip"
SITE = "/lib/python3.14/site-packages"

WARM_CELL = "import numpy as np\nprint(np.arange(3))\nnp.linalg.svd(np.eye(2))"
FAILING_CELL = "1 / 0"
NAP = 0.02  # seconds

LINALG = "numpy.linalg._umath_linalg"
SOON = ("numpy.fft", LINALG, "numpy.random")
"""Modules that most code uses, but the first output does not: imported after it (worker.js)."""


class Later(ModuleType):
    """Lazy module: loads the real one when an attribute is missing.

    Parameters
    ----------
    known : attributes that it has without the real one
    then : called with the real one after it has loaded
    """

    def __init__(
        self,
        name: str,
        known: Mapping[str, Any] | None = None,
        then: Callable[[Any], object] | None = None,
    ) -> None:
        super().__init__(name)
        self.__dict__.update({"__path__": (), **known} if known else {})
        self.__dict__.update(_then=then, _module=None)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in ("__all__", "__path__"):  # imports need these
            raise AttributeError(name)
        return getattr(self._module or self._load(), name)

    def _load(self) -> ModuleType:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        package, _, name = self.__name__.rpartition(".")
        names = vars(sys.modules[package]) if package else {}
        found = names.get(name)
        module = self.__dict__["_module"] = importlib.import_module(self.__name__)
        if found is self:
            names[name] = self  # or it would look like a change by readers' code
        if self._then:
            self._then(module)
        return module


def later_modules() -> list[Later]:
    """Modules that Pyodide, NumPy and zipfile import at once but most first answers do not use."""
    names = ("_colorize", "asyncio", "ctypes", "pickle", "platform", "tokenize", LINALG)
    of_zipfile = ("bz2", "lzma", "pathlib", "shutil")
    paths = {"SITE_PACKAGES": SITE, "DSO_DIR": "/usr/lib"}  # Pyodide calls only their __str__
    folders = {name: SimpleNamespace(__str__=path.__str__) for name, path in paths.items()}
    loop = "_initialize_event_loop"
    return [
        *map(Later, (*names, *of_zipfile)),
        Later("pyodide.webloop", {loop: lambda: None}, lambda webloop: getattr(webloop, loop)()),
        Later("pyodide._package_loader", folders),
    ]


def travel_light() -> None:
    """Before Pyodide's own start, skip imports that would take half of its time."""
    sys.modules.update({module.__name__: module for module in later_modules()})


class RestFinder:
    """Finds the modules of the archive, which is read only when one is imported."""

    def __init__(self, names: Collection[str]) -> None:
        self.names = names

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in self.names:
            return None
        folders = name.split(".")[:-1]
        importer = AsyncioImporter if name == "asyncio" else zipimport.zipimporter
        return importer("/".join([REST, *folders])).find_spec(name, target)


class AsyncioImporter(zipimport.zipimporter):
    """Loads Pyodide's event loop with ``asyncio``."""

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        getattr(sys.modules["pyodide.webloop"], "WebLoop", None)  # loads the real one


class PackageFinder:
    """Fetches packages that the course adds; Python then finds their files as usual."""

    def __init__(self, folders: Mapping[str, str]) -> None:
        self.folders = folders

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> None:
        if name in self.folders:
            try:
                os.stat(f"{SITE}/{self.folders[name]}/METADATA")  # noqa: PTH116 (a start does not load pathlib)
            except OSError:
                why = f"{name} could not be fetched: it needs the network the first time"
                raise ImportError(why, name=name) from None


def find_the_rest() -> None:
    """Make modules that are fetched on demand importable. The archive comes after the path."""
    later = importlib.import_module("latentbook_later")
    packages: Any = PackageFinder(later.PACKAGES)
    rest: Any = RestFinder(later.MODULES)
    place = sys.meta_path.index(PathFinder)
    sys.meta_path[place : place + 1] = [packages, PathFinder, rest]
    del sys.modules["asyncio"]  # a lazy package would break imports of its submodules


def let_sleep_be_stopped() -> None:
    """Let Stop interrupt ``time.sleep``, which otherwise never checks for it."""
    sleep_through = time.sleep

    def sleep(seconds: Any, /) -> None:
        """Wait for a number of seconds, or until Stop."""
        pyodide = importlib.import_module("pyodide_js")
        end = time.monotonic() + seconds
        while seconds > NAP:
            sleep_through(NAP)
            pyodide.checkInterrupt()
            seconds = max(0.0, end - time.monotonic())
        sleep_through(seconds)

    time.sleep = sleep


def warm(widgets: Sequence[str]) -> None:
    """Import the book's modules and compute some instruments once, so that their data is loaded."""
    import_soon()
    for name in widgets:
        reply = ask(type="compute_widget", widget=name, controls={}, source=None)
        if reply["type"] != "done":
            raise RuntimeError(f"{name} fails at rest: {reply['traceback']}")
    for code in (WARM_CELL, FAILING_CELL):
        ask(type="run_cell", scope="warm", code=code, filename="warm")
        ask(type="reset_scope", scope="warm")
    gc.collect()


def warm_library() -> None:
    """Import the modules that loading data and raising need, without the book's own code."""
    io, np, traceback = map(importlib.import_module, ("io", "numpy", "traceback"))
    file = io.BytesIO()
    np.savez_compressed(file, a=np.arange(3))
    file.seek(0)
    with np.load(file) as stored:
        stored["a"]
    try:
        exec(compile(FAILING_CELL, "warm", "exec"), {})
    except ZeroDivisionError as error:
        traceback.format_exception(error)


def import_soon() -> None:
    for name in SOON:
        getattr(importlib.import_module(name), "__all__", None)  # a lazy module loads now


def load_host() -> Any:
    """Import the book's host module, and with it NumPy."""
    host = importlib.import_module("widgets.engine.host")
    # A lazy module is not yet an attribute of its package.
    vars(sys.modules["numpy.linalg"])["_umath_linalg"] = sys.modules[LINALG]
    return host


def ask(**request: Any) -> dict[str, Any]:
    """The host's reply to one request."""
    reply: dict[str, Any] = load_host().handle({"id": 0, **request}, lambda mime, data: None)
    return reply


def wake(environment: str) -> None:
    """Renew state that must differ between restores or may have changed since the snapshot.

    Parameters
    ----------
    environment : ``NAME=VALUE`` lines, which include the browser's language
    """
    for line in environment.split("\n"):
        name, _, value = line.partition("=")
        os.environ[name] = value
    if "random" in sys.modules:
        sys.modules["random"].seed()
    if "numpy.random.mtrand" in sys.modules:
        sys.modules["numpy.random.mtrand"].seed()
    set_time_zone()


def set_time_zone() -> None:
    """Set the constants of ``time`` to the browser's zone; ``localtime`` already uses it."""
    year = time.localtime().tm_year
    january, july = (
        time.localtime(time.mktime((year, month, 1, 0, 0, 0, 0, 1, -1))) for month in (1, 7)
    )
    standard, summer = sorted((january, july), key=lambda at: at.tm_gmtoff)
    time.timezone, time.altzone = -standard.tm_gmtoff, -summer.tm_gmtoff
    time.daylight = int(standard.tm_gmtoff != summer.tm_gmtoff)
    time.tzname = standard.tm_zone, summer.tm_zone
