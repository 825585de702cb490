"""Small examples to start from, written under a name that the author chooses."""

import re
from pathlib import Path

SCAFFOLD = Path(__file__).parent


def filled(template: str, name: str) -> str:
    """A file of the scaffold under a new name: 'sparse-codes' has the title 'Sparse codes'."""
    text = (SCAFFOLD / template).read_text(encoding="utf-8")
    return text.replace("NAME", name).replace("TITLE", title_of(name))


def title_of(name: str) -> str:
    return re.sub(r"[-_]", " ", name).capitalize()


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
