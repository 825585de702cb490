"""The service worker of a site: its script, and in front of it what it keeps."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path

from app.book.assets import worker_script
from app.settings import Settings

SERVICE_WORKER = "service-worker.js"
"""At the root of the site: a service worker serves what lies beside and below it."""

Entry = tuple[str, str, int]
"""Place, integrity, bytes on the wire."""

LATER_BYTES = 150_000
"""What the network carries more of than this is kept once the light part of the book is."""


def service_worker(
    settings: Settings, build: str, folder: Path, digests: Mapping[str, bytes]
) -> bytes:
    """The script for one finished site.

    Parameters
    ----------
    build : stands for the whole site
    folder : the site, with its compressed files
    digests : SHA-256 of each file by its place; all of them are kept, at once or later
    """
    at_once: list[Entry] = []
    later: list[Entry] = []
    for place, digest in sorted(digests.items()):
        size = wire_bytes(folder / place)
        heavy = place.startswith("runtime/") or size > LATER_BYTES
        entry = (place.removesuffix("index.html"), integrity(digest), size)
        (later if heavy else at_once).append(entry)
    site = json.dumps({"build": build, "atOnce": at_once, "later": later}, separators=(",", ":"))
    return f"self.latentbook={site};\n{worker_script(settings)}".encode()


def integrity(digest: bytes) -> str:
    """A digest as browsers write it, https://www.w3.org/TR/sri-2/."""
    return f"sha256-{base64.b64encode(digest).decode()}"


def wire_bytes(path: Path) -> int:
    """What the network carries of a file."""
    packed = path.with_name(f"{path.name}.br")
    return (packed if packed.is_file() else path).stat().st_size
