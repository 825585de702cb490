"""Runs code in the page's Python, in Node."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

SCRIPT = Path(__file__).with_name("start.mjs")


def python(folder: Path, how: str, file: Path | str = "", code: str = "", **env: str) -> str:
    """What code prints as its last value.

    Parameters
    ----------
    folder : of the runtime
    how : "files", "snapshot" (from ``file``) or "make" (a snapshot, into ``file``)
    env : variables of the process
    """
    done = subprocess.run(
        ["node", str(SCRIPT), str(folder), how, str(file)],
        input=code,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TZ": "UTC", **env},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def answer(folder: Path, how: str, file: Path | str = "", code: str = "", **env: str) -> object:
    """The JSON text that code leaves as its last value, read."""
    return json.loads(python(folder, how, file, code, **env))
