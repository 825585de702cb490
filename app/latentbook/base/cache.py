"""Disk cache with hash checks; corrupt entries are recomputed."""

import hashlib
import json
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

SEAL = ".sealed"
"""Name of the file that lists a folder's digests."""


class Cache:
    """JSON values by key; each file starts with the hash of the rest."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, key: str) -> Any:
        """Return the cached value; None if missing or corrupt."""
        try:
            digest, _, data = (self.folder / key).read_bytes().partition(b"\n")
        except OSError:
            return None
        return json.loads(data) if digest == _digest(data) else None

    def write(self, key: str, value: Any) -> None:
        data = json.dumps(value).encode()
        replace_file(self.folder / key, _digest(data) + b"\n" + data)


def seal(folder: Path) -> None:
    """Record the hash of every file in a finished folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    digests = {
        path.relative_to(folder).as_posix(): _digest(path.read_bytes()).decode() for path in files
    }
    Cache(folder).write(SEAL, digests)


def sealed(folder: Path) -> dict[str, bytes] | None:
    """The files of a sealed folder by relative path; None if anything has changed since."""
    try:
        digests = Cache(folder).read(SEAL) or {}
        files = {name: (folder / name).read_bytes() for name in sorted(digests)}
    except OSError:
        return None
    intact = all(_digest(data).decode() == digests[name] for name, data in files.items())
    return files if files and intact else None


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder to fill; it appears under its name only once it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".partial-", dir=path.parent) as work:
        partial = Path(work, "folder")
        partial.mkdir()
        yield partial
        if sealed(path) is not None:  # another process was faster, and may be reading it
            return
        shutil.rmtree(path, ignore_errors=True)
        try:
            partial.rename(path)
        except OSError:
            if not path.exists():  # else another process was faster, with the same content
                raise


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).hexdigest().encode()


def replace_file(path: Path, data: bytes) -> None:
    """Write a file atomically, even if several processes write it at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def all_or_none(*paths: Path) -> Iterator[None]:
    """Restore files and folders if the block fails."""
    before = {path: path.read_bytes() if path.is_file() else None for path in paths}
    folders = {folder for path in paths for folder in path.parents if not folder.exists()}
    try:
        yield
    except BaseException:
        for path, data in before.items():
            if data is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(data)
        for folder in sorted(folders, reverse=True):
            with suppress(OSError):  # it was not created, or has other content by now
                folder.rmdir()
        raise
