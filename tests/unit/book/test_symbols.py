"""Symbols in equations: found by their tokens, explained once, listed with their places."""

from __future__ import annotations

import re

import pytest

from latentbook.base.errors import BookErrors
from latentbook.book.compose.blocks import Prose
from latentbook.book.compose.math import Notation, Symbols
from latentbook.book.compose.pieces import Address, Layout
from latentbook.book.load import load
from latentbook.book.read.notation import SymbolEntry
from latentbook.book.write.render import printed

from .conftest import BOOK, HEAD, MakeBook

X, K, SIGMA = r"\mathbf{x}", "k", r"\sigma"


def entry(id: str, tex: str, sections: tuple[str, ...]) -> SymbolEntry:
    made = SymbolEntry(tex=tex, words="words", sections=sections)
    made._id = id
    return made


ENTRIES = [
    entry(id, tex, sections)
    for id, tex, sections in [
        ("x", X, ()),
        ("x-hat", r"\hat{\mathbf{x}}", ()),
        ("k", K, ()),
        ("l", "l", ()),
        ("sigma", SIGMA, ()),
        ("noise", SIGMA, ("denoising",)),
        ("encoder", r"f_\theta", ()),
        ("r", r"\Rzero", ()),
        ("r-hat", r"\hat{\Rzero}", ()),
    ]
]
EXPAND = Notation({"Rzero": "R_0"}).expand


def marked(text: str) -> str:
    """Expand the shorthand ``[[k|k]]`` for marks in TeX."""
    return re.sub(r"\[\[([\w-]+)\|(.*?)\]\]", r"{\\htmlData{symbol=\1}{\2}}", text)


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        (r"k < 3", r"[[k|k]] < 3"),
        (r"\log k", r"\log [[k|k]]"),
        (r"\text{k of } k", r"\text{k of } [[k|k]]"),
        (r"\mathrm{KL} + \mathcal{l}", r"\mathrm{KL} + \mathcal{l}"),
        (r"\operatorname*{l}_k", r"\operatorname*{l}_[[k|k]]"),
        (r"\hat{\mathbf{x}}_k", r"[[x-hat|\hat{\mathbf{x}}]]_[[k|k]]"),
        (r"\hat{\mathbf {x}}", r"[[x-hat|\hat{\mathbf {x}}]]"),
        (r"f_\theta(\mathbf{x})", r"[[encoder|f_\theta]]([[x|\mathbf{x}]])"),
        (r"f(\mathbf{x})", r"f([[x|\mathbf{x}]])"),
        (r"\begin{array}{ll} k \end{array}", r"\begin{array}{ll} [[k|k]] \end{array}"),
        (r"R_0 - {R_0}", r"[[r|R_0]] - {[[r|R_0]]}"),  # \Rzero, written out and expanded
        (EXPAND(r"\hat{\Rzero}"), r"[[r-hat|\hat{{R_0}}]]"),
        (r"\frac k2", r"\frac [[k|k]]2"),
    ],
)
def test_what_is_marked(tex: str, expected: str) -> None:
    made, used = Symbols(ENTRIES, "compress", EXPAND).mark(tex)
    assert made == marked(expected)
    assert used == set(re.findall(r"\[\[([\w-]+)\|", expected))


def test_a_meaning_for_one_section_goes_before_that_of_the_book() -> None:
    assert Symbols(ENTRIES, "denoising", EXPAND).mark(SIGMA)[0] == marked(rf"[[noise|{SIGMA}]]")
    assert Symbols(ENTRIES, "compress", EXPAND).mark(SIGMA)[0] == marked(rf"[[sigma|{SIGMA}]]")


NOTATION = """\
[[symbols]]
tex = 'k'
words = "Width."
shape = "()"
code = "k"
"""
TERMS = '[terms]\nmanifold = "A curved space."\n'
TEXT = f"{HEAD}\nA {{term}}`manifold` has $k$ axes; {{term}}`manifolds <manifold>` bend.\n"


def test_a_page_has_the_symbols_of_its_equations(make_book: MakeBook) -> None:
    files = {"notation.toml": NOTATION, "glossary.toml": TERMS, "sample/text.md": TEXT}
    book = load(make_book(files)).book
    section = book.chapters[0].sections[0]
    assert [(each.id, each.shape, each.code) for each in section.symbols] == [("k", "()", "k")]
    block = section.blocks[0]
    assert isinstance(block, Prose)
    html = printed(block.html, Layout("../../", section.place, {section.place: ""}))
    assert 'data-symbol="k"' in html
    assert '<dfn class="term" id="term-manifold">manifold</dfn>' in html
    assert '<a class="term" href="../../glossary/#term-manifold">manifolds</a>' in html
    assert [term.place.url for term in book.terms] == [Address("sample/text", "term-manifold")]
    assert [use.number for use in book.symbols[0].uses] == ["2.1"]


@pytest.mark.parametrize("tex", [r"\Rzero", "R_0"])
def test_a_symbol_that_a_macro_abbreviates(tex: str, make_book: MakeBook) -> None:
    files = {
        "book.toml": BOOK.replace("[[parts]]", "[macros]\nRzero = 'R_0'\n\n[[parts]]"),
        "notation.toml": f"[[symbols]]\ntex = '{tex}'\nwords = 'Reproduction number.'\n",
        "sample/text.md": HEAD + "\nIt is $\\Rzero$.\n",
    }
    (symbol,) = load(make_book(files)).book.symbols
    assert [use.number for use in symbol.uses] == ["2.1"]


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("notation", NOTATION + NOTATION, "'k' is already explained in line 1"),
        ("notation", NOTATION.replace("'k'", "'q'"), "no equation has the symbol 'q'"),
        ("notation", NOTATION.replace("words", "word"), "unknown key 'word' of [[symbols]]"),
        ("notation", NOTATION.replace('"Width."', "5"), "words of [[symbols]] must be text; got 5"),
        ("notation", "[[symbol]]\n", "unknown key 'symbol'. Did you mean 'symbols'? Acc"),
        ("notation", NOTATION + "sections = ['tex']", "no section 'tex'. Did you mean 'text'?"),
        ("glossary", TERMS + 'lake = "Water."', "toml:3: no text defines this: write {term}`lake`"),
        ("glossary", TERMS.replace("man", "wo"), "text.md:6: no term 'manifold' in glossary.toml"),
        ("glossary", "[terms]\nmanifold = 7", "manifold of [terms] must be text; got 7"),
    ],
)
def test_mistakes(file: str, text: str, message: str, make_book: MakeBook) -> None:
    files = {"notation.toml": NOTATION, "glossary.toml": TERMS, "sample/text.md": TEXT}
    with pytest.raises(BookErrors) as caught:
        load(make_book({**files, f"{file}.toml": text}))
    assert message in str(caught.value)
