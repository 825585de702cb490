"""Matplotlib figures: recorded, compared, and described for readers who cannot see them."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET

import nbformat
import pytest

from latentbook.base.errors import BookErrors
from latentbook.book.load import load
from latentbook.book.overlay.merge import open_project
from latentbook.book.read.recordings import SVG, Recorded, same_outputs, summary_of
from latentbook.book.write.exports import chapter_cells, notebook
from latentbook.book.write.render import Renderer
from latentbook.settings import Settings
from latentbook_authoring.check.book import check_book

from .conftest import HEAD, AnyFile, MakeBook

ALT = ":alt: A line that rises & falls."
CELL = f"""
```{{code-cell}} python
:label: tide
:title: A tide
{ALT}

import matplotlib.pyplot as plt
plt.plot([0, 6, 12], [0, 2, 0])
plt.ylabel("metres")
plt.show()
```
"""
PLOT = """
:::{plot} A tide, drawn once.
:label: drawn
:alt: Once more.

import matplotlib.pyplot as plt
figure, axes = plt.subplots()
axes.plot([0, 6, 12], [0, 2, 0])
:::
"""


def errors(settings: Settings, *, record: bool = False) -> list[str]:
    with pytest.raises(BookErrors) as caught:
        check_book(open_project(settings), report=print, record=record)
    return [str(error) for error in caught.value.errors]


def test_a_figure_is_recorded_and_shown_with_its_words(make_book: MakeBook, packages: str) -> None:
    settings = make_book({"sample/text.md": HEAD + CELL + PLOT, "packages.json": packages})
    check_book(open_project(settings), report=print, record=True)
    check_book(open_project(settings), report=print)
    loaded = load(settings)
    pages = Renderer(loaded.book, AnyFile({}, {}), {"reload": False}, "", "/").pages()
    page = dict(pages)["sample/text/index.html"]
    shown = re.findall(r'<img src="../../(assets/(?:tide|drawn)-\w+\.svg)"([^>]*)>', page)
    assert len(shown) == 2
    for (place, attributes), words in zip(shown, ("rises &amp; falls", "Once more"), strict=True):
        assert words in attributes
        size = [int(n) for n in re.findall(r'(?:width|height)="(\d+)"', attributes)]
        root = ET.fromstring(
            loaded.media.files[place]
        )  # in points: 72 per inch; CSS pixels are 96 per inch
        points = [float(root.attrib[name].removesuffix("pt")) for name in ("width", "height")]
        assert size == pytest.approx([n / 72 * 96 for n in points], abs=0.51)
    assert b"metres" in loaded.media.files[shown[0][0]]
    assert 'data-alt="A line that rises &amp; falls."' in page

    [chapter], [source] = loaded.book.chapters, loaded.sources
    exported = notebook(chapter, chapter_cells(chapter, source, loaded)).decode()
    cells = nbformat.reads(exported, as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    assert [(o.output_type, *o.data) for o in outputs] == [("display_data", SVG)]


def test_a_figure_without_words_is_a_mistake(make_book: MakeBook, packages: str) -> None:
    told = "content/sample/text.md:6: tide draws a figure: say in :alt: what it shows"
    twice = "plt.show()\nplt.plot([1, 2])\nplt.show()"
    silent = HEAD + CELL.replace(f"{ALT}\n", "").replace("plt.show()", twice)
    settings = make_book({"sample/text.md": silent, "packages.json": packages})
    assert errors(settings, record=True) == [told]
    spoken = silent.replace(":title: A tide", f":title: A tide\n{ALT}")
    (settings.content / "sample/text.md").write_text(spoken, encoding="utf-8")
    check_book(open_project(settings), report=print, record=True)
    (settings.content / "sample/text.md").write_text(silent, encoding="utf-8")
    with pytest.raises(BookErrors) as caught:
        load(settings)
    assert [str(error) for error in caught.value.errors] == [told]


def test_a_difference_is_told_by_size_and_words(make_book: MakeBook, packages: str) -> None:
    settings = make_book({"sample/text.md": HEAD + CELL, "packages.json": packages})
    check_book(open_project(settings), report=print, record=True)
    recorded = settings.content / "sample/outputs.json"
    text = recorded.read_text(encoding="utf-8")
    recorded.write_text(text.replace("<!-- metres -->", "<!-- feet -->"), encoding="utf-8")
    [error] = errors(settings)
    assert error.endswith("the output of tide differs: recorded 'feet', now 'metres'")
    [first, *words] = summary_of(
        Recorded(kind=SVG, data=json.loads(text)["tide"]["outputs"][0]["data"])
    ).split("\n")
    assert re.fullmatch(r"a figure of \d+ x \d+ pt", first)
    assert "metres" in words


@pytest.mark.parametrize(
    ("size", "words", "same"),
    [
        ('width="101pt" height="49pt"', "0.5", True),
        ('width="103pt" height="50pt"', "0.5", False),
        ('width="100pt" height="50pt"', "0.6", False),
        ("", "0.5", False),
    ],
)
def test_outlines_may_differ_and_sizes_a_little(size: str, words: str, same: bool) -> None:
    one, other = (
        [
            Recorded(
                kind=SVG, data=f'<svg version="1.1" {size}><!-- {words} --><path d="{d}"/></svg>'
            )
        ]
        for size, words, d in (
            ('width="100pt" height="50pt"', "0.5", "M0 0"),
            (size, words, "M1 1"),
        )
    )
    assert same_outputs(one, other) is same
    assert not same_outputs(one, [Recorded(kind="stdout", data=one[0].data)])


def test_a_plot_that_leaves_no_figure_says_what_is_accepted(make_book: MakeBook) -> None:
    text = HEAD + PLOT.replace("figure, axes = plt.subplots()", "axes = figure = plt.gca()")
    [error] = errors(make_book({"sample/text.md": text}))
    assert "'figure' must be Matplotlib's Figure itself; it is of type" in error


GLYPHS = """
import matplotlib.pyplot as plt
figure, axes = plt.subplots()
axes.plot([1, 2])
axes.set_title("σ: 潜在 空")
"""


def test_characters_that_are_not_drawn_are_told_at_their_line(
    make_book: MakeBook, packages: str
) -> None:
    """DejaVu Sans has Greek letters, and no Chinese characters."""
    plot = PLOT.partition("import")[0] + GLYPHS.lstrip() + ":::\n"
    text = HEAD + plot + plot.replace("drawn", "again")
    settings = make_book({"sample/text.md": text, "packages.json": packages})
    lines = [at for at, line in enumerate(text.split("\n"), 1) if "潜在" in line]
    told = "Matplotlib's font has no 在, 潜, 空, and draws boxes"
    for line, error in zip(lines, errors(settings), strict=True):
        assert error.startswith(f"content/sample/text.md:{line}: {told}")
    title = CELL.replace('"metres"', '"σ: 潜在 空"')
    (settings.content / "sample/text.md").write_text(HEAD + title, encoding="utf-8")
    (line,) = [at for at, line in enumerate((HEAD + title).split("\n"), 1) if "潜在" in line]
    assert errors(settings, record=True)[0].startswith(f"content/sample/text.md:{line}: {told}")
