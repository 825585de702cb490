"""Documentation: its paths, its conformance report and the pages that messages name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from latentbook.cli import cli

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
FOLDERS = "app|content|docs|examples|practice|static|tests|tools|training|widgets"
PATH = re.compile(rf"`((?:{FOLDERS})/[\w./-]+)`")
PLACEHOLDER = re.compile(r"(?<![a-z])[A-Z]{2,}(?![a-z])")  # NAME, SLUG: for the reader to fill in
MADE = (  # by a command in the document, or by a course
    "app/latentbook/locale/fr/LC_MESSAGES/latentbook.po",
    "content/autoencoders/rounding-off.md",
    "content/packages.json",
    "widgets/shrinkage.py",
)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_path_leads_to_a_file(document: Path) -> None:
    named = set(PATH.findall(document.read_text(encoding="utf-8")))
    missing = [path for path in named if not (ROOT / path).exists() and path not in MADE]
    assert [path for path in missing if not PLACEHOLDER.search(path)] == []


def test_the_conformance_report_has_every_criterion_once() -> None:
    """WCAG 2.2 has 31 criteria of level A and 24 of level AA."""
    text = (ROOT / "docs" / "accessibility.md").read_text(encoding="utf-8")
    _, a, aa = re.split(r"^## Level A+$", text, flags=re.MULTILINE)
    row = re.compile(r"^\| (\d\.\d\.\d+) [^|]+ \| ([^|]+) \| (.+) \|$", re.MULTILINE)
    rows = [row.findall(level) for level in (a, aa)]
    assert [len(level) for level in rows] == [31, 24]
    numbers = [number for level in rows for number, _, _ in level]
    assert len(set(numbers)) == 55
    results = {result for level in rows for _, result, _ in level}
    assert results <= {"supports", "partially", "does not support", "not applicable"}
    partial = {number for level in rows for number, result, _ in level if result == "partially"}
    stated = text.partition("## What is not met")[2].partition("## Level A")[0]
    assert partial == set(re.findall(r"^\| (\d\.\d\.\d+) \|", stated, re.MULTILINE))


def test_messages_name_pages_that_there_are() -> None:
    """Users of a wheel read them with `latentbook docs PAGE`."""
    listed = CliRunner().invoke(cli, ["docs"]).output
    pages = {line.split()[0] for line in listed.splitlines()}
    assert {"authoring", "contributing", "packages"} <= pages
    for folder in ("app", "widgets"):
        for path in (ROOT / folder).rglob("*.py"):
            named = re.findall(r"latentbook docs\W+([a-z-]+)`", path.read_text(encoding="utf-8"))
            assert pages.issuperset(named), path


def test_a_page_of_the_documentation_is_found_as_other_pages_link_to_it() -> None:
    pages = ("packages", "docs/packages.md", "packages.md#compiling", "Packages")
    shown = [CliRunner().invoke(cli, ["docs", page]).output for page in pages]
    text = (ROOT / "docs" / "packages.md").read_text(encoding="utf-8")
    assert {each.strip() for each in shown} == {text.strip()}
    mistyped = CliRunner().invoke(cli, ["docs", "package"])
    assert (mistyped.exit_code, "packages" in mistyped.output) == (1, True)
