"""The same code in the page's Python and in CPython gives the same numbers."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.book_pages import READY, SECTION
from tests.lot import by_lot
from tests.numbers_in_words import same_words
from widgets import WIDGETS, get
from widgets.engine import frames

pytestmark = pytest.mark.browser

RANDOM_SETTINGS = {"few": 2, "many": 6}

# Sends protocol messages to the page's own worker, under ids that its scripts never use.
LISTEN = """
globalThis.Worker = class extends Worker {
  constructor(url, options) {
    super(url, options);
    if (globalThis.ask) return; // a later one makes what the next visit starts from
    const waiting = new Map();
    let id = 0;
    this.addEventListener("message", ({ data }) => waiting.get(data.id)?.(data));
    globalThis.ask = (message) => new Promise((answer) => {
      waiting.set(`test ${++id}`, answer);
      this.postMessage({ ...message, id: `test ${id}` });
    });
  }
};
"""

# Playwright cannot transfer typed arrays, so their bytes are sent as text.
COMPUTE = """
async ([widget, settings]) => {
  const plain = (value) => {
    if (ArrayBuffer.isView(value)) {
      const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
      return { array: value.constructor.name, bytes: bytes.toBase64() };
    }
    if (typeof value === "number" && !Number.isFinite(value)) return null;
    if (Array.isArray(value)) return value.map(plain);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]));
  };
  const answers = [];
  for (const controls of settings) {
    answers.push(plain(await ask({ type: "compute_widget", widget, controls, source: null })));
  }
  return answers;
}
"""


@pytest.fixture(scope="module")
def worker(lasting: BrowserContext, book: str) -> Iterator[Page]:
    """A page with ``ask``, which sends requests to its Python."""
    page = lasting.new_page()
    page.add_init_script(LISTEN)
    page.goto(book + SECTION)
    expect(page.locator(READY)).to_be_attached()
    yield page
    page.close()


def arrived(value: Any) -> Any:
    """Restore the typed arrays in an answer of the page."""
    match value:
        case {"array": name, "bytes": text}:
            return np.frombuffer(base64.b64decode(text), name.removesuffix("Array").lower())
        case dict():
            return {key: arrived(part) for key, part in value.items()}
        case list():
            return [arrived(part) for part in value]
    return value


def plain(value: Any) -> Any:
    """Convert a setting for sending: arrays become lists, and numbers not finite become None."""
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def settings_of(widget: str, rng: random.Random, count: int) -> list[dict[str, Any]]:
    """Return the defaults and `count` random settings, with only a few steps of training.

    Different roundings of float32 drift apart during training.
    """
    instrument = get(widget).instrument
    settings: list[dict[str, Any]] = [instrument.defaults()]
    for _ in range(count):
        drawn = {control.name: control.draw(rng) for control in instrument.controls}
        if instrument.training is not None:
            drawn |= {instrument.training.steps: 30, instrument.training.at: 10}
        settings.append(drawn)
    return settings


def compare(page: Any, native: Any, where: str, close: float) -> None:
    """Check equality; numbers within `close` of the largest one next to them, float32 within 1e-5.

    Greys of an image are rounded: a value near halfway may differ by one level.
    """
    if isinstance(native, dict) and native.get("kind") in ("tiles", "map"):
        off = np.abs(np.subtract(page.pop("data"), native.pop("data").astype(int)))
        assert off.max() <= 1, where
        assert (off > 0).mean() < max(1e-3, 100 * close), where
    if isinstance(native, dict):
        assert page.keys() == native.keys(), where
        for key in native:
            compare(page[key], native[key], f"{where}.{key}", close)
    elif isinstance(native, np.ndarray):
        close = max(close, 1e-5 if native.dtype == np.float32 else 0)
        scale = np.nanmax(np.abs(native), initial=0.0)
        page = np.array(page, float)  # turns None into nan
        np.testing.assert_allclose(
            page, native, rtol=close, atol=close * scale + 1e-12, err_msg=where
        )
    elif isinstance(native, list) and all(type(part) in (int, float) for part in native):
        scale = max((abs(part) for part in native), default=0.0)
        np.testing.assert_allclose(
            page, native, rtol=close, atol=close * scale + 1e-12, err_msg=where
        )
    elif isinstance(native, list):
        assert len(page) == len(native), where
        for index, pair in enumerate(zip(page, native, strict=True)):
            compare(*pair, f"{where}[{index}]", close)
    elif isinstance(native, float) and isinstance(page, int | float):
        assert page == pytest.approx(native, rel=close), where
    elif isinstance(native, str):
        assert same_words(page, native), f"{where}: {page!r}, natively {native!r}"
    else:
        assert page == native, where


WALKS = ("faces_out_of_noise",)
"""Networks asked many times in float32, each time about their last answer, so that rounding adds
up as in a training. Noise of 1e-7 after each layer changes up to 0.13 % of the greys by one."""


def sources_of(name: str) -> tuple[str, ...]:
    return f"widgets/{name}.py", "widgets/kit/"


@pytest.mark.sweep
@pytest.mark.parametrize("count", ["few", pytest.param("many", marks=pytest.mark.long)])
def test_pyodide_equals_cpython(worker: Page, count: str) -> None:
    for name in by_lot(WIDGETS, sources_of):
        settings = settings_of(name, random.Random(name), RANDOM_SETTINGS[count])
        adds_up = get(name).instrument.training is not None or name in WALKS
        close = 1e-4 if adds_up else 1e-9
        answers = arrived(worker.evaluate(COMPUTE, [name, plain(settings)]))
        for setting, answer in zip(settings, answers, strict=True):
            assert answer["type"] == "done", f"{name} at {setting}: {answer}"
            value = answer["value"]
            native = frames.compute_frame(name, setting, None)
            del value["ms"], native["ms"]
            compare(value, native, f"{name} at {setting}", close)


def test_an_unknown_message_is_refused(worker: Page) -> None:
    answer = worker.evaluate("() => ask({ type: 'sing' })")
    assert (answer["type"], answer["kind"]) == ("failed", "protocol")


def test_a_control_out_of_range_is_refused(worker: Page) -> None:
    message = {"type": "compute_widget", "widget": "bottleneck", "controls": {"k": 900}}
    answer = worker.evaluate("(message) => ask({ ...message, source: null })", message)
    assert (answer["type"], answer["kind"]) == ("failed", "contract")
    assert "900" in answer["message"]
