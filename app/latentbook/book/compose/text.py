"""Running text with its references resolved, and where they lead from one page or another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from markdown_it.token import Token


@dataclass(frozen=True)
class Address:
    """A page of the book, or what has this ``id`` on it. ``book`` is the URL of another book."""

    page: str
    id: str = ""
    book: str = ""


@dataclass(frozen=True)
class Layout:
    """Where links lead from one page of the site, and what the ids on it are.

    Attributes
    ----------
    root : from this page to the root of the site
    here : the page of the book whose text is printed
    starts : the id at which each page of the book begins that is shown here; empty for the page
        that is nothing else
    prefixes : what goes before the ids of each page of the book
    """

    root: str
    here: str = ""
    starts: Mapping[str, str] = field(default_factory=dict)
    prefixes: Mapping[str, str] = field(default_factory=dict)

    def url(self, to: Address) -> str:
        start = self.starts.get(to.page)
        if start is not None and not to.book and (to.id or start):
            return "#" + (self.id(to.id, to.page) if to.id else start)
        page = f"{to.book or self.root}{to.page}/" if to.page else to.book or self.root
        return f"{page}#{to.id}" if to.id else page

    def home(self, id: str) -> str:
        """Where something of the page that is printed is in the book itself."""
        alone = self.starts.get(self.here) == ""
        return f"#{id}" if alone else replace(self, starts={}).url(Address(self.here, id))

    def id(self, id: str, page: str | None = None) -> str:
        """The id of something of the page that is printed, or of another one."""
        return self.prefixes.get(self.here if page is None else page, "") + id


@dataclass(frozen=True)
class Text:
    """Running text as tokens of markdown-it that need nothing else of the book.

    An opening token with ``to`` among its ``meta`` is a link to that :class:`Address`; ``file`` is
    the place of a picture below the site's root, ``math`` an equation that is set.
    """

    tokens: tuple[Token, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.tokens)

    @cached_property
    def words(self) -> str:
        """What it says, on one line."""
        return " ".join("".join(_words(self.tokens)).split())


def _words(tokens: Iterable[Token]) -> Iterator[str]:
    for token in tokens:
        if token.children is not None:
            yield from _words(token.children)
        elif "math" in token.meta:
            yield token.meta["math"].words
        elif token.content:
            yield token.content
        if token.type in ("softbreak", "hardbreak") or (token.block and token.nesting == -1):
            yield " "


def plain(words: str) -> Token:
    """A token of nothing but words."""
    return Token("text", "", 0, content=words)


def element(
    tag: str, inside: Iterable[Token], to: Address | None = None, /, **attributes: str
) -> Iterator[Token]:
    """The tokens of an element around others; a link if it leads somewhere."""
    name = "link" if tag == "a" else tag
    attrs: dict[str, Any] = {key.rstrip("_"): value for key, value in attributes.items()}
    yield Token(f"{name}_open", tag, 1, attrs=attrs, meta={"to": to} if to else {})
    yield from inside
    yield Token(f"{name}_close", tag, -1)
