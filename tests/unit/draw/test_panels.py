"""Panels and the zoomed view in a page with the book's styles and its security policy."""

from __future__ import annotations

import base64
import io
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route

from latentbook.http.headers import CONTENT_SECURITY_POLICY
from tests.unit.draw.conftest import MODULES, ROOT
from tests.unit.draw.drawn_figures import FIGURES, plain, spectrum

pytestmark = pytest.mark.browser

ORIGIN = "http://book.test/"
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
POLICY = "; ".join(f"{name} {value}" for name, value in CONTENT_SECURITY_POLICY.items())

ENTRY = """
import * as plot from "./instrument/panels/plot.js";
import * as tiles from "./instrument/panels/tiles.js";
import { svg } from "./figure/draw.js";
import { show } from "./figure/zoom.js";
globalThis.parts = { plot, tiles, show, svg };
"""

HTML = """<!doctype html>
<script type="application/json" id="latentbook-config">
  {"root": "./", "assets": {"zoom.css": "zoom.css"}}
</script>
<link rel="stylesheet" href="tokens.css">
<link rel="stylesheet" href="blocks.css">
<link rel="stylesheet" href="instrument.css">
<div id="place" style="width: 600px"></div>
<script type="module" src="entry.js"></script>
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts and styles of a page that holds nothing but panels."""
    folder = tmp_path_factory.mktemp("site")
    esbuild = [MODULES / ".bin" / "esbuild", "--bundle", "--log-level=warning"]
    split = ["--splitting", "--format=esm", "--loader:.css=empty", f"--outdir={folder}"]
    subprocess.run(
        [*esbuild, "--sourcefile=entry.js", "--entry-names=entry", *split],
        input=ENTRY,
        cwd=ROOT / "static" / "js",
        text=True,
        check=True,
    )
    css = ROOT / "static" / "css"
    subprocess.run([*esbuild, css / "zoom.css", f"--outdir={folder}"], check=True)
    for name in ("tokens", "blocks", "instrument"):
        (folder / f"{name}.css").write_text((css / f"{name}.css").read_text())
    (folder / "index.html").write_text(HTML)
    return folder


@pytest.fixture
def place(browser: Browser, site: Path) -> Iterator[Page]:
    """A fresh page at 600 px of panel width. Whatever the browser complains of fails the test."""
    complaints: list[str] = []

    def serve(route: Route) -> None:
        path = site / (route.request.url.removeprefix(ORIGIN) or "index.html")
        route.fulfill(
            body=path.read_bytes(),
            content_type=TYPES[path.suffix],
            headers={"Content-Security-Policy": POLICY},
        )

    page = browser.new_page(viewport={"width": 1000, "height": 800})
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.route(f"{ORIGIN}**", serve)
    page.goto(ORIGIN)
    page.wait_for_function("globalThis.parts")
    yield page
    page.close()
    assert complaints == []


def with_stills(page: Page, figure: dict[str, Any]) -> None:
    """Put both stills of a figure into the page, as the build does."""
    page.evaluate(
        """(figure) => {
            const panel = document.createElement("div");
            panel.className = "panel plot";
            for (const width of [600, 320])
                panel.innerHTML += parts.svg(figure, { width, id: `s-${width}`, label: "first" });
            document.getElementById("place").replaceChildren(panel);
        }""",
        figure,
    )


DRAW = """(figure) => {
    const panel = document.querySelector(".panel");
    globalThis.records = 0;
    new MutationObserver((list) => { records += list.length }).observe(
        panel, { subtree: true, childList: true, attributes: true, characterData: true });
    globalThis.drawing ??= parts.plot.mount(panel);
    drawing.draw({ key: "p", kind: "plot", figure, alt: "first" });
    return new Promise((done) => setTimeout(() => done(records), 50));
}"""


@pytest.mark.parametrize("name", FIGURES)
def test_takes_the_still_over_untouched(place: Page, name: str) -> None:
    figure = plain(FIGURES[name]())
    with_stills(place, figure)
    before = place.screenshot()
    assert place.evaluate(DRAW, figure) == 0
    assert place.screenshot() == before


SEEN = """() => {
    const visible = [...document.querySelectorAll(".panel svg")]
        .map((svg) => [svg.viewBox.baseVal.width, svg.getBoundingClientRect()])
        .filter(([, box]) => box.width > 0);
    return visible.flatMap(([inner, box]) => [inner, box.width, box.height]);
}"""
IS_SEEN = f"(wanted) => JSON.stringify(({SEEN})()) === JSON.stringify(wanted)"


def seen(page: Page) -> list[float]:
    return page.evaluate(SEEN)


def test_follows_the_width(place: Page) -> None:
    figure = plain(spectrum())
    with_stills(place, figure)
    place.evaluate("addEventListener('error', ({ message }) => console.log(message))")
    place.evaluate(DRAW, figure)
    for width, height in ((664, 332), (400, 280), (330, 231), (600, 300)):
        place.evaluate("(w) => { document.getElementById('place').style.width = `${w}px` }", width)
        place.wait_for_function(IS_SEEN, arg=[width, width, height])


def test_first_picture_without_a_still(place: Page) -> None:
    place.evaluate("document.getElementById('place').innerHTML = '<div class=panel></div>'")
    place.evaluate(DRAW, plain(spectrum()))
    assert seen(place) == [600, 600, 300]
    assert place.locator(".panel svg").get_attribute("aria-label") == "first"


def tiles_panel(images: Any, **more: Any) -> dict[str, Any]:
    panel = {"key": "t", "kind": "tiles", "shape": list(images.shape), "alt": "digits", "gap": 0}
    return panel | {"data": images.ravel().tolist(), "captions": [], "server": None} | more


DRAW_TILES = """(panel) => {
    document.getElementById("place").innerHTML ||= '<div class="panel tiles"></div>';
    const element = document.querySelector(".panel");
    globalThis.drawing ??= parts.tiles.mount(element);
    drawing.draw({ ...panel, data: Uint8Array.from(panel.data) });
}"""


def pixels(page: Page) -> Any:
    """Red, green and blue of the canvas, of shape (height, width, 3)."""
    url = page.evaluate("document.querySelector('canvas').toDataURL()")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("RGB"))


def test_tiles_lie_where_numpy_puts_them(place: Page) -> None:
    """Compared with the mosaic made by transposing the array."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, size=(2, 3, 4, 5), dtype=np.uint8)
    place.evaluate(DRAW_TILES, tiles_panel(images, gap=2, captions=["test digit", "rebuilt"]))
    seen = pixels(place)
    padded = np.pad(images, ((0, 0), (0, 0), (0, 2), (0, 2)))
    wall = padded.transpose(0, 2, 1, 3).reshape(12, 21)[:10, :19]
    assert seen.shape[:2] == wall.shape
    paper, ink = 0xFF, 0x1D  # red of --tile-paper and --tile-ink, light
    expected = paper + (ink - paper) * (wall / 255)
    np.testing.assert_allclose(seen[..., 0], expected, atol=0.51)
    assert place.locator(".captions span").all_inner_texts() == ["test digit", "rebuilt"]
    assert place.get_by_role("img", name="digits").bounding_box()["height"] == pytest.approx(
        600 * 10 / 19, abs=0.1
    )


def test_tiles_follow_the_theme(place: Page) -> None:
    place.evaluate(DRAW_TILES, tiles_panel(np.full((1, 1, 2, 2), 255, np.uint8)))
    assert (pixels(place) == [0x1D, 0x1C, 0x1A]).all()
    place.evaluate("document.documentElement.dataset.theme = 'dark'")
    place.evaluate("document.dispatchEvent(new Event('themechange'))")
    assert (pixels(place) == [0xE8, 0xE6, 0xE0]).all()


SHOW = """async (figure) => {
    globalThis.away = await parts.show(document.getElementById("place"), figure);
}"""


@pytest.mark.parametrize("name", FIGURES)
def test_zoom_shows_every_figure(place: Page, name: str) -> None:
    place.evaluate(SHOW, plain(FIGURES[name]()))
    assert place.locator(".main-svg").count() > 0
    assert place.locator(".modebar-btn").count() > 2
    box = place.locator(".main-svg").first.bounding_box()
    assert box["width"] == pytest.approx(600, abs=1)


def test_zoom_in_the_colours_of_the_theme(place: Page) -> None:
    place.evaluate(SHOW, plain(spectrum()))
    line = "getComputedStyle(document.querySelector('.js-line')).stroke"
    assert place.evaluate(line) == "rgb(208, 106, 28)"
    place.evaluate("document.documentElement.dataset.theme = 'dark'")
    place.evaluate("document.dispatchEvent(new Event('themechange'))")
    place.wait_for_function(f"{line} === 'rgb(240, 160, 90)'")


def test_zoom_lists_the_numbers(place: Page) -> None:
    place.evaluate(SHOW, plain(spectrum()))
    place.get_by_text("The numbers as a table").click()
    place.locator(".numbers table").first.wait_for()
    cells = place.locator(".numbers table").first.locator("tbody tr").first.locator("td")
    assert cells.all_inner_texts() == ["1", "10"]


def test_zoom_refuses_what_it_cannot_draw(place: Page) -> None:
    place.evaluate(SHOW, {"data": [{"type": "surface", "z": [[1]]}], "layout": {}})
    assert "cannot draw a trace of type surface" in place.inner_text("#place")


@pytest.mark.parametrize(("name", "start"), [("PNG", b"\x89PNG"), ("SVG", b"<svg")])
def test_zoom_exports_a_picture(place: Page, name: str, start: bytes) -> None:
    place.evaluate(SHOW, plain(spectrum()))
    with place.expect_download() as download:
        place.locator(f"[data-title*={name}]").dispatch_event("click")
    assert Path(download.value.path()).read_bytes().startswith(start)


def test_zoom_is_forgotten_when_its_place_is_emptied(place: Page) -> None:
    place.evaluate(SHOW, plain(spectrum()))
    place.evaluate("document.getElementById('place').replaceChildren()")
    place.evaluate("document.dispatchEvent(new Event('themechange'))")
    assert place.locator(".main-svg").count() == 0
