"""Small copies of this project, and packages to add to them."""

from __future__ import annotations

import base64
import hashlib
import shutil
import zipfile
from pathlib import Path

from latentbook.runtime.page_packages import PagePackages
from latentbook.runtime.pins import PLATFORM
from latentbook.settings import Settings
from latentbook_authoring.packages.change import add, write

EPOCH = (1980, 1, 1, 0, 0, 0)  # the same files give the same bytes, and so the same cache entries
PURE = "py3-none-any"
COMPILED = f"cp314-cp314-{PLATFORM}"


def project(folder: Path) -> Settings:
    """A copy of this project that shares its Pyodide and its downloads."""
    here = Settings()
    shutil.copytree(here.root / "widgets", folder / "widgets")
    (folder / "node_modules").symlink_to(here.root / "node_modules")
    (here.build / "cache").mkdir(parents=True, exist_ok=True)
    (folder / "build").mkdir()
    (folder / "build" / "cache").symlink_to(here.build / "cache")
    return Settings(root=folder)


def write_wheel(
    folder: Path, name: str, files: dict[str, str], needs: tuple[str, ...] = (), tag: str = PURE
) -> Path:
    """A wheel of version 1.0 with some files."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-1.0.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
    metadata += "".join(f"Requires-Dist: {need}\n" for need in needs)
    wheel = f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n"
    content = {**files, f"{info}/METADATA": metadata, f"{info}/WHEEL": wheel}
    record = [f"{place},{digest(text)},{len(text)}" for place, text in content.items()]
    path = folder / f"{name}-1.0-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for place, text in {**content, f"{info}/RECORD": "\n".join(record)}.items():
            archive.writestr(zipfile.ZipInfo(place, EPOCH), text)
    return path


def digest(text: str) -> str:
    """A hash as a wheel's RECORD writes it."""
    raw = hashlib.sha256(text.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(raw).decode().rstrip("=")


BRANCH = """
from pathlib import Path

def leaves():
    return Path(__file__).with_name("leaves.txt").read_text()

def fall():
    raise ValueError("down")
"""


def add_packages(settings: Settings, folder: Path) -> None:
    """Add two local pure packages to a course, and regex, which is compiled."""
    files = {"tree/__init__.py": "", "tree/branch.py": BRANCH, "tree/leaves.txt": "green\n"}
    own = [
        write_wheel(folder, "tree", files, ("single",)),
        write_wheel(folder, "single", {"single.py": 'word = "one"\n'}),
    ]
    write(add(PagePackages.read(settings), [*map(str, own), "regex"], print))
