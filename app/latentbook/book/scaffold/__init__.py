"""Small examples to start from, and how they are written under a name of the author's."""

from __future__ import annotations

import re
from pathlib import Path

SCAFFOLD = Path(__file__).parent


def write_from(template: str, path: Path, name: str) -> Path:
    """Write a file of the scaffold under a name of the author's; the folder is made."""
    text = (SCAFFOLD / template).read_text(encoding="utf-8")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.replace("NAME", name).replace("TITLE", title_of(name)), encoding="utf-8")
    return path


def title_of(name: str) -> str:
    """'sparse-codes' as a title."""
    return re.sub(r"[-_]", " ", name).capitalize()
