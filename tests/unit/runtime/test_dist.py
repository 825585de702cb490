"""The Pyodide distribution starts, and matches its lock file."""

import hashlib
import json
import re
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from latentbook.base.errors import LatentbookError
from latentbook.runtime.dist import RuntimeDist, build_runtime
from latentbook.settings import Settings
from tests.unit.runtime.projects import project
from tests.unit.runtime.start import answer

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    return project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def dist(settings) -> RuntimeDist:
    return build_runtime(settings, report=print)


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
    python, numpy, values, steps = answer(dist.path, "files", code=code)
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
    assert answer(dist.path, "files", code=code) == expected


def test_index_covers_every_pack_from_end_to_end(dist):
    index = json.loads((dist.path / "index.json").read_text())
    for name, entries in {**index["first"], **index["later"]}.items():
        end = 0
        for _, offset, length in entries:
            assert offset == end
            end += length
        assert end == (dist.path / name).stat().st_size
    assert set(dist.sizes) == {"pyodide.asm.wasm", "index.json", *index["first"]}


def standard_library(dist: RuntimeDist) -> set[str]:
    """Paths of the standard library's modules that a start loads."""
    index = json.loads((dist.path / "index.json").read_text())
    return {path for path, _, _ in index["first"]["std.pack"]}


def test_what_the_first_start_takes_is_compiled(dist):
    assert {Path(path).suffix for path in standard_library(dist)} == {".pyc"}


def test_a_start_loads_nothing_that_only_readers_code_wants(dist):
    rare = {f"/lib/python3.14/{name}.pyc" for name in ("csv", "decimal", "fractions", "statistics")}
    assert rare.isdisjoint(standard_library(dist))


def test_the_first_packs_hold_what_a_start_imports_and_no_more(dist, tmp_path):
    copy = tmp_path / "runtime"
    shutil.copytree(dist.path, copy)
    for later in ("rest.zip", "soon.pack", "common.pack", "numpy-rest.pack"):
        (copy / later).unlink()
    code = """
import json, sys
from latentbook_start import ask
import widgets
for name in widgets.names():
    widgets.get(name)
shown = ask(type="compute_widget", widget="bottleneck", controls={}, source=None)
failed = ask(type="run_cell", scope="here", code="1 / 0", filename="here")
assert [shown["type"], failed["name"]] == ["done", "ZeroDivisionError"]
specs = [getattr(module, "__spec__", None) for module in list(sys.modules.values())]
json.dumps([spec.origin for spec in specs if spec and spec.origin])
"""
    used = set(answer(copy, "files", code=code))
    library = standard_library(dist)
    index = json.loads((dist.path / "index.json").read_text())
    bytecode = {path for path, _, _ in index["first"]["numpy.pack"] if path.endswith(".pyc")}
    numpy = {re.sub(r"__pycache__/(\w+)\.cpython-314\.pyc", r"\1.py", path) for path in bytecode}
    libraries = {path for path, _, _ in index["first"]["libraries.pack"]}
    assert {*library, *numpy, *libraries} - used == set()


def test_what_the_first_output_does_not_need_comes_when_it_is_wanted(dist):
    code = """
import json, sys, traceback
import latentbook_start
latentbook_start.ask(type="compute_widget", widget="bottleneck", controls={}, source=None)
early = [name for name in ("ssl", "numpy.random", "numpy.fft") if name in sys.modules]
import ssl, numpy.random
said = "".join(traceback.format_exception(ValueError("no")))
json.dumps([early, ssl.PROTOCOL_TLS_CLIENT.name, numpy.random.default_rng(0).random(), said])
"""
    early, protocol, first, said = answer(dist.path, "files", code=code)
    assert early == []
    assert protocol == "PROTOCOL_TLS_CLIENT"
    assert first == np.random.default_rng(0).random()
    assert said == "ValueError: no\n"


def test_what_a_start_only_pretends_to_import_is_imported_as_usual(dist):
    code = """
import ctypes.util, json, lzma, pathlib
from shutil import *
json.dumps([
    ctypes.sizeof(ctypes.c_int32), ctypes.util.__name__, copyfileobj.__module__,
    lzma.decompress(lzma.compress(b"text")).decode(), str(pathlib.PurePosixPath("a") / "b"),
])
"""
    said = answer(dist.path, "files", code=code)
    assert said == [4, "ctypes.util", "shutil", "text", "a/b"]


def test_what_much_code_imports_does_not_need_the_archive(dist, tmp_path):
    copy = tmp_path / "runtime"
    shutil.copytree(dist.path, copy)
    (copy / "rest.zip").unlink()
    code = """
import csv, decimal, fractions, hashlib, heapq, json, logging, pathlib, pickle, random, statistics
import collections, dataclasses, functools, itertools, pprint, tempfile, time, timeit, typing
path = pathlib.Path(tempfile.mkdtemp()) / "a.txt"
path.write_text("3,1,2")
row = [int(cell) for cell in next(csv.reader(path.open()))]
json.dumps([heapq.nsmallest(2, row), statistics.median(row), pickle.loads(pickle.dumps(path.name))])
"""
    assert answer(copy, "files", code=code) == [[1, 2], 2, "a.txt"]


def test_what_no_instrument_imports_comes_when_it_is_wanted_by_either_name(dist):
    index = json.loads((dist.path / "index.json").read_text())
    laws = {path for path, _, _ in index["later"]["kit-laws.pack"]}
    assert laws.isdisjoint(path for path, _, _ in index["first"]["widgets.pack"])
    code = """
import json, sys, widgets
early = "widgets.kit.laws" in sys.modules
from widgets.laws import law
json.dumps([early, law is sys.modules["widgets.kit.laws"].law])
"""
    assert answer(dist.path, "files", code=code) == [False, True]


def test_explanations_come_with_the_first_error(dist):
    code = """
import json, sys
from latentbook_start import ask
early = "widgets.engine.explain" in sys.modules
reply = ask(type="run_cell", scope="test", code="[][0]", filename="cell")
json.dumps([early, reply["explanation"]["id"]])
"""
    assert answer(dist.path, "files", code=code) == [False, "list-empty"]


def test_stock_library_is_in_a_pack_or_in_the_archive(dist, settings):
    stock = settings.root / "node_modules" / "pyodide" / "python_stdlib.zip"
    index = json.loads((dist.path / "index.json").read_text())
    later = index["later"]["soon.pack"] + index["later"]["common.pack"]
    packed = standard_library(dist) | {path for path, _, _ in later}
    first = {
        path.removeprefix("/lib/python3.14/") for path in packed if "/site-packages/" not in path
    }
    with zipfile.ZipFile(stock) as all_of_it, zipfile.ZipFile(dist.path / "rest.zip") as archive:
        files = {name for name in all_of_it.namelist() if not name.endswith("/")}
        rest = set(archive.namelist())
    assert not first & rest
    assert first | rest == {name + "c" if name.endswith(".py") else name for name in files}


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
    before, eighth, line = answer(dist.path, "files", code=code)
    assert not before
    assert eighth == "0.125"
    assert line.startswith("raise LinAlgError(")


# Modules that Pyodide ships but cannot import: other systems', subinterpreters, processes.
CANNOT_BE_HAD = {
    "asyncio.windows_events",
    "asyncio.windows_utils",
    "concurrent.futures.interpreter",
    "concurrent.interpreters",
    "concurrent.interpreters._crossinterp",
    "concurrent.interpreters._queues",
    "encodings.mbcs",
    "encodings.oem",
    "multiprocessing.forkserver",
    "multiprocessing.popen_forkserver",
    "multiprocessing.popen_spawn_win32",
    "multiprocessing.resource_tracker",
    "multiprocessing.shared_memory",
    "multiprocessing.synchronize",
    # Python gets no JavaScript globals.
    "pyodide.ffi.wrappers",
    # NumPy's build, its tests, and tools that need further packages.
    "numpy._core.cversions",
    "numpy.conftest",
    "numpy.f2py._backends._distutils",
}
# Not tried: modules that open a browser or print a poem on import, and programs.
NOT_TRIED = ("antigravity", "ensurepip", "idlelib", "lib2to3", "test", "this", "turtledemo")
LEFT_OUT = ("numpy._pyinstaller", "numpy.random._examples")


def modules_in(archive: Path) -> set[str]:
    """Names of the modules in an archive."""
    with zipfile.ZipFile(archive) as opened:
        places = [place for place in opened.namelist() if place.endswith(".py")]
    names = (place.removesuffix(".py").removesuffix("/__init__") for place in places)
    return {name.replace("/", ".") for name in names if "__main__" not in name}


def test_every_module_of_the_library_and_of_numpy_is_importable(dist, settings):
    stock = modules_in(settings.root / "node_modules" / "pyodide" / "python_stdlib.zip")
    (wheel,) = (settings.build / "cache").glob("numpy-*.whl")
    numpy = {name for name in modules_in(wheel) if ".tests" not in name}
    names = {name for name in stock if not name.startswith(NOT_TRIED)}
    names |= {name for name in numpy if name.startswith("numpy") and not name.startswith(LEFT_OUT)}
    assert len(names) > 700
    code = f"NAMES = {sorted(names)!r}\n{(HERE / 'import_all.py').read_text()}"
    said = answer(dist.path, "files", code=code)
    failed = {name for name, what in said.items() if what != "imported"}
    assert failed == CANNOT_BE_HAD


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
    assert answer(dist.path, "files", code=code) == 7


def test_files_that_are_left_out_are_in_no_pack(tmp_path):
    settings = project(tmp_path).model_copy(update={"reload": True})
    without = frozenset({"widgets/transfer_curve.py", "widgets/data/transfer.npz"})
    whole = build_runtime(settings, report=print)
    dist = build_runtime(settings, report=print, without=without)
    data = {name: (settings.root / name).read_bytes() for name in without}

    def holds(path, name):
        return any(data[name] in file.read_bytes() for file in path.iterdir())

    assert all(holds(whole.path, name) for name in without)
    assert not any(holds(dist.path, name) for name in without)


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


@pytest.mark.long
def test_an_altered_file_is_made_anew(dist, settings, tmp_path):
    own = project(tmp_path)
    shared = settings.build / "cache"
    cache = own.build / "cache"
    cache.unlink()  # other tests read the shared one
    shutil.copytree(shared, cache, ignore=not_of_the_runtime)
    first = build_runtime(own, report=print)
    before = {path.name: path.read_bytes() for path in first.path.iterdir()}
    kept = [*cache.glob("library-*/numpy.pack"), *cache.glob("bytecode-*/widgets/contract.py")]
    assert {path.relative_to(cache).parts[0].split("-")[0] for path in kept} == {
        "library",
        "bytecode",
    }
    for path in (*kept, first.path / "pyodide.asm.wasm"):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    again = build_runtime(own, report=print)
    assert again == first
    assert {path.name: path.read_bytes() for path in again.path.iterdir()} == before


def not_of_the_runtime(folder: str, names: list[str]) -> set[str]:
    """Entries of the build's cache that a build of the runtime does not need."""
    if Path(folder).name != "cache":
        return set()
    return {name for name in names if not name.startswith(("library-", "bytecode-", "numpy-"))}
