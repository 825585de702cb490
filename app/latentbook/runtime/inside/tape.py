"""Records output in order, without paths of the machine."""

import contextlib
import io
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

STREAMS = ("stdout", "stderr")
TEXTS = (*STREAMS, "text/plain")
IN_LIBRARY = re.compile(
    r"(?<![^\s\"'(=])[^\s\"'(=]*[/\\](?:(?:site|dist)-packages|lib/python3\.\d+)[/\\]+"
)
LINE_IN_LIBRARY = re.compile(r"(?<=\.py):\d+(?=: \w+: )")


class Tape:
    """Records what code prints and displays."""

    def __init__(self) -> None:
        self._pieces: list[tuple[str, str]] = []

    def add(self, kind: str, data: str) -> None:
        if self._pieces and self._pieces[-1][0] == kind and kind in STREAMS:
            data = self._pieces.pop()[1] + data
        self._pieces.append((kind, data))

    @property
    def pieces(self) -> list[tuple[str, str]]:
        return [(kind, portable(data) if kind in TEXTS else data) for kind, data in self._pieces]

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Record everything that the block prints."""
        with (
            contextlib.redirect_stdout(self._stream("stdout")),
            contextlib.redirect_stderr(self._stream("stderr")),
        ):
            yield

    def _stream(self, name: str) -> io.TextIOBase:
        tape = self

        class Stream(io.TextIOBase):
            def write(self, text: str) -> int:
                if text:
                    tape.add(name, text)
                return len(text)

        return Stream()


def portable(text: str) -> str:
    """Text with paths that are the same on every machine: files of libraries by their modules."""
    libraries = {each for each in sys.path if len(Path(each).parts) > 1}
    for folder in sorted(libraries, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(folder)}[/\\]+", "", text)
    near = ((tempfile.gettempdir(), "/tmp"), (str(Path.cwd()), "~"), (str(Path.home()), "~"))
    for folder, short in near:
        if len(Path(folder).parts) > 1:
            text = re.sub(rf"(?<![\w~]){re.escape(folder)}(?![\w-])", short, text)
    return without_libraries(text)


def without_libraries(text: str) -> str:
    """Text of any machine, without library folders and the line numbers in their warnings."""
    return LINE_IN_LIBRARY.sub("", IN_LIBRARY.sub("", text))
