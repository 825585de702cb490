"""The hash by which all content is named."""

import hashlib


def content_hash(*parts: bytes | str, length: int = 10) -> str:
    """Hexadecimal digits that identify the content."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:length]
