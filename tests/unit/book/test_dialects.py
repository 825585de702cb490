"""Markup of other Markdown dialects is refused with what to write; ordinary prose is not."""

from __future__ import annotations

import json
import re

import pytest

from latentbook.base.errors import BookErrors
from latentbook.book.load import load
from latentbook.book.write.search import search_index

from .conftest import BOOK, HEAD, OPENING, MakeBook, pages_of
from .test_cases import outline

REFUSED = {
    # Pandoc, Quarto, R Markdown
    "A note [beside]{.aside} it.": "attributes in braces",
    "A `word`{.python} and *one*{lang=de}.": "attributes in braces",
    "Raw `<b>`{=html} here.": "attributes in braces",
    "A paragraph.\n{: .lead }": "attributes in braces",
    "## One {.unnumbered}": "attributes in braces",
    "## Two {-}": "attributes in braces",
    "- item {.fragment}": "attributes in braces",
    "$$\nx\n$$ {#eq-x}": "follows as $$ (eq-x)",
    "$$x$$ {#eq:y}": "follows as $$ (eq:y)",
    "{#eq-one}": "(eq-one) after the $$",
    "Water is H~2~O.": "{sub}`2`",
    "And x^2^, 10^-3^.": "{sup}`2`",
    "This is ~gone~ now.": "~~gone~~",
    "==Marked== words.": "*italics*",
    "By @smith2020 in it.": "{cite:t}`smith2020`",
    "By @vaswani2017attention [p. 3].": "{cite:t}`vaswani2017attention`",
    "It holds [see @smith2020, p. 3].": "{cite:p}`smith2020`",
    "It holds [-@doe].": "{cite:p}`doe`",
    "In @fig:one and @Sec-two.": "{numref}`fig:one`",
    "In \\@ref(fig:one).": "{ref}`fig:one`",
    "| a | b |\n|---|---|\n| 1 | 2 |\n\n: Sizes {#tbl-sizes}": "{table}",
    "Table: Sizes": "{table}",
    "(@good) An example.": "write a list",
    "#. One\n#. Two": "write a list",
    "a. One\nb. Two": "write a list",
    "| The first line\n| and the second": "is broken there",
    "+---+---+\n| a | b |\n+---+---+": "|---|---|",
    "A sum of `{python} x`.": "{num}`name:.1f`",
    "A sum of `r nrow(data)`.": "{num}`name:.1f`",
    "#| label: fig-x": "below the first line",
    "```{.python .input}\n1\n```": "{code-cell} python",
    "``` {#lst .python}\n1\n```": "{code-cell} python",
    "```python {.numberLines}\n1\n```": "write ```python",
    "::: {layout-ncol=2}\nx\n:::": "headings",
    ". . .": "leave it out",
    # LaTeX
    "A \\textbf{bold} word.": "**bold**",
    "An \\emph{important} one.": "*italics*",
    "A \\texttt{name}.": "`code`",
    "See \\href{https://x.org}{X}.": "[words](address)",
    "Said\\footnote{Twice.} so.": "[^name]",
    "\\section{One}": "## to ####",
    "\\begin{itemize}\n\\item One\n\\end{itemize}": "write a list",
    "\\begin{tabular}{l}\na\n\\end{tabular}": "not in LaTeX",
    "Where \\begin{cases}a\\end{cases} is.": "between $ and $",
    "The \\alpha of it.": "between $ and $",
    "\\newcommand{\\R}{x}": "[macros]",
    "\\newpage": "leave it out",
    "As in Figure~3.": "&nbsp;",
    "He said ``so'' twice.": "double quotes",
    "Within $$x = 1$$ a line.": "Within a line",
    "Of 28$\\times$28 pixels.": "a digit is beside a $",
    "Here $x is open.": "a single $",
    "It costs $5 and I have 10$.": "are words",
    "$\\mbox{if}$": "\\text",
    "$\\mathds{1}$": "\\mathbb",
    "$\\require{cancel} x$": "leave it out",
    "$a \\label{eq:a}$": "follows as $$ (eq:a)",
    "$\\def\\x{y}$": "[macros]",
    "$M’$": "write ' for a prime",
    "$`x`$": "without backticks",
    "$\\unheard$": "[macros] of book.toml",
    # reStructuredText
    "See :eqref:`loss`.": "{eq}`",
    "See :numref:`fig`, :cite:t:`x`.": "{numref}`",
    "Call :py:func:`f`.": "`code`",
    ".. note::\n\n   A note.": ":::{note}",
    ".. image:: x.png": "{figure}",
    ".. _here:": "(label)=",
    "See `X <https://x.org>`_.": "[words](address)",
    "As follows::\n\nx": "between lines of ```",
    # MkDocs, Docusaurus, GitHub, GitLab, Obsidian, Hugo
    '!!! note "Title"\n\n    Text.': ":::{note}",
    "??? info\n    Text.": ":::{note}",
    "/// tip\nText.\n///": ":::{tip}",
    ":::note\nText.\n:::": ":::{note}",
    ":::info[Title]\nText.\n:::": ":::{note}",
    '=== "Tab"\n\n    Text.': "headings",
    "++inserted++ words.": "*italics*",
    "Press ++ctrl+alt+del++.": "{kbd}",
    '--8<-- "part.md"': "put the text itself here",
    "Fine :smile: and :material-check:.": "write the sign itself",
    "*[HTML]: HyperText Markup Language": "{abbr}",
    "[TOC]": "lists of contents",
    "[[_TOC_]]": "[words](page.md#label)",
    "{:toc}": "lists of contents",
    "{% include x.html %}": "no substitutions",
    "{{< figure src=x >}}": "no substitutions",
    "A {props.name} here.": "no substitutions",
    "{/* said */}": "begins with %",
    "Text %%hidden%% here.": "begins with %",
    "import Tabs from '@theme/Tabs'": "JavaScript",
    "![[part]]": "[words](page.md#label)",
    "![An arrow|100](arrow.svg)": "size",
    "![An arrow](arrow.svg =9x9)": "without spaces",
    '![An arrow](arrow.svg "A title")': "{figure}",
    "A [word](two words.md).": "without spaces",
    "A [word][nowhere].": "[name]: address",
    "- [/] half": "- [ ] or - [x]",
    "##Heading": "and a space",
    "####### Deep": "and a space",
    "#### Deep": "at most ###",
    "```mermaid\ngraph\n```": "SVG",
    "```math\nx\n```": "between lines of $$",
    "<a href='https://colab.research.google.com/x'><img src='y'></a>": "leave it out",
    "[![Badge](https://x.org/badge.svg)](https://x.org)": "other hosts",
    # Wikitext, AsciiDoc, Org, Textile, Jira
    "'''bold''' words": "**bold**",
    "== Heading ==": "## to ####",
    "See [https://x.org words].": "[words](address)",
    "* one\n** two": "write a list",
    "include::part.adoc[]": "put the text itself here",
    "xref:x[there]": "[words](address)",
    "[NOTE]": ":::{note}",
    "#+BEGIN_QUOTE\nx\n#+END_QUOTE": ":::{note}",
    "h2. Heading": "## to ####",
    "{++added++} and {==marked==}": "as it is meant",
    # Blocks of other systems, and slips
    "```{solution-end}\n```": "{solution}",
    "Text.\n\n    :::{note}\n    x\n    :::": "move it to the left",
    "Text.\n\n\t:::{tip}\n\tx\n\t:::": "move it to the left",
    "Text\n    :::{note}\n    x": "at the left margin",
    "| a | b |\n|---|---|\n| 1 | 2 |\nText below.": "an empty line ends a table",
}
ORDINARY = [
    "It costs $5 and $10, or US$20 to $1,000.50; 5$ more.",
    "Write to me@host.org, see https://x.org/@me?a=b^c^d~e~ and <https://x.org/~me/>.",
    "By [@jane](https://x.org/jane), and @jane herself at 5 pm @ home.",
    "The code `C~`, `x^2^`, `==x==`, `@smith2020`, `{.cls}`, `:smile:`, `\\textbf{x}`, `H~2~O`.",
    "A ratio of 1:2:3 at 10:30:15, about ~10 to ~20, in ~/home or C:\\Users\\me.",
    "The sets {1, 2}, {a, b} and {.5, .7}; a^b, 2^10 and x[i]; [sic], [1], [0, 1).",
    "Compare a == b == c, C++ and C++, i++ and x || y || z; #1 and C# too.",
    "Escaped \\@smith2020, \\^2\\^, \\~2\\~, H\\~2\\~O, \\:smile:, \\{.cls} and \\\\alpha.",
    "$x^{2}$ has TeX, and $\\{x : y\\}$, $a~b~c$, $@$ and $2 ab + 3$.",
    "Note: this is it. Table 3: sizes. See p. 3 -- or not.",
    "~~Struck out~~ and **bold**{num}.",
]


def sections(texts: list[str]) -> dict[str, str]:
    """The files of a chapter with a section for each text."""
    names = [f"s{number}" for number in range(len(texts))]
    files = {
        f"sample/{name}.md": f"{HEAD}\n{text}\n" for name, text in zip(names, texts, strict=True)
    }
    return {"sample/index.md": OPENING.replace("text", ", ".join(names)) + "\nText.\n", **files}


def test_markup_of_other_dialects_is_refused_at_its_line(make_book: MakeBook) -> None:
    with pytest.raises(BookErrors) as caught:
        load(make_book(sections([*REFUSED])))
    told: dict[str, str] = dict.fromkeys(REFUSED, "")
    forms = {f"s{number}": form for number, form in enumerate(REFUSED)}
    for error in caught.value.errors:
        form = forms[error.path.stem]
        assert 6 <= error.line <= 6 + form.count("\n"), str(error)
        told[form] += f"{error.message}\n"
    assert {form: told[form] for form, words in REFUSED.items() if words not in told[form]} == {}
    assert not [message for message in told.values() if "KaTeX" in message or "strict" in message]


def test_ordinary_prose_is_not_refused(make_book: MakeBook) -> None:
    load(make_book(sections(ORDINARY)))


def mistakes(make_book: MakeBook, text: str, **files: str) -> list[str]:
    with pytest.raises(BookErrors) as caught:
        load(make_book({"sample/text.md": f"{HEAD}\n{text}\n", **files}))
    return [f"{error.line}: {error.message}" for error in caught.value.errors]


ACCEPTED = {
    "It is:\n$$\na\n$$\nand small.": '<p>It is:</p></html></prose><equation tex="a">',
    "- Item:\n  $$\n  b\n  $$": '<li>Item:<div class="equation"><tex>b</tex></div></li>',
    "Let $A =\n\\begin{bmatrix}\n1\n\\end{bmatrix}$ be.": "\\end{bmatrix}</tex> be.",
    "\\begin{split}\nc &= 1\n\\end{split}.": 'tex="\\begin{split}c &amp;= 1\\end{split}."',
    "- Item\n  \\begin{align}\n  d &= 1\n  \\end{align}": "<tex>\\begin{aligned}d",
    "A pause -- or a break---of 3--5.": "A pause – or a break—of 3–5.",
    "## Here { #here }\n\nSee [{name}](#here).": '<a href="#here">Here</a>',
    "$$\ne\n$$ (eq:one)\n\nIn {eq}`eq:one`, [%s](#eq_one).": '<a href="#eq-one">2.1</a>',
    "```{math}\n:label: la_two\n\nf\n```\n\nIn {eq}`la-two`.": "Eq. 2.2",
}


def test_what_other_dialects_write_is_set(make_book: MakeBook) -> None:
    loaded = load(make_book(sections([*ACCEPTED])))
    for section, (form, html) in zip(
        loaded.book.chapters[0].sections, ACCEPTED.items(), strict=True
    ):
        made = re.sub(r"\n\s*", "", outline(section.blocks, section.place)).replace("\xa0", " ")
        assert html in made, (form, made)


def test_labels_that_become_the_same_are_refused(make_book: MakeBook) -> None:
    (told,) = mistakes(make_book, "$$\na\n$$ (eq:one)\n\n$$\nb\n$$ (Eq_One)\n\n{eq}`eq.one`")
    assert told == "10: label 'eq-one' is already used at content/sample/text.md:6"


def test_a_label_used_twice_is_told_once(make_book: MakeBook) -> None:
    files = {"sample/index.md": OPENING + "\nText.\n\n## A {#two}\n"}
    (told,) = mistakes(make_book, "## B {#two}\n\nSee [it](#two), [it](text.md#two).", **files)
    assert told == "6: label 'two' is already used at content/sample/index.md:12"


def test_a_listing_that_is_not_closed_is_told_at_its_own_line(make_book: MakeBook) -> None:
    cell = "```{code-cell} python\n:label: one\n:title: One\n:read-only:\n\n1\n```"
    text = f"```python\nx = 1\n\n:::{{note}}\nText.\n:::\n\n$$\na\n$$ (two)\n\n{cell}"
    text += "\n\n{ref}`one`, {eq}`two`"
    assert [told[:27] for told in mistakes(make_book, text)] == ["6: a listing is not closed "]
    (told,) = mistakes(make_book, "```python\nx\n\n$$\na\n$$ (two)\n\n{eq}`two`")
    assert told.startswith("6: a listing is not closed by ``` before line 9")


def test_an_exercise_and_its_solution_are_refused_once(make_book: MakeBook) -> None:
    start = "```{exercise-start}\n:label: ex\n```\n\nTry.\n\n```{exercise-end}\n```\n\n"
    end = "```{solution-start} ex\n```\n\nSo.\n\n```{solution-end}\n```"
    assert [told[:20] for told in mistakes(make_book, start + end)] == ["6: unknown directive"]


def test_headings_go_down_one_step_at_a_time(make_book: MakeBook) -> None:
    assert mistakes(make_book, "## A\n\n#### B\n\n## C\n\n### D\n\n#### E") == [
        "8: a heading has at most ### here, not ####"
    ]


def test_a_macro_with_an_argument(make_book: MakeBook) -> None:
    macros = "\n[macros]\nvx = '\\mathbf{x}'\nnorm = '\\lVert #1 \\rVert'\n"
    text = "---\ntitle: Text\ndescription: D.\n---\n\n$\\norm{\\vx}+\\norm y$\n"
    loaded = load(make_book({"book.toml": BOOK + macros, "sample/text.md": text}))
    made = outline(loaded.book.chapters[0].sections[0].blocks, "sample/text")
    assert r"{\lVert {{\mathbf{x}}} \rVert}+{\lVert y \rVert}" in made.replace("  ", " ")
    (told,) = mistakes(make_book, "$\\norm{a}$ and $$")[:1]
    assert "has a line of $$ at its end" in told


def test_titles_are_set_or_plain_everywhere(make_book: MakeBook) -> None:
    title = "The *fit* of `x` and $\\beta$"
    cell = f"```{{code-cell}} python\n:label: one\n:title: {title}\n:read-only:\n\n1\n```"
    text = f"---\ntitle: {title}\ndescription: {title}\n---\n\n## {title} {{#here}}\n\n{cell}\n"
    opening = (
        OPENING.replace("Sample", title)
        + "\n[{name}](text.md#here), [{name}](text.md), {ref}`one`\n"
    )
    files = {"sample/index.md": opening, "sample/text.md": text}
    book = load(make_book(files)).book
    entries = json.loads(search_index(book))
    named = {
        entry["title"] for entry in entries if entry["kind"] in ("Chapter", "Section", "Heading")
    }
    assert named == {"The fit of x and β"}
    pages = pages_of(make_book, text)
    shown = re.sub(r"(?s)<(script|annotation)\b.*?</\1>", "", "".join(pages.values()))
    for mark in ("*fit*", "`x`", "$", "\\beta"):
        assert mark not in re.sub(r' data-[\w-]+="[^"]*"', "", shown), mark
    assert "<title>The fit of x and β · Sample" in pages["sample/text/index.html"]
    assert pages["sample/text/index.html"].count("The <em>fit</em> of <code>x</code>") == 3


def test_marks_in_titles_that_pages_cannot_show_are_refused(make_book: MakeBook) -> None:
    text = "---\ntitle: A <b>bold</b> title\ndescription: As H~2~O.\n---\n\nText.\n"
    with pytest.raises(BookErrors) as caught:
        load(make_book({"sample/text.md": text}))
    lines = [error.line for error in caught.value.errors]
    assert lines == [2, 3]
