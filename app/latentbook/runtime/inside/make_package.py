"""Runs inside Pyodide during the build: packs the package in SITE, which a course adds.

``/out/package.pack`` contains bytecode, libraries and data, ``/out/source.pack`` the sources, which
only tracebacks need. The first begins with the length of a JSON text in four bytes, little-endian,
and the text: ``{"files": PLACES, "sources": PLACES}`` with ``PLACES = [[path, offset, length],
...]``, offsets counted from the end of the text.
"""

import json
import py_compile
from pathlib import Path

from packing import OUT, SITE, bytecode_path, compiled, places_of, write_pack

LEFT_OUT = {"tests", "__pycache__", "include"}
UNUSED = {".a", ".c", ".h", ".pxd", ".pyi", ".pyx"}


def wanted(place: Path) -> bool:
    """Whether a page can use a file of the wheel."""
    outside = place.parts[0].endswith(".data")  # scripts and manuals
    return not (outside or LEFT_OUT & {*place.parts} or place.suffix in UNUSED)


def main() -> None:
    files: dict[str, bytes] = {}
    sources: dict[str, bytes] = {}
    for file in sorted(SITE.rglob("*")):
        if not file.is_file() or not wanted(file.relative_to(SITE)):
            continue
        path, content = str(file), file.read_bytes()
        if file.suffix != ".py":
            files[path] = content
            continue
        try:
            files[bytecode_path(path)] = compiled(content, path)
            sources[path] = content
        except py_compile.PyCompileError:  # a template, or code for another Python
            files[path] = content
    head = json.dumps({"files": places_of(files), "sources": places_of(sources)}).encode()
    write_pack(files, OUT / "package.pack", len(head).to_bytes(4, "little") + head)
    write_pack(sources, OUT / "source.pack")


main()
