"""Runs inside Pyodide during the build: separates what a start imports from the rest.

A pack is a sequence of files. ``/out/index.json`` lists them and their paths:
``{"first": PACKS, "later": PACKS}`` with ``PACKS = {pack: [[path, offset, length], ...]}``.
"""

import contextlib
import importlib
import json
import sys
import zipfile

from packing import OUT, SITE, Files, Places, bytecode_path, compiled, write_pack

STOCK, LIBRARY = "/lib/python314.zip", "/lib/python3.14"
EPOCH = (1980, 1, 1, 0, 0, 0)
START = importlib.import_module("latentbook_start")
LEFT_OUT = ("tests", "testing/tests", "include", "_pyinstaller", "_examples", "f2py/src")
KEPT = (".py", ".so", ".npz", ".json", "METADATA")
FIRST_PACKS = ("numpy.pack", "libraries.pack")
SOON_PACK = "numpy-soon.pack"
SOON = tuple(f"{SITE}/{name.replace('.', '/')}/" for name in START.SOON)


def imported() -> set[str]:
    """Paths of all modules that are loaded."""
    specs = (getattr(module, "__spec__", None) for module in list(sys.modules.values()))
    return {spec.origin for spec in specs if spec and spec.origin and spec.origin[0] == "/"}


def standard_library(used: set[str]) -> tuple[Files, bytes]:
    """Used modules as files, which Python finds in half the time; the rest in a stored archive."""
    first: Files = {}
    out = OUT / "rest.zip"
    with zipfile.ZipFile(STOCK) as stock, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as rest:
        for place in sorted(stock.namelist()):
            if place.endswith("/"):
                continue
            path, content = f"{LIBRARY}/{place}", stock.read(place)
            if place.endswith(".py"):
                place, path, content = f"{place}c", f"{path}c", compiled(content, path)
            if f"{STOCK}/{place.removesuffix('c')}" in used:
                first[path] = content
            else:
                rest.writestr(zipfile.ZipInfo(place, EPOCH), content)
    return first, out.read_bytes()


def site_packages(used: set[str]) -> dict[str, Files]:
    packs: dict[str, Files] = {name: {} for name in (*FIRST_PACKS, SOON_PACK, "numpy-rest.pack")}
    for file in sorted(SITE.rglob("*")):
        place = file.relative_to(SITE)
        if not file.name.endswith(KEPT) or any(f"/{part}/" in f"/{place}" for part in LEFT_OUT):
            continue
        path, content = str(file), file.read_bytes()
        soon = path in used and path.startswith(SOON)
        if file.suffix == ".so":
            wanted = "libraries.pack" if path in used else "numpy-rest.pack"
            packs[SOON_PACK if soon else wanted][path] = content
        elif file.suffix == ".py":
            packs["numpy-rest.pack"][path] = content
            made = compiled(content, path)
            wanted = "numpy.pack" if path in used else "numpy-rest.pack"
            packs[SOON_PACK if soon else wanted][bytecode_path(path)] = made
        else:
            packs["numpy.pack"][path] = content
    return packs


def main() -> None:
    START.warm_library()
    for name in json.loads((OUT / "wanted.json").read_text()):
        with contextlib.suppress(ImportError):  # a listing may import what no page has
            importlib.import_module(name)
    used = imported()
    std, rest = standard_library(used)
    index: dict[str, dict[str, Places]] = {
        "first": {"std.pack": write_pack(std, OUT / "std.pack")},
        "later": {"rest.zip": [(START.REST, 0, len(rest))]},
    }
    for name, files in site_packages(used).items():
        group = "first" if name in FIRST_PACKS else "later"
        index[group][name] = write_pack(files, OUT / name)
    (OUT / "index.json").write_text(json.dumps(index, separators=(",", ":")))


main()
