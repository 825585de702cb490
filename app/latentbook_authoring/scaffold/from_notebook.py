"""``latentbook new section --from``: a Jupyter notebook or a Markdown file as a section.

Markup that a page does not support, such as HTML, stays in the text, and the check reports it.
"""

import json
import re
from base64 import b64decode
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from mimetypes import guess_extension
from operator import itemgetter
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, unquote_to_bytes

from markdown_it.token import Token

from latentbook.book.compose.math import DEFINITION, Notation
from latentbook.book.compose.pictures import RASTER
from latentbook.book.read.parse import is_closed, make_markdown, source_lines
from latentbook.book.read.recordings import PLOTLY
from latentbook_authoring.scaffold import title_of
from latentbook_authoring.scaffold.cells import read_notebook
from latentbook_authoring.scaffold.ipython import CELL_MAGIC, Scope, plain_python

MARKDOWN = make_markdown().disable(["front_matter", "smartquotes"])
"""A parser for cells, which may begin with a rule; quotation marks stay as they are."""
ONLY_MYST = {"myst_line_comment": "%", "myst_block_break": "+++"}
ABOUT = ("description", "subtitle", "abstract")
USED = {"title", *ABOUT, "jupytext", "jupyter", "kernelspec"}

MATHEMATICS = re.compile(
    r"(?P<code>(?<!`)(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`))"
    r"|\s*(?<!\\)\$\$\s*(?P<tex>.+?)(?:\s*\\tag\{(?P<tag>[\w.]+)\})?\s*\$\$"
    r"(?P<label> \([\w-]+\))?(?P<point>[.,;:]?)\s*"
    r"|(?<![\\$])\$(?P<inline>[^$]+)\$"
    r"|^[ \t]*(?P<bare>\\begin\{(?P<name>aligned(?:at)?|split|gathered|[dr]?cases|d?array)\}"
    r".*?\\end\{(?P=name)\})[ \t]*$",
    re.DOTALL | re.MULTILINE,
)
ANCHOR = re.compile(
    r"<a\s(?![^>]*href)[^>]*?(?:id|name)\s*=\s*[\"']?([^\"'\s>]+)[^>]*>\s*(?:</a>)?"
)
LINK = re.compile(r"(?<=\]\(#)(?:[^()\s]|\([^()\s]*\))+(?=\))")
IMG = re.compile(r"""<img\b(?:"[^"]*"|'[^']*'|[^>"'])*>""", re.IGNORECASE)
ATTRIBUTE = re.compile(r"""\b(src|alt)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))""", re.IGNORECASE)
PICTURE = re.compile(
    r"(!\[(?:[^\[\]]|\[[^\[\]]*\])*\]\(\s*|^(?:`{3,}|:{3,})\{(?:figure|image)\}[ \t]+)"
    r"(?:<([^<>\n]+)>|(data:[^,\s]*,\s*<svg\b.*?</svg\s*>|(?:[^\s()]|\([^\s()]*\))+))",
    re.DOTALL | re.MULTILINE | re.IGNORECASE,
)
STYLE = re.compile(rb"<style[^>]*>\s*\*\{[^}]*\}\s*</style>")
"""The style for line joins in drawings by Matplotlib: a page refuses styles."""
BADGE = re.compile(
    r"\[!\[[^\]]*\]\([^()]*\b(?:badge|open-in-kaggle)\b[^()]*\)\]\([^()]*\)\s?"
    r"|<a\b[^>]*>\s*<img\b[^>]*\b(?:badge|open-in-kaggle)\b[^>]*>\s*(?:</a>\s?)?"
)
"""Links that open a notebook elsewhere."""

BOLD = re.compile(r"(?:^|\n\n)\*\*(?:\w+ \w+\.\d+\. )?((?:(?!\*\*).)+)\*\*\s*$")
"""A paragraph that is a title, like the one above each snippet in the notebooks of a book."""
BOLD_LINE = re.compile(r"(\*\*|__)((?:(?!\1).)+)\1[ \t\\]*(?:\n|$)")
FORM_TITLE = re.compile(r"^#\s*@title\b[ \t]*(.*?)[ \t]*(?:\{.*\})?$\n?", re.MULTILINE)
FORM_PARAM = re.compile(r"[ \t]*#\s*@param\b.*$", re.MULTILINE)
NO_EFFECT = re.compile(r"(hide|remove)-.*")
NOT_RUN = ("raises-exception", "skip-execution")
OVERWRITTEN = re.compile(r"\x1b\[[\d;?]*[A-Za-z]|[^\n]*\r(?!\n)")
"""Colours, and text that a progress bar has overwritten."""
MAX_LINES = 40
"""Limit for the stored output of a cell that a page cannot run."""
LEFT_OUT = "\f"


class NotebookSection:
    """The ``text`` of a section, its ``pictures`` by file name, and ``notes`` for its author.

    Raises LatentbookError if the file is not a notebook in Python.

    Parameters
    ----------
    modules : those that code in the page can import, now or with one more package

    Attributes
    ----------
    macros : TeX by the name of a command that the notebook defines
    """

    def __init__(self, path: Path, name: str, modules: Collection[str]) -> None:
        notebook = read_notebook(path)
        self.folder, self.name, self.scope = path.parent, name, Scope(modules)
        self.pictures: dict[str, bytes] = {}
        self.macros: dict[str, str] = {}
        self.noted: list[tuple[int, str]] = []  # with the number of the cell
        self.lacking: set[str] = set()  # modules and names that are noted
        self.references: dict[str, str] = {}
        self.labels: dict[str, str] = {}  # of headings, by their names in links
        self.anchors: list[str] = []  # of the next heading
        self.level = 2  # of the last heading: a page skips none
        blocks: list[list[Token]] = []
        for self.number, self.cell in enumerate(notebook.cells, 1):
            is_text = self.cell.cell_type == "markdown" and "remove-cell" not in self._tags
            blocks.append(self._blocks(notebook.metadata.get("myst", False)) if is_text else [])
        sources = [cell.source for cell in notebook.cells]
        self.linked = {_slug(to) for source in sources for to in LINK.findall(source)}
        front = notebook.metadata.get("front", {})
        if others := ", ".join(str(key) for key in front if key not in USED):
            self.noted.append((0, f"front matter: {others} is left out"))
        title = str(front.get("title") or "")
        self._choose_title(title, [token for each in blocks for token in each])
        title = _words(title or str(notebook.metadata.get("title", "")))
        self.title = self.heading = title or title_of(name)
        parts: list[str] = []
        cells = zip(notebook.cells, blocks, strict=True)
        for self.number, (self.cell, tokens) in enumerate(cells, 1):
            if self.cell.cell_type == "code":
                self._code(parts)
            elif self.cell.cell_type == "raw" or "remove-cell" in self._tags:
                tagged = " tagged remove-cell" if "remove-cell" in self._tags else ""
                self.note(f"a {self.cell.cell_type} cell{tagged} is left out")
            else:
                parts += self._markdown(tokens)
        about = next((str(front[key]) for key in ABOUT if front.get(key)), "")
        head = {"title": self.title, "description": _words(about) or self.title}
        lines = (f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in head.items())
        body = LINK.sub(lambda to: self.labels.get(_slug(to[0]), to[0]), _joined(parts))
        self.text = "\n".join(["---", *lines, "---", "", body]) + "\n"
        self.notes = [message for _, message in sorted(self.noted, key=itemgetter(0))]

    def new_macros(self, book: Mapping[str, str]) -> dict[str, str]:
        """The macros that the book lacks; note these and any that the book defines differently."""
        for name, tex in self.macros.items():
            if name in book and book[name] != tex:
                self.notes.append(f"\\{name} is {book[name]!r} in [macros]; {tex!r} is left out")
        new = {name: tex for name, tex in self.macros.items() if name not in book}
        if new:
            self.notes.append("[macros] has now " + ", ".join(rf"\{name}" for name in new))
        return new

    @property
    def _tags(self) -> list[str]:
        tags: list[str] = self.cell.metadata.get("tags", [])
        return tags

    def note(self, message: str) -> None:
        line = self.cell.metadata.get("line")
        place = f"line {line}" if line else f"cell {self.number}"
        self.noted.append((self.number, f"{place}: {message}"))

    def _blocks(self, myst: bool) -> list[Token]:
        """The first token of each block, after replacing syntax that differs in a page."""
        source = self.cell.source
        for name, data in self.cell.get("attachments", {}).items():
            forms = "|".join(map(re.escape, sorted({name, quote(name), unquote(name)}, key=len)))
            address = re.compile(rf"attachment:(?:{forms})(?=[\s)>\"'])")
            kind, content = next(iter(data.items()), ("", ""))
            if not address.search(source):
                self.note(f"the attachment {name!r} is left out: nothing shows it")
            elif file := self._file(kind, "".join(content)):
                source = address.sub(file, source)
        lines = source_lines(source)
        while True:
            env: dict[str, Any] = {}
            tokens = MARKDOWN.parse("\n".join(lines), env)
            mark = next((each for each in tokens if each.type in ONLY_MYST), None)
            if myst or mark is None or mark.map is None:
                break
            number, sign = mark.map[0], ONLY_MYST[mark.type]
            lines[number] = lines[number].replace(sign, f"\\{sign}", 1)
            self.note(f"{sign} is \\{sign} now: MyST would not show {lines[number].strip()!r}")
        self.cell.source = "\n".join(lines)
        for name, to in env.get("references", {}).items():
            if self.references.setdefault(name, to["href"]) != to["href"]:
                self.note(f"[{name.lower()}] leads elsewhere above: rename it here")
        for token, inline in pairwise(tokens):
            if inline.type == "inline":
                token.content = inline.content
        return [each for each in tokens if each.level == 0 and each.nesting >= 0 and each.map]

    def _choose_title(self, title: str, blocks: Sequence[Token]) -> None:
        """Find the heading or the bold line that is the title, and the small print above it."""
        headings = [token for token in blocks if token.type == "heading_open"]
        large = [token for token in headings if _level(token) <= 4] or headings
        highest = [token for token in large if _level(token) == min(map(_level, large))]
        first = highest[:1] if highest and highest[0] is large[0] else []
        texts = [token for token in blocks if not BADGE.search(token.content)][:1]
        bold = [
            each
            for each in texts
            if each.type == "paragraph_open" and BOLD_LINE.match(each.content)
        ]
        found = first if len(highest) == 1 and first else bold or first
        if title:
            found = first if first and _words(first[0].content) == _words(title) else []
        self.title_block = next(iter(found), None)
        above = headings.index(first[0]) if first and found is first else 0
        self.above, below = headings[:above], headings[above + (found is first) :]
        self.top = min(map(_level, below), default=2)

    def _markdown(self, tokens: Iterable[Token]) -> list[str]:
        """The text, split at each block that is left out."""
        lines, written, end = source_lines(self.cell.source), list[str](), 0
        for token in tokens:
            first, last = token.map or (end, end)
            source = "\n".join(lines[first:last])
            if token.type.endswith("fence") and not is_closed(token, lines):
                source += f"\n{token.markup}"
            written += [*lines[end:first], self._block(token, source) or LEFT_OUT]
            end = last
        parts = "\n".join([*written, *lines[end:]]).split(LEFT_OUT)
        return [part.strip("\n").rstrip() for part in parts if part.strip()]

    def _block(self, token: Token, source: str) -> str:
        match token.type:
            case "code_block" | "fence" if not token.info.startswith("{"):
                return source
            case "hr":
                self.note(f"{source!r} is left out: headings divide a page")
                return ""
            case "heading_open":
                return self._heading(token)
            case "html_block" if source.lstrip().startswith("<!--"):
                return source if "-->" in source else f"{source} -->"
            case "html_block" | "paragraph_open" if not ANCHOR.sub("", source).strip():
                self.anchors += ANCHOR.findall(source)
                return ""
            case "paragraph_open" if token is self.title_block:
                title, source = BOLD_LINE.match(source.lstrip()), source.lstrip()
                assert title is not None
                self.title, source = _words(title[2]), source[title.end() :]
                self.heading = self.title
        if BADGE.search(source):
            self.note("its badges are left out: a page runs its code itself")
            source = BADGE.sub("", source)
            source = source if re.sub(r"<[^>]*>", "", source).strip() else ""
        if token.type in ("paragraph_open", "math_block"):
            source = MATHEMATICS.sub(self._mathematics, source).strip()
        if token.type != "fence":
            source = IMG.sub(_markdown_image, source)
        return PICTURE.sub(self._picture, source)

    def _heading(self, token: Token) -> str:
        self.anchors += ANCHOR.findall(token.content)
        words = " ".join(ANCHOR.sub("", token.content).split())
        if any(token is each for each in self.above):
            return f"**{words}**"
        self.heading = _words(words) or self.heading
        names = {_slug(name) for name in (self.heading, *self.anchors)} & self.linked
        label, self.anchors = token.meta.get("label", ""), []
        if token is self.title_block:
            self.title, label = self.heading, self.name
            if any(mark in words for mark in "$<"):
                self.note(f"the title {words!r} is plain text now: {self.title!r}")
        elif names and not label:
            label = f"{self.name}-{min(names)}"
        self.labels |= dict.fromkeys(names - {*self.labels}, label)
        if token is self.title_block:
            return ""
        self.level = min(_level(token) - self.top + 2, self.level + 1, 4)
        return f"{'#' * self.level} {words}{label and f' {{#{label}}}'}"

    def _mathematics(self, found: re.Match[str]) -> str:
        name = next(key for key in ("code", "tex", "inline", "bare") if found[key] is not None)
        tex = found[name]
        if name == "code":
            return tex
        tex = DEFINITION.sub(self._macro, tex)
        if tex != found[name] and not tex.strip():
            return ""
        if name == "inline":
            return f"${tex}$"
        tag, label, point = (found[key] or "" for key in ("tag", "label", "point"))
        if tag:
            label = f" ({self.name}-{tag.lower().replace('.', '-')})"
        return f"\n\n$$\n{tex.strip()}{point}\n$${label}\n\n"

    def _macro(self, found: re.Match[str]) -> str:
        operator, name, body = found.groups()
        body = f"\\operatorname{operator[12:]}{body}" if operator else body[1:-1]
        self.macros[name] = Notation(self.macros).expand(body)
        return ""

    def _picture(self, found: re.Match[str]) -> str:
        """Replace data, or a file next to the notebook, by a file of the section; keep the rest."""
        source = found[2] or found[3]
        if source.startswith("data:"):
            kind, _, data = source.removeprefix("data:").partition(",")
            file = self._file(kind.partition(";")[0], data)
        else:
            beside = self.folder / unquote(source)
            is_picture = "//" not in source and beside.suffix.lower() in (".svg", *RASTER)
            is_picture = is_picture and beside.is_file()
            file = self._add(beside.suffix.lower(), beside.read_bytes()) if is_picture else ""
        return found[1] + file if file else found[0]

    def _file(self, kind: str, data: str) -> str:
        """Add a picture given as base64 or SVG; return its file name, empty if it is neither."""
        raw = unquote_to_bytes(data)
        try:
            picture = b64decode(raw) if not raw.lstrip().startswith(b"<") else STYLE.sub(b"", raw)
        except ValueError:
            return ""
        return self._add(guess_extension(kind) or "", picture) if picture else ""

    def _add(self, ending: str, picture: bytes) -> str:
        name = f"images/{self.name}-{len(self.pictures) + 1}{ending}"
        self.pictures[name] = picture
        self.note(f"its picture is {name}: say what it shows as its alt text")
        return name

    def _code(self, parts: list[str]) -> None:
        """Add a code cell to the parts; the last part may end with its title."""
        source = self.cell.source.strip("\n")
        if magic := CELL_MAGIC.match(source):
            self.note(f"{magic[0].strip()!r} is left out: the other lines are a listing")
            language = "python" if magic[1] == "writefile" else magic[1].lower()
            parts += [_fenced(language, source[magic.end() :]), *self._outputs(MAX_LINES)]
            return
        code, left_out, assigned = plain_python(source)
        form, self.scope.missing = FORM_TITLE.search(code), self.scope.missing | assigned
        code = FORM_TITLE.sub("", code)
        left_out += map(str.strip, FORM_PARAM.findall(code))
        code = FORM_PARAM.sub("", code).strip("\n")
        if not re.search(r"^\s*[^#\s]", code, re.MULTILINE):
            left_out += filter(None, [code])
        for line in left_out:
            self.note(f"{line!r} is left out: only IPython understands it")
        if code in left_out or not code:
            parts += self._outputs(0)
            return
        options: dict[str, str] = {**self.cell.metadata.get("options", {})}
        label, caption, alt = (options.pop(name, "") for name in ("label", "title", "alt"))
        ignored = [*filter(NO_EFFECT.fullmatch, self._tags), *map(": ".join, options.items())]
        for each in ignored:
            self.note(f"{each} has no effect: a page runs its code, and shows it")
        titles = [_words(caption), form[1] if form else ""]
        if parts and (found := BOLD.search(parts[-1])):
            parts[-1] = parts[-1][: found.start()]
            titles.append(_words(found[1]))
        titles += re.findall(r"\A#+ *(\w.*)", code)
        title = next(filter(None, titles), self.heading)
        label = _slug(label) or f"{self.name}-cell-{self.number}"
        kinds = [each.output_type for each in self.cell.outputs]
        error = "error" in kinds and "execute_result" not in kinds  # a result is from another run
        fails = error or not {*NOT_RUN}.isdisjoint(self._tags)
        lacking = self.scope.lacking(code, fails=fails)
        if lacking - self.lacking:
            needs = ", ".join(sorted(lacking - self.lacking))
            self.note(f"it needs {needs}, which a page lacks, and is :read-only:")
        elif fails:
            self.note("it fails or is not to be run, and is :read-only:")
        self.lacking |= lacking
        cell, more = [], [f":alt: {alt}"] if alt else []
        if lacking and (imports := self.scope.imports(code)):
            self.scope.lacking(imports)
            cell.append(_snippet(f"{label}-imports", title, imports))
        if lacking or fails:
            more.append(":read-only:")
        cell.append(_snippet(label, title, code, *more))
        cell += self._outputs(MAX_LINES if lacking or fails else None, title)
        parts += [f"::::{{fold}} {title}", *cell, "::::"] if "hide-cell" in self._tags else cell

    def _outputs(self, lines: int | None, title: str = "") -> list[str]:
        """The stored outputs of code that the page does not run, as Markdown.

        Parameters
        ----------
        lines : limit for lines of text; None for code that the page runs
        """
        pictures, printed, runs = list[str](), "", lines is None
        for output in self.cell.outputs:
            data = {**output.get("data", {})}
            if output.output_type == "stream":
                data = {"text/plain" if output.name == "stdout" else output.name: output.text}
            elif output.output_type == "error":
                error = f"{output.ename}: {output.evalue}"
                data = {error if runs else "text/plain": error}
            others = {*data} - {"text/plain", *(("stderr", PLOTLY) if runs else ())}
            picture = min((kind for kind in data if kind.startswith("image/")), default="")
            if picture and not runs and (file := self._file(picture, data[picture])):
                pictures.append(f"![{title or self.heading}]({file})")
                continue
            printed += f"{data.get('text/plain', '').rstrip()}\n"
            if others and not (runs and PLOTLY in data):
                why = " (its code draws it again: `latentbook docs packages`)" * bool(picture)
                self.note(f"its output {', '.join(sorted(others))} is left out{why}")
        if runs:
            return []
        text = OVERWRITTEN.sub("", printed).strip("\n").splitlines()
        if text[lines:]:
            self.note(f"the end of what it printed is left out, from {text[lines:][0]!r}")
        listing = "\n".join(text[:lines]).rstrip()
        return [*filter(None, [listing and _fenced("text", listing)]), *pictures]


def _level(heading: Token) -> int:
    return int(heading.tag[1])


def _slug(words: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", unquote(words).lower()).strip("-")


def _words(markdown: str) -> str:
    """Markdown without its marks, for a title."""
    children = MARKDOWN.parseInline(ANCHOR.sub("", markdown))[0].children or []
    shown = [each for each in children if each.type != "html_inline"]
    return " ".join("".join(each.content or " " * bool(each.map) for each in shown).split())


def _markdown_image(found: re.Match[str]) -> str:
    given = {name.lower(): a or b or c for name, a, b, c in ATTRIBUTE.findall(found[0])}
    return f"![{given.get('alt', '')}](<{given['src']}>)" if given.get("src") else found[0]


def _fenced(info: str, code: str) -> str:
    ticks = "`" * max(3, 1 + max(map(len, re.findall("`+", code)), default=0))
    return f"{ticks}{info}\n{code.strip(chr(10))}\n{ticks}"


def _snippet(label: str, title: str, code: str, *more: str) -> str:
    options = "\n".join([f":label: {label}", f":title: {title}", *more])
    return _fenced("{code-cell} python", f"{options}\n\n{code}")


def _joined(parts: Sequence[str]) -> str:
    """Join parts, with a separator between two that would otherwise become one block."""
    text = ""
    for last, part in pairwise(["", *parts]):
        together = _kinds(f"{last}\n\n{part}") == _kinds(last) + _kinds(part)
        text += ("\n\n" if together else "\n\n<!-- -->\n\n") * bool(last) + part
    return text


def _kinds(markdown: str) -> list[str]:
    return [each.type for each in MARKDOWN.parse(markdown) if each.level == 0 and each.nesting >= 0]
