"""Build the folder from which a page starts Python: Pyodide, NumPy and the instruments in packs."""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from latentbook.base.cache import new_folder
from latentbook.base.files import Files
from latentbook.base.report import Report
from latentbook.runtime.packs import INDEX, build_packs, hash_of, pack_package, placeholders
from latentbook.runtime.page_packages import PagePackages
from latentbook.runtime.pins import SHA256, check_pyodide
from latentbook.settings import Settings

SCRIPT = "pyodide.asm.mjs"
KEPT = 3
"""Builds that stay in ``build/runtime``: a site may still read an old one while it is replaced."""


@dataclass(frozen=True)
class RuntimeDist:
    """A finished distribution.

    Attributes
    ----------
    path : its folder
    version : hash of its content, and the folder's name
    sizes : sizes in bytes, by name, of the files that every first start fetches
    hashes : hash of every file, by name; it is part of the served file name
    """

    path: Path
    version: str
    sizes: Mapping[str, int]
    hashes: Mapping[str, str]

    @property
    def start_hashes(self) -> dict[str, str]:
        """The hashes that a page must know; the index has the others."""
        return {name: self.hashes[name] for name in (SCRIPT, *self.sizes)}


def served_name(name: str, hash: str) -> str:
    """The name of a file on the site (static/js/python/download.js)."""
    path = PurePosixPath(name)
    return f"{path.stem}-{hash}{path.suffix}"


def build_runtime(
    settings: Settings,
    *,
    report: Report,
    widgets: Files | None = None,
    content: Files | None = None,
    course: PagePackages | None = None,
    without: frozenset[str] = frozenset(),
    outputs: str = "",
) -> RuntimeDist:
    """Python for the page, rebuilt only if its content has changed.

    Parameters
    ----------
    settings : of the book or course
    report : receives the progress
    widgets, content : the instruments and the text; None for those of the settings
    course : the course's packages; None reads them
    without : files to leave out: ``widgets/NAME.py``, ``widgets/data/NAME.npz``
    outputs : Python code by which plugins of the book show values

    Raises
    ------
    LatentbookError
        If Pyodide is not installed or is not the release that the loader was written for, or if a
        wheel is unavailable or is not the one in the lock.
    """
    pyodide = settings.root / "node_modules" / "pyodide"
    check_pyodide(pyodide)
    course = course or PagePackages.read(settings)
    folders = {each.name: course.unpacked(each, report) for each in course.lock.packages.values()}
    added = {
        module: next(folders[each.name].glob("*.dist-info")).name
        for each in course.lock.packages.values()
        for module in each.imports
    }
    files = {name: (pyodide / name).read_bytes() for name in SHA256}
    numpy = course.wheels.get(course.wheels.pyodide["numpy"], report)
    widgets, content = widgets or Files.of(settings.widgets), content or Files.of(settings.content)
    files |= build_packs(
        *(settings, pyodide, numpy, added, widgets, content),
        without=without,
        outputs=outputs,
        report=report,
    )
    index = json.loads(files[INDEX]) | {"packages": {}}
    for name, folder in folders.items():
        packs = pack_package(name, folder, pyodide, settings.build / "cache", report)
        index["packages"][name] = placeholders(packs[f"{name}.pack"])
        files |= packs
    if sources := [name for name in folders if f"{name}-source.pack" not in files]:
        report(f"Node is missing: the page compiles what it imports of {', '.join(sources)}")
    hashes = {name: hash_of({name: files[name]}) for name in sorted(files) if name != INDEX}
    index["hashes"] = hashes
    files[INDEX] = json.dumps(index, separators=(",", ":")).encode()

    version = hash_of(files)
    path = settings.build / "runtime" / version
    if not is_whole(path, version):
        write(files, path)
    sizes = {name: len(files[name]) for name in ("pyodide.asm.wasm", INDEX, *index["first"])}
    hashes[INDEX] = hash_of({INDEX: files[INDEX]})
    return RuntimeDist(path, version, sizes, hashes)


def is_whole(path: Path, version: str) -> bool:
    if not path.is_dir():
        return False
    return hash_of({file.name: file.read_bytes() for file in path.iterdir()}) == version


def write(files: Mapping[str, bytes], path: Path) -> None:
    """Write a build, and delete all but the last few."""
    with new_folder(path) as partial:
        for name, content in files.items():
            (partial / name).write_bytes(content)
    builds = (each for each in path.parent.iterdir() if not each.name.startswith("."))
    for old in sorted(builds, key=os.path.getmtime)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
