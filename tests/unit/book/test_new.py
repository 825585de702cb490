"""``new``: what it writes passes every check, and nothing is overwritten."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from latentbook.book.check import check_book
from latentbook.book.load import load
from latentbook.book.new import new_chapter, new_instrument, new_section
from latentbook.errors import LatentbookError
from latentbook.settings import Settings
from widgets.engine.check import check_instrument

from .conftest import BOOK, MakeBook

TABLES = '\n[[parts.chapters]]\nslug = "sample"\nnumber = 2\n'


@pytest.mark.parametrize(
    "book",
    [
        BOOK,
        BOOK.replace(" }]", " },\n]"),
        BOOK.split("chapters")[0] + TABLES,
    ],
)
def test_a_new_chapter_passes_check(book: str, make_book: MakeBook) -> None:
    settings = make_book({"book.toml": book})
    written = new_chapter(settings, "sparse-codes")
    assert [path.relative_to(settings.content).as_posix() for path in written] == [
        "sparse-codes/index.md",
        "sparse-codes/sparse-codes-constant.md",
        "book.toml",
        "sparse-codes/outputs.json",
    ]
    check_book(settings, report=lambda message: None)
    chapters = load(settings).book.chapters
    assert [(c.slug, c.number) for c in chapters] == [("sample", "2"), ("sparse-codes", "3")]
    assert chapters[1].title == "Sparse codes"
    assert [section.number for section in chapters[1].sections] == ["3.1"]
    for path in written:
        assert not re.search(r"TODO|TITLE|NAME", path.read_text())


def test_a_new_section_comes_last_and_passes_check(make_book: MakeBook) -> None:
    settings = make_book({})
    written = new_section(settings, "sample", "another-one")
    assert [path.relative_to(settings.content).as_posix() for path in written] == [
        "sample/another-one.md",
        "sample/index.md",
        "sample/outputs.json",
    ]
    new_section(settings, "sample", "a-third")
    check_book(settings, report=lambda message: None)
    (chapter,) = load(settings).book.chapters
    assert [section.name for section in chapter.sections] == ["text", "another-one", "a-third"]
    assert chapter.sections[1].title == "Another one"


@pytest.mark.parametrize(
    ("chapter", "name", "message"),
    [
        ("sample", "Not Kebab", "kebab-case"),
        ("sample", "print", "not 'print'"),
        ("sample", "text", "already exists"),
        ("smaple", "more", "Did you mean 'sample'"),
    ],
)
def test_a_section_that_cannot_be_started(
    chapter: str, name: str, message: str, make_book: MakeBook
) -> None:
    settings = make_book({})
    before = (settings.content / "sample" / "index.md").read_text()
    with pytest.raises(LatentbookError, match=message):
        new_section(settings, chapter, name)
    assert (settings.content / "sample" / "index.md").read_text() == before


def test_a_chapter_needs_a_book(tmp_path: Path) -> None:
    with pytest.raises(LatentbookError, match=r"book\.toml is missing"):
        new_chapter(Settings(content=tmp_path), "first")
    assert not list(tmp_path.iterdir())


def test_several_new_chapters(make_book: MakeBook) -> None:
    settings = make_book({})
    for slug in ("one", "two"):
        new_chapter(settings, slug)
    check_book(settings, report=lambda message: None)


@pytest.mark.parametrize("slug", ["Sparse", "sparse_codes", "facts", "", "../up"])
def test_a_slug_that_is_none(slug: str, make_book: MakeBook) -> None:
    with pytest.raises(LatentbookError, match="kebab-case"):
        new_chapter(make_book({}), slug)


def test_a_chapter_is_not_overwritten(make_book: MakeBook) -> None:
    settings = make_book({})
    before = (settings.content / "book.toml").read_text()
    with pytest.raises(LatentbookError, match="already exists"):
        new_chapter(settings, "sample")
    assert (settings.content / "book.toml").read_text() == before


@pytest.fixture
def project(tmp_path: Path, root: Path) -> Settings:
    """A copy of the instruments, in a project of its own with the drawing and the tests' tools."""
    shutil.copytree(root / "widgets", tmp_path / "widgets")
    (tmp_path / "tests").mkdir()
    for name in ("__init__.py", "figures.py"):
        shutil.copy(root / "tests" / name, tmp_path / "tests" / name)
    for name in ("static", "node_modules", "package-lock.json"):
        (tmp_path / name).symlink_to(root / name)
    return Settings(root=tmp_path)


def module_at(path: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location(path.stem, path)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_a_new_instrument_keeps_the_contract_and_passes_its_test(project: Settings) -> None:
    written = new_instrument(project, "stand_in")
    assert [path.relative_to(project.root).as_posix() for path in written] == [
        "widgets/stand_in.py",
        "tests/widgets/test_stand_in.py",
        "widgets/__init__.py",
    ]
    module = module_at(written[0])
    assert module.instrument.title == "Stand in"
    check_instrument(module)
    assert module_at(written[2]).WIDGETS[-1] == "stand_in"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(written[1])]
    done = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["Stand-In", "stand-in", "", "2d"])
def test_a_name_that_is_none(name: str, project: Settings) -> None:
    with pytest.raises(LatentbookError, match="snake_case"):
        new_instrument(project, name)


def test_an_instrument_is_not_overwritten(project: Settings) -> None:
    before = (project.root / "widgets" / "__init__.py").read_text()
    with pytest.raises(LatentbookError, match="already exists"):
        new_instrument(project, "bottleneck")
    assert (project.root / "widgets" / "__init__.py").read_text() == before
