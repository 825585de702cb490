"""Old names of settings and commands still work, and the warning says what to write."""

import pytest
from typer.testing import CliRunner

from latentbook.cli import cli
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
