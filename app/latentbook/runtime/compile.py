"""Compile packages for the page's Python that no index has as a wheel, with pyodide-build."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from latentbook.errors import LatentbookError
from latentbook.report import Report
from latentbook.runtime.pins import MARKERS
from latentbook.runtime.resolve import NoWheel

PROGRAM = "pyodide"


def compile_wheel(missing: NoWheel, folder: Path, report: Report) -> None:
    """Build a wheel into ``folder``.

    Raises
    ------
    LatentbookError
        If pyodide-build is missing or fails.
    """
    if shutil.which(PROGRAM) is None:
        raise LatentbookError(
            f"{missing} It has to be compiled, but the command {PROGRAM} is missing: "
            f"install pyodide-build with Python {MARKERS['python_version']} and a network, as "
            "docs/packages.md says, and run this command again."
        )
    report(f"Compiling {missing.wanted} with pyodide-build")
    folder.mkdir(parents=True, exist_ok=True)
    before = set(folder.iterdir())
    command = [PROGRAM, "build", missing.wanted, "--outdir", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    made = set(folder.iterdir()) - before
    if done.returncode or not made:
        said = "\n".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-8:])
        raise LatentbookError(f"{missing} pyodide-build could not compile it:\n{said}")
    for path in sorted(made):
        report(f"Built {path}: commit it with the course")
