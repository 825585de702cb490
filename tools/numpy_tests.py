"""NumPy's own tests in the page's Python: in a fresh interpreter, and in one from a snapshot.

Prints the counts of outcomes in each, and every test whose outcome differs. ``make numpy-tests``.
"""

from __future__ import annotations

import base64
import io
import json
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path

from latentbook.runtime.dist import build_runtime
from latentbook.runtime.page_packages import PagePackages
from latentbook.runtime.pip import last_words, pip
from latentbook.settings import Settings
from latentbook_authoring.packages.change import add, write

START = Path(__file__).parents[1] / "tests" / "unit" / "runtime" / "start.mjs"
RUN = Path(__file__).with_name("numpy_tests_inside.py")
PARTS = ("_core", "fft", "lib", "linalg", "ma", "matrixlib", "polynomial", "random", "testing")


def runtime(folder: Path) -> Path:
    """Build the page's runtime with pytest and hypothesis added."""
    here = Settings()
    shutil.copytree(here.content, folder / "content")
    build = folder / "build"
    build.mkdir()
    (build / "cache").symlink_to(here.build / "cache")
    settings = here.model_copy(update={"content": folder / "content", "build": build})
    write(add(PagePackages.read(settings), ["pytest", "hypothesis"], print))
    return build_runtime(settings, report=print).path


def test_files(folder: Path) -> bytes:
    """Zip NumPy's tests from this machine's wheel, because the page's wheel has none."""
    version = PagePackages.read(Settings()).wheels.pyodide["numpy"].version
    done = pip(
        "download", "--no-deps", "--only-binary=:all:", f"--dest={folder}", f"numpy=={version}"
    )
    if done.returncode:
        sys.exit(last_words(done))
    (wheel,) = folder.glob("numpy-*.whl")
    out = io.BytesIO()
    with (
        zipfile.ZipFile(wheel) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped,
    ):
        for name in source.namelist():
            if "/tests/" in name or name.endswith("conftest.py"):
                zipped.writestr(name, source.read(name))
    return out.getvalue()


def outcomes(folder: Path, how: str, snapshot: Path, tests: bytes) -> dict[str, str]:
    """Run the tests; return test -> passed, failed, skipped, ..."""
    start = time.perf_counter()
    found: dict[str, str] = {}
    for part in PARTS:
        head = f"PART = {part!r}\nTESTS = {base64.b64encode(tests).decode()!r}\n"
        done = subprocess.run(
            ["node", str(START), str(folder), how, str(snapshot)],
            input=head + RUN.read_text(encoding="utf-8"),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"numpy.{part} from {how}: {done.stderr[-2000:]}")
        found |= json.loads(done.stdout)
    counts = ", ".join(f"{n} {what}" for what, n in sorted(Counter(found.values()).items()))
    print(f"from {how}: {counts} in {time.perf_counter() - start:.0f} s")
    return found


def main() -> None:
    """Run both and compare."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = runtime(folder)
        tests = test_files(folder)
        snapshot = folder / "snapshot"
        subprocess.run(["node", str(START), str(path), "make", str(snapshot)], check=True)
        fresh = outcomes(path, "files", snapshot, tests)
        restored = outcomes(path, "snapshot", snapshot, tests)
    differ = [test for test in {**fresh, **restored} if fresh.get(test) != restored.get(test)]
    for test in sorted(differ):
        print(f"{test}: {fresh.get(test)} from files, {restored.get(test)} from a snapshot")
    print(f"{len(differ)} of {len(fresh)} differ")
    sys.exit(bool(differ))


if __name__ == "__main__":
    main()
