"""The standard library, NumPy and the instruments in few files, sorted by when a page needs them.

Sorting and compiling happen inside Pyodide (``inside``), because bytecode must come from the Python
that runs it. The library is packed once per Pyodide, the instruments whenever they change.
"""

from __future__ import annotations

import _imp  # importlib.util knows the hash of this Python alone, not of the page's
import hashlib
import io
import json
import re
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from latentbook.cache import sealed
from latentbook.report import Report
from latentbook.runtime.package_packs import Package
from latentbook.runtime.scripts import INSIDE, fingerprint, has_node, run_script

START, LATER = "latentbook_start.py", "latentbook_later.py"
INDEX = "index.json"
WIDGETS = "widgets.pack"
SITE_PACKAGES = "/lib/python3.14/site-packages"
CACHED = "__pycache__/{}.cpython-314.pyc"
IMPORT = re.compile(r"^(?:import|from)\s+(\w[\w.]*)", re.MULTILINE)
INSTRUMENT = re.compile(r"^instrument\b", re.MULTILINE)

Packs = dict[str, bytes]


def build_packs(
    pyodide: Path,
    numpy_wheel: Path,
    widgets: Path,
    content: Path,
    cache: Path,
    packages: Sequence[Package],
    *,
    without: frozenset[str] = frozenset(),
    draft: bool,
    report: Report,
) -> Packs:
    """File name -> content of every pack and of the index; unchanged packs come from the cache.

    Parameters
    ----------
    pyodide : folder of the npm package
    numpy_wheel : path of the wheel for the browser
    widgets : folder of the instruments
    content : folder of the chapters; imports of their snippets belong to the first packs
    cache : folder of the packs
    packages : added by the course; instruments may import them
    without : files of instruments to leave out
    draft : pack instruments as sources only, so that an author's edit needs no compilation

    Raises
    ------
    LatentbookError
        If Node is missing.
    """
    own = {name: data for name, data in package_files(widgets).items() if name not in without}
    texts = [data.decode() for name, data in own.items() if name.endswith(".py")]
    texts += [path.read_text(encoding="utf-8") for path in sorted(content.rglob("*.md"))]
    packs = library_packs(pyodide, numpy_wheel, imported_by(texts), cache, report)
    own[START] = (INSIDE / START).read_bytes()
    own[LATER] = later_names(packs["rest.zip"], packages)
    sources = {name: data for name, data in own.items() if name.endswith(".py")}
    compiled = {} if draft else bytecode(pyodide, sources, cache, report)
    index = json.loads(packs[INDEX])
    for name, files in widget_packs(own, compiled).items():
        packs[name] = b"".join(files.values())
        index["first" if name == WIDGETS else "later"][name] = places_of(files)
    return packs | {INDEX: json.dumps(index, separators=(",", ":")).encode()}


def library_packs(
    pyodide: Path, numpy_wheel: Path, modules: list[str], cache: Path, report: Report
) -> Packs:
    """The packs of the standard library and of NumPy, and their index.

    Parameters
    ----------
    modules : imported by the book, in addition to what every start imports
    """
    key = fingerprint(pyodide, "make_library.py")
    key.update(hashlib.sha256(numpy_wheel.read_bytes()).digest())
    wanted = json.dumps(modules)
    sorted_by = hashlib.sha256(wanted.encode()).hexdigest()[:12]
    folder = cache / f"library-{key.hexdigest()[:12]}-{sorted_by}"
    packs = sealed(folder)
    if packs is None and not has_node():
        # The same library sorted for another text: only the choice of first packs differs.
        others = cache.glob(f"library-{key.hexdigest()[:12]}-*")
        packs = next(filter(None, map(sealed, sorted(others))), None)
    if packs is None:
        report("Packing Python's library for the page, once")
        with tempfile.TemporaryDirectory(prefix=".site-") as place:
            write_files(wheel_files(numpy_wheel), Path(place))
            run_script("make_library.py", folder, pyodide, Path(place), wanted)
        packs = sealed(folder) or {}
    return packs


def bytecode(
    pyodide: Path, sources: Mapping[str, bytes], cache: Path, report: Report
) -> dict[str, bytes]:
    """The bytecode of each source, by the source's name."""
    key = fingerprint(pyodide, "make_bytecode.py")
    for name, data in sorted(sources.items()):
        key.update(f"{name} {hashlib.sha256(data).hexdigest()}\n".encode())
    folder = cache / f"bytecode-{key.hexdigest()[:12]}"
    made = sealed(folder)
    if made is None and not has_node():
        report("Node is missing: changed instruments go to the page as sources only")
        return compiled_before(sources, cache)
    if made is None:
        report("Compiling the instruments for the page")
        with tempfile.TemporaryDirectory(prefix=".site-") as place:
            write_files(sources, Path(place))
            run_script("make_bytecode.py", folder, pyodide, Path(place))
        made = sealed(folder) or {}
    return {name: made[name] for name in sources}


def compiled_before(sources: Mapping[str, bytes], cache: Path) -> dict[str, bytes]:
    """Cached bytecode of these sources, which it identifies by their hash."""
    found: dict[str, bytes] = {}
    for folder in sorted(cache.glob("bytecode-*")):
        for name, code in (sealed(folder) or {}).items():
            magic = int.from_bytes(code[:4], "little")
            if name in sources and code[8:16] == _imp.source_hash(magic, sources[name]):
                found[name] = code
    return found


def widget_packs(
    own: Mapping[str, bytes], compiled: Mapping[str, bytes]
) -> dict[str, dict[str, bytes]]:
    """Pack -> its files by path. One holds the engine and what instruments import."""
    packs: dict[str, dict[str, bytes]] = {WIDGETS: {}}
    sources = {name: data.decode() for name, data in own.items() if name.endswith(".py")}
    imported = {"widgets.kit.__init__"}.union(*map(IMPORT.findall, sources.values()))
    for name, data in own.items():
        path = PurePosixPath(name)
        pack = WIDGETS
        if name in sources and INSTRUMENT.search(sources[name]):
            pack = f"widget-{path.stem}.pack"
        elif path.parent.name == "kit" and f"widgets.kit.{path.stem}" not in imported:
            pack = f"kit-{path.stem}.pack"
        elif path.parent.name == "data" and path.suffix != ".py":
            pack = f"data-{path.stem}.pack"
        files = packs.setdefault(pack, {})
        files[f"{SITE_PACKAGES}/{name}"] = data
        if name in compiled:
            place = path.parent / CACHED.format(path.stem)
            files[f"{SITE_PACKAGES}/{place}"] = compiled[name]
    return packs


def places_of(files: Mapping[str, bytes]) -> list[tuple[str, int, int]]:
    """Path, offset and length of each file in the pack."""
    places, offset = [], 0
    for path, data in files.items():
        places.append((path, offset, len(data)))
        offset += len(data)
    return places


def later_names(archive: bytes, packages: Sequence[Package]) -> bytes:
    """Source of a module that lists what is fetched on demand."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        places = [place for place in opened.namelist() if place.endswith(".pyc")]
    dotted = (place.removesuffix(".pyc").removesuffix("/__init__") for place in places)
    modules = sorted(name.replace("/", ".") for name in dotted)
    folders = {name: package.metadata for package in packages for name in package.imports}
    return (
        '"""Modules and packages that are fetched on demand."""\n\n'
        f"MODULES = {modules!r}\n\n"
        f'PACKAGES = {folders!r}\n"""Name of a module -> a folder of its package."""\n'
    ).encode()


def wheel_files(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(wheel.read_bytes())) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name[-1] != "/"}


def package_files(folder: Path) -> dict[str, bytes]:
    """Every file of a package, except bytecode, hidden files and backups."""
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
    """Modules of the standard library and of NumPy that code imports, in files or chapters."""
    named = {name for source in sources for name in IMPORT.findall(source)}
    known = {*sys.stdlib_module_names, "numpy"}
    return sorted(name for name in named if name.partition(".")[0] in known)


def write_files(files: Mapping[str, bytes], folder: Path) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
