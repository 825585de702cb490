"""Suggestions for authors who write what MyST, Jupyter Book or other Markdown would accept."""

from __future__ import annotations

import re

_QUESTION = "ask with {quiz}, whose {answer} the reader opens, or write {admonition} and {fold}"
_RESULT = "write {admonition} with the option :kind: result or definition"
_FRAME = "a page has text, figures and instruments: write headings, or a {fold} for each part"
_LISTING = "write ```python without braces, or {code-cell} for Python that runs"
_GENERATED = "leave it out: the book makes its lists of contents itself"
_OTHER_HOST = "pages load nothing from other hosts: use {figure}, or a link"
_REST = "write it in Markdown"
_PYTHON = "write {code-cell}, whose output is recorded"

DIRECTIVES = {
    "exercise": _QUESTION,
    "solution": _QUESTION,
    "hint": "for a remark outside a question write {tip}",
    **dict.fromkeys(("exercise-start", "solution-start", "admonition-start"), _QUESTION),
    **{
        f"prf:{name}": _RESULT
        for name in ("theorem", "definition", "lemma", "proposition", "corollary", "remark")
    },
    "prf:proof": "write {fold} Proof",
    "prf:algorithm": "write a listing, or {code-cell}",
    "prf:example": "write {admonition} Example",
    **dict.fromkeys(("tab-set", "tab-item", "tabbed", "grid", "card", "panels"), _FRAME),
    **dict.fromkeys(("code-block", "code", "sourcecode", "highlight"), _LISTING),
    **dict.fromkeys(("literalinclude", "include"), "put the text itself here"),
    **dict.fromkeys(("tableofcontents", "toctree", "contents", "index", "genindex"), _GENERATED),
    **dict.fromkeys(("bibliography", "footbibliography"), "leave it out: sources are listed"),
    **dict.fromkeys(("eval-rst", "raw", "only", "rst-class"), _REST),
    **dict.fromkeys(("iframe", "video", "youtube", "audio", "embed"), _OTHER_HOST),
    **dict.fromkeys(("mermaid", "graphviz", "tikz"), "draw it as SVG and show it with {figure}"),
    **dict.fromkeys(("glue:figure", "glue:math", "jupyter-execute", "nb-exec-table"), _PYTHON),
    "glossary": "write a definition list: the word, and below it ': ' and its meaning",
    "csv-table": "write {table} around a Markdown table",
    "subfigure": "write a {figure} for each picture",
    "epigraph": "write a quotation: '> '",
    "button": "write a link",
}

_COLUMN = "leave it out: a picture is as wide as the column, or as its own pixels"
OPTIONS = {
    **dict.fromkeys(("width", "height", "scale", "align", "figwidth", "figclass"), _COLUMN),
    "class": "leave it out; a remark that opens on demand is a {fold}",
    "tags": "leave it out: code and output are both shown; {fold} hides text",
    "caption": "a snippet has a :title:, a figure its caption as body",
    "nonumber": "an equation without a :label: has no number",
    **dict.fromkeys(("linenos", "lineno-start", "emphasize-lines"), "leave it out"),
}

ROLES = {
    **dict.fromkeys(("citep", "cite:ps", "footcite"), "write {cite:p}"),
    **dict.fromkeys(("citet", "cite:ts"), "write {cite:t}"),
    **dict.fromkeys(("cite:year", "cite:author", "cite:alp"), "write {cite}"),
    "download": "write a link",
    "code": "write `code`",
    "glue:text": "write {num}, a number that the chapter computes",
    "eval": "write {num}, a number that the chapter computes",
    "index": "leave it out: everything can be searched",
}

_KERNEL = "leave it out: code runs in the page's own Python"
_BOOK = "leave it out: settings of the whole book are in book.toml"
FRONT_MATTER = {
    **dict.fromkeys(("kernelspec", "jupytext", "mystnb", "myst", "file_format"), _KERNEL),
    **dict.fromkeys(("author", "authors", "date", "license", "copyright", "github"), _BOOK),
    **dict.fromkeys(("subtitle", "abstract"), "write standfirst in the chapter's index.md"),
    **dict.fromkeys(("tags", "keywords", "numbering", "exports", "short_title"), "leave it out"),
    **dict.fromkeys(("math", "macros"), "macros of the whole book are in book.toml"),
    **dict.fromkeys(("bibliography", "thumbnail", "label", "downloads"), "leave it out"),
}

HTML = {
    "details": "write {fold}",
    **dict.fromkeys(("img", "figure", "svg"), "write {figure}"),
    **dict.fromkeys(("b", "strong"), "write **bold**"),
    **dict.fromkeys(("i", "em"), "write *italics*"),
    "a": "write [words](address)",
    "br": "begin a new paragraph",
    **dict.fromkeys(("sub", "sup", "kbd"), "write {sub}`x`, {sup}`x` or {kbd}`x`"),
    **dict.fromkeys(("iframe", "video", "audio", "script"), _OTHER_HOST),
    "table": "write a Markdown table",
    "center": "leave it out",
}

LITERAL = (
    (re.compile(r"\\\((?=[^()]{0,500}\\\))"), r"mathematics is written $x$, not \(x\)"),
    (
        re.compile(r"^\\\[", re.MULTILINE),
        r"an equation is written between lines of $$, not \[ and \]",
    ),
    (
        re.compile(r"\^\[[^\[\]]{0,500}\]"),
        "a note is called [^name] and written as a paragraph [^name]: …",
    ),
    (
        re.compile(r"\{\{[^{}\n]{1,200}\}\}"),
        "there are no substitutions: write the words",
    ),
    (
        re.compile(r"\]\((?=(?:javascript|vbscript|data|file):)", re.IGNORECASE),
        "a link leads to https:, http:, mailto: or a page of the book",
    ),
    (re.compile(r"\[-?@[\w:-]+"), "a source is cited with {cite:p}`key`"),
    (re.compile(r"(?<=\))\{[^}\n`]*[=.#][^}\n`]*\}"), "attributes in braces are not read"),
    (re.compile(r"\[\[[^\[\]\n]{1,200}\]\]"), "a link is written [words](page.md#label)"),
)
"""Markup of other dialects that the page would show literally."""

_CODE = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
_MATHEMATICS = re.compile(r"(?<!\\)\$[^$]*\$")


def literal_markup(text: str) -> list[tuple[int, str]]:
    """Find syntax of other dialects in a paragraph: lines from 0, and messages."""
    text = _MATHEMATICS.sub(_lines_of, _CODE.sub(_lines_of, text))
    return [
        (text.count("\n", 0, match.start()), f"{message}; got {match[0][:40]!r}")
        for pattern, message in LITERAL
        for match in pattern.finditer(text)
    ]


def _lines_of(match: re.Match[str]) -> str:
    return "\n" * match[0].count("\n")


def html_instead(markup: str) -> str:
    """Suggest Markdown for some HTML, after a colon; may be empty."""
    tag = re.match(r"</?([a-zA-Z]+)", markup.lstrip())
    return f": {HTML[tag[1].lower()]}" if tag and tag[1].lower() in HTML else ""
