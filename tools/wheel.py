"""Builds the wheel: ``make wheel``.

The wheel also contains the necessary parts of the build. A course built with it then finds, without
Node, the bundles (including class mode and the classroom), the packs, and the compressed files of
everything that it shares with the book.
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
"""Size in bytes from which a compressed copy is worth including."""


def make_wheel(out: Path, report: Report) -> Path:
    """The book and its wheel are built; the result is the wheel's path in ``out``."""
    gather(Settings(course=None, build=ROOT / "build"), report)
    for left in (ROOT / "build").glob("bdist.*"):
        shutil.rmtree(left)
    shutil.rmtree(ROOT / "build" / "lib", ignore_errors=True)
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet")
    options = ("--no-deps", "--no-build-isolation", "--wheel-dir", str(out))
    subprocess.run((*pip, *options, "."), cwd=ROOT, check=True)
    return out / f"latentbook-{release()}-py3-none-any.whl"


def release() -> str:
    """Read the version in pyproject.toml, which is in the wheel's name."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def gather(settings: Settings, report: Report) -> None:
    """Collect in build/shipped the parts of the build that ``setup.py`` puts into the wheel."""
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
    """List the cached Brotli copies of the scripts and of Python in a site.

    Brotli took a minute. gzip takes three seconds, and its copies would be a fifth of a wheel.
    """
    sources = [*(site / "assets").iterdir(), *(site / "runtime").iterdir()]
    large = (path for path in sources if path.suffix in TEXT and path.stat().st_size >= LEAST)
    keys = [hashlib.sha256(path.read_bytes()).hexdigest() for path in large]
    return [cache / f"{key}-{quality}.br" for key in keys]


def newest(cache: Path, pattern: str) -> str:
    """Return the name of the newest match, which the current build has used."""
    return max(cache.glob(pattern), key=lambda path: path.stat().st_mtime).name


if __name__ == "__main__":
    print(make_wheel(ROOT / "build" / "wheel", print))
