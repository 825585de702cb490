"""Run code in the page's Python, in Node."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).with_name("start.mjs")


def python(folder: Path, how: str, *files: Path | str, code: str = "", **env: str) -> str:
    """Run start.mjs and return its output.

    Parameters
    ----------
    folder : of the runtime
    how, files : as that script documents
    code : Python to run
    env : variables of the process
    """
    done = subprocess.run(
        ["node", str(SCRIPT), str(folder), how, *map(str, files)],
        input=code,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TZ": "UTC", **env},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def answer(folder: Path, how: str, file: Path | str = "", code: str = "", **env: str) -> Any:
    """The parsed JSON text that the code leaves as its last value."""
    return answers(folder, (how,), file, code, **env)[0]


def answers(
    folder: Path, how: Sequence[str], file: Path | str = "", code: str = "", **env: str
) -> list[Any]:
    """The same for several interpreters, each started from "files" or from a "snapshot"."""
    said = python(folder, ",".join(how), file, code=code, **env)
    return [json.loads(line) for line in said.splitlines()]
