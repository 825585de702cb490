"""Brotli and gzip beside each text file; what has been compressed once is kept by content."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
from pathlib import Path

import brotli  # type: ignore[import-untyped]

TEXT = frozenset(
    (
        *(".css", ".html", ".ipynb", ".js", ".json", ".mjs", ".pack", ".py", ".svg", ".wasm"),
        *(".webmanifest", ".zip"),
    )
)
"""What shrinks: the runtime's zips hold their files as they are. Fonts and pictures do not."""

LEAST_BYTES = 256
SLOW_BYTES = 1_000_000


class Compressor:
    """Makes ``.br`` (level 11) and ``.gz`` (level 9) files."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache

    def add_variants(self, path: Path) -> None:
        """Put the compressed forms beside a file, where they are smaller."""
        data = path.read_bytes()
        if path.suffix not in TEXT or len(data) < LEAST_BYTES:
            return
        key = hashlib.sha256(data).hexdigest()
        for suffix in (".br", ".gz"):
            link(self._variant(key, suffix, data), path.with_name(path.name + suffix))

    def is_slow(self, path: Path) -> bool:
        """Whether a file is large and has not been compressed before."""
        if path.suffix not in TEXT or path.stat().st_size < SLOW_BYTES:
            return False
        key = hashlib.sha256(path.read_bytes()).hexdigest()
        return not (self._cache / f"{key}.br").is_file()

    def _variant(self, key: str, suffix: str, data: bytes) -> Path:
        kept = self._cache / f"{key}{suffix}"
        if not kept.is_file():
            packed = (
                brotli.compress(data, quality=11)
                if suffix == ".br"
                else gzip.compress(data, 9, mtime=0)
            )
            self._cache.mkdir(parents=True, exist_ok=True)
            partial = kept.with_name(f"{kept.name}.{os.getpid()}")
            partial.write_bytes(packed)
            partial.replace(kept)
        return kept


def link(source: Path, target: Path) -> None:
    """The same file under another name, or a copy where the disk has no links."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
