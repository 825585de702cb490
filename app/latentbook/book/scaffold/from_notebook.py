"""``latentbook new section --from``: a Jupyter notebook as a section.

Forms that a page does not have, such as HTML, stay in the text, where the check reports them.
"""

import ast
import json
import re
from base64 import b64decode
from collections.abc import Iterable
from mimetypes import guess_extension
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes

import nbformat
from markdown_it.token import Token
from nbformat import NotebookNode
from nbformat.v4.rwbase import rejoin_lines

from latentbook.book.read.parse import make_markdown, source_lines
from latentbook.book.read.recordings import PLOTLY
from latentbook.book.scaffold import title_of
from latentbook.errors import LatentbookError

ACCEPTED = "A section is made from a Jupyter notebook of nbformat 4, in Python."
PICTURE = re.compile(r"(?<=\]\()(attachment|data):((?:[^\s()]|\([^\s()]*\))+)")
EQUATION = re.compile(
    r"(?s)\s*\$\$\s*(.+?)(?:\s*\\tag\{([\w.]+)\})?\s*\$\$( \([\w-]+\))?([.,;:]?)\s*"
)
BOLD = re.compile(r"(?:^|\n\n)\*\*(?:\w+ \w+\.\d+\. )?((?:(?!\*\*).)+)\*\*\s*$")
"""A paragraph that is a title, like the one above each snippet in the notebooks of a book."""

MAGIC = re.compile(r"[ \t]*(?:[%!?]|[\w.]+\?)(?:.*\\\n)*.*\n?")
MAGIC_OF_PYTHON = re.compile(r"%%(time|timeit|capture|prun)\b")
NO_EFFECT = re.compile(r"(hide|remove)-.*|raises-exception|skip-execution")


class NotebookSection:
    """The ``text`` of a section, its ``pictures`` by file name, and ``notes`` for its author.

    Raises LatentbookError if the file is not a notebook in Python of nbformat 4.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.name, self.title = name, title_of(name)
        self.pictures: dict[str, bytes] = {}
        self.notes: list[str] = []
        cells = _read(path)
        blocks = [_blocks(cell) for cell in cells]
        levels = [int(t.tag[1]) for each in blocks for t in each if t.type == "heading_open"]
        self.title_is_next = bool(levels) and levels[0] < min(levels[1:], default=7)
        self.top = min(levels[self.title_is_next :], default=2)
        self.heading = self.title
        parts: list[str] = []
        for self.number, (self.cell, tokens) in enumerate(zip(cells, blocks, strict=True), 1):
            tags = self.cell.metadata.get("tags", [])
            if self.cell.cell_type == "code":
                self._snippet(parts, tags)
            elif self.cell.cell_type == "raw" or "remove-cell" in tags:
                tagged = " tagged remove-cell" if "remove-cell" in tags else ""
                self.note(f"a {self.cell.cell_type} cell{tagged} is left out")
            else:
                parts.append(self._markdown(tokens))
        title = json.dumps(self.title, ensure_ascii=False)
        front = f"---\ntitle: {title}\ndescription: {title}\n---"
        self.text = "\n\n".join([front, *filter(None, parts)]) + "\n"

    def note(self, message: str) -> None:
        self.notes.append(f"cell {self.number}: {message}")

    def _markdown(self, tokens: Iterable[Token]) -> str:
        lines, written, end = source_lines(self.cell.source), [], 0
        for token in tokens:
            first, last = token.map or (end, end)
            written += [*lines[end:first], self._block(token, "\n".join(lines[first:last]))]
            end = last
        return "\n".join([*written, *lines[end:]]).strip()

    def _block(self, token: Token, source: str) -> str:
        match token.type:
            case "hr" | "front_matter":
                self.note(f"{source!r} is left out: headings divide a page")
                return ""
            case "heading_open":
                words = re.sub(r"^\s*#+\s|\n\s*[=-]+\s*$|\s#+\s*$", "", source)
                self.heading = " ".join(words.split())
                if self.title_is_next:
                    self.title, self.title_is_next = self.heading, False
                    return ""
                return f"{'#' * (int(token.tag[1]) - self.top + 2)} {self.heading}"
            case "paragraph_open" | "math_block":
                source = EQUATION.sub(self._equation, source).strip()
        return PICTURE.sub(self._picture, source)

    def _equation(self, found: re.Match[str]) -> str:
        tex, tag, label, point = found.groups("")
        label = f" ({self.name}-{tag.lower().replace('.', '-')})" if tag else label
        return f"\n\n$$\n{tex}{point}\n$${label}\n\n"

    def _picture(self, found: re.Match[str]) -> str:
        """The name of a picture's file; what was found, which the check reports, if it is none."""
        kind, _, data = found[2].partition(",")
        if found[1] == "attachment":
            attached = self.cell.get("attachments", {}).get(unquote(found[2]), {})
            kind, data = next(iter(attached.items()), ("", ""))
        raw = unquote_to_bytes(data)
        try:
            picture = raw if raw.lstrip().startswith(b"<") else b64decode(raw)
        except ValueError:
            picture = b""
        if not picture:
            return found[0]
        ending = guess_extension(kind.partition(";")[0]) or ""
        name = f"images/{self.name}-{len(self.pictures) + 1}{ending}"
        self.pictures[name] = picture
        self.note(f"its picture is {name}: say what it shows as its alt text")
        return name

    def _snippet(self, parts: list[str], tags: Iterable[str]) -> None:
        """Add a code cell to the parts; the last of them may end with its title."""
        code, left_out = _python(self.cell.source)
        for line in left_out:
            self.note(f"{line!r} is left out: only IPython understands it")
        for tag in filter(NO_EFFECT.fullmatch, tags):
            self.note(f"the tag {tag} has no effect: a page runs its code, and shows it")
        for data in (output.get("data", {}) for output in self.cell.outputs):
            kinds = [kind for kind in data if not kind.startswith("text/")]
            if kinds and PLOTLY not in data:
                what = "its code draws it again with Plotly or Matplotlib (docs/packages.md)"
                self.note(f"its output {', '.join(kinds)} is left out: {what}")
        if not code:
            return
        title = self.heading
        if parts and (found := BOLD.search(parts[-1])):
            title, parts[-1] = found[1], parts[-1][: found.start()]
        elif comment := re.match(r"#+ *(\w.*)", code):
            title = comment[1]
        options = f":label: {self.name}-cell-{self.number}\n:title: {title}"
        fence = "`" * max(3, 1 + max(map(len, re.findall("`+", code)), default=0))
        parts.append(f"{fence}{{code-cell}} python\n{options}\n\n{code}\n{fence}")


def _read(path: Path) -> list[NotebookNode]:
    try:
        notebook = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or f"not JSON: {error}"
        raise LatentbookError(f"{path} cannot be read: {why}. {ACCEPTED}") from None
    version = notebook.get("nbformat") if isinstance(notebook, dict) else None
    if version != 4:
        raise LatentbookError(f"{path} has the nbformat {version}. {ACCEPTED}")
    try:
        # Without ids, which 4.5 requires and nothing here needs.
        nbformat.validate(notebook, version=4, version_minor=4, relax_add_props=True)
    except nbformat.ValidationError as error:
        why = f"at {error.json_path}: {error.message[-120:]}"
        raise LatentbookError(f"{path} is damaged {why}. {ACCEPTED}") from None
    language = notebook["metadata"].get("language_info", {}).get("name", "python")
    if language not in ("python", "ipython"):
        raise LatentbookError(f"{path} is in the language {language}. {ACCEPTED}")
    cells: list[NotebookNode] = rejoin_lines(nbformat.from_dict(notebook)).cells
    return cells


def _blocks(cell: NotebookNode) -> list[Token]:
    """The first token of each block; none of a cell that a page leaves out."""
    if cell.cell_type != "markdown" or "remove-cell" in cell.metadata.get("tags", []):
        return []
    tokens = make_markdown().parse(cell.source)
    return [each for each in tokens if each.level == 0 and each.nesting >= 0 and each.map]


def _python(source: str) -> tuple[str, list[str]]:
    """Code without the lines that only IPython understands, and these lines."""
    code, left_out = source.strip("\n"), []
    if code.startswith("%%") and not MAGIC_OF_PYTHON.match(code):
        return "", [code.partition("\n")[0]]
    while True:
        try:
            ast.parse(code)
        except SyntaxError as error:
            start = sum(len(line) + 1 for line in code.split("\n")[: (error.lineno or 1) - 1])
            if magic := MAGIC.match(code, start):
                left_out.append(magic[0].strip())
                code = code[:start] + code[magic.end() :]
                continue
        return code.strip("\n"), left_out
