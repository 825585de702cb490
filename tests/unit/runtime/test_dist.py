"""The Pyodide distribution starts, and is what its lock file says."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from app.errors import LatentbookError
from app.runtime.dist import RuntimeDist, build_runtime
from app.settings import Settings

HERE = Path(__file__).parent


def project(folder: Path) -> Settings:
    """A copy of this project that shares its Pyodide and its NumPy."""
    here = Settings()
    shutil.copytree(here.root / "widgets", folder / "widgets")
    (folder / "node_modules").symlink_to(here.root / "node_modules")
    (here.build / "cache").mkdir(parents=True, exist_ok=True)
    (folder / "build").mkdir()
    (folder / "build" / "cache").symlink_to(here.build / "cache")
    return Settings(root=folder)


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    return project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def dist(settings) -> RuntimeDist:
    return build_runtime(settings, report=print)


def run_python(dist: RuntimeDist, code: str) -> object:
    command = ["node", str(HERE / "start.mjs"), str(dist.path), *dist.packages]
    done = subprocess.run(command, input=code, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_starts_in_node_and_computes(dist):
    code = """
import json, sys
import numpy as np
from widgets.contract import Slider

# Singular values of [[1, 1], [0, 1]] are the golden ratio and its inverse.
values = np.linalg.svd(np.array([[1.0, 1.0], [0.0, 1.0]]), compute_uv=False)
steps = Slider("k", "k", default=0.0, min=0.0, max=1.0, step=0.25).steps()
json.dumps([list(sys.version_info[:2]), np.__version__, values.tolist(), steps])
"""
    python, numpy, values, steps = run_python(dist, code)
    assert python == [3, 14]
    assert numpy == "2.4.3"
    assert values == pytest.approx([(1 + 5**0.5) / 2, 2 / (1 + 5**0.5)], rel=1e-14)
    assert steps == [0, 0.25, 0.5, 0.75, 1]


def test_every_file_of_the_package_is_in_the_page(dist, settings):
    code = """
import hashlib, json, pathlib, widgets.contract
folder = pathlib.Path(widgets.contract.__file__).parent
json.dumps({
    path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
    for path in folder.rglob("*") if path.is_file() and path.suffix in {".py", ".npz", ".json"}
})
"""
    source = settings.root / "widgets"
    expected = {
        path.relative_to(source).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in source.rglob("*")
        if path.suffix in {".py", ".npz", ".json"}
    }
    assert run_python(dist, code) == expected


def test_lock_names_files_that_are_there_with_their_hashes(dist):
    lock = json.loads((dist.path / "pyodide-lock.json").read_text())
    assert set(lock["packages"]) == set(dist.packages)
    for package in lock["packages"].values():
        content = (dist.path / package["file_name"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == package["sha256"]


def test_second_build_is_the_same_folder_untouched(dist, settings):
    before = {path.name: path.stat().st_mtime_ns for path in dist.path.iterdir()}
    assert build_runtime(settings, report=print) == dist
    assert {path.name: path.stat().st_mtime_ns for path in dist.path.iterdir()} == before


def test_an_edited_instrument_gives_a_new_version(tmp_path):
    settings = project(tmp_path)
    first = build_runtime(settings, report=print)
    (settings.root / "widgets" / "new.py").write_text("x = 1\n")
    second = build_runtime(settings, report=print)
    assert first.version != second.version
    assert second.path.is_dir()


def test_bytecode_and_hidden_files_do_not_change_the_version(tmp_path):
    settings = project(tmp_path)
    first = build_runtime(settings, report=print)
    (settings.root / "widgets" / "__pycache__").mkdir(exist_ok=True)
    (settings.root / "widgets" / "__pycache__" / "new.cpython-311.pyc").write_bytes(b"x")
    (settings.root / "widgets" / ".new.py.swp").write_bytes(b"x")
    assert build_runtime(settings, report=print) == first


def test_pyodide_missing_is_one_sentence(tmp_path):
    with pytest.raises(LatentbookError, match=r"pyodide\.mjs is missing\. `npm ci` installs it"):
        build_runtime(Settings(root=tmp_path), report=print)
