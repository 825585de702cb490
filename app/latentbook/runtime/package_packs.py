"""Packages that a course adds: each becomes two packs, fetched when it is imported."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypedDict

from latentbook.cache import sealed
from latentbook.report import Report
from latentbook.runtime.page_packages import PagePackages
from latentbook.runtime.scripts import fingerprint, run_script

SITE_PACKAGES = PurePosixPath("/lib/python3.14/site-packages")


class Places(TypedDict):
    """Placeholders in site-packages for a package that has not been fetched."""

    folders: list[str]
    files: list[tuple[str, int]]  # files outside its own folders, with their sizes


@dataclass(frozen=True)
class Package:
    """One package.

    Attributes
    ----------
    name : also of its packs, ``NAME.pack`` and ``NAME-source.pack``
    folder : its files, as in its wheel
    imports : modules that can be imported
    """

    name: str
    folder: Path
    imports: tuple[str, ...]

    @property
    def metadata(self) -> str:
        """Name of the folder with its metadata."""
        (path,) = self.folder.glob("*.dist-info")
        return path.name


def packages_of(course: PagePackages, report: Report) -> list[Package]:
    """The packages of a course, fetched and unpacked."""
    return [
        Package(spec.name, course.unpacked(spec, report), tuple(spec.imports))
        for spec in course.lock.packages.values()
    ]


def pack_package(package: Package, pyodide: Path, cache: Path, report: Report) -> dict[str, bytes]:
    """File name -> content of a package's packs, from the cache if possible."""
    key = fingerprint(pyodide, "make_package.py")
    key.update(package.folder.name.encode())
    folder = cache / f"package-{package.name}-{key.hexdigest()[:12]}"
    packs = sealed(folder)
    if packs is None:
        report(f"Packing {package.name} for the page")
        run_script("make_package.py", folder, pyodide, package.folder)
        packs = sealed(folder) or {}
    return {
        f"{package.name}.pack": packs["package.pack"],
        f"{package.name}-source.pack": packs["source.pack"],
    }


def places_of(pack: bytes) -> Places:
    """The placeholders for the files of a pack."""
    length = int.from_bytes(pack[:4], "little")
    head = json.loads(pack[4 : 4 + length])
    folders: set[str] = set()
    files: list[tuple[str, int]] = []
    for path, size in every_file(head.values()):
        place = PurePosixPath(path).relative_to(SITE_PACKAGES)
        # Bytecode of single modules shares one folder, which belongs to no package.
        if len(place.parts) == 1 or place.parts[0] == "__pycache__":
            files.append((str(SITE_PACKAGES / place), size))
        else:
            folders.add(str(SITE_PACKAGES / place.parts[0]))
    return {"folders": sorted(folders), "files": files}


def every_file(lists: Iterable[list[tuple[str, int, int]]]) -> Iterable[tuple[str, int]]:
    return ((path, size) for places in lists for path, _, size in places)
