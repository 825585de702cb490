"""Runs inside Pyodide during the build: sorts modules into those that a start imports, that most
code imports soon afterwards, that readers' code often imports, and the rest.

A pack is a sequence of files. ``/out/index.json`` lists them and their paths:
``{"first": PACKS, "later": PACKS}`` with ``PACKS = {pack: [[path, offset, length], ...]}``.
"""

import contextlib
import importlib
import json
import sys
import zipfile
from collections.abc import Iterable

STOCK, LIBRARY = "/lib/python314.zip", "/lib/python3.14"
EPOCH = (1980, 1, 1, 0, 0, 0)
START = importlib.import_module("latentbook_start")
LEFT_OUT = ("tests", "testing/tests", "include", "_pyinstaller", "_examples", "f2py/src")
KEPT = (".py", ".so", ".npz", ".json", "METADATA")
FIRST_PACKS = ("std.pack", "numpy.pack", "libraries.pack")
LATER_PACKS = ("soon.pack", "common.pack", "numpy-rest.pack")
COMMON = (
    *("csv", "decimal", "fractions", "glob", "gzip", "hashlib", "heapq", "logging", "pathlib"),
    *("pickle", "pprint", "queue", "shutil", "statistics", "tempfile", "timeit"),
)
"""Modules that the book's own code does not need, but much other code does."""


def imported(names: Iterable[str]) -> set[str]:
    """Import modules; return the paths of all that are loaded."""
    for name in names:
        with contextlib.suppress(ImportError):  # a listing may import modules that no page has
            importlib.import_module(name)
    specs = (getattr(module, "__spec__", None) for module in list(sys.modules.values()))
    return {spec.origin for spec in specs if spec and spec.origin and spec.origin[0] == "/"}


with open("/out/wanted.json", encoding="utf-8") as text:  # noqa: PTH123 (a start loads no pathlib)
    wanted = json.load(text)
START.warm_library()
first = imported(wanted["first"])
START.import_soon()
soon = imported(wanted["soon"]) - first
for module in map(importlib.import_module, COMMON):
    getattr(module, "__all__", None)  # a lazy module loads now
common = imported(()) - first - soon

from packing import OUT, SITE, Files, Places, bytecode_path, compiled, write_pack  # noqa: E402

REST = OUT / "rest.zip"
index: dict[str, dict[str, Places]] = {"first": {}, "later": {}}
packs: dict[str, Files] = {name: {} for name in (*FIRST_PACKS, *LATER_PACKS)}


def pack_of(origin: str, pack: str, otherwise: str) -> str:
    """The pack if a start imports the module, else one for later."""
    if origin in first:
        return pack
    if origin in soon:
        return "soon.pack"
    return "common.pack" if origin in common else otherwise


# Python finds files in half the time, but the rest of its library stays in a stored archive.
with zipfile.ZipFile(STOCK) as stock, zipfile.ZipFile(REST, "w", zipfile.ZIP_STORED) as rest:
    for place in sorted(stock.namelist()):
        if place.endswith("/"):
            continue
        origin, path, content = f"{STOCK}/{place}", f"{LIBRARY}/{place}", stock.read(place)
        if place.endswith(".py"):
            place, path, content = f"{place}c", f"{path}c", compiled(content, path)
        if name := pack_of(origin, "std.pack", ""):
            packs[name][path] = content
        else:
            rest.writestr(zipfile.ZipInfo(place, EPOCH), content)
index["later"]["rest.zip"] = [(START.REST, 0, REST.stat().st_size)]

for file in sorted(SITE.rglob("*")):
    place = f"/{file.relative_to(SITE)}"
    if not place.endswith(KEPT) or any(f"/{part}/" in place for part in LEFT_OUT):
        continue
    path, content = str(file), file.read_bytes()
    if file.suffix == ".so":
        packs[pack_of(path, "libraries.pack", "numpy-rest.pack")][path] = content
    elif file.suffix == ".py":
        packs["numpy-rest.pack"][path] = content
        name, made = pack_of(path, "numpy.pack", "numpy-rest.pack"), compiled(content, path)
        packs[name][bytecode_path(path)] = made
    else:
        packs["numpy.pack"][path] = content

for name, files in packs.items():
    index["first" if name in FIRST_PACKS else "later"][name] = write_pack(files, OUT / name)
(OUT / "index.json").write_text(json.dumps(index, separators=(",", ":")))
