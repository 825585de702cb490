"""Resolves running text: mathematics, roles, links, side notes, pictures, listings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Protocol, TypeAlias

from markdown_it.common.utils import escapeHtml
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from latentbook.base.errors import FileProblems, known_names
from latentbook.book.compose.joints import joined
from latentbook.book.compose.math_words import Formula
from latentbook.book.compose.pieces import Address, Html, Link, Text, element, plain
from latentbook.book.compose.target import Target
from latentbook.book.read import suggestions
from latentbook.book.read.contents import page_label
from latentbook.book.read.day import Day
from latentbook.book.translations.language import Language, message

_FORMATTER = HtmlFormatter(nowrap=True)


@lru_cache(maxsize=4096)
def highlight_code(source: str, language: str = "python") -> Html:
    """Markup for the inside of ``pre > code``; its text is ``source`` without trailing newlines."""
    try:
        lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        raise ValueError(f"unknown language {language!r} of a listing") from None
    return Html(highlight(source.rstrip("\n"), lexer, _FORMATTER).rstrip("\n"))


WORDS_AND_LABEL = re.compile(r"(.+?)\s*<([^<>]+)>", re.DOTALL)
EXPLAINED = re.compile(r"(.+?)\s*\(([^()]+)\)", re.DOTALL)
YEAR = re.compile(r" (\d{4}[a-z]?)$")
EXTERNAL = ("https://", "http://", "mailto:")


class Surroundings(Protocol):
    """A page (:class:`Composer`) or a notebook, as the running text in it uses it."""

    problems: FileProblems
    scope: str
    language: Language

    def math(self, tex: str, line: int, *, display: bool = False) -> Formula: ...
    def note_mark(self, label: str, line: int) -> Iterable[Token]: ...
    def link(self, href: str, line: int) -> tuple[Address | None, Day | None]: ...
    def picture(self, name: str, alt: str, line: int) -> Token | None: ...
    def target(self, label: str, line: int) -> Target | None: ...
    def opens(self, target: Target) -> Day | None: ...
    def cite(self, key: str, line: int) -> Link | None: ...
    def term(self, words: str, name: str, line: int) -> Iterable[Token]: ...
    def quoted(self, content: str, line: int) -> Iterable[Token]: ...


def resolved(tokens: Iterable[Token], around: Surroundings) -> Text:
    """Resolve a text's references; report those that fail."""
    return Text(tuple(joined([*_resolved(tuple(tokens), around)])))


def _resolved(tokens: Sequence[Token], around: Surroundings) -> Iterator[Token]:
    opens: Day | None = None  # when the target of the current link opens
    target: Target | None = None  # of the current link, if it has its own words
    for idx, token in enumerate(tokens):
        line = _line(token)
        match token.type:
            case "inline":
                yield token.copy(children=joined([*_resolved(token.children or [], around)]))
            case "math_inline" | "math_block":
                formula = around.math(token.content, line, display=token.block)
                yield _with(token, math=formula)
            case "myst_role":
                yield from _role(tokens, idx, around)
            case "footnote_ref":
                yield from around.note_mark(token.meta["label"], line)
            case "image":
                alt = "".join(child.content for child in token.children or ())
                if title := token.attrGet("title"):
                    message = f"a picture has no title: show it with {{figure}}; got {title!r}"
                    around.problems.add(line, message)
                picture = around.picture(str(token.attrGet("src") or ""), alt, line)
                yield from [picture] if picture else []
            case "fence" | "code_block":
                yield _listing(token, around)
            case "table_open":
                yield _with(token, scrolls=around.language.translate("Table"))
            case "html_inline" | "html_block":
                pass  # a comment: nothing else gets here
            case "text" if target:
                yield token.copy(content=_named(token.content, target, around.language))
            case "link_open":
                empty = idx + 1 < len(tokens) and tokens[idx + 1].type == "link_close"
                href = str(token.attrGet("href") or "")
                if empty and not href.startswith("#"):
                    around.problems.add(line, f"the link to {href!r} has no words")
                if href.startswith(EXTERNAL):
                    opens = None
                    yield token
                    continue
                address, opens = around.link(href, line)
                file, _, label = href.partition("#")
                if not empty and address:
                    target = around.target(label or document_label(file, around.scope), line)
                # Withheld content has no address yet; another book's may be unknown.
                leads = not opens and (address is None or address.book is not None)
                yield _with(token, to=address) if leads else token.copy(attrs={})
                if empty and href.startswith("#") and (target := around.target(href[1:], line)):
                    yield plain(target.name(around.language))
            case "link_close":
                target = None
                yield token
                if opens:
                    yield plain(opens_words(opens, around.language))
            case _:
                yield token


def _with(token: Token, **meta: object) -> Token:
    return token.copy(meta={**token.meta, **meta})


def _line(token: Token) -> int:
    return token.map[0] + 1 if token.map else 1


def _listing(token: Token, around: Surroundings) -> Token:
    language = token.info.strip()
    code = escapeHtml(token.content.rstrip("\n"))
    if language:
        try:
            code = highlight_code(token.content, language)
        except ValueError as error:
            hint = suggestions.LANGUAGES.get(language)
            if not hint and " " in language:
                hint = f"nothing follows the language: write ```{language.split()[0]}"
            around.problems.add(_line(token), f"{error}: {hint}" if hint else str(error))
    return _with(token, code=code, scrolls=around.language.translate("Listing"))


def _role(tokens: Sequence[Token], idx: int, around: Surroundings) -> Iterable[Token]:
    """Resolve ``{role}`content```."""
    token = tokens[idx]
    name, line = token.meta["name"], _line(token)
    if name not in ROLES:
        known = known_names(name, ROLES, suggestions.ROLES)
        around.problems.add(line, f"unknown role {name!r}{known}")
        return
    words = list(ROLES[name](token.content.strip(), line, around))
    names_itself = ROLES[name] in (_ref, _doc) and "<" not in token.content
    if names_itself and _starts_sentence(tokens[:idx]):
        for each in words:
            if each.type == "text":
                each.content = each.content[:1].upper() + each.content[1:]
                break
    yield from words


def _starts_sentence(before: Sequence[Token]) -> bool:
    """Whether the text after these tokens of a line begins a sentence."""
    for token in reversed(before):
        if token.type not in ("softbreak", "hardbreak") and token.content.strip():
            return token.type == "text" and token.content.rstrip().endswith((".", "?", "!"))
    return True


def _eq(label: str, line: int, around: Surroundings) -> Iterable[Token]:
    target = around.target(label, line)
    if target is None:
        return [plain(label)]
    if target.kind != "equation":
        around.problems.add(line, f"{label!r} is not an equation: write {{ref}}`{label}`")
        return ()
    name = target.numbered(message("Eq. %(number)s"), around.language)
    return _reference(name, target, around)


def _ref(content: str, line: int, around: Surroundings) -> Iterable[Token]:
    words, label = split_words(content)
    target = around.target(label, line)
    if target is None:
        return [plain(words or label)]
    if target.kind == "equation":
        around.problems.add(line, f"{label!r} is an equation: write {{eq}}`{label}`")
        return ()
    name = target.name(around.language)
    return _reference(_named(words, target, around.language) or name, target, around)


def _named(words: str, target: Target, language: Language) -> str:
    """Fill in the number or name of the target where a reference's words ask for it."""
    title = target.title or target.name(language)
    number = target.number or title
    return words.replace("%s", number).replace("{number}", number).replace("{name}", title)


def _reference(name: str, target: Target, around: Surroundings) -> Iterator[Token]:
    if (opens := around.opens(target)) or target.outside is None:
        yield from element("span", [plain(name)])
        if opens:
            yield plain(opens_words(opens, around.language))
    else:
        yield from element("a", [plain(name)], target.address, class_="ref")


def opens_words(day: Day, language: Language) -> str:
    """The words after a reference to something that opens later."""
    when = language.moment(day.moment) if day.moment else ""
    return " " + language.translate("(opens %(moment)s)", moment=when)


def split_words(content: str) -> tuple[str, str]:
    """The words and the label of ``words <label>``; no words if there is only a label."""
    match = WORDS_AND_LABEL.fullmatch(content)
    return (match[1], match[2]) if match else ("", content)


def document_label(file: str, chapter: str) -> str:
    path = PurePosixPath(file)
    if path.stem == "index":
        return path.parent.name or chapter
    return page_label(path.with_suffix("").as_posix())


def _doc(content: str, line: int, around: Surroundings) -> Iterable[Token]:
    words, file = split_words(content)
    label = document_label(file, around.scope)
    return _ref(f"{words} <{label}>" if words else label, line, around)


def _cite(form: str) -> Role:
    def tokens(keys: str, line: int, around: Surroundings) -> Iterator[Token]:
        links = [around.cite(key.strip(), line) for key in keys.split(",")]
        if form == "cite:p":
            yield plain("(")
        for count, link in enumerate(filter(None, links)):
            if count:
                yield plain(", " if form == "cite:t" else "; ")
            name = YEAR.sub(r" (\1)", link.title) if form == "cite:t" else link.title
            yield from element("a", [plain(name)], link.url, class_="cite")
        if form == "cite:p":
            yield plain(")")

    return tokens


def _element(tag: str) -> Role:
    return lambda words, line, around: element(tag, [plain(words)])


def _term(content: str, line: int, around: Surroundings) -> Iterable[Token]:
    words, term = split_words(content)
    return around.term(words or term, term, line)


def _math(tex: str, line: int, around: Surroundings) -> Iterable[Token]:
    meta = {"math": around.math(tex, line)}
    return [Token("math_inline", "math", 0, content=tex, meta=meta)]


def _abbr(content: str, line: int, around: Surroundings) -> Iterable[Token]:
    match = EXPLAINED.fullmatch(content)
    if match is None:
        around.problems.add(line, f"write {{abbr}}`PCA (principal components)`; got {content!r}")
        return ()
    return element("abbr", [plain(match[1])], title=match[2])


Role: TypeAlias = Callable[[str, int, Surroundings], Iterable[Token]]
"""The words of a role as tokens, which pages, notebooks and the search print differently."""

ROLES: dict[str, Role] = {
    "eq": _eq,
    "ref": _ref,
    "numref": _ref,
    "prf:ref": _ref,
    "doc": _doc,
    "cite": _cite("cite"),
    "cite:p": _cite("cite:p"),
    "cite:t": _cite("cite:t"),
    "term": _term,
    "num": lambda content, line, around: around.quoted(content, line),
    "math": _math,
    "abbr": _abbr,
    "sub": _element("sub"),
    "sup": _element("sup"),
    "kbd": _element("kbd"),
}
"""The names that may precede a code span in braces."""
