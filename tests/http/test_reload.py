"""``serve --reload``: an edit is built and shown; a mistake is reported over the previous page."""

import asyncio
import json
import sys

import pytest
from playwright.sync_api import expect, sync_playwright

import widgets
from latentbook.base.errors import LatentbookError
from latentbook.book.compose import author_code
from latentbook.book.write.prefill import fill
from latentbook.http.site_files import SiteFiles
from latentbook.main import create_app
from latentbook.serving.fault import Fault
from latentbook.serving.reload import Reload, import_anew
from latentbook.settings import Settings
from tests.browser.editions import ONE, write_content
from tests.chromium import launch
from tools.bench.serving import served


@pytest.fixture
def book(tmp_path) -> Settings:
    """Settings of a small book, with the caches of this project."""
    build = tmp_path / "build"
    fill(build / "cache", Settings().build / "cache")
    write_content(tmp_path / "content", "A")
    return Settings(content=tmp_path / "content", build=build, reload=True)


@pytest.mark.browser
def test_an_edit_is_shown_with_the_scroll_kept_and_a_mistake_is_told(book, small_runtime, capsys):
    from latentbook.book.build import build_site
    from latentbook.book.overlay.merge import open_project

    build_site(open_project(book), report=print)
    chapter = book.content / "one" / "one-text.md"
    text = chapter.read_text(encoding="utf-8")
    with sync_playwright() as playwright, served(create_app(book)) as url:
        browser = launch(playwright.chromium)
        page = browser.new_page()
        page.route("**/runtime/**", lambda route: None)  # nothing here needs Python
        with page.expect_response("**/_reload"):
            page.goto(f"{url}/{ONE}")
        at = page.evaluate("scrollTo({top: 1500, behavior: 'instant'}), scrollY")
        assert at > 0

        edited = f"{text}\n\nA sentence that was not there.\n"
        chapter.write_text(edited, encoding="utf-8")
        sentence = page.get_by_text("A sentence that was not there.")
        expect(sentence).to_be_attached()
        page.wait_for_function("at => Math.abs(scrollY - at) <= 2", arg=at)

        chapter.write_text(f"{edited}\n:::{{nothing}}\n:::\n\n{{cite}}`nobody`\n", encoding="utf-8")
        mistakes = page.get_by_role("alert")
        expect(mistakes).to_contain_text("2 mistakes")
        line = edited.count("\n") + 2
        expect(mistakes).to_contain_text(f"one-text.md:{line}: ")
        expect(mistakes).to_contain_text("nobody")
        assert f"one-text.md:{line}: " in capsys.readouterr().err
        expect(sentence).to_be_attached()

        chapter.write_text(text, encoding="utf-8")
        expect(sentence).not_to_be_attached()
        expect(mistakes).not_to_be_attached()
        browser.close()


def test_a_page_is_told_what_stopped_the_build_of_the_start(tmp_path):
    settings = Settings(build=tmp_path, reload=True)
    fault = Fault(SiteFiles(settings.site), ["content/one.md:3: no label"])
    event = asyncio.run(anext(Reload(settings, fault).stream()))
    assert json.loads(event.removeprefix("data: "))["mistakes"] == ["content/one.md:3: no label"]


def test_without_reload_there_is_no_such_address(client):
    assert client.get("/_reload").status_code == 404


def test_an_edited_instrument_is_executed_again(tmp_path, monkeypatch):
    folder = tmp_path / "widgets"
    folder.mkdir()
    monkeypatch.setattr(widgets, "__path__", [*widgets.__path__, str(folder)])
    file = folder / "toy.py"
    file.write_text("answer = 1\n")
    import widgets.toy as toy  # type: ignore[import-not-found]

    del sys.modules["widgets.toy"]
    monkeypatch.setitem(sys.modules, "widgets.toy", toy)  # another test imports this name
    monkeypatch.setattr(author_code, "GRACE_S", 300)  # includes the start of the process
    settings = Settings(root=tmp_path, code_timeout=60)
    file.write_text("answer = 'another'\n")
    import_anew([file, folder / "unknown.py", folder / "gone.md"], settings)
    assert toy.answer == "another"

    for text, said in (
        ("answer = 1 / 0\n\n", "1: fails: ZeroDivisionError: division by zero"),
        ("\nanswer = (\n", "2: fails: SyntaxError: '(' was never closed"),
        ("answer = 2\nwhile True: pass\n", "2: takes longer than 2 s"),
        ("\nimport sys\nsys.exit(0)\n", "3: fails: SystemExit: 0"),
    ):
        file.write_text(text)
        limit = 2 if "while True" in text else 60
        with pytest.raises(LatentbookError) as failed:
            import_anew([file], settings.model_copy(update={"code_timeout": limit}))
        assert str(failed.value) == f"{file}:{said}"
    assert toy.answer == "another"
