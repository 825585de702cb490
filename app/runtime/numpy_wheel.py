"""Where NumPy for the browser comes from, and the proof that it is the right file.

NumPy's own name on the package index has no WebAssembly wheel. Three sources are asked in order: a
file that is already here, Pyodide's public distribution, and a wheel on the package index that
carries the file as one of its members. Whatever comes must have the sha256 that stands in
Pyodide's own lock file.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import requests
from pyodide_lock import PackageSpec
from remotezip import RemoteZip, RemoteZipError  # type: ignore[import-untyped]

from app.errors import LatentbookError

CARRIER = "open-webui==0.12.4"
"""A package on the index whose wheel contains the packages of this Pyodide."""

CARRIER_FOLDER = "open_webui/frontend/pyodide"

TIMEOUT_S = 20.0

Report = Callable[[str], None]


class UnavailableError(Exception):
    """One source does not have the file; the message says why."""


def numpy_wheel(package: PackageSpec, cache: Path, pyodide_url: str, report: Report) -> Path:
    """Path of the checked wheel, downloaded into ``cache`` if it is not there.

    Parameters
    ----------
    package : entry of Pyodide's own lock file
    cache : folder
    pyodide_url : folder of Pyodide's public distribution, or "" to skip it

    Raises
    ------
    LatentbookError
        If no source can be reached, or if what one has is not the file of the lock.
    """
    path = cache / package.file_name
    if path.exists():
        check(path.read_bytes(), package, f"{path} (delete it to download it again)")
        return path
    report("Downloading NumPy for the browser (3 MB)")
    content = download(package, pyodide_url, report)
    cache.mkdir(parents=True, exist_ok=True)
    partial = cache / f".{package.file_name}.{os.getpid()}"
    partial.write_bytes(content)
    partial.replace(path)
    return path


def check(content: bytes, package: PackageSpec, origin: str) -> None:
    """Raise LatentbookError, naming both hashes, unless ``content`` is the file of the lock."""
    received = hashlib.sha256(content).hexdigest()
    if received != package.sha256:
        raise LatentbookError(
            f"{package.file_name} from {origin} has sha256 {received}; "
            f"Pyodide's lock file says {package.sha256}."
        )


def download(package: PackageSpec, pyodide_url: str, report: Report) -> bytes:
    """The checked wheel from the first source on the network that can be reached."""
    reasons = []
    if pyodide_url:
        url = f"{pyodide_url.rstrip('/')}/{package.file_name}"
        try:
            content = from_url(url)
        except UnavailableError as reason:
            report(f"Not from Pyodide's public distribution: {reason}. Trying the package index.")
            reasons.append(f"{url}: {reason}")
        else:
            check(content, package, url)
            return content
    try:
        content = from_carrier(package.file_name)
    except UnavailableError as reason:
        reasons.append(f"{CARRIER} on the package index: {reason}")
    else:
        check(content, package, CARRIER)
        return content
    raise LatentbookError(
        f"NumPy for the browser ({package.file_name}) is not in the cache and could not be "
        f"downloaded. {'; '.join(reasons)}. Connect to the network and run the command again."
    )


def from_url(url: str) -> bytes:
    """The file at an address."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as response:
            content: bytes = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise UnavailableError(getattr(error, "reason", None) or error) from error
    return content


def from_carrier(file_name: str) -> bytes:
    """One member of the carrier's wheel, read by HTTP Range: about 3 MB are moved."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
    pip += ["--dry-run", "--no-deps", "--ignore-installed", "--ignore-requires-python"]
    pip += ["--quiet", "--retries=1", f"--timeout={TIMEOUT_S:.0f}", "--report=-", CARRIER]
    found = subprocess.run(pip, capture_output=True, text=True)
    if found.returncode:
        raise UnavailableError((found.stderr.strip() or "pip found no address").splitlines()[-1])
    url = json.loads(found.stdout)["install"][0]["download_info"]["url"]
    try:
        with RemoteZip(url, timeout=TIMEOUT_S) as wheel:
            content: bytes = wheel.read(f"{CARRIER_FOLDER}/{file_name}")
    except (OSError, requests.RequestException, RemoteZipError, KeyError) as error:
        raise UnavailableError(error) from error
    return content
