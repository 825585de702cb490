"""The labels and numbers of a book that is read but not composed."""

from __future__ import annotations

from pathlib import Path

from latentbook.book.compose.labels import Labels
from latentbook.book.directives import DIRECTIVES, by_name
from latentbook.book.read.manifest import manifest_file, read_manifest
from latentbook.book.read.problems import Problems
from latentbook.book.read.source import SourceReader


def numbered(content: Path) -> Labels:
    """Every label below a folder of content; mistakes are not reported."""
    unheard, labels = Problems(), Labels()
    file = manifest_file(content)
    manifest = read_manifest(file, unheard.of(Path(file.name)))
    reader = SourceReader(content, dict(by_name(DIRECTIVES)), unheard, content.parent / "widgets")
    for entry in manifest.entries:
        if (source := reader.chapter(entry)) is not None:
            labels.add_chapter(source, unheard)
    return labels
