"""Numbers for ``{num}``: from the chapter's ``numbers.py`` or from a snippet's variable."""

import ast
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TypeAlias

from latentbook.base.errors import accepted_names
from latentbook.base.files import Files
from latentbook.base.hashing import content_hash
from latentbook.book.read.nodes import DirectiveNode
from latentbook.book.read.recordings import NUMBERS, Recordings, code_hashes
from latentbook.book.read.sources import imported, reached

DIGITS = 6
"""Significant digits to record: enough for any text, few enough that all processors agree."""

STALE = (
    "this file, or what it reads, has changed since its numbers were recorded: "
    "run the check with --record"
)
WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    *("nineteen", "twenty"),
)
PLUMBING = (
    *("contract.py", "controls.py", "renamed.py"),
    *("kit/figures.py", "kit/text.py", "data/__init__.py"),
)
"""Modules of ``widgets`` that compute no numbers."""

QUOTED = re.compile(r"""["'](\w+)["']""")
LONGEST = 8  # maximum lines of code on a card

Values: TypeAlias = Mapping[str, Mapping[str, float]]
"""Numbers by name, for each snippet by its label and for ``NUMBERS``."""


class NumberError(ValueError):
    pass


@dataclass(frozen=True)
class Asked:
    """One use of ``{num}``."""

    slug: str
    path: Path
    line: int
    content: str  # probe.vae:.0f


@dataclass(frozen=True)
class Number:
    """A number as the text shows it, and the code that made it."""

    value: float
    text: str
    code: str
    path: Path
    line: int


@dataclass(frozen=True)
class Numbers:
    """The numbers that the text of one chapter can show.

    Attributes
    ----------
    path : of ``numbers.py``, as shown in messages
    source : its text, empty if the chapter has none
    cells : the snippets that run, by label, each with its file
    data : folders of files that the code may read, besides ``widgets/data``
    """

    path: Path
    source: str
    widgets: Files
    cells: Mapping[str, tuple[Path, DirectiveNode]]
    recordings: Recordings
    data: Sequence[Path] = ()

    @cached_property
    def hashes(self) -> Mapping[str, str]:
        """Hashes of all inputs to the numbers of each snippet and of ``numbers.py``."""
        hashes = code_hashes([node for _, node in self.cells.values()])
        if self.source:
            hashes[NUMBERS] = made_from(self.source, self.widgets, self.data)
        return hashes

    @property
    def stale(self) -> bool:
        """Whether ``numbers.py`` or one of its inputs has changed since it was recorded."""
        return bool(self.source) and not self.recordings.current(NUMBERS, self.hashes[NUMBERS])

    def maker(self, name: str) -> tuple[str, str]:
        """The snippet or file that computes a number, and the number's name there."""
        label, _, variable = name.partition(".")
        return (label, variable) if label in self.cells and variable else (NUMBERS, name)

    def number(self, content: str, values: Values | None = None) -> Number:
        """The number for ``name:format``, recorded or among ``values`` just computed.

        Raises
        ------
        NumberError
            If there is no such number, or the format does not fit it.
        """
        full, _, form = content.partition(":")
        if not form:
            raise NumberError(f"write {{num}}`{full}:.1f`, a name and a format; got {content!r}")
        maker, name = self.maker(full)
        recording = self.recordings.current(maker, self.hashes.get(maker, ""))
        recorded = recording.numbers if recording else {}
        found = recorded if values is None else values.get(maker, {})
        if name not in found:
            raise NumberError(self.why_missing(maker, name, found))
        path, cell = self.cells.get(maker, (self.path, None))
        code, line = made_by(cell.code if cell else self.source, name)
        line += cell.body_line if cell else 1
        return Number(found[name], written(found[name], form), code, path, line)

    def makes(self, name: str) -> bool:
        """Whether the chapter's code sets this number, recorded or not."""
        root, _, variable = name.partition(".")
        return bool(variable and root in self.cells) or root in setting(self.source)

    def elsewhere(self, content: str, chapters: Mapping[str, "Numbers"]) -> str:
        """Return a sentence to add to an error if another chapter has the number; else empty."""
        name = content.partition(":")[0]
        others = [] if self.makes(name) else [s for s, each in chapters.items() if each.makes(name)]
        return (
            f" Chapter {others[0]!r} has it; a text quotes only its own chapter." if others else ""
        )

    def why_missing(self, maker: str, name: str, found: Mapping[str, float]) -> str:
        if inside := [each for each in found if each.startswith(f"{name}.")]:
            return f"{name!r} is several numbers. {accepted_names(name, inside)}"
        if maker != NUMBERS:
            return f"{name!r} of {maker} is not recorded: run the check with --record"
        if not self.source:
            labels = accepted_names(name.partition(".")[0], self.cells)
            return f"no number {name!r}: there is no {self.path}. Snippets with variables: {labels}"
        return f"no number {name!r} in {self.path}. {accepted_names(name, found)}"


def made_from(source: str, widgets: Files, data: Sequence[Path] = ()) -> str:
    """Hash the text of a ``numbers.py`` with the modules, arrays and cards that it uses.

    Return an empty string if it is not Python.
    """
    try:
        modules = reached(widgets, imported(source.encode(), "")) - {*PLUMBING}
    except (ImportError, SyntaxError):  # from . import anything
        return ""
    texts = [source, *(widgets.data(each).decode(errors="replace") for each in modules)]
    contents = []
    for name in sorted(set(QUOTED.findall("\n".join(texts)))):
        files = (f"{name}.npz", f"{name}.json")
        contents += [widgets.data(f"data/{file}") for file in files if f"data/{file}" in widgets]
        paths = (folder / file for folder in data for file in files)
        contents += [path.read_bytes() for path in paths if path.is_file()]
    return content_hash(*sorted(texts), *contents, length=16)


def rounded(value: float) -> float:
    return value if isinstance(value, int) else float(f"{value:.{DIGITS}g}")


def written(value: float, form: str) -> str:
    """Write a number in one of Python's formats, or as a word from zero to twenty."""
    if form == "words":
        if not 0 <= round(value) < len(WORDS):
            raise NumberError(f"format 'words' writes zero to twenty; the number is {value:g}")
        return WORDS[round(value)]
    try:
        return format(value, form).replace("-", "−")
    except ValueError as error:
        raise NumberError(
            f"format {form!r} does not fit {value!r} ({error}). Accepted: words, and Python's, "
            "such as .1f, .0%, d and a comma"
        ) from None


def made_by(source: str, name: str) -> tuple[str, int]:
    """Return the code that last sets a name, and its first line, counted from 0.

    For ``probe.vae`` that is the line of ``"vae"`` in the dict ``probe``.
    """
    root, _, key = name.partition(".")
    statements = setting(source).get(root)
    if not statements:
        return "", 0
    node = max(statements, key=lambda each: each.lineno)
    first, last = node.lineno, node.end_lineno or node.lineno
    if isinstance(node, ast.For):
        last = first
    elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
        for each, value in zip(node.value.keys, node.value.values, strict=True):
            if isinstance(each, ast.Constant) and str(each.value) == key:
                first, last = each.lineno, value.end_lineno or value.lineno
    lines = source.splitlines()[first - 1 : min(last, first - 1 + LONGEST)]
    return textwrap.dedent("\n".join(lines)), first - 1


@lru_cache(maxsize=32)
def setting(source: str) -> Mapping[str, list[ast.stmt]]:
    """The statements outside functions that set each name, or an item of it."""
    found: dict[str, list[ast.stmt]] = {}
    try:
        ahead = ast.parse(source).body
    except SyntaxError:
        ahead = []  # reported when it runs
    while ahead:
        node = ahead.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for target in getattr(node, "targets", None) or [getattr(node, "target", ast.Pass())]:
            for part in ast.walk(target):
                if isinstance(part, ast.Name):
                    found.setdefault(part.id, []).append(node)
        ahead += [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]
    return found
