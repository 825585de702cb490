"""The Pyodide distribution starts, and is what its lock file says."""

import hashlib
import json
import shutil
import subprocess
import zipfile
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
    command = ["node", str(HERE / "start.mjs"), str(dist.path), "files"]
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


def test_index_covers_every_pack_from_end_to_end(dist):
    index = json.loads((dist.path / "index.json").read_text())
    for name, entries in {**index["first"], **index["later"]}.items():
        end = 0
        for _, offset, length in entries:
            assert offset == end
            end += length
        assert end == (dist.path / name).stat().st_size
    assert set(dist.sizes) == {"pyodide.asm.wasm", "index.json", *index["first"]}


def test_what_the_first_start_takes_is_compiled(dist):
    with zipfile.ZipFile(dist.path / "std.zip") as archive:
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        assert {Path(name).suffix for name in archive.namelist()} == {".pyc"}


def test_stock_library_is_in_one_archive_or_the_other(dist, settings):
    stock = settings.root / "node_modules" / "pyodide" / "python_stdlib.zip"
    with (
        zipfile.ZipFile(stock) as all_of_it,
        zipfile.ZipFile(dist.path / "std.zip") as first,
        zipfile.ZipFile(dist.path / "rest.zip") as rest,
    ):
        assert not set(first.namelist()) & set(rest.namelist())
        files = {name for name in all_of_it.namelist() if not name.endswith("/")}
        compiled = {name + "c" if name.endswith(".py") else name for name in files}
        assert set(first.namelist()) | set(rest.namelist()) == compiled


def test_what_is_not_needed_first_is_found_where_it_is_asked_for(dist):
    code = """
import json, sys
before = "decimal" in sys.modules or "email.message" in sys.modules
import decimal, email.message, numpy.polynomial, traceback
import numpy as np
try:
    np.linalg.svd(3.0)
except np.linalg.LinAlgError as error:
    lines = [frame.line for frame in traceback.extract_tb(error.__traceback__)]
json.dumps([before, str(decimal.Decimal(1) / 8), lines[-1]])
"""
    before, eighth, line = run_python(dist, code)
    assert not before
    assert eighth == "0.125"
    assert line.startswith("raise LinAlgError(")


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


def test_an_authors_edit_of_an_instrument_needs_no_packing(tmp_path):
    settings = project(tmp_path).model_copy(update={"reload": True})
    build_runtime(settings, report=print)
    path = settings.root / "widgets" / "denoiser.py"
    path.write_text(path.read_text() + "edited = 7\n")
    said: list[str] = []
    dist = build_runtime(settings, report=said.append)
    assert said == []
    code = "import json, numpy, widgets.denoiser\njson.dumps(widgets.denoiser.edited)"
    assert run_python(dist, code) == 7


def test_bytecode_and_hidden_files_do_not_change_the_version(tmp_path):
    settings = project(tmp_path)
    first = build_runtime(settings, report=print)
    (settings.root / "widgets" / "__pycache__").mkdir(exist_ok=True)
    (settings.root / "widgets" / "__pycache__" / "new.cpython-311.pyc").write_bytes(b"x")
    (settings.root / "widgets" / ".new.py.swp").write_bytes(b"x")
    assert build_runtime(settings, report=print) == first


def test_pyodide_missing_is_one_sentence(tmp_path):
    with pytest.raises(LatentbookError, match=r"asm\.mjs is missing\. `npm ci` installs it"):
        build_runtime(Settings(root=tmp_path), report=print)


def test_another_release_is_refused_with_what_to_do(tmp_path):
    here = Settings().root / "node_modules" / "pyodide"
    other = tmp_path / "node_modules" / "pyodide"
    other.mkdir(parents=True)
    for path in here.iterdir():
        if path.is_file():
            (other / path.name).symlink_to(path)
    (other / "pyodide.asm.mjs").unlink()
    (other / "pyodide.asm.mjs").write_text("export default 0;")
    with pytest.raises(LatentbookError, match=r"pyodide\.asm\.mjs differs.*docs/start\.md"):
        build_runtime(Settings(root=tmp_path), report=print)
