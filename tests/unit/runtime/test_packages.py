"""Added packages are imported in the page, from files and from a snapshot."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from latentbook.runtime.dist import RuntimeDist, build_runtime
from latentbook.settings import Settings
from tests.unit.runtime.projects import add_packages, project
from tests.unit.runtime.start import answer, python

# regex is compiled, and in Pyodide's distribution; the others are pure.
QUESTIONS = """
import json, os, sys, traceback
from importlib import metadata

SITE = "/lib/python3.14/site-packages"
before = sorted(os.listdir(SITE))
import single
import tree.branch
import regex
try:
    tree.branch.fall()
except ValueError as error:
    line = traceback.extract_tb(error.__traceback__)[-1].line
json.dumps([
    regex.findall(r"\\p{Lu}\\p{Ll}+", "Émile rêve, Ωmega dort"),
    tree.branch.leaves(), single.word, line, metadata.version("tree"),
    before == sorted(os.listdir(SITE)),
])
"""
ANSWERS = [["Émile", "Ωmega"], "green\n", "one", 'raise ValueError("down")', "1.0", True]

INSTRUMENT = '''"""An instrument that uses packages of the course."""

import regex
import tree.branch

letters = regex.compile(r"\\p{L}")
'''


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A project with added packages."""
    folder = tmp_path_factory.mktemp("project")
    settings = project(folder)
    shutil.copytree(Settings().content, settings.content)
    add_packages(settings, folder / "wheels")
    return settings


@pytest.fixture(scope="module")
def dist(settings: Settings) -> RuntimeDist:
    return build_runtime(settings, report=print)


@pytest.fixture(scope="module")
def snapshot(dist: RuntimeDist, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("snapshot") / "snapshot"
    python(dist.path, "make", path)
    return path


@pytest.mark.long
def test_they_make_another_version_and_no_start_longer(dist: RuntimeDist) -> None:
    plain = build_runtime(Settings(), report=print)
    assert plain.version != dist.version
    assert set(dist.sizes) == set(plain.sizes)
    assert {"regex.pack", "tree-source.pack"} <= {path.name for path in dist.path.iterdir()}


@pytest.mark.long
@pytest.mark.parametrize("how", ["files", "snapshot"])
def test_they_are_imported_where_they_are_asked_for(
    dist: RuntimeDist, snapshot: Path, how: str
) -> None:
    assert answer(dist.path, how, snapshot, QUESTIONS) == ANSWERS


def test_without_node_they_go_to_the_page_as_sources(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wheel contains the library that Node has packed, but no package that a course adds."""
    cache = tmp_path / "cache"
    cache.mkdir()
    for path in (settings.build / "cache").iterdir():
        if not path.name.startswith("package-"):
            (cache / path.name).symlink_to(path)
    monkeypatch.setattr("latentbook.runtime.packs.has_node", lambda: False)
    said: list[str] = []
    sourced = settings.model_copy(update={"build": tmp_path})
    dist = build_runtime(sourced, report=said.append)
    [told] = [each for each in said if "the page compiles what it imports of" in each]
    assert told.count(", ") == 2
    monkeypatch.undo()
    assert answer(dist.path, "files", code=QUESTIONS) == ANSWERS


def test_an_instruments_packages_are_in_the_snapshot(settings: Settings, tmp_path: Path) -> None:
    path = settings.root / "widgets" / "engine" / "failure.py"  # which every start imports
    before = path.read_text()
    path.write_text(before + INSTRUMENT)
    try:
        dist = build_runtime(settings, report=print)
        python(dist.path, "make", tmp_path / "snapshot")
    finally:
        path.write_text(before)
    code = "import json, sys\nloaded = 'regex._regex' in sys.modules" + QUESTIONS.replace(
        "json.dumps([", "json.dumps([loaded, "
    )
    assert answer(dist.path, "snapshot", tmp_path / "snapshot", code) == [True, *ANSWERS]


def test_a_package_that_cannot_be_fetched_is_an_import_error(
    dist: RuntimeDist, tmp_path: Path
) -> None:
    copy = tmp_path / "runtime"
    shutil.copytree(dist.path, copy)
    (copy / "tree.pack").unlink()
    code = """
import json
try:
    import tree
except ImportError as error:
    said = str(error)
json.dumps(said)
"""
    assert answer(copy, "files", code=code) == (
        "tree could not be fetched: it needs the network the first time"
    )
