"""Collects every mistake in the content, so that an author sees all of them at once."""

from __future__ import annotations

from pathlib import Path

from latentbook.book.read.laid import Origins
from latentbook.errors import BookErrors, ContentError


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
