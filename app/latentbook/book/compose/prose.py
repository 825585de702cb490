"""Running text to HTML: mathematics, roles, links, side notes, tables, listings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any, Protocol, TypeAlias

from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from latentbook.book.compose.highlight import highlight_code
from latentbook.book.compose.pieces import Html, Link
from latentbook.book.compose.target import Target
from latentbook.book.read import suggestions
from latentbook.book.read.day import Day
from latentbook.book.read.problems import FileProblems
from latentbook.book.read.suggestions import known_names
from latentbook.book.translations.language import Language

Tokens: TypeAlias = Sequence[Token]
FIRST_LETTER = re.compile(r"(?<=>)[a-z]")
BEFORE_MATH = re.compile(r"[(\[“‘]+$")
AFTER_MATH = re.compile(r"^[^\s\w(\[“‘]+")
"""Punctuation that stays on the line of the equation next to it."""
WORDS_AND_LABEL = re.compile(r"(.+?)\s*<([^<>]+)>", re.DOTALL)
EXPLAINED = re.compile(r"(.+?)\s*\(([^()]+)\)", re.DOTALL)
YEAR = re.compile(r" (\d{4}[a-z]?)(?=</a>|$)")
EXTERNAL = ("https://", "http://", "mailto:")


class Surroundings(Protocol):
    """What running text needs from its page: a composer."""

    problems: FileProblems
    scope: str
    language: Language

    def math(self, tex: str, line: int, *, display: bool = False) -> Html: ...

    def note_mark(self, label: str, line: int) -> Html: ...

    def link(self, href: str, line: int) -> tuple[str, Day | None]:
        """The URL of a link inside the book, or when its target opens."""

    def picture(self, name: str, alt: str, line: int) -> Html: ...

    def target(self, label: str, line: int) -> Target | None: ...

    def place_url(self, target: Target) -> str: ...

    def opens(self, target: Target) -> Day | None:
        """When a labelled thing opens, if that is later than the reference; else None."""

    def cite(self, key: str, line: int) -> Link | None: ...

    def term(self, words: str, name: str, line: int) -> Html: ...

    def quoted(self, content: str, line: int) -> Html: ...


class ProseRenderer(RendererHTML):
    """markdown-it's renderer; methods named after tokens are its rules.

    The page is ``env["composer"]``: it resolves labels and collects mistakes.
    """

    def text(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        """Words; the equations next to them have taken their punctuation."""
        content = tokens[idx].content
        if _is_math(tokens, idx - 1):
            content = AFTER_MATH.sub("", content)
        if _is_math(tokens, idx + 1):
            content = BEFORE_MATH.sub("", content)
        return escapeHtml(content)

    def math_inline(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        """Mathematics in a line, with punctuation that must not begin or end a line."""
        html = _composer(env).math(tokens[idx].content, _line(tokens[idx]))
        before = _neighbour(tokens, idx - 1, BEFORE_MATH)
        after = _neighbour(tokens, idx + 1, AFTER_MATH)
        return f'<span class="joint">{before}{html}{after}</span>' if before or after else html

    def math_block(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        """An equation inside a list or quote; others are separate blocks."""
        html = _composer(env).math(tokens[idx].content, _line(tokens[idx]), display=True)
        return f'<div class="equation">{html}</div>\n'

    def myst_role(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        """``{role}`content```."""
        token, composer = tokens[idx], _composer(env)
        name = token.meta["name"]
        if name not in ROLES:
            known = known_names(name, ROLES, suggestions.ROLES)
            composer.problems.add(_line(token), f"unknown role {name!r}{known}")
            return ""
        html = ROLES[name](token.content.strip(), _line(token), composer)
        if (
            name in ("ref", "numref", "doc")
            and "<" not in token.content
            and _starts_sentence(tokens[:idx])
        ):
            return FIRST_LETTER.sub(lambda match: match[0].upper(), html, count=1)
        return html

    def footnote_ref(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        return _composer(env).note_mark(tokens[idx].meta["label"], _line(tokens[idx]))

    def link_open(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        """A link, checked if it stays inside the book."""
        token, composer = tokens[idx], _composer(env)
        href = str(token.attrGet("href") or "")
        empty = idx + 1 < len(tokens) and tokens[idx + 1].type == "link_close"
        if empty and not href.startswith("#"):
            composer.problems.add(_line(token), f"the link to {href!r} has no words")
        if not href.startswith(EXTERNAL):
            url, opens = composer.link(href, _line(token))
            # A link without an address stands for one that will have it.
            attrs = {} if opens else {**token.attrs, "href": url}
            token = token.copy(attrs=attrs)
        opening = str(self.renderToken([token], 0, options, env))
        if not empty or not href.startswith("#"):
            return opening
        target = composer.target(href[1:], _line(token))
        return opening + escapeHtml(target.name(_composer(env).language) if target else "")

    def link_close(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        """The end of a link, and when its target opens."""
        opening = next(token for token in reversed(tokens[:idx]) if token.type == "link_open")
        href, composer = str(opening.attrGet("href") or ""), _composer(env)
        opens = None if href.startswith(EXTERNAL) else composer.link(href, _line(opening))[1]
        return f"</a>{opens_words(opens, composer.language)}" if opens else "</a>"

    def image(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        token = tokens[idx]
        alt = self.renderInlineAsText(token.children, options, env) if token.children else ""
        return _composer(env).picture(str(token.attrGet("src") or ""), alt, _line(token))

    def html_inline(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        """A comment: nothing else gets here."""
        return ""

    def html_block(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        """A comment inside a list."""
        return ""

    def fence(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        """A listing that is only shown."""
        token = tokens[idx]
        language = token.info.strip()
        if not language:
            return _listing(escapeHtml(token.content.rstrip("\n")), _composer(env).language)
        try:
            return _listing(highlight_code(token.content, language), _composer(env).language)
        except ValueError as error:
            _composer(env).problems.add(_line(token), str(error))
            return ""

    def code_block(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        return _listing(escapeHtml(tokens[idx].content.rstrip("\n")), _composer(env).language)

    def table_open(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        """A table scrolls sideways if the page is narrower."""
        return f"{table_opening(_composer(env).language)}<table>\n"

    def table_close(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        return "</table></div>\n"

    def th_open(self, tokens: Tokens, idx: int, options: OptionsDict, env: EnvType) -> str:
        """The head of a column; the empty corner over the rows' names is not one."""
        if tokens[idx + 1].content:
            tokens[idx].attrSet("scope", "col")
        else:
            tokens[idx].tag = tokens[idx + 2].tag = "td"
        return str(self.renderToken(tokens, idx, options, env))


def _composer(env: EnvType) -> Surroundings:
    composer: Surroundings = env["composer"]
    return composer


def _line(token: Token) -> int:
    return token.map[0] + 1 if token.map else 1


def _is_math(tokens: Tokens, idx: int) -> bool:
    return 0 <= idx < len(tokens) and tokens[idx].type == "math_inline"


def _neighbour(tokens: Tokens, idx: int, punctuation: re.Pattern[str]) -> str:
    """The punctuation next to an equation that belongs to it."""
    if not 0 <= idx < len(tokens) or tokens[idx].type != "text":
        return ""
    match = punctuation.search(tokens[idx].content)
    return escapeHtml(match[0]) if match else ""


def _starts_sentence(before: Tokens) -> bool:
    """Whether the text after these tokens begins a sentence."""
    for token in reversed(before):
        if token.type not in ("softbreak", "hardbreak") and token.content.strip():
            return token.type == "text" and token.content.rstrip().endswith((".", "?", "!"))
    return True


def table_opening(language: Language) -> str:
    """The start of a table, so that it scrolls sideways."""
    name = language.translate("Table")
    return f'<div class="table-scroll scroller" data-scrolls="{name}">'


def _listing(code: str, language: Language) -> str:
    name = language.translate("Listing")
    return f'<pre class="code scroller" data-scrolls="{name}"><code>{code}</code></pre>\n'


def _eq(label: str, line: int, composer: Surroundings) -> str:
    target = composer.target(label, line)
    if target is None:
        return ""
    if target.kind != "equation":
        composer.problems.add(
            line, f"{label!r} is a {target.kind}, not an equation: write {{ref}}`{label}`"
        )
        return ""
    name = composer.language.translate("Eq. %(number)s", number=target.number)
    return _ref_link(name.replace(" ", "\N{NO-BREAK SPACE}"), target, composer)


def _ref(content: str, line: int, composer: Surroundings) -> str:
    words, label = split_words(content)
    target = composer.target(label, line)
    if target is None:
        return ""
    if target.kind == "equation":
        composer.problems.add(line, f"{label!r} is an equation: write {{eq}}`{label}`")
        return ""
    name = target.name(composer.language)
    if target.number:
        name = name.replace(" ", "\N{NO-BREAK SPACE}")
    return _ref_link(numbered_words(words, target.number) or name, target, composer)


def _ref_link(name: str, target: Target, composer: Surroundings) -> str:
    if opens := composer.opens(target):
        return f"<span>{escapeHtml(name)}</span>{opens_words(opens, composer.language)}"
    return f'<a class="ref" href="{escapeHtml(composer.place_url(target))}">{escapeHtml(name)}</a>'


def opens_words(day: Day, language: Language) -> str:
    """The words after a reference to something that opens later."""
    when = language.moment(day.moment) if day.moment else ""
    return " " + language.translate("(opens %(moment)s)", moment=when)


def split_words(content: str) -> tuple[str, str]:
    """The words and the label of ``words <label>``; no words if there is only a label."""
    match = WORDS_AND_LABEL.fullmatch(content)
    return (match[1], match[2]) if match else ("", content)


def numbered_words(words: str, number: str) -> str:
    """An author's words for a reference, with the number if they ask for it."""
    return words.replace("%s", number).replace("{number}", number)


def document_label(content: str, chapter: str) -> str:
    """The label of the page that ``{doc}`` names by its file, with the author's words."""
    words, file = split_words(content)
    path = PurePosixPath(file)
    label = (path.parent.name or chapter) if path.stem == "index" else path.stem
    return f"{words} <{label}>" if words else label


def _doc(content: str, line: int, composer: Surroundings) -> str:
    return _ref(document_label(content, composer.scope), line, composer)


def citations(shorts: Iterable[str], form: str) -> str:
    """Short references in one sentence: plain, in brackets, or with the year in brackets."""
    if form == "cite:t":
        return ", ".join(YEAR.sub(r" (\1)", short) for short in shorts)
    joined = "; ".join(shorts)
    return f"({joined})" if form == "cite:p" else joined


def _cite(form: str) -> RoleMaker:
    def make(keys: str, line: int, composer: Surroundings) -> str:
        links = [composer.cite(key.strip(), line) for key in keys.split(",")]
        shorts = (
            f'<a class="cite" href="{escapeHtml(link.url)}">{escapeHtml(link.title)}</a>'
            for link in links
            if link is not None
        )
        return citations(shorts, form)

    return make


def _element(opening: str, closing: str) -> RoleMaker:
    return lambda words, line, composer: f"{opening}{escapeHtml(words)}{closing}"


def _term(content: str, line: int, composer: Surroundings) -> str:
    words, term = split_words(content)
    return str(composer.term(words or term, term, line))


def _num(content: str, line: int, composer: Surroundings) -> str:
    return composer.quoted(content, line)


def _math(tex: str, line: int, composer: Surroundings) -> str:
    return composer.math(tex, line)


def _abbr(content: str, line: int, composer: Surroundings) -> str:
    match = EXPLAINED.fullmatch(content)
    if match is None:
        composer.problems.add(line, f"write {{abbr}}`PCA (principal components)`; got {content!r}")
        return ""
    return f'<abbr title="{escapeHtml(match[2])}">{escapeHtml(match[1])}</abbr>'


RoleMaker: TypeAlias = Callable[[str, int, Any], str]

ROLES: dict[str, RoleMaker] = {
    "eq": _eq,
    "ref": _ref,
    "numref": _ref,
    "doc": _doc,
    "cite": _cite("cite"),
    "cite:p": _cite("cite:p"),
    "cite:t": _cite("cite:t"),
    "term": _term,
    "num": _num,
    "math": _math,
    "abbr": _abbr,
    "sub": _element("<sub>", "</sub>"),
    "sup": _element("<sup>", "</sup>"),
    "kbd": _element("<kbd>", "</kbd>"),
}
"""Names that may precede a code span in braces, and the markup they make."""
