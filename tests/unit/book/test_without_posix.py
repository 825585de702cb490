"""`latentbook check` and `build` in a Python without POSIX-only features, as on Windows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from latentbook.settings import Settings

from .conftest import HEAD, MakeBook

LACKING = """\
import os, signal, subprocess, sys
subprocess.Popen.kill = lambda process: process.send_signal(9)  # Windows has its own way
for name in ("resource", "fcntl", "pwd", "grp", "termios"):
    sys.modules[name] = None
for name in ("killpg", "fork", "getuid", "geteuid", "setsid"):
    delattr(os, name)
del signal.SIGKILL
"""
"""Also run by the processes that the command starts."""

SNIPPET = """\
```{code-cell} python
:label: snippet-sum
:title: A sum

CODE
```
"""


def run(
    settings: Settings, folder: Path, *command: str, seconds: int = 60
) -> subprocess.CompletedProcess[str]:
    (folder / "sitecustomize.py").write_text(LACKING)
    path = os.pathsep.join([str(folder), *sys.path])
    given = {f"LATENTBOOK_{name.upper()}": str(getattr(settings, name)) for name in PLACES}
    return subprocess.run(
        [sys.executable, "-c", "from latentbook.cli import main; main()", *command],
        env={**os.environ, **given, "PYTHONPATH": path, "LATENTBOOK_CODE_TIMEOUT": str(seconds)},
        capture_output=True,
        text=True,
        check=False,
    )


PLACES = ("root", "content", "build")


@pytest.mark.parametrize(
    ("code", "seconds", "ends", "says"),
    [
        ("print(6 * 7)", 60, 0, "Every check passes"),
        ("while True: pass", 1, 1, "takes longer than 1 s"),
    ],
)
def test_authors_code_runs_and_is_stopped(
    make_book: MakeBook, tmp_path: Path, code: str, seconds: int, ends: int, says: str
) -> None:
    settings = make_book({"sample/text.md": f"{HEAD}\n{SNIPPET.replace('CODE', code)}"})
    done = run(settings, tmp_path, "check", "--record", seconds=seconds)
    assert done.returncode == ends, done.stderr
    assert says in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["build", "check", "serve", "course", "new"])
def test_every_command_explains_itself(make_book: MakeBook, tmp_path: Path, command: str) -> None:
    done = run(make_book({}), tmp_path, command, "--help")
    assert done.returncode == 0, done.stderr
