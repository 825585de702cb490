"""Runs inside Pyodide while the book is built: packs one added package, which lies in SITE.

``/out/package.pack`` holds bytecode, libraries and data, ``/out/source.pack`` the sources, which
only tracebacks want. The first begins with the length of a JSON text in four bytes, little-endian,
and the text: ``{"files": PLACES, "sources": PLACES}`` with ``PLACES = [[path, offset, length],
...]``, offsets counted from its end.
"""

import json
import py_compile
from pathlib import Path

from packing import OUT, SITE, bytecode_path, compiled, lay, places_of

LEFT_OUT = {"tests", "__pycache__", "include"}
NO_USE = {".a", ".c", ".h", ".pxd", ".pyi", ".pyx"}


def wanted(place: Path) -> bool:
    """Whether a file of the wheel is of use in a page."""
    outside = place.parts[0].endswith(".data")  # scripts and manuals
    return not (outside or LEFT_OUT & {*place.parts} or place.suffix in NO_USE)


def main() -> None:
    """Compile, write."""
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
    lay(files, len(head).to_bytes(4, "little") + head, OUT / "package.pack")
    lay(sources, b"", OUT / "source.pack")


main()
