"""The standard library, NumPy and the instruments as few files, sorted by when a page needs them.

The sorting and the compiling happen inside Pyodide (``inside/make_packs.py``), as bytecode must
come from the Python that runs it.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from app.kept import sealed
from app.runtime.package_packs import Package
from app.runtime.scripts import INSIDE, fingerprint, run_script

START = "latentbook_start.py"
INDEX = "index.json"
WIDGETS = "widgets.pack"
SITE_PACKAGES = "/lib/python3.14/site-packages"
IMPORT = re.compile(r"^(?:import|from)\s+(\w[\w.]*)", re.MULTILINE)

Packs = dict[str, bytes]


def build_packs(
    pyodide: Path,
    numpy_wheel: Path,
    widgets: Path,
    content: Path,
    cache: Path,
    packages: Sequence[Package],
    *,
    draft: bool,
    report: Callable[[str], None],
) -> Packs:
    """File name -> content of every pack and of the index, made only if something has changed.

    Parameters
    ----------
    pyodide : folder of the npm package
    numpy_wheel : path of the wheel for the browser
    widgets : folder of the instruments
    content : folder of the chapters; what their snippets import is sorted with what a start needs
    cache : folder in which the packs are kept
    packages : what the course adds, which instruments may import
    draft : instruments go as sources only, so that an author's edit needs no packing as long as it
        imports nothing new

    Raises
    ------
    LatentbookError
        If Node is missing, or an instrument cannot be imported or fails at rest.
    """
    own = package_files(widgets)
    sources = {name: data for name, data in own.items() if name.endswith(".py")}
    data_files = {name: data for name, data in own.items() if name not in sources}
    start = {START: (INSIDE / START).read_bytes()}
    site = {**wheel_files(numpy_wheel), **start, **data_files}
    texts = [data.decode() for data in sources.values()]
    texts += [path.read_text(encoding="utf-8") for path in sorted(content.rglob("*.md"))]
    modules = imported_by(texts)
    folders = {name: package.metadata for package in packages for name in package.imports}
    wanted = json.dumps({"modules": modules, "packages": folders})
    key = fingerprint(pyodide, "make_packs.py")
    key.update(wanted.encode())
    for package in packages:
        key.update(package.folder.name.encode())
    for name, data in sorted((site if draft else site | sources).items()):
        key.update(f"{name} {hashlib.sha256(data).hexdigest()}\n".encode())
    folder = cache / f"packs-{key.hexdigest()[:12]}"
    packs = sealed(folder)
    if packs is None:
        report("Packing Python for the page")
        with tempfile.TemporaryDirectory(prefix=".site-") as place:
            write_files(site | sources, Path(place))
            others = [package.folder for package in packages]
            run_script("make_packs.py", folder, pyodide, Path(place), wanted, others)
        packs = sealed(folder) or {}
    return with_sources(packs, sources) if draft else packs


def with_sources(packs: Packs, sources: dict[str, bytes]) -> Packs:
    """The packs with these sources in place of the instruments that are in them."""
    index = json.loads(packs[INDEX])
    pack = packs[WIDGETS]
    files = {
        path: pack[offset : offset + length]
        for path, offset, length in index["first"][WIDGETS]
        if not path.startswith(f"{SITE_PACKAGES}/widgets/")
    }
    files |= {f"{SITE_PACKAGES}/{name}": data for name, data in sources.items()}
    entries, offset = [], 0
    for path, data in files.items():
        entries.append((path, offset, len(data)))
        offset += len(data)
    index["first"][WIDGETS] = entries
    return packs | {WIDGETS: b"".join(files.values()), INDEX: json.dumps(index).encode()}


def wheel_files(wheel: Path) -> dict[str, bytes]:
    """Every file in a wheel."""
    with zipfile.ZipFile(io.BytesIO(wheel.read_bytes())) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name[-1] != "/"}


def package_files(folder: Path) -> dict[str, bytes]:
    """Every file of the package in a folder, except bytecode, hidden files and backups."""
    return {
        path.relative_to(folder.parent).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not is_ignored(path.relative_to(folder))
    }


def is_ignored(path: Path) -> bool:
    """Whether a file is bytecode, hidden, or an editor's backup."""
    return path.name.endswith("~") or any(
        part == "__pycache__" or part.startswith(".") for part in path.parts
    )


def imported_by(sources: Iterable[str]) -> list[str]:
    """Modules of the standard library and of NumPy that code, alone or in a chapter, imports."""
    named = {name for source in sources for name in IMPORT.findall(source)}
    known = {*sys.stdlib_module_names, "numpy"}
    return sorted(name for name in named if name.partition(".")[0] in known)


def write_files(files: dict[str, bytes], folder: Path) -> None:
    """Write files by their place in a folder."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
