"""Parse a Markdown file into nodes; report every syntax error with its line."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.table import escapedSplit
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.dollarmath.index import math_block_dollar
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.front_matter import front_matter_plugin
from mdit_py_plugins.gfm_autolink import gfm_autolink_plugin
from mdit_py_plugins.myst_blocks import myst_block_plugin
from mdit_py_plugins.myst_role import myst_role_plugin
from mdit_py_plugins.utils import is_code_block

from latentbook.base.datafile import Entry
from latentbook.base.errors import FileProblems, known_names
from latentbook.book.read import suggestions
from latentbook.book.read.frontmatter import FrontMatter
from latentbook.book.read.nodes import (
    DirectiveNode,
    Document,
    EquationNode,
    HeadingNode,
    Node,
    NoteNode,
    Syntax,
    TextNode,
)
from latentbook.book.read.options import label as parsed_label

TASK = re.compile(r"\[([ xX])\]\s+")
HEADING_LABEL = re.compile(r"\s*\{:?\s*#([^}\s]*)\s*\}\s*$")
DASHES = re.compile(r"(?<=\w)---?(?=\w)|(?<=\s)---?(?=\s)")
EN_EM = "\N{EN DASH}\N{EM DASH}"

OPENED = re.compile(
    r"\\begin\{((?:equation|displaymath|multline|gather(?:ed)?|(?:fl)?align|aligned|align(?:ed)?at|"
    r"eqnarray|split|[dr]{0,2}cases|d?array|subarray|smallmatrix|[pbBvV]?matrix|CD)\*?)\}"
)
"""An environment that KaTeX sets, at the beginning of a line."""

PRICE = re.compile(r"(?<!\\)\$\d[\d.,]*(?=[\s.,:;)]|$)", re.MULTILINE)


def make_markdown() -> MarkdownIt:
    """Make a parser that records the line of every token, inline tokens included."""
    md = MarkdownIt("commonmark", {"html": True, "typographer": True})
    md.enable(["table", "strikethrough", "smartquotes"])
    md.use(myst_block_plugin).use(gfm_autolink_plugin)
    md.use(front_matter_plugin).use(colon_fence_plugin).use(myst_role_plugin)
    md.use(dollarmath_plugin, allow_labels=True, allow_digits=False)
    ends: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    md.block.ruler.at("math_block", display, ends)
    md.block.ruler.before("blockquote", "environment", environment, ends)
    # Notes go in the margin next to their paragraph, not at the end of the page.
    md.use(footnote_plugin, inline=False, move_to_end=False, always_match_refs=True)
    md.use(deflist_plugin)
    md.core.ruler.before("inline", "heading_labels", heading_labels)
    md.core.ruler.after("inline", "inline_lines", inline_lines)
    md.core.ruler.after("inline", "task_boxes", task_boxes)
    return md


_DISPLAY = math_block_dollar(allow_blank_lines=True)


def display(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Rule for ``$$``, which may follow a line of text directly."""
    if not silent:
        return _DISPLAY(state, start, end, False)
    line, count = state.line, len(state.tokens)
    found = not _in_mathematics(state, start) and _DISPLAY(state, start, end, True)
    state.line = line  # the rule advances even in silent mode
    del state.tokens[count:]
    return found


def environment(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Rule for a LaTeX environment without ``$$``, up to its matching end."""
    opened = OPENED.match(state.src, state.bMarks[start] + state.tShift[start])
    if not opened or is_code_block(state, start) or (silent and _in_mathematics(state, start)):
        return False
    begin, close, depth = opened[0], f"\\end{{{opened[1]}}}", 0
    for line in range(start, end):
        if state.sCount[line] < state.blkIndent and not state.isEmpty(line):
            return False
        text = state.src[state.bMarks[line] : state.eMarks[line]]
        depth += text.count(begin) - text.count(close)
        if depth <= 0:
            break
    if depth > 0 or text.rpartition(close)[2].strip(" \t.,;"):
        return False
    if not silent:
        state.line = line + 1
        token = state.push("math_block", "math", 0)
        token.block, token.map = True, [start, state.line]
        token.content = state.getLines(start, state.line, state.sCount[start], False)
    return True


def _in_mathematics(state: StateBlock, line: int) -> bool:
    """Whether a ``$`` of the paragraph before this line is still open."""
    before = PRICE.sub("", state.getLines(state.line, line, 0, False)).replace("\\$", "")
    return bool(before.count("$$") % 2 or before.replace("$$", "").count("$") % 2)


def heading_labels(state: StateCore) -> None:
    """Move ``{#label}`` from the end of a heading to its opening token."""
    for opening, inline in zip(state.tokens, state.tokens[1:], strict=False):
        if opening.type == "heading_open" and (match := HEADING_LABEL.search(inline.content)):
            opening.meta["label"] = match[1]
            inline.content = inline.content[: match.start()]


def task_boxes(state: StateCore) -> None:
    """Show ``[ ]`` and ``[x]`` at the beginning of a list's items as boxes."""
    for item, inline in zip(state.tokens, state.tokens[2:], strict=False):
        if item.type == "list_item_open" and inline.type == "inline" and inline.children:
            first = inline.children[0]
            if first.type == "text" and (mark := TASK.match(first.content)):
                box = "\N{BALLOT BOX}" if mark[1] == " " else "\N{BALLOT BOX WITH CHECK}"
                first.meta["task"] = f"[{mark[1]}]"
                first.content = f"{box} {first.content[mark.end() :]}"


def inline_lines(state: StateCore) -> None:
    """Give each inline token its line, set dashes, and record markup that no rule parsed."""
    for token in state.tokens:
        if token.type.startswith("math_block"):
            token.content = ENVIRONMENT.sub(_unnumbered, token.content)
        if token.type != "inline" or token.map is None:
            continue
        line = token.map[0]
        token.meta["unread"] = "".join(suggestions.unread(token))
        for child in token.children or ():
            child.map = [line, line + 1]
            if child.type in ("softbreak", "hardbreak"):
                line += 1
            else:
                line += child.content.count("\n")
            if child.type == "text":
                child.content = DASHES.sub(lambda dash: EN_EM[len(dash[0]) - 2], child.content)


def source_lines(text: str) -> list[str]:
    """Split a text into lines as markdown-it does."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def is_closed(fence: Token, lines: list[str]) -> bool:
    """Whether a fence ends with its own marker, not with the end of the text."""
    assert fence.map is not None
    first, end = fence.map
    last = lines[end - 1].strip() if end <= len(lines) else ""
    return end - 1 > first and len(last) >= len(fence.markup) and not last.strip(fence.markup[0])


Target = tuple[str, int]
"""A label and its line."""

ENVIRONMENT = re.compile(
    r"\\(begin|end)\{(equation|displaymath|multline|gather|align|alignat|flalign|eqnarray)\*?\}"
)
"""Environments that would number their rows; the book itself numbers equations."""

TEXT = re.compile(r"^(?::{3,}\{|\$\$|#{2,4} )", re.MULTILINE)
"""Beginning of the text that follows an unclosed listing."""

BLOCK = re.compile(r"^(`{3,}|~{3,}|:{3,})(?:\{[\w:-]+\}|[A-Za-z]\w*$)", re.MULTILINE)
ALERT = re.compile(r"\[!\w+\]")
FENCE_INFO = re.compile(r"\{([^}\s]*)\}\s*(.*)")
LABELLED = re.compile(r"^:(?:label|name):\s*(\S+)", re.MULTILINE)
OPTION = re.compile(r":([A-Za-z][\w-]*):(?:\s+(.*))?$")


def parse_document(
    text: str, head: type[Entry], directives: Mapping[str, Syntax], problems: FileProblems
) -> Document:
    """Parse a page whose front matter has the keys of ``head``."""
    return _Parser(text, directives, problems).document(head)


def parse_block(
    text: str, line: int, directives: Mapping[str, Syntax], problems: FileProblems
) -> Node | None:
    """Parse one directive that begins at ``line``."""
    parser = _Parser("\n" * (line - 1) + text, directives, problems)
    nodes = parser.nodes(parser.markdown.parse("\n".join(parser.lines), parser.env), parent=None)
    return nodes[0] if nodes else None


def _unnumbered(match: re.Match[str]) -> str:
    name = {"gather": "gathered", "alignat": "alignedat"}.get(match[2], "aligned")
    return f"\\{match[1]}{{{name}}}"


class _Parser:
    def __init__(self, text: str, directives: Mapping[str, Syntax], problems: FileProblems) -> None:
        self.directives = directives
        self.problems = problems
        self.lines = source_lines(text)
        self.markdown = make_markdown()
        self.env: dict[str, Any] = {}
        self.notes: dict[str, NoteNode] = {}
        self.target: Target | None = None  # for the next node
        self.comment = ""  # on the next node, if that is text
        self.resumes = 0  # line after an unclosed listing
        self.level = 2  # of the last heading
        self.refused: set[str] = set()  # names and labels of rejected directives
        self.open: list[Token] = []  # blocks around the next node
        self.cut: set[str] = set()  # markers that closed an outer block instead of their own

    def document(self, kind: type[Entry]) -> Document:
        tokens = self.markdown.parse("\n".join(self.lines), self.env)
        if tokens and tokens[0].type == "front_matter":
            front = FrontMatter(tokens.pop(0).content, self.problems)
        else:
            is_open = self.lines[:1] == ["---"]
            wrong = (
                "not closed: a line --- must end it"
                if is_open
                else "missing: the file must begin with ---"
            )
            self.problems.add(1, f"front matter is {wrong}")
            front = FrontMatter("", self.problems)
        head = dict(front.checked(kind))
        return Document(head, front.named_lines(), self.nodes(tokens, parent=None), self.notes)

    def nodes(self, tokens: Sequence[Token], parent: Syntax | None) -> tuple[Node, ...]:
        """Make a node from each top-level block."""
        found: list[Node] = []
        start = depth = 0
        for index, token in enumerate(tokens):
            depth += token.nesting
            if depth == 0:
                target, self.target = self.target, None
                node = self.node(tokens[start : index + 1], parent)
                if node is None:
                    self.target = self.target or target
                else:
                    found.append(self.labelled(node, target) if target else node)
                start = index + 1
            if depth == 0 and self.resumes and parent is None:
                lines = [""] * (self.resumes - 1) + self.lines[self.resumes - 1 :]
                self.resumes = 0
                found += self.nodes(self.markdown.parse("\n".join(lines), self.env), parent)
                break
        if self.target is not None:
            self.problems.add(self.target[1], "nothing follows this target")
            self.target = None
        return tuple(found)

    def labelled(self, node: Node, target: Target) -> Node:
        label, line = target
        match node:
            case HeadingNode(label="") | EquationNode(label=""):
                return replace(node, label=label)
            case DirectiveNode(label="") if "label" in node.syntax.options:
                return replace(node, options={**node.options, "label": label})
        message = "a target goes before a heading, an equation or a block that can have a label"
        self.problems.add(line, message)
        return node

    def node(self, tokens: Sequence[Token], parent: Syntax | None) -> Node | None:
        first = tokens[0]
        line, source = self.place(first)
        comment, self.comment = self.comment, ""
        match first.type:
            case "heading_open":
                return self.heading(tokens, source, parent)
            case "math_block" | "math_block_label":
                return self.equation(first)
            case "colon_fence":
                return self.directive(first, parent)
            case "fence" if first.info.lstrip().startswith("{"):
                return self.directive(first, parent)
            case "footnote_reference_open":
                self.note(tokens, line)
                return None
            case "myst_target":
                self.target = (self.checked_label(first.content, line), line)
                return None
            case "myst_line_comment":
                self.comment = first.content.strip()
                return None
            case "myst_block_break":
                return None
            case "blockquote_open" if ALERT.match(tokens[2].content):
                self.problems.add(line, "a remark is written :::{note}, :::{tip} or :::{warning}")
                return None
            case "html_block" if first.content.lstrip().startswith("<!--"):
                return None
            case "hr":
                self.problems.add(line, "a rule (---) has no meaning in a chapter: use a heading")
                return None
        self.check_text(tokens)
        return TextNode(line, tuple(tokens), source, comment)

    def place(self, token: Token) -> tuple[int, str]:
        assert token.map is not None
        return token.map[0] + 1, "\n".join(self.lines[slice(*token.map)]).rstrip()

    def heading(
        self, tokens: Sequence[Token], source: str, parent: Syntax | None
    ) -> HeadingNode | None:
        level, line = int(tokens[0].tag[1]), self.place(tokens[0])[0]
        label = ""
        if "label" in tokens[0].meta:
            label = self.checked_label(str(tokens[0].meta["label"]), line)
        if parent is not None:
            opened = f"{parent.name}, which line {self.place(self.open[-1])[0]} opens"
            self.problems.add(line, f"a heading cannot be inside {opened}: is that closed?")
            return None
        if not 2 <= level <= 4:
            message = f"a heading has ## to ####, not {'#' * level}: the title is in front matter"
            self.problems.add(line, message)
            return None
        if level > self.level + 1:
            message = f"a heading has at most {'#' * (self.level + 1)} here, not {'#' * level}"
            self.problems.add(line, message)
        self.level = level
        self.check_text(tokens)
        return HeadingNode(line, level, label, tokens[1], source)

    def equation(self, token: Token) -> EquationNode:
        line = self.place(token)[0]
        label = token.info and self.checked_label(token.info, line)
        return EquationNode(line, label, token.content)

    def checked_label(self, text: str, line: int) -> str:
        try:
            return parsed_label(text)
        except ValueError as error:
            self.problems.add(line, f"label {error}")
            return text

    def note(self, tokens: Sequence[Token], line: int) -> None:
        label = tokens[0].meta["label"]
        if label in self.notes:
            first = self.notes[label].line
            self.problems.add(line, f"note [^{label}] is already defined at line {first}")
            return
        inner = tuple(tokens[1:-1])
        self.check_text(inner)
        self.notes[label] = NoteNode(line, inner)

    def check_text(self, tokens: Sequence[Token]) -> None:
        for token in tokens:
            line = self.place(token)[0] if token.map else 0
            if token.type == "colon_fence" or (
                token.type == "fence" and token.info.lstrip().startswith("{")
            ):
                self.problems.add(line, "a directive cannot be in a list or quote")
            elif token.type == "fence":
                if not_closed := self.not_closed(token, "a listing"):
                    self.problems.add(*not_closed)
            elif token.type == "math_block_label":
                message = "a numbered equation cannot be in a list or quote"
                self.problems.add(line, message)
            elif token.type == "table_open":
                self.check_rows(token)
            elif token.type == "html_block" and (
                message := suggestions.html_instead(token.content)
            ):
                self.problems.add(line, message)
            elif token.type == "code_block" and (found := BLOCK.search(token.content)):
                message = f"after a tab or four spaces {found[0]} is code: move it to the left"
                self.problems.add(line + token.content.count("\n", 0, found.start()), message)
            elif token.type == "inline":
                for offset, message in suggestions.literal_markup(token):
                    self.problems.add(line + offset, message)
            self.check_text(token.children or ())

    def check_rows(self, table: Token) -> None:
        """Report cells beyond a table's last column, which Markdown drops."""
        assert table.map is not None
        first, end = table.map
        columns, _, *rows = (
            len(escapedSplit(line.strip(" >").strip("|"))) for line in self.lines[first:end]
        )
        for line, cells in enumerate(rows, start=first + 3):
            if cells > columns:
                message = (
                    f"a row of {cells} cells in a table of {columns} columns: write \\| for a bar"
                )
                self.problems.add(line, message)
            elif "|" not in self.lines[line - 1] and columns > 1:
                self.problems.add(line, "a row of the table: an empty line ends a table")

    def directive(self, token: Token, parent: Syntax | None) -> Node | None:
        assert token.map is not None
        line = token.map[0] + 1
        info = token.info.strip()
        if instead := suggestions.first(suggestions.OPENINGS, info):
            self.problems.add(line, f"unknown directive {info!r}: {instead}")
            return None
        match = FENCE_INFO.fullmatch(info)
        if match is None:
            message = f"a directive opens with {token.markup}{{name}}; got {info!r}"
            if not info:
                message = f"{token.markup} closes nothing"
            if info or token.markup not in self.cut:
                self.problems.add(line, message)
            return None
        not_closed = self.not_closed(token, f"{{{match[1]}}}")
        if not_closed is not None:
            self.problems.add(*not_closed)
        directive, message = self.directives.get(match[1]), ""
        is_part = directive and parent and directive.parent == parent.name
        if directive and directive.outside and not is_part:
            directive = directive.outside
        if directive is None and (lost := self.directives.get("")):  # a plugin's, perhaps
            label = LABELLED.search(token.content)
            return DirectiveNode(line, lost, match[1], {"label": label[1]} if label else {})
        if directive is None:
            known = known_names(match[1], self.directives, suggestions.DIRECTIVES)
            message = f"unknown directive {match[1]!r}{known}"
        elif directive.parent and not is_part:
            message = f"{directive.name} goes only inside {directive.parent}"
            if directive.name in suggestions.DIRECTIVES:
                message += f": {suggestions.DIRECTIVES[directive.name]}"
        if directive is None or message:
            of_refused = match[1].endswith("-end") or match[2].strip() in self.refused
            if not (of_refused and suggestions.PAIRS.get(match[1]) in self.refused):
                self.problems.add(line, message)
            self.refused |= {match[1], *LABELLED.findall(token.content)}
            return None
        argument = self.argument(directive, match[2].strip(), line)
        options, body, body_line = self.options(directive, token)
        empty = DirectiveNode(line, directive, argument, options)
        if directive.varies and "{vary}" in body:
            return self.varied(empty, token, body, body_line)
        self.open.append(token)
        node = self.body(empty, body, body_line)
        self.open.pop()
        if directive.validate is not None and not_closed is None:
            directive.validate(node, self.problems)
        return directive.becomes(node) if directive.becomes is not None else node

    def not_closed(self, token: Token, what: str) -> tuple[int, str] | None:
        """Line and message if a block does not end where its author meant it to."""
        line = self.place(token)[0]
        inner, closed = None, is_closed(token, self.lines)
        if token.markup[0] != ":":
            same = (m for m in BLOCK.finditer(token.content) if m[1].startswith(token.markup))
            inner = next(same, None)
            text = TEXT.search(token.content) if inner or not closed else None
            inner = min(filter(None, (inner, text)), key=re.Match.start, default=None)
        if inner:
            other = line + 1 + token.content.count("\n", 0, inner.start())
            token.content = token.content[: inner.start()]
            self.resumes = 0 if self.open else other
            return line, f"{what} is not closed by {token.markup} before line {other}"
        if closed:
            return None
        for outer in reversed(self.open):
            if outer.markup[0] == ":" and token.markup.startswith(outer.markup):
                around, more = outer.info.split("}")[0] + "}", f"{token.markup}:"
                self.cut.add(token.markup)
                return self.place(outer)[0], (
                    f"{around} ends where {what} of line {line} should: close it above that "
                    f"line, or, if it contains {what}, open and close it with {more}"
                )
        return line, f"{what} is not closed by {token.markup}"

    def varied(self, node: DirectiveNode, token: Token, body: str, line: int) -> DirectiveNode:
        """Parse a directive that varies. In its source, blank lines replace ``{vary}``."""
        assert token.map is not None
        source, parts = list(self.lines), []
        for inner in self.markdown.parse("\n" * (line - 1) + body, self.env):
            if inner.level == 0 and inner.info.strip().startswith("{vary}"):
                assert inner.map is not None
                first, end = inner.map
                source[first:end] = [""] * (end - first)
                parts.append(self.directive(inner, node.syntax))
        if len(parts) != 1:
            self.problems.add(node.line, f"a {node.name} has one {{vary}}; got {len(parts)}")
        nodes = tuple(part for part in parts if part is not None)
        return replace(node, nodes=nodes, code="\n".join(source[slice(*token.map)]))

    def argument(self, directive: Syntax, argument: str, line: int) -> str:
        if argument and not directive.argument:
            self.problems.add(line, f"{directive.name} takes no argument; got {argument!r}")
        if directive.argument and not (argument or directive.argument_optional):
            self.problems.add(line, f"{directive.name} needs an argument: {directive.argument}")
        return argument

    def options(self, directive: Syntax, token: Token) -> tuple[dict[str, Any], str, int]:
        """Return a body's options, the rest of it, and the first line of the rest."""
        assert token.map is not None
        options: dict[str, Any] = {}
        rest = token.content.split("\n")
        line = token.map[0] + 2
        while rest and re.match(r":[^:\s]", rest[0]):
            self.option(directive, rest.pop(0), line, options)
            line += 1
        for name, option in directive.options.items():
            if option.required and name not in options:
                self.problems.add(token.map[0] + 1, f"{directive.name} needs the option :{name}:")
        while rest and not rest[0].strip():
            rest.pop(0)
            line += 1
        return options, "\n".join(rest).rstrip(), line

    def option(self, directive: Syntax, text: str, line: int, options: dict[str, Any]) -> None:
        match = OPTION.fullmatch(text.rstrip())
        if match is None:
            self.problems.add(
                line, f"an option is written ':name: value'; got {suggestions.cut(text.strip())}"
            )
            return
        name, value = match[1], (match[2] or "").strip()
        if name == "name" and "label" in directive.options:
            name = "label"
        if name not in directive.options:
            known = known_names(name, directive.options, suggestions.OPTIONS)
            self.problems.add(line, f"unknown option {name!r} of {directive.name}{known}")
        elif name in options:
            self.problems.add(line, f"option {name!r} is given twice")
        else:
            options[name] = value  # so that a bad value is not reported as a missing one
            try:
                options[name] = directive.options[name].parse(value)
            except ValueError as error:
                self.problems.add(line, f"option {name!r} {error}")

    def body(self, node: DirectiveNode, body: str, line: int) -> DirectiveNode:
        if node.syntax.body == "none":
            if body:
                self.problems.add(line, f"{node.name} takes no body; got {suggestions.cut(body)}")
            return replace(node, body_line=line)
        if node.syntax.body == "code":
            return replace(node, body_line=line, code=body + "\n" if body else "")
        # Leading blank lines preserve the file's line numbers.
        tokens = self.markdown.parse("\n" * (line - 1) + body, self.env)
        return replace(node, body_line=line, nodes=self.nodes(tokens, node.syntax))
