"""Makes the wheel: ``make wheel``.

It holds what is needed of the build, too. A course that is built with the wheel then finds the
bundles, also those of class mode and the classroom, the packs and the compressed files of all that
it has in common with the book, without Node.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

from latentbook.book.build import build_site
from latentbook.book.overlay.merge import open_project
from latentbook.book.write.assets import sources_hash
from latentbook.book.write.compress import TEXT
from latentbook.runtime.page_packages import PagePackages
from latentbook.runtime.pins import PYODIDE
from latentbook.settings import ROOT, Settings
from latentbook_classroom.course.bundle import folder_of as classroom_folder
from latentbook_classroom.lecture.bundle import folder_of as class_folder
from tools.bundles import make_bundles

Report = Callable[[str], None]

LEAST = 20_000
"""Bytes from which on a compressed file is worth its place."""


def make_wheel(out: Path, report: Report) -> Path:
    """The book is built, and the wheel from it: its path in ``out``."""
    gather(Settings(course=None, build=ROOT / "build"), report)
    for left in (ROOT / "build").glob("bdist.*"):
        shutil.rmtree(left)
    shutil.rmtree(ROOT / "build" / "lib", ignore_errors=True)
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet")
    options = ("--no-deps", "--no-build-isolation", "--wheel-dir", str(out))
    subprocess.run((*pip, *options, "."), cwd=ROOT, check=True)
    return out / f"latentbook-{release()}-py3-none-any.whl"


def release() -> str:
    """The version in pyproject.toml, which names the wheel."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def gather(settings: Settings, report: Report) -> None:
    """Bring together in build/shipped what ``setup.py`` puts into the wheel of the build."""
    site = build_site(open_project(settings), report=report)
    make_bundles(settings)
    shipped, cache = settings.build / "shipped", settings.build / "cache"
    shutil.rmtree(shipped, ignore_errors=True)
    for folder in (class_folder(settings), classroom_folder(settings)):
        shutil.copytree(folder, shipped / folder.name)
    out = shipped / "cache"
    out.mkdir()
    numpy = PagePackages.read(settings).wheels.pyodide["numpy"]
    for name in (
        f"bundle-{sources_hash(settings, 'js', 'css', 'img')}",
        *(newest(cache, f"{name}-*.js") for name in ("engine", "service-worker", "judge")),
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
    for packed in packed_files(site, cache / "compressed", settings.brotli_quality):
        shutil.copy(packed, out / "compressed")
    size = sum(path.stat().st_size for path in shipped.rglob("*") if path.is_file())
    report(f"{shipped}: {size / 1e6:.0f} MB, with Pyodide {PYODIDE}'s library")


def packed_files(site: Path, cache: Path, quality: int) -> list[Path]:
    """The cached copies by Brotli of the scripts and of Python in a site.

    They took a minute; gzip takes three seconds, and its copies are a fifth of a wheel.
    """
    sources = [*(site / "assets").iterdir(), *(site / "runtime").iterdir()]
    large = (path for path in sources if path.suffix in TEXT and path.stat().st_size >= LEAST)
    keys = [hashlib.sha256(path.read_bytes()).hexdigest() for path in large]
    return [cache / f"{key}-{quality}.br" for key in keys]


def newest(cache: Path, pattern: str) -> str:
    """The name of what was made last: the build just now has used it."""
    return max(cache.glob(pattern), key=lambda path: path.stat().st_mtime).name


if __name__ == "__main__":
    print(make_wheel(ROOT / "build" / "wheel", print))
