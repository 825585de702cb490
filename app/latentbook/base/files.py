"""Files by place below a folder, even if they come from several folders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from latentbook.base.errors import FileProblems


class Files:
    """The files of a folder, or of a course together with its book.

    Parameters
    ----------
    paths : the file at each place, such as ``autoencoders/images/net.svg``
    texts : texts put together from several files, which replace the file at their place
    """

    def __init__(
        self, paths: Mapping[str, Path], texts: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self._paths = paths
        self._texts = texts

    @classmethod
    def of(cls, folder: Path) -> Files:
        """All files of a folder except bytecode."""
        found = (path for path in folder.rglob("*") if "__pycache__" not in path.parts)
        return cls({path.relative_to(folder).as_posix(): path for path in found if path.is_file()})

    def __contains__(self, place: str) -> bool:
        return place in self._paths or place in self._texts

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._paths.keys() | self._texts.keys()))

    def inside(self, folder: str, ending: str = "") -> list[str]:
        """The places directly in a folder, without its subfolders."""
        depth = folder.count("/") + 1
        return [place for place in self.below(folder, ending) if place.count("/") == depth]

    def below(self, folder: str, ending: str = "") -> list[str]:
        """The places in a folder and its subfolders."""
        return [each for each in self if each.startswith(f"{folder}/") and each.endswith(ending)]

    def path(self, place: str) -> Path:
        """Path of the file at a place.

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
        """Return the text as far as it is readable; report any fault."""
        if place in self._texts:
            return self._texts[place]
        return report.read(self._paths.get(place, Path(place)))
