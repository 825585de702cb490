"""Instruments, snippets and questions in frames of another site."""

from __future__ import annotations

import html
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page, Route, expect

from tests.browser.book_pages import SECTION, Open
from tests.numbers_in_words import same_words
from tests.patience import PATIENCE_S
from tools.bench.serving import served
from widgets import get
from widgets.engine import frames as engine

LISTENS = """
<script>
  window.heights = {};
  addEventListener("message", ({ data }) => {
    if (data.subject === "lti.frameResize") window.heights[data.latentbook.label] = data.height;
  });
</script>
"""

Host = Callable[..., Page]

MOVES = {"bottleneck": "k", "linear-ae-pca": "k", "denoiser": "k", "morph": "a", "layers": "layer"}
"""Five instruments, each with one of its sliders."""


@contextmanager
def another_site(body: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Iterator[str]:
    """Serve a page with some HTML on a different site from the book's; yield its URL."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        fields = [(b"content-type", b"text/html; charset=utf-8"), *headers]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        await send({"type": "http.response.body", "body": f"<!doctype html>{body}".encode()})

    with served(answer, lifespan="off") as url:
        yield url.replace("127.0.0.1", "localhost")


@pytest.fixture(scope="module")
def elsewhere(chromium: Browser) -> Iterator[BrowserContext]:
    """A reader of other sites; frames there, and Python's snapshot, have a separate storage."""
    context = chromium.new_context()
    yield context
    context.close()


@pytest.fixture
def host(elsewhere: BrowserContext) -> Iterator[Host]:
    """Opens a page with some HTML on another site; errors in it or its frames fail the test."""
    with ExitStack() as stack:
        wrong: list[str] = []

        def open_one(body: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Page:
            url = stack.enter_context(another_site(body, headers))
            page = stack.enter_context(elsewhere.new_page())
            page.on("console", lambda line: line.type == "error" and wrong.append(line.text))
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.goto(url)
            return page

        yield open_one
        assert [each for each in wrong if "favicon" not in each] == []


def frame(address: str, more: str = "") -> str:
    return f'<iframe src="{html.escape(address)}" width="700" height="900" {more}></iframe>'


def inside(page: Page, label: str) -> FrameLocator:
    return page.frame_locator(f'iframe[src*="/embed/{label}/"]')


def beside(host: Host, book: str, *labels: str, more: str = "") -> Page:
    """Open a page with all frames in sight, because an instrument starts only in sight. ``more``
    are attributes of the first frame.
    """
    attributes = (more, *("" for _ in labels[1:]))
    page = host("".join(map(frame, (f"{book}embed/{each}/" for each in labels), attributes)))
    page.set_viewport_size({"width": 1500, "height": 2800})
    return page


def live(page: Page, *labels: str) -> None:
    for label in labels:
        expect(inside(page, label).locator(f"#{label}")).to_have_attribute("data-state", "live")


def pythons(page: Page) -> int:
    return sum("/worker-" in worker.url for worker in page.workers)


def move(page: Page, label: str, value: int) -> None:
    """Move an instrument's slider, and wait for the readouts that CPython computes for it."""
    instrument = inside(page, label).locator(f"#{label}")
    field = instrument.locator(f'[data-control="{MOVES[label]}"] .typed')
    field.fill(str(value))
    field.press("Enter")
    spec = json.loads(instrument.get_attribute("data-spec") or "")
    controls = get(spec["name"]).instrument.defaults() | spec["set"] | {MOVES[label]: value}
    expected = engine.compute_frame(spec["name"], controls, None)["readouts"]
    shown: dict[str, str] = {}
    end = time.monotonic() + PATIENCE_S
    while not all(same_words(shown.get(key, ""), text) for key, text in expected.items()):
        assert time.monotonic() < end, (label, shown, expected)
        page.wait_for_timeout(20)
        read = "all => all.map(each => [each.dataset.readout, each.textContent])"
        shown = dict(instrument.locator("[data-readout]").evaluate_all(read))
    expect(instrument).to_have_attribute("data-state", "live")


def test_five_instruments_share_one_python_until_its_frame_goes(host: Host, book: str) -> None:
    page = beside(host, book, *MOVES)
    live(page, *MOVES)
    assert pythons(page) == 1
    for label in MOVES:
        move(page, label, 3)
    assert pythons(page) == 1
    page.evaluate("document.querySelector('iframe').remove()")
    others = list(MOVES)[1:]
    for label in others:
        move(page, label, 2)
    assert pythons(page) == 1
    page.evaluate("document.querySelector('iframe').src += '?theme=dark'")  # reloads the frame
    live(page, *others)
    for label in others:
        move(page, label, 4)
    assert pythons(page) == 1


def test_a_readers_code_runs_beside_what_is_shared(host: Host, book: str) -> None:
    page = beside(host, book, "bottleneck", "denoiser", "morph")
    live(page, "bottleneck", "denoiser", "morph")
    instrument = inside(page, "denoiser").locator("#denoiser")
    instrument.locator('[data-action="code"]').click()
    instrument.locator(".cm-content").click()
    page.keyboard.press("Control+Home")
    page.keyboard.insert_text("while True: pass\n")
    expect(instrument).to_have_attribute("data-state", "busy")
    for label in ("bottleneck", "morph"):
        move(page, label, 5)
    assert pythons(page) == 2
    instrument.locator('[data-action="stop-code"]').click()
    expect(instrument).to_have_attribute("data-state", "error")
    instrument.locator('[data-action="reset-code"]').click()
    move(page, "denoiser", 5)
    move(page, "bottleneck", 6)
    assert pythons(page) <= 2


@pytest.fixture
def troubled(chromium: Browser) -> Iterator[Page]:
    """A window whose errors do not fail the test."""
    context = chromium.new_context(viewport={"width": 1500, "height": 2800})
    yield context.new_page()
    context.close()


def test_if_the_lenders_python_fails_the_others_start_their_own(troubled: Page, book: str) -> None:
    troubled.route("**/assets/worker-*.js", lambda route: route.abort(), times=1)
    labels = ("bottleneck", "denoiser", "morph")
    with another_site("".join(frame(f"{book}embed/{each}/") for each in labels)) as url:
        troubled.goto(url)
        for label in labels:
            move(troubled, label, 5)
        assert pythons(troubled) == 1


def test_a_frame_without_an_origin_leaves_the_others_alone(troubled: Page, book: str) -> None:
    """Nothing runs in the frame: a page without an origin may not load its own modules."""
    alone = frame(f"{book}embed/bottleneck/", 'sandbox="allow-scripts"')
    others = ("denoiser", "morph")
    with another_site(alone + "".join(frame(f"{book}embed/{each}/") for each in others)) as url:
        troubled.goto(url)
        for label in others:
            move(troubled, label, 5)
        assert pythons(troubled) == 1
        still = inside(troubled, "bottleneck").locator("#bottleneck")
        expect(still).to_have_attribute("data-state", "rest")


def test_frames_of_two_editions_share_nothing(troubled: Page, book: str) -> None:
    def older(route: Route) -> None:
        response = route.fetch()
        text, count = re.subn(r'("build": ?")', r"\1older-", response.text())
        assert count == 1
        route.fulfill(response=response, body=text)

    troubled.route("**/embed/morph/", older)
    labels = ("bottleneck", "morph", "denoiser")
    with another_site("".join(frame(f"{book}embed/{each}/") for each in labels)) as url:
        troubled.goto(url)
        for label in labels:
            move(troubled, label, 5)
        assert pythons(troubled) == 2


@pytest.mark.parametrize("isolated", [False, True])
def test_an_instrument_lives_in_a_frame_of_another_site(
    host: Host, book: str, isolated: bool
) -> None:
    """The address sets its state, the host sets its theme, and it reports its height."""
    headers = (
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-embedder-policy", b"require-corp"),
    )
    address = f"{book}embed/bottleneck/?bottleneck.k=7&theme=dark"
    page = host(LISTENS + frame(address), headers if isolated else ())
    frames = inside(page, "bottleneck")
    instrument = frames.locator("#bottleneck")
    expect(instrument).to_have_attribute("data-state", "live")
    expect(instrument.locator('[data-control="k"] .typed')).to_have_value("7")
    root = frames.locator("html")
    assert root.evaluate("root => root.dataset.theme") == "dark"
    box = root.locator("body").evaluate(
        """async (body) => {
          await document.fonts.ready;
          return body.getBoundingClientRect().height;
        }"""
    )
    page.wait_for_function("height => Math.abs(window.heights.bottleneck - height) <= 1", arg=box)
    page.evaluate(
        "frames[0].postMessage({ latentbook: { theme: 'light' } }, '*')",
    )
    expect(root).to_have_attribute("data-theme", "light")
    kept = instrument.locator('[data-readout="kept"]')
    before = kept.inner_text()
    instrument.locator('[data-control="k"] .typed').fill("30")
    instrument.locator('[data-control="k"] .typed').press("Enter")
    expect(kept).not_to_have_text(before)
    expect(instrument.locator('[data-action="embed"]')).to_be_hidden()
    link = frames.locator(".origin a")
    assert link.evaluate("a => a.href") == f"{book}{SECTION}#bottleneck"
    assert link.evaluate("a => a.ownerDocument.querySelector('base').target") == "_blank"


@pytest.mark.clock
def test_an_edit_in_a_frame_is_computed_and_stopped(host: Host, book: str) -> None:
    page = host(frame(f"{book}embed/bottleneck/"))
    frames = inside(page, "bottleneck")
    instrument = frames.locator("#bottleneck")
    expect(instrument).to_have_attribute("data-state", "live")
    instrument.locator('[data-action="code"]').click()
    editor = instrument.locator(".cm-content")
    editor.click()
    page.keyboard.press("Control+Home")
    page.keyboard.insert_text("while True: pass\n")
    expect(instrument).to_have_attribute("data-state", "busy")
    instrument.locator('[data-action="stop-code"]').click()
    expect(instrument).to_have_attribute("data-state", "error")
    instrument.locator('[data-action="reset-code"]').click()
    expect(instrument).to_have_attribute("data-state", "live")


def test_a_snippet_and_a_question_stand_in_one_page(host: Host, book: str) -> None:
    snippet, question = "snippet-linear-ae", "q-linear-pca"
    page = host(frame(f"{book}embed/{snippet}/") + frame(f"{book}embed/{question}/"))
    cell = inside(page, snippet).locator(f"#{snippet}")
    cell.locator('[data-action="run"]').click()
    expect(cell).to_have_attribute("data-state", "done")
    quiz = inside(page, question).locator(f"#{question}")
    quiz.locator("summary").last.click()
    expect(quiz.locator("details.answer .body")).to_be_visible()


def test_where_storage_is_refused_an_instrument_still_moves(chromium: Browser, book: str) -> None:
    """Simulates a frame in a browser that blocks third-party storage."""
    context = chromium.new_context()
    context.add_init_script(
        """for (const name of ["localStorage", "sessionStorage", "indexedDB", "caches"]) {
          Object.defineProperty(window, name, {
            get() { throw new DOMException("no storage here", "SecurityError"); },
          });
        }"""
    )
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(f"{book}embed/bottleneck/")
    instrument = page.locator("#bottleneck")
    expect(instrument).to_have_attribute("data-state", "live")
    before = instrument.locator('[data-readout="kept"]').inner_text()
    instrument.locator('[data-control="k"] .typed').fill("7")
    instrument.locator('[data-control="k"] .typed').press("Enter")
    expect(instrument.locator('[data-readout="kept"]')).not_to_have_text(before)
    context.close()
    assert wrong == []


def test_the_code_to_paste_shows_what_is_set(open_page: Open, host: Host) -> None:
    page = open_page(f"{SECTION}?bottleneck.k=12#bottleneck", python=False)
    page.locator('#bottleneck [data-action="embed"]').click()
    code = page.locator("dialog.embed-code textarea").input_value()
    page.keyboard.press("Escape")
    expect(page.locator("dialog.embed-code")).to_have_count(0)
    instrument = host(code).frame_locator("iframe").locator("#bottleneck")
    expect(instrument).to_have_attribute("data-state", "live")
    expect(instrument.locator('[data-control="k"] .typed')).to_have_value("12")


def test_every_block_has_a_page_without_links_that_lead_nowhere(book: str, site: Any) -> None:
    ids = {}
    for path in sorted((site / "embed").glob("*/index.html")):
        text = path.read_text(encoding="utf-8")
        for target in re.findall(r'href="(\.\./[^"]*)"', text):
            place, _, id = target.partition("#")
            found = (path.parent / urlsplit(place).path).resolve()
            page = found / "index.html" if found.is_dir() else found
            assert page.is_file(), (path.parent.name, target)
            if id and page not in ids:
                ids[page] = set(re.findall(r'\bid="([^"]+)"', page.read_text(encoding="utf-8")))
            assert not id or id in ids[page], (path.parent.name, target)


def test_who_may_frame_is_said_by_the_server(book: str) -> None:
    embedded = httpx.get(f"{book}embed/bottleneck/")
    assert embedded.headers["content-security-policy"].endswith("frame-ancestors *")
    assert embedded.headers["cross-origin-resource-policy"] == "cross-origin"
    page = httpx.get(f"{book}{SECTION}")
    assert page.headers["content-security-policy"].endswith("frame-ancestors 'self'")
    assert page.headers["cross-origin-resource-policy"] == "same-origin"
