"""Mistakes that once ended in a traceback, passed, or hid others."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from latentbook.base.errors import BookErrors
from latentbook.book.compose.stills import StillError, Stills
from latentbook.book.load import load
from latentbook.cli import cli
from latentbook.settings import Settings
from widgets import bottleneck

from .conftest import BOOK, HEAD, OPENING, REFERENCES, MakeBook

TOP = BOOK.split("[[parts]]")[0]
NUMBER = """\
::::{{quiz}} number
:label: q
:answer: {}
:tolerance: {}

How?

:::{{answer}}
So.
:::
::::"""
BAD_SOURCE = """\
@misc{bad2020,
  author = {A, B},
  title = {C},
  year = {2020},
  url = {javascript:x}
}
"""


def mistakes(settings: Settings) -> str:
    with pytest.raises(BookErrors) as caught:
        load(settings)
    return str(caught.value)


@pytest.mark.parametrize(
    ("book", "message"),
    [
        (
            TOP + "parts = 5\n",
            "content/book.toml:6: parts must be tables, [[parts]] or { … }; got 5",
        ),
        (
            BOOK.split("chapters")[0] + "chapters = 5\n",
            "book.toml:8: chapters of [[parts]] must be tables",
        ),
        (
            BOOK.split("chapters")[0] + 'chapters = ["c"]\n',
            "book.toml:8: a chapter of a book has slug and number: 'c'",
        ),
        (TOP + "macros = 5\n" + BOOK.removeprefix(TOP), "book.toml:6: macros must be a table"),
    ],
)
def test_types_of_the_manifest(book: str, message: str, make_book: MakeBook) -> None:
    assert message in mistakes(make_book({"book.toml": book}))


@pytest.mark.parametrize("text", ["facts = 5", "facts.plane = 5", "gaps = 5", "disputed = [5]"])
def test_types_of_the_ledger(text: str, make_book: MakeBook) -> None:
    assert "content/facts.toml:1: " in mistakes(make_book({"facts.toml": text}))


def test_mistakes_of_the_manifest_do_not_hide_those_of_chapters(make_book: MakeBook) -> None:
    files = {"book.toml": BOOK + "colour = 1\n", "sample/text.md": HEAD + "\n{eq}`nowhere`\n"}
    found = mistakes(make_book(files))
    assert "unknown key 'colour'" in found and "no label 'nowhere'" in found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (NUMBER.format("nan", 1), "option 'answer' must be a number"),
        (NUMBER.format("1e400", 1), "option 'answer' must be a number"),
        (NUMBER.format(1, "inf"), "option 'tolerance' must be a number"),
        (":::{instrument} bottleneck\n:label: i\n:set: k=nan\n:::", "k=nan must be a number"),
        ("$\\href{https://x.org}{x}$", "\\href is not allowed in an equation"),
        ("$\\includegraphics{x.png}$", "\\includegraphics is not allowed in an equation"),
        (f"${'a' * 100_000}$", "an equation of 100000 characters: at most 5000 are set"),
        ("Before \0 after.", ":6: the file contains a NUL byte"),
        ("[x](javascript:alert(1))", "a link leads to https:, http:, mailto:"),
    ],
)
def test_what_once_passed(text: str, message: str, make_book: MakeBook) -> None:
    assert message in mistakes(make_book({"sample/text.md": f"{HEAD}\n{text}\n"}))


def test_a_section_is_no_longer_than_2500_words(make_book: MakeBook) -> None:
    text = f"{HEAD}\n{'word ' * 2496}\n\n:::{{admonition}} Note\nOne two three.\n:::\n"
    load(make_book({"sample/text.md": text}))
    found = mistakes(make_book({"sample/text.md": f"{text}\nOne more.\n"}))
    assert "content/sample/text.md:2: the section has 2,502 words; at most 2,500" in found


def test_all_that_is_wrong_with_a_state_and_a_picture(make_book: MakeBook) -> None:
    text = ":::{instrument} bottleneck\n:label: i\n:set: k=1000, width=3, data=none\n:::\n"
    svg = '<svg xmlns="http://www.w3.org/2000/svg" onload="x"><script/></svg>'
    entity = '<!DOCTYPE svg [<!ENTITY e "x">]><svg xmlns="http://www.w3.org/2000/svg">&e;</svg>'
    pictures = "\n![A](a.svg) ![B](b.svg)\n"
    found = mistakes(
        make_book(
            {
                "sample/text.md": f"{HEAD}\n{text}{pictures}",
                "sample/images/a.svg": svg,
                "sample/images/b.svg": entity,
            }
        )
    )
    for part in ("k=1000", "no control 'width'", "data=none", "'onload', 'script'", "'ENTITY'"):
        assert part in found


def test_pictures_that_cannot_be_shown(make_book: MakeBook, tmp_path: Path) -> None:
    text = f"{HEAD}\n![A](huge.png) ![B](link.png) ![C](cut.png)\n"
    settings = make_book({"sample/text.md": text})
    images = settings.content / "sample" / "images"
    Image.new("1", (30_000, 30_000)).save(images / "huge.png")
    (images / "cut.png").write_bytes((images / "huge.png").read_bytes()[:20])
    Image.new("1", (3, 3)).save(tmp_path / "outside.png")
    (images / "link.png").symlink_to(tmp_path / "outside.png")
    found = mistakes(settings)
    assert "'huge.png' has more than" in found
    assert "'sample/images/link.png' is outside the content folder" in found
    assert "'cut.png' cannot be read as a picture" in found


def test_an_address_of_a_source_is_one_of_the_web(make_book: MakeBook) -> None:
    found = mistakes(make_book({"references.bib": REFERENCES + BAD_SOURCE}))
    assert "url of entry 'bad2020' must begin with https:// or http://; got javascript:x" in found


def test_an_instrument_that_fails_is_told_in_its_file(
    make_book: MakeBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*state: object) -> None:
        raise StillError(Path("mine/instruments/odd.py"), 13, "odd fails")

    monkeypatch.setattr(Stills, "instrument", fail)
    text = "\n:::{instrument} bottleneck\n:label: i\n:::\n"
    found = mistakes(make_book({"sample/text.md": HEAD + text + text.replace("i\n", "j\n")}))
    assert found == "mine/instruments/odd.py:13: odd fails (shown at content/sample/text.md:6)"


def test_a_symbol_that_is_not_tex_is_told_in_its_file(
    make_book: MakeBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *others = bottleneck.instrument.controls
    controls = (replace(first, symbol="\\frac{k"), *others)
    broken = replace(bottleneck.instrument, controls=controls, references=())
    monkeypatch.setattr(Stills, "instrument", lambda *_: broken)
    text = "\n:::{instrument} bottleneck\n:label: i\n:::\n"
    found = mistakes(make_book({"sample/text.md": HEAD + text}))
    assert found.startswith("widgets/bottleneck.py:")
    assert "the symbol '\\\\frac{k': broken TeX: " in found and "\n" not in found


FACT = "[facts.plane]\nclaim = 'A.'\nsources = ['baldi1989']\nconfidence = 'high'\n"


@pytest.mark.parametrize(
    ("fact", "message"),
    [
        (FACT.replace("baldi", "bladi") + "checked = 2026-11-20", "1: no source 'bladi1989' in"),
        (FACT, "1: [facts.plane] lacks checked"),
    ],
)
def test_a_wrong_fact_is_told_once(fact: str, message: str, make_book: MakeBook) -> None:
    found = mistakes(
        make_book({"facts.toml": fact, "sample/text.md": HEAD + "\n:::{fact} plane\n:::\n"})
    )
    assert found.startswith(f"content/facts.toml:{message}") and "\n" not in found


def test_a_brace_of_a_source_is_told_once(make_book: MakeBook) -> None:
    sources = REFERENCES.replace("component analysis}", "component analysis")
    text = HEAD + "\nBy {cite:t}`baldi1989`, {cite:p}`kingma2014`.\n\n:::{fact} plane\n:::\n"
    found = mistakes(make_book({"references.bib": sources, "sample/text.md": text}))
    assert found == (
        "content/references.bib:1: entry 'baldi1989' has unbalanced braces: one { or } too many"
    )


@pytest.mark.parametrize(
    "text",
    [
        "## A {#pärt}\n\n{ref}`pärt`",
        "$$\na\n$$ (pärt)\n\n{eq}`pärt`, {eq}`pärt`",
        "(pärt)=\n## A\n\n{ref}`pärt`",
    ],
)
def test_a_label_that_is_not_kebab_case_is_told_once(text: str, make_book: MakeBook) -> None:
    found = mistakes(make_book({"sample/text.md": f"{HEAD}\n{text}\n"}))
    assert found.endswith("label must be kebab-case, like 'p-rt'; got 'pärt'")
    assert "\n" not in found


def test_a_section_that_is_not_kebab_case_is_told_once(make_book: MakeBook) -> None:
    files = {
        "sample/index.md": OPENING.replace("[text]", "[text, my_part]"),
        "sample/text.md": HEAD + "\nSee {ref}`my_part`, {eq}`loss`, [there](my_part.md).\n",
        "sample/my_part.md": HEAD + "\n$$\na\n$$ (loss)\n",
    }
    assert mistakes(make_book(files)) == (
        "content/sample/index.md:7: a section's name is kebab-case and not 'print'; got 'my_part'"
    )


def test_chapters_that_build_on_each_other(make_book: MakeBook) -> None:
    chapters = ", ".join(f'{{ number = {n}, slug = "c-{n}" }}' for n in (1, 2, 3))
    files = {"book.toml": BOOK.split("chapters")[0] + f"chapters = [{chapters}]\n"}
    for n, needs in ((1, "c-3"), (2, "c-1"), (3, "c-2")):
        opening = OPENING.replace("[text]", "[]").replace("builds_on: []", f"builds_on: [{needs}]")
        files[f"c-{n}/index.md"] = opening
    found = mistakes(make_book(files))
    assert "content/c-1/index.md:5: builds_on leads in a circle: c-1 -> c-3 -> c-2 -> c-1" in found
    assert found.count("in a circle") == 3


def run(settings: Settings, *command: str) -> str:
    names = {f"LATENTBOOK_{n.upper()}": str(getattr(settings, n)) for n in ("content", "build")}
    result = CliRunner().invoke(cli, command, env=names)
    assert result.exit_code == 1
    return result.output


def test_messages_are_printed_as_they_are(make_book: MakeBook) -> None:
    text = "\n:::{instrument} bottleneck\n:::\n"
    assert "needs the option :label:" in run(make_book({"sample/text.md": HEAD + text}), "build")


def test_a_file_in_place_of_the_build_folder(make_book: MakeBook, tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.write_text("")
    said = run(make_book({}).model_copy(update={"build": place}), "build")
    assert f"Cannot write {place}: File exists." in said
    assert "LATENTBOOK_BUILD" in said


def test_a_build_folder_that_is_read_only(
    make_book: MakeBook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mkdir(path: Path, *rest: object, **more: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    settings = make_book({}).model_copy(update={"build": tmp_path / "build"})
    monkeypatch.setattr(Path, "mkdir", mkdir)  # root can write everywhere
    assert f"Cannot write {settings.build}: Read-only file system." in run(settings, "build")


GUESS = """\
:::::{{quiz}} guess
:label: q
:tolerance: 1

Where?

```{{sketch}} python
:alt: Nothing.
:alt-revealed: All.

axes = {{"xaxis": {{"range": [0, 9]}}, "yaxis": {{"range": [0, 1]}}}}
layout = {{"width": 600, "height": 300, "margin": {{"l": 9, "r": 9, "t": 9, "b": 9}}, **axes}}
figure = {{"data": [], "layout": layout}}
truth = {{"data": [], "layout": layout}}
answer = 4
{}
```

:::{{answer}}
So.
:::
:::::"""


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("answer = 10", "the sketch has the answer 10, which is outside its x axis"),
        ("answer = None", "a number in 'answer'; it left None"),
        ("del truth", "in 'truth'"),
        ("1 / 0", "text.md:21: the sketch fails: ZeroDivisionError"),
        (
            "truth = {**truth, 'layout': {**layout, 'height': 200}}",
            "moves: 'height' must be the same in 'figure' and 'truth'",
        ),
        ("axes['xaxis']['domain'] = [0, 0.5]", "without domain and scaleanchor"),
        ("axes['xaxis'] |= {'type': 'log'}", "its tolerance is a factor above 1; got 1"),
    ],
)
def test_sketches(line: str, message: str, make_book: MakeBook) -> None:
    text = HEAD + "\n" + GUESS.format(line) + "\n"
    assert message in mistakes(make_book({"sample/text.md": text}))


CHOICE = (
    "::::{quiz} choice\n:label: q\n\nWhich?\n\n- [x] one\n- [ ] one\n\n:::{answer}\nSo.\n:::\n::::"
)
ORDER = """\
::::{quiz} order
:label: q

Sort.

```{lines} python
a = 1
b = a
print(b)
```

```{distractor} It comes too late.
    b = a
```

```{check} python
assert b == 1
```

:::{answer}
So.
:::
::::"""
UNCLOSED_CELL = """\
```{code-cell} python
:label: first
:title: First

print(1)

{ref}`second`

```{code-cell} python
:label: second
:title: Second

print(2)
```"""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("| a | b |\n|---|---|\n| 1 | 2 | 3 |", "8: a row of 3 cells in a table of 2 columns"),
        (
            "> | a | b |\n> |---|---|\n> | `|x|` | 2 |",
            "8: a row of 4 cells in a table of 2 columns",
        ),
        ("$$\na \\label{loss}\n$$", "7: broken TeX: the label of an equation follows as $$ (loss)"),
        (
            "$$\na\n$$ loss",
            "6: an equation is between lines of $$; its label follows as $$ (label)",
        ),
        (CHOICE, "11: two options of a choice question are the same: 'one'"),
        (ORDER, "17: 'b = a' is one of the lines, so it belongs"),
        ("", "1: the section has no text"),
        (
            NUMBER.format(1, 1).replace(":::{answer", "::::{answer").replace("\n:::\n", "\n::::\n"),
            "6: {quiz} ends where {answer} of line 13 should: close it above that line, or, if it "
            "contains {answer}, open and close it with :::::",
        ),
        (
            ":::{note}\nText.\n\n:::{tip}\nMore.\n:::\n\nThe end.",
            "6: {note} ends where {tip} of line 9 should",
        ),
        (":::{note}\nText.", "6: {note} is not closed by :::"),
        (
            UNCLOSED_CELL.replace("{code-cell} python\n:label: first\n:title: First\n", "python"),
            "6: a listing is not closed by ``` before line 11",
        ),
        (UNCLOSED_CELL, "6: {code-cell} is not closed by ``` before line 14"),
    ],
)
def test_what_was_lost_or_told_elsewhere(text: str, told: str, make_book: MakeBook) -> None:
    found = mistakes(make_book({"sample/text.md": f"{HEAD}\n{text}\n"}))
    assert found.startswith(f"content/sample/text.md:{told}")
    assert "\n" not in found


def test_rows_of_an_equation_have_no_numbers_of_their_own(make_book: MakeBook) -> None:
    rows = "a &= b \\\\ c &= d"
    matrix = "\\begin{pmatrix} a \\\\ b \\end{pmatrix}"
    aligned = f"\\begin{{align}} {rows} \\end{{align}}"
    text = f"$$\n{aligned}\n$$\n\n{aligned}\n\n{matrix}\n"
    loaded = load(make_book({"sample/text.md": f"{HEAD}\n{text}"}))
    [section] = loaded.book.chapters[0].sections
    inside, alone, column = [block.html for block in section.blocks]  # type: ignore[attr-defined]
    assert inside == alone and "eqn-num" not in inside.html
    assert "(" in column.words  # its own parentheses


@pytest.mark.parametrize(
    ("book", "told"),
    [
        (
            BOOK.replace('[{ number = 2, slug = "sample" }]', '"sample"'),
            "8: chapters of [[parts]] must be tables",
        ),
        (
            BOOK.replace('"sample"', '"A sample"'),
            "8: slug of [[parts.chapters]] must be kebab-case",
        ),
        (
            BOOK.replace("[[parts]]", "[brand]\nnumbers = 'strict'\n\n[[parts]]"),
            "7: 'numbers' belongs at the top, above [brand]",
        ),
        (BOOK + "\n[macros]\nnorm = '|#x|'\n", "11: norm of [macros] must be TeX in single"),
        (TOP, "1: the book has no chapters: list them under [[parts]]"),
    ],
)
def test_what_a_manifest_is_told_first(book: str, told: str, make_book: MakeBook) -> None:
    found = mistakes(make_book({"book.toml": book}))
    assert found.startswith(f"content/book.toml:{told}") and "\n" not in found


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        (
            "sample/text.md",
            (HEAD + "\nCafé.\n").encode("latin-1"),
            "6: the file is not UTF-8: save",
        ),
        (
            "sample/index.md",
            OPENING.replace("[text]", "text").encode(),
            "7: sections must be a list",
        ),
        ("packages.json", b"{", "1: not JSON: "),
    ],
)
def test_one_mistake_is_told_once(name: str, data: bytes, told: str, make_book: MakeBook) -> None:
    settings = make_book({})
    (settings.content / name).write_bytes(data)
    found = mistakes(settings)
    assert found.startswith(f"content/{name}:{told}") and "\n" not in found
