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

from latentbook.book.compose.stills import picture_png, sheet
from latentbook.policy import CONTENT_SECURITY_POLICY
from tests.unit.draw.conftest import MODULES, ROOT
from tests.unit.draw.drawn_figures import FIGURES, plain, spectrum

pytestmark = pytest.mark.browser

ORIGIN = "http://book.test/"
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}
POLICY = "; ".join(f"{name} {value}" for name, value in CONTENT_SECURITY_POLICY.items())

ENTRY = """
import * as plot from "./instrument/panels/plot.js";
import * as tiles from "./instrument/panels/tiles.js";
import { choice } from "./instrument/controls/choice.js";
import { Painter } from "./instrument/map/paint.js";
import { pictureOf } from "./instrument/server/pictures.js";
import { svg } from "./figure/draw.js";
import { show } from "./figure/zoom.js";
globalThis.parts = { plot, tiles, choice, Painter, pictureOf, show, svg };
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
    """The scripts and styles of a page that contains only panels."""
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
    """A fresh page with panels 600 px wide. Any console message or page error fails the test."""
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
    parts = {"data": images.ravel().tolist(), "captions": [], "server": None, "gallery": None}
    return panel | parts | more


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
    place.evaluate(DARK)
    assert (pixels(place) == [0xE8, 0xE6, 0xE0]).all()


DARK = """() => {
    document.documentElement.dataset.theme = "dark";
    document.dispatchEvent(new Event("themechange"));
}"""
COLOURS = np.random.default_rng(1).integers(0, 256, (2, 3, 4, 5, 3), np.uint8)


def test_colours_are_the_arrays_in_every_theme(place: Page) -> None:
    place.evaluate(DRAW_TILES, tiles_panel(COLOURS, gap=1))
    for paper in ([255, 255, 255], [0x1A, 0x1C, 0x20]):
        seen = pixels(place)
        assert seen.shape == (2 * 4 + 1, 3 * 5 + 2, 3)
        for row, column in np.ndindex(2, 3):
            tile = seen[5 * row : 5 * row + 4, 6 * column : 6 * column + 5]
            np.testing.assert_array_equal(tile, COLOURS[row, column])
        assert (seen[4] == paper).all() and (seen[:, 5] == paper).all()
        place.evaluate(DARK)


def test_a_maps_tile_in_colour_is_the_array(place: Page) -> None:
    rng = np.random.default_rng(2)
    tile = rng.integers(0, 256, (256, 256, 3), np.uint8)
    place.evaluate(
        """(data) => {
            const canvas = document.createElement("canvas");
            [canvas.width, canvas.height] = [256, 256];
            document.getElementById("place").replaceChildren(canvas);
            const context = canvas.getContext("2d");
            context.setTransform(1, 0, 0, 1, 128, 128);
            const store = { get: () => ({ pixels: Uint8Array.from(data), since: -1000 }) };
            const plane = { limit: 1, max_zoom: 0 };
            new parts.Painter(document.body, context).tiles(store, plane, [0, 0, 0], 0);
        }""",
        tile.ravel().tolist(),
    )
    np.testing.assert_array_equal(pixels(place), tile)


@pytest.mark.parametrize("channels", [(), (3,)])
def test_cells_are_joined_as_pillow_pastes_them(place: Page, channels: tuple[int, ...]) -> None:
    cells = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 5, *channels), np.uint8)
    joined = place.evaluate(
        "([data, shape]) => [...parts.pictureOf(Uint8Array.from(data), ...shape)]",
        [cells.ravel().tolist(), list(cells.shape)],
    )
    picture = Image.new("RGB" if channels else "L", (15, 8))
    for row, column in np.ndindex(2, 3):
        picture.paste(Image.fromarray(cells[row, column]), (5 * column, 4 * row))
    assert bytes(joined) == picture.tobytes()


NAMES = [f"face {i}" for i in range(100)]
FACES = np.random.default_rng(3).integers(0, 256, (1, 100, 8, 8, 3), np.uint8)


def gallery_panel(**more: Any) -> dict[str, Any]:
    parts = {"labels": NAMES, "numbers": [], "marked": [7], "sides": [32, 32]}
    return tiles_panel(FACES, gallery=parts | more)


CHOOSE = """([panel, options]) => {
    const element = document.createElement("div");
    element.className = "panel tiles";
    element.innerHTML = '<div class="image"></div>';
    document.getElementById("place").replaceChildren(element);
    globalThis.picked = "face 0";
    const bench = {
        values: () => ({ face: picked }),
        move: (name, value) => { picked = value; drawing.follow() },
    };
    globalThis.drawing = parts.choice.mount(element, { name: "face", options }, bench);
    drawing.draw({ ...panel, data: Uint8Array.from(panel.data) });
}"""


def columns(page: Page) -> int:
    tops = page.locator(".gallery > *").evaluate_all("all => all.map((each) => each.offsetTop)")
    return tops.count(tops[0])


def test_a_gallery_shows_each_image_with_its_words(place: Page) -> None:
    place.evaluate(DRAW_TILES, gallery_panel(numbers=[f"{i}.5" for i in range(100)]))
    data = place.locator(".gallery canvas").evaluate_all(
        "all => all.map((each) => [...each.getContext('2d').getImageData(0, 0, 8, 8).data])"
    )
    seen = np.array(data, np.uint8).reshape(100, 8, 8, 4)
    np.testing.assert_array_equal(seen[..., :3], FACES[0])
    assert (seen[..., 3] == 255).all()
    group = place.get_by_role("group", name="digits")
    assert group.get_by_role("img", name="face 7, 7.5, marked", exact=True).count() == 1
    assert group.get_by_role("img", name="face 70, 70.5", exact=True).inner_text() == "70.5"
    place.evaluate(DRAW_TILES, gallery_panel(marked=[]) | {"alt": "without"})
    assert place.locator(".gallery small, .gallery .marked").count() == 0
    place.evaluate(DRAW_TILES, tiles_panel(COLOURS))  # a reader has removed the labels
    assert place.locator(".gallery, .named").count() == 0
    assert pixels(place).shape == (8, 15, 3)


@pytest.mark.parametrize(("width", "fit"), [(300, 7), (700, 17), (920, 22)])
def test_a_gallery_wraps_at_any_width(place: Page, width: int, fit: int) -> None:
    place.evaluate("(w) => { document.getElementById('place').style.width = `${w}px` }", width)
    place.evaluate(DRAW_TILES, gallery_panel())
    boxes = place.locator(".gallery > *").evaluate_all(
        "all => all.map((each) => each.getBoundingClientRect().right)"
    )
    assert max(boxes) <= place.locator("#place").bounding_box()["x"] + width
    assert columns(place) == fit
    sides = place.locator(".gallery canvas").evaluate_all("all => all.map((c) => c.offsetWidth)")
    assert set(sides) == {32}


def test_a_gallery_is_chosen_from_by_keys_alone(place: Page) -> None:
    place.evaluate(CHOOSE, [gallery_panel(), dict.fromkeys(NAMES, "")])
    across = columns(place)
    place.keyboard.press("Tab")
    focused = place.locator("[role=option]:focus")
    for keys, at in (
        ("", 0),
        ("ArrowLeft", 0),
        ("ArrowUp", 0),
        ("ArrowRight", 1),
        ("ArrowDown", 1 + across),
        ("End", 99),
        ("ArrowDown", 99),
        ("ArrowUp", 99 - across),
        ("Home", 0),
        ("ArrowRight", 1),
    ):
        if keys:
            place.keyboard.press(keys)
        assert focused.get_attribute("aria-label") == f"face {at}"
        assert place.locator(".named").inner_text() == f"face {at}"
    chosen = place.locator("[role=option][aria-selected=true]")
    assert chosen.get_attribute("aria-label") == "face 0"
    for key, move in (("Enter", "ArrowRight"), (" ", "ArrowRight")):
        place.keyboard.press(key)
        label = focused.get_attribute("aria-label")
        assert place.evaluate("picked") == label == chosen.get_attribute("aria-label")
        place.keyboard.press(move)
    assert place.evaluate("picked") == "face 2"
    place.keyboard.press("Tab")
    assert place.locator("[role=option]:focus").count() == 0  # one tab stop for all
    assert place.locator(".named").inner_text() == ""


def test_a_gallery_is_chosen_from_by_the_pointer(place: Page) -> None:
    place.evaluate(CHOOSE, [gallery_panel(), dict.fromkeys(NAMES, "")])
    place.get_by_role("option", name="face 42", exact=True).hover()
    assert place.locator(".named").inner_text() == "face 42"
    place.get_by_role("option", name="face 42", exact=True).click()
    assert place.evaluate("picked") == "face 42"
    assert place.get_by_role("listbox", name="digits").count() == 1


@pytest.mark.parametrize("channels", [(), (3,)])
def test_the_still_of_a_gallery_shows_each_image_in_its_place(
    place: Page, channels: tuple[int, ...]
) -> None:
    """At two screen pixels per pixel of the array, as the browser draws it."""
    images = np.random.default_rng(4).integers(0, 256, (7, 16, 20, *channels), np.uint8)
    picture, places = sheet(images)
    png = base64.b64encode(picture_png(picture)).decode()
    shown, still = ("background", " colour") if channels else ("mask", "")
    all_of_them = "".join(
        f'<div><span class="tiles-still{still}" '
        f'style="{shown}: url(data:image/png;base64,{png}) {each}"></span></div>'
        for each in places
    )
    style = "--side: 40px; --narrow: 40px; --ratio: 20 / 16"
    html = f'<div class="panel tiles"><div class="image gallery" style="{style}">{all_of_them}'
    place.evaluate("(html) => { document.getElementById('place').innerHTML = html }", html)
    for i, image in enumerate(images):
        taken = place.locator(".gallery span").nth(i).screenshot()
        seen = np.asarray(Image.open(io.BytesIO(taken)).convert("RGB")).astype(int)
        wanted = image if channels else 0xFF + (0x1D - 0xFF) * (image[..., None] / 255)
        enlarged = wanted.repeat(2, 0).repeat(2, 1)
        np.testing.assert_allclose(seen[..., :1], enlarged[..., :1], atol=2)
        if channels:
            np.testing.assert_allclose(seen, enlarged, atol=2)


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
