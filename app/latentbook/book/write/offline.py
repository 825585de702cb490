"""The service worker of a site: the list of files that it stores, then its script."""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latentbook.book.write.assets import worker_script
from latentbook.book.write.compress import link
from latentbook.book.write.render import EMBED
from latentbook.settings import Settings

SERVICE_WORKER = "service-worker.js"
"""At the root of the site: a service worker serves what is at and below its own path."""

Entry = tuple[str, str, int]
"""Path, integrity, compressed bytes."""

LIST_START, LIST_END = "self.latentbook=", ";\n"
"""Text before and after the list."""

WITHOUT_CONTENT = (".js", ".css", ".woff2")
"""Suffixes of files in ``assets`` that contain no part of the book itself."""

NAMED_BY_CONTENT = ("assets/", "runtime/", "search-")
"""Prefixes of files that are named by their content."""

LATER_BYTES = 150_000
"""Larger files are stored after the light part of the book."""


def service_worker(
    settings: Settings, config: Mapping[str, Any], folder: Path, digests: Mapping[str, bytes]
) -> bytes:
    """The script for one finished site.

    Parameters
    ----------
    config : the part of ``latentbook-config`` that all pages share
    folder : the site, with its compressed files
    digests : SHA-256 of each file by its place
    """
    at_once: list[Entry] = []
    later: list[Entry] = []
    for place, digest in sorted(digests.items()):
        if place.startswith(f"{EMBED}/"):  # other sites embed these from the network
            continue
        size = wire_bytes(folder / place)
        heavy = place.startswith("runtime/") or size > LATER_BYTES
        entry = (place.removesuffix("index.html"), integrity(digest), size)
        (later if heavy else at_once).append(entry)
    listed = {"config": config, "atOnce": at_once, "later": later}
    site = json.dumps(listed, sort_keys=True, separators=(",", ":"))
    return f"{LIST_START}{site}{LIST_END}{worker_script(settings)}".encode()


def keep_last_build(last: Path, site: Path, *, told: bool = False) -> None:
    """Add the last build's scripts, styles and files of Python to a new one.

    Open pages may still request them. Files that the last build had itself inherited are dropped,
    so that they do not accumulate.

    Parameters
    ----------
    last, site : folders of finished sites; there may be no last one
    told : whether the last one shows content that is now withheld; then no part of the book itself
        is copied, and readers must reload open pages
    """
    script = last / SERVICE_WORKER
    if not script.is_file():
        return
    listed, _, _ = script.read_text(encoding="utf-8").partition(LIST_END)
    own = json.loads(listed.removeprefix(LIST_START))
    for place, *_ in [*own["atOnce"], *own["later"]]:
        if not place.startswith(NAMED_BY_CONTENT) or (site / place).exists():
            continue
        if told and not (place.startswith("assets/") and place.endswith(WITHOUT_CONTENT)):
            continue
        for suffix in ("", ".br", ".gz"):
            source = last / f"{place}{suffix}"
            if source.is_file():
                target = site / f"{place}{suffix}"
                target.parent.mkdir(parents=True, exist_ok=True)
                link(source, target)


def integrity(digest: bytes) -> str:
    """A digest in the form that browsers check, https://www.w3.org/TR/sri-2/."""
    return f"sha256-{base64.b64encode(digest).decode()}"


def wire_bytes(path: Path) -> int:
    packed = path.with_name(f"{path.name}.br")
    return (packed if packed.is_file() else path).stat().st_size
