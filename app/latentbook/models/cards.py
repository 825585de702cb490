"""Cards: the JSON beside every file of weights or exported arrays that says how it was made."""

import hashlib
import json
from pathlib import Path
from typing import Any

Card = dict[str, Any]
"""The content of one card; the keys are those of the JSON files."""


def sha256(content: bytes) -> str:
    """Hexadecimal sha256."""
    return hashlib.sha256(content).hexdigest()


def read_card(path: Path) -> Card:
    """The content of a card."""
    card: Card = json.loads(path.read_text(encoding="utf-8"))
    return card
