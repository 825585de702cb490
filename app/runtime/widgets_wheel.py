"""The instruments as a wheel for Pyodide: pure Python and data, the same bytes each time."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

NAME = "latentbook-widgets"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can hold


def widgets_wheel(folder: Path, version: str) -> tuple[str, bytes]:
    """File name and content of a wheel of the package in ``folder``.

    Everything in the folder is taken, except bytecode and hidden files.
    """
    stem = f"{NAME.replace('-', '_')}-{version}"
    files = {
        path.relative_to(folder.parent).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not is_ignored(path.relative_to(folder))
    }
    files |= metadata(f"{stem}.dist-info", version, files)
    return f"{stem}-py3-none-any.whl", zipped(files)


def is_ignored(path: Path) -> bool:
    """Whether a file is bytecode, hidden, or an editor's backup."""
    return path.name.endswith("~") or any(
        part == "__pycache__" or part.startswith(".") for part in path.parts
    )


def metadata(folder: str, version: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of ``dist-info``, as the wheel format asks for them."""
    described = {
        f"{folder}/METADATA": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {version}\n"
        "Requires-Dist: numpy\n",
        f"{folder}/WHEEL": "Wheel-Version: 1.0\nGenerator: latentbook\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
    }
    added = {name: text.encode() for name, text in described.items()}
    record = [
        f"{name},sha256={record_hash(content)},{len(content)}\n"
        for name, content in {**files, **added}.items()
    ]
    record.append(f"{folder}/RECORD,,\n")
    return added | {f"{folder}/RECORD": "".join(record).encode()}


def record_hash(content: bytes) -> str:
    """sha256 as RECORD writes it: URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip of ``files`` in their order, with one fixed time and mode."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = 3  # Unix, so that the mode below counts on every machine
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content, compresslevel=9)
    return buffer.getvalue()
