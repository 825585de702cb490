"""Suggestions for authors who write what MyST, Jupyter Book or other Markdown would accept.

They are in ``suggestions.toml``.
"""

import re
import tomllib
from pathlib import Path

_SUGGESTIONS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def _by_name(table: str) -> dict[str, str]:
    """What to do instead, by the name that it replaces."""
    return {name: advice for advice, names in _SUGGESTIONS[table].items() for name in names}


DIRECTIVES = _by_name("directives")
OPTIONS = _by_name("options")
ROLES = _by_name("roles")
FRONT_MATTER = _by_name("front_matter")
HTML = _by_name("html")


def _by_pattern(table: str) -> list[tuple[re.Pattern[str], str]]:
    """Patterns, and what to do instead, in which ``\\1`` is what the first group matches."""
    return [(re.compile(pattern), advice) for advice, pattern in _SUGGESTIONS[table].items()]


LITERAL = _by_pattern("literal")
OPENINGS = _by_pattern("openings")

_CODE = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
_FENCE = re.compile(r"^`{3,}\{[^`\n]*`.*", re.MULTILINE)
_NO_FENCE = "the first line of a ``` block has another backtick: begin and end the block with ~~~"
_ROLE_APART = re.compile(r"(?<![`\\])(?<!`` )\{([a-z]+(?::[a-z]+)?)\} (?=`[^`])")
_NO_SPACE = r"write {\1}`…`, without a space between the two"
_MATHEMATICS = re.compile(r"(?<!\\)\$[^$]*\$")


def literal_markup(text: str) -> list[tuple[int, str]]:
    """Find syntax of other dialects in a paragraph: lines from 0, and messages."""
    plain = _MATHEMATICS.sub(_lines_of, _CODE.sub(_lines_of, text))
    searched = [(_FENCE, _NO_FENCE, text), (_ROLE_APART, _NO_SPACE, text)]
    searched += [(*pair, plain) for pair in LITERAL]
    return [
        (where.count("\n", 0, match.start()), f"{match.expand(message)}; got {match[0][:40]!r}")
        for pattern, message, where in searched
        for match in pattern.finditer(where)
    ]


def _lines_of(match: re.Match[str]) -> str:
    return "\n" * match[0].count("\n")


def opening_instead(info: str) -> str:
    """What to write instead of the first line of another dialect's block; empty for ours."""
    matches = ((pattern.match(info), advice) for pattern, advice in OPENINGS)
    return next((match.expand(advice) for match, advice in matches if match), "")


def html_instead(markup: str) -> str:
    """Suggest Markdown for HTML."""
    tag = re.match(r"</?([a-zA-Z]+)", markup.lstrip())
    return HTML.get(tag[1].lower() if tag else "", "write it in Markdown, or \\< for the sign <")
