"""A new kind of control needs only a class, a template, a script, its style and one line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from latentbook.book.write.prefill import fill
from latentbook.settings import Settings
from tests.chromium import launch

from .conftest import HEAD, MakeBook

CLASS = '''
@dataclass(frozen=True)
class Dial(ControlBase):
    """A whole number, turned by a button."""

    kind: ClassVar[str] = "dial"
    name: str
    label: str
    default: int = 0
    max: int = 3
    when: When | None = None

    def take(self, value: Any) -> int:
        return whole_number(value, 0, self.max)

    def ends(self) -> tuple[int, int]:
        return 0, self.max


'''
TEMPLATE = """{%- from "parts.html" import name_of -%}
<div class="control dial" data-control="{{ control.name }}">
  <span class="name" id="{{ view.id }}">{{ name_of(view) }}</span>
  <button type="button" aria-describedby="{{ view.id }}">{{ view.texts[0] }}</button>
</div>
"""
SCRIPT = """
export const dial = {
  read: ({ max }, text) => (text <= max ? { value: Number(text) } : { problem: "Too far." }),
  bind({ max }, element, hand) {
    const button = element.querySelector("button");
    button.addEventListener("click", () => hand.move((hand.value() + 1) % (max + 1)));
    return { show: (value) => (button.textContent = value) };
  },
  likely: ({ max }, value) => [(value + 1) % (max + 1)],
  fill: ({ default: value }, element) => (element.title = `From ${value}`),
};
"""
STYLE = ".dial button { color: rgb(1 2 3); }\n"
INSTRUMENT = '''"""An instrument with a dial."""

from widgets.contract import Choice, Dial, Frame, Instrument, Readout, Tiles

instrument = Instrument(
    name="turned",
    title="Turned",
    challenge="Turn it.",
    controls=(
        Choice("mode", "Mode", {"off": "Off", "on": "On"}, "on"),
        Dial("turns", "Turns", default=1, when=("mode", "on")),
    ),
    readouts=(Readout("turns", "Turns", format="d"),),
)


def compute(*, mode, turns):
    return {"turns": turns}


def frame(result):
    import numpy as np

    tiles = Tiles("seen", np.zeros((1, 1, 2, 2), np.uint8), "Nothing")
    return Frame(readouts={"turns": result["turns"]}, panels=[tiles])
'''
TEXT = """
:::{instrument} turned
:label: lab
:set: turns=2
:::
"""
PROGRAM = """
import json, sys
from pathlib import Path
from latentbook.book.load import load
from latentbook.book.write.assets import bundle
from latentbook.book.write.render import Renderer
from latentbook.settings import Settings
from widgets import get
from widgets.contract import ContractError
from widgets.engine.check import check_instrument

settings = Settings(**{name: Path(path) for name, path in json.loads(sys.argv[1]).items()})
module = get("turned")
check_instrument(module)
dial = module.instrument.controls[1]
try:
    dial.read("4")
except ContractError as error:
    refused = str(error)
assets = bundle(settings)
book = load(settings).book
templates = settings.root / "templates"
pages = dict(Renderer(book, assets, {}, "", "/", templates=templates).pages())
style = assets.files[assets.places["book.css"]].read_text()
page = pages["sample/text/index.html"]
print(json.dumps({"page": page, "style": style, "read": dial.read("3"), "refused": refused}))
"""
ENTRY = """
export { neighbours } from "./instrument/answers.js";
export { ControlPanel } from "./instrument/controls.js";
export { Plate } from "./instrument/plate.js";
export { readState, writeState } from "./instrument/state.js";
"""


def project_with(folder: Path, root: Path) -> None:
    """Write a build's sources with one more kind of control and an instrument that uses it."""
    shutil.copytree(root / "static", folder / "static")
    shutil.copytree(root / "app" / "latentbook" / "templates", folder / "templates")
    (folder / "widgets").mkdir()
    for path in (*(root / "widgets").iterdir(), root / "node_modules", root / "package-lock.json"):
        (folder / path.relative_to(root)).symlink_to(path.resolve())

    def change(place: str, *changes: tuple[str, str]) -> None:
        path = folder / place
        text = path.read_text()
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        path.unlink()
        path.write_text(text)

    change(
        "widgets/controls.py",
        ('    "ContractError",\n', '    "ContractError",\n    "Dial",\n'),
        ("Control: TypeAlias =", f"{CLASS}Control: TypeAlias = Dial |"),
        ("    Toggle(", '    Dial("", ""),\n    Toggle('),
    )
    (folder / "templates" / "controls" / "dial.html").write_text(TEMPLATE)
    scripts = folder / "static" / "js" / "instrument"
    (scripts / "controls" / "dial.js").write_text(SCRIPT)
    change(
        "static/js/instrument/kinds.js",
        ("import { drawing }", 'import { dial } from "./controls/dial.js";\nimport { drawing }'),
        ("KINDS = { choice,", "KINDS = { choice, dial,"),
    )
    with (folder / "static" / "css" / "instrument-controls.css").open("a") as sheet:
        sheet.write(STYLE)

    (folder / "widgets" / "turned.py").write_text(INSTRUMENT)
    change("widgets/instruments.txt", ("flow_matching\n", "flow_matching\nturned\n"))


@pytest.fixture
def made(make_book: MakeBook, tmp_path: Path, root: Path) -> dict[str, Any]:
    """A page with such a control, and Python's results for its values."""
    settings = make_book({"sample/text.md": HEAD + TEXT})
    project = tmp_path / "project"
    project.mkdir()
    project_with(project, root)
    fill(tmp_path / "build" / "cache", Settings().build / "cache")
    given = {"root": project, "content": settings.content, "build": tmp_path / "build"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(given, default=str)],
        cwd=project,
        env={**os.environ, "PYTHONPATH": f"{project}:{root / 'app'}:{root}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def page(made: dict[str, Any], tmp_path: Path, root: Path) -> Iterator[Page]:
    """The page, with the instrument's scripts as ``book`` and its section as ``section``."""
    script = subprocess.run(
        [
            root / "node_modules" / ".bin" / "esbuild",
            *("--bundle", "--format=iife", "--global-name=book", "--loader=js"),
        ],
        input=ENTRY,
        cwd=tmp_path / "project" / "static" / "js",
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    with sync_playwright() as playwright, launch(playwright.chromium) as chromium:
        page = chromium.new_page(bypass_csp=True)
        page.route("**/*", lambda route: route.fulfill(body=made["page"], content_type="text/html"))
        page.route("**/assets/**", lambda route: route.abort())
        page.goto("http://localhost/sample/text/")
        page.add_style_tag(content=made["style"])
        page.add_script_tag(content=script)
        page.evaluate(
            """() => {
              document.documentElement.dataset.js = "";
              globalThis.section = document.querySelector("section.instrument");
              globalThis.spec = JSON.parse(section.dataset.spec);
              globalThis.start = (values) => {
                const place = section.querySelector(".controls");
                globalThis.controls = new book.ControlPanel(place, spec, values, () => {});
              };
            }"""
        )
        yield page


@pytest.mark.browser
def test_a_kind_needs_nothing_else(made: dict[str, Any], page: Page) -> None:
    assert made["read"] == 3
    assert made["refused"] == "turns=4 must be a whole number from 0 to 3"
    dial = page.locator(".control.dial")
    button = dial.get_by_role("button")
    expect(button).to_have_text("2")  # set by the block, before any script
    expect(button).to_have_css("color", "rgb(1, 2, 3)")

    page.evaluate("start({ mode: 'on', turns: 2 })")
    button.click()
    expect(button).to_have_text("3")
    assert page.evaluate("book.writeState('', spec, controls.values)") == "?lab.turns=3"
    read = "query => book.readState(query, spec)"
    assert page.evaluate(read, "?lab.turns=3") == {"values": {"turns": 3}, "problems": {}}
    problems = page.evaluate(read, "?lab.turns=4")["problems"]
    assert "Too far." in problems["turns"]
    ahead = page.evaluate("book.neighbours(spec.controls[1], controls.values)")
    assert ahead == [{"mode": "on", "turns": 0}]
    page.evaluate("controls.move('mode', 'off')")
    expect(dial).to_be_hidden()

    # A reader's own declaration uses the same markup.
    page.evaluate(
        "spec.controls[1] = { ...spec.controls[1], label: 'Rounds', default: 0, when: null }"
    )
    page.evaluate("new book.Plate(section, spec).show(spec)")
    page.evaluate("start({ mode: 'off', turns: 0 })")
    expect(dial).to_have_attribute("title", "From 0")
    expect(dial.locator(".name")).to_have_text("Rounds")
    button.click()
    expect(button).to_have_text("1")
