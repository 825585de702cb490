"""Numbered results and proofs: their names, numbers and references wherever a reader meets them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from latentbook.base.errors import BookErrors
from latentbook.book.compose.blocks import all_blocks
from latentbook.book.compose.types import Loaded
from latentbook.book.directives.theorem import Proof, Theorem
from latentbook.book.load import load
from latentbook.book.write.exports import chapter_cells, notebook
from latentbook.book.write.render import Renderer
from latentbook.book.write.search import search_index

from .conftest import BOOK, FRONT, HEAD, AnyFile, MakeBook, pages_of

KINDS = [
    "definition", "theorem", "lemma", "proposition", "corollary", "remark", "example", "axiom",
    "conjecture", "criterion", "property", "observation", "assumption",
]  # fmt: skip
"""Everything that mystmd numbers under ``prf:``, except its algorithm."""

OPENING = """\
---
title: Sample
standfirst: What it is about.
level: None
builds_on: []
description: A sample.
sections: [text, more]
---

:::{prf:theorem}
First of the chapter, without a label.
:::
"""
TEXT = f"""{HEAD}
By {{ref}}`pythagoras` it is so, and {{prf:ref}}`pythagoras` says it. See {{ref}}`right`.

:::{{definition}}
:label: right

An angle of $90^\\circ$ is *right*.
:::

:::{{theorem}} Pythagoras, with $c$
:label: pythagoras

For the sides of {{ref}}`a right triangle <right>`,

$$ a^2 + b^2 = c^2. $$ (sides)
:::

::::{{prf:proof}}
:label: by-areas

Four copies leave the square of {{eq}}`sides`.

:::{{lemma}}
Areas add up.
:::

This was to be shown.
::::

:::{{proof}} Proof of {{ref}}`pythagoras`
$$ 1 = 1 $$
:::

{{ref}}`by-areas` is the first, {{ref}}`the other <pythagoras>` follows.
"""
MORE = HEAD.replace("Text", "More") + "\n(next)=\n:::{theorem}\nAnother.\n:::\n\nSee {ref}`next`.\n"
FILES = {"sample/index.md": OPENING, "sample/text.md": TEXT, "sample/more.md": MORE}


@pytest.fixture
def loaded(make_book: MakeBook) -> Loaded:
    return load(make_book(FILES))


def rendered(loaded: Loaded) -> dict[str, str]:
    renderer = Renderer(loaded.book, AnyFile({}, {}), {"reload": False}, "", "/")
    return {**dict(renderer.pages()), "paper": renderer.paper()}


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", "", html).split())


def test_each_kind_counts_through_the_chapter(loaded: Loaded) -> None:
    (chapter,) = loaded.book.chapters
    blocks = [each for page in chapter.pages for each in all_blocks(page.blocks)]
    found = [each.called(loaded.book.language) for each in blocks if isinstance(each, Theorem)]
    assert found == [
        "Theorem 2.1",
        "Definition 2.1",
        "Theorem 2.2 Pythagoras, with c",
        "Lemma 2.1",
        "Theorem 2.3",
    ]
    assert [each.title.words for each in blocks if isinstance(each, Proof)] == [
        "Proof",
        "Proof of Theorem 2.2",
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_the_names_of_myst_mean_the_same_as_the_plain_ones(kind: str, make_book: MakeBook) -> None:
    text = f":::{{{kind}}}\n:label: a\n\nOne.\n:::\n\n:::{{prf:{kind}}}\n:label: b\n\nTwo.\n:::\n"
    html = pages_of(make_book, f"{HEAD}\n{text}\nSee {{ref}}`a`, {{prf:ref}}`b`.\n")
    shown = words(html["sample/text/index.html"])
    assert f"{kind.title()} 2.1 One. {kind.title()} 2.2 Two." in shown
    assert f"See {kind.title()} 2.1, {kind.title()} 2.2." in shown


def test_the_page_names_links_and_refers(loaded: Loaded) -> None:
    html = rendered(loaded)["sample/text/index.html"]
    link = '<a class="ref" href="#pythagoras">Theorem\xa02.2</a>'
    assert f"By {link} it is so, and {link} says it." in html
    assert '<a class="ref" href="#right">Definition\xa02.1</a>.' in html
    assert '<a class="ref" href="#by-areas">Proof</a> is the first' in html
    assert 'role="group" id="pythagoras" aria-labelledby="pythagoras-title">' in html
    title = re.search(r'<p class="title" id="pythagoras-title">.*?</p>', html)
    assert title is not None
    assert '<a class="permalink" href="#pythagoras">Theorem 2.2</a>' in title[0]
    assert words(title[0]).startswith("Theorem 2.2 (Pythagoras, with ")
    more = rendered(loaded)["sample/more/index.html"]
    assert '<a class="ref" href="#next">Theorem\xa02.3</a>' in more
    assert "Theorem 2.3" in more


def test_a_proof_has_no_number_and_ends_with_a_mark(loaded: Loaded) -> None:
    html = rendered(loaded)["sample/text/index.html"]
    proofs = re.findall(
        r'<div class="proof".*?role="img" aria-label="End of proof">', html, re.DOTALL
    )
    assert len(proofs) == 2 == html.count('aria-label="End of proof"')
    assert proofs[0].startswith('<div class="proof" id="by-areas">')
    assert words(proofs[0]).startswith("Proof Four copies")
    assert "This was to be shown." in words(proofs[0])
    assert words(proofs[1]).startswith("Proof of Theorem\xa02.2".replace("\xa0", " "))


def test_a_solution_opens_on_demand_and_names_its_exercise(make_book: MakeBook) -> None:
    exercise = ":::{exercise} Halves\n:label: halves\n\nHow many?\n:::\n\n"
    solution = ":::{solution} halves\n:class: dropdown\n\nTwo.\n:::\n"
    html = pages_of(make_book, f"{HEAD}\n{exercise}{solution}")["sample/text/index.html"]
    assert "Exercise 2.1 (Halves) How many?" in words(html)
    fold = re.search(r'<details class="fold">.*?</details>', html, re.DOTALL)
    assert fold is not None
    link = '<a class="ref" href="#halves">Exercise\xa02.1</a>'
    assert f"<summary>Solution of {link}</summary>" in fold[0]
    assert words(fold[0]).endswith("Two.")


def test_a_solution_of_no_exercise_is_refused(make_book: MakeBook) -> None:
    with pytest.raises(BookErrors, match="no label 'halves'"):
        pages_of(make_book, f"{HEAD}\n:::{{solution}} halves\n\nTwo.\n:::\n")


def test_print_has_them_with_links_to_their_places(loaded: Loaded) -> None:
    pages = rendered(loaded)
    assert (
        '<a class="ref" href="#pythagoras">Theorem\xa02.2</a>' in pages["sample/print/index.html"]
    )
    assert '<a class="ref" href="#sample.pythagoras">Theorem\xa02.2</a>' in pages["paper"]
    assert 'id="sample.pythagoras"' in pages["paper"]
    for name in ("sample/print/index.html", "paper"):
        shown = words(pages[name])
        assert "Theorem 2.1 First of the chapter" in shown
        assert "Theorem 2.3 Another." in shown
        assert pages[name].count('aria-label="End of proof"') == 2


def exported(loaded: Loaded) -> str:
    (chapter,), (source,) = loaded.book.chapters, loaded.sources
    made: dict[str, Any] = json.loads(notebook(chapter, chapter_cells(chapter, source, loaded)))
    return "\n\n".join(cell["source"] for cell in made["cells"])


def test_a_notebook_has_the_same_names_and_numbers(loaded: Loaded) -> None:
    text = exported(loaded)
    assert "> **Theorem 2.1**\n>\n> First of the chapter" in text
    assert (
        "> **Theorem 2.2 (Pythagoras, with $c$)**\n>\n> For the sides of a right triangle," in text
    )
    assert "By Theorem\xa02.2 it is so, and Theorem\xa02.2 says it." in text
    assert "*Proof*\n\nFour copies leave the square of Eq.\xa02.1.\n\n> **Lemma 2.1**" in text
    assert "This was to be shown.\n\n∎" in text
    assert "*Proof of Theorem\xa02.2*\n\n$$\n1 = 1\n$$\n\n∎" in text
    assert "prf:" not in text


def test_search_finds_a_result_by_its_name(loaded: Loaded) -> None:
    entries = {each["url"]: each for each in json.loads(search_index(loaded.book))}
    found = entries["sample/text/#pythagoras"]
    assert found["title"] == "Theorem 2.2 Pythagoras, with c"
    assert "For the sides" in found["text"]


def test_they_are_german_in_a_german_book(make_book: MakeBook) -> None:
    loaded = load(make_book({**FILES, "book.toml": BOOK.replace('"en"', '"de"')}))
    html = rendered(loaded)["sample/text/index.html"]
    assert '<a class="ref" href="#pythagoras">Satz\xa02.2</a>' in html
    assert '<a class="ref" href="#by-areas">Beweis</a> is the first' in html
    assert "Definition 2.1 An angle" in words(html)
    assert "Satz 2.2" in words(html)
    assert 'aria-label="Ende des Beweises"' in html
    assert "> **Satz 2.1**" in exported(loaded)


def test_without_a_chapter_number_a_result_has_its_name_alone(make_book: MakeBook) -> None:
    front = f"{FRONT}\n:::{{theorem}}\n:label: whole\n\nIt holds.\n:::\n\nSee {{ref}}`whole`.\n"
    html = rendered(load(make_book({"front.md": front})))["index.html"]
    assert "Theorem It holds. See Theorem." in words(html)


def test_the_guide_shows_them_at_work(make_book: MakeBook, root: Path) -> None:
    guide = (root / "docs" / "authoring.md").read_text(encoding="utf-8")
    example = re.search(r"^```markdown\n(:::\{theorem\}.*?)^```$", guide, re.DOTALL | re.MULTILINE)
    assert example is not None
    shown = words(pages_of(make_book, f"{HEAD}\n{example[1]}")["sample/text/index.html"])
    assert "Theorem 2.1" in shown.split("Proof")[0]
    assert "Theorem 2.1" in shown.split("Proof", 1)[1]


MISTAKES = {
    ":::{theorem}\n:nonumber:\n\nText.\n:::": (
        2,
        "unknown option 'nonumber' of theorem: leave it out",
    ),
    ":::{lemma}\n:titel: Zorn\n\nText.\n:::": (
        2,
        "unknown option 'titel' of lemma. Accepted: label.",
    ),
    ":::{prf:remark}\n:label: A remark\n\nText.\n:::": (
        2,
        "option 'label' must be kebab-case, like 'a-",
    ),
    ":::{theorem}\n:label: a\n\nA.\n:::\n\n:::{proof}\n:label: a\n\nB.\n:::": (
        7,
        "label 'a' is already used at content/sample/text.md:6",
    ),
    ":::{theorem}\n:label: pythagoras\n\nA.\n:::\n\nSee {ref}`pytagoras`.": (
        7,
        "no label 'pytagoras' in the book. Did you mean 'pythagoras'?",
    ),
    ":::{example}\n:label: a\n\nA.\n:::\n\nSee {eq}`a`.": (
        7,
        "'a' is not an equation: write {ref}`a`",
    ),
    ":::{corollary} Of nothing\n:::": (1, "corollary has no text: write it below the first line"),
    ":::{prf:proof}\n:::": (1, "prf:proof has no text: write it below the first line"),
    ":::{theorm}\nText.\n:::": (1, "unknown directive 'theorm'. Did you mean 'theorem'?"),
    ":::{prf:algorithm}\nText.\n:::": (1, "unknown directive 'prf:algorithm': write a listing"),
    "::: {#lem-zorn}\nText.\n:::": (
        1,
        "unknown directive '{#lem-zorn}': write :::{theorem}, :::{lemma} and so on, and below it "
        ":label: lem-zorn",
    ),
    "::: {.proof}\nText.\n:::": (1, "unknown directive '{.proof}': write :::{proof}"),
    "\\begin{theorem}\nText.\n\\end{theorem}": (1, "write :::{theorem}"),
    "As @lem-zorn says.": (1, "write {numref}`lem-zorn`"),
}


@pytest.mark.parametrize("source", MISTAKES)
def test_a_mistake_is_told_with_its_line_and_what_to_write(
    source: str, make_book: MakeBook
) -> None:
    line, message = MISTAKES[source]
    with pytest.raises(BookErrors) as caught:
        load(make_book({"sample/text.md": f"{HEAD}\n{source}\n"}))
    told = [f"{each.path}:{each.line}: {each.message}" for each in caught.value.errors]
    where = f"content/sample/text.md:{HEAD.count(chr(10)) + 1 + line}: "
    assert [each for each in told if each.startswith(where + message)], told
