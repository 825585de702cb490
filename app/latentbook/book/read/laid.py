"""``laid.json``: how a merged book differs from its course and its book."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from latentbook.errors import Origins

LAID = "laid.json"


@dataclass(frozen=True)
class Laid:
    """How a course differs from the book it is made from. A book by itself differs in nothing.

    Attributes
    ----------
    origins : where each text was written
    hidden : label -> where it is hidden, as messages name it
    book : content of the book below; None where there is none
    full_book_url : address of the whole book; empty if the course names none
    made_for : release of the book that the course was made for; empty where there is none
    instruments : names of the course's own
    """

    origins: Origins
    hidden: Mapping[str, str]
    book: Path | None
    full_book_url: str
    made_for: str
    instruments: tuple[str, ...]

    @classmethod
    def read(cls, root: Path) -> Laid:
        path = root / LAID
        values = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        book = values.get("book")
        return cls(
            Origins(values.get("origins", {})),
            values.get("hidden", {}),
            Path(book) if book else None,
            values.get("full_book_url", ""),
            values.get("made_for", ""),
            tuple(values.get("instruments", ())),
        )

    def from_book(self, path: Path, line: int) -> bool:
        """Whether a line comes from the book under a course."""
        return self.book is not None and self.origins.of(path, line)[0].parts[0] == self.book.name
