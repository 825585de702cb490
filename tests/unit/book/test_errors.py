"""Every kind of mistake, planted once: all are reported, each with its file and line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from latentbook.base.errors import BookErrors, accepted_names
from latentbook.book.load import load
from latentbook.settings import Settings

from .conftest import BOOK, CHAPTER, HEAD, MakeBook

ERRORS = Path(__file__).resolve().parents[2] / "fixtures" / "errors"


def mistakes(settings: Settings) -> list[str]:
    with pytest.raises(BookErrors) as caught:
        load(settings)
    return [str(error) for error in caught.value.errors]


def test_all_planted_errors_at_once(root: Path, shared_build: Path, rewrite: bool) -> None:
    settings = Settings(root=root, content=ERRORS / "content", build=shared_build)
    # The lists of accepted names grow with the book's own instruments and directives.
    found = "".join(
        re.sub(r"Accepted: .*", "Accepted: …", line) + "\n" for line in mistakes(settings)
    )
    expected = ERRORS / "expected.txt"
    if rewrite:
        expected.write_text(found, encoding="utf-8")
    assert found == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"facts.toml": "[facts.plane\n"}, "content/facts.toml:1: not TOML"),
        ({"facts.toml": 'a = 1\nb = "\n'}, "content/facts.toml:2: not TOML"),
        ({"book.toml": BOOK + "colour = 1\n"}, "content/book.toml:9: unknown key 'colour'"),
        (
            {"book.toml": BOOK.replace('"en"', '"en"\nlicence = "[terms](terms.md)"')},
            "content/book.toml:5: licence must link only to https:, http: or mailto:",
        ),
        (
            {"book.toml": BOOK.replace('"en"', '"en"\nreport_mistakes = "mailto:me@host"')},
            "content/book.toml:5: report_mistakes is an address like 'mailto:me@host?subject=",
        ),
        *(
            (
                {"book.toml": BOOK.replace('"en"', f'"en"\nid = "{id}"')},
                "content/book.toml:5: id is up to 64 lower-case letters, digits and hyphens",
            )
            for id in ("1", "My book", "a" * 65, "")
        ),
        ({"book.toml": "title = \n"}, "content/book.toml:1: not TOML"),
        (
            {"book.toml": BOOK.replace('"sample"', '"facts"')},
            "content/book.toml:8: slug of [[parts.chapters]] is taken: these addresses belong to",
        ),
        (
            {"book.toml": BOOK.replace('"sample"', '"class"')},
            "content/book.toml:8: the address 'class' belongs to a plugin: rename the chapter",
        ),
        (
            {"book.toml": BOOK.replace('"sample"', '"Sample"')},
            "content/book.toml:8: slug of [[parts.chapters]] must be kebab-case",
        ),
        (
            {"book.toml": BOOK.replace("2, slug", "2, level = 1, slug")},
            "content/book.toml:8: unknown key 'level' of [[parts.chapters]]. Accepted: number, s",
        ),
        (
            {"book.toml": BOOK.replace("}]", '}, { number = 2, slug = "again" }]')},
            "content/book.toml:8: two chapters have the number '2'",
        ),
        ({"sample/text.md": "Text.\n"}, "content/sample/text.md:1: front matter is missing"),
        (
            {"sample/text.md": HEAD + "\n```python\nx\n"},
            "content/sample/text.md:6: a listing is not closed",
        ),
        (
            {"sample/text.md": HEAD + "\n:::{fold} A"},
            "content/sample/text.md:6: {fold} is not closed by :::",
        ),
        ({"sample/text.md": HEAD + "\n:::\n"}, "content/sample/text.md:6: ::: closes nothing"),
        (
            {"sample/text.md": HEAD + "\n:::fold A\n:::\n"},
            "content/sample/text.md:6: a directive opens with",
        ),
        (
            {"sample/text.md": HEAD + "\n## A {#main}\n"},
            "content/sample/text.md:6: label 'main' is taken",
        ),
        ({"sample/outputs.json": "{"}, "content/sample/outputs.json:1: not JSON: Expecting"),
        (
            {"sample/outputs.json": "{\n<<<<<<< HEAD\n}\n=======\n}\n>>>>>>> b\n"},
            "content/sample/outputs.json:2: not JSON: it has the marks of a merge. Delete the file "
            "and record again: latentbook check --record",
        ),
        (
            {"facts.toml": "a = yes\n"},
            'content/facts.toml:1: not TOML: Invalid value. Text goes in "',
        ),
        (
            {"facts.toml": 'a = "\\d"\n'},
            "content/facts.toml:1: not TOML: Unescaped '\\' in a string. W",
        ),
        ({"facts.toml": "a: 1\n"}, "content/facts.toml:1: not TOML: Expected '=' after a key in a"),
    ],
)
def test_one_mistake(files: dict[str, str], message: str, make_book: MakeBook) -> None:
    found = mistakes(make_book(files))
    assert any(line.startswith(message) for line in found), found


def test_a_file_that_is_not_utf8(make_book: MakeBook) -> None:
    settings = make_book({})
    (settings.content / "sample/text.md").write_bytes(HEAD.encode() + b"\ncaf\xe9\n")
    assert "content/sample/text.md:6: the file is not UTF-8: save it as UTF-8" in mistakes(settings)


def test_line_numbers_inside_nested_directives(make_book: MakeBook) -> None:
    text = (
        "\n:::::{admonition} Outer\n:kind: note\n\n::::{fold} Inner\n\nText, then\n"
        "$\\nope$ on the second line.\n\n$$\na \\\\\n\\nope\n$$\n::::\n:::::\n"
    )
    found = mistakes(make_book({"sample/text.md": HEAD + text}))
    assert [line.split(": ")[0] for line in found] == [
        "content/sample/text.md:12",
        "content/sample/text.md:16",
    ]


def test_every_truncation_of_a_chapter_is_read_or_refused(make_book: MakeBook) -> None:
    """Whatever a half-written chapter looks like, the answer is a book or a list of mistakes."""
    pages = (path.read_text(encoding="utf-8") for path in sorted(CHAPTER.glob("*.md")))
    text = "".join(page.split("---\n", 2)[2] for page in pages)
    lines = text.splitlines(keepends=True)
    settings = make_book({})
    for end in range(0, len(lines), 7):
        cut = "".join(lines[:end])[:-3]
        (settings.content / "sample/text.md").write_text(HEAD + cut, encoding="utf-8")
        try:
            load(settings)
        except BookErrors as errors:
            assert all(error.line >= 1 for error in errors.errors)


def test_a_near_name_is_suggested() -> None:
    assert accepted_names("insturment", ["figure", "instrument"]) == (
        "Did you mean 'instrument'? Accepted: figure, instrument."
    )
