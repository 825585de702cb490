"""Small examples to start from, written under the author's name for them."""

from __future__ import annotations

import re
from pathlib import Path

SCAFFOLD = Path(__file__).parent


def write_from(template: str, path: Path, name: str) -> Path:
    """Write a file of the scaffold under a new name, creating its folder."""
    text = (SCAFFOLD / template).read_text(encoding="utf-8")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.replace("NAME", name).replace("TITLE", title_of(name)), encoding="utf-8")
    return path


def title_of(name: str) -> str:
    """'sparse-codes' as a title."""
    return re.sub(r"[-_]", " ", name).capitalize()
