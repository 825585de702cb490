"""A course's packages are resolved for the page's Python, and reproduced to the byte."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from latentbook.base.errors import LatentbookError
from latentbook.cli import cli
from latentbook.runtime.page_packages import PagePackages
from latentbook.runtime.pins import BUILTIN, MARKERS
from latentbook.settings import Settings
from latentbook_authoring.packages.change import add, remove, write
from tests.unit.runtime.projects import COMPILED, project, write_wheel
from tests.unit.runtime.start import answer

IN_PAGE = "sys_platform == 'emscripten'"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder as package index: far needs near, which needs leaf, but only in the page."""
    index = tmp_path_factory.mktemp("index")
    write_wheel(index, "leaf", {"leaf.py": "grown = 3\n"})
    write_wheel(index, "near", {"near/__init__.py": "import leaf\n"}, (f"leaf; {IN_PAGE}",))
    needs = ("near>=1", "nothing; sys_platform != 'emscripten'", "old; python_version < '3.14'")
    write_wheel(index, "far", {"far/__init__.py": "from near import leaf\n"}, needs)
    write_wheel(index, "clash", {"clash.py": ""}, ("numpy<2",))
    write_wheel(index, "native", {"native.py": ""}, tag="cp311-cp311-manylinux_2_17_x86_64")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_CONFIG_FILE", "/dev/null")
        patch.setenv("PIP_NO_INDEX", "1")
        patch.setenv("PIP_FIND_LINKS", str(index))
        yield index


def project_at(folder: Path) -> Settings:
    root = folder / "project"
    root.mkdir()
    (root / "content").mkdir()
    return project(root).model_copy(update={"build": folder / "build", "pyodide_url": ""})


@pytest.fixture
def settings(index: Path, tmp_path: Path) -> Settings:
    """A project with that index."""
    return project_at(tmp_path)


@pytest.fixture(scope="module")
def far(index: Path, tmp_path_factory: pytest.TempPathFactory) -> PagePackages:
    """A course with far, shared because pip takes seconds to resolve; no test changes it."""
    return added(project_at(tmp_path_factory.mktemp("far")), "far")


def added(settings: Settings, *wanted: str) -> PagePackages:
    write(add(PagePackages.read(settings), wanted, print))
    return PagePackages.read(settings)


def test_markers_and_modules_are_those_of_the_pages_python() -> None:
    from latentbook.runtime.dist import build_runtime

    code = """
import json, os, platform, sys
of = sys.implementation
json.dumps([sorted(sys.builtin_module_names), {
    "implementation_name": of.name,
    "implementation_version": ".".join(map(str, of.version[:3])),
    "os_name": os.name,
    "platform_machine": platform.machine(),
    "platform_python_implementation": platform.python_implementation(),
    "platform_release": platform.release(),
    "platform_system": platform.system(),
    "platform_version": platform.version(),
    "python_full_version": platform.python_version(),
    "python_version": ".".join(platform.python_version_tuple()[:2]),
    "sys_platform": sys.platform,
}])
"""
    folder = build_runtime(Settings(), report=print).path
    modules, markers = answer(folder, "files", code=code)
    assert markers == MARKERS
    used = [name for name in modules if not name.startswith(("_test", "_xx", "xx"))]
    assert used == BUILTIN.split()


def test_a_package_comes_with_what_it_needs_in_the_page(far: PagePackages) -> None:
    lock = far.lock
    assert lock.requested == ["far"]
    assert {name: package.depends for name, package in lock.packages.items()} == {
        "far": ["near"],
        "leaf": [],
        "near": ["leaf"],
    }
    assert lock.packages["near"].imports == ["near"]


def test_every_package_is_pinned_to_the_byte(settings: Settings, index: Path) -> None:
    course = added(settings, "leaf")
    leaf = course.lock.packages["leaf"]
    there = (index / leaf.file_name).read_bytes()
    assert leaf.sha256 == hashlib.sha256(there).hexdigest()
    (settings.build / "cache" / leaf.file_name).write_bytes(there + b" ")
    with pytest.raises(LatentbookError, match=leaf.sha256):
        course.wheel_of(leaf, print)


def test_a_locked_wheel_is_had_again_and_then_without_the_index(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = added(settings, "leaf")
    leaf = course.lock.packages["leaf"]
    path = course.wheel_of(leaf, print)
    path.unlink()
    assert course.wheel_of(leaf, print) == path
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    assert course.wheel_of(leaf, print) == path
    path.unlink()
    with pytest.raises(LatentbookError, match=r"leaf-1\.0.*could not be downloaded.*Connect"):
        course.wheel_of(leaf, print)


def test_what_only_a_removed_package_needed_goes_with_it(settings: Settings) -> None:
    course = remove(added(settings, "far", "leaf"), "far", print)
    assert set(course.lock.packages) == {"leaf"}
    last = remove(course, "leaf", print)
    write(last)
    assert not last.path.exists()


def test_a_list_says_why_each_is_there(far: PagePackages) -> None:
    lines = far.listed().splitlines()
    assert [line.split()[0] for line in lines] == ["numpy", "far", "leaf", "near"]
    assert "added" in lines[1]
    assert "for near" in lines[2]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("nowhere", "There is no package 'nowhere' on the package index or among the"),
        ("scikit-lear", "Did you mean scikit-learn?"),
        ("leaf==2", "No version of leaf for the page's Python is leaf==2; there is 1.0."),
        ("numpy<2", "are incompatible:\nThe user requested numpy<2"),
        ("clash", "clash 1.0 depends on numpy<2"),
        ("leaf<<2", "'leaf<<2' is not a package"),
        ("gone-1.0-py3-none-any.whl", "There is no file gone-1.0-py3-none-any.whl"),
        ("gone.whl", "'gone.whl' is not a package: Invalid wheel filename"),
    ],
)
def test_what_cannot_be_added_is_explained(settings: Settings, wanted: str, said: str) -> None:
    with pytest.raises(LatentbookError) as refused:
        added(settings, wanted)
    assert said in str(refused.value)
    assert not (settings.content / "packages.json").exists()


def test_what_was_not_added_cannot_be_removed(far: PagePackages) -> None:
    with pytest.raises(LatentbookError, match=r"Added: far\. near is there because far needs"):
        remove(far, "near", print)


def test_compiling_without_the_tool_says_what_is_missing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda name, path: None)
    with pytest.raises(LatentbookError) as refused:
        added(settings, "native")
    assert "native has no wheel for the page's Python: the index has 1.0" in str(refused.value)
    assert "install latentbook[packages] with Python 3.14" in str(refused.value)


def test_the_tool_itself_is_asked(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a network it compiles nothing, but it is found, and its error text is passed on."""
    pytest.importorskip("pyodide_build", reason="pyodide-build needs Python 3.12.")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    with pytest.raises(LatentbookError) as refused:
        added(settings, "native")
    assert "pyodide-build could not compile it:\n" in str(refused.value)
    assert "127.0.0.1" in str(refused.value) or "Connect" in str(refused.value)


def test_what_the_tool_compiles_becomes_the_courses_own(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = write_wheel(tmp_path / "made", "native", {"native.py": ""}, tag=COMPILED)
    tool = tmp_path / "bin" / "pyodide"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\ntest "$1 $2 $3" = "build native --outdir" && cp {made} "$4"\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:/usr/bin:/bin")
    course = added(settings, "native")
    assert (settings.content / "wheels" / made.name).read_bytes() == made.read_bytes()
    assert course.lock.packages["native"].file_name == made.name


def test_a_wheel_of_ones_own_is_kept_beside_the_lock(settings: Settings, tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path / "mine", "mine", {"mine.py": "x = 1\n"}, ("leaf",))
    course = added(settings, str(wheel))
    assert course.lock.requested == ["mine==1.0"]
    assert set(course.lock.packages) == {"leaf", "mine"}
    assert course.wheel_of(course.lock.packages["mine"], print).parent.name == "wheels"


def test_a_wheel_of_ones_own_is_pinned_though_the_index_has_its_name(
    settings: Settings, index: Path, tmp_path: Path
) -> None:
    mine = write_wheel(tmp_path / "mine", "leaf", {"leaf.py": "grown = 'mine'\n"}).read_bytes()
    theirs = index / "leaf-1.0-py3-none-any.whl"
    cache = settings.build / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    (cache / theirs.name).write_bytes(theirs.read_bytes())
    # Dependents get the course's own package, too, and later additions change nothing.
    for wanted in (str(tmp_path / "mine" / theirs.name), "far"):
        course = added(settings, wanted)
        leaf = course.lock.packages["leaf"]
        assert leaf.sha256 == hashlib.sha256(mine).hexdigest() != theirs.read_bytes()
        assert course.wheel_of(leaf, print).read_bytes() == mine


def test_a_refused_wheel_leaves_nothing_and_says_who_needs_what(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    write_wheel(tmp_path, "between", {"between.py": ""}, ("native>=1",))
    refused = write_wheel(tmp_path, "mine", {"mine.py": ""}, ("between",))
    monkeypatch.setenv("PIP_FIND_LINKS", f"{os.environ['PIP_FIND_LINKS']} {tmp_path}")
    with pytest.raises(LatentbookError, match=r"native>=1 \(which between needs\) has no wheel"):
        added(settings, str(refused))
    assert not (settings.content / "wheels").exists()

    accepted = write_wheel(tmp_path, "mine", {"mine.py": "x = 1"})
    before = accepted.read_bytes()
    added(settings, str(accepted))
    write_wheel(tmp_path, "mine", {"mine.py": "x = 2"}, ("native",))
    with pytest.raises(LatentbookError, match=r"native \(which mine needs\) has no wheel"):
        added(settings, str(accepted))
    assert (settings.content / "wheels" / accepted.name).read_bytes() == before


def test_a_wheel_for_another_system_is_refused_by_its_name(settings: Settings, index: Path) -> None:
    [wheel] = index.glob("native-*")
    with pytest.raises(LatentbookError, match=r"for another system.*-none-any\.whl or -pyem"):
        added(settings, str(wheel))


def test_a_lock_for_another_pyodide_is_refused_with_what_to_do(settings: Settings) -> None:
    course = added(settings, "far")
    values = json.loads(course.path.read_text()) | {"pyodide": "300.0.0"}
    course.path.write_text(json.dumps(values))
    old = PagePackages.read(settings)
    with pytest.raises(LatentbookError, match="latentbook packages add 'far'` chooses"):
        old.wheel_of(old.lock.packages["far"], print)
    assert added(settings, "far").lock == course.lock


def test_a_file_that_is_no_lock_is_refused(settings: Settings) -> None:
    (settings.content / "packages.json").write_text('{\n "pyodide": "1",\n "requsted": []\n}')
    with pytest.raises(LatentbookError, match=r"json:3: unknown key 'requsted'\. Did you mean"):
        PagePackages.read(settings)


def test_compiled_packages_that_are_missing_here_are_installed(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    native = write_wheel(tmp_path, "native", {"native.py": ""}, ("leaf",), tag=COMPILED)
    here = write_wheel(tmp_path, "zlib", {"zlib.py": ""}, tag=COMPILED)
    course = added(settings, str(native), str(here))
    assert course.not_here == ["native"]
    asked: list[tuple[str, ...]] = []
    done = subprocess.CompletedProcess("", 0, "", "")
    monkeypatch.setattr("latentbook.runtime.pip.pip", lambda *all: asked.append(all) or done)
    monkeypatch.setattr("latentbook_authoring.commands.packages_of", lambda _: course)
    assert CliRunner().invoke(cli, ["packages", "install"]).exit_code == 0
    assert asked == [("install", "native")]


def test_pure_packages_run_here_from_the_same_wheels(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    course = added(settings, "leaf")
    course.make_importable(print)
    import leaf

    assert leaf.grown == 3
    assert course.install_hint("leaf.inner").endswith("python -m pip install 'leaf'")
    assert course.install_hint("elsewhere") == ""
