"""``{num}``: numbers that a chapter computes, recorded, quoted and checked."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import nbformat
import pytest

from latentbook.base.errors import BookErrors, Problems
from latentbook.base.files import Files
from latentbook.book.compose.blocks import Heading
from latentbook.book.compose.prose import ROLES
from latentbook.book.directives import DIRECTIVES, by_name
from latentbook.book.load import load
from latentbook.book.overlay.merge import open_project
from latentbook.book.read.frontmatter import SectionHead
from latentbook.book.read.numbers import made_by, made_from, written
from latentbook.book.read.parse import parse_document
from latentbook.book.write.exports import chapter_cells, notebook
from latentbook.book.write.search import search_index
from latentbook.plugins import installed, plugins_of
from latentbook.settings import Settings
from latentbook_authoring.check.book import check_book
from latentbook_authoring.check.lists import list_faults
from latentbook_authoring.prose.numbers import bare_numbers

from .conftest import BOOK, HEAD, OPENING, MakeBook, html_of

NUMBERS = """\
import numpy as np

_all = np.arange(5)
mean = _all.mean() / 3
probe = {
    "vae": 31.94123456,
    "deep": -85.5,
}
lead = [9, -4]
"""
TEXT = """
The VAE reads {num}`probe.vae:.0f` %, the deep one {num}`probe.deep:.1f`,
it leads by {num}`lead.0:words`.

```{code-cell} python
:label: sum
:title: A sum

import numpy as np
total = {"all": np.float32(0.25) + 1}
print(total["all"])
```

The sum is {num}`sum.total.all:.2f`.

:::{table} Numbers, with {num}`mean:.3f`
| a |
|---|
| {num}`lead.1:+d` |
:::
"""
FILES = {"sample/text.md": HEAD + TEXT, "sample/numbers.py": NUMBERS}


def report(message: str) -> None:
    pass


def mistakes(settings: Settings, **options: bool) -> list[str]:
    with pytest.raises(BookErrors) as caught:
        check_book(open_project(settings), report=report, **options)
    return [str(error) for error in caught.value.errors]


@pytest.fixture
def book(make_book: MakeBook) -> Settings:
    settings = make_book(FILES)
    check_book(open_project(settings), record=True, report=report)
    return settings


def change(settings: Settings, name: str, old: str, new: str) -> None:
    path = settings.content / "sample" / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_names_and_six_digits_are_recorded(book: Settings) -> None:
    recorded = json.loads((book.content / "sample" / "outputs.json").read_text())
    assert recorded["numbers.py"]["numbers"] == {
        **{"mean": 0.666667, "probe.vae": 31.9412, "probe.deep": -85.5},
        **{"lead.0": 9, "lead.1": -4},
    }
    assert recorded["sum"]["numbers"] == {"total.all": 1.25}
    check_book(open_project(book), report=report)


def test_the_page_shows_the_number_and_knows_its_line(book: Settings) -> None:
    (section,) = load(book).book.chapters[0].sections
    prose, _, after, table = section.blocks
    assert (
        '<data class="quoted" value="31.9412" data-code="&quot;vae&quot;: 31.94123456," '
        'data-place="content/sample/numbers.py:6">32</data>\u00a0%, the deep one'
    ) in html_of(prose.html)
    assert ">−85.5</data>,\nit leads by" in html_of(prose.html)
    assert ">nine</data>." in html_of(prose.html)
    assert 'data-code="total = {&quot;all&quot;: np.float32(0.25) + 1}"' in html_of(after.html)
    assert 'data-place="content/sample/text.md:14">1.25</data>' in html_of(after.html)
    assert ">0.667</data>" in html_of(table.caption) and ">−4</data>" in html_of(table.html)


def test_a_heading_has_the_number_in_its_title(book: Settings) -> None:
    change(book, "text.md", "The sum is", "## All {num}`lead.0:d`\n\nThe sum is")
    heading = load(book).book.chapters[0].sections[0].blocks[2]
    assert isinstance(heading, Heading)
    assert heading.title == "All 9" and ">9</data>" in html_of(heading.html)


def test_the_same_number_is_in_an_alt_text(book: Settings) -> None:
    figure = ":::{figure} arrow.svg\n:alt: Of {num}`probe.vae:.0f` %.\n\nIt.\n:::\n"
    change(book, "text.md", "The sum is", f"{figure}\nThe sum is")
    block = load(book).book.chapters[0].sections[0].blocks[2]
    assert "Of 32 %." in str(block.picture)  # type: ignore[attr-defined]


def test_notebook_and_search_have_the_plain_text(book: Settings) -> None:
    loaded = load(book)
    (chapter,), (source,) = loaded.book.chapters, loaded.sources
    exported = chapter_cells(chapter, source, loaded)
    cells = nbformat.reads(notebook(chapter, exported).decode(), as_version=4).cells
    text = "\n".join(cell.source for cell in cells)
    assert "The VAE reads 32\u00a0%, the deep one −85.5,\nit leads by nine." in text
    assert "The sum is 1.25." in text and "with 0.667" in text and "| −4 |" in text
    assert "The VAE reads 32 %, the deep one −85.5, it leads" in search_index(loaded.book).decode()


def test_what_no_longer_comes_from_the_file_is_not_built(book: Settings) -> None:
    change(book, "numbers.py", "31.94123456", "31.9")
    with pytest.raises(BookErrors) as caught:
        load(book)
    (error,) = caught.value.errors
    assert str(error).startswith("content/sample/numbers.py:1: this file, or what it reads, has")
    assert str(error).endswith("run the check with --record")


def test_check_names_what_prints_differently(book: Settings) -> None:
    change(book, "numbers.py", "31.94123456", "33.2")
    change(book, "numbers.py", "-85.5", "-85.49")
    stale, differs = mistakes(book)
    assert stale.startswith("content/sample/numbers.py:1: ")
    assert differs == (
        "content/sample/text.md:6: {num}`probe.vae:.0f` was 32, and is now 33: "
        "read the sentence, then run this check with --record"
    )
    said: list[str] = []
    check_book(open_project(book), record=True, report=said.append)
    assert "content/sample/text.md:6: {num}`probe.vae:.0f` was 32, and is now 33" in said
    check_book(open_project(book), report=report)


def test_a_recorded_number_that_was_edited_is_found(book: Settings) -> None:
    change(book, "outputs.json", "31.9412", "39.9412")
    assert "was 40, and is now 32" in mistakes(book)[0]


def test_an_array_and_a_module_that_it_reads_make_it_stale(
    make_book: MakeBook, root: Path, tmp_path: Path
) -> None:
    widgets = tmp_path / "widgets"
    (widgets / "data").mkdir(parents=True)
    (widgets / "__init__.py").touch()
    (widgets / "twice.py").write_text("def twice(x):\n    return 2 * x, 'points'\n")
    (widgets / "data" / "points.json").write_text("{}")
    code = "from widgets.twice import twice\nfour = 4\n"
    settings = make_book({"sample/numbers.py": code, "sample/text.md": HEAD + "{num}`four:d`"})
    settings = settings.model_copy(update={"root": tmp_path})
    source = "content/sample/numbers.py"

    def hash_now() -> str:
        return made_from((tmp_path / source).read_text(), Files.of(widgets), [folder])

    folder = tmp_path / "elsewhere"
    folder.mkdir()

    first = hash_now()
    (widgets / "data" / "points.json").write_text("{ }")
    second = hash_now()
    (widgets / "twice.py").write_text("def twice(x):\n    return x + x, 'points'\n")
    third = hash_now()
    (folder / "points.npz").write_bytes(b"1")
    assert len({first, second, third, hash_now()}) == 4


def test_the_weights_that_a_chapter_names_belong_to_its_numbers(root: Path) -> None:
    """So do a plugin's weights: its hook ``data`` names their folders."""
    folders = plugins_of(Settings()).data
    code = (root / "content" / "autoencoders" / "numbers.py").read_text(encoding="utf-8")
    widgets = Files.of(root / "widgets")
    with_weights = made_from(code, widgets, folders)
    assert {folder.name for folder in folders} == {"weights", "arrays"}
    assert with_weights != made_from(code, widgets)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{num}`probe.vea:d`", "no number 'probe.vea' in content/sample/numbers.py. Did you mean"),
        ("{num}`probe:.0f`", "'probe' is several numbers. "),
        ("{num}`mean`", "write {num}`mean:.1f`, a name and a format; got 'mean'"),
        ("{num}`mean:q`", "format 'q' does not fit 0.666667 ("),
        ("{num}`mean:d`", "format 'd' does not fit 0.666667 ("),
        (
            "{num}`probe.vae:words`",
            "format 'words' writes zero to twenty; the number is 31.9412",
        ),
        ("{num}`sum.other:.1f`", "'other' of sum is not recorded: run the check with --record"),
    ],
)
def test_a_wrong_name_or_format_is_reported_at_its_line(
    text: str, message: str, book: Settings
) -> None:
    change(book, "text.md", "The sum is", f"{text}\nThe sum is")
    with pytest.raises(BookErrors) as caught:
        load(book)
    (error,) = caught.value.errors
    assert str(error).startswith(f"content/sample/text.md:18: {message}")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("x = 1\n1 / 0\n", "content/sample/numbers.py:2: fails: ZeroDivisionError"),
        ("x = 1\ny = (\n", "content/sample/numbers.py:2: fails: SyntaxError"),
        ("x = 1\nname = 'vae'\n", "content/sample/numbers.py:2: name is neither a finite number"),
        ("import numpy as np\nx = np.ones(3)\n", "content/sample/numbers.py:2: x is neither"),
        ("x = {'a': float('nan')}\n", "content/sample/numbers.py:1: x.a is neither a finite"),
        ("import os\nos._exit(3)\n", "content/sample/numbers.py:1: ends Python with exit"),
    ],
)
def test_a_file_that_fails_is_reported_at_its_line(
    code: str, message: str, make_book: MakeBook
) -> None:
    settings = make_book({"sample/numbers.py": code})
    (error,) = mistakes(settings, record=True)
    assert error.startswith(message)
    assert not (settings.content / "sample" / "outputs.json").exists()


def test_a_variable_that_is_no_number(make_book: MakeBook) -> None:
    text = TEXT.replace("sum.total.all:.2f", "sum.total:.2f")
    settings = make_book({**FILES, "sample/text.md": HEAD + text})
    assert mistakes(settings, record=True)[0].startswith(
        "content/sample/text.md:18: 'total' of sum is not a number"
    )


def test_a_chapter_without_the_file_says_so(make_book: MakeBook) -> None:
    settings = make_book({"sample/text.md": HEAD + "{num}`mean:.1f`"})
    with pytest.raises(BookErrors, match=r"'mean': there is no content/sample/numbers\.py"):
        load(settings)


def test_a_number_of_another_chapter_is_told_where_it_is(make_book: MakeBook) -> None:
    cell = "```{code-cell} python\n:label: first\n:title: First\n\nx = 1\n```\n"
    asked = "{num}`first.x:d`, {num}`mean:d`, {num}`nowhere:d`"
    files = {
        "book.toml": BOOK.replace('"sample" }', '"sample" }, { number = 3, slug = "other" }'),
        "sample/text.md": f"{HEAD}\n{asked}\n",
        "other/index.md": OPENING.replace("[text]", "[third]"),
        "other/third.md": f"{HEAD}\n{cell}",
        "other/numbers.py": "mean = 2\n",
    }
    with pytest.raises(BookErrors) as caught:
        load(make_book(files))
    told = [str(each) for each in caught.value.errors if "no number" in str(each)]
    assert ["Chapter 'other' has it" in each for each in told] == [True, True, False]
    (checked,) = {each for each in mistakes(make_book(files), record=True) if "'mean'" in each}
    assert "Chapter 'other' has it" in checked


def test_only_a_chapter_quotes_numbers(make_book: MakeBook) -> None:
    facts = '[facts.plane]\nclaim = "{num}`mean:.1f`"\nsources = ["baldi1989"]\n'
    facts += 'confidence = "high"\nchecked = 2026-11-20\n'
    with pytest.raises(BookErrors, match=r"content/facts\.toml:1: only the text of a chapter"):
        load(make_book({"facts.toml": facts}))


def test_the_line_that_made_a_number() -> None:
    code = "a = 1\nfor b in (1, 2):\n    a += b\n\nd = {}\nd['x'] = (\n    3\n)\n"
    assert made_by(code, "a") == ("a += b", 2)
    assert made_by(code, "d.x") == ("d['x'] = (\n    3\n)", 5)
    assert made_by(code, "b") == ("for b in (1, 2):", 1)


def test_formats() -> None:
    assert written(1234.5, ",.0f") == "1,234"
    assert written(-0.004, ".3f") == "−0.004"
    assert written(0.8549, ".1%") == "85.5%"


BARE = """
It reads 82 % of 60,000 digits with 12 numbers and 13 more, `99` and $98$.
It leads by 3 points
and by 0.5 nats, on MNIST-1D in 3x3 blocks[^note].

[^note]: For 1,000 of them.

Others have 91.7 % ({cite}`baldi1989`). Ours has 28.5 %. With 784 it is {num}`mean:.1f` %.

| a |
|---|
| 17 |

:::{table} Theirs, by {cite}`baldi1989`
| a |
|---|
| 18 |
:::

:::{fold} Of 19
And 20.
:::

::::{quiz} true-false
:label: q
:answer: true

Is it 21?

:::{answer}
22.
:::
::::
"""
FOUND = [
    *((7, "82 %"), (7, "60,000"), (7, "13"), (8, "3 points"), (9, "0.5 nats")),
    *((13, "28.5 %"), (17, "17"), (25, "19"), (26, "20"), (11, "1,000")),
]
HEAD_GIVEN = HEAD.replace("\n---\n", "\ngiven: [784]\n---\n")


def test_bare_numbers_are_listed_with_their_places(make_book: MakeBook) -> None:
    settings = make_book({"sample/text.md": HEAD_GIVEN + BARE, "sample/numbers.py": "mean = 1\n"})
    loaded = load(settings, computing=True)
    assert list(bare_numbers(loaded.whole[0].sections[0].document)) == FOUND
    said: list[str] = []
    list_faults(open_project(settings), installed().checks["numbers"], said.append)
    assert [each.partition(" is ")[0] for each in said] == [
        f"content/sample/text.md:{line}: {number!r}" for line, number in FOUND
    ]


def test_a_strict_book_refuses_bare_numbers(make_book: MakeBook) -> None:
    strict = BOOK.replace("\n[[parts]]", 'numbers = "strict"\n\n[[parts]]')
    text = {"sample/text.md": f"{HEAD_GIVEN}\nOf 784, 83 %.\n"}
    with pytest.raises(BookErrors) as caught:
        load(make_book({"book.toml": strict, **text}))
    assert str(caught.value).startswith(
        "content/sample/text.md:7: '83 %' is neither computed nor cited: write {num}"
    )
    load(make_book({"book.toml": strict.replace("strict", "free"), **text}))
    with pytest.raises(BookErrors, match=r"book\.toml:5: numbers must be 'free' or 'strict'"):
        load(make_book({"book.toml": strict.replace("strict", "loose"), **text}))


def test_given_is_a_list_of_numbers(make_book: MakeBook) -> None:
    text = HEAD_GIVEN.replace("[784]", '["784"]') + "\nText.\n"
    with pytest.raises(BookErrors, match="given must be a number; got '784'"):
        load(make_book({"sample/text.md": text}))


def test_this_book_refuses_bare_numbers(root: Path) -> None:
    book = tomllib.loads((root / "content" / "book.toml").read_text(encoding="utf-8"))
    assert book["numbers"] == "strict"
    text = (root / "content" / "judging" / "linear-probes.md").read_text(encoding="utf-8")
    problems = Problems().of(Path("linear-probes.md"))
    planted = text.replace("## Which labels?", "It reads 81.5 %.\n\n## A")
    document = parse_document(planted, SectionHead, dict(by_name(DIRECTIVES)), problems)
    assert [number for _, number in bare_numbers(document)] == ["81.5 %"]


def test_the_guide_names_every_role(root: Path) -> None:
    guide = (root / "docs" / "authoring.md").read_text(encoding="utf-8")
    assert [role for role in ROLES if f"{{{role}}}`" not in guide and role != "numref"] == []
