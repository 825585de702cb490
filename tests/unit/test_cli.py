"""Command line: the version, and folders without a course."""

import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from latentbook.cli import cli

ROOT = Path(__file__).parents[2]


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert CliRunner().invoke(cli, ["--version"]).output.split() == [project["version"]]


@pytest.mark.parametrize("command", [["check"], ["build"], ["serve"], ["packages", "list"]])
@pytest.mark.parametrize("exists", [True, False])
def test_a_folder_without_a_course_stays_as_it_is(
    tmp_path: Path, command: list[str], exists: bool
) -> None:
    folder = tmp_path / "mine"
    if exists:
        folder.mkdir()
    result = CliRunner().invoke(cli, [*command, "--course", str(folder)])
    assert result.exit_code == 1
    assert f"{folder} has no course.toml" in result.output
    assert folder.exists() == exists
    assert not exists or [*folder.iterdir()] == []
