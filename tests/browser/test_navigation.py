"""From page to page in one document with one Python, and all that a reader expects of a link."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.book_pages import FOLLOWS_LINKS, READY, go_to, output, run
from tests.browser.conftest import WINDOW, Watch
from tests.browser.editions import ONE, TWO, Editions

pytestmark = pytest.mark.browser

HEADING = "main h1 > span:last-child, main h1:not(:has(span))"


@pytest.fixture(scope="module")
def window(chromium: Browser, editions: Editions) -> Iterator[Page]:
    """One document with Python ready, in which all tests navigate."""
    context = chromium.new_context(**WINDOW)
    watch = Watch(editions.url, expected=("Failed to load resource",))  # tests let it fail
    context.on("page", watch.follow)
    yield context.new_page()
    context.close()
    assert watch.wrong == []


@pytest.fixture
def page(window: Page, editions: Editions) -> Page:
    """The top of the first section, in the same document as the previous tests if possible."""
    window.mouse.move(0, 0)  # a pointer left on a link by another test would count as resting
    if window.url.startswith(editions.url) and same_visit(window):
        go_to(window, ONE)
        window.evaluate("scrollTo({top: 0, behavior: 'instant'})")
    else:
        window.goto(editions.url + ONE)
        window.evaluate("globalThis.visit = 'this one'")
    expect(window.locator(READY)).to_be_attached()
    window.wait_for_function(FOLLOWS_LINKS)
    return window


def same_visit(page: Page) -> bool:
    """Tell whether the document has not been reloaded."""
    return bool(page.evaluate("globalThis.visit === 'this one'"))


def go(page: Page, to: str) -> None:
    """Follow a link in the text."""
    page.locator(f'.flow a[href$="{to}"]').click()
    page.wait_for_url(f"**/{to}")


@pytest.mark.parametrize("scripts", [True, False])
def test_an_old_address_leads_to_its_section(
    chromium: Browser, editions: Editions, scripts: bool
) -> None:
    context = chromium.new_context(**WINDOW, java_script_enabled=scripts)
    page = context.new_page()
    page.goto(f"{editions.url}one/one-before/?a=b#one-late", wait_until="commit")
    page.wait_for_url(f"{editions.url}{ONE}{'?a=b#one-late' if scripts else ''}")
    assert page.locator("#one-late").count() == 1
    context.close()


def test_the_next_chapter_comes_into_the_same_document(page: Page) -> None:
    output(run(page, "kept = 6"))
    python = page.workers[0]
    go(page, TWO)
    expect(page.locator(HEADING)).to_have_text("Page two")
    assert same_visit(page)
    assert page.title() == "Page two · Chapter two · Two chapters"
    expect(page.locator("main h1")).to_be_focused()
    expect(page.locator("[data-page-status]")).to_have_text("Page two · Chapter two · Two chapters")
    expect(page.locator(".bar .here .name")).to_have_text("Chapter two")
    assert page.evaluate("scrollY") == 0
    assert (
        page.locator('meta[name="description"]').get_attribute("content")
        == "The only section of chapter two."
    )
    expect(page.locator(READY)).to_be_attached()
    assert python in page.workers


def test_it_runs_at_once_and_has_variables_of_its_own(page: Page) -> None:
    output(run(page, "kept = 6"))
    go(page, TWO)
    cell = run(page, "print('kept' in globals())")
    assert output(cell).strip() == "False"
    cell.locator('[data-action="run"]').click()
    assert output(cell).strip() == "False"


def test_back_returns_to_the_place_and_the_variables(page: Page) -> None:
    output(run(page, "kept = 6"))
    go(page, TWO)
    expect(page.locator(HEADING)).to_have_text("Page two")
    page.evaluate("scrollTo({top: 700, behavior: 'instant'})")
    page.locator('main a[href$="one/one-text/#one-late"]').evaluate("link => link.click()")
    page.wait_for_url("**/one/one-text/#one-late")
    expect(page.locator("#one-late")).to_be_focused()
    box = page.locator("#one-late").bounding_box()
    assert box is not None
    assert 0 < box["y"] < 500 or page.evaluate(
        "scrollY + innerHeight >= document.documentElement.scrollHeight - 1"
    )
    page.go_back()
    expect(page.locator(HEADING)).to_have_text("Page two")
    page.wait_for_function("() => Math.abs(scrollY - 700) < 2")
    page.go_back()
    expect(page.locator(HEADING)).to_have_text("Page one")
    assert output(run(page, "print(kept)")).strip() == "6"
    page.go_forward()
    expect(page.locator(HEADING)).to_have_text("Page two")
    page.go_back()
    expect(page.locator(HEADING)).to_have_text("Page one")
    assert same_visit(page)


COUNT_QUESTIONS = """() => {
  globalThis.questions = [];
  const post = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (message, ...rest) {
    if (message.type === "compute_widget") questions.push(JSON.stringify(message.controls));
    return post.call(this, message, ...rest);
  };
}"""


def test_a_page_is_ready_before_the_click(page: Page) -> None:
    """When the pointer rests on a link, the page is fetched and its first picture computed."""
    page.evaluate(COUNT_QUESTIONS)
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url.split("#")[0]))
    link = page.locator(".flow a", has_text="there")
    link.evaluate("each => each.href = each.href.replace('#', '?two-denoiser.k=5#')")
    link.hover()
    page.wait_for_function("() => questions.some((each) => JSON.parse(each).k === 5)")
    link.click()
    expect(page.locator(HEADING)).to_have_text("Page two")
    expect(page.locator("#two-denoiser")).to_have_attribute("data-state", "live")
    asked = page.evaluate("questions.filter((each) => JSON.parse(each).k === 5).length")
    assert (asked, sum(TWO in url for url in fetched)) == (1, 1)
    assert same_visit(page)


HOLD_IDLE_TIME = """() => {
  const own = requestIdleCallback;
  const held = [];
  globalThis.requestIdleCallback = (run) => held.push(run);
  globalThis.release = () => {
    globalThis.requestIdleCallback = own;
    for (const run of held.splice(0)) run();
  };
}"""
LAID_OUT = """(id) => ({
  top: document.getElementById(id).getBoundingClientRect().top,
  all: [...document.querySelectorAll(".flow > *")].every(
    (each) => getComputedStyle(each).contentVisibility === "visible"
  ),
})"""


@pytest.mark.parametrize("place", ["main", "two-denoiser", "two-late"])
def test_what_is_far_below_the_first_window_is_laid_out_later(page: Page, place: str) -> None:
    page.evaluate(HOLD_IDLE_TIME)
    link = page.locator(".flow a", has_text="there")
    link.evaluate("(each, place) => each.hash = place", "" if place == "main" else place)
    link.click()
    expect(page.locator(HEADING)).to_have_text("Page two")
    expect(page.locator("[data-page-status]")).to_contain_text("Page two")
    before = page.evaluate(LAID_OUT, place)
    page.evaluate("release()")
    expect(page.locator(".arrival")).to_have_count(0)
    after = page.evaluate(LAID_OUT, place)
    assert (before["all"], after["all"]) == (place == "two-late", True)
    # A window scrolls by whole pixels, but the content above may have a fractional height.
    assert after["top"] == pytest.approx(before["top"], abs=1)


def test_a_page_that_is_come_back_to_is_laid_out_at_once(page: Page) -> None:
    go(page, TWO)
    expect(page.locator(HEADING)).to_have_text("Page two")
    page.evaluate(HOLD_IDLE_TIME)
    page.go_back()
    expect(page.locator(HEADING)).to_have_text("Page one")
    assert page.evaluate(LAID_OUT, "main")["all"]
    page.evaluate("release()")


def test_a_pointer_that_passes_over_a_link_fetches_nothing(page: Page) -> None:
    page.mouse.move(0, 0)  # the link must not scroll under the pointer
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    link = page.locator(f'.flow a[href$="{TWO}"]')
    link.scroll_into_view_if_needed()
    # In one task, so that the timer of a resting pointer cannot fire in between.
    link.evaluate(
        """(link) => {
          const mouse = { bubbles: true, pointerType: "mouse" };
          for (const each of [link, document.body]) {
            each.dispatchEvent(new PointerEvent("pointerover", mouse));
          }
        }"""
    )
    page.wait_for_timeout(300)
    assert [url for url in fetched if TWO in url] == []


def test_with_save_data_a_page_is_fetched_by_the_click(
    chromium: Browser, editions: Editions
) -> None:
    context = chromium.new_context(**WINDOW)
    page = context.new_page()
    page.add_init_script(
        "Object.defineProperty(navigator, 'connection', { value: { saveData: true } })"
    )
    page.goto(editions.url + ONE)
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    link = page.locator(f'.flow a[href$="{TWO}"]')
    link.hover()
    page.wait_for_timeout(300)
    assert [url for url in fetched if TWO in url] == []
    link.click()
    expect(page.locator(HEADING)).to_have_text("Page two")
    context.close()


def test_instruments_of_the_new_page_live(page: Page) -> None:
    go(page, TWO)
    instrument = page.locator("section.instrument").first
    instrument.scroll_into_view_if_needed()
    expect(instrument).to_have_attribute("data-state", "live")
    instrument.locator("input[type=range]").first.press("ArrowRight")
    page.wait_for_url("**/two/two-text/?two-denoiser.*")
    assert same_visit(page)


def test_a_search_that_is_opened_while_a_page_comes_stays_open(page: Page) -> None:
    held: list[Route] = []
    page.route("**/contents/", lambda route: held.append(route))
    with page.expect_request("**/contents/"):
        page.locator(".bar >> text=Contents").click()
    page.keyboard.press("Control+k")
    field = page.locator("dialog.search input")
    field.fill("denoi")
    for route in held:
        route.continue_()
    expect(page.locator(HEADING)).to_have_text("Contents")
    expect(field).to_be_focused()
    expect(field).to_have_value("denoi")
    page.keyboard.press("Escape")
    page.unroute("**/contents/")


def test_search_and_the_pages_at_the_back_stay_in_the_document(page: Page) -> None:
    page.keyboard.press("Escape")
    page.locator(".bar [data-action=search]").click()
    page.locator("dialog.search input").fill("snippet of chapter one")
    expect(page.locator("dialog.search li").first).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url("**/one/one-text/#one-snippet")
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.locator(".bar >> text=Contents").click()
    expect(page.locator(HEADING)).to_have_text("Contents")
    page.locator(".brand").click()
    page.wait_for_url("**/")
    expect(page.locator(HEADING)).to_have_text("Two chapters")
    page.locator(".foot >> text=References").click()
    expect(page.locator(HEADING)).to_have_text("References")
    assert same_visit(page)
    page.go_back()
    expect(page.locator(HEADING)).to_have_text("Two chapters")


NODES = """() => {
  const walker = document.createTreeWalker(document);
  let count = 1;
  while (walker.nextNode()) count++;
  return count;
}"""


def test_pages_that_are_left_leave_nothing_behind(page: Page) -> None:
    client = page.context.new_cdp_session(page)
    client.send("Performance.enable")

    def held() -> dict[str, float]:
        client.send("HeapProfiler.collectGarbage")
        metrics = client.send("Performance.getMetrics")["metrics"]
        wanted = ("JSEventListeners", "Nodes", "ResourceNodes")
        return {each["name"]: each["value"] for each in metrics if each["name"] in wanted}

    def round_trip() -> None:
        for chapter in (ONE, TWO):
            page.locator(".bar >> text=Contents").click()
            expect(page.locator(HEADING)).to_have_text("Contents")
            page.locator(f'main a[href$="{chapter}"]').first.click()
            expect(page.locator(HEADING)).to_have_text(f"Page {chapter[:3]}")
            instrument = page.locator("section.instrument").first
            instrument.scroll_into_view_if_needed()
            expect(instrument).to_have_attribute("data-state", "live")
            page.locator("section.snippet .source").hover()
            expect(page.locator("section.snippet .cm-content")).to_be_visible()

    round_trip()
    before = held()
    for _ in range(4):
        round_trip()
    after = held()
    ahead = page.evaluate(NODES)  # nodes of a page that may have been prefetched
    for name, number in before.items():
        assert after[name] <= 1.1 * number + 50 + ahead, (name, before, after)


@pytest.mark.clock
def test_what_runs_is_stopped_when_its_page_is_left(page: Page) -> None:
    cell = run(page, "import time\nwhile True: time.sleep(0.01)")
    expect(cell).to_have_attribute("data-state", "running")
    go(page, TWO)
    expect(page.locator(READY)).to_be_attached()
    assert output(run(page, "print(7)")).strip() == "7"


def test_a_mistake_is_reported_with_the_passage_that_is_selected(page: Page) -> None:
    link = page.get_by_role("link", name="Report a mistake")
    page.get_by_text("A paragraph, number 7,").evaluate(
        "each => getSelection().selectAllChildren(each)"
    )
    page.evaluate("addEventListener('click', (event) => event.preventDefault(), { once: true })")
    link.click()
    kind, _, fields = (link.get_attribute("href") or "").partition("?")
    assert kind == "mailto:us@host.example"
    said = {name: values[0] for name, values in parse_qs(fields).items()}
    assert said["subject"] == "1.1 Page one"
    config = page.evaluate("JSON.parse(document.getElementById('latentbook-config').text)")
    for part in (page.url, config["build"], "“A paragraph, number 7, that takes room.”"):
        assert part in said["body"]


def test_other_clicks_are_the_browsers(page: Page) -> None:
    go(page, TWO)
    with page.context.expect_page() as opened:
        page.locator("nav.ways a").first.click(modifiers=["ControlOrMeta"])
    opened.value.close()
    with page.expect_download() as download:
        page.locator(".download a").first.click()
    assert download.value.suggested_filename.endswith(".ipynb")
    assert page.url.split("?")[0].endswith(TWO)


@pytest.mark.parametrize("trouble", ["cut", "status", "other build"])
def test_a_page_that_cannot_be_taken_in_is_loaded(page: Page, trouble: str) -> None:
    start = page.url

    def refuse(route: Route) -> None:
        if route.request.is_navigation_request():
            route.continue_()
        elif trouble == "cut":
            route.abort()
        elif trouble == "status":
            route.fulfill(status=503, body="busy")
        else:
            page_text = route.fetch().text()
            route.fulfill(
                body=page_text.replace('"build":"', '"build":"x'), content_type="text/html"
            )

    page.route("**/contents/", refuse)
    page.locator(".bar >> text=Contents").click()
    expect(page.locator(HEADING)).to_have_text("Contents")
    page.wait_for_function("() => globalThis.visit === undefined")
    page.unroute("**/contents/")
    page.go_back()
    page.wait_for_url(start)


def test_the_contents_show_the_entry_of_the_page(chromium: Browser, editions: Editions) -> None:
    context = chromium.new_context(viewport={"width": 1400, "height": 240})
    page = context.new_page()

    def lengthen(route: Route) -> None:
        response = route.fetch()
        rows = '<ul class="book">' + '<li><a href="#">Earlier</a></li>' * 40
        route.fulfill(response=response, body=response.text().replace('<ul class="book">', rows, 1))

    page.route(f"**/{TWO}", lengthen)
    page.goto(editions.url + TWO)
    page.wait_for_function(
        """() => {
            const [column, entry] = [".contents", ".contents [aria-current=page]"]
                .map((each) => document.querySelector(each).getBoundingClientRect());
            return column.height > 50 && entry.top >= column.top && entry.bottom <= column.bottom;
        }"""
    )
    assert page.evaluate("scrollY") == 0
    assert page.locator(".contents").evaluate("(column) => column.scrollTop") > 0
    context.close()
