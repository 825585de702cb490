"""Run pip for this Python and for the page's."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from latentbook.runtime.pins import MARKERS, PLATFORM

INSIDE = Path(__file__).with_name("inside")

Done = subprocess.CompletedProcess[str]


def pip(*arguments: str) -> Done:
    return run(["-m", "pip"], arguments)


def for_page(*arguments: str) -> Done:
    """Run pip as if in the page: with the tags and markers of the page's Python."""
    version = MARKERS["python_version"]
    target = ["--only-binary=:all:", f"--platform={PLATFORM}", f"--python-version={version}"]
    target += ["--implementation=cp", f"--abi=cp{version.replace('.', '')}"]
    command, *rest = arguments
    # -P: pip must not import anything from the script's folder.
    script = ["-P", str(INSIDE / "pip_for_page.py"), json.dumps(MARKERS)]
    return run(script, [command, *target, *rest])


def run(program: Sequence[str], arguments: Sequence[str]) -> Done:
    plain = ("--disable-pip-version-check", "--no-input", "--no-color")
    command = [sys.executable, *program, *plain, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def report_of(done: Done) -> dict[str, Any]:
    """The JSON of ``--report=-``; other output of pip surrounds it."""
    report: dict[str, Any]
    report, _ = json.JSONDecoder().raw_decode(done.stdout, done.stdout.index("{\n"))
    return report


def last_words(done: Done) -> str:
    lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
    said = lines or done.stderr.strip().splitlines() or ["pip said nothing"]
    return said[-1].removeprefix("ERROR: ")
