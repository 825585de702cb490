"""What the project's documents say of its files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
FOLDERS = "app|content|docs|examples|static|tests|tools|training|widgets"
PATH = re.compile(rf"`((?:{FOLDERS})/[\w./-]+)`")
PLACEHOLDER = re.compile(r"(?<![a-z])[A-Z]{2,}(?![a-z])")  # NAME, SLUG: for the reader to fill in
MADE = (  # by a command that the document describes, or by a course
    "app/latentbook/locale/fr/LC_MESSAGES/latentbook.po",
    "content/autoencoders/rounding-off.md",
    "content/packages.json",
    "widgets/shrinkage.py",
)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_path_leads_to_a_file(document: Path) -> None:
    named = set(PATH.findall(document.read_text(encoding="utf-8")))
    missing = [path for path in named if not (ROOT / path).exists() and path not in MADE]
    assert [path for path in missing if not PLACEHOLDER.search(path)] == []
