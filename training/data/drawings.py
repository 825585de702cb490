"""SVG drawn to pixels by npm's `sharp`.

It is installed once in `build/data/`, with the packages of faces, and is not part of the book.
"""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from training.data import packages
from training.errors import DataMismatch, DataUnavailable

SHARP = "sharp@0.35.5"
BEFORE = "2026-11-20"  # the packages' own dependencies are resolved as of this day
DRAWER = Path(__file__).with_name("draw_svg.mjs")


def draw(svgs: Sequence[str], side: int, of: str) -> NDArray[np.uint8]:
    """Pictures of SVG drawings on white.

    Parameters
    ----------
    svgs : n drawings
    side : px
    of : the kind of drawing, in the plural, for messages

    Returns
    -------
    uint8 ndarray of shape (n, side, side, 3)

    Raises
    ------
    DataUnavailable
        If npm or node is missing, or npm cannot reach its registry.
    DataMismatch
        If a drawing cannot be drawn.
    """
    done = run_script(DRAWER, (SHARP,), of, str(side), input=json.dumps(svgs).encode())
    pixels = np.frombuffer(done, np.uint8)
    return pixels.reshape(len(svgs), side, side, 3)


def run_script(
    script: Path, needs: tuple[str, ...], of: str, *arguments: str, input: bytes
) -> bytes:
    """The output of a script of node's that imports npm packages.

    Parameters
    ----------
    script : a file beside this one
    needs : the packages, each with its version
    of : what is drawn, in the plural, for messages

    Raises
    ------
    DataUnavailable
        If npm or node is missing, or npm cannot reach its registry.
    DataMismatch
        If the script fails, or writes to its standard error.
    """
    where = str(installed(script, needs, of))
    done = run("node", where, *arguments, of=of, input=input)
    if done.returncode or done.stderr:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise DataMismatch(f"{of.capitalize()} could not be drawn: {said[:3]}")
    return done.stdout


def installed(script: Path, needs: tuple[str, ...], of: str) -> Path:
    """Copy a script next to the packages that it imports, so that node finds them."""
    folder = packages.DATA_DIR / "-".join(needs).replace("/", "-")
    copy = folder / script.name
    packages.DATA_DIR.mkdir(parents=True, exist_ok=True)
    with FileLock(packages.DATA_DIR / f"{folder.name}.lock"):
        if not copy.exists():
            folder.mkdir(parents=True, exist_ok=True)
            options = (f"--before={BEFORE}", "--ignore-scripts", "--no-audit", "--no-fund")
            done = run("npm", "install", *options, "--prefix", str(folder), *needs, of=of)
            if done.returncode:
                raise DataUnavailable(
                    f"{of.capitalize()} cannot be drawn: `npm install {' '.join(needs)}` failed. "
                    "Is this machine connected to the network? It is needed once."
                )
        copy.write_bytes(script.read_bytes())
    return copy


def run(*command: str, of: str, input: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(command, input=input, capture_output=True, check=False)
    except FileNotFoundError:
        message = f"{of.capitalize()} cannot be drawn: {command[0]} is not installed."
        raise DataUnavailable(message) from None
