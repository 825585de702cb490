"""Gathers in build/shipped what a wheel holds of the build's cache, so that it needs no Node.

A course that is built with the wheel then finds the bundles, the packs and the compressed files
of all that it has in common with the book.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from latentbook.book.write.assets import (
    bundle,
    engine_script,
    notebook_script,
    sources_hash,
    worker_script,
)
from latentbook.book.write.site import build_site
from latentbook.runtime.course import Course
from latentbook.runtime.pins import PYODIDE
from latentbook.settings import Settings

LEAST = 20_000
"""Bytes from which on a compressed file is worth its place."""


def main() -> None:
    """Build, choose, copy."""
    settings = Settings()
    site = build_site(settings, report=print)
    bundle(settings), engine_script(settings), worker_script(settings), notebook_script(settings)
    cache, out = settings.build / "cache", settings.build / "shipped"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    scripts = sources_hash(settings, "js")
    numpy = Course.read(settings).wheels.pyodide["numpy"]
    for name in (
        f"bundle-{sources_hash(settings, 'js', 'css', 'img')}",
        f"engine-{scripts}.js",
        f"service-worker-{scripts}.js",
        f"notebook-{sources_hash(settings, 'js', 'css')}.js",
        numpy.file_name,
        newest(cache, "library-*"),
        newest(cache, "bytecode-*"),
    ):
        copy = shutil.copytree if (cache / name).is_dir() else shutil.copy
        copy(cache / name, out / name)
    for kind in ("stills", "plots"):
        shutil.copytree(cache / kind, out / kind)
    (out / "compressed").mkdir()
    for path in [*(site / "assets").iterdir(), *(site / "runtime").iterdir()]:
        if path.suffix not in (".br", ".gz") and path.stat().st_size >= LEAST:
            key = hashlib.sha256(path.read_bytes()).hexdigest()
            for packed in (cache / "compressed").glob(f"{key}.*"):
                shutil.copy(packed, out / "compressed")
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    print(f"{out}: {size / 1e6:.0f} MB, with Pyodide {PYODIDE}'s library")


def newest(cache: Path, pattern: str) -> str:
    """The name of what was made last: the build just now has used it."""
    return max(cache.glob(pattern), key=lambda path: path.stat().st_mtime).name


if __name__ == "__main__":
    main()
