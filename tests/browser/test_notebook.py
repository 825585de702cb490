"""An instrument in a notebook: the script in a real browser, the kernel's side in this process.

A stand-in for the notebook connects them: a model with traits and messages.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from latentbook.notebook import Instrument
from widgets.engine.frames import compute_frame

pytestmark = pytest.mark.browser

HOST = "http://notebook.test/"
NOTEBOOK = """<!doctype html><html lang="en"><title>Notebook</title>
<style>
  body { color: #222; background: white } body.dark { color: oklch(0.9 0 0); background: #111 }
  button, input, section, .label { color: red !important; font-size: 40px !important }
</style>
<p class="label">A cell</p><div id="output"></div>
<script type="module">
  import widget from "./widget.js";
  window.saved = null;
  const state = await kernelState();
  const reacts = new Map();
  const fire = (event, ...args) => {
    for (const react of reacts.get(event) ?? []) react(...args);
  };
  const buffersOf = (texts) => texts.map((text) => {
    // At an odd place in a larger buffer, as a socket hands them over.
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const larger = new Uint8Array(bytes.length + 3);
    larger.set(bytes, 3);
    return new DataView(larger.buffer, 3);
  });
  window.model = {
    get: (name) => state[name],
    set: (name, value) => { state[name] = value; fire(`change:${name}`); },
    save_changes: async () => {
      const { controls } = state;
      await kernelSet({ controls });
      window.saved = controls;
    },
    on: (event, react) => reacts.set(event, [...(reacts.get(event) ?? []), react]),
    off: (event, react) => reacts.set(event, reacts.get(event).filter((each) => each !== react)),
    send: async (content) => {
      for (const [reply, buffers] of await kernelHear(content)) {
        fire("msg:custom", reply, buffersOf(buffers));
      }
    },
    listeners: () => [...reacts.values()].flat().length,
  };
  window.end = widget.render({ model, el: document.querySelector("#output") });
</script>"""


class Notebook:
    """A widget in a separate page."""

    def __init__(self, page: Page, widget: Instrument) -> None:
        self.page, self.widget = page, widget
        self.sent: list[Any] = []
        self.wrong: list[str] = []
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("console", lambda line: line.type == "error" and self.wrong.append(line.text))
        widget.send = lambda content, buffers: self.sent.append(
            (content, [base64.b64encode(each).decode() for each in buffers])
        )
        page.expose_function(
            "kernelState", lambda: {"controls": widget.controls, "_markup": widget._markup}
        )
        page.expose_function("kernelSet", widget.set_state)
        page.expose_function("kernelHear", self.hear)
        page.route(
            f"{HOST}**",
            lambda route: (
                route.fulfill(body=widget._esm, content_type="text/javascript")
                if route.request.url.endswith("widget.js")
                else route.fulfill(body=NOTEBOOK, content_type="text/html")
                if route.request.url == HOST
                else route.abort()
            ),
        )
        page.goto(HOST)
        expect(self.instrument).to_have_attribute("data-state", "live")

    def hear(self, message: Any) -> list[Any]:
        self.sent.clear()
        self.widget._handle_custom_msg(message, [])
        return list(self.sent)

    @property
    def instrument(self) -> Locator:
        return self.page.locator("section.instrument")

    def readout(self, key: str) -> Locator:
        return self.instrument.locator(f'[data-readout="{key}"]')

    def typed(self, name: str, text: str) -> None:
        field = self.instrument.locator(f'[data-control="{name}"] .typed')
        field.fill(text)
        field.press("Enter")


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    with chromium.new_context() as context:
        yield context.new_page()


def test_the_kernel_computes_what_the_reader_asks_for(page: Page) -> None:
    notebook = Notebook(page, Instrument("bottleneck", k=10))
    expect(notebook.readout("kept")).to_have_text(kept(10))
    notebook.instrument.locator('input[type="range"]').first.press("ArrowRight")
    expect(notebook.readout("kept")).to_have_text(kept(11))
    page.wait_for_function("saved?.k === 11")
    assert notebook.widget.controls["k"] == 11
    assert notebook.widget.readouts["kept"] == kept(11)
    # Set the control in Python, then reset to the widget's initial value.
    notebook.widget.controls = {"k": 20}
    page.evaluate("controls => model.set('controls', controls)", notebook.widget.controls)
    expect(notebook.readout("kept")).to_have_text(kept(20))
    notebook.instrument.get_by_role("button", name="Reset").click()
    expect(notebook.readout("kept")).to_have_text(kept(10))
    assert notebook.wrong == []


def kept(k: int) -> str:
    """Compute the readout for a code of this width."""
    return str(compute_frame("bottleneck", {"k": k}, None)["readouts"]["kept"])


def test_it_follows_the_theme_and_keeps_its_styles(page: Page) -> None:
    notebook = Notebook(page, Instrument("bottleneck"))
    colours = "section => ['color', 'backgroundColor'].map(name => getComputedStyle(section)[name])"
    assert notebook.instrument.evaluate(colours) == ["rgb(29, 28, 26)", "rgb(255, 255, 255)"]
    ink = "canvas => [...canvas.getContext('2d').getImageData(0, 0, 1, 1).data].slice(0, 3)"
    canvas = notebook.instrument.locator("canvas").first
    assert canvas.evaluate(ink) == [255, 255, 255]
    page.evaluate("document.body.classList.add('dark')")
    expect(page.locator("#output > div")).to_have_attribute("data-theme", "dark")
    assert notebook.instrument.evaluate(colours) == ["rgb(232, 230, 224)", "rgb(26, 28, 32)"]
    assert canvas.evaluate(ink) == [26, 28, 32]
    # The notebook's own label is still red; the instrument's is not.
    colour = "element => getComputedStyle(element).color"
    assert page.locator("body > .label").evaluate(colour) == "rgb(255, 0, 0)"
    assert notebook.instrument.locator(".label").evaluate(colour) != "rgb(255, 0, 0)"
    assert notebook.wrong == []


def test_a_run_goes_on_in_the_kernel(page: Page) -> None:
    notebook = Notebook(page, Instrument("collapse"))
    steps = notebook.widget.instrument.training.steps
    run = notebook.instrument.locator('[data-action="run"]')
    run.click()
    expect(notebook.instrument.locator("[data-status]")).to_have_text(re.compile("^Step [1-9]"))
    run.click()
    page.wait_for_function("steps => saved?.[steps] > 0", arg=steps)
    reached = notebook.widget.controls
    assert notebook.widget.readouts == compute_frame("collapse", reached, None)["readouts"]
    assert notebook.wrong == []


def test_a_map_and_a_pad_are_taken_hold_of(page: Page) -> None:
    notebook = Notebook(page, Instrument("latent_atlas"))
    expect(notebook.instrument.locator(".captions").first).to_contain_text("kernel")
    image = notebook.instrument.locator(".map > .image")
    image.press("ArrowRight")
    page.wait_for_function("saved?.view[0] > 0")
    assert notebook.wrong == []


def test_nothing_of_it_is_left_behind(page: Page) -> None:
    notebook = Notebook(page, Instrument("bottleneck"))
    assert page.evaluate("model.listeners()") > 0
    page.evaluate("end()")
    assert page.evaluate("model.listeners()") == 0
    assert notebook.wrong == []
