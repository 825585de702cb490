"""Data files: the line of every value, and the errors in a file that a model rejects."""

from __future__ import annotations

from pathlib import Path

from latentbook.base.datafile import Entry, Json, Toml
from latentbook.base.errors import Problems
from latentbook.book.read.frontmatter import FrontMatter, Head
from latentbook.book.read.recordings import Recording

TRICKY = '''\
title = "a # no comment" # one
when = 2026-12-01 08:00:00
text = """
inner = 1
"""
a."b c".d = [ # 6
  "x",
  [2, 3], # 8
  { e = 1, f = 'g' },
]
[[parts]]
n = 1
[[parts.inner]]
n = 2
[[parts.inner]]
n = 3
[[parts]]
n = 4
'''


def test_every_value_has_its_line() -> None:
    file = Toml(TRICKY, Problems().of(Path("book.toml")))
    assert [file.line(key) for key in ("title", "when", "text", "a")] == [1, 2, 3, 6]
    assert [file.line("a", "b c", "d", nth) for nth in range(3)] == [7, 8, 9]
    assert file.line("a", "b c", "d", 2, "f") == 9
    assert file.line("parts", 0, "inner", 1, "n") == 16
    assert [file.line("parts", 1), file.line("parts", 1, "n")] == [17, 18]
    assert file.line("parts", 1, "lacking") == 17 and file.line("lacking") == 1


class Person(Entry):
    """One ``[[people]]`` table of ``File``."""

    short = "name"
    name: str
    age: int = 0


class File(Entry):
    """A file with a title and people."""

    stand_in = {"title": "?"}  # noqa: RUF012
    title: str
    people: tuple[Person, ...] = ()


def test_what_is_wrong_is_left_out_and_the_rest_read() -> None:
    text = 'people = [\n "Ada",\n { age = 3 },\n { name = "Bo", aeg = 4 },\n { name = 5 },\n]\n'
    problems = Problems()
    found = Toml(text, problems.of(Path("p.toml"))).checked(File)
    assert found.title == "?"
    assert [(each.name, each.line) for each in found.people] == [("Ada", 2), ("Bo", 4)]
    assert sorted(map(str, problems.errors)) == [
        "p.toml:1: the file lacks title",
        "p.toml:3: [[people]] lacks name",
        "p.toml:4: unknown key 'aeg' of [[people]]. Did you mean 'age'? Accepted: age, name.",
        "p.toml:5: name of [[people]] must be text; got 5",
    ]


def test_json_and_front_matter_are_checked_alike() -> None:
    problems = Problems()
    recorded = '{\n "one": {\n  "code": "a"\n },\n "two": {\n  "numbres": {}\n }\n}'
    found = Json(recorded, problems.of(Path("o.json"))).checked(dict[str, Recording])
    assert found == {"one": Recording(code="a")}
    front = FrontMatter(
        "title: One\ngiven: [3, x]\ntags: [a]\ndescription:\n  - 4", problems.of(Path("p.md"))
    )
    assert front.checked(Head).given == (3,)
    assert sorted(map(str, problems.errors)) == [
        "o.json:5: [two] lacks code",
        "o.json:6: unknown key 'numbres' of [two]. Did you mean 'numbers'? "
        "Accepted: code, numbers, outputs.",
        "p.md:3: given must be a number; got 'x'",
        "p.md:4: unknown key 'tags': leave it out",
        "p.md:5: description must be text; got [4]",
    ]
