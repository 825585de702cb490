"""Convert TeX to HTML and MathML, with the book's own notation and its symbols marked."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from latentbook.book.compose.javascript import Engine, EngineError
from latentbook.book.compose.math_words import Formula
from latentbook.book.compose.pieces import Text
from latentbook.book.read.notation import SymbolEntry
from latentbook.book.read.parse import make_markdown
from latentbook.book.read.suggestions import EQUATIONS, TEX_ERRORS, first, matches

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\s+|.", re.DOTALL)
LITERAL = {
    *(f"\\{name}" for name in ("text", "textbf", "textit", "mathrm", "mathbf", "mathcal")),
    *(f"\\{name}" for name in ("mathbb", "mathsf", "boldsymbol", "operatorname", "tag")),
    *(f"\\{name}" for name in ("begin", "end", "hspace", "kern", "phantom", "color")),
}
"""Commands whose argument contains no symbols."""


class Symbols:
    """The symbols of ``notation.toml`` in a section; ``expand`` replaces the book's macros."""

    def __init__(
        self, entries: Iterable[SymbolEntry], section: str, expand: Callable[[str], str]
    ) -> None:
        # Entries for this section take precedence.
        here = sorted(
            (each for each in entries if not each.sections or section in each.sections),
            key=lambda each: not each.sections,
        )
        self._by_tokens: dict[tuple[str, ...], str] = {}
        for entry in here:
            found = tokens(expand(entry.tex))
            if found[0] == "{" and _end_of_group(found, 0) == len(found):  # a macro by itself
                found = found[1:-1]
            self._by_tokens.setdefault(tuple(found), entry.id)
        self._longest = max(map(len, self._by_tokens), default=0)
        self.used: set[str] = set()

    def mark(self, tex: str) -> tuple[str, set[str]]:
        used = set()
        found = TOKEN.findall(tex)
        out: list[str] = []
        at = 0
        while at < len(found):
            if length := self._match(found, at):
                id = self._by_tokens[tuple(tokens("".join(found[at : at + length])))]
                used.add(id)
                out.append(f"{{\\htmlData{{symbol={id}}}{{{''.join(found[at : at + length])}}}}}")
                at += length
                continue
            end = at + 1
            if found[at] in LITERAL:
                end = _end_of_group(found, end)
                if found[at] == "\\begin" and "{array}" in "".join(found[at:end]):
                    end = _end_of_group(found, end)
            out += found[at:end]
            at = end
        return "".join(out), used

    def _match(self, found: Sequence[str], at: int) -> int:
        """Return the length in tokens of the longest symbol that begins here, or 0."""
        if found[at].isspace():
            return 0
        significant: list[str] = []
        best = 0
        for index in range(at, len(found)):
            if found[index].isspace():
                continue
            significant.append(found[index])
            if len(significant) > self._longest:
                break
            if tuple(significant) in self._by_tokens:
                best = index + 1 - at
        return best


def tokens(tex: str) -> list[str]:
    return [token for token in TOKEN.findall(tex) if not token.isspace()]


def _end_of_group(found: Sequence[str], at: int) -> int:
    """The index after the argument that begins here: a group in braces, or one token."""
    while at < len(found) and found[at].isspace():
        at += 1
    if at < len(found) and found[at] == "*":  # \\operatorname*
        at += 1
    depth = 0
    for index in range(at, len(found)):
        depth += {"{": 1, "}": -1}.get(found[index], 0)
        if depth <= 0:
            return index + 1
    return len(found)


MAX_CHARACTERS = 5_000
"""Per equation. Typesetting time grows with length, and no one reads a longer equation."""

REFUSED = re.compile(r"\\(href|url|includegraphics|html(?:Class|Id|Style|Data))(?![A-Za-z])")
"""Commands that KaTeX does not trust and would set in red."""

_COMMAND = re.compile(r"\\([A-Za-z]+)")
PLACE = re.compile(r"(?<!\\)#([1-9])")
_STRICT = re.compile(r"LaTeX-incompatible input and strict mode is set to 'error': (.*) \[\w+\]")
BRACED = r"\{[^{}]*\}"
for _ in range(4):
    BRACED = rf"\{{(?:[^{{}}]|{BRACED})*\}}"
DEFINITION = re.compile(
    r"\\(?:(?:re|provide)?newcommand\*?|g?def|Declare(MathOperator\*?))\s*"
    rf"\{{?\s*\\([A-Za-z]+)\s*\}}?\s*(?:\[\d\]|(?:#\d\s*)*)\s*({BRACED})"
)
"""The kind of operator, the name and the TeX of a command that an equation defines."""


class BrokenTex(Exception):
    """TeX that KaTeX refuses. ``line`` counts from 0 at the first line of the TeX."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


class Notation:
    """Commands that abbreviate longer TeX: ``x`` for ``\\mathbf{x}``, with ``#1`` for an argument.

    They are expanded in the text, so that exported notebooks do not need them.
    """

    def __init__(self, macros: Mapping[str, str]) -> None:
        self.macros = dict(macros)

    def expand(self, tex: str) -> str:
        return self._expand_with_origins(tex)[0]

    def origin(self, tex: str, position: int) -> int:
        """The offset in ``tex`` that corresponds to offset ``position`` of its expansion."""
        starts = self._expand_with_origins(tex)[1]
        at = max((pair for pair in starts if pair[0] <= position), default=(0, 0))
        return min(at[1] + position - at[0], len(tex))

    def _expand_with_origins(self, tex: str) -> tuple[str, list[tuple[int, int]]]:
        out, length, last = [], 0, 0
        starts: list[tuple[int, int]] = [(0, 0)]
        for match in _COMMAND.finditer(tex):
            if match[1] not in self.macros or match.start() < last:
                continue
            body, end = self.macros[match[1]], match.end()
            if not body.startswith("\\operatorname"):  # in braces, its limits would not go below it
                body = f"{{{body}}}"
            for number in range(1, max(map(int, PLACE.findall(body)), default=0) + 1):
                found = TOKEN.findall(tex[end:])
                argument = "".join(found[: _end_of_group(found, 0)])
                body = body.replace(f"#{number}", self.expand(argument.strip()))
                end += len(argument)
            piece = tex[last : match.start()]
            out += [piece, body]
            starts.append((length + len(piece), match.start()))
            length += len(piece) + len(body)
            last = end
            starts.append((length, last))
        out.append(tex[last:])
        return "".join(out), starts


class Mathematics:
    def __init__(self, engine: Engine, notation: Notation) -> None:
        self._engine = engine
        self.notation = notation
        self._markdown = make_markdown()

    def words(self, text: str) -> str:
        """Convert a line of Markdown to plain text, equations included."""
        children = self._markdown.parseInline(text)[0].children or []
        for child in children:
            if child.type == "math_inline":
                with suppress(BrokenTex):  # reported where the line is typeset
                    child.meta["math"] = self.set(child.content)
        return Text(tuple(children)).words

    def set(self, tex: str, *, display: bool = False, symbols: Symbols | None = None) -> Formula:
        """Typeset ``tex`` as KaTeX's HTML with MathML inside, its symbols marked.

        Raises
        ------
        BrokenTex
            With KaTeX's own message and the line it refers to.
        """
        if len(tex) > MAX_CHARACTERS:
            raise BrokenTex(
                f"an equation of {len(tex)} characters: at most {MAX_CHARACTERS} are set", 0
            )
        if refused := REFUSED.search(self.notation.expand(tex)):
            line = tex.count("\n", 0, max(tex.find(refused[0]), 0))
            raise BrokenTex(f"broken TeX: {refused[0]} is not allowed in an equation", line)
        for line, message in matches(EQUATIONS, tex):
            raise BrokenTex(f"broken TeX: {message}", line)
        expanded = self.notation.expand(tex.strip())
        if symbols is not None:
            # If a mark breaks the TeX, as in \\frac k2, set the equation without marks. Other
            # mistakes are found below, at their own place.
            with suppress(EngineError):
                marked, used = symbols.mark(expanded)
                formula = self._engine.katex(marked, display)
                symbols.used |= used
                return replace(formula, tex=expanded)
        try:
            return self._engine.katex(expanded, display)
        except EngineError as error:
            raise self._broken(tex, error) from None

    def _broken(self, tex: str, error: EngineError) -> BrokenTex:
        stripped = tex.strip()
        if error.position is None:
            return BrokenTex(f"{error} in {stripped!r}", 0)
        lead = len(tex) - len(tex.lstrip())
        position = self.notation.origin(stripped, error.position)
        line = tex[: lead + position].count("\n")
        rest = stripped[position:].split("\n")[0][:30]
        where = f"at position {position}, before {rest!r}" if rest else "at its end"
        said, hint = _STRICT.sub(r"\1", str(error)), first(TEX_ERRORS, str(error))
        return BrokenTex(f"broken TeX: {said} {where}{hint and ': '}{hint}", line)
