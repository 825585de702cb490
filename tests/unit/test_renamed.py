"""Old names of settings, commands and keys still work, and the warning says what to write."""

import pytest
from typer.testing import CliRunner

from latentbook.book.directives import DIRECTIVES, by_name
from latentbook.book.read.frontmatter import FrontMatter, SectionHead
from latentbook.book.read.nodes import directives
from latentbook.book.read.parse import parse_document
from latentbook.cli import cli
from latentbook.datafile import Toml
from latentbook.errors import Problems
from latentbook.settings import Settings


@pytest.mark.parametrize(
    ("old", "new", "value"),
    [
        ("CODE_SECONDS", "CODE_TIMEOUT", 7),
        ("SITE_PATH", "BASE_PATH", "/course/"),
        ("CLASS_SEATS", "CLASS_MAX_PHONES", 40),
    ],
)
def test_a_setting_is_read_by_its_old_name(monkeypatch, old, new, value):
    monkeypatch.setenv(f"LATENTBOOK_{old}", str(value))
    with pytest.warns(FutureWarning, match=f"LATENTBOOK_{old} is now called LATENTBOOK_{new}"):
        assert getattr(Settings(), new.lower()) == value
    monkeypatch.setenv(f"LATENTBOOK_{new}", str(value * 2))
    with pytest.warns(FutureWarning):
        assert getattr(Settings(), new.lower()) == value * 2


@pytest.mark.parametrize(
    ("old", "new", "does"), [("words", "translations", "check"), ("runtime", "packages", "list")]
)
def test_a_command_is_found_by_its_old_name(old, new, does):
    with pytest.warns(FutureWarning, match=f"latentbook {old} is now called latentbook {new}"):
        result = CliRunner().invoke(cli, [old, does, "--help"])
    assert result.exit_code == 0
    shown = CliRunner().invoke(cli, ["--help"]).output
    assert f" {new} " in shown and f" {old} " not in shown


def test_a_new_book_is_started_by_the_old_option(tmp_path):
    (tmp_path / "full").write_text("Nothing is overwritten.")
    with pytest.warns(FutureWarning, match=r"new --empty is now called latentbook new book\."):
        result = CliRunner().invoke(cli, ["course", "new", str(tmp_path), "--empty"])
    assert result.exit_code == 1 and "is not empty; nothing was written" in result.output
    assert "--empty" not in CliRunner().invoke(cli, ["course", "new", "--help"]).output


def test_a_file_is_read_by_its_old_keys_at_their_lines(tmp_path):
    path = tmp_path / "course.toml"
    path.write_text(
        'elsewhere = "https://host.example/"\n[days]\none = 5\n[[replace]]\nlabel = "a"\nof = "1"\n'
    )
    problems = Problems()
    with pytest.warns(FutureWarning) as told:
        file = Toml.read(path, problems.of(path))
    assert file.values == {
        "full_book_url": "https://host.example/",
        "schedule": {"one": 5},
        "replace": [{"label": "a", "original_sha256": "1"}],
    }
    assert file.line("schedule", "one") == 3
    assert file.line("replace", 0, "original_sha256") == 6
    words = [str(each.message) for each in told]
    assert any(f"'days' in {path} is now called 'schedule'" in each for each in words)
    assert len(words) == 3


def test_front_matter_is_read_by_its_old_key(tmp_path):
    report = Problems().of(tmp_path / "one.md")
    with pytest.warns(FutureWarning, match="'formerly' in .*one.md is now called 'aliases'"):
        front = FrontMatter("title: One\nformerly: [two]", report)
    assert front.values == {"title": "One", "aliases": ["two"]}
    assert [front.line(key) for key in ("title", "aliases")] == [2, 3]


def test_an_option_is_read_by_its_old_name(tmp_path):
    problems = Problems()
    text = "---\ntitle: One\ndescription: Two\n---\n\n::::{quiz} guess\n:label: q\n\n"
    text += ":::{sketch} python\n:alt: A\n:then: B\nfigure = 1\n:::\n::::\n"
    with pytest.warns(FutureWarning, match=":then: in .*one.md is now called :alt-revealed:"):
        report = problems.of(tmp_path / "one.md")
        document = parse_document(text, SectionHead, by_name(DIRECTIVES), report)
    (sketch,) = directives(document.nodes, "sketch")
    assert sketch.options == {"alt": "A", "alt-revealed": "B"}
    problems.raise_all()
