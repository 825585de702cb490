"""``literalinclude``: a file of the folder ``practice``, or a part of it, as a listing."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from pygments.lexers import find_lexer_class_for_filename

from latentbook.base.errors import Mistake, accepted_names
from latentbook.base.files import Files
from latentbook.book.compose.blocks import Block
from latentbook.book.compose.compose import Composer, Directive
from latentbook.book.compose.notebook import Cell, NotebookWriter
from latentbook.book.compose.pieces import Html
from latentbook.book.compose.prose import highlight_code
from latentbook.book.read.contents import PRACTICE
from latentbook.book.read.nodes import DirectiveNode
from latentbook.book.read.options import Option, text

MARK = re.compile(r"\s*(?:#|//|--|%)\s*(part|end):\s*(\S+)\s*")


@dataclass(frozen=True)
class Included(Block):
    """A file, or its lines ``first`` to ``last``; both are 0 for a complete file."""

    kind = "included"
    said = ("source",)
    seconds = 0  # read by choice
    name: str  # of the file
    place: str  # of the file below the site's root
    first: int
    last: int
    source: str
    code: Html  # highlighted, for ``pre > code``; its text is exactly ``source``


def read(node: DirectiveNode, files: Files) -> tuple[str, int, int]:
    """The text of a file or part, with its first and last line; both are 0 for a complete file."""
    place = node.argument
    shown, part = f"{PRACTICE}/{place}", node.options.get("part", "")
    if place not in files:
        raise Mistake(node.line, f"no file {shown}. {accepted_names(place, files)}")
    try:
        whole = files.data(place).decode()
    except UnicodeDecodeError:
        raise Mistake(node.line, f"{shown} is not UTF-8 text") from None
    if not part:
        return whole.rstrip(), 0, 0
    try:
        parts = parts_of(whole, is_python=place.endswith(".py"))
    except ValueError as error:
        raise Mistake(node.line, f"{shown}:{error}") from None
    if part not in parts:
        raise Mistake(node.line, f"{shown} has no part {part!r}. {accepted_names(part, parts)}")
    first, last = parts[part]
    return dedent("\n".join(whole.splitlines()[first - 1 : last])).rstrip(), first, last


def parts_of(whole: str, *, is_python: bool) -> Mapping[str, tuple[int, int]]:
    """First and last line of each part: between ``# part: NAME`` and ``# end: NAME``, and of each
    function and class of a Python file.

    Raises
    ------
    ValueError
        With the line of a mark that has no counterpart, or of a mistake in Python.
    """
    parts: dict[str, tuple[int, int]] = {}
    if is_python:
        try:
            tree = ast.parse(whole)
        except SyntaxError as error:
            raise ValueError(f"{error.lineno}: {error.msg}") from None
        for each in tree.body:
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                first = min([each.lineno, *(mark.lineno for mark in each.decorator_list)])
                parts[each.name] = first, each.end_lineno or first
    opened: dict[str, int] = {}
    for number, line in enumerate(whole.splitlines(), start=1):
        if mark := MARK.fullmatch(line):
            kind, name = mark[1], mark[2]
            if (kind == "part") == (name in opened) or (kind == "part" and name in parts):
                raise ValueError(f"{number}: {line.strip()!r} does not follow its counterpart")
            if kind == "part":
                opened[name] = number
            else:
                parts[name] = opened.pop(name) + 1, number - 1
    for name, number in opened.items():
        raise ValueError(f"{number}: part {name!r} has no end: write # end: {name}")
    return {name: (first, last) for name, (first, last) in parts.items() if first <= last}


def run(node: DirectiveNode, composer: Composer) -> Included:
    files = composer.resources.practice
    source, first, last = read(node, files)
    path = Path(node.argument)
    lexer = find_lexer_class_for_filename(path.name)
    code = highlight_code(source, lexer.aliases[0] if lexer else "text")
    place = composer.resources.media.add(path.stem, path.suffix, files.data(node.argument))
    return Included(path.name, place, first, last, source, code)


def notebook(node: DirectiveNode, writer: NotebookWriter) -> Iterator[Cell]:
    source = read(node, writer.practice)[0]
    ending = node.argument.rpartition(".")[2].replace("py", "python")
    yield Cell(f"`{node.argument}`\n\n```{ending}\n{source}\n```")


LITERALINCLUDE = Directive(
    name="literalinclude",
    argument="path of the file below practice",
    options={"part": Option(text)},
    body="none",
    run=run,
    notebook=notebook,
)
