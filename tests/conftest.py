"""Options and fixtures that all tests share."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

import widgets
from tests.lot import is_tried

if TYPE_CHECKING:
    from training.data import Dataset

ROOT = Path(__file__).resolve().parents[1]

# As in the Makefile: sites that only tests read need not be small.
os.environ.setdefault("LATENTBOOK_BROTLI_QUALITY", "9")

# Workers share the cores, so more threads would only wait for each other. NumPy and torch read
# these variables on import, which comes after this file.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


LONGEST = (
    *("test_every_page.py", "test_book.py", "test_bench.py", "test_snippets.py", "test_paper.py"),
    *("test_release.py", "test_offline.py"),
)
"""Files that start first, so that no worker is left alone with one of them at the end."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rewrite", action="store_true", help="Write the expected files of tests/fixtures anew."
    )
    parser.addoption(
        "--examples",
        type=int,
        default=600,
        help="Requests made from the OpenAPI description, over all routes.",
    )
    parser.addoption(
        "--shuffle",
        type=int,
        metavar="SEED",
        help="Run the files, and the tests within each file, in random order.",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    tried = [item for item in items if is_tried(item)]
    config.hook.pytest_deselected(items=[item for item in items if not is_tried(item)])
    items[:] = tried
    if (seed := config.getoption("--shuffle")) is not None:
        order = random.Random(seed)
        files = {item.path: order.random() for item in items}
        items.sort(key=lambda item: (files[item.path], order.random()))
    else:
        turn = {name: i for i, name in enumerate(LONGEST)}
        items.sort(key=lambda item: turn.get(item.path.name, len(turn)))


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture(autouse=True)
def forget_instruments() -> Iterator[None]:
    """After a test that opened a course, import the book's own instruments again."""
    yield
    widgets.use()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the finished book, which one worker builds for all."""
    from latentbook.book.build import build_site  # its imports read the variables above
    from latentbook.book.overlay.merge import open_project
    from latentbook.settings import Settings

    run = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        run = run.parent
    built = run / "site.built"
    with FileLock(run / "site.lock"):
        if not built.exists():
            build_site(open_project(Settings()), report=print)
            built.touch()
    return Settings().site


@pytest.fixture(scope="session")
def mnist() -> Dataset:
    """MNIST, fetched once; a machine with no network skips the tests that need it."""
    from training.data import load_dataset  # torch, which most tests can do without
    from training.errors import DataUnavailable

    try:
        return load_dataset("mnist")
    except DataUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture
def rewrite(request: pytest.FixtureRequest) -> bool:
    """Whether to write expected files instead of comparing them."""
    return bool(request.config.getoption("--rewrite"))


@pytest.fixture
def small_runtime(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Replace the Pyodide distribution, which has its own tests, by a stub."""
    folder = tmp_path / "runtime"
    folder.mkdir()
    (folder / "python.js").write_text("export default 1;\n" * 40)
    hashes = {"python.js": "abc123"}
    sizes = {"python.js": 720}
    dist = SimpleNamespace(
        path=folder, version="abc123", sizes=sizes, hashes=hashes, start_hashes=hashes
    )
    monkeypatch.setattr("latentbook.book.build.build_runtime", lambda settings, **_: dist)
