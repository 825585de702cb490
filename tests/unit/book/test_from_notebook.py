"""``new section --from``: the section made from a notebook, and the messages to its author."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from markdown_it import MarkdownIt
from typer.testing import CliRunner

from latentbook.base.errors import BookErrors, LatentbookError
from latentbook.book.compose.blocks import Equation, all_blocks
from latentbook.book.directives.code_cell import Snippet
from latentbook.book.load import load
from latentbook.book.overlay.merge import open_project
from latentbook.book.read.parse import make_markdown
from latentbook.book.write.exports import chapter_cells, notebook
from latentbook.cli import cli
from latentbook.settings import Settings
from latentbook_authoring.check.book import check_book
from latentbook_authoring.scaffold.cells import ACCEPTED
from latentbook_authoring.scaffold.new import new_section

from .conftest import PICTURE, MakeBook
from .test_new import files_in

PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
    "rkJggg=="
)
"""A picture of one pixel."""

Json = dict[str, Any]


def text(source: str, **more: Any) -> Json:
    return {"cell_type": "markdown", "metadata": {}, "source": source, **more}


def code(source: str, *outputs: Json, tags: Sequence[str] = ()) -> Json:
    metadata = {"tags": list(tags)} if tags else {}
    parts = {"metadata": metadata, "outputs": list(outputs), "execution_count": None}
    return {"cell_type": "code", "source": source, **parts}


def output(**data: str) -> Json:
    shown = {kind.replace("__", "/"): value for kind, value in data.items()}
    return {"output_type": "display_data", "metadata": {}, "data": shown}


def notebook_of(*cells: Json, **more: Any) -> Json:
    return {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": list(cells), **more}


Import = Callable[..., tuple[str, list[str]]]


@pytest.fixture
def settings(make_book: MakeBook) -> Settings:
    return make_book({})


@pytest.fixture
def imported(settings: Settings, tmp_path: Path) -> Import:
    """Import cells: the text of the new section, and the messages to its author."""

    def made(*cells: Json) -> tuple[str, list[str]]:
        path = tmp_path / "given.ipynb"
        path.write_text(json.dumps(notebook_of(*cells)), encoding="utf-8")
        told: list[str] = []
        section, *_ = new_section(settings, "sample", "tides", path, told.append)
        return section.read_text(encoding="utf-8"), told

    return made


def check(settings: Settings) -> None:
    check_book(open_project(settings), report=lambda message: None)


EVERYTHING = (
    text(
        "# How *tides* sum\n\nTwo waves. The sum is\n$$s = \\cos t + \\cos 1.1 t$$,\nand $t$ is "
        "time.\n\n---\n\n### The data\n\n![A wave](attachment:a%20wave.png)\n\n"
        "```\n# no heading\n\n\n$$\n```",
        attachments={"a wave.png": {"image/png": PNG}},
    ),
    text(
        ":::{note}\nMyST stays.\n:::\n\nBy hand\n-------\n\n$$\na = b\n\\tag{3.1}\n$$\n\n"
        f"![A line](data:image/svg+xml;base64,{b64encode(PICTURE.encode()).decode()})"
    ),
    code("%matplotlib inline\n!pip install \\\n  numpy\nimport numpy as np\n\nt = np.zeros(1)"),
    text("Between.\n\n**The sum beats**"),
    code(
        "s = np.cos(t[0]) + 1\nprint(7\n      % s)",
        {"output_type": "stream", "name": "stdout", "text": ["not", " this"]},
        output(image__png=PNG, text__plain="<Figure>"),
        tags=["hide-input", "mine"],
    ),
    code("%%bash\nls"),
    code("%%time\n# A product\n2 * 3"),
    {"cell_type": "raw", "metadata": {}, "source": "As it is."},
    text("Not for readers.", metadata={"tags": ["remove-cell"]}),
    code(""),
    text("[where]: https://host.example/"),
)
SECTION = """\
---
title: "How tides sum"
description: "How tides sum"
---

Two waves. The sum is

$$
s = \\cos t + \\cos 1.1 t,
$$

and $t$ is time.

### The data

![A wave](images/tides-1.png)

```
# no heading


$$
```

:::{note}
MyST stays.
:::

## By hand

$$
a = b
$$ (tides-3-1)

![A line](images/tides-2.svg)

```{code-cell} python
:label: tides-cell-3
:title: By hand

import numpy as np

t = np.zeros(1)
```

Between.

```{code-cell} python
:label: tides-cell-5
:title: The sum beats

s = np.cos(t[0]) + 1
print(7
      % s)
```

```bash
ls
```

```{code-cell} python
:label: tides-cell-7
:title: A product

# A product
2 * 3
```

[where]: https://host.example/
"""
TOLD = [
    ("cell 1: ", "images/tides-1.png"),
    ("cell 1: ", "'---' is left out"),
    ("cell 2: ", "images/tides-2.svg"),
    ("cell 3: ", "'%matplotlib inline' is left out"),
    ("cell 3: ", "'!pip install"),
    ("cell 5: ", "hide-input has no effect"),
    ("cell 5: ", "output image/png is left out"),
    ("cell 6: ", "'%%bash' is left out"),
    ("cell 7: ", "'%%time' is left out"),
    ("cell 8: ", "a raw cell is left out"),
    ("cell 9: ", "a markdown cell tagged remove-cell is left out"),
]


def test_every_kind_of_cell(imported: Import, settings: Settings) -> None:
    written, told = imported(*EVERYTHING)
    assert written == SECTION
    images = settings.content / "sample" / "images"
    assert (images / "tides-1.png").read_bytes() == b64decode(PNG)
    assert (images / "tides-2.svg").read_text() == PICTURE
    for message, (cell, words) in zip(told, TOLD, strict=True):
        assert message.startswith(cell) and words in message
    check(settings)
    recorded = json.loads((settings.content / "sample" / "outputs.json").read_text())
    assert recorded["tides-cell-5"]["outputs"] == [{"kind": "stdout", "data": "1.0\n"}]


def sections_of(settings: Settings) -> list[str]:
    return [section.name for section in load(settings).book.chapters[0].sections]


ORIGINAL = """\
---
title: Learning to compress
description: For tests.
---

The *mean* of `x` is close to $\\mu$, a **large** number: 3 < 4, and 2\\*3 is 6.

- One item,
- and [another](https://host.example/a_b).

## The loss {#the-loss}

$$
L = \\sum_i \\left( x_i - c \\right)^2
$$ (loss)

> A quotation.

| a | b |
| --- | --: |
| 1 | $2$ |

### In code

```{code-cell} python
:label: first
:title: The mean of three numbers

# Numbers
x = [1, 2, 6]
print(sum(x)
      / 3)
```

```python
x = "not run"
```

```{code-cell} python
:label: second
:title: Their spread

def spread(x):
    '''The ``width``.'''

    return max(x) - min(x)


spread(x)
```
"""


def without(pattern: str, source: str) -> str:
    return re.sub(pattern, "", source, flags=re.MULTILINE)


def test_a_section_exported_as_a_notebook_comes_back(make_book: MakeBook, tmp_path: Path) -> None:
    """It differs only in front matter, labels and the numbers of headings."""
    settings = make_book({"sample/text.md": ORIGINAL})
    check_book(open_project(settings), record=True, report=lambda message: None)
    loaded = load(settings)
    (chapter,), (source,) = loaded.book.chapters, loaded.sources
    path = tmp_path / "exported.ipynb"
    path.write_bytes(notebook(chapter, chapter_cells(chapter, source, loaded)))
    told: list[str] = []
    section, *_ = new_section(settings, "sample", "again", path, told.append)
    check(settings)
    assert told == []
    body = section.read_text().partition("## 2.1 Learning to compress\n\n")[2]
    labels = r"^:label: .*| \{#.*\}$|(?<=^\$\$) \(.*\)$"
    expected = without(labels, ORIGINAL.partition("---\n\n")[2])
    assert without(labels, body) == re.sub("^##", "###", expected, flags=re.MULTILINE)
    outputs = json.loads((settings.content / "sample" / "outputs.json").read_text()).values()
    first, second, *again = [each["outputs"] for each in outputs]
    assert again == [first, second]


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (("# A title\n\n## One\n\n### Two",), ["A title", "## One", "### Two"]),
        (("# A title", "#### One", "text\n\n##### Two #"), ["A title", "## One", "### Two"]),
        (("## A title\n\nA", "### One\n\n### Two"), ["A title", "## One", "## Two"]),
        (("# One\n\n# Two",), ["One", "## Two"]),
        (("## One", "# Two\n\n## Three"), ["Tides", "### One", "## Two", "### Three"]),
        (("# C#\n\nA\n=\n\nB *b*\nc\n---",), ["C#", "## A", "### B *b* c"]),
        (("No heading.",), ["Tides"]),
        (("**Sheet 4**\n\nText", "# One", "# Two"), ["Sheet 4", "## One", "## Two"]),
        (
            ("###### Small print", "# T\n\n## A", "# B", "###### C"),
            ["T", "### A", "## B", "### C"],
        ),
        (("###### Small print", "# T", "# T"), ["T", "## T"]),
        (("# **Lab:** `dot` &amp; *x* <a class='a' id='b'></a>\n\nA",), ["Lab: dot & x"]),
    ],
)
def test_the_page_has_one_title(
    sources: Sequence[str], expected: list[str], imported: Import
) -> None:
    written, told = imported(*map(text, sources))
    assert told == []
    found = [line for line in written.split("\n") if line.startswith("#")]
    title = re.search('^title: "(.*)"$', written, re.MULTILINE)
    assert title is not None and [title[1], *found] == expected


@pytest.mark.parametrize(
    ("source", "python", "left_out"),
    [
        ("x = 1\nx?\nnp.linspace??", "x = 1", ["x?", "np.linspace??"]),
        ("%%timeit -n 1\n6 \\\n  % 4", "6 \\\n  % 4", ["%%timeit -n 1"]),
        ('s = """\n%d\n!""" % 3', 's = """\n%d\n!""" % 3', []),
        ("for i in []:\n    i\n    !ls\n", "for i in []:\n    i", ["!ls"]),
        ("!ls 'it\n%cd /\nx = 1", "x = 1", ["%cd /", "!ls 'it"]),
        ("%time x = 1", "x = 1", ["%time"]),
        (
            "for i in []:\n    %timeit -n 10 -r3 f(-i)",
            "for i in []:\n    f(-i)",
            ["%timeit -n 10 -r3"],
        ),
        ("%prun -s cumulative max(1, 2)", "max(1, 2)", ["%prun -s cumulative"]),
        ("%%timeit x = 1\nx", "x = 1\nx", ["%%timeit"]),
        ("%%capture out\nx = 1", "x = 1", ["%%capture out"]),
        ("a = !ls\nb = 1", "b = 1", ["a = !ls"]),
        ('s = """\n````\n"""', 's = """\n````\n"""', []),
    ],
)
def test_lines_of_ipython_are_left_out(
    source: str, python: str, left_out: list[str], imported: Import
) -> None:
    written, told = imported(text("# A\n\nText."), code(source))
    body = written.partition(":title: A\n\n")[2]
    assert without("^`+$", body).strip() == without("^`+$", python)
    assert sorted(told) == sorted(
        f"cell 2: {line!r} is left out: only IPython understands it" for line in left_out
    )


@pytest.mark.parametrize(
    ("address", "attachments"),
    [
        (f"data:image/svg+xml,{quote(PICTURE)}", {}),
        ("attachment:a(1).svg", {"a(1).svg": {"image/svg+xml": [PICTURE]}}),
    ],
)
def test_a_drawing_may_be_there_as_text(
    address: str, attachments: Json, imported: Import, settings: Settings
) -> None:
    written, _ = imported(text(f"![A line]({address}), drawn.", attachments=attachments))
    assert "![A line](images/tides-1.svg), drawn." in written
    assert (settings.content / "sample" / "images" / "tides-1.svg").read_text() == PICTURE


def test_figures_that_the_page_makes_again_are_not_told(imported: Import) -> None:
    plotly = {"application__vnd.plotly.v1+json": "{}"}
    _, told = imported(text("# A"), code("1", output(**plotly, image__png=PNG)))
    assert told == []


@pytest.mark.parametrize("minor", [0, 1, 2, 3, 5, 9])
def test_each_minor_of_nbformat_4(minor: int, settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "given.ipynb"
    cells = (text("# A"), code("1 + 1"))
    path.write_text(json.dumps(notebook_of(*cells, nbformat_minor=minor)))
    new_section(settings, "sample", "tides", path)
    assert recorded_by(settings) == {"tides-cell-2": "2"}


def test_a_notebook_of_nbformat_3(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "given.ipynb"
    path.write_text(json.dumps(v3()))
    section, *_ = new_section(settings, "sample", "tides", path)
    assert section.read_text().startswith('---\ntitle: "A"\n')
    assert recorded_by(settings) == {"tides-cell-2": "2"}


def recorded_by(settings: Settings) -> dict[str, str]:
    """The last output of each snippet."""
    outputs = json.loads((settings.content / "sample" / "outputs.json").read_text())
    return {label: each["outputs"][-1]["data"] for label, each in outputs.items()}


def words(html: str) -> list[str]:
    return re.findall(r"[\w%+:.-]+", re.sub(r"<[^>]*>", " ", html))


@pytest.mark.parametrize(
    "sources",
    [
        ("---\n\nOne\n\n---\n\nTwo", "***\nThree"),
        ("90\n% of it", "- a 90\n  % of b\n\n> q\n> % of r", "+++\n\n% two\n% lines"),
        ("1. one\n2. two", "1. uno\n2. due", "    indented", "- a", "- b\n\n---\n\n- c"),
        ("Term", ": no meaning", "```\nopen", "after", "<!-- open", "after it"),
        ("`$$` and ``$$a$$`` and `![](data:a,b)`", "```\n![](attachment:a.png)\n```"),
    ],
)
def test_text_is_what_a_reader_of_each_cell_alone_sees(
    sources: Sequence[str], imported: Import
) -> None:
    """Each cell is read as CommonMark, without MyST's additional syntax."""
    alone = [MarkdownIt().render(source).replace("<hr />", "") for source in sources]
    written, _ = imported(text("# A"), *map(text, sources))
    shown = make_markdown().render(written.split("---\n", 2)[2])
    kinds = [re.findall(r"<(ol|ul|p|pre|blockquote|dl|h\d)\b", html) for html in (*alone, shown)]
    assert words(shown) == words(" ".join(alone))
    assert kinds[-1] == [each for found in kinds[:-1] for each in found]


@pytest.mark.parametrize("name", ["a%20b.png", "a b.png", "ü(1).png"])
@pytest.mark.parametrize("form", ["![x]({})", "![x](<{}>)", '<img alt="x" src="{}">'])
@pytest.mark.parametrize("write", [str, quote])
def test_attachments_by_any_form_of_their_name(
    name: str, form: str, write: Callable[[str], str], imported: Import, settings: Settings
) -> None:
    source = form.format(f"attachment:{write(name)}")
    written, told = imported(text(f"# A\n\n{source}", attachments={name: {"image/png": PNG}}))
    assert re.search(r"^!\[x\]\(<?images/tides-1\.png>?\)$", written, re.MULTILINE)
    assert told == ["cell 1: its picture is images/tides-1.png: say what it shows as its alt text"]
    assert (settings.content / "sample/images/tides-1.png").read_bytes() == b64decode(PNG)


def test_pictures_beside_the_notebook_are_copied(
    imported: Import, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "a b.png").write_bytes(b64decode(PNG))
    written, _ = imported(
        text("# A\n\n![a](a%20b.png) [b](a%20b.png)\n\n```\n![a](a%20b.png)\n```")
    )
    assert "![a](images/tides-1.png) [b](a%20b.png)\n\n```\n![a](a%20b.png)" in written
    assert (settings.content / "sample/images/tides-1.png").read_bytes() == b64decode(PNG)


COLAB = "https://colab.research.google.com/assets/colab-badge.svg"


@pytest.mark.parametrize(
    ("source", "left"),
    [
        (f"By me.\n[![Open In Colab]({COLAB})](https://host.example)", "By me."),
        (f'<table align="left"><td>\n<a href="x"><img src="{COLAB}"/></a>\n</td></table>', ""),
        (f'<a href="x"><img src="{COLAB}"></a> Words.', "Words."),
    ],
)
def test_badges_are_left_out(source: str, left: str, imported: Import) -> None:
    written, told = imported(text(source), text("# A\n\nText."))
    assert told == ["cell 1: its badges are left out: a page runs its code itself"]
    assert written.split("---\n")[2].strip() == f"{left}\n\nText.".strip()


TORCH = (
    text("# A"),
    code("import torch\nimport numpy as np\nx = torch.ones(2)"),
    code("np.ones(2).sum()"),
    code("def f():\n    return x\ny = f()", output(image__png=PNG, text__html="<b>")),
    code("x = 1"),
    code("x + 1"),
    code(
        "print(y)", {"output_type": "stream", "name": "stdout", "text": "0%\r9%\r\x1b[1m7\x1b[0m"}
    ),
    code("!draw", output(image__png=PNG)),
    code("1 / 0", tags=["raises-exception"]),
    code("n = 2 #@param {}\n#@title The name\nn"),
    code("# only a comment"),
)


def test_what_the_page_cannot_run_is_shown_with_what_it_drew(
    imported: Import, settings: Settings
) -> None:
    written, told = imported(*TORCH)
    assert re.findall(r":label: tides-cell-(\S+)\n:title: (.*)\n:read-only:", written) == [
        ("2", "A"),
        ("4", "A"),
        ("7", "A"),
        ("9", "A"),
    ]
    assert [each.split(":")[0] for each in told] == [
        *(
            "cell 2",
            "cell 4",
            "cell 4",
            "cell 7",
            "cell 8",
            "cell 8",
            "cell 9",
            "cell 10",
            "cell 11",
        ),
    ]
    assert written.count("![A](images/tides-") == 2 and "```text\n7\n```" in written
    outputs = recorded_by_all(settings)
    assert outputs == {"2-imports": [], "3": ["np.float64(2.0)"], "5": [], "6": ["2"], "10": ["2"]}


def recorded_by_all(settings: Settings) -> dict[str, list[str]]:
    outputs = json.loads((settings.content / "sample" / "outputs.json").read_text())
    return {
        label.removeprefix("tides-cell-"): [one["data"] for one in each["outputs"]]
        for label, each in outputs.items()
    }


MATHEMATICS = (
    text("# A\n\n$$\n\\newcommand{\\vx}{\\mathbf{x}}\n\\def\\norm#1{\\lVert #1 \\rVert}\n$$"),
    text(
        "$\\DeclareMathOperator*{\\argmin}{arg\\,min}$\n\nTake $\\argmin_x \\norm{\\norm{\\vx}}$."
    ),
    text("\\begin{split}\na &= b\n\\end{split}"),
    text("Let $A =\n\\begin{bmatrix}\n1\n\\end{bmatrix}$ be."),
    text("## B\n\n$$\nB =\n\\begin{bmatrix}\n3\n\\end{bmatrix}\n$$"),
)


def test_mathematics_of_a_notebook_is_set(settings: Settings, imported: Import) -> None:
    _, told = imported(*MATHEMATICS)
    assert told == [r"[macros] has now \vx, \norm, \argmin"]
    (chapter,) = load(settings).book.chapters
    blocks = all_blocks(chapter.sections[-1].blocks)
    equations = [block.html.words for block in blocks if isinstance(block, Equation)]
    assert equations == ["a = b", "B = [3]"]
    check(settings)


MYST = """\
---
title: The *title*
subtitle: What it is.
date: today
authors: Nobody
kernelspec: {name: python3, display_name: Python 3}
---

% a comment

{CELL} ipython3
---
mystnb:
  figure: {caption: Half, name: fig-half}
---
1 / 2
```

+++

{CELL}
:tags: [hide-cell, remove-input]

1 + 1
```

```python
not run
```
"""
JUPYTEXT = """\
---
jupyter: {jupytext: {text_representation: {format_name: markdown}}}
---
# The *title*

% no comment

```python
1 / 2
```

```python
1 + 1
```

```sh
not run
```
"""
QUARTO = """\
---
title: The *title*
---

% no comment

$$ x $$ {#eq-x}

```{python}
#| label: fig-half
#| fig-cap: "Half"
1 / 2
```

```{python}
1 + 1
```

```{python}
#| eval: false
not_run
```
"""


@pytest.mark.parametrize(
    ("name", "page", "shown"),
    [
        ("a.md", MYST.replace("{CELL}", "```{code-cell}"), False),
        ("a.md", JUPYTEXT, True),
        ("a.qmd", QUARTO, True),
    ],
)
def test_markdown_with_code_that_runs(
    name: str, page: str, shown: bool, settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(page)
    told: list[str] = []
    section, *_ = new_section(settings, "sample", "tides", path, told.append)
    check(settings)
    assert section.read_text().startswith('---\ntitle: "The title"\n')
    assert [*recorded_by(settings).values()] == ["0.5", "2"]
    blocks = all_blocks(load(settings).book.chapters[0].sections[-1].blocks)
    titles = {each.label: each.title.words for each in blocks if isinstance(each, Snippet)}
    assert titles.get("fig-half", "Half") == "Half"
    assert ("no comment" in make_markdown().render(section.read_text())) is shown
    folded = re.findall(r"^::::\{fold\} The title$", section.read_text(), re.MULTILINE)
    assert len(folded) == (not shown)
    assert ("front matter: date, authors is left out" in told) is not shown


def test_front_matter_of_markdown_must_be_yaml(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("---\n- a: b: c\n---\n\nText.")
    with pytest.raises(LatentbookError, match="front matter that is not lines of"):
        new_section(settings, "sample", "tides", path)


def test_links_to_headings_lead_there(settings: Settings, imported: Import) -> None:
    _, told = imported(
        text("# T (a)\n\n[1](#T-(a)) [2](#the-2nd-part) [3](#third) [4](#x_4)"),
        text("## The *2nd* Part\n\n<a id='third'></a>\n\n### Three\n\n## <a name=x_4></a>Four"),
    )
    assert told == []
    check(settings)


MISTAKES = (
    text("# A\n\nA <b>word</b> and \\eqref{eq:x}.\n\n![](attachment:lost.png)"),
    text("##### A heading below the others\n\n![no](data:image/png;base64,A)\n\n## B"),
    text("![no picture](data:some/thing;base64,AAAA)"),
    code("import scipy"),
    code("x = = 1"),
    code("1"),
)


def test_mistakes_stay_in_the_section_and_are_told_as_the_check_tells_them(
    settings: Settings, imported: Import
) -> None:
    _, told = imported(*MISTAKES)
    _, *mistakes, last = told
    assert last == "Mend these lines, then run latentbook check --record: nothing is recorded yet"
    with pytest.raises(BookErrors) as failed:
        check(settings)
    assert mistakes == [str(error) for error in failed.value.errors]
    for line, words in [
        (6, "'<b>'"),
        (6, "write {eq}"),
        (8, "attachment:lost.png"),
        (16, "'tides-1' is not a picture"),
        (22, "packages add scipy"),
        (29, "invalid syntax"),
    ]:
        assert any(f"sample/tides.md:{line}: " in each and words in each for each in mistakes)


def test_a_snippet_that_fails_is_told(settings: Settings, imported: Import) -> None:
    _, told = imported(text("# A"), code("x = 1"), code("x / 0"))
    assert told[0].startswith("content/sample/tides.md:17: tides-cell-3 fails: ZeroDivisionError")
    assert len(told) == 2
    with pytest.raises(BookErrors) as failed:
        check(settings)
    others = [str(each) for each in failed.value.errors if "is not recorded" not in str(each)]
    assert others == [told[0]]


def v3() -> Json:
    heading = {"cell_type": "heading", "level": 1, "metadata": {}, "source": "A"}
    cell = {"cell_type": "code", "language": "python", "metadata": {}, "input": ["1 +\\\n", " 1"]}
    worksheet = {"cells": [heading, {**cell, "outputs": [], "collapsed": False}]}
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [worksheet]}


RUST = {"metadata": {"language_info": {"name": "rust"}}}
R = {"metadata": {"kernelspec": {"name": "ir", "display_name": "R"}}}


@pytest.mark.parametrize(
    ("given", "received"),
    [
        (None, "No such file or directory"),
        (b"", "not JSON: Expecting value: line 1 column 1"),
        (b"# A page, not a notebook", "not JSON: Expecting value: line 1 column 1"),
        (b"\xff\xfe", "not JSON: 'utf-8' codec"),
        (b"[1, 2]", "nbformat None"),
        (b'{"name": "package"}', "nbformat None"),
        (json.dumps({**v3(), "nbformat": 2}).encode(), "nbformat 2"),
        (json.dumps({**notebook_of(), "cells": 3}).encode(), "3 is not of type 'array'"),
        (json.dumps(notebook_of({"cell_type": "heading"})).encode(), "heading"),
        (json.dumps(notebook_of(text("a"), **RUST)).encode(), "language rust"),
        (json.dumps(notebook_of(text("a"), **R)).encode(), "language ir"),
    ],
)
def test_a_file_that_is_no_notebook(
    given: bytes | None, received: str, settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "given.ipynb"
    if given is not None:
        path.write_bytes(given)
    before = files_in(settings.content)
    with pytest.raises(LatentbookError) as refused:
        new_section(settings, "sample", "tides", path)
    message = str(refused.value)
    assert message.startswith(f"{path} ") and received in message
    assert message.endswith(ACCEPTED)
    assert files_in(settings.content) == before


def test_a_picture_is_not_overwritten(make_book: MakeBook, tmp_path: Path) -> None:
    settings = make_book({"sample/images/tides-1.png": "mine"})
    path = tmp_path / "given.ipynb"
    path.write_text(json.dumps(notebook_of(*EVERYTHING)))
    before = files_in(settings.content)
    with pytest.raises(LatentbookError, match=r"tides-1\.png already exists"):
        new_section(settings, "sample", "tides", path)
    assert files_in(settings.content) == before


def test_several_are_taken_in_before_any_is_mended(settings: Settings, imported: Import) -> None:
    imported(text("# A\n\nA <b>word</b>."))
    path = settings.content.parent / "given.ipynb"
    told: list[str] = []
    new_section(settings, "sample", "waves", path, told.append)
    assert [each.split(":")[:2] for each in told] == [
        ["content/sample/tides.md", "6"],
        ["content/sample/waves.md", "6"],
        ["Mend these lines, then run latentbook check --record", " nothing is recorded yet"],
    ]
    assert sorted(each.name for each in (settings.content / "sample").glob("*.md")) == [
        "index.md",
        "text.md",
        "tides.md",
        "waves.md",
    ]


def test_the_command_line(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("content", "build"):
        monkeypatch.setenv(f"LATENTBOOK_{name}".upper(), str(getattr(settings, name)))
    path = tmp_path / "given.ipynb"
    path.write_text(json.dumps(notebook_of(text("# A\n\nText."), code("%who"))))
    done = CliRunner().invoke(cli, ["new", "chapter", "more", "--from", str(path)])
    assert done.exit_code == 1 and "--from makes a section" in done.output
    done = CliRunner().invoke(cli, ["new", "section", "sample", "tides", "--from", str(path)])
    assert done.exit_code == 0, done.output
    assert "cell 2: '%who' is left out" in done.output and "/tides.md\n" in done.output
    assert sections_of(settings) == ["text", "tides"]
    assert "outputs.json" not in done.output  # a file that does not exist
