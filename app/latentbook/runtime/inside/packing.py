"""Makes bytecode and packs inside Pyodide, for the scripts in this folder."""

import importlib.util
from pathlib import Path

SITE = Path("/lib/python3.14/site-packages")
OUT = Path("/out")

Files = dict[str, bytes]
Places = list[tuple[str, int, int]]


def compiled(source: bytes, path: str) -> bytes:
    """Bytecode that Python never compares with its source."""
    import py_compile  # only now: what is imported before the trace of a start counts as part of it

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


def write_pack(files: Files, out: Path, head: bytes = b"") -> Places:
    """Write the files one after another."""
    out.write_bytes(b"".join([head, *files.values()]))
    return places_of(files)
