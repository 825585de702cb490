"""Files that a page needs besides itself, named by their content."""

from __future__ import annotations

import hashlib


def content_hash(*parts: bytes | str, length: int = 10) -> str:
    """Hexadecimal digits that stand for the content."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:length]


class Media:
    """Pictures collected while the book is read; written out by the site."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def add(self, name: str, suffix: str, data: bytes) -> str:
        """Keep a file and return its place below the site's root."""
        place = f"assets/{name}-{content_hash(data)}{suffix}"
        self.files[place] = data
        return place
