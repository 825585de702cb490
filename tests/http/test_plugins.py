"""Plugins of the server: routes, background tasks, settings, commands, and failures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from latentbook import plugins
from latentbook.main import create_app
from latentbook.plugins import Plugins, Source
from latentbook.settings import Settings
from tools.bench.serving import served

GREETING = """
from contextlib import asynccontextmanager
from latentbook.hooks import hookimpl
from latentbook.settings import PluginSettings, option

class GreetingSettings(PluginSettings):
    greeting: str = option("--greeting", "Hello", description="What it says.")

@hookimpl
def settings():
    return GreetingSettings

@hookimpl
def commands(cli):
    @cli.command()
    def greet():
        print(GreetingSettings().greeting)

@hookimpl
def serve(app, settings, report):
    @app.get("/greeting")
    async def greeting() -> dict[str, str]:
        return {"said": settings.of(GreetingSettings).greeting}

    @asynccontextmanager
    async def running():
        report(f"greets at {settings.address}")
        yield
        report("is done")

    return running()
"""


@pytest.fixture
def with_plugin(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], Plugins]:
    def add(code: str) -> Plugins:
        path = tmp_path / "greeting.py"
        path.write_text(code)
        found = Plugins([Source("greeting", "here", plugins._File("greeting", path))])
        monkeypatch.setattr(plugins, "installed", lambda: found)
        return found

    return add


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("A book")
    (tmp_path / "site" / "404.html").write_text("Not found")
    return Settings(build=tmp_path)


def test_a_plugin_serves_a_route_and_runs_as_long_as_the_server(
    with_plugin: Callable[[str], Plugins], settings: Settings
) -> None:
    (kind,) = with_plugin(GREETING).settings
    said: list[str] = []
    given = settings.extended(kind(greeting="Good day"))
    with served(create_app(given, report=said.append)) as url:
        assert httpx.get(f"{url}/greeting").json() == {"said": "Good day"}
        assert said == ["greets at http://127.0.0.1:8000"]
    assert said[1:] == ["is done"]


BROKEN = {
    "before its route": GREETING.replace("    @app.get", "    1 / 0\n    @app.get"),
    "after its route": GREETING.replace(
        "    @asynccontextmanager", "    1 / 0\n    @asynccontextmanager"
    ),
    "when it starts": GREETING.replace("        report(f", "        1 / 0\n        report(f"),
    "with something else": GREETING.replace("return running()", "return 3"),
}


@pytest.mark.parametrize("when", BROKEN)
def test_one_that_fails_leaves_no_route_and_the_book_is_served(
    with_plugin: Callable[[str], Plugins], settings: Settings, when: str
) -> None:
    found = with_plugin(BROKEN[when])
    with served(create_app(settings)) as url:
        assert httpx.get(f"{url}/").text == "A book"
        assert httpx.get(f"{url}/greeting").status_code == 404
        assert httpx.get(f"{url}/readyz").status_code == 200
    assert list(found.failures) == ["greeting"]


def test_it_adds_a_command_and_an_option(
    with_plugin: Callable[[str], Plugins], monkeypatch: pytest.MonkeyPatch
) -> None:
    import typer

    from latentbook.plugin_options import with_settings

    cli, given = typer.Typer(), []
    found = with_plugin(GREETING)

    @cli.command()
    @with_settings(found.settings)
    def serve(port: int = 1, *, of_plugins: list[object]) -> None:
        given.extend([port, *of_plugins])

    list(found.answers("commands", cli=cli))
    run = CliRunner().invoke
    assert run(cli, ["serve", "--port", "2", "--greeting", "Ahoy"]).exit_code == 0
    assert [given[0], given[1].greeting] == [2, "Ahoy"]
    monkeypatch.setenv("LATENTBOOK_GREETING", "Moin")
    assert run(cli, ["greet"]).output == "Moin\n"
    run(cli, ["serve"])
    assert given[-1].greeting == "Moin"
