"""The pad: drawn on by mouse, finger and keys; cleared, linked, announced; sent to Python."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.book_pages import READY, Open, go_to, hold_as_phone, wait_until, where

pytestmark = pytest.mark.browser

LABEL = "draw-a-digit"


def pad(page: Page) -> Locator:
    """Go to the instrument, and wait until it responds."""
    go_to(page, where(LABEL))
    instrument = page.locator(f"#{LABEL}")
    instrument.scroll_into_view_if_needed()
    expect(page.locator(READY)).to_be_attached()
    expect(instrument).to_have_attribute("data-state", "live")
    return instrument


def pixels(instrument: Locator) -> Any:
    """Read the pad: ink from 0 to 1, of shape (28, 28)."""
    data = instrument.locator(".pad canvas").evaluate(
        "canvas => Array.from(canvas.getContext('2d').getImageData(0, 0, 28, 28).data)"
    )
    red = np.array(data).reshape(28, 28, 4)[..., 0]
    return (255 - red) / (255 - 0x1D)  # from --tile-paper to --tile-ink in the light theme


def place(instrument: Locator, x: float, y: float) -> tuple[float, float]:
    """Convert a pixel of the pad into window coordinates."""
    image = instrument.locator(".pad > .image")
    image.scroll_into_view_if_needed()
    box = image.bounding_box()
    assert box is not None
    return box["x"] + x / 28 * box["width"], box["y"] + y / 28 * box["height"]


def clear(instrument: Locator) -> None:
    instrument.locator('[data-action="clear"]').click()
    expect(instrument.locator("[data-note]")).to_contain_text("The pad is empty")
    assert pixels(instrument).max() == 0


def reset(instrument: Locator) -> None:
    instrument.locator('.tools [data-action="reset"]').click()
    expect(instrument.locator("[data-note]")).to_contain_text("No anomaly")


def test_a_line_by_the_mouse_is_as_wide_as_the_pen_and_smooth_at_its_edge(desk: Page) -> None:
    instrument = pad(desk)
    clear(instrument)
    desk.mouse.move(*place(instrument, 14, 5))
    desk.mouse.down()
    desk.mouse.move(*place(instrument, 14, 23), steps=6)
    desk.mouse.up()
    drawn = pixels(instrument)
    middle = drawn[14]  # a pen of 2.2 px at x = 14: ink depends on the distance of pixel centres
    expected = np.clip(1.1 + 0.5 - np.abs(np.arange(28) + 0.5 - 14), 0, 1)
    np.testing.assert_allclose(middle, expected, atol=0.06)
    assert drawn[:3].max() == 0 and drawn[26:].max() == 0
    expect(instrument.locator("[data-note]")).not_to_contain_text("The pad is empty")
    expect(instrument.locator('[data-readout="like"]')).to_have_text(re.compile(r"^1, "))
    expect(desk).to_have_url(re.compile(rf"{LABEL}\.drawing=[1-9a-zA-Z]+"))
    expect(instrument.locator("[data-live]")).to_contain_text(re.compile(r"Nearest codes 1, \d"))
    reset(instrument)


def test_drawn_by_keys_alone(desk: Page) -> None:
    instrument = pad(desk)
    clear(instrument)
    desk.keyboard.press("Shift+Tab")  # from Clear back to the pad
    image = instrument.locator(".pad > .image")
    expect(image).to_be_focused()
    expect(image).to_have_attribute("aria-label", re.compile("arrow keys move the pen.*Space"))
    expect(instrument.locator(".pen")).to_be_visible()
    desk.keyboard.press("Shift+ArrowUp")
    assert pixels(instrument).max() == 0  # the pen is up
    desk.keyboard.press("Space")
    for _ in range(8):
        desk.keyboard.press("ArrowDown")
    desk.keyboard.press("Space")
    desk.keyboard.press("Shift+ArrowRight")
    drawn = pixels(instrument)
    assert drawn[11:17, 13:15].min() == pytest.approx(1, abs=0.01)
    assert drawn[:, 17:].max() == 0
    expect(instrument.locator('[data-readout="like"]')).to_have_text(re.compile(r"^1, "))
    reset(instrument)


def test_drawn_by_a_finger_on_a_phone(open_page: Open) -> None:
    page = open_page("404.html")
    touch = hold_as_phone(page)
    page.goto(page.url.replace("404.html", f"{where(LABEL)}#{LABEL}"))
    instrument = pad(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    clear(instrument)
    before = page.evaluate("scrollY")
    for kind, y in (("touchStart", 6), ("touchMove", 12), ("touchMove", 22), ("touchEnd", None)):
        points: list[Any] = []
        if y is not None:
            across, down = place(instrument, 14, y) if kind == "touchStart" else (0, 0)
            box = instrument.locator(".pad > .image").bounding_box()
            assert box is not None
            across, down = box["x"] + box["width"] / 2, box["y"] + y / 28 * box["height"]
            points = [{"x": across, "y": down}]
        if kind == "touchStart":
            before = page.evaluate("scrollY")
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert pixels(instrument)[8:20, 13:15].min() == pytest.approx(1, abs=0.01)
    assert page.evaluate("scrollY") == before  # the page did not scroll


def test_a_link_holds_the_drawing(open_page: Open) -> None:
    blank = "Z" * 17 + "h"
    page = open_page(
        f"{where(LABEL)}?{LABEL}.drawing={blank}&{LABEL}.model=conv_vae_fashion#{LABEL}"
    )
    instrument = pad(page)
    assert pixels(instrument).max() == 0
    expect(instrument.locator('input[value="conv_vae_fashion"]')).to_be_checked()
    expect(instrument.locator("[data-note]")).to_contain_text("The pad is empty")


def test_a_link_whose_drawing_is_none_says_so(open_page: Open) -> None:
    page = open_page(f"{where(LABEL)}?{LABEL}.drawing=fff#{LABEL}")
    instrument = pad(page)
    expect(instrument.locator(".problem")).to_have_text(
        "The link asks for something impossible. A drawing has 784 pixels, not 3."
    )
    assert pixels(instrument).max() > 0.9


def test_what_is_drawn_before_python_is_ready_is_kept(open_page: Open) -> None:
    page = open_page(f"{where(LABEL)}#{LABEL}", python=False)
    instrument = page.locator(f"#{LABEL}")
    instrument.scroll_into_view_if_needed()
    expect(instrument.locator(".pad canvas")).to_be_attached()
    instrument.locator('[data-action="clear"]').click()
    assert pixels(instrument).max() == 0
    page.mouse.click(*place(instrument, 14.5, 14.5))
    assert pixels(instrument)[14, 14] == pytest.approx(1, abs=0.01)
    expect(instrument.locator("[data-status]")).to_contain_text("Your setting is kept")


def test_the_pad_follows_the_theme(desk: Page) -> None:
    instrument = pad(desk)
    before = pixels(instrument)
    desk.emulate_media(color_scheme="dark")
    wait_until(desk, lambda: pixels(instrument).mean() > before.mean() + 0.3)  # paper is dark now
    desk.emulate_media(color_scheme="light")
    wait_until(desk, lambda: np.array_equal(pixels(instrument), before))


def test_cells_of_a_picture_are_exchanged_by_click_by_stroke_and_by_keys(desk: Page) -> None:
    label = "hidden-patches-lab"
    go_to(desk, where(label))
    instrument = desk.locator(f"#{label}")
    instrument.scroll_into_view_if_needed()
    expect(instrument).to_have_attribute("data-state", "live")
    note = instrument.locator("[data-note]")
    expect(note).to_contain_text("Hidden: 12 of 16")
    image = instrument.locator(".pad > .image")
    image.scroll_into_view_if_needed()
    box = image.bounding_box()
    assert box is not None

    def middle(row: int, column: int) -> tuple[float, float]:
        return box["x"] + (column + 0.5) / 4 * box["width"], box["y"] + (row + 0.5) / 4 * box[
            "height"
        ]

    for row in range(4):
        for column in range(4):
            desk.mouse.click(*middle(row, column))
    expect(note).to_contain_text("Hidden: 4 of 16")  # every cell is inverted
    desk.mouse.move(*middle(2, 0))
    desk.mouse.down()
    for column in (1, 2, 3):
        desk.mouse.move(*middle(2, column))
    desk.mouse.up()
    expect(desk).to_have_url(re.compile(rf"{label}\.changed=f{{8}}jf{{4}}(&|#|$)"))
    instrument.locator('[data-action="clear"]').click()
    expect(note).to_contain_text("Hidden: 12 of 16")
    image.focus()
    desk.keyboard.press(" ")
    expect(desk).to_have_url(re.compile(rf"{label}\.changed=pfk(&|#|$)"))
