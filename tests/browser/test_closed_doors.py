"""Readers' code cannot reach the page, its storage or the server by any route tried here.

Each route is tried twice: by Python, as a reader would, and by JavaScript that the debugger injects
into the worker, as if an attacker had found a way to run it.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.book_pages import READY, SECTION, Open, output, run, wait_until, write

pytestmark = pytest.mark.browser

ROOT = "import pyodide_js\nmodule = pyodide_js._module\nObject = module.constructor\n"
FUNCTION = f"{ROOT}Function = Object.constructor\n"

ATTEMPTS = {
    "js": (
        "import js\nnames = 'fetch eval navigator caches indexedDB postMessage self'\n"
        "print([name for name in names.split() if hasattr(js, name)] or 'nothing')"
    ),
    "js.fetch": "from js import fetch",
    "run_js": "from pyodide.code import run_js\nprint('REACHED', run_js('1 + 1'))",
    "Function": f"{FUNCTION}print('REACHED', Function('return 1')())",
    "Function.new": f"{FUNCTION}print('REACHED', Function.new('return 1')())",
    "AsyncFunction": (
        f"{ROOT}make = pyodide_js.runPythonAsync.constructor\n"
        "print('REACHED', make('return import(`data:,`)')())"
    ),
    "Reflect.construct": (
        f"{FUNCTION}print('REACHED', Function.prototype.constructor.call(None, 'return 1')())"
    ),
    "run_script": (
        "import ctypes\nctypes.CDLL(None).emscripten_run_script(b'globalThis.x = 1')\n"
        "print('REACHED')"
    ),
    "pyfetch": (
        "from pyodide.http import pyfetch\npyfetch('/api/models').send(None)\nprint('REACHED')"
    ),
    "open_url": (
        "from pyodide.http import open_url\nprint('REACHED', open_url('/api/models').read())"
    ),
    "urllib": (
        "from urllib.request import urlopen\n"
        "print('REACHED', urlopen('http://127.0.0.1:1/', timeout=1))"
    ),
    "socket": "import socket\nsocket.create_connection(('127.0.0.1', 80), 1)\nprint('REACHED')",
    "loadPackage": f"{ROOT}pyodide_js.loadPackage('/api/models')\nprint('asked')",
    "loadScript": f"{ROOT}pyodide_js._api.loadScript('/assets/evil.js')\nprint('REACHED')",
    "lazy file": (
        f"{ROOT}pyodide_js.FS.createLazyFile('/', 'l', '/api/models', True, False)\n"
        "print('REACHED', open('/l').read())"
    ),
    "preloaded file": (
        f"{ROOT}pyodide_js.FS.createPreloadedFile('/', 'p', '/api/models', True, False)\n"
        "print('asked')"
    ),
    "IDBFS": (f"{ROOT}fs = pyodide_js.FS\nprint('REACHED', fs.filesystems.IDBFS.indexedDB())"),
    "native file system": (
        f"{ROOT}from js import navigator\n"
        "pyodide_js.mountNativeFS('/n', navigator.storage.getDirectory())"
    ),
    "a timer": (
        f"{ROOT}from pyodide.ffi import create_proxy\n"
        "pyodide_js._api.scheduleCallback(create_proxy(print), 0)\nprint('REACHED')"
    ),
    "forged answer": (
        "import sys\nframe = sys._getframe()\nwhile 'display' not in frame.f_locals:\n"
        "    frame = frame.f_back\nshow = frame.f_locals['display']\n"
        "for kind in ('done', 'fatal', 'text/html', '__proto__'): show(kind, '<img src=x>')\n"
        "show.constructor('postMessage({type: `fatal`})')()\nprint('REACHED')"
    ),
    "the worker's own globals": (
        f"{ROOT}seen = [name for name in ('self', 'fetch', 'caches', 'indexedDB', 'navigator',"
        " 'postMessage', 'globalThis') if getattr(module, name, None) is not None]\n"
        "print('REACHED' if seen else 'nothing', *seen)"
    ),
}

STORES = """async () => {
  const files = [];
  for await (const folder of (await navigator.storage.getDirectory()).values()) {
    for await (const [name, handle] of folder.entries()) {
      const bytes = await (await handle.getFile()).arrayBuffer();
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
      files.push([folder.name, name, digest.join()]);
    }
  }
  const caches_ = [];
  for (const name of await caches.keys()) {
    for (const { url } of await (await caches.open(name)).keys()) caches_.push([name, url]);
  }
  const workers = (await navigator.serviceWorker.getRegistrations()).map(({ scope }) => scope);
  return { files, caches_, databases: await indexedDB.databases(), workers, cookie: document.cookie,
    title: document.title, address: location.href };
}"""


# After its first paint the page opens the database of the reader's work to show progress.
KNOWS_ITS_READER = """async () => {
  const own = `latentbook:${document.documentElement.dataset.book}`;
  return (await indexedDB.databases()).some(({ name }) => name === own);
}"""


def in_workers(chromium: Browser, page: Page, function: str) -> list[Any]:
    """Run a JavaScript function in each of Python's workers by debugger; return the results."""
    session = chromium.new_browser_cdp_session()
    answers: list[dict[str, Any]] = []
    session.on(
        "Target.receivedMessageFromTarget",
        lambda event: answers.append(json.loads(event["message"])),
    )
    message = {
        "id": 1,
        "method": "Runtime.evaluate",
        "params": {"expression": f"({function.strip()})()", "returnByValue": True},
    }
    scripts = [worker.url for worker in page.workers if "/worker-" in worker.url]
    targets = [t for t in session.send("Target.getTargets")["targetInfos"] if t["url"] in scripts]
    for target in targets:
        attached = session.send(
            "Target.attachToTarget", {"targetId": target["targetId"], "flatten": False}
        )
        session.send(
            "Target.sendMessageToTarget",
            {"sessionId": attached["sessionId"], "message": json.dumps(message)},
        )
    wait_until(page, lambda: sum(each.get("id") == 1 for each in answers) == len(targets))
    session.detach()
    results = [answer["result"] for answer in answers if answer.get("id") == 1]
    thrown = [result for result in results if "exceptionDetails" in result]
    assert thrown == [], thrown
    return [json.loads(result["result"]["value"]) for result in results]


def test_pythons_ways_out(second_visit: Page) -> None:
    asked: list[str] = []
    second_visit.context.on("request", lambda request: asked.append(request.url))
    second_visit.wait_for_function(KNOWS_ITS_READER)
    before = second_visit.evaluate(STORES)
    said = {name: output(run(second_visit, code)) for name, code in ATTEMPTS.items()}
    reached = [name for name, words in said.items() if re.search("^REACHED", words, re.MULTILINE)]
    assert reached == []
    assert "nothing" in said["js"]
    assert "Text is not run" in said["Function"]
    assert "Nothing keeps running here" in said["a timer"]
    assert second_visit.evaluate(STORES) == before
    own = ("/runtime/", "/assets/", "/snippets.json")  # requested by the page itself
    assert [url for url in asked if not any(part in url for part in own)] == []
    assert second_visit.locator("[data-output] img").count() == 0


def test_what_lies_in_the_second_archive_still_comes(second_visit: Page) -> None:
    code = "import calendar, colorsys\nprint(calendar.monthrange(2024, 2)[1])"
    assert output(run(second_visit, code)).strip() == "29"


def test_javascript_in_the_worker_finds_nothing(chromium: Browser, second_visit: Page) -> None:
    leak = f"{ROOT}Object.leaked = pyodide_js\nObject.leaks = module\nprint('left')"
    assert "left" in output(run(second_visit, leak))
    workers = in_workers(
        chromium, second_visit, Path(__file__).with_name("ways_out.js").read_text()
    )
    [seen] = [each for each in workers if each["leaked"]]  # the other may not be ready yet
    assert seen["size"] > 5_000  # the language and all of Pyodide
    assert (seen["tried"], seen["found"]) == ([], [])


def test_an_edited_instrument_draws_text_and_no_markup(open_page: Open) -> None:
    page = open_page()
    expect(page.locator(READY)).to_be_attached()
    instrument = page.locator("section.instrument").first
    instrument.scroll_into_view_if_needed()
    expect(instrument).to_have_attribute("data-state", "live")
    instrument.locator('[data-action="code"]').click()
    editor = instrument.locator(".cm-content")
    expect(editor).to_contain_text("How much of the data")
    markup = "<img src=x onerror=document.title=1><a href=javascript:document.title=1>x</a>"
    write(
        page,
        instrument,
        "from widgets.bottleneck import *\nfrom widgets import bottleneck\n"
        "from dataclasses import replace\n"
        "def frame(result):\n    made = bottleneck.frame(result)\n"
        f"    return replace(made, note={markup!r}, panels=["
        f"replace(panel, alt={markup!r}) for panel in made.panels])",
    )
    expect(instrument.locator("[data-note]")).to_have_text(markup)
    assert instrument.locator("img, a[href^=javascript]").count() == 0
    assert page.title() != "1"


def test_html_of_a_value_is_made_anew(second_visit: Page) -> None:
    """The page cleans all HTML itself: here Python bypasses its own cleaning."""
    html = (
        "<p onclick='document.title = 1' style='position: fixed'>kept</p>"
        "<img src='x' onerror='document.title = 1'><script>document.title = 1</script>"
        "<svg onload='document.title = 1'></svg><a href='javascript:document.title = 1'>link</a>"
        "<noscript><p title='</noscript><img src=x onerror=document.title=1>'></noscript>"
        "<form><math><mtext></form><form><mglyph><style></math><img src onerror=document.title=1>"
    )
    cell = run(second_visit, f"from widgets.engine import host\nhost.show('text/html', {html!r})")
    rich = cell.locator("[data-output] .rich")
    expect(rich).to_contain_text("link")
    assert rich.evaluate("each => each.innerHTML") == "<p>kept</p>link<p></p>"
    assert second_visit.title() != "1"


def test_code_in_a_link_is_not_run(open_page: Open) -> None:
    """Only the fragment may carry code, packed, for the reader to inspect (test_code_link.py).

    The page never runs or stores it, and removes it from the address, so that no reload or bookmark
    contains it.
    """
    code = "import%20os;os._exit(1)"
    linked = {"label": "snippet-linear-ae", "base": "0", "code": "import os; os._exit(1)"}
    pack = zlib.compressobj(9, zlib.DEFLATED, -15)
    raw = pack.compress(json.dumps(linked).encode()) + pack.flush()
    page = open_page(
        f"{SECTION}?code={code}&bottleneck.code={code}&bottleneck.source={code}"
        f"&source={code}&bottleneck.__proto__={code}&bottleneck.k={code}"
        f"#code={base64.urlsafe_b64encode(raw).decode()}"
    )
    expect(page.get_by_role("group", name="The link has other code")).to_contain_text("os._exit")
    assert "#code" not in page.url
    expect(page.locator(READY)).to_be_attached()
    instrument = page.locator("section.instrument").first
    instrument.scroll_into_view_if_needed()
    expect(instrument).to_have_attribute("data-state", "live")
    assert page.locator("[data-edited]").count() == 0
    assert page.locator('section[data-cell]:not([data-state="recorded"])').count() == 0
    assert (
        page.evaluate("() => Object.keys(localStorage).filter((key) => /:code:/.test(key))") == []
    )
    assert re.fullmatch("Python ready", page.locator(READY).inner_text().strip())
