"""Marks the symbols of an equation, so that the page can say what they mean.

A symbol becomes ``{\\htmlData{symbol=ID}{…}}``, which KaTeX turns into an element with the
attribute ``data-symbol``. It is found by its tokens: ``\\log`` does not contain ``l``, and
``\\text{…}`` contains no symbols.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from latentbook.book.read.notation import SymbolEntry

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\s+|.", re.DOTALL)
LITERAL = {
    *(f"\\{name}" for name in ("text", "textbf", "textit", "mathrm", "mathbf", "mathcal")),
    *(f"\\{name}" for name in ("mathbb", "mathsf", "boldsymbol", "operatorname", "tag")),
    *(f"\\{name}" for name in ("begin", "end", "hspace", "kern", "phantom", "color")),
}
"""Commands whose argument contains no symbols."""


class Symbols:
    def __init__(self, entries: Iterable[SymbolEntry], section: str) -> None:
        # Entries for this section take precedence.
        here = sorted(
            (each for each in entries if not each.sections or section in each.sections),
            key=lambda each: not each.sections,
        )
        self._by_tokens: dict[tuple[str, ...], str] = {}
        for entry in here:
            self._by_tokens.setdefault(tuple(tokens(entry.tex)), entry.id)
        self._longest = max(map(len, self._by_tokens), default=0)
        self.used: set[str] = set()

    def mark(self, tex: str) -> tuple[str, set[str]]:
        """``tex`` with its symbols marked, and their ids."""
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
        """How many tokens from here on form the longest matching symbol, or 0."""
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
    """Commands and characters, without spaces."""
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
