"""Files by their places below a folder, also where no folder has all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from latentbook.errors import FileProblems


class Files:
    """The files of a folder; of a course, those of its own folders and of its book's.

    Parameters
    ----------
    paths : the file at each place, such as ``autoencoders/images/net.svg``
    texts : what is there instead, put together from several files
    """

    def __init__(
        self, paths: Mapping[str, Path], texts: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self._paths = paths
        self._texts = texts

    @classmethod
    def of(cls, folder: Path) -> Files:
        """All files of a folder but bytecode."""
        found = (path for path in folder.rglob("*") if "__pycache__" not in path.parts)
        return cls({path.relative_to(folder).as_posix(): path for path in found if path.is_file()})

    def __contains__(self, place: str) -> bool:
        return place in self._paths or place in self._texts

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._paths.keys() | self._texts.keys()))

    def inside(self, folder: str, ending: str = "") -> list[str]:
        """The places in a folder, those in its own folders left out."""
        depth = folder.count("/") + 1
        return [place for place in self.below(folder, ending) if place.count("/") == depth]

    def below(self, folder: str, ending: str = "") -> list[str]:
        """The places in a folder and in its own folders."""
        return [each for each in self if each.startswith(f"{folder}/") and each.endswith(ending)]

    def path(self, place: str) -> Path:
        """The file itself.

        Raises
        ------
        KeyError
            If there is none, or if the text there is put together from several files.
        """
        return self._paths[place]

    def data(self, place: str) -> bytes:
        if place in self._texts:
            return self._texts[place].encode()
        return self._paths[place].read_bytes()

    def text(self, place: str, report: FileProblems) -> str:
        """The text as far as it can be read; what is wrong with it is reported."""
        if place in self._texts:
            return self._texts[place]
        return report.read(self._paths.get(place, Path(place)))
