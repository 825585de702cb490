"""Bytecode and packs, made inside Pyodide: used by the scripts beside it."""

import importlib.util
from pathlib import Path

SITE = Path("/lib/python3.14/site-packages")
OUT = Path("/out")

Files = dict[str, bytes]
Places = list[tuple[str, int, int]]


def compiled(source: bytes, path: str) -> bytes:
    """The bytecode of a module that is never compared with its source again."""
    import py_compile  # here, as what is imported before a start is traced counts as needed by it

    given, made = Path("/tmp/given.py"), "/tmp/made.pyc"
    given.write_bytes(source)
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(given), made, path, doraise=True, invalidation_mode=mode)
    return Path(made).read_bytes()


def bytecode_path(path: str) -> str:
    """Where Python looks for the bytecode of a module."""
    return importlib.util.cache_from_source(path)


def lay(files: Files, head: bytes, out: Path) -> None:
    """Write the files one after another."""
    out.write_bytes(b"".join([head, *files.values()]))


def places_of(files: Files) -> Places:
    """Where each file lies when they are laid."""
    places, offset = [], 0
    for path, content in files.items():
        places.append((path, offset, len(content)))
        offset += len(content)
    return places
