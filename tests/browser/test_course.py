"""The example course and a book on another subject, built by the real commands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from latentbook.book.write.prefill import fill
from latentbook.main import create_app
from latentbook.settings import Settings
from tools.bench.serving import served

from .conftest import WINDOW

COMMAND = [sys.executable, "-c", "from latentbook.cli import main; main()"]
EARLY, LATE = "datetime(2026, 12, 1, tzinfo=UTC)", "datetime(2027, 2, 1, tzinfo=UTC)"
"""Before and after the example opens one of its questions."""

BUILD = """
from datetime import UTC, datetime
from pathlib import Path
from latentbook.cli import project_of
project = project_of(Path({course!r}))
from latentbook.book.build import build_site
build_site(project, report=print, now={now})
"""
DATED = b"pca_reconstruct(X, k)"
SOLVED = b"Bit by bit, where the next one saves most"
HIDDEN = b"You take one image and look for the image whose code is nearest"
REPLACED = b"has eigenvalues $4, 2, 1, 0.5, 0.5$"


def run(*arguments: str, build: Path, command: Sequence[str] = COMMAND) -> str:
    """Return a command's output; a separate process, because it imports a course's instruments."""
    root = Settings().root
    path = os.pathsep.join([str(root), *filter(None, [os.environ.get("PYTHONPATH")])])
    env = {**os.environ, "PYTHONPATH": path, "LATENTBOOK_BUILD": str(build)}
    done = subprocess.run([*command, *arguments], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def site(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built example."""
    build = tmp_path_factory.mktemp("example")
    build_at(EARLY, root, build)
    return build / "site"


def build_at(now: str, root: Path, build: Path) -> None:
    code = BUILD.format(course=str(root / "examples" / "course"), now=now)
    run(build=build, command=[sys.executable, "-c", code])


@pytest.fixture(scope="module")
def course(site: Path) -> Iterator[str]:
    """URL of the served example."""
    with served(create_app(Settings(build=site.parent))) as url:
        yield url


def test_what_is_hidden_or_replaced_is_in_no_file(site: Path) -> None:
    files = [path for path in site.rglob("*") if path.is_file()]
    texts = [path.read_bytes() for path in files if path.suffix not in (".br", ".gz")]
    assert any(b"Which eigenvalues belong to directions" in text for text in texts)
    assert any(b"We derive this on the board" in text for text in texts)
    for gone in (HIDDEN, REPLACED, SOLVED, b"q-linear-pca"):
        assert not any(gone in text for text in texts)


def test_a_question_opens_on_its_day(root: Path, site: Path, tmp_path: Path) -> None:
    def asked(folder: Path) -> bool:
        pages = (folder / "autoencoders" / "compress").glob("*.html")
        return any(DATED in page.read_bytes() for page in pages)

    assert not asked(site)
    fill(tmp_path / "cache", site.parent / "cache")  # Python's library, packed for this course
    build_at(LATE, root, tmp_path)
    assert asked(tmp_path / "site")


def test_sections_stand_in_the_order_of_the_course(site: Path) -> None:
    contents = (site / "contents" / "index.html").read_text(encoding="utf-8")
    places = [contents.index(f'href="../autoencoders/{n}/"') for n in ("compress", "rounding-off")]
    assert places == sorted(places)
    assert not (site / "autoencoders" / "vae").exists()


def test_the_frame_is_the_courses(site: Path) -> None:
    front = (site / "index.html").read_text(encoding="utf-8")
    assert '<span class="word">Codes</span>' in front and "Winter 2026/27" in front
    assert "Department of Examples" in front and "brand-" in front


def test_the_courses_own_instrument_moves_in_the_page(course: str, chromium: Browser) -> None:
    page = chromium.new_page(**WINDOW)
    try:
        page.goto(f"{course}/autoencoders/rounding-off/")
        instrument = page.locator("#fig-rounding")
        step = instrument.locator('[data-readout="step"]')
        instrument.scroll_into_view_if_needed()
        before = float(step.inner_text().split()[0])
        instrument.locator("input[type=range]").press("ArrowRight")
        # One more bit, half the step.
        expect(step).to_contain_text(re.compile(f"{before / 2:.2f}"))
    finally:
        page.close()


SERVED = """
from pathlib import Path
from latentbook.cli import project_of
settings = project_of(Path({folder!r})).settings
from latentbook.main import create_app
import widgets
assert widgets.WIDGETS == ("stand_in",) and create_app(settings)
"""


@pytest.mark.long
def test_a_book_on_another_subject_is_whole(tmp_path: Path) -> None:
    folder, build = tmp_path / "knots", tmp_path / "build"
    run("new", "book", str(folder), build=build)
    said = run("check", "--all", "--course", str(folder), build=build)
    assert "3 passed" in said and said.endswith("The course passes every check and builds\n")
    pages = [path.read_text(encoding="utf-8") for path in (build / "site").rglob("*.html")]
    assert all("Knots" in page for page in pages)
    words = re.compile(r"(?:id=|\.getElementById\()?\"?latentbook-config|latentbook", re.IGNORECASE)
    assert {found for page in pages for found in words.findall(page)} == {'id="latentbook-config'}
    packs = {path.name for path in (build / "site" / "runtime").glob("widget-*.pack")}
    assert len(packs) == 1 and packs.pop().startswith("widget-stand_in-")
    assert not list((build / "site" / "runtime").glob("data-*"))
    run(build=build, command=[sys.executable, "-c", SERVED.format(folder=str(folder))])
