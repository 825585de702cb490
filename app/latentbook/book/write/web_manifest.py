"""The web manifest, by which browsers offer to install the book."""

from __future__ import annotations

import json
from pathlib import Path

from latentbook.book.compose.types import Book
from latentbook.book.write.assets import Assets

PAPER = "#fcfbf8"
ICONS = ((192, "any"), (512, "any"), (512, "maskable"))
"""Pixels per side, and purpose: the mark stays within the circle of a mask."""


def web_manifest(book: Book, assets: Assets) -> bytes:
    """The manifest as JSON, for a file in the site's folder ``assets``.

    References
    ----------
    https://www.w3.org/TR/appmanifest/
    """
    icons = [
        {
            "src": Path(assets.place(f"icon-{size}.png")).name,
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": purpose,
        }
        for size, purpose in ICONS
    ]
    manifest = {
        "name": book.title,
        "short_name": book.name,
        "description": book.description,
        "lang": book.language.tag,
        "dir": book.language.direction,
        "start_url": "../",
        "scope": "../",
        "display": "standalone",
        "background_color": PAPER,
        "theme_color": PAPER,
        "icons": icons,
    }
    return json.dumps(manifest, ensure_ascii=False, indent=1).encode()
