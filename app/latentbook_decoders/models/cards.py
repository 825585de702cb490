"""Cards: the JSON next to every file of weights or exported arrays that records how it was made."""

import hashlib
import json
from pathlib import Path
from typing import Any

import widgets

WEIGHTS_DIR = Path(__file__).parent / "weights"

Card = dict[str, Any]
"""The content of a card, with the keys of the JSON file."""


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def read_card(path: Path) -> Card:
    card: Card = json.loads(path.read_text(encoding="utf-8"))
    return card


def card(name: str) -> Card:
    """The card of a model's weights or of an array of ``widgets.data``, for ``numbers.py``.

    Raises
    ------
    KeyError
        If there is none of that name.
    """
    folders = [WEIGHTS_DIR, *(Path(each) / "data" for each in widgets.__path__)]
    path = next((p for f in folders if (p := f / f"{name}.json").is_file()), None)
    if path is None:
        names = sorted(path.stem for folder in folders for path in folder.glob("*.json"))
        raise KeyError(f"There is no card {name!r}. Accepted names: {', '.join(names)}.")
    return read_card(path)
