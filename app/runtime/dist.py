"""Builds the folder a page starts Python from: Pyodide, NumPy, the instruments, a lock file."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

from pyodide_lock import PackageSpec

from app.errors import LatentbookError
from app.runtime.numpy_wheel import numpy_wheel
from app.runtime.widgets_wheel import NAME, widgets_wheel
from app.settings import Settings

CORE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
LOCK = "pyodide-lock.json"
KEPT = 3
"""How many builds stay in ``build/runtime``: a site being swapped out may still read an old one."""

Report = Callable[[str], None]


@dataclass(frozen=True)
class RuntimeDist:
    """A finished distribution.

    Attributes
    ----------
    path : folder to serve; the page's ``indexURL``
    version : hash of its content, and the folder's name
    packages : names to give to ``loadPackage``
    """

    path: Path
    version: str
    packages: tuple[str, ...]


def build_runtime(settings: Settings, *, report: Report) -> RuntimeDist:
    """The Pyodide distribution of this book, built only if its content has changed.

    Raises
    ------
    LatentbookError
        If Pyodide is not installed, or NumPy's wheel cannot be had or is not the one of the lock.
    """
    pyodide = settings.root / "node_modules" / "pyodide"
    for name in (*CORE, LOCK):
        if not (pyodide / name).exists():
            raise LatentbookError(f"{pyodide / name} is missing. `npm ci` installs it.")
    # PyodideLockSpec itself refuses the lock of this Pyodide: its info has no version.
    lock = json.loads((pyodide / LOCK).read_text(encoding="utf-8"))
    numpy = PackageSpec(**lock["packages"]["numpy"])
    release = json.loads((pyodide / "package.json").read_text(encoding="utf-8"))["version"]
    numpy_path = numpy_wheel(
        numpy,
        settings.build / "cache",
        settings.pyodide_url.format(version=release),
        report,
    )
    wheel_name, wheel = widgets_wheel(settings.root / "widgets", installed_version("latentbook"))
    files = {name: (pyodide / name).read_bytes() for name in CORE}
    files |= {numpy_path.name: numpy_path.read_bytes(), wheel_name: wheel}
    files[LOCK] = lock_file(lock["info"], numpy, widgets_package(wheel_name, wheel))

    version = content_hash(files)
    path = settings.build / "runtime" / version
    if not path.exists():
        report("Assembling Python for the browser")
        write(files, path)
    return RuntimeDist(path, version, ("numpy", NAME))


def widgets_package(wheel_name: str, wheel: bytes) -> PackageSpec:
    """The lock's entry for the instruments."""
    return PackageSpec(
        name=NAME,
        version=wheel_name.split("-")[1],
        file_name=wheel_name,
        install_dir="site",
        sha256=hashlib.sha256(wheel).hexdigest(),
        imports=["widgets"],
        depends=["numpy"],
    )


def lock_file(info: dict[str, Any], *packages: PackageSpec) -> bytes:
    """A lock file for the Python that ``info`` describes, with these packages."""
    lock = {"info": info, "packages": {package.name: package.model_dump() for package in packages}}
    return json.dumps(lock, sort_keys=True).encode()


def content_hash(files: dict[str, bytes]) -> str:
    """Twelve hexadecimal digits for all names and contents together."""
    total = hashlib.sha256()
    for name, content in sorted(files.items()):
        total.update(f"{name} {hashlib.sha256(content).hexdigest()}\n".encode())
    return total.hexdigest()[:12]


def write(files: dict[str, bytes], path: Path) -> None:
    """Write the folder whole: it appears under its name only when it is complete."""
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
