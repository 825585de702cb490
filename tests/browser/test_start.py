"""Later visits start from the page's own snapshot, or from the files if it is unusable."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.browser.book_pages import SECTION, lenient, mark, output, run, visit, wait_until
from widgets.engine.failure import NEEDS_NETWORK

pytestmark = pytest.mark.browser

STATUS = "[data-runtime-status]"
ANSWERS = """
import numpy as np
np.set_printoptions(precision=17)
print(np.linalg.svd(np.arange(12.0).reshape(3, 4))[1], np.fft.fft(np.arange(8.0)))
print(np.random.default_rng(7).normal(size=4))
try:
    np.zeros((2, 3)) @ np.zeros((2, 3))
except ValueError as error:
    print(error)
"""
ENTROPY = """
import random
import numpy as np
print(random.random(), np.random.rand(), np.random.default_rng().random())
"""
# Retries, because a start may still be reading the snapshot to check it.
UNLOCKED = """
  const unlocked = async (change) => {
    for (;;) {
      try {
        return await change();
      } catch (error) {
        if (error.name !== "NoModificationAllowedError") throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  };
"""
EVERY_FILE = (
    f"async (change) => {{{UNLOCKED}"
    + """
  const seen = [];
  for await (const folder of (await navigator.storage.getDirectory()).values()) {
    for await (const [name, handle] of folder.entries()) {
      seen.push(name);
      if (change === null) continue;
      const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
      const harmed = {
        truncated: () => bytes.slice(0, bytes.length >> 1),
        flipped: () => ((bytes[bytes.length >> 1] ^= 4), bytes),
      }[change]();
      const writable = await unlocked(() => handle.createWritable());
      await writable.write(harmed);
      await writable.close();
    }
  }
  return seen;
}"""
)

WORKER = """() => {
  const config = JSON.parse(document.getElementById("latentbook-config").textContent);
  return new URL(config.root + config.assets["worker.js"], document.baseURI).href;
}"""
RESTORE = """() => {
  const config = JSON.parse(document.getElementById("latentbook-config").textContent);
  const root = new URL(config.root, document.baseURI).href;
  const { base, hashes, version } = config.runtime;
  const worker = new Worker(`${root}assets/restore-worker.js`, { type: "module" });
  const answer = new Promise((resolve, reject) => {
    worker.addEventListener("message", ({ data }) => resolve(data));
    worker.addEventListener("error", ({ message }) => reject(new Error(message)));
  });
  worker.postMessage({ base: root + base, hashes, version });
  return answer;
}"""

LEAVE_ONLY_AN_OLD_ONE = (
    f"async () => {{{UNLOCKED}"
    + """
  for await (const folder of (await navigator.storage.getDirectory()).values()) {
    for await (const name of folder.keys()) await unlocked(() => folder.removeEntry(name));
    await folder.getFileHandle("0123456789ab.snapshot", { create: true });
  }
}"""
)

# Reads a snapshot of one page of memory, complete and damaged.
REFUSE = """
import { readSnapshot } from "./static/js/python/worker/snapshot.js";
import { storedIn } from "./static/js/python/worker/snapshot-store.js";
const encoder = new TextEncoder();
const header = (version) => JSON.stringify({ version, runs: [[0, 4096]], libraries: [] });
const snapshotOf = (version) => {
  const text = encoder.encode(header(version).padEnd(92));
  const bytes = new Uint8Array(128 + 4096);
  bytes.set(encoder.encode("latentbook snap\\n"));
  new DataView(bytes.buffer).setUint32(32, text.length, true);
  bytes.set(text, 36);
  return bytes;
};
const told = (bytes) => {
  try {
    readSnapshot(storedIn(bytes), "this");
    return "read";
  } catch (error) {
    return error.message;
  }
};
const whole = snapshotOf("this");
console.log(JSON.stringify({
  "whole": told(whole),
  "of another build": told(snapshotOf("other")),
  "half": told(whole.slice(0, 2112)),
  "its beginning": told(whole.slice(0, 64)),
  "empty": told(new Uint8Array(0)),
  "foreign": told(encoder.encode("something else".repeat(1000))),
}));
"""


@pytest.fixture(scope="module")
def context_of(chromium: Browser) -> Iterator[Callable[[], BrowserContext]]:
    contexts = []

    def one() -> BrowserContext:
        context = chromium.new_context(viewport={"width": 1280, "height": 900})
        contexts.append(context)
        return context

    yield one
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def first(context_of: Callable[[], BrowserContext], book: str) -> tuple[BrowserContext, str, str]:
    """A browser after one visit, with the output of a snippet and the readouts of an instrument.

    The book was open in two tabs at once, which stored only one snapshot.
    """
    context = context_of()
    other, page = context.new_page(), context.new_page()
    for tab in (other, page):
        tab.goto(book + SECTION, wait_until="commit")
    assert mark(page, "python-started") == "files"
    answers = output(run(page, ANSWERS))
    readouts = moved_readouts(page)
    for tab in (other, page):
        assert mark(tab, "snapshot") == "kept"
    assert len(page.evaluate(EVERY_FILE, None)) == 1
    for tab in (other, page):
        tab.close()
    return context, answers, readouts


@pytest.fixture(scope="module")
def second(first: tuple[BrowserContext, str, str], book: str) -> Page:
    """The second visit."""
    page = visit(first[0], book)
    assert mark(page, "python-started") == "snapshot"
    return page


def moved_readouts(page: Page) -> str:
    """Set the first instrument's first slider to its minimum; return the readouts."""
    instrument = page.locator("section.instrument").first
    instrument.scroll_into_view_if_needed()
    before = instrument.locator("[data-readout]").all_inner_texts()
    instrument.locator("input[type=range]:visible").first.evaluate(
        "(slider) => { slider.value = slider.min;"
        " slider.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    expect(instrument.locator("[data-readout]").nth(1)).not_to_have_text(before[1])
    return " ".join(instrument.locator("[data-readout]").all_inner_texts())


@pytest.mark.long
def test_answers_are_those_of_the_first_visit(
    first: tuple[BrowserContext, str, str], second: Page
) -> None:
    assert output(run(second, ANSWERS)) == first[1]
    assert moved_readouts(second) == first[2]


@pytest.mark.long
def test_restored_memory_is_what_was_stored_to_the_byte(
    second: Page, root: Path, book: str
) -> None:
    esbuild = root / "node_modules" / ".bin" / "esbuild"
    worker = Path(__file__).with_name("restore-worker.js")
    bundle = [str(esbuild), str(worker), "--bundle", "--format=esm", "--log-level=warning"]
    script = subprocess.run(bundle, capture_output=True, text=True, check=True).stdout
    real = second.evaluate(WORKER)

    def lend(route: Route) -> None:
        """Serve the script with the headers of the book's own worker."""
        route.fulfill(response=route.fetch(url=real), body=script)

    second.context.route("**/restore-worker.js", lend)
    stored, restored = second.evaluate(RESTORE)
    assert restored == stored


def test_what_the_snapshot_lacks_is_imported_when_asked_for(second: Page) -> None:
    code = "import statistics, decimal\nprint(statistics.mean([1, 2, 6]), decimal.Decimal(1) / 8)"
    assert output(run(second, code)).split() == ["3", "0.125"]


@pytest.mark.clock
def test_an_endless_loop_is_stopped_and_keeps_its_variables(second: Page) -> None:
    cell = run(second, "kept = 7\nprint('begun')\nwhile True: pass")
    expect(cell.locator("[data-output]")).to_contain_text("begun")
    expect(cell).to_have_attribute("data-state", "running")
    with lenient(second):
        cell.locator('[data-action="stop"]').click()
        expect(cell.locator("[data-status]")).to_contain_text("Variables are kept")
    assert output(run(second, "kept")).strip() == "7"


@pytest.mark.long
def test_every_restore_has_its_own_entropy(
    first: tuple[BrowserContext, str, str], second: Page, book: str
) -> None:
    third = visit(first[0], book)
    assert mark(third, "python-started") == "snapshot"
    numbers = [output(run(page, ENTROPY)).split() for page in (second, third)]
    third.close()
    assert len({*numbers[0], *numbers[1]}) == 6


def test_every_restore_has_the_readers_time_zone(
    first: tuple[BrowserContext, str, str], book: str
) -> None:
    page = first[0].new_page()
    zone = {"timezoneId": "Asia/Kathmandu"}
    first[0].new_cdp_session(page).send("Emulation.setTimezoneOverride", zone)
    page.goto(book + SECTION)
    code = "import time\nfrom datetime import datetime\n"
    code += "print(time.timezone, datetime(2026, 1, 1).astimezone().utcoffset())"
    assert output(run(page, code)).split() == ["-20700", "5:45:00"]
    assert mark(page, "python-started") == "snapshot"
    page.close()


def test_what_is_no_snapshot_of_this_build_is_refused(root: Path) -> None:
    told = subprocess.run(
        ["node", "--input-type=module", "--eval", REFUSE],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert json.loads(told) == {
        "whole": "read",
        "of another build": "it belongs to another build",
        "half": "it is damaged",
        "its beginning": "it is damaged",
        "empty": "it is not a snapshot",
        "foreign": "it is not a snapshot",
    }


@pytest.mark.parametrize("change", [pytest.param("truncated", marks=pytest.mark.long), "flipped"])
def test_a_harmed_snapshot_is_said_and_the_files_serve(
    first: tuple[BrowserContext, str, str], second: Page, book: str, change: str
) -> None:
    second.evaluate(EVERY_FILE, change)
    page = visit(first[0], book)
    expect(page.locator(STATUS)).to_contain_text("started from its files")
    assert mark(page, "python-started") == "files"
    if change == "flipped":
        # The page notices only after the first answer, and then asks for it again.
        expect(page.locator(STATUS)).to_contain_text("it is damaged")
        assert moved_readouts(page) == first[2]
        assert output(run(page, ANSWERS)) == first[1]
    assert mark(page, "snapshot") == "kept"  # and the next visit is quick again
    page.reload()
    assert mark(page, "python-started") == "snapshot"
    page.close()


def test_numpy_follows_python_itself(context_of: Callable[[], BrowserContext], book: str) -> None:
    page = context_of().new_page()
    held: list[Route] = []
    asked: list[str] = []
    page.context.route("**/pyodide.asm-*.wasm", lambda route: held.append(route))
    page.on("request", lambda request: asked.append(request.url))
    with page.expect_event("requestfinished", lambda request: "/std-" in request.url):
        page.goto(book + SECTION, wait_until="commit")
    wait_until(page, lambda: held)
    assert not any("/numpy-" in url for url in asked)
    with page.expect_request("**/numpy-*.pack"):
        held[0].continue_()
    assert mark(page, "python-started") == "files"


def test_what_most_code_wants_follows_the_first_answer(
    context_of: Callable[[], BrowserContext], book: str
) -> None:
    page = context_of().new_page()
    held: list[Route] = []
    page.context.route(
        "**/soon-*.pack", lambda route: route.continue_() if held else held.append(route)
    )
    page.goto(f"{book}{SECTION}?bottleneck.k=5#bottleneck")
    expect(page.locator('#bottleneck [data-readout="compression"]')).to_have_text("156.8")
    wait_until(page, lambda: held)
    held[0].continue_()
    assert "0.636" in output(
        run(page, "import numpy as np\nprint(np.random.default_rng(0).random())")
    )


def test_without_the_network_a_reader_is_told_what_is_missing(
    context_of: Callable[[], BrowserContext], book: str
) -> None:
    page = context_of().new_page()
    missing = ("**/soon-*.pack", "**/common-*.pack")
    for files in missing:
        page.context.route(files, lambda route: route.abort())
    page.goto(book + SECTION)
    other = page.locator("#linear-ae-pca")
    other.scroll_into_view_if_needed()
    expect(other.locator("[data-status]")).to_have_text(NEEDS_NETWORK)
    # The instrument asks again whenever Python's state changes, also when code starts to run.
    assert output(run(page, "print(sum(range(1_000_000)))")).strip() == "499999500000"
    expect(other.locator("[data-status]")).to_have_text(NEEDS_NETWORK)
    cell = run(page, "import decimal\nprint(decimal.Decimal(1) / 8)")
    assert NEEDS_NETWORK in output(cell)
    expect(page.locator(STATUS)).to_have_text(
        "Python ready. Your next visit will start no faster: soon.pack could not be fetched."
    )
    for files in missing:
        page.context.unroute(files)
    other.locator("input[type=range]").first.press("ArrowRight")
    expect(other).to_have_attribute("data-state", "live")
    cell.locator('[data-action="run"]').evaluate("button => button.click()")
    expect(cell.locator("[data-output]")).to_have_text("0.125")


@pytest.mark.long
def test_a_browser_that_keeps_nothing_says_so(
    context_of: Callable[[], BrowserContext], book: str
) -> None:
    context = context_of()
    context.add_init_script(
        "StorageManager.prototype.getDirectory = undefined;"
        "CacheStorage.prototype.open = () => Promise.reject(new DOMException('no'));"
    )
    page = visit(context, book)
    expect(page.locator(STATUS)).to_contain_text("Your next visit will start no faster")
    assert output(run(page, "6 * 7")).strip() == "42"


@pytest.mark.long
def test_an_evicted_snapshot_costs_one_start_and_an_old_one_goes(
    first: tuple[BrowserContext, str, str], second: Page, book: str
) -> None:
    second.evaluate(LEAVE_ONLY_AN_OLD_ONE)
    page = visit(first[0], book)
    assert mark(page, "python-started") == "files"
    assert "files" not in page.locator(STATUS).inner_text()  # no fault is reported
    assert mark(page, "snapshot") == "kept"
    (kept,) = page.evaluate(EVERY_FILE, None)
    assert "0123456789ab" not in kept
    page.close()


@pytest.mark.long
def test_a_full_disk_is_said_and_python_works(
    context_of: Callable[[], BrowserContext], book: str
) -> None:
    context = context_of()
    page = context.new_page()
    quota = {"origin": book.rstrip("/"), "quotaSize": 5_000_000}
    context.new_cdp_session(page).send("Storage.overrideQuotaForOrigin", quota)
    page.goto(book + SECTION)
    expect(page.locator(STATUS)).to_contain_text("Your next visit will start no faster")
    assert output(run(page, "6 * 7")).strip() == "42"
    assert not any(name.endswith(".snapshot") for name in page.evaluate(EVERY_FILE, None))
