"""Makes bytecode and packs inside Pyodide, for the scripts in this folder."""

import importlib.util
import json
from pathlib import Path, PurePath

SITE = Path("/lib/python3.14/site-packages")
OUT = Path("/out")

LEFT_OUT = {"tests", "__pycache__", "include"}
UNUSED = {".a", ".c", ".h", ".pxd", ".pyi", ".pyx"}

Files = dict[str, bytes]
Places = list[tuple[str, int, int]]


def compiled(source: bytes, path: str) -> bytes:
    """Bytecode that Python never compares with its source."""
    import py_compile  # only now: an import before the trace of a start would count as part of it

    given, made = Path("/tmp/given.py"), "/tmp/made.pyc"
    given.write_bytes(source)
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(given), made, path, doraise=True, invalidation_mode=mode)
    return Path(made).read_bytes()


def bytecode_path(path: str) -> str:
    """The path at which Python looks for the bytecode of a module."""
    return importlib.util.cache_from_source(path)


def places_of(files: Files) -> Places:
    """The place of each file in a pack."""
    places, offset = [], 0
    for path, content in files.items():
        places.append((path, offset, len(content)))
        offset += len(content)
    return places


def write_pack(files: Files, out: Path) -> Places:
    """Write the files one after another; return their places."""
    out.write_bytes(b"".join(files.values()))
    return places_of(files)


def wanted(place: PurePath) -> bool:
    """Whether a page can use a file of a wheel."""
    outside = place.parts[0].endswith(".data")  # it holds scripts and manuals
    return not (outside or LEFT_OUT & {*place.parts} or place.suffix in UNUSED)


def package_pack(files: Files, sources: Files) -> bytes:
    """The pack of a package, with the places of its sources, which are in a separate pack.

    It begins with the length of a JSON text in four bytes, little-endian, and the text: ``{"files":
    PLACES, "sources": PLACES}``, offsets counted from the end of the text.
    """
    head = json.dumps({"files": places_of(files), "sources": places_of(sources)}).encode()
    return b"".join([len(head).to_bytes(4, "little"), head, *files.values()])
