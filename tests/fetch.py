"""Fetch everything that tests need from the network: ``python -m tests.fetch``."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from filelock import FileLock

from latentbook.settings import Settings

CACHE = Settings().build / "cache"
OIDC_PROVIDER = "oidc-provider@9.13.3"
OPEN_EDX = Path(__file__).with_name("classroom") / "open_edx.lock"
PAUSES_S = (2, 20)


class Unavailable(Exception):
    pass


def data_set(name: str) -> None:
    from training.data import load_dataset  # torch, which nothing else here needs
    from training.data.emoji import load_emoji
    from training.data.faces import all_factors, draw_faces, draw_strangers
    from training.data.text import load_definitions, load_speeches
    from training.errors import DataUnavailable

    def draw_one_face_of_each_style() -> None:
        draw_faces(*(each[:1] for each in all_factors()))
        draw_strangers(1, "smile")

    loaders = {
        "emoji": load_emoji,
        "faces": draw_one_face_of_each_style,
        "wordnet": load_definitions,
        "speeches": load_speeches,
    }
    try:
        loaders.get(name, partial(load_dataset, name))()
    except DataUnavailable as error:
        raise Unavailable(str(error)) from None


def oidc_provider() -> Path:
    """Folder with the npm package and its dependencies of that date, separate from the book's."""
    folder = CACHE / OIDC_PROVIDER
    options = ("--before=2026-10-30", "--ignore-scripts", "--no-audit", "--no-fund")
    command = ("npm", "install", *options, "--prefix")
    return made(folder, lambda path: (*command, str(path), OIDC_PROVIDER))


def open_edx() -> Path:
    """A Python with Open edX's LTI component."""
    made_from = hashlib.sha256(OPEN_EDX.read_bytes() + sys.version.encode()).hexdigest()[:12]
    install = ("install", "--quiet", "--no-deps", "--only-binary", ":all:", "-r", str(OPEN_EDX))

    def command(path: Path) -> tuple[str, ...]:
        venv = (sys.executable, "-m", "venv", "--clear", "--without-pip", path)
        subprocess.run(venv, check=True)
        python = str(path / "bin" / "python")
        return (str(Path(sys.executable).with_name("uv")), "pip", *install, "--python", python)

    return made(CACHE / f"openedx-{made_from}", command) / "bin" / "python"


def made(folder: Path, command: Callable[[Path], tuple[str, ...]]) -> Path:
    """A folder that a command fills, once.

    Raises
    ------
    Unavailable
        If the command fails.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f"{folder.name}.lock")):
        if not (done := folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            tried = subprocess.run(command(folder), capture_output=True, text=True, check=False)
            if tried.returncode:
                raise Unavailable(f"{folder.name}: {tried.stderr[-300:]}")
            done.touch()
    return folder


def main() -> None:
    """Try each download three times. Report failures; their tests are skipped."""
    names = ("mnist", "fashion_mnist", "emoji", "faces", "wordnet", "speeches")
    wanted = [partial(data_set, name) for name in names]
    for fetch in (*wanted, oidc_provider, open_edx):
        for pause in (*PAUSES_S, None):
            try:
                fetch()
                break
            except Unavailable as error:
                if pause is None:
                    print(f"Tests that need it are skipped: {error}", flush=True)
                else:
                    time.sleep(pause)


if __name__ == "__main__":
    main()
