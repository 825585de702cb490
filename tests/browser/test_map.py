"""The map: moved by mouse, wheel, fingers and keys; with, without and after loss of a server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.book_pages import READY, Open, go_to, hold_as_phone, wait_until, where, write
from widgets.engine import frames

pytestmark = pytest.mark.browser

LABEL = "latent-atlas"
UNIT = 400 / (
    2 * 8
)  # panel width over plane width at zoom 0: see static/js/instrument/map/geometry.js


def atlas(page: Page) -> Locator:
    """Go to the map, and wait for its tiles."""
    go_to(page, where(LABEL))
    instrument = page.locator(f"#{LABEL}")
    instrument.scroll_into_view_if_needed()
    expect(page.locator(READY)).to_be_attached()
    expect(instrument.locator("canvas").first).to_be_attached()
    expect(instrument.locator(".map .tiles-still")).to_have_count(0)  # every tile has loaded
    return instrument


@pytest.fixture
def shared(desk: Page) -> Iterator[Page]:
    """The page that all tests share; resets the map afterwards."""
    yield desk
    desk.locator(f'#{LABEL} .tools [data-action="reset"]').click()
    desk.mouse.move(5, 300)


def view(instrument: Locator) -> list[float]:
    """Read x, y and zoom from the map's fields."""
    fields = (instrument.locator(f'input[name="view.{part}"]') for part in ("x", "y", "zoom"))
    return [float(field.input_value()) for field in fields]


def spot(instrument: Locator, right: float, down: float) -> tuple[float, float]:
    """Convert shares of the panel into window coordinates."""
    image = instrument.locator(".map > .image")
    image.scroll_into_view_if_needed()
    box = image.bounding_box()
    assert box is not None
    return box["x"] + right * box["width"], box["y"] + down * box["height"]


def ink(instrument: Locator, right: float = 0.2, down: float = 0.2, share: float = 0.6) -> float:
    """Mean darkness, 0 to 255, of a part of the canvas."""
    mean: float = instrument.locator(".map canvas").evaluate(
        """(canvas, [right, down, share]) => {
          const size = canvas.width;
          const part = [right * size, down * size, share * size, share * size].map(Math.floor);
          const { data } = canvas.getContext("2d").getImageData(...part);
          let sum = 0;
          for (let i = 0; i < data.length; i += 4) sum += 255 - data[i];
          return sum / (data.length / 4);
        }""",
        [right, down, share],
    )
    return mean


def readout(instrument: Locator, key: str) -> Locator:
    return instrument.locator(f'[data-readout="{key}"]')


def test_dragged_by_the_mouse(shared: Page) -> None:
    instrument = atlas(shared)
    shared.mouse.move(*spot(instrument, 0.5, 0.5))
    shared.mouse.down()
    shared.mouse.move(*spot(instrument, 0.75, 0.25), steps=5)
    shared.mouse.up()
    quarter = 0.25 * 400 * 16 / (256 * 2**2)  # of the panel's width, in units of the plane
    assert view(instrument) == pytest.approx([-quarter, -quarter, 2], abs=0.05)
    shared.mouse.move(5, 300)
    expect(readout(instrument, "z")).to_have_text(re.compile(r"^\(−1\.5\d+, −1\.5\d+\)$"))
    expect(shared).to_have_url(re.compile(rf"{LABEL}\.view=-1\.5\d*,-1\.5\d*,2"))


def test_the_wheel_zooms_on_the_code_under_the_pointer(shared: Page) -> None:
    instrument = atlas(shared)
    shared.mouse.move(*spot(instrument, 0.75, 0.5))
    expect(readout(instrument, "z")).to_have_text(re.compile(r"^\(1\.5\d+, "))
    held = readout(instrument, "z").inner_text()
    for _ in range(4):
        shared.mouse.wheel(0, -150)
    expect(instrument.locator('input[name="view.zoom"]')).to_have_value("4")
    expect(readout(instrument, "z")).to_have_text(re.compile(rf"^\({held[1:4]}"))
    x, y, _ = view(instrument)
    assert (x, y) == pytest.approx((1.5625 * 0.75, 0), abs=0.03)


def test_a_wheel_that_scrolls_the_page_goes_on_scrolling_it(shared: Page) -> None:
    instrument = atlas(shared)
    taken = instrument.locator(".map > .image").evaluate(
        """async (image) => {
          const turn = (target) => !target.dispatchEvent(
            new WheelEvent("wheel", { deltaY: 60, bubbles: true, cancelable: true }));
          const pause = (ms) => new Promise((done) => setTimeout(done, ms));
          const first = [turn(document.body), turn(image), turn(image)];
          await pause(600);
          return [...first, turn(image)];
        }"""
    )
    assert taken == [False, False, False, True]
    assert view(instrument)[2] == pytest.approx(2 - 60 / 300)


def test_a_click_brings_a_place_to_the_centre(shared: Page) -> None:
    instrument = atlas(shared)
    shared.mouse.click(*spot(instrument, 0.7, 0.7))
    reach = 0.2 * 400 * 16 / (256 * 2**2)
    assert view(instrument) == pytest.approx([reach, -reach, 2], abs=0.05)


def test_keys_and_buttons(shared: Page) -> None:
    instrument = atlas(shared)
    image = instrument.locator(".map > .image")
    image.focus()
    expect(image).to_have_attribute("aria-label", re.compile("arrow keys move the map.*Home"))
    step = 50 * 16 / (256 * 2**2)
    shared.keyboard.press("ArrowRight")
    shared.keyboard.press("ArrowUp")
    assert view(instrument) == pytest.approx([step, step, 2], abs=0.01)
    shared.keyboard.press("Shift+ArrowLeft")
    assert view(instrument)[0] == pytest.approx(-3 * step, abs=0.01)
    shared.keyboard.press("+")
    assert view(instrument)[2] == 2.5
    shared.keyboard.press("-")
    shared.keyboard.press("-")
    assert view(instrument)[2] == 1.5
    shared.keyboard.press("Home")
    assert view(instrument) == [0, 0, 2]
    instrument.get_by_role("button", name="Zoom in").click()
    instrument.get_by_role("button", name="Zoom in").click()
    instrument.get_by_role("button", name="Zoom out").click()
    assert view(instrument) == [0, 0, 3]
    expect(instrument.locator("[data-live]")).to_contain_text("Code (0.000, 0.000)")
    expect(instrument.locator("[data-live]")).to_contain_text("Zoom 3.0")
    instrument.get_by_role("button", name="Home").click()
    assert view(instrument) == [0, 0, 2]


def test_typed_numbers_move_it(shared: Page) -> None:
    instrument = atlas(shared)
    instrument.locator('input[name="view.x"]').fill("1,5")
    instrument.locator('input[name="view.x"]').press("Enter")
    expect(readout(instrument, "z")).to_have_text("(1.500, 0.000)")
    instrument.locator('input[name="view.zoom"]').fill("19")
    instrument.locator('input[name="view.zoom"]').press("Enter")
    expect(instrument.locator(".problem")).to_contain_text("a zoom from 0 to 18")
    expect(instrument.locator(".problem")).to_contain_text("stays at 1.5, 0, 2")


def test_the_tiles_of_the_server_come(shared: Page) -> None:
    instrument = atlas(shared)
    expect(instrument.locator(".map .captions")).to_have_text("Decoded on the server")
    assert ink(instrument) > 10
    canvas = instrument.locator(".map canvas")
    expect(canvas).to_have_attribute("aria-label", re.compile(r"^A map of decoded images around"))


def test_dots_are_coloured_by_class(shared: Page) -> None:
    instrument = atlas(shared)
    shared.mouse.move(5, 300)

    def colourful() -> float:
        found: float = instrument.locator(".map canvas").evaluate(
            """(canvas) => {
              const { width } = canvas;
              const { data } = canvas.getContext("2d").getImageData(0, 0, width, width);
              let count = 0;
              for (let i = 0; i < data.length; i += 4) {
                const colour = data.slice(i, i + 3);
                if (Math.max(...colour) - Math.min(...colour) > 60) count++;
              }
              return count / (data.length / 4);
            }"""
        )
        return found

    before = colourful()
    instrument.locator('input[name="dots"]').check()
    wait_until(shared, lambda: colourful() > before + 0.02)


def test_there_is_never_an_empty_picture(shared: Page) -> None:
    """While the reader zooms, each frame shows tiles: coarse ones until the fine ones load."""
    instrument = atlas(shared)
    instrument.evaluate(
        """(section) => {
          const canvas = section.querySelector(".map canvas");
          globalThis.lightest = Infinity;
          const look = () => {
            const part = [0.3, 0.3, 0.4, 0.4].map((share) => Math.floor(share * canvas.width));
            const { data } = canvas.getContext("2d").getImageData(...part);
            let sum = 0;
            for (let i = 0; i < data.length; i += 4) sum += 255 - data[i];
            globalThis.lightest = Math.min(lightest, sum / (data.length / 4));
            globalThis.looking = requestAnimationFrame(look);
          };
          look();
        }"""
    )
    shared.mouse.move(*spot(instrument, 0.45, 0.55))
    for delta in (-150, -150, -150, -150, 150, 150, 150, 150, 150, 150):
        shared.mouse.wheel(0, delta)
        shared.wait_for_timeout(30)
    shared.wait_for_timeout(300)
    lightest = shared.evaluate("() => { cancelAnimationFrame(looking); return lightest; }")
    assert lightest > 5


def test_pinched_and_dragged_by_fingers(open_page: Open) -> None:
    page = open_page("404.html")
    touch = hold_as_phone(page)
    page.goto(page.url.replace("404.html", f"{where(LABEL)}#{LABEL}"))
    instrument = atlas(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    for button in instrument.locator(".map-buttons button").all():
        box = button.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44
    (cx, cy), (edge, _) = spot(instrument, 0.5, 0.5), spot(instrument, 1, 0.5)
    width = 2 * (edge - cx)

    def fingers(kind: str, *places: tuple[float, float]) -> None:
        points: list[Any] = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", (cx - 30, cy), (cx + 30, cy))
    for apart in (40, 50, 60):
        fingers("touchMove", (cx - apart, cy), (cx + apart, cy))
    fingers("touchEnd")
    assert view(instrument) == pytest.approx([0, 0, 3], abs=0.1)

    def both(along: float) -> tuple[tuple[float, float], tuple[float, float]]:
        return (cx - 30 + along * width, cy), (cx + 30 + along * width, cy)

    for along, kind in ((0, "touchStart"), (0.1, "touchMove"), (0.25, "touchMove")):
        fingers(kind, *both(along))
    fingers("touchEnd")
    x, _, zoom = view(instrument)
    assert x == pytest.approx(-0.25 * 400 * 16 / (256 * 2**zoom), abs=0.05)
    expect(readout(instrument, "z")).to_have_text(f"(−{abs(x):.3f}, 0.000)")


def test_one_finger_scrolls_the_page_and_not_the_map(open_page: Open) -> None:
    page = open_page("404.html")
    touch = hold_as_phone(page)
    page.goto(page.url.replace("404.html", f"{where(LABEL)}#{LABEL}"))
    instrument = atlas(page)
    before = view(instrument)
    x, y = spot(instrument, 0.5, 0.5)
    scrolled = page.evaluate("scrollY")
    for kind, up in (("touchStart", 0), *(("touchMove", 20 * step) for step in range(1, 11))):
        point = {"x": x, "y": y - up}
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_function("from => scrollY > from + 100", arg=scrolled)
    assert view(instrument) == before


def test_a_reset_by_keyboard_forgets_the_place_under_the_pointer(shared: Page) -> None:
    instrument = atlas(shared)
    shared.mouse.move(*spot(instrument, 0.75, 0.5))
    expect(readout(instrument, "z")).to_have_text(re.compile(r"^\(1\.5\d+, "))
    instrument.locator('.tools [data-action="reset"]').press("Enter")
    expect(readout(instrument, "z")).to_have_text("(0.000, 0.000)")


def test_without_a_server_the_page_decodes(open_page: Open, static_host: str) -> None:
    page = open_page(f"{where(LABEL)}#{LABEL}", host=static_host, expected=("404",))
    instrument = atlas(page)
    expect(instrument).to_have_attribute("data-state", "offline")
    expect(instrument.locator("[data-status]")).to_have_text(
        "This copy of the book has no decoder server. This picture was decoded in the page."
    )
    expect(instrument.locator(".map .captions")).to_have_text("Decoded in this page")
    assert ink(instrument) > 10
    instrument.locator(".map > .image").focus()
    for _ in range(6):
        page.keyboard.press("+")
    expect(readout(instrument, "zoom")).to_have_text("5.0")
    page.wait_for_timeout(1_000)
    wait_until(page, lambda: ink(instrument) > 10)
    expect(instrument).to_have_attribute("data-state", "offline")


def test_a_server_that_fails_is_taken_up_again(open_page: Open) -> None:
    page = open_page("404.html", expected=("503", "ERR_"))
    answers = {"refuse": True}

    def refuse(route: Route) -> None:
        if answers["refuse"]:
            route.fulfill(status=503, headers={"Retry-After": "1"})
        else:
            route.continue_()

    page.route("**/atlas/**", refuse)
    page.goto(page.url.replace("404.html", f"{where(LABEL)}#{LABEL}"))
    instrument = atlas(page)
    expect(instrument).to_have_attribute("data-state", "refused")
    expect(instrument.locator("[data-status]")).to_contain_text("The decoder server is busy.")
    expect(instrument.locator(".map .captions")).to_have_text("Decoded in this page")
    answers["refuse"] = False
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(instrument.locator(".map .captions")).to_have_text("Decoded on the server")
    expect(instrument).to_have_attribute("data-state", "live")


def test_the_readers_code_decodes_the_map(open_page: Open) -> None:
    page = open_page(f"{where(LABEL)}#{LABEL}")
    instrument = atlas(page)
    instrument.locator('[data-action="code"]').click()
    expect(instrument.locator(".cm-content")).to_be_focused()
    source = frames.source_of("latent_atlas")
    grey = "grey_levels(decode(codes, data))"
    assert grey in source
    write(page, instrument, source.replace(grey, f"0 * {grey}"))
    expect(instrument.locator(".map .captions")).to_have_text("Decoded in this page")
    page.mouse.move(5, 300)
    page.wait_for_function(
        """() => {
          const canvas = document.querySelector("#latent-atlas .map canvas");
          const at = Math.floor(0.8 * canvas.width);
          const { data } = canvas.getContext("2d").getImageData(at, 0.3 * at, 40, 40);
          return data.every((value) => value === 255);
        }"""
    )
    instrument.locator('[data-action="reset-code"]').click()
    expect(instrument.locator(".map .captions")).to_have_text("Decoded on the server")


def test_a_link_opens_the_same_part_of_the_plane(open_page: Open) -> None:
    page = open_page(f"{where(LABEL)}?{LABEL}.view=1.25,-0.75,6.5#{LABEL}")
    instrument = atlas(page)
    assert view(instrument) == [1.25, -0.75, 6.5]
    expect(readout(instrument, "z")).to_have_text("(1.2500, −0.7500)")
    expect(instrument.locator(".half canvas")).to_have_attribute(
        "aria-label", "The image decoded at (1.2500, −0.7500)."
    )
