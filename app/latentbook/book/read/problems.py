"""Collects every mistake in the content, so that an author sees all of them at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from latentbook.errors import BookErrors, ContentError

Piece: TypeAlias = tuple[int, str, int]
"""From which line on, of which file, beginning at which line of that file."""


class Origins:
    """For each file that is not its own origin, the pieces it consists of, in order.

    Parameters
    ----------
    pieces : by the file as messages name it
    """

    def __init__(self, pieces: Mapping[str, Sequence[Piece]]) -> None:
        self.pieces = pieces

    def of(self, path: Path, line: int) -> tuple[Path, int]:
        """The file and the line in which a line of a file was written."""
        pieces = self.pieces.get(path.as_posix())
        if not pieces:
            return path, line
        nth = max(bisect_right([piece[0] for piece in pieces], line) - 1, 0)
        start, origin, first = pieces[nth]
        return Path(origin), first + max(line - start, 0)


class Problems:
    """The mistakes found so far, shared by all files of one book.

    Parameters
    ----------
    origins : where the text of each file was written, for a course laid over a book
    """

    def __init__(self, origins: Origins | None = None) -> None:
        self.errors: list[ContentError] = []
        self._origins = origins or Origins({})

    def add(self, path: Path, line: int, message: str) -> None:
        """Record a mistake. The same mistake at the same place counts once."""
        error = ContentError(*self._origins.of(path, line), message)
        if str(error) not in map(str, self.errors):
            self.errors.append(error)

    def place(self, path: Path, line: int) -> str:
        """``path:line`` of a line's source, for a message about another line."""
        origin, first = self._origins.of(path, line)
        return f"{origin}:{first}"

    def raise_all(self) -> None:
        """Raise the mistakes, if there are any."""
        if self.errors:
            raise BookErrors(self.errors)

    def of(self, path: Path) -> FileProblems:
        """The same list, for one file."""
        return FileProblems(self, path)


class FileProblems:
    """Mistakes of one file; lines count from 1."""

    def __init__(self, problems: Problems, path: Path) -> None:
        self._problems = problems
        self.path = path

    def add(self, line: int, message: str) -> None:
        self._problems.add(self.path, line, message)

    def place(self, path: Path, line: int) -> str:
        """The source of a line in any file, for a message about another line."""
        return self._problems.place(path, line)

    def read(self, path: Path) -> str:
        """The text of the file at ``path``; empty after reporting what is wrong."""
        try:
            text = path.read_text(encoding="utf-8-sig")
            if "\0" in text:
                line = text.count("\n", 0, text.index("\0")) + 1
                self.add(line, "the file holds a NUL byte: it is no text, or is damaged")
            return text.replace("\0", " ")
        except FileNotFoundError:
            self.add(1, "the file is missing")
        except OSError as error:
            self.add(1, f"the file cannot be read: {error.strerror}")
        except UnicodeDecodeError as error:
            line = path.read_bytes().count(b"\n", 0, error.start) + 1
            self.add(line, "the file is not UTF-8")
        return ""
