"""Courses merged with a small book: they select, add, hide and replace, within limits."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from latentbook.base.errors import BookErrors, Problems
from latentbook.base.files import Files
from latentbook.book.build import build_site
from latentbook.book.compose.author_code import AuthorCode
from latentbook.book.load import load
from latentbook.book.overlay.merge import open_project
from latentbook.book.overlay.sourced_text import SourcedText, digest
from latentbook.book.read.recordings import BOOK_OUTPUTS, OUTPUTS, Recordings
from latentbook.book.write.exports import chapter_cells, script
from latentbook.settings import Settings
from latentbook_authoring.check.book import check_book
from latentbook_authoring.diff import accept, tell

from .conftest import BOOK, FRONT, HEAD, OPENING, MakeBook
from .test_cases import outline

QUESTION = """\
::::{quiz} true-false
:label: q-one
:answer: true

Is it?

:::{hint}
Look.
:::

:::{answer}
It is.
:::
::::"""
TEXT = f"""{HEAD}
## Before {{#before}}

Some text.[^note]

[^note]: A note.

{QUESTION}

$$
a = b
$$ (eq-one)

More in {{ref}}`second`.
"""
SECOND = HEAD.replace("title: Text", "title: Second") + "\nThe end, after {eq}`eq-one`.\n"
LICENSED = BOOK.replace('"en"', '"en"\nlicence = "text [CC BY 4.0](https://cc.example/by/)"')
TERMS = 'text <a href="https://cc.example/by/">CC BY 4.0</a>'
FILES = {
    "book.toml": LICENSED.replace('"sample" }]', '"sample" }, { number = 3, slug = "other" }]'),
    "sample/index.md": OPENING.replace("[text]", "[text, second]"),
    "sample/text.md": TEXT,
    "sample/second.md": SECOND,
    "other/index.md": OPENING.replace("[text]", "[third]").replace("Sample", "Other"),
    "other/third.md": HEAD.replace("title: Text", "title: Third") + "\nIt leads nowhere.\n",
}
COURSE = """\
title = "A course"
subtitle = "Of a book"
description = "For tests."
language = "en"
book = "0.1.0"
HERE

[[parts]]
title = "All"
chapters = ["other", "sample"]
"""

MakeCourse = Callable[..., Settings]


@pytest.fixture
def make_course(make_book: MakeBook, tmp_path: Path) -> MakeCourse:
    """Write a course over the small book; in course.toml, ``here`` is at the top, ``end`` last."""

    def make(
        files: Mapping[str, str] | None = None,
        *,
        here: str = "",
        end: str = "",
        toml: str = COURSE,
        book: Mapping[str, str] = FILES,
    ) -> Settings:
        settings = make_book(book)
        course = tmp_path / "mine"
        defaults = {"course.toml": toml.replace("HERE", here) + end, "content/front.md": FRONT}
        for name, text in {**defaults, **(files or {})}.items():
            path = course / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return settings.model_copy(update={"course": course, "build": tmp_path / "build"})

    return make


def merged_text(settings: Settings, page: str) -> str:
    return open_project(settings).files.data(page).decode()


def mistakes(settings: Settings) -> str:
    with pytest.raises(BookErrors) as caught:
        load(settings)
    return str(caught.value)


def test_chapters_come_in_the_order_of_the_course(make_course: MakeCourse) -> None:
    book = load(make_course()).book
    assert [(c.number, c.slug, c.title) for c in book.chapters] == [
        ("1", "other", "Other"),
        ("2", "sample", "Sample"),
    ]
    assert (book.title, book.front.title) == ("A course", "A small book")


def test_a_book_states_its_licence_and_a_course_what_it_is_adapted_from(
    make_course: MakeCourse,
) -> None:
    settings = make_course(here='full_book_url = "https://host.example/book/"')
    book = settings.model_copy(update={"course": None})
    assert load(book).book.small_print == (f"A small book: {TERMS}",)
    link = '<a href="https://host.example/book/">A small book</a>'
    assert load(settings).book.small_print == (f"Adapted from {link}: {TERMS}",)


def test_a_course_names_its_own_licence_first_and_the_books_in_its_language(
    make_course: MakeCourse,
) -> None:
    brand = '[brand]\nlicence = "All rights reserved"'
    settings = make_course(here=brand, toml=COURSE.replace('"en"', '"de"'))
    assert load(settings).book.small_print == (
        "All rights reserved",
        f"Bearbeitung von A small book: {TERMS}",
    )


def test_sections_are_chosen_and_the_courses_own_stand_between_them(
    make_course: MakeCourse,
) -> None:
    toml = COURSE.replace(
        '"sample"]', '{ slug = "sample", sections = ["second", "mine", "text"] }]'
    )
    own = HEAD.replace("title: Text", "title: My own") + "\nSee {ref}`text`.\n"
    settings = make_course({"content/sample/mine.md": own}, toml=toml)
    sample = load(settings).book.chapters[1]
    assert [(s.number, s.title) for s in sample.sections] == [
        ("2.1", "Second"),
        ("2.2", "My own"),
        ("2.3", "Text"),
    ]


def test_a_reference_to_what_is_left_out_leads_to_the_whole_book(make_course: MakeCourse) -> None:
    toml = COURSE.replace('"sample"]', '{ slug = "sample", sections = ["text"] }]')
    settings = make_course(toml=toml, here='full_book_url = "https://host.example/book/"')
    (text,) = load(settings).book.chapters[1].sections
    html = outline(text.blocks, text.place)
    assert '<a class="ref" href="https://host.example/book/sample/second/">Second</a>' in html


def test_without_its_address_references_to_the_whole_book_are_words(
    make_course: MakeCourse,
) -> None:
    own = """
See {ref}`second`, [it](second.md), [there](../sample/second.md#far), {eq}`eq-far`
and {ref}`words <second>`; {ref}`text`.
"""
    far = "\n## Far {#far}\n\n$$x$$ (eq-far)\n"
    settings = make_course({"content/sample/mine.md": HEAD + own})
    second = settings.content / "sample" / "second.md"
    second.write_text(second.read_text() + far)
    toml = '{ slug = "sample", sections = ["text", "mine"] }]'
    course = settings.course / "course.toml"
    course.write_text(course.read_text().replace('"sample"]', toml))
    loaded = load(settings)
    _, mine = loaded.book.chapters[1].sections
    html = outline(mine.blocks, mine.place).replace("\N{NO-BREAK SPACE}", " ")
    for words in ("Second", "words", "Eq. 2.2 of the complete book"):
        assert f"<span>{words}</span>" in html
    assert "<a>it</a>, <a>there</a>" in html
    assert re.findall('href="([^"]*)"', html) == ["../../sample/text/"]
    [notice] = loaded.notices
    start = len(HEAD.split("\n")) + 1
    assert f"content/sample/mine.md:{start}, mine/content/sample/mine.md:{start + 1}." in notice
    assert "full_book_url in course.toml" in notice


def test_what_is_hidden_is_nowhere(make_course: MakeCourse) -> None:
    settings = make_course(here='hide = ["q-one"]')
    files = open_project(settings).files
    text = "".join(files.data(place).decode() for place in files if place.endswith(".md"))
    assert "Is it?" not in text and "Some text." in text
    assert "q-one" not in load(settings).labels.targets


def test_what_is_hidden_now_is_gone_from_the_kept_edition(
    make_course: MakeCourse, small_runtime: None
) -> None:
    def tells(settings: Settings) -> bool:
        site = build_site(open_project(settings), report=lambda message: None)
        return any(b"Is it?" in path.read_bytes() for path in site.rglob("*") if path.is_file())

    assert tells(make_course())
    assert not tells(make_course(here='hide = ["q-one"]'))


def test_a_note_that_only_hidden_text_calls_goes_with_it(make_course: MakeCourse) -> None:
    settings = make_course(here='hide = ["before"]')
    text = merged_text(settings, "sample/text.md")
    assert "A note." not in text and "Some text" not in text


def test_a_hidden_section_leaves_the_list(make_course: MakeCourse) -> None:
    book = {**FILES, "sample/text.md": TEXT.replace("More in {ref}`second`.", "")}
    settings = make_course(here='hide = ["second"]', book=book)
    sample = load(settings).book.chapters[1]
    assert [section.name for section in sample.sections] == ["text"]
    assert "sample/second.md" not in open_project(settings).files


def test_a_text_is_put_after_a_label_and_another_in_its_place(make_course: MakeCourse) -> None:
    end = f"""
[[insert]]
after = "eq-one"
file = "texts/more.md"

[[replace]]
label = "q-one"
file = "texts/question.md"
original_sha256 = "{digest(QUESTION)}"
"""
    texts = {
        "texts/more.md": "An example of ours.\n",
        "texts/question.md": QUESTION.replace("Is it?", "Is it not?"),
    }
    text = merged_text(make_course(texts, end=end), "sample/text.md")
    assert "Is it?" not in text
    order = ["Some text.", "Is it not?", "(eq-one)", "An example of ours.", "More in"]
    places = [text.index(part) for part in order]
    assert places == sorted(places)


def test_mistakes_are_reported_where_they_were_written(make_course: MakeCourse) -> None:
    end = '\n[[insert]]\nafter = "before"\nfile = "texts/more.md"\n'
    broken = TEXT.replace("More in {ref}`second`.", "More in {ref}`nothing`.")
    settings = make_course(
        {"texts/more.md": "One line.\n\nSee {ref}`nowhere`.\n"},
        end=end,
        book={**FILES, "sample/text.md": broken},
    )
    said = mistakes(settings)
    assert "mine/texts/more.md:3: no label 'nowhere'" in said
    line = broken.split("\n").index("More in {ref}`nothing`.") + 1
    assert f"content/sample/text.md:{line}: no label 'nothing'" in said


EDIT = '\n[[KIND]]\nKEY = "LABEL"\nfile = "texts/a.md"\n'
REPLACE = EDIT.replace("KIND", "replace").replace("KEY", "label")
INSERT = EDIT.replace("KIND", "insert").replace("KEY", "after")
ODD = "\n:::{instrument} odd\n:label: odd\n:::\n"
SECTION = HEAD + "\nText.\n"


@pytest.mark.parametrize(
    ("here", "end", "files", "message"),
    [
        ("colour = 3", "", {}, "mine/course.toml:6: unknown key 'colour'"),
        ('hide = ["q-two"]', "", {}, "mine/course.toml:6: no label 'q-two' in this course. Did"),
        ('hide = ["other"]', "", {}, "mine/course.toml:6: 'other' is a chapter"),
        ("", INSERT.replace("LABEL", "x"), {}, "mine/course.toml:12: no label 'x'"),
        ("", INSERT.replace("LABEL", "eq-one"), {}, "mine/course.toml:12: the course has no file"),
        (
            "",
            REPLACE.replace("LABEL", "q-one"),
            {"texts/a.md": QUESTION},
            "mine/course.toml:12: [[replace]] 'q-one' lacks "
            f'original_sha256 = "{digest(QUESTION)}"',
        ),
        (
            "",
            REPLACE.replace("LABEL", "q-one") + 'original_sha256 = "0123"\n',
            {"texts/a.md": QUESTION},
            "mine/course.toml:12: 'q-one' has changed at content/sample/text.md:12 since",
        ),
        (
            "",
            INSERT.replace("LABEL", "eq-one"),
            {"texts/a.md": QUESTION},
            "mine/texts/a.md:1: label 'q-one' is already used at content/sample/text.md:12",
        ),
        ("", "", {"content/sample/text.md": SECTION}, "mine/course.toml:10: 'text' is used twice"),
        (
            "",
            "",
            {"content/sample/loose.md": SECTION},
            "mine/content/sample/loose.md is not among the sections of 'sample'",
        ),
        ('hide = ["eq-one"]', "", {}, "content/sample/second.md:6: 'eq-one' is hidden (mine/co"),
        ('instruments = ["gone"]', "", {}, "mine/course.toml:6: instrument 'gone' has no file"),
        (
            "",
            "",
            {"content/front.md": FRONT + ODD, "instruments/odd.py": ""},
            "content/front.md:9: no instrument 'odd'. Its file is there: list it in course.toml",
        ),
        (
            'instruments = ["od"]',
            "",
            {"instruments/odd.py": ""},
            "instrument 'od' has no file instruments/od.py. Did you mean 'odd'? Accepted: odd.",
        ),
        (
            'instruments = ["morph"]',
            "",
            {"instruments/morph.py": ""},
            "mine/course.toml:6: mine/instruments/morph.py: the book has widgets/morph.py already",
        ),
        (
            '[brand]\naccent = { light = "#80c080", dark = "#5cc8c0" }',
            "",
            {},
            "mine/course.toml:7: accent #80c080 has a contrast of 1.9 on #f5f3ed",
        ),
        ('licence = "Mine"', "", {}, "mine/course.toml:6: unknown key 'licence'"),
        (
            'full_book_url = "host"',
            "",
            {},
            "mine/course.toml:6: full_book_url is the address of a book",
        ),
    ],
)
def test_what_does_not_go_together_is_an_error_with_its_place(
    here: str, end: str, files: dict[str, str], message: str, make_course: MakeCourse
) -> None:
    assert message in mistakes(make_course(files, here=here, end=end))


@pytest.mark.parametrize(
    ("opening", "message"),
    [
        (
            OPENING.replace("title: ", "title: Markov: "),
            "2: front matter is not YAML: mapping values are not allowed here. Quote text that",
        ),
        (
            OPENING.replace("\ntitle: ", "\n\ttitle: "),
            "2: front matter is not YAML: found character '\\t' that cannot start any token",
        ),
        (OPENING.replace("title: ", "title: \x01"), "2: front matter has the character U+0001"),
        (OPENING.replace("\n---", "\n", 1), "1: front matter is not closed"),
        (OPENING.replace("sections: ", "parts: "), "1: front matter lacks sections"),
    ],
)
def test_a_mistake_in_an_opening_is_reported_there(
    opening: str, message: str, make_course: MakeCourse
) -> None:
    toml = COURSE.replace('"sample"]', '"sample", "own"]')
    files = {
        "content/own/index.md": opening.replace("[text]", "[alone]"),
        "content/own/alone.md": SECTION,
    }
    said = mistakes(make_course(files, toml=toml))
    assert f"mine/content/own/index.md:{message}" in said
    assert "is not among the sections" not in said


def test_a_section_that_an_opening_misspells(make_course: MakeCourse) -> None:
    toml = COURSE.replace('"sample"]', '"sample", "own"]')
    opening = OPENING.replace("[text]", "\n  - alone\n  - orbti\n  - gone")
    pages = {f"content/own/{name}.md": SECTION for name in ("alone", "orbit", "spare")}
    said = mistakes(make_course({"content/own/index.md": opening, **pages}, toml=toml)).split("\n")
    accepted = "Accepted: alone, orbit, spare."
    assert said == [
        "mine/content/own/index.md:7: spare.md is not among the sections: list it or remove it",
        "mine/content/own/index.md:9: section 'orbti' has no file orbti.md. "
        f"Did you mean 'orbit'? {accepted}",
        "mine/content/own/index.md:10: section 'gone' has no file gone.md. "
        f"Did you mean 'alone'? {accepted}",
    ]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (Path.mkdir, "Is a directory"),
        (lambda path: path.symlink_to(path.name), "Too many levels of symbolic links"),
    ],
)
def test_a_section_that_is_no_file(
    make: Callable[[Path], None], message: str, make_course: MakeCourse, tmp_path: Path
) -> None:
    section = '{ slug = "sample", sections = ["text", "second", "odd"] }'
    settings = make_course(toml=COURSE.replace('"sample"]', f"{section}]"))
    path = tmp_path / "mine/content/sample/odd.md"
    path.parent.mkdir(parents=True)
    make(path)
    where = "mine/content/sample/odd.md:1"
    assert mistakes(settings) == f"{where}: the file cannot be read: {message}"


def test_an_instrument_that_is_not_utf_8(make_course: MakeCourse, tmp_path: Path) -> None:
    settings = make_course({"instruments/odd.py": ""}, here='instruments = ["odd"]')
    (tmp_path / "mine/instruments/odd.py").write_bytes(b"x = 1\n# caf\xe9\n")
    assert (
        mistakes(settings) == "mine/instruments/odd.py:2: the file is not UTF-8: save it as UTF-8"
    )


def test_a_file_that_is_taken_whole_is_named_where_it_lies(make_course: MakeCourse) -> None:
    brand = '[brand]\nname = "Mine"\nmark = "mark.svg"\n'
    settings = make_course({"mark.svg": "<svg><script/></svg>"}, end=brand)
    assert mistakes(settings).startswith("mine/mark.svg:1: is not an SVG, or contains a script")


def test_the_folder_of_the_book_may_have_any_name(make_course: MakeCourse) -> None:
    glossary = '[terms]\ncode = "A short form."\n'  # no text of the course defines it
    settings = make_course(book={**FILES, "glossary.toml": glossary})
    book = settings.content.rename(settings.content.with_name("book"))
    load(settings.model_copy(update={"content": book}))


def test_a_reference_to_a_hidden_section_says_what_to_do(make_course: MakeCourse) -> None:
    said = mistakes(make_course(here='hide = ["second"]'))
    assert "'second' is hidden (mine/course.toml:6): replace this text, or leave" in said


def test_an_unknown_section_and_chapter(make_course: MakeCourse) -> None:
    toml = COURSE.replace('"sample"]', '{ slug = "sample", sections = ["txt"] }, "smaple"]')
    said = mistakes(make_course(toml=toml))
    assert "chapter 'sample' has no section 'txt'. Did you mean 'text'?" in said
    assert "no chapter 'smaple'. Did you mean 'sample'?" in said


def test_labels_know_where_their_blocks_end() -> None:
    nested = f":::::{{fold}} Inside\n{QUESTION}\n:::::\n\n(named)=\n## Heading\n\nText\n\n## Next\n"
    sheet = SourcedText.of(nested, Path("page.md"))
    regions = sheet.regions()
    assert sheet.source(regions["q-one"]) == QUESTION
    assert sheet.source(regions["named"]) == "(named)=\n## Heading\n\nText"


def test_diff_tells_what_an_upgrade_changes(make_course: MakeCourse) -> None:
    settings = make_course()
    accept(settings)
    said: list[str] = []
    assert not tell(settings, said.append)
    assert said[-1] == "Nothing of this course has changed"
    text = settings.content / "sample" / "text.md"
    text.write_text(
        TEXT.replace("Is it?", "Is it really?")
        .replace(" {#before}", "")
        .replace("$$\na = b", "$$\nc = d\n$$ (eq-zero)\n\n$$\na = b")
    )
    said.clear()
    assert tell(settings, said.append)
    told = "\n".join(said)
    assert re.search(r"Questions that have changed\n  q-one, question 2.1 in sample/text", told)
    assert "before, section in sample/text" in told.partition("Labels that are gone")[2]
    assert "eq-one: equation 2.1 becomes equation 2.2" in told
    assert "eq-zero, equation in sample/text" in told
    accept(settings)
    assert not tell(settings, said.append)


def test_the_recorded_edition_has_a_line_for_what_the_course_has_and_names(
    make_course: MakeCourse, tmp_path: Path
) -> None:
    files = {"texts/a.md": "See {ref}`third`.\n"}
    end = INSERT.replace("LABEL", "eq-one")
    toml = COURSE.replace('["other", "sample"]', '["sample"]')
    lock = accept(make_course({}, toml=toml)).read_text()
    assert '"eq-one": "equation, sample/text, ' in lock and "other/" not in lock
    settings = make_course(files, end=end, toml=toml, here='full_book_url = "https://a.example/"')
    lock = accept(settings).read_text()
    assert '"third": "section, other/third, ' in lock and '"other": ' not in lock


def test_a_recorded_edition_of_release_0_3_is_read(make_course: MakeCourse) -> None:
    settings = make_course()
    edition = json.loads(accept(settings).read_text())
    for label, seen in edition["book"].items():
        kind, page, hash = seen.split(", ")
        edition["book"][label] = {"kind": kind, "page": page, "hash": hash.ljust(64, "0")}
    assert settings.course is not None
    (settings.course / "book.lock.json").write_text(json.dumps(edition))
    assert not tell(settings, list[str]().append)


def test_diff_names_texts_of_the_course_that_name_what_is_gone(make_course: MakeCourse) -> None:
    files = {"texts/a.md": "See {ref}`before` and {ref}`it <q-one>`.\n"}
    settings = make_course(files, end=INSERT.replace("LABEL", "eq-one"))
    accept(settings)
    page = settings.content / "sample" / "text.md"
    page.write_text(TEXT.replace(" {#before}", "").replace(": q-one", ": q-two"))
    said: list[str] = []
    assert tell(settings, said.append)
    stale = "\n".join(said).partition("Does not fit any more")[2].partition("\n\n")[0]
    assert "mine/texts/a.md:1: 'before' is gone from the book" in stale
    assert "mine/texts/a.md:1: 'q-one' is gone from the book" in stale


def test_diff_is_silent_about_numbers_that_the_course_moves(
    make_course: MakeCourse, tmp_path: Path
) -> None:
    settings = make_course()
    accept(settings)
    toml = tmp_path / "mine/course.toml"
    toml.write_text(toml.read_text().replace('"other", "sample"', '"sample", "other"'))
    said: list[str] = []
    assert not tell(settings, said.append), said


def test_diff_names_a_replacement_that_no_longer_fits(make_course: MakeCourse) -> None:
    end = REPLACE.replace("LABEL", "q-one") + f'original_sha256 = "{digest(QUESTION)}"\n'
    settings = make_course({"texts/a.md": QUESTION}, end=end)
    accept(settings)
    page = settings.content / "sample" / "text.md"
    page.write_text(TEXT.replace("Is it?", "Is it really?"))
    said: list[str] = []
    assert tell(settings, said.append)
    told = "\n".join(said)
    assert "mine/course.toml:12: 'q-one' has changed at content/sample/text.md:12" in told


def test_a_book_of_its_own_has_nothing_of_the_book_below(make_course: MakeCourse) -> None:
    toml = COURSE.replace('book = "0.1.0"\n', "").replace('"other", "sample"', '"first"')
    index = OPENING.replace("[text]", "[start]")
    files = {"content/first/index.md": index, "content/first/start.md": SECTION}
    settings = make_course(files, toml=toml)
    project = open_project(settings)
    assert {place for place in project.widgets if "/" not in place} == {
        *("__init__.py", "contract.py", "controls.py", "renamed.py", "instruments.txt")
    }
    assert project.widgets.inside("data") == ["data/__init__.py"]
    kit = {Path(place).stem for place in project.widgets.inside("kit", ".py")}
    assert kit >= {"__init__", "figures", "metrics", "network", "laws"}
    assert not kit & {"encoders", "benchmark_codes"}  # they read the book's arrays
    assert not project.instruments
    book = load(settings).book
    assert [chapter.slug for chapter in book.chapters] == ["first"]
    assert ">A<" in book.mark and not book.references and not book.small_print


LOAD = """
import widgets, widgets.data
assert widgets.WIDGETS[-1] == "mine" and "bottleneck" in widgets.WIDGETS
assert widgets.data.load("readings")["x"] == 7 and widgets.data.load("mnist_pca")
assert widgets.get("mine").answer == 42
"""


def test_python_finds_instruments_and_arrays_without_a_changed_module(
    make_course: MakeCourse, tmp_path: Path
) -> None:
    settings = make_course({"instruments/mine.py": "answer = 42\n"}, here='instruments = ["mine"]')
    (tmp_path / "mine/instruments/data").mkdir()
    np.savez(tmp_path / "mine/instruments/data/readings.npz", x=7)
    open_project(settings)
    with closing(AuthorCode(60)) as code:
        reply = code.ask({"type": "listing", "code": LOAD})
    assert reply["type"] == "done", reply


def test_a_script_contains_the_arrays_of_a_course(make_course: MakeCourse, tmp_path: Path) -> None:
    snippet = 'from widgets.data import load\n\nprint(int(load("readings")["x"]))'
    text = f"{HEAD}\n```{{code-cell}}\n:label: cell-x\n\n{snippet}\n```\n"
    toml = COURSE.replace('["other", "sample"]', '["own"]').replace('book = "0.1.0"\n', "")
    settings = make_course(
        {
            "content/own/index.md": OPENING,
            "content/own/text.md": text,
            "instruments/mine.py": "answer = 42\n",
        },
        here='instruments = ["mine"]',
        toml=toml,
    )
    (tmp_path / "mine/instruments/data").mkdir()
    np.savez(tmp_path / "mine/instruments/data/readings.npz", x=7)
    loaded = load(settings)
    (chapter,), (source,) = loaded.book.chapters, loaded.sources
    path = tmp_path / "own.py"
    path.write_bytes(script(chapter_cells(chapter, source, loaded)))
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("7\n", "")


DECAY = """\
import numpy as np

from widgets.contract import DATA_1, Choice, Frame, Instrument, Plot, Readout, Slider
from widgets.kit.figures import axis, figure, line

instrument = Instrument(
    name="decay",
    title="Decay",
    challenge="Turn it.",
    controls=(
        Slider("beta", "Beta", default=1.0, min=0.0, max=2.0, step=0.5),
        Slider("gamma", "Gamma", default=1.0, min=0.0, max=2.0, step=0.5),
        Choice("kind", "Kind", options={"a": "A", "b": "B"}, default="a"),
    ),
    readouts=(Readout("rate", "Rate"),),
)


def compute(*, beta, gamma, kind):
    x = np.linspace(0, 1, 9)
    rate = beta + gamma
    return {"x": x, "y": np.exp(-rate * x), "rate": rate}


def frame(result):
    x, y = result["x"], result["y"]
    height = 300
    curve = figure([line(x, y, DATA_1)], axis(0, 1, "x"), axis(0, 1, "y"), height=height)
    return Frame(readouts={"rate": result["rate"]}, panels=[Plot("curve", curve, "A line.")])
"""
PURE = "Accepted: randomness from a generator made from a Seed, arguments and globals as they were"


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({}, {}),
        (
            {"rate = beta + gamma": "rate = 1 / gamma + (1 / 0 if beta > 1.5 else 0)"},
            {
                "rate = beta": (
                    "fails at beta = 2: ZeroDivisionError: division by zero",
                    "fails at gamma = 0: ZeroDivisionError: float division by zero",
                )
            },
        ),
        (
            {
                "rate = beta + gamma": "rate = np.float64(1) / gamma",
                "height = 300": "height = 300 if result['x'][-1] < 2 else 200",
                "x = np.linspace(0, 1, 9)": "x = np.linspace(0, 1 + (kind == 'b'), 9)",
            },
            {
                "def compute": (
                    "fails at gamma = 0: ContractError: compute returned 1 of 9 numbers in 'y' "
                    "that are nan or infinite; accepted: finite numbers",
                ),
                "def frame": (
                    "fails at kind = b: ContractError: frame gives the panel curve the size "
                    "(600, 200); accepted: (600, 300), as at rest",
                ),
            },
        ),
        (
            {"rate = beta + gamma": "rate = beta + np.random.random()"},
            {
                "def compute": (
                    "fails: ContractError: compute returns another 'y' the second time. " + PURE,
                )
            },
        ),
        (
            {"height = 300": "height = 300\n    y += 1"},
            {"def frame": ("fails: ContractError: frame changes what compute returned. " + PURE,)},
        ),
    ],
)
def test_an_instrument_of_a_course_is_held_to_its_contract(
    changes: dict[str, str], faults: dict[str, tuple[str, ...]], make_course: MakeCourse
) -> None:
    lines = {line: DECAY[: DECAY.index(line)].count("\n") + 1 for line in faults}
    assert told_of_decay(make_course, changes) == [
        f"mine/instruments/decay.py:{lines[line]}: decay {message}"
        for line, messages in faults.items()
        for message in messages
    ]


def told_of_decay(
    make_course: MakeCourse, changes: dict[str, str], timeout: float = 30
) -> list[str]:
    """Messages of a check about the instrument, after some changes."""
    text = DECAY
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    settings = make_course({"instruments/decay.py": text}, here='instruments = ["decay"]')
    settings = settings.model_copy(update={"code_timeout": timeout})
    said: list[str] = []
    try:
        check_book(open_project(settings), report=said.append)
    except BookErrors as errors:
        said += map(str, errors.errors)
    return [each for each in said if "decay" in each]


def test_a_setting_at_which_an_instrument_never_ends(make_course: MakeCourse) -> None:
    line = DECAY[: DECAY.index("rate = beta")].count("\n") + 2
    changes = {"rate = beta + gamma": "rate = beta\n    while gamma == 0: pass"}
    said = [f"mine/instruments/decay.py:{line}: decay takes longer than 2 s"]
    assert told_of_decay(make_course, changes, timeout=2) == said


def test_a_slow_instrument_is_told_what_was_not_tried(make_course: MakeCourse) -> None:
    (said,) = told_of_decay(
        make_course, {"rate = beta": "__import__('time').sleep(0.1); rate = beta"}, timeout=2
    )
    assert re.search(r"decay\.py: \d+ settings of decay are not tried, because it takes", said)


def test_an_instrument_imports_what_the_page_has(make_course: MakeCourse, tmp_path: Path) -> None:
    """Each module of the course that an instrument imports counts, and no other."""
    files = {
        "instruments/mine.py": "import widgets.near\nfrom . import near\nimport scipy.stats\n",
        "instruments/near.py": '"""Near."""\n\nimport sklearn\n',
        "instruments/loose.py": "import torch\n",
        "instruments/test_mine.py": "import pytest\n",
    }
    said = mistakes(make_course(files, here='instruments = ["mine"]'))
    lacks, option = "the page's Python does not have", f"--course {tmp_path / 'mine'}` adds it"
    assert said.splitlines() == [
        f"mine/instruments/mine.py:3: {lacks} scipy: `latentbook packages add scipy {option}",
        "mine/instruments/near.py:3: "
        f"{lacks} sklearn: `latentbook packages add scikit-learn {option}",
    ]


def test_what_is_left_out_is_gone(make_course: MakeCourse) -> None:
    toml = COURSE.replace('"sample"]', '{ slug = "sample", sections = ["text", "second"] }]')
    open_project(make_course(toml=toml))
    toml = toml.replace('"text", ', "")
    project = open_project(make_course(toml=toml, here='full_book_url = "https://host.example/"'))
    assert project.files.inside("sample", ".md") == ["sample/index.md", "sample/second.md"]
    assert "content/sample/text.md" not in project.overlay.origins.lines


NUMBERS = {
    "sample/numbers.py": "deep = 85.54\n",
    "sample/text.md": f"{TEXT}\n{{num}}`deep:.0f` %\n",
}
OWN_NUMBERS = {
    "content/sample/numbers.py": "lead = deep - 2.04\n",
    "texts/more.md": "It leads by {num}`lead:.1f`, of {num}`deep:.1f`.\n",
}
MORE = '\n[[insert]]\nafter = "q-one"\nfile = "texts/more.md"\n'


def test_a_course_has_numbers_of_its_own_after_the_books(
    make_course: MakeCourse, tmp_path: Path
) -> None:
    settings = make_course(OWN_NUMBERS, end=MORE, book={**FILES, **NUMBERS})
    book = settings.model_copy(update={"course": None})
    check_book(open_project(book), record=True, report=lambda message: None)
    assert "run the check with --record" in mistakes(settings)
    check_book(open_project(settings), record=True, report=lambda message: None)
    own = json.loads((tmp_path / "mine/content/sample/outputs.json").read_text())
    assert own["numbers.py"]["numbers"] == {"deep": 85.54, "lead": 83.5}
    sample = next(c for c in load(settings).book.chapters if c.slug == "sample")
    html = outline(sample.sections[0].blocks, sample.sections[0].place)
    assert '.py:1">83.5</data>, of' in html and 'data-place="mine/content/sample/numbers' in html
    assert 'data-place="content/sample/numbers.py:1">86</data>' in html


def test_a_course_that_recorded_before_keeps_the_books_numbers(make_course: MakeCourse) -> None:
    own = {"content/sample/outputs.json": "{}\n"}
    settings = make_course(own, book={**FILES, **NUMBERS})
    book = settings.model_copy(update={"course": None})
    check_book(open_project(book), record=True, report=lambda message: None)
    load(settings)


def test_a_number_that_course_and_book_both_set(make_course: MakeCourse) -> None:
    settings = make_course(
        {"content/sample/numbers.py": "a = 1\ndeep = 2\n"}, book={**FILES, **NUMBERS}
    )
    assert "mine/content/sample/numbers.py:2: 'deep' is used twice" in mistakes(settings)


def test_a_recording_of_other_code_does_not_hide_the_books(tmp_path: Path) -> None:
    """A course recorded a snippet; then the book changed its code and recorded it, too."""
    recorded = {"snippet-a": {"code": "old", "outputs": [{"kind": "stdout", "data": "1"}]}}
    (tmp_path / OUTPUTS).write_text(json.dumps(recorded))
    recorded["snippet-a"]["code"] = "new"
    (tmp_path / BOOK_OUTPUTS).write_text(json.dumps(recorded))
    report = Problems().of(tmp_path / OUTPUTS)
    recordings = Recordings.read(Files.of(tmp_path.parent), tmp_path.name, report)
    for code in ("old", "new"):
        found = recordings.current("snippet-a", code)
        assert found is not None and found.code == code
    assert recordings.current("snippet-a", "newer") is None


def test_a_course_shows_its_own_practice_files_and_the_books(
    make_course: MakeCourse, tmp_path: Path
) -> None:
    book = tmp_path / "practice" / "theirs.py"
    book.parent.mkdir()
    book.write_text("theirs = 1\n", encoding="utf-8")
    shown = "".join(f":::{{literalinclude}} {name}.py\n:::\n\n" for name in ("theirs", "own"))
    files = {"practice/own.py": "own = 2\n", "texts/more.md": shown}
    settings = make_course(files, end='\n[[insert]]\nafter = "before"\nfile = "texts/more.md"\n')
    loaded = load(settings)
    assert {data for place, data in loaded.media.files.items() if place.endswith(".py")} == {
        b"theirs = 1\n",
        b"own = 2\n",
    }
    again = make_course({"practice/theirs.py": "other = 3\n"})
    assert "mine/course.toml:1: practice/theirs.py of the course is in the book" in mistakes(again)


EVIDENCE = "---\ndescription: Seeds.\n---\n\nAs {ref}`text` says, and [so on](../second.md).\n"


def test_evidence_comes_with_its_section(make_course: MakeCourse) -> None:
    book = {**FILES, "sample/evidence/text.md": EVIDENCE}
    own = {"content/other/evidence/third.md": EVIDENCE.replace("second", "third")}
    chapters = load(make_course(own, book=book)).book.chapters
    places = [[page.place for page in chapter.evidence_pages] for chapter in chapters]
    assert places == [["other/evidence/third"], ["sample/evidence/text"]]
    (chapter,) = load(make_course(toml=COURSE.replace('"other", ', ""), book=book)).book.chapters
    assert [page.place for page in chapter.evidence_pages] == ["sample/evidence/text"]
    hidden = load(make_course(here='hide = ["evidence-text"]', book=book)).book
    assert [each.evidence_pages for each in hidden.chapters if each.slug == "sample"] == [()]
    two = {"content/sample/evidence/text.md": EVIDENCE}
    assert "'evidence-text' is used twice" in mistakes(make_course(two, book=book))
    stray = {"content/other/evidence/lost.md": EVIDENCE}
    told = mistakes(make_course(stray, book=book))
    assert "evidence/lost.md:1: evidence for 'lost', which is no section of this chapter" in told
