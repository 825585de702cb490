"""Suggestions for authors who write what MyST, Jupyter Book or other Markdown would accept.

They are in ``suggestions.toml``.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from markdown_it.token import Token

_SUGGESTIONS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def _by_name(table: str) -> dict[str, str]:
    """Map each unsupported name to advice on what to do instead."""
    return {name: advice for advice, names in _SUGGESTIONS[table].items() for name in names}


DIRECTIVES = _by_name("directives")
OPTIONS = _by_name("options")
ROLES = _by_name("roles")
LANGUAGES = _by_name("languages")
FRONT_MATTER = _by_name("front_matter")
HTML = _by_name("html")
PAIRS = _SUGGESTIONS["pairs"]


def _by_pattern(table: str) -> list[tuple[re.Pattern[str], str]]:
    """Pair each pattern with its advice, in which ``\\1`` is the first group's match."""
    advices = _SUGGESTIONS[table].items()
    return [(re.compile(pattern), advice) for advice, patterns in advices for pattern in patterns]


LITERAL = _by_pattern("literal")
CODE = _by_pattern("code")
AMOUNTS = _by_pattern("amounts")
EQUATIONS = _by_pattern("equations")
TEX_ERRORS = _by_pattern("tex_errors")
OPENINGS = _by_pattern("openings")
TAGS = _by_pattern("tags")

READ = "\N{OBJECT REPLACEMENT CHARACTER}"
_SIGNS = {
    "softbreak": "\n",
    "hardbreak": "\n",
    "code_inline": f"`{READ}`",
    "myst_role": f"`{READ}`",
    "link_open": "[",
    "link_close": f"]({READ})",
    **dict.fromkeys(("em_open", "em_close", "strong_open", "strong_close"), "*"),
}
_FENCE = re.compile(r"^`{3,}\{[^`\n]*`.*", re.MULTILINE)
_NO_FENCE = "the first line of a ``` block has another backtick: begin and end the block with ~~~"


def unread(inline: Token) -> Iterator[str]:
    """Yield text as written if no rule has parsed it, with signs for everything else."""
    inside_address = False
    for child in inline.children or ():
        if child.info == "auto":
            inside_address = child.nesting == 1
            yield READ * inside_address
        elif inside_address:
            continue
        elif child.type in ("text", "text_special"):
            yield child.markup or child.content
        elif child.type == "image":
            yield f"![{child.content}]({READ})"
        else:
            yield _SIGNS.get(child.type, READ + "\n" * child.content.count("\n"))


def literal_markup(inline: Token) -> list[tuple[int, str]]:
    """Find syntax of other dialects in a text: lines from 0, and messages."""
    found = matches([(_FENCE, _NO_FENCE)], inline.content) + matches(LITERAL, inline.meta["unread"])
    closing = ""  # closing tag of the element already reported
    for child in inline.children or ():
        line = child.map[0] - inline.map[0] if child.map and inline.map else 0
        if child.type == "code_inline":
            found += [(line, message) for _, message in matches(CODE, child.content)]
        elif child.type == "math_inline" and not found:
            found += [(line, message) for _, message in matches(AMOUNTS, child.content)]
        elif child.type == "html_inline" and closing:
            closing = closing if child.content.lower() != closing else ""
        elif child.type == "html_inline" and (message := html_instead(child.content)):
            found.append((line, message))
            name = re.sub(r"<([\w-]*).*", r"</\1>", child.content.lower(), flags=re.DOTALL)
            closing = name if name in inline.content.lower() else ""
    return found


def matches(patterns: Iterable[tuple[re.Pattern[str], str]], text: str) -> list[tuple[int, str]]:
    """Return the line, counted from 0, and message of each match; one per place."""
    found: list[tuple[int, str]] = []
    taken: set[int] = set()
    for pattern, advice in patterns:
        for match in pattern.finditer(text):
            if taken.isdisjoint(place := range(*match.span())):
                taken.update(place)
                told = f"{match.expand(advice)}; got {cut(match[0].strip())}"
                found.append((text.count("\n", 0, match.start()), told.replace(READ, "…")))
    return found


def cut(text: str) -> str:
    """The beginning of a text, quoted for a message."""
    return repr(text if len(text) <= 40 else f"{text[:39]}…")


def html_instead(markup: str) -> str:
    """A message about HTML, with the Markdown for it; empty for a comment."""
    markup = markup.strip()
    if markup.startswith("<!--"):
        return ""
    tag = re.match(r"</?([a-zA-Z]+)", markup)
    general = HTML.get(tag[1].lower() if tag else "", "write it in Markdown, or \\< for the sign <")
    instead = first(TAGS, markup) or general
    return f"HTML is not accepted in a chapter; got {cut(markup.splitlines()[0])}: {instead}"


def first(patterns: Iterable[tuple[re.Pattern[str], str]], text: str) -> str:
    """The advice of the first pattern that matches at the beginning; empty if none does."""
    found = ((pattern.match(text), advice) for pattern, advice in patterns)
    return next((match.expand(advice) for match, advice in found if match), "")
