"""A value's rich display, as in notebooks: ``_repr_html_``, ``_repr_svg_``, ``_repr_png_``, or the
function of a plugin of the book.

HTML from a reader's code is cleaned: a page accepts text, tables, lists, and embedded pictures and
sounds, but no script, style, link or other address. ``static/js/cell/rich.js`` does not trust this
and builds the page's elements itself, by the same list.
"""

import base64
import re
from html import escape
from html.parser import HTMLParser
from typing import Any

from widgets.engine import outputs

HTML, SVG, PNG = "text/html", "image/svg+xml", "image/png"
METHODS = {"_repr_html_": HTML, "_repr_svg_": SVG, "_repr_png_": PNG}
"""In the order in which notebooks try them."""

TAGS = frozenset(
    (
        "table", "caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr", "th", "td", "p",
        "div", "span", "b", "strong", "i", "em", "u", "s", "code", "pre", "kbd", "samp", "sub",
        "sup", "small", "br", "hr", "ul", "ol", "li", "dl", "dt", "dd", "figure", "figcaption",
        "blockquote",
    )
)  # fmt: skip
EMPTY = frozenset(("br", "hr", "col"))
HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
DROPPED = frozenset(
    ("script", "style", "head", "title", "template", "svg", "math", "iframe", "object", "button")
)
ATTRIBUTES = {"colspan": r"\d{1,3}", "rowspan": r"\d{1,3}", "scope": r"(row|col)(group)?"}
DATA = {
    "img": re.compile(r"data:image/(png|jpeg|gif|webp|svg\+xml)[;,]"),
    "audio": re.compile(r"data:audio/[\w.+-]+[;,]"),
}
"""Accepted addresses of pictures and sounds."""


def shown(value: Any) -> tuple[str, str] | None:
    """MIME type and data of the first form that a value has, or None.

    Raises
    ------
    ValueError
        If a form is of the wrong type.
    """
    if added := outputs.form_of(value):
        mime, show = added
        if (data := show(value)) is not None:
            return mime, _accepted(show.__name__, mime, data)
    for name, mime in METHODS.items():
        data = getattr(value, name)() if hasattr(type(value), name) else None
        if data is not None:
            return mime, _accepted(name, mime, data)
    return None


def _accepted(name: str, mime: str, data: Any) -> str:
    wanted = bytes if mime == PNG else str
    if not isinstance(data, wanted):
        raise ValueError(
            f"{name}() returned {type(data).__name__}. Accepted: {wanted.__name__}, or None."
        )
    if isinstance(data, bytes):
        data = base64.b64encode(data).decode()
    return cleaned(data) if mime == HTML else data


def cleaned(html: str) -> str:
    """Reduce HTML to the elements that a page accepts; most others leave their text."""
    cleaner = _Cleaner()
    cleaner.feed(html)
    cleaner.close()
    return "".join([*cleaner.written, *(f"</{tag}>" for tag in reversed(cleaner.open))])


class _Cleaner(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.written: list[str] = []
        self.open: list[str] = []
        self.dropped: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        tag = "strong" if tag in HEADINGS else "audio" if tag == "source" else tag
        if tag in DROPPED:
            self.dropped.append(tag)
        elif self.dropped:
            return
        elif tag in DATA:
            self.show(tag, given)
        elif tag in TAGS:
            kept = (
                f' {name}="{given[name]}"'
                for name, pattern in ATTRIBUTES.items()
                if re.fullmatch(pattern, given.get(name, ""))
            )
            self.written.append(f"<{tag}{''.join(kept)}>")
            self.open += [tag] * (tag not in EMPTY)

    def show(self, tag: str, given: dict[str, str]) -> None:
        """Write a picture or a sound if its data is embedded, else its description."""
        source = "".join(given.get("src", "").split())
        said = escape(given.get("alt") or given.get("aria-label") or given.get("title") or "")
        if not DATA[tag].match(source):
            self.written.append(said)
        elif tag == "img":
            self.written.append(f'<img alt="{said}" src="{escape(source)}">')
        else:
            self.written.append(
                f'<audio controls aria-label="{said}" src="{escape(source)}"></audio>'
            )

    def handle_endtag(self, tag: str) -> None:
        tag = "strong" if tag in HEADINGS else tag
        if tag in self.dropped:
            while self.dropped.pop() != tag:
                pass
        elif not self.dropped and tag in self.open:
            while (last := self.open.pop()) != tag:
                self.written.append(f"</{last}>")
            self.written.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self.dropped:
            self.written.append(escape(data))
