"""Plugins: additions by one file, from a book's folder or from a package, and failures."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from latentbook.base.errors import BookErrors
from latentbook.book.build import build_site
from latentbook.book.overlay.merge import open_project
from latentbook.plugins import Plugins, Source, plugins_of
from latentbook.settings import Settings
from latentbook_authoring.check.book import check_book

from .conftest import BOOK, HEAD, MakeBook

HISTORY = "extensions/history.py"
TEXT = """
:::{timeline}
1789: The Bastille falls
1453: Constantinople falls
:::

:::{code-cell}
:label: falls
:title: A day

from datetime import date
date(1453, 5, 29)
:::
"""


@pytest.fixture
def history(root: Path) -> str:
    return (root / "examples" / "plugin" / "latentbook_history.py").read_text(encoding="utf-8")


MakeWith = Callable[..., Settings]


@pytest.fixture
def make_with(make_book: MakeBook) -> MakeWith:
    """A book with an extension and a text."""

    def make(code: str, text: str = TEXT, **manifest: str) -> Settings:
        tables = f'[extensions]\nhistory = "{HISTORY}"\n' + manifest.get("tables", "")
        return make_book({"book.toml": BOOK + tables, HISTORY: code, "sample/text.md": HEAD + text})

    return make


def built(settings: Settings) -> tuple[Path, list[str]]:
    said: list[str] = []
    return build_site(open_project(settings), report=said.append), said


def page(site: Path) -> str:
    return (site / "sample" / "text" / "index.html").read_text(encoding="utf-8")


def test_a_file_of_the_book_adds_a_block(
    make_with: MakeWith, history: str, small_runtime: None
) -> None:
    site, _ = built(make_with(history))
    html = page(site)
    events = re.findall(r"<li><b>(\d+)</b> ([^<]+)</li>", html)
    assert events == [("1453", "Constantinople falls"), ("1789", "The Bastille falls")]
    (sheet,) = re.findall(r'href="\.\./\.\./(assets/timeline-[^"]+)"', html)
    assert ".timeline ol {" in (site / sheet).read_text()
    place = re.search(r'"search":"([^"]+)"', html)  # an earlier edition's is there, too
    assert place is not None
    found = json.loads((site / place[1]).read_text())
    assert any("Bastille" in entry["text"] for entry in found)


NUMBERED = """
from dataclasses import dataclass
from typing import ClassVar
from latentbook.book.compose.blocks import Block, NumberedBlock
from latentbook.book.compose.compose import Directive
from latentbook.book.compose.pieces import Text
from latentbook.book.read.options import Option, label
from latentbook.hooks import hookimpl

@dataclass(frozen=True)
class Map(NumberedBlock):
    kind = "map"
    named = "Map"
    said = ("title", "blocks")
    title: Text
    blocks: tuple[Block, ...]
    markup: ClassVar[str] = "<b>{{ block.number }} {{ block.title }}</b>{{ render(block.blocks) }}"
    script: ClassVar[str] = "export default (section) => { section.dataset.seen = 'yes'; };"

def make(node, composer):
    title = composer.inline(node.argument, node.line)
    return Map(node.label, composer.number(node), title, composer.blocks(node.nodes))

@hookimpl
def blocks():
    options = {"label": Option(label, required=True)}
    return [Directive("map", argument="its title", options=options, counts="map", run=make)]
"""


def test_a_block_is_numbered_and_has_text_of_the_book(
    make_with: MakeWith, small_runtime: None
) -> None:
    text = """
:::{map} Of $x$
:label: europe

See {ref}`europe`.
:::
"""
    site, _ = built(make_with(NUMBERED, text))
    html = page(site)
    cells = json.loads((site / "sample" / "sample.ipynb").read_text())["cells"]
    assert any("**Map 2.1. Of $x$**" in "".join(each["source"]) for each in cells)
    assert re.search(r'<section class="own map" id="europe" data-block data-script="', html)
    assert re.search(r'<b>2\.1 Of <span class="katex', html)
    assert '<a class="ref" href="#europe">map\N{NO-BREAK SPACE}2.1</a>' in html
    (script,) = re.findall(r'data-script="\.\./\.\./(assets/map-[^"]+)"', html)
    assert (site / script).read_text().startswith("export default")


def test_the_block_of_the_documentation_works(
    make_with: MakeWith, root: Path, small_runtime: None
) -> None:
    page_of_docs = (root / "docs" / "plugins.md").read_text(encoding="utf-8")
    section = page_of_docs.partition("## A block")[2]
    code = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    text = re.search(r"```\n(:::.*?)```", section, re.DOTALL)
    assert code is not None and text is not None
    site, _ = built(make_with(code[1], f"\n{text[1]}"))
    assert "<b>Reaction 2.1</b> Burning of <em>methane</em>" in page(site)
    shown = re.sub("<[^>]+>", "", page(site))
    assert "Methane burns as reaction\N{NO-BREAK SPACE}2.1 says." in shown


def test_a_mistake_in_the_block_has_its_line(make_with: MakeWith, history: str) -> None:
    with pytest.raises(BookErrors) as caught:
        built(make_with(history, "\n:::{timeline}\nlong ago: It fell\n:::\n"))
    assert str(caught.value).startswith("content/sample/text.md:6: a line of a timeline is like")


def test_a_check_refuses_if_the_manifest_says_strict(make_with: MakeWith, history: str) -> None:
    text = "\nNowadays it is different.\n"
    (check,) = (plugins_of(make_with(history, text)).checks["nowadays"],)
    assert check.help
    with pytest.raises(BookErrors) as caught:
        built(make_with(history, text, tables='[checks]\nnowadays = "strict"\n'))
    assert str(caught.value) == (
        "content/sample/text.md:6: 'nowadays' is soon wrong: give the year"
    )
    with pytest.raises(BookErrors, match=r"no check 'nowadys'\. Did you mean 'nowadays'\?"):
        built(make_with(history, text, tables='[checks]\nnowadys = "strict"\n'))


def test_an_output_is_recorded_and_shown_in_the_page(
    make_with: MakeWith, history: str, small_runtime: None
) -> None:
    settings = make_with(history)
    check_book(open_project(settings), record=True, report=lambda message: None)
    recorded = json.loads((settings.content / "sample" / "outputs.json").read_text())
    assert recorded["falls"]["outputs"] == [{"kind": "text/html", "data": "<p>29 May 1453</p>"}]
    site, _ = built(settings)
    assert "<p>29 May 1453</p>" in page(site)


def test_no_chapter_has_an_address_of_a_plugin(make_with: MakeWith, small_runtime: None) -> None:
    code = "from latentbook.hooks import Addresses, hookimpl\n"
    code += "@hookimpl\ndef addresses(): return Addresses(('sample',))\n"
    with pytest.raises(BookErrors, match=r"book\.toml:8: the address 'sample' belongs"):
        built(make_with(code, "\nText.\n"))


IMPORT = "from latentbook.hooks import hookimpl\n"
FAILING = {
    "syntax": ("def blocks(:\n", "invalid syntax"),
    "import": ("import no_such_module\n", "No module named 'no_such_module'"),
    "exit": ("import sys\nsys.exit(3)\n", "SystemExit: 3"),
    "nothing": ("def blocks(): ...\n", "has no function marked with hookimpl"),
    "hook": (f"{IMPORT}@hookimpl\ndef block(): ...\n", ":2: no hook 'block'. Did you mean"),
    "argument": (f"{IMPORT}@hookimpl\ndef site(page): ...\n", ":2: site takes no argument 'page'"),
    "result": (f"{IMPORT}@hookimpl\ndef blocks():\n    return 3\n", "blocks() returns 3"),
    "raises": (f"{IMPORT}@hookimpl\ndef blocks():\n    yield 1 / 0\n", "4: ZeroDivisionError"),
}


@pytest.mark.parametrize("kind", FAILING)
def test_a_plugin_that_fails_is_named_and_the_book_is_built_without_it(
    make_with: MakeWith, small_runtime: None, kind: str
) -> None:
    code, words = FAILING[kind]
    site, said = built(make_with(code, TEXT + "\nThe rest.\n"))
    (why,) = {each for each in said if "plugin" in each}
    assert why.startswith("The plugin history failed and is left out: ") and words in why
    html = page(site)
    assert html.count("A part of this page is missing") == 1 and "The rest." in html


IN_BLOCK = {
    "run": ("    events = [line", "    1 / 0\n    events = [line", "text.md:6"),
    "markup": ("{{ event }}", "{{ block.evnt }}", "has no attribute 'evnt'"),
    "no markup": ("    markup: ClassVar", "    markup_: ClassVar", "a Block with markup"),
    "said": ('said = ("words",)', 'said = ("word",)', "has no attribute 'word'"),
    "kind": ('kind = "timeline"', 'kind = "Time line"', "kind is 'Time line'"),
    "options": ('body="code", run', 'options=["a"], body="code", run', "has options ['a']"),
    "output": ("def day(value)", "D = 1\n\n\ndef day(value, d=D)", "name 'D' is not defined"),
}


@pytest.mark.parametrize("where", IN_BLOCK)
def test_a_fault_in_what_it_adds_leaves_its_place(
    make_with: MakeWith, history: str, small_runtime: None, where: str
) -> None:
    before, after, words = IN_BLOCK[where]
    assert before in history
    site, said = built(make_with(history.replace(before, after)))
    assert page(site).count("A part of this page is missing") == (where != "output")
    (why,) = {each for each in said if "plugin" in each}
    assert why.startswith("The plugin history failed and is left out: ") and words in why


def test_references_into_a_lost_block_are_words(make_with: MakeWith, small_runtime: None) -> None:
    text = "\n:::{map} Of it\n:label: europe\n\n$$ x $$ (inside)\n:::\n"
    text += "\nSee {ref}`europe`, {ref}`this <europe>` and {eq}`inside`.\n"
    site, _ = built(make_with("import no_such_module\n", text))
    shown = re.sub("<[^>]+>", "", page(site))
    assert "See map, this and inside." in shown, re.findall("See .*", shown)


def test_annotations_of_an_output_may_need_its_module(make_with: MakeWith, history: str) -> None:
    code = history.replace("def day(value):", "def day(value: Directive) -> NotInThePage:")
    code = "from __future__ import annotations\n" + code
    settings = make_with(code)
    check_book(open_project(settings), record=True, report=lambda message: None)
    recorded = json.loads((settings.content / "sample" / "outputs.json").read_text())
    assert recorded["falls"]["outputs"][0]["data"] == "<p>29 May 1453</p>"


def test_a_missing_file_and_a_taken_name_are_failures(
    make_with: MakeWith, history: str, small_runtime: None
) -> None:
    settings = make_with(history)
    (settings.content / HISTORY).unlink()
    assert "There is no Python file" in plugins_of(settings).failures["history"]
    _, said = built(make_with(history.replace('name="timeline"', 'name="figure"')))
    assert "The plugin history failed and is left out: The block figure is there already." in said


def test_an_edited_extension_is_imported_anew(make_with: MakeWith, history: str) -> None:
    settings = make_with(history)
    assert "nowadays" in plugins_of(settings).checks
    path = settings.content / HISTORY
    path.write_text(history.replace('PageCheck("nowadays"', 'PageCheck("today"'))
    assert "today" in plugins_of(settings).checks


def test_a_plugin_asked_again_stays_left_out() -> None:
    def load() -> object:
        raise ValueError("no")

    plugins = Plugins([Source("broken", "nowhere", load)])
    assert plugins.failures["broken"].endswith("ValueError: no")
    assert plugins.with_hook("blocks") == []


def test_an_installed_package_is_a_plugin(root: Path, tmp_path: Path, make_book: MakeBook) -> None:
    """As ``pip install`` leaves it: the module, and the metadata with its entry point."""
    (tmp_path / "site").mkdir()
    shutil.copy(root / "examples" / "plugin" / "latentbook_history.py", tmp_path / "site")
    info = tmp_path / "site" / "latentbook_history-0.1.0.dist-info"
    info.mkdir()
    named = "Metadata-Version: 2.1\nName: latentbook-history\nVersion: 0.1.0\n"
    (info / "METADATA").write_text(named)
    (info / "entry_points.txt").write_text("[latentbook]\nhistory = latentbook_history\n")
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r})\n"
        "from latentbook.cli import cli\n"
        "cli(sys.argv[1:])"
    )

    def asked(*words: str) -> str:
        command = [sys.executable, "-c", program, *words]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return done.stdout

    assert "latentbook-history 0.1.0: blocks, checks, outputs" in asked("plugins")
    assert "--nowadays" in asked("check", "--help")
