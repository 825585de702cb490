"""A release: its version, and its wheel without PyTorch, Node or the checkout.

``make release`` takes the same steps in an environment that pip fills from the network.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
import yaml
from deno import find_deno_bin
from packaging.requirements import Requirement

from latentbook.base.errors import Problems
from latentbook.book.read.project import read_manifest
from tools.release import (
    LICENCE,
    WITHOUT_PYTORCH,
    Installed,
    call,
    makes_a_course,
    serves_people,
    stated_dates,
    stated_versions,
)
from tools.wheel import make_wheel


def test_every_file_states_the_same_version() -> None:
    versions = stated_versions()
    assert re.fullmatch(r"\d+\.\d+\.\d+", versions["pyproject.toml"])
    assert len(set(versions.values())) == 1, versions
    assert len(stated_dates()) == 1


def test_the_book_names_the_authors_of_the_citation_file(root: Path) -> None:
    path = root / "content" / "book.toml"
    authors = read_manifest(path, Problems().of(path)).authors
    stated = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))["authors"]
    assert [each["name"] for each in stated] == [*authors]


def test_the_books_foot_names_the_licence_of_its_text(root: Path) -> None:
    path = root / "content" / "book.toml"
    stated = read_manifest(path, Problems().of(path)).licence
    assert f"[CC BY 4.0]({LICENCE})" in stated
    assert LICENCE in (root / "content" / "LICENSE").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def installed(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel in a new environment, with links to this Python's copies of locked libraries."""
    folder, work = tmp_path_factory.mktemp("installed"), tmp_path_factory.mktemp("work")
    it = Installed(make_wheel(folder, print), folder / "venv", work)
    call(sys.executable, "-m", "venv", "--without-pip", it.venv)
    python = it.venv / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet")
    call(*pip, "--no-deps", "--no-index", "--no-compile", it.wheel)
    packages = next(it.venv.glob("lib/python*/site-packages"))
    lock = (root / "requirements.lock").read_text(encoding="utf-8")
    metadata = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    classroom = metadata["project"]["optional-dependencies"]["classroom"]
    for name in {*re.findall(r"^([\w.-]+)==", lock, re.MULTILINE), *with_what_they_need(classroom)}:
        link(name, packages)
    (it.venv / "bin" / "deno").symlink_to(find_deno_bin())
    return it


def with_what_they_need(requirements: list[str]) -> set[str]:
    """Names of these libraries and of all that they require."""
    found: set[str] = set()
    left = [Requirement(each) for each in requirements]
    while left:
        each = left.pop()
        if each.name not in found and (each.marker is None or each.marker.evaluate()):
            found.add(each.name)
            left += map(Requirement, distribution(each.name).requires or ())
    return found


def link(name: str, packages: Path) -> None:
    """Link a library's files into another environment."""
    try:
        library = distribution(name)
    except PackageNotFoundError:
        return  # for another platform
    for top in {file.parts[0] for file in library.files or ()} - {"..", "__pycache__"}:
        target = packages / top
        if not target.exists():
            target.symlink_to(Path(str(library.locate_file(top))).resolve())


A_MINUTE = (makes_a_course, serves_people)


@pytest.mark.long
@pytest.mark.parametrize(
    "step",
    [
        pytest.param(step, id=step.__name__, marks=[pytest.mark.release] * (step in A_MINUTE))
        for step in WITHOUT_PYTORCH
    ],
)
def test_the_wheel_without_pytorch(step: Callable[[Installed], None], installed: Installed) -> None:
    step(installed)
