"""Run the scripts of ``inside`` in Pyodide under Node: bytecode must come from its own Python."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from latentbook.cache import seal
from latentbook.errors import LatentbookError
from latentbook.settings import ROOT

INSIDE = Path(__file__).with_name("inside")
WORKER = ROOT / "static" / "js" / "python" / "worker"
PYTHON = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")


def fingerprint(pyodide: Path, script: str) -> hashlib._Hash:
    """A hash, to be extended, of a script and of the Python that runs it."""
    key = hashlib.sha256()
    tools = [INSIDE / name for name in ("compile.mjs", "latentbook_start.py", "packing.py", script)]
    tools += [WORKER / name for name in ("loader.js", "needs.js")]
    for path in [*tools, *(pyodide / name for name in PYTHON)]:
        key.update(hashlib.sha256(path.read_bytes()).digest())
    return key


def has_node() -> bool:
    return shutil.which("node") is not None


FULL = os.strerror(errno.ENOSPC)
"""Python in Pyodide has other error numbers but the same message."""


def shortened(said: str) -> str:
    """The end of Node's output, without the minified lines that it quotes."""
    lines = [line for line in said.strip().splitlines() if len(line) < 300]
    return "\n".join(lines[-20:])


def run_script(
    script: str,
    folder: Path,
    pyodide: Path,
    site: Path,
    wanted: str = "",
    others: Sequence[Path] = (),
) -> None:
    """Run a script and store what it writes.

    Parameters
    ----------
    script : name of a file of ``inside``
    folder : created from the script's output, once it is complete
    pyodide : folder of the npm package
    site : mounted as site-packages
    wanted : text of ``/out/wanted.json``
    others : more folders that it can import from

    Raises
    ------
    LatentbookError
        If Node is missing or the script fails.
    OSError
        If the disk is full.
    """
    node = shutil.which("node")
    if node is None:
        raise LatentbookError("Node is missing. It compiles Python's library for the page.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".packs-", dir=folder.parent) as work:
        out = Path(work, "out")
        out.mkdir()
        (out / "wanted.json").write_text(wanted)
        given = [INSIDE / "compile.mjs", WORKER, pyodide, site, out, INSIDE / script, *others]
        done = subprocess.run([node, *map(str, given)], capture_output=True, text=True, check=False)
        if FULL in done.stderr:
            raise OSError(errno.ENOSPC, FULL, str(folder))
        if done.returncode:
            raise LatentbookError(
                f"Python for the page cannot be packed:\n{shortened(done.stderr)}"
            )
        (out / "wanted.json").unlink()
        seal(out)
        shutil.rmtree(folder, ignore_errors=True)
        out.rename(folder)
