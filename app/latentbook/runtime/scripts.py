"""Run the scripts of ``inside`` in Pyodide under Node: bytecode must come from its own Python."""

import errno
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from latentbook.base.cache import new_folder, seal, sealed
from latentbook.base.errors import LatentbookError
from latentbook.base.hashing import content_hash
from latentbook.settings import ROOT

INSIDE = Path(__file__).with_name("inside")
WORKER = ROOT / "static" / "js" / "python" / "worker"
FULL = os.strerror(errno.ENOSPC)
"""Python in Pyodide has different error numbers but the same message."""

PYTHON = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")


def fingerprint(pyodide: Path, script: str, *given: bytes | str) -> str:
    """Twelve hexadecimal digits for a script, the Python that runs it and its inputs."""
    tools = [INSIDE / name for name in ("compile.mjs", "latentbook_start.py", "packing.py", script)]
    tools += [WORKER / name for name in ("loader.js", "needs.js")]
    tools += [pyodide / name for name in PYTHON]
    return content_hash(*(path.read_bytes() for path in tools), *given, length=12)


def has_node() -> bool:
    return shutil.which("node") is not None


def shortened(said: str) -> str:
    """The end of Node's output, without the minified lines that it quotes."""
    lines = [line for line in said.strip().splitlines() if len(line) < 300]
    return "\n".join(lines[-20:])


def run_script(
    script: str, folder: Path, pyodide: Path, site: Path, wanted: str = ""
) -> dict[str, bytes]:
    """Run a script; store and return the files that it writes.

    Parameters
    ----------
    script : name of a file of ``inside``
    folder : created from the script's output, once it is complete
    pyodide : folder of the npm package
    site : mounted as site-packages
    wanted : text of ``/out/wanted.json``

    Raises
    ------
    LatentbookError
        If Node is missing or the script fails.
    OSError
        If the disk is full.
    """
    with new_folder(folder) as out:
        (out / "wanted.json").write_text(wanted)
        done = run_once(script, out, pyodide, site)
        if FULL in done.stderr:
            raise OSError(errno.ENOSPC, FULL, str(folder))
        if done.returncode:
            raise LatentbookError(
                f"Python for the page cannot be packed:\n{shortened(done.stderr)}"
            )
        (out / "wanted.json").unlink()
        seal(out)
    return sealed(folder) or {}


def run_once(
    script: str,
    out: Path,
    pyodide: Path,
    site: Path,
    *,
    mounted: Mapping[str, Path] | None = None,
    seconds: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a script that writes to ``out``, with further folders ``mounted`` by place.

    See :func:`run_script`; raises ``TimeoutExpired`` after ``seconds``.
    """
    node = shutil.which("node")
    if node is None:
        raise LatentbookError("Node is missing. It compiles Python's library for the page.")
    given = [INSIDE / "compile.mjs", WORKER, pyodide, site, out, INSIDE / script]
    given += [Path(part) for pair in (mounted or {}).items() for part in pair]
    command = [node, *map(str, given)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds)
