"""The standard library, NumPy, the instruments and added packages in a few files, sorted by when a
page needs them.

Sorting and compiling happen inside Pyodide (``inside``), because bytecode must come from the Python
that runs it. The library is packed once per Pyodide, the instruments whenever they change.
"""

import _imp  # importlib.util knows the hash of this Python alone, not of the page's
import io
import json
import re
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from latentbook.base.cache import sealed
from latentbook.base.files import Files
from latentbook.base.hashing import content_hash
from latentbook.base.report import Report
from latentbook.runtime.inside.packing import package_pack, places_of, wanted
from latentbook.runtime.scripts import INSIDE, fingerprint, has_node, run_script
from latentbook.settings import Settings

START, LATER = "latentbook_start.py", "latentbook_later.py"
INDEX = "index.json"
WIDGETS, WIDGETS_SOURCE = "widgets.pack", "widgets-source.pack"
EXPLAIN = "explain.pack"
OUTPUTS = "widgets/engine/outputs.py"
STEPS, RICH = "steps.pack", "rich.pack"
ON_DEMAND = {
    "widgets/engine/steps.py": STEPS,
    "widgets/engine/values.py": STEPS,
    "widgets/engine/rich.py": RICH,
}
"""Modules imported when a reader first steps through a snippet, or shows a rich value."""

SITE_PACKAGES = "/lib/python3.14/site-packages"
CACHED = "__pycache__/{}.cpython-314.pyc"
IMPORT = re.compile(r"^(?:import|from)\s+(\w[\w.]*)", re.MULTILINE)
INSTRUMENT = re.compile(r"^instrument\b", re.MULTILINE)

Packs = dict[str, bytes]


def build_packs(
    settings: Settings,
    pyodide: Path,
    numpy_wheel: Path,
    added: Mapping[str, str],
    widgets: Files,
    content: Files,
    *,
    without: frozenset[str] = frozenset(),
    outputs: str = "",
    report: Report,
) -> Packs:
    """File name -> content of every pack and of the index; unchanged packs come from the cache.

    While authors edit, packs contain instruments only as sources, without compilation.

    Parameters
    ----------
    pyodide : folder of the npm package
    numpy_wheel : path of the wheel for the browser
    added : modules of the packages that the course adds -> a folder of their package
    content : the text, whose code also imports modules
    without : files of instruments to leave out
    outputs : Python code by which plugins of the book show values

    Raises
    ------
    LatentbookError
        If Node is missing.
    """
    cache = settings.build / "cache"
    own = {name: data for name, data in package_files(widgets).items() if name not in without}
    own[OUTPUTS] += outputs.encode()
    codes = [
        data.decode()
        for pack, files in widget_packs(own, {}).items()
        if pack != RICH and not pack.startswith("kit-")
        for path, data in files.items()
        if path.endswith(".py")
    ]
    texts = [content.data(place).decode() for place in content if place.endswith(".md")]
    wanted = json.dumps({"first": imported_by(codes), "soon": imported_by(texts)})
    packs = library_packs(pyodide, numpy_wheel, wanted, cache, report)
    own[START] = (INSIDE / START).read_bytes()
    own[LATER] = later_names(packs["rest.zip"], added)
    sources = {name: data for name, data in own.items() if name.endswith(".py")}
    compiled = {} if settings.reload else bytecode(pyodide, sources, cache, report)
    index = json.loads(packs[INDEX])
    for name, files in widget_packs(own, compiled).items():
        packs[name] = b"".join(files.values())
        index["first" if name == WIDGETS else "later"][name] = places_of(files)
    return packs | {INDEX: json.dumps(index, separators=(",", ":")).encode()}


def library_packs(
    pyodide: Path, numpy_wheel: Path, wanted: str, cache: Path, report: Report
) -> Packs:
    """The packs of the standard library and of NumPy, and their index.

    Parameters
    ----------
    wanted : JSON of the modules that instruments (``first``) and the text's code (``soon``) import,
        in addition to those of every start
    """
    key = fingerprint(pyodide, "make_library.py", numpy_wheel.read_bytes())
    folder = cache / f"library-{key}-{content_hash(wanted, length=12)}"
    packs = sealed(folder)
    if packs is None and not has_node():
        # The same library sorted for a different text: only the choice of first packs differs.
        others = sorted(cache.glob(f"library-{key}-*"))
        packs = next(filter(None, map(sealed, others)), None)
    if packs is None:
        report("Packing Python's library for the page, once")
        with tempfile.TemporaryDirectory(prefix=".site-") as site:
            with zipfile.ZipFile(numpy_wheel) as archive:
                archive.extractall(site)
            packs = run_script("make_library.py", folder, pyodide, Path(site), wanted)
    return packs


def bytecode(
    pyodide: Path, sources: Mapping[str, bytes], cache: Path, report: Report
) -> dict[str, bytes]:
    folder = cache / f"bytecode-{fingerprint(pyodide, 'make_bytecode.py', hash_of(sources))}"
    made = sealed(folder)
    if made is None and not has_node():
        report("Node is missing: changed instruments go to the page as sources only")
        return compiled_before(sources, cache)
    if made is None:
        report("Compiling the instruments for the page")
        with tempfile.TemporaryDirectory(prefix=".site-") as site:
            for name, data in sources.items():
                path = Path(site, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
            made = run_script("make_bytecode.py", folder, pyodide, Path(site))
    return {name: made[name] for name in sources}


def compiled_before(sources: Mapping[str, bytes], cache: Path) -> dict[str, bytes]:
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
    """Pack -> its files by path. One contains the engine and modules that instruments import."""
    packs: dict[str, dict[str, bytes]] = {WIDGETS: {}}
    sources = {name: data.decode() for name, data in own.items() if name.endswith(".py")}
    imported = {"widgets.kit.__init__"}.union(*map(IMPORT.findall, sources.values()))
    for name, data in own.items():
        path = PurePosixPath(name)
        pack = WIDGETS
        if name in sources and INSTRUMENT.search(sources[name]):
            pack = f"widget-{path.stem}.pack"
        elif path.parent.name == "explain":
            pack = EXPLAIN  # fetched with the first error
        elif path.parent.name == "kit" and f"widgets.kit.{path.stem}" not in imported:
            pack = f"kit-{path.stem}.pack"
        elif name in ON_DEMAND:
            pack = ON_DEMAND[name]
        elif path.parent.name == "data" and path.suffix != ".py":
            pack = f"data-{path.stem}.pack"
        if name in compiled:
            place = path.parent / CACHED.format(path.stem)
            packs.setdefault(pack, {})[f"{SITE_PACKAGES}/{place}"] = compiled[name]
            # Only tracebacks need the source.
            pack = WIDGETS_SOURCE if pack in (WIDGETS, EXPLAIN) else pack
        packs.setdefault(pack, {})[f"{SITE_PACKAGES}/{name}"] = data
    return packs


def later_names(archive: bytes, added: Mapping[str, str]) -> bytes:
    """Source of a module that lists the modules and packages fetched on demand."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        places = [place for place in opened.namelist() if place.endswith(".pyc")]
    dotted = (place.removesuffix(".pyc").removesuffix("/__init__") for place in places)
    modules = sorted(name.replace("/", ".") for name in dotted)
    return (
        '"""Modules and packages that are fetched on demand."""\n\n'
        f"MODULES = {modules!r}\n\n"
        f'PACKAGES = {dict(added)!r}\n"""Name of a module -> a folder of its package."""\n'
    ).encode()


def pack_package(name: str, folder: Path, pyodide: Path, cache: Path, report: Report) -> Packs:
    """The packs of a package that the course adds, fetched when it is imported.

    Parameters
    ----------
    folder : its files, as in its wheel
    """
    key = fingerprint(pyodide, "make_package.py", folder.name)
    stored = cache / f"package-{name}-{key}"
    packs = sealed(stored)
    if packs is None and not has_node():
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        places = ((path, path.relative_to(folder)) for path in paths)
        files = {
            f"{SITE_PACKAGES}/{place.as_posix()}": path.read_bytes()
            for path, place in places
            if wanted(place)
        }
        return {f"{name}.pack": package_pack(files, {})}
    if packs is None:
        report(f"Packing {name} for the page")
        packs = run_script("make_package.py", stored, pyodide, folder)
    return {f"{name}.pack": packs["package.pack"], f"{name}-source.pack": packs["source.pack"]}


def placeholders(pack: bytes) -> dict[str, Any]:
    """Placeholders in site-packages for a package before it is fetched: its folders, and its files
    outside them with their sizes.
    """
    length = int.from_bytes(pack[:4], "little")
    head = json.loads(pack[4 : 4 + length])
    folders: set[str] = set()
    files: list[tuple[str, int]] = []
    for path, _, size in (file for places in head.values() for file in places):
        place = PurePosixPath(path).relative_to(SITE_PACKAGES)
        # Bytecode of single modules shares one folder, which belongs to no package.
        if len(place.parts) == 1 or place.parts[0] == "__pycache__":
            files.append((path, size))
        else:
            folders.add(f"{SITE_PACKAGES}/{place.parts[0]}")
    return {"folders": sorted(folders), "files": files}


def hash_of(files: Mapping[str, bytes]) -> str:
    """Twelve hexadecimal digits for all names and contents together."""
    return content_hash(*(part for each in sorted(files.items()) for part in each), length=12)


def package_files(widgets: Files) -> dict[str, bytes]:
    """The files of the instruments, except hidden files and editors' backups."""
    return {
        f"widgets/{place}": widgets.data(place)
        for place in widgets
        if not place.endswith("~") and not any(part[0] == "." for part in place.split("/"))
    }


def imported_by(sources: Iterable[str]) -> list[str]:
    """Modules of the standard library and of NumPy that code imports, in files or chapters."""
    named = {name for source in sources for name in IMPORT.findall(source)}
    known = {*sys.stdlib_module_names, "numpy"}
    return sorted(name for name in named if name.partition(".")[0] in known)
