"""Build the folder from which a page starts Python: Pyodide, NumPy and the instruments in packs."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from latentbook.hashing import content_hash
from latentbook.report import Report
from latentbook.runtime.package_packs import pack_package, packages_of, places_of
from latentbook.runtime.packs import INDEX, build_packs
from latentbook.runtime.page_packages import PagePackages
from latentbook.runtime.pins import SHA256, check_pyodide
from latentbook.settings import Settings

SCRIPT = "pyodide.asm.mjs"
KEPT = 3
"""Builds that stay in ``build/runtime``: a site that is being replaced may still read an old one.
"""


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
        """The hashes that a page must know; the others are in the index."""
        return {name: self.hashes[name] for name in (SCRIPT, *self.sizes)}


def served_name(name: str, hash: str) -> str:
    """The name under which a file is served (static/js/python/download.js)."""
    path = PurePosixPath(name)
    return f"{path.stem}-{hash}{path.suffix}"


def build_runtime(
    settings: Settings,
    *,
    report: Report,
    course: PagePackages | None = None,
    without: frozenset[str] = frozenset(),
) -> RuntimeDist:
    """Python for the page, rebuilt only if its content has changed.

    Parameters
    ----------
    course : the course's packages; None reads them
    without : files to leave out: ``widgets/NAME.py``, ``widgets/data/NAME.npz``

    Raises
    ------
    LatentbookError
        If Pyodide is not installed or is not the release that the loader was written for, or if a
        wheel is unavailable or is not the one in the lock.
    """
    pyodide = settings.root / "node_modules" / "pyodide"
    check_pyodide(pyodide)
    cache = settings.build / "cache"
    course = course or PagePackages.read(settings)
    packages = packages_of(course, report)
    files = {name: (pyodide / name).read_bytes() for name in SHA256}
    files |= build_packs(
        pyodide,
        course.wheels.get(course.wheels.pyodide["numpy"], report),
        settings.widgets,
        settings.content,
        cache,
        packages,
        without=without,
        draft=settings.reload,
        report=report,
    )
    index = json.loads(files[INDEX]) | {"packages": {}}
    for package in packages:
        packs = pack_package(package, pyodide, cache, report)
        index["packages"][package.name] = places_of(packs[f"{package.name}.pack"])
        files |= packs
    hashes = {name: hash_of({name: files[name]}) for name in sorted(files) if name != INDEX}
    index["hashes"] = hashes
    files[INDEX] = json.dumps(index, separators=(",", ":")).encode()

    version = hash_of(files)
    path = settings.build / "runtime" / version
    if not is_whole(path, version):
        shutil.rmtree(path, ignore_errors=True)
        write(files, path)
    sizes = {name: len(files[name]) for name in ("pyodide.asm.wasm", INDEX, *index["first"])}
    hashes[INDEX] = hash_of({INDEX: files[INDEX]})
    return RuntimeDist(path, version, sizes, hashes)


def hash_of(files: Mapping[str, bytes]) -> str:
    """Twelve hexadecimal digits for all names and contents together."""
    return content_hash(*(part for each in sorted(files.items()) for part in each), length=12)


def is_whole(path: Path, version: str) -> bool:
    """Whether a folder exists and its content matches its name."""
    if not path.is_dir():
        return False
    return hash_of({file.name: file.read_bytes() for file in path.iterdir()}) == version


def write(files: dict[str, bytes], path: Path) -> None:
    """Write the folder atomically: it appears under its name only when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=path.parent))
    try:
        for name, content in files.items():
            (partial / name).write_bytes(content)
        partial.chmod(0o755)
        partial.rename(path)
    except BaseException as error:
        shutil.rmtree(partial, ignore_errors=True)
        if isinstance(error, OSError) and path.exists():
            return  # another process was faster, with the same content
        raise
    builds = sorted(
        (build for build in path.parent.iterdir() if not build.name.startswith(".")),
        key=os.path.getmtime,
    )
    for old in builds[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
