"""Runs inside Pyodide while the book is built: sorts what a start imports from what it does not.

Each pack is files laid one after another. ``/out/index.json`` says which, and where they belong:
``{"first": PACKS, "later": PACKS}`` with ``PACKS = {pack: [[path, offset, length], ...]}``.
"""

import contextlib
import importlib.util
import json
import py_compile
import sys
import zipfile
from pathlib import Path

OUT = Path("/out")
SITE = Path("/lib/python3.14/site-packages")
EPOCH = (1980, 1, 1, 0, 0, 0)
START = importlib.import_module("latentbook_start")
LEFT_OUT = ("tests", "testing/tests", "include", "_pyinstaller", "_examples", "f2py/src")
KEPT = (".py", ".so", ".npz", ".json", "METADATA")

Files = dict[str, bytes]


def imported() -> set[str]:
    """Paths of all modules that are loaded."""
    specs = (getattr(module, "__spec__", None) for module in list(sys.modules.values()))
    return {spec.origin for spec in specs if spec and spec.origin and spec.origin[0] == "/"}


def compiled(source: bytes, path: str) -> bytes:
    """The bytecode of a module that is never compared with its source again."""
    given, made = Path("/tmp/given.py"), "/tmp/made.pyc"
    given.write_bytes(source)
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(given), made, path, doraise=True, invalidation_mode=mode)
    return Path(made).read_bytes()


def standard_library(used: set[str]) -> tuple[bytes, bytes]:
    """Two stored archives: what is used, and the rest."""
    made = []
    folder = START.FIRST
    with zipfile.ZipFile(folder) as stock:
        for name in ("std.zip", "rest.zip"):
            with zipfile.ZipFile(OUT / name, "w", zipfile.ZIP_STORED) as archive:
                for place in sorted(stock.namelist()):
                    path = f"{folder}/{place}"
                    if place.endswith("/") or (path in used) != (name == "std.zip"):
                        continue
                    content = stock.read(place)
                    if place.endswith(".py"):
                        place, content = f"{place}c", compiled(content, path)
                    archive.writestr(zipfile.ZipInfo(place, EPOCH), content)
            made.append((OUT / name).read_bytes())
    return made[0], made[1]


def rest_names() -> bytes:
    """A module that says which modules are in the second archive."""
    with zipfile.ZipFile(OUT / "rest.zip") as archive:
        places = [place for place in archive.namelist() if place.endswith(".pyc")]
    dotted = (place.removesuffix(".pyc").removesuffix("/__init__") for place in places)
    names = sorted(name.replace("/", ".") for name in dotted)
    return (
        f'"""Modules of the archive that is fetched on demand."""\n\nNAMES = {names!r}\n'.encode()
    )


def site_packages(used: set[str]) -> dict[str, Files]:
    """The packs of NumPy and the instruments."""
    packs: dict[str, Files] = {
        "numpy.pack": {},
        "libraries.pack": {},
        "widgets.pack": {},
        "numpy-rest.pack": {},
    }
    for file in sorted(SITE.rglob("*")):
        place = file.relative_to(SITE)
        if not file.name.endswith(KEPT) or any(f"/{part}/" in f"/{place}" for part in LEFT_OUT):
            continue
        path, content = str(file), file.read_bytes()
        own = place.parts[0].startswith("numpy")
        first = "numpy.pack" if own else "widgets.pack"
        later = "numpy-rest.pack" if own else first
        if file.suffix == ".so":
            packs["libraries.pack" if path in used else later][path] = content
        elif file.suffix == ".py":
            packs[later][path] = content
            cache = importlib.util.cache_from_source(path)
            packs[first if path in used else later][cache] = compiled(content, path)
        else:
            packs[first][path] = content
    return packs


def lay(files: Files, out: Path) -> list[tuple[str, int, int]]:
    """Write the files one after another; the place of each."""
    places, offset = [], 0
    with out.open("wb") as pack:
        for path, content in files.items():
            places.append((path, offset, len(content)))
            offset += pack.write(content)
    return places


def main() -> None:
    """Trace, compile, write."""
    START.warm()
    for name in json.loads((OUT / "modules.json").read_text()):
        with contextlib.suppress(ImportError):  # a listing may import what a page does not have
            importlib.import_module(name)
    used = imported()
    std, rest = standard_library(used)
    index: dict[str, dict[str, list[tuple[str, int, int]]]] = {
        "first": {"std.zip": [(START.FIRST, 0, len(std))]},
        "later": {"rest.zip": [(START.REST, 0, len(rest))]},
    }
    (SITE / "latentbook_rest.py").write_bytes(rest_names())
    used.add(str(SITE / "latentbook_rest.py"))
    for name, files in site_packages(used).items():
        group = "later" if name == "numpy-rest.pack" else "first"
        index[group][name] = lay(files, OUT / name)
    (OUT / "index.json").write_text(json.dumps(index, separators=(",", ":")))


main()
