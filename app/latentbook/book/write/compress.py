"""Brotli and gzip copies of text files, cached by content."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import zlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import brotli  # type: ignore[import-untyped]

from latentbook.cache import replace_file
from latentbook.report import Report

TEXT = frozenset(
    (
        *(".css", ".html", ".ipynb", ".js", ".json", ".mjs", ".pack", ".py", ".svg", ".wasm"),
        *(".webmanifest", ".zip"),
    )
)
"""Suffixes of files that shrink. The runtime's archives, fonts and pictures do not."""

LEAST_BYTES = 256
SLOW_BYTES = 1_000_000
BROTLI = 11
"""The best level, because a file is compressed once and sent often. Tests that build lower it."""

DOWNLOADS = frozenset((".ipynb", ".py"))
"""Mostly arrays of their instruments, packed already: level 9 is 20 times as fast, for 1 % more."""


class Compressor:
    """Makes ``.br`` and ``.gz`` (level 9) files."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache

    def add_variants(self, paths: Iterable[Path], report: Report) -> None:
        """Write compressed copies of every file that they make smaller."""
        wanted = [path for path in paths if path.suffix in TEXT]
        wanted.sort(key=lambda path: path.stat().st_size, reverse=True)
        # Brotli works outside of Python's lock, so that threads use every core.
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for _ in pool.map(lambda path: self._add(path, report), wanted):
                pass

    def _add(self, path: Path, report: Report) -> None:
        data = path.read_bytes()
        if len(data) < LEAST_BYTES:
            return
        key = hashlib.sha256(data).hexdigest()
        if len(data) >= SLOW_BYTES and not (self._cache / f"{key}.br").is_file():
            report(f"Compressing {path.name}, once")
        for suffix in (".br", ".gz"):
            level = min(BROTLI, 9) if path.suffix in DOWNLOADS else BROTLI
            link(self._variant(key, suffix, data, level), path.with_name(path.name + suffix))

    def _variant(self, key: str, suffix: str, data: bytes, level: int) -> Path:
        kept = self._cache / f"{key}{suffix}"
        if not kept.is_file() or unpacked(kept) != data:
            packed = (
                brotli.compress(data, quality=level)
                if suffix == ".br"
                else gzip.compress(data, 9, mtime=0)
            )
            replace_file(kept, packed)
        return kept


def unpacked(path: Path) -> bytes | None:
    """The content of a compressed file, or None if it is not one."""
    packed = path.read_bytes()
    try:
        return bytes(brotli.decompress(packed) if path.suffix == ".br" else gzip.decompress(packed))
    except (brotli.error, OSError, EOFError, zlib.error):
        return None


def link(source: Path, target: Path) -> None:
    """Link a file under a second name, or copy it if the disk has no links."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
