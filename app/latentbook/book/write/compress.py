"""Brotli and gzip copies of text files, cached by content."""

import gzip
import hashlib
import os
import shutil
import zlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import brotli  # type: ignore[import-untyped]

from latentbook.base.cache import replace_file
from latentbook.base.report import Report

TEXT = frozenset(
    (
        *(".css", ".html", ".ipynb", ".js", ".json", ".mjs", ".pack", ".py", ".svg", ".wasm"),
        *(".webmanifest", ".zip"),
    )
)
"""Suffixes of files that shrink. The runtime's archives, fonts and pictures do not."""

LEAST_BYTES = 256
SLOW_BYTES = 1_000_000
WIDE_BYTES = 2**24
"""A window of this size gives quality 10 the file size of 11 in two thirds of the time."""
DOWNLOADS = frozenset((".ipynb", ".py"))
"""Mostly packed arrays: quality 9 takes a twentieth of the time, for 1 % more bytes."""


class Compressor:
    """Makes ``.br`` and ``.gz`` (level 9) files."""

    def __init__(self, cache: Path, quality: int) -> None:
        self._cache = cache
        self._quality = quality

    def add_variants(self, paths: Iterable[Path], report: Report) -> None:
        """Write compressed copies of all text files."""
        wanted = [path for path in paths if path.suffix in TEXT]
        wanted.sort(key=lambda path: path.stat().st_size, reverse=True)
        # Brotli releases the GIL, so threads use every core.
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for _ in pool.map(lambda path: self._add(path, report), wanted):
                pass

    def _add(self, path: Path, report: Report) -> None:
        data = path.read_bytes()
        if len(data) < LEAST_BYTES:
            return
        quality, window = self._quality, 22
        if path.suffix in DOWNLOADS:
            quality = min(quality, 9)
        elif len(data) >= WIDE_BYTES:
            quality, window = min(quality, 10), 24
        key = hashlib.sha256(data).hexdigest()
        if len(data) >= SLOW_BYTES and not (self._cache / f"{key}-{quality}.br").is_file():
            report(f"Compressing {path.name}, once")
        brotlied = self._cached(
            f"{key}-{quality}.br",
            data,
            lambda: brotli.compress(data, quality=quality, lgwin=window),
        )
        gzipped = self._cached(f"{key}.gz", data, lambda: gzip.compress(data, 9, mtime=0))
        link(brotlied, path.with_name(f"{path.name}.br"))
        link(gzipped, path.with_name(f"{path.name}.gz"))

    def _cached(self, name: str, data: bytes, compress: Callable[[], bytes]) -> Path:
        cached = self._cache / name
        if not cached.is_file() or unpacked(cached) != data:
            replace_file(cached, compress())
        return cached


def unpacked(path: Path) -> bytes | None:
    """The content of a compressed file; None if it is corrupt."""
    packed = path.read_bytes()
    try:
        return bytes(brotli.decompress(packed) if path.suffix == ".br" else gzip.decompress(packed))
    except (brotli.error, OSError, EOFError, zlib.error):
        return None


def link(source: Path, target: Path) -> None:
    """Link a file under a second name, or copy it if the disk does not support links."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
