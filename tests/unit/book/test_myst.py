"""MyST and Jupyter Book Markdown: it works, or the error says what to write instead."""

from __future__ import annotations

import re

import pytest

from latentbook.base.errors import BookErrors
from latentbook.book.load import load
from latentbook.book.write.exports import chapter_cells, notebook

from .conftest import HEAD, MakeBook
from .test_cases import outline

ACCEPTED = {
    ":::{note}\nA note.\n:::": '<admonition variant="note"><title>Note</title>',
    ":::{tip}\nA tip.\n:::": '<admonition variant="note"><title>Tip</title>',
    ":::{important} Read *this*\nText.\n:::": "<title>Read <em>this</em></title>",
    ":::{seealso}\nElsewhere.\n:::": "<title>See also</title>",
    ":::{warning}\nHot.\n:::": '<admonition variant="warning"><title>Warning</title>',
    ":::{attention}\nA.\n:::": '<admonition variant="warning"><title>Attention</title>',
    ":::{caution}\nA.\n:::": '<admonition variant="warning"><title>Caution</title>',
    "```{danger}\nHot.\n```": '<admonition variant="warning"><title>Danger</title>',
    ":::{note}\n:class: dropdown\n\nClosed.\n:::": "<fold><title>Note</title>",
    ":::{dropdown} More\nInside.\n:::": "<fold><title>More</title>",
    ":::{margin} Beside\nA remark.\n:::": "<margin><title>Beside</title>",
    ":::{sidebar}\nIn the margin.\n:::": "<margin><blocks><prose><html><p>In the margin.",
    ":::{image} arrow.svg\n:alt: An arrow.\n:::": '<p><svg viewBox="0 0 9 9" role="img"',
    ":::{figure} images/arrow.svg\n:name: fig-one\n:alt: An arrow.\n\nCaption.\n:::": (
        '<figure label="fig-one" number="2.1">'
    ),
    ":::{prf:theorem} Of $x$\n:label: thm-one\n\nIt holds.\n:::": (
        '<theorem label="thm-one" number="2.1" name="Theorem %(number)s"><title>Of <tex>x</tex>'
    ),
    ":::{prf:proof}\nObvious.\n:::": "<proof><title>Proof</title>",
    "By {prf:ref}`thm-one`.": '<a class="ref" href="#thm-one">Theorem\xa02.1</a>',
    "```{math}\n:label: eq-one\n\na = 1\n```": '<equation label="eq-one" number="2.1" tex="a = 1">',
    "(eq-two)=\n$$\nb = 2\n$$": '<equation label="eq-two" number="2.2" tex="b = 2">',
    "(a-place)=\n## Here": '<heading level="2" label="a-place" title="Here">',
    "% said to nobody\n% on two lines\n\nSaid.": "<p>Said.</p>",
    "One part.\n\n+++\n\nThe next.": "<p>The next.</p>",
    "{numref}`fig-one` is above.": '<a class="ref" href="#fig-one">Figure\xa02.1</a> is above.',
    "See {numref}`Picture %s <fig-one>`.": ">Picture 2.1</a>.",
    "See {ref}`what comes here <a-place>`.": '<a class="ref" href="#a-place">what comes here</a>',
    "See {doc}`text`, {doc}`the opening <index>`.": "section\xa02.1</a>, <a",
    "See {eq}`eq-one`.": "Eq.\xa02.1</a>.",
    "By {cite:t}`baldi1989`.": ">Baldi &amp; Hornik (1989)</a>.",
    "It holds {cite:p}`baldi1989,kingma2014`.": "(<a class=",
    "A {term}`code`, several {term}`codes <code>`.": '<dfn class="term">codes</dfn>',
    "Inline {math}`c^2` by a role.": "<tex>c^2</tex> by a role",
    "H{sub}`2`O, x{sup}`n`, {kbd}`Esc`.": "H<sub>2</sub>O, x<sup>n</sup>, <kbd>Esc</kbd>",
    "{abbr}`PCA (principal components)` it is.": '<abbr title="principal components">PCA</abbr>',
    "It is ~~wrong~~ right.": "<s>wrong</s>",
    "- [ ] to do\n- [x] done": "<li>☐ to do</li><li>☑ done</li>",
    "At https://example.org/a today.": '<a href="https://example.org/a">https://example.org/a</a>',
    "At <https://example.org/b> today.": '<a href="https://example.org/b">',
    "See [](#a-place).": '<a href="#a-place">Here</a>',
    "See [there](#a-place).": '<a href="#a-place">there</a>',
    "| a |\n|---|\n| b |": "<td>b</td>",
    "Word\n: Meaning": "<dd>Meaning</dd>",
    "```{code-cell} ipython3\nx_of_a_cell\n```": "x_of_a_cell",
    "A hard\\\nbreak.": "A hard<br />",
    "\\begin{align}\nd &= 1\n\\end{align}": 'tex="\\begin{aligned}',
    "`code with \\(x\\) and {{ y }}` stays.": "<code>code with \\(x\\) and {{ y }}</code>",
    "`\\eqref{r0}` and \\\\ref{x} stay.": "<code>\\eqref{r0}</code> and \\ref{x} stay",
    "Escaped \\$ and \\* and $\\{\\{x\\}\\}$.": "Escaped $ and * and",
}
REFUSED = {
    "Mathematics as \\(x\\).": "written $x$",
    "\\[\nx\n\\]": "between lines of $$",
    "A note^[at once].": "[^name]",
    "The {{ value }}.": "there are no substitutions",
    "As shown [@baldi1989; @kingma2014].": "write {cite:p}`baldi1989`",
    "As @eq-loss says.": "{eq} for an equation",
    "From \\eqref{r0}, twice.": "write {eq}`r0`;",
    "In \\ref{orbit}.": "write {ref}`orbit`, or {eq}`orbit` for an equation",
    "- By \\citep[p. 3]{baldi1989}.": "write {cite:p}`baldi1989`, or {cite:t}`baldi1989`",
    "## Two \\label{two}": "write {#two} after a heading",
    ":::{fold} What \\autoref{x} says\nText.\n:::": "write {ref}`x`",
    "![An arrow](arrow.svg){width=50%}": "attributes in braces are not read",
    ":::{fold} Derived\n\n:label: fold-one\n\nText.\n:::": "stand directly below the first line",
    "The {term} `median` of it.": "write {term}`…`, without a space",
    "See [[elsewhere]].": "[words](page.md#label)",
    "> [!NOTE]\n> Text.": ":::{note}",
    "<details>Text</details>": "{fold}",
    "Some <b>bold</b> words.": "**bold**",
    "<img src='x.png'>": "{figure}",
    "<div class='wide'>Text</div>": "{admonition}, {fold}, {margin}",
    "From <model> on.": "\\< for the sign",
    "::: {.callout-note}\nText.\n:::": "write :::{note}",
    '::: {.callout-tip title="A tip"}\nText.\n:::': "write :::{tip}",
    "::: {.panel-tabset}\nText.\n:::": "{tab-set}",
    "::: {#thm-one}\nText.\n:::": "write :::{theorem}",
    "::: {.wide}\nText.\n:::": "instead of a class",
    "```{python}\nx = 1\n```": "write {code-cell} python",
    "```{{r}}\nx\n```": "write {code-cell} python",
    "```{tableofcontents}\n```": "leave it out",
    "```{eval-rst}\n.. note:: x\n```": "write it in Markdown",
    "```{code-block} python\nx = 1\n```": "```python without braces",
    "```{toctree}\nx\n```": "leave it out",
    "```{include} x.md\n```": "put the text itself here",
    "```{mermaid}\nx\n```": "{figure}",
    "```{iframe} https://x.org\n```": "other hosts",
    "```{bibliography}\n```": "leave it out",
    ":::{hint}\nLook.\n:::": "{tip}",
    "::::{tab-set}\nText.\n::::": "write :::{tab-item}",
    "```{prf:algorithm} A\nText.\n```": "write a listing",
    ":::{glossary}\nText.\n:::": "definition list",
    ":::{figure} arrow.svg\n:alt: A\n:width: 50%\n\nC.\n:::": "as wide as the column",
    ":::{figure} arrow.svg\n:alt: A\n:name: fig 1\n\nC.\n:::": "like 'fig-1'",
    "```{code-cell} julia\n:label: c\n:title: C\n\n1\n```": "takes the language python",
    "```{code-cell} python\n:label: c-2\n:title: C\n:tags: [hide-input]\n\n1\n```": "{fold}",
    "{footcite}`baldi1989` it is.": "{cite:p}",
    "{download}`x.py` it.": "write a link",
    "(a-target)=\nA paragraph.": "a target goes before a heading",
    "# A title": "the title is in front matter",
    "An empty [](https://x.org).": "has no words",
    "---": "use a heading",
    "```math\nx\n```": "unknown language 'math'",
}


def test_accepted(make_book: MakeBook) -> None:
    text = HEAD + "\n" + "\n\n".join(ACCEPTED) + "\n"
    loaded = load(make_book({"sample/text.md": text}))
    made = outline(loaded.book.chapters[0].sections[0].blocks, "sample/text")
    made = re.sub(r"\n\s*", "", made)
    missing = {source: html for source, html in ACCEPTED.items() if html not in made}
    assert not missing, made
    (chapter,), (source,) = loaded.book.chapters, loaded.sources
    exported = notebook(chapter, chapter_cells(chapter, source, loaded)).decode()
    for mark in (
        "{ref}",
        "{numref}",
        "{prf:",
        "{doc}",
        "{cite:",
        "{abbr}",
        ")=",
        "said to nobody",
        "+++",
    ):
        assert mark not in exported


def test_refused(make_book: MakeBook) -> None:
    text, lines = HEAD, {}
    for source in REFUSED:
        text += "\n"
        first = text.count("\n") + 1
        lines[source] = range(first, first + source.count("\n") + 1)
        text += source + "\n"
    with pytest.raises(BookErrors) as caught:
        load(make_book({"sample/text.md": text}))
    told = [(error.line, error.message) for error in caught.value.errors]
    untold = {
        source: [message for line, message in told if line in lines[source]]
        for source, words in REFUSED.items()
        if not any(line in lines[source] and words in message for line, message in told)
    }
    assert not untold
    everywhere = [line for each in lines.values() for line in each]
    assert not [message for line, message in told if line not in everywhere]


FRONT = """\
---
title: Text
description: The head of a notebook of Jupyter Book.
kernelspec:
  name: python3
authors: [Somebody]
abstract: What it is about.
bogus: 1
---
"""


def test_the_front_matter_of_jupyter_book(make_book: MakeBook) -> None:
    with pytest.raises(BookErrors) as caught:
        load(make_book({"sample/text.md": FRONT + "\nText.\n"}))
    told = {error.line: error.message for error in caught.value.errors}
    assert list(told) == [4, 6, 7, 8]
    assert "runs in the page's own Python" in told[4]
    assert "book.toml" in told[6]
    assert "standfirst" in told[7]
    assert "Accepted: aliases, description, given, idea, title." in told[8]
