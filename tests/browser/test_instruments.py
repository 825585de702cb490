"""Instruments: controls react to mouse and keyboard, links restore states, edits take effect."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.browser.book_pages import (
    SECTION,
    Open,
    go_to,
    pages_with,
    spec_of,
    targets,
    wait_until,
    where,
    write,
)
from tests.lot import by_lot

pytestmark = pytest.mark.browser


HUED = """

book_figure = spectrum_figure


def spectrum_figure(result):
    figure = book_figure(result)
    figure["data"][0]["hue"] = 30
    return figure
"""


SPEC = re.compile(r"""<section class="instrument"[^>]* data-spec='([^']*)'""")
SETTLED = re.compile("live|offline|refused")
PARTS = 4
"""Parts of the sweep over all instruments, so that two workers can share it."""

SEEN = """section => {
  let sum = 0;
  const add = (words) => {
    for (const word of words) sum = (Math.imul(sum, 31) + word + 1) | 0;
  };
  const text = (words) => add(new TextEncoder().encode(words));
  for (const svg of section.querySelectorAll(".picture svg")) text(svg.outerHTML);
  for (const canvas of section.querySelectorAll(".picture canvas")) {
    const { width, height } = canvas;
    if (width * height === 0) continue;
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    add(new Uint32Array(data.buffer));
  }
  for (const readout of section.querySelectorAll("[data-readout]")) text(readout.textContent);
  return sum;
}"""
SETTINGS = """section => [...section.querySelectorAll(".controls input")].map((input) =>
  ["radio", "checkbox"].includes(input.type) ? String(input.checked) : input.value)"""
STATE = f"""section => [
  ...({SETTINGS})(section),
  ...[...section.querySelectorAll("[data-readout]")].map((readout) => readout.textContent),
]"""
# The page announces an answer that takes over 100 ms, and updates the address after 300 ms: a
# picture unchanged for that long is the answer to the current settings.
REST = f"""async (section) => {{
  const settled = () => /live|offline|refused/.test(section.dataset.state) && ({SEEN})(section);
  for (let before = settled(), now; ; before = now) {{
    await new Promise((resolve) => setTimeout(resolve, 310));
    now = settled();
    if (now !== false && now === before) return;
  }}
}}"""
# Open a link as a visitor would, but in the same document, with Python warm.
FOLLOW = """async (link) => {
  history.replaceState(history.state, "", location.pathname);
  await navigation.navigate(link).finished;
}"""


@pytest.fixture
def clipboard(desk: Page) -> Iterator[Page]:
    """The shared page, with permission to copy links."""
    desk.context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield desk
    desk.context.clear_permissions()


def live(page: Page, label: str) -> Locator:
    """Go to an instrument's page, and wait until its picture matches its controls."""
    go_to(page, where(label))
    instrument = page.locator(f"#{label}")
    instrument.scroll_into_view_if_needed()
    expect(instrument, label).to_have_attribute("data-state", "live")
    return instrument


def every_instrument() -> list[str]:
    """Labels of all instruments, in the order of the book."""
    return [label for label, target in targets().items() if target.kind == "instrument"]


@pytest.fixture(scope="session")
def linked(site: Path) -> set[str]:
    """A few instruments that cover each kind of control, with and without training."""
    chosen: dict[str, set[tuple[bool, str]]] = {}
    for place in pages_with("instrument"):
        for text in SPEC.findall((site / place / "index.html").read_text("utf-8")):
            spec = json.loads(html.unescape(text))
            is_trained = bool(spec["training"])
            kinds = {(is_trained, control["kind"]) for control in spec["controls"]}
            if not kinds <= set().union(*chosen.values()):
                chosen[spec["label"]] = kinds
    assert len(chosen) > 3
    return set(chosen)


def sources_of(label: str) -> tuple[str, ...]:
    return f"widgets/{label.replace('-', '_')}.py", "static/js/instrument/"


def share(part: int) -> list[str]:
    """Return one of `PARTS` runs of consecutive instruments."""
    labels = by_lot(every_instrument(), sources_of)
    return labels[part * len(labels) // PARTS : (part + 1) * len(labels) // PARTS]


def reset(instrument: Locator) -> None:
    """Restore the block's original state."""
    instrument.evaluate("section => section.querySelector('.tools [data-action=reset]').click()")
    expect(instrument).to_have_attribute("data-state", SETTLED)


def begin(instrument: Locator) -> None:
    """Reset, and train for two steps if possible: some training settings show only then."""
    reset(instrument)
    step = instrument.locator('[data-action="step"]')
    for t in (1, 2) if step.count() else ():
        step.click()
        arrive(instrument, t)


def arrive(instrument: Locator, step: int) -> None:
    """Wait for the picture of a training step."""
    expect(instrument.locator('[data-control="steps"] .typed')).to_have_value(str(step))
    said = re.compile(rf"at step {step}\b", re.IGNORECASE)
    expect(instrument.get_by_role("img", name=said).first).to_be_attached()


def seen(instrument: Locator) -> int:
    """Checksum of everything that an answer changes: drawings, tiles and readouts."""
    sum_of: int = instrument.evaluate(SEEN)
    return sum_of


def expect_change(instrument: Locator, before: int) -> None:
    """Wait until the picture changes."""
    try:
        instrument.page.wait_for_function(
            f"([section, before]) => ({SEEN})(section) !== before",
            arg=[instrument.element_handle(), before],
            polling=50,
        )
    except PlaywrightTimeout:
        label = instrument.get_attribute("id")
        raise AssertionError(f"The picture of {label} stayed as it was.") from None


def shown_controls(instrument: Locator, kind: str) -> list[dict[str, Any]]:
    """The controls of a kind that are not hidden by a choice."""
    return [
        control
        for control in spec_of(instrument)["controls"]
        if control["kind"] == kind
        and instrument.locator(f'[data-control="{control["name"]}"]').is_visible()
    ]


@pytest.mark.sweep
@pytest.mark.parametrize("part", range(PARTS))
def test_every_instrument_answers(clipboard: Page, linked: set[str], part: int) -> None:
    """Visit each once, and check mouse, keyboard, the saved picture and the state in a link."""
    for label in share(part):
        instrument = live(clipboard, label)
        begin(instrument)
        for i, control in enumerate(shown_controls(instrument, "slider")):
            drag(instrument, control)
            if i == 0:
                press_end(instrument, control)
            begin(instrument)
        for kind in ("choice", "seed"):
            for control in shown_controls(instrument, kind):
                press_keys(instrument, control)
                begin(instrument)
        for control in shown_controls(instrument, "point"):
            reset(instrument)
            place_point(instrument, control)
        check_saved_picture(instrument)
        if label in linked:
            check_link(instrument)
            reset(instrument)


def drag(instrument: Locator, control: dict[str, Any]) -> None:
    """Drag a slider with the mouse, and check that the picture changes."""
    mouse = instrument.page.mouse
    slider = instrument.locator(f'input[type="range"][name="{control["name"]}"]')
    before = seen(instrument)
    left, width, middle, place = slider.evaluate(
        """slider => {
          slider.scrollIntoView({ block: "center", behavior: "instant" });
          const { left, top, width, height } = slider.getBoundingClientRect();
          const { value, min, max } = slider;
          return [left, width, top + height / 2, (value - min) / (max - min)];
        }"""
    )
    mouse.move(left + 9 + place * (width - 18), middle)
    mouse.down()
    target = 0.25 if place > 0.5 else 0.75
    mouse.move(left + target * width, middle)
    mouse.up()
    expect_change(instrument, before)
    typed = instrument.locator(f'[data-control="{control["name"]}"] .typed')
    label = instrument.get_attribute("id")
    assert float(typed.input_value()) != control["default"], (label, control["name"])


def press_end(instrument: Locator, control: dict[str, Any]) -> None:
    """Move a dragged slider to its upper end by keyboard."""
    slider = instrument.locator(f'input[type="range"][name="{control["name"]}"]')
    slider.focus()
    instrument.page.keyboard.press("End")
    assert slider.evaluate("slider => slider.value === slider.max")
    assert slider.get_attribute("aria-valuetext")


def press_keys(instrument: Locator, control: dict[str, Any]) -> None:
    """Set a choice or a seed by keyboard alone, and check that the picture changes."""
    name, keyboard = control["name"], instrument.page.keyboard
    before = seen(instrument)
    match control["kind"]:
        case "choice":
            instrument.locator(f'input[name$=".{name}"]:checked').focus()
            keyboard.press("ArrowRight")
        case "seed":
            # The page draws a new seed. A few seeds give the same picture, but not this one.
            instrument.page.evaluate("() => { Math.random = () => 0.25; }")
            instrument.locator(f'[data-control="{name}"] [data-action="reseed"]').focus()
            keyboard.press("Enter")
    expect_change(instrument, before)


def place_point(instrument: Locator, control: dict[str, Any]) -> None:
    """Set a point by pointer, by keys and by its numbers."""
    mouse = instrument.page.mouse
    x, y = (instrument.locator(f'input[name="{control["name"]}.{axis}"]') for axis in "xy")
    panel = instrument.locator(f'[data-panel="{control["panel"]}"]')
    panel.scroll_into_view_if_needed()
    before = seen(instrument)
    box = panel.bounding_box()
    assert box is not None
    mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.3 * box["height"])
    mouse.down()
    mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 0.25 * box["height"], steps=4)
    mouse.up()
    expect_change(instrument, before)
    assert float(x.input_value()) > 0
    assert float(y.input_value()) > 0
    at = float(x.input_value())
    panel.focus()
    instrument.page.keyboard.press("ArrowLeft")
    assert float(x.input_value()) == pytest.approx(at - control["step"])
    x.fill("0")
    y.fill("0,5")
    y.press("Enter")
    expect(y).to_have_value("0.5")
    y.press("ArrowUp")
    assert float(y.input_value()) == pytest.approx(0.5 + control["step"])
    expect(instrument).to_have_attribute("data-state", "live")
    x.fill(str(control["limit"] + 1))
    x.press("Enter")
    expect(instrument.locator(".problem")).to_contain_text("Two numbers from")
    reset(instrument)
    expect(instrument.locator(".problem")).to_have_count(0)


def check_saved_picture(instrument: Locator) -> None:
    """Save the picture, and check the file's name, format and minimum size."""
    with instrument.page.expect_download() as download:
        instrument.locator('[data-action="save"]').click()
    assert download.value.suggested_filename == f"{instrument.get_attribute('id')}.png"
    picture = Path(download.value.path()).read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 5_000


def check_link(instrument: Locator) -> None:
    """Move every control, copy the link, and follow it."""
    page, spec = instrument.page, spec_of(instrument)
    at_rest, moved = settings_of(instrument), False
    for control in shown_controls(instrument, "slider"):
        instrument.locator(f'input[type="range"][name="{control["name"]}"]').press("PageUp")
        moved = True
    for kind, part in (("point", "y"), ("viewport", "zoom")):
        for control in shown_controls(instrument, kind):
            instrument.locator(f'input[name="{control["name"]}.{part}"]').press("ArrowUp")
            moved = True
    for control in shown_controls(instrument, "choice"):
        last = instrument.locator(f'input[type="radio"][name$=".{control["name"]}"]').last
        # A reader's own result is offered only once there is one.
        if last.is_visible() and not last.is_checked():
            last.check()
            moved = True
    if not moved:
        return  # its only control is a pad: see test_pad.py
    if spec["training"]:
        steps = instrument.locator('[data-control="steps"] .typed')
        steps.fill("12")
        steps.press("Enter")
        arrive(instrument, 12)
    instrument.evaluate(REST)
    instrument.locator('[data-action="link"]').click()
    expect(instrument.locator("[data-status]")).to_contain_text("Link copied")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.endswith(f"#{spec['label']}")
    state = state_of(instrument)
    assert settings_of(instrument) != at_rest
    instrument.evaluate("section => (section.dataset.before = '')")
    page.evaluate(FOLLOW, link)
    expect(instrument, link).to_have_attribute("data-state", SETTLED)
    expect(instrument).not_to_have_attribute("data-before", "")
    same = f"JSON.stringify(({STATE})(document.getElementById(label))) === JSON.stringify(state)"
    try:
        page.wait_for_function(
            f"([label, state]) => {same}", arg=[spec["label"], state], polling=50
        )
    except PlaywrightTimeout:
        assert state_of(instrument) == state, link


def test_some_control_is_a_point(desk: Page) -> None:
    """Otherwise the sweep above would never set a point by its panel."""
    instrument = live(desk, "code-map")
    assert shown_controls(instrument, "point")


def test_a_point_is_looked_at_by_hovering_and_forgotten_by_leaving(desk: Page) -> None:
    instrument = live(desk, "code-map")
    panel = instrument.locator('[data-panel="map"]')
    panel.scroll_into_view_if_needed()
    field = instrument.locator('input[name="at.x"]')
    at_rest, was = seen(instrument), field.input_value()
    box = panel.bounding_box()
    assert box is not None
    desk.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.6 * box["height"])
    expect_change(instrument, at_rest)
    expect(field).to_have_value(was)
    hovered = seen(instrument)
    assert hovered != at_rest
    desk.mouse.move(box["x"] - 20, box["y"])
    desk.wait_for_function(
        f"([section, sum]) => ({SEEN})(section) === sum",
        arg=[instrument.element_handle(), at_rest],
        polling=50,
    )


def test_a_typed_value_is_checked_and_the_last_one_kept(desk: Page) -> None:
    instrument = live(desk, "bottleneck")
    typed = instrument.locator('[data-control="k"] .typed')
    slider = instrument.locator('input[type="range"][name="k"]')
    typed.fill("24/2")
    expect(slider).to_have_value("30")  # until the reader presses Enter
    typed.press("Enter")
    expect(typed).to_have_value("12")
    expect(slider).to_have_value("12")
    for text, said in (
        ("900", "900 is outside the range from 1 to 64."),
        ("900", "900 is outside the range from 1 to 64."),
        ("wide", "A number from 1 to 64 is needed, not “wide”."),
        ("", "A number from 1 to 64 is needed."),
    ):
        typed.fill(text)
        typed.press("Enter")
        expect(instrument.locator(".problem")).to_have_text(f"{said} Code width stays at 12.")
        expect(typed).to_have_value("12")
        expect(slider).to_have_value("12")
    typed.fill("7,4")
    typed.blur()
    expect(instrument.locator(".problem")).to_have_text(
        "7,4 is between two steps of 1. Code width is now 7."
    )
    expect(typed).to_have_value("7")
    expect(slider).to_have_value("7")
    typed.press("ArrowUp")
    expect(typed).to_have_value("8")
    expect(slider).to_have_value("8")
    expect(instrument.locator(".problem")).to_have_count(0)
    typed.fill("64")
    typed.press("ArrowUp")
    expect(slider).to_have_value("64")
    reset(instrument)
    expect(instrument.locator(".problem")).to_have_count(0)


def test_controls_that_do_not_count_are_hidden(desk: Page) -> None:
    instrument = live(desk, "bottleneck")
    spec = spec_of(instrument)
    bound = [control for control in spec["controls"] if control["when"]]
    assert bound
    for control in bound:
        choice, option = control["when"]
        element = instrument.locator(f'[data-control="{control["name"]}"]')
        expect(element).to_be_hidden()
        instrument.locator(f'input[name$=".{choice}"][value="{option}"]').check()
        expect(element).to_be_visible()
        reset(instrument)


def test_readouts_are_spoken_after_a_move(desk: Page) -> None:
    instrument = live(desk, "bottleneck")
    instrument.locator('input[type="range"][name="k"]').press("ArrowRight")
    expect(instrument.locator("[data-live]")).to_have_text(
        re.compile(r"Variance kept 73\.\d %\. Compression 25\.3")
    )
    reset(instrument)


def state_of(instrument: Locator) -> list[str]:
    """Read the value of every control, and Python's readouts."""
    state: list[str] = instrument.evaluate(STATE)
    return state


def settings_of(instrument: Locator) -> list[str]:
    """Read the value of every control."""
    settings: list[str] = instrument.evaluate(SETTINGS)
    return settings


def test_the_address_holds_only_what_differs(desk: Page) -> None:
    instrument = live(desk, "bottleneck")
    instrument.locator('[data-control="k"] .typed').fill("5")
    instrument.locator('[data-control="k"] .typed').press("Enter")
    expect(desk).to_have_url(re.compile(r"\?bottleneck\.k=5$"))
    reset(instrument)
    expect(desk).to_have_url(re.compile(rf"/{SECTION}$"))


def test_a_link_that_asks_for_what_cannot_be_says_so(open_page: Open) -> None:
    page = open_page(
        f"{SECTION}?bottleneck.k=900&bottleneck.data=cats&bottleneck.show=residual#bottleneck"
    )
    instrument = live(page, "bottleneck")
    problems = instrument.locator(".problem").all_text_contents()
    assert any("900 is outside the range from 1 to 64" in text for text in problems)
    assert any("“cats” is not one of mnist, synthetic" in text for text in problems)
    expect(instrument.locator('input[type="range"][name="k"]')).to_have_value("30")
    expect(instrument.locator('input[value="residual"]')).to_be_checked()


def test_a_move_before_python_is_ready_is_kept(open_page: Open) -> None:
    page = open_page("404.html", fresh=True)
    page.route("**/pyodide.asm-*.wasm", lambda route: waiting.append(route))
    waiting: list[Any] = []
    page.goto(page.url.replace("404.html", f"{SECTION}#bottleneck"))
    instrument = page.locator("#bottleneck")
    expect(instrument.locator("[data-status]")).to_have_text("Starts with Python")
    expect(instrument).to_have_attribute("data-answers", "")
    instrument.locator('[data-control="k"] .typed').fill("7")
    instrument.locator('[data-control="k"] .typed').press("Enter")
    expect(instrument).to_have_attribute("data-state", "waiting")
    expect(instrument.locator("[data-status]")).to_have_text(
        re.compile(r"^Starting .*Your setting is kept$")
    )
    wait_until(page, lambda: waiting)
    waiting[0].continue_()
    expect(instrument).to_have_attribute("data-state", "live")
    expect(instrument.locator('[data-readout="compression"]')).to_have_text("112.0")


def test_the_code_is_opened_edited_broken_and_reset(open_page: Open) -> None:
    page = open_page(f"{SECTION}#bottleneck")
    instrument = live(page, "bottleneck")
    readout = instrument.locator('[data-readout="kept"]')
    own = readout.inner_text()
    instrument.locator('[data-action="code"]').click()
    editor = instrument.locator(".cm-content")
    expect(editor).to_be_focused()
    source = Path("widgets/bottleneck.py").read_text()
    expect(instrument.locator(".cm-line").first).to_have_text(source.splitlines()[0])

    kept = '"kept": share[:k].sum(),'
    assert kept in source
    write(page, instrument, source.replace(kept, '"kept": share[:k].sum() / 2,'))
    expect(readout).to_have_text(f"{float(own) / 2:.1f}")
    expect(instrument).to_have_attribute("data-edited", "")
    expect(instrument.locator(".plate .mark")).to_be_visible()

    picture = seen(instrument)
    write(page, instrument, source.replace(kept, '"kept": share[:k].sum() / zero,'))
    error = instrument.locator("[data-editor-error]")
    expect(error).to_contain_text("NameError: name 'zero' is not defined")
    expect(instrument).to_have_attribute("data-state", "error")
    line = 1 + source[: source.index(kept)].count("\n")
    expect(instrument.locator("[data-status]")).to_contain_text(f"Line {line}: NameError")
    assert seen(instrument) == picture
    assert (
        instrument.locator(".panel > *").first.evaluate("p => Number(getComputedStyle(p).opacity)")
        < 1
    )

    write(page, instrument, source + HUED)
    expect(error).to_contain_text("In the figure of spectrum: data[0].hue is not drawn; accepted:")
    expect(instrument).to_have_attribute("data-state", "error")
    assert seen(instrument) == picture

    write(page, instrument, source.replace("def frame(result):", "def frame(result)"))
    expect(error).to_contain_text("SyntaxError")
    write(page, instrument, source.replace("def frame(", "def frames("))
    expect(error).to_contain_text("It does not define frame")
    write(page, instrument, source.replace(kept, '"kept": share[:k].sum() / 4,'))
    expect(error).to_have_count(0)
    expect(readout).to_have_text(f"{float(own) / 4:.1f}")

    page.reload()
    instrument = live(page, "bottleneck")
    expect(instrument).to_have_attribute("data-edited", "")
    expect(readout).to_have_text(f"{float(own) / 4:.1f}")
    instrument.locator('[data-action="code"]').click()
    instrument.locator('[data-action="reset-code"]').click()
    expect(readout).to_have_text(own)
    expect(instrument).not_to_have_attribute("data-edited", "")
    page.reload()
    expect(live(page, "bottleneck").locator('[data-readout="kept"]')).to_have_text(own)


def test_the_plate_follows_the_declaration(open_page: Open) -> None:
    page = open_page(f"{SECTION}#bottleneck")
    instrument = live(page, "bottleneck")
    controls = instrument.locator(".controls")
    own = plate_of(instrument)
    k = instrument.locator('[data-control="k"]')
    instrument.locator('input[value="residual"]').check()
    k.locator(".typed").fill("40")
    k.locator(".typed").press("Enter")
    instrument.locator('[data-action="code"]').click()
    expect(instrument.locator(".cm-content")).to_be_focused()
    source = Path("widgets/bottleneck.py").read_text()

    edit = re.sub(r'title="[^"]*"', 'title="My own"', source)
    edit = re.sub(r'challenge="[^"]*"', 'challenge="What <b>now</b>?"', edit)
    edit = edit.replace('"Code width"', '"Wide"').replace(
        "default=30, min=1, max=K_MAX", "default=10, min=1, max=20"
    )
    edit = edit.replace(
        "    controls=(", '    controls=(Toggle("double", "Twice", symbol=r"\\theta"),', 1
    ).replace("def compute(*,", "def compute(*, double,")
    edit = edit.replace("Choice,", "Choice, Toggle,", 1).replace('"Variance kept"', '"Kept"')
    edit = edit.replace('"kept": share[:k].sum(),', '"kept": share[:k].sum() * (1 + double),')
    write(page, instrument, edit)
    expect(instrument.locator(".title")).to_have_text("My own")
    expect(instrument.locator(".ask")).to_contain_text("What <b>now</b>?")
    expect(k.locator(".name")).to_contain_text("Wide")
    expect(k.locator(".name .katex")).to_have_count(1)
    expect(k.locator(".end").last).to_have_text("20")
    expect(k.locator(".typed")).to_have_value("10")  # 40 is out of range
    expect(instrument.locator('input[value="residual"]')).to_be_checked()
    expect(instrument.locator(".readout dt", has_text="Kept")).to_have_count(1)
    expect(instrument).to_have_attribute("data-state", "live")
    assert instrument.locator("[data-control]").first.get_attribute("data-control") == "k"

    kept = instrument.locator('[data-readout="kept"]')
    once = float(kept.inner_text())
    controls.get_by_label("Twice").check()
    expect(controls.locator(".toggle .symbol")).to_have_text(r"\theta")
    expect(kept).to_have_text(re.compile(rf"^{2 * once:.0f}|^{2 * once:.1f}"))
    k.locator(".typed").fill("18")
    k.locator(".typed").press("Enter")
    expect(page).to_have_url(re.compile(r"double=on&bottleneck\.k=18"))
    page.reload()
    instrument = live(page, "bottleneck")
    expect(instrument.locator(".title")).to_have_text("My own")
    expect(k.locator(".typed")).to_have_value("18")
    expect(controls.get_by_label("Twice")).to_be_checked()

    instrument.locator('[data-action="code"]').click()
    expect(instrument.locator(".cm-content")).to_be_focused()
    write(page, instrument, edit.replace("default=10", "default=300"))
    error = instrument.locator("[data-editor-error]")
    expect(error).to_contain_text("The default of k is 300; accepted: a step of the slider")
    line = 1 + edit[: edit.index("default=10")].count("\n")
    expect(instrument.locator("[data-status]")).to_contain_text(f"Line {line}: ContractError")
    expect(instrument.locator(".title")).to_have_text("My own")

    instrument.locator('[data-action="reset-code"]').click()
    expect(instrument).to_have_attribute("data-state", "live")
    expect(k.locator(".typed")).to_have_value("18")
    assert plate_of(instrument) == own
    expect(page).to_have_url(
        re.compile(r"\?bottleneck\.k=18&bottleneck\.show=residual#bottleneck$")
    )
    reset(instrument)
    expect(k.locator(".typed")).to_have_value("30")


def plate_of(instrument: Locator) -> list[str]:
    """Read the texts of a plate: title, question, and names of controls and readouts."""
    return [
        text.strip()
        for text in instrument.locator(
            ".title, .ask, .controls .name, .controls .end, .options label, .readout dt, .unit"
        ).all_text_contents()
    ]


def test_what_is_set_on_a_picture_is_taken_again(open_page: Open) -> None:
    """A point, a map and a pad respond again after an edit changes their declaration."""
    found = set()
    page = open_page()
    for label in ("code-map", "latent-atlas", "draw-a-digit"):
        instrument = live(page, label)
        on = {c["kind"]: c for c in spec_of(instrument)["controls"] if "panel" in c}
        found |= on.keys()
        instrument.locator('[data-action="code"]').click()
        expect(instrument.locator(".cm-content")).to_be_focused()
        source = Path(f"widgets/{spec_of(instrument)['name']}.py").read_text()
        write(page, instrument, re.sub(r'title="[^"]*"', 'title="My own"', source))
        expect(instrument.locator(".title")).to_have_text("My own")
        expect(instrument).to_have_attribute("data-state", SETTLED)
        for kind, control in on.items():
            before = seen(instrument)
            panel = instrument.locator(f'[data-panel="{control["panel"]}"]')
            place = panel if kind == "point" else panel.locator(".image")
            place.focus()
            if kind == "drawing":
                place.press("Space")
            place.press("ArrowRight")
            place.press("ArrowRight")
            expect_change(instrument, before)
            assert panel.locator("canvas").count() == (kind != "point")
    assert found == {"point", "viewport", "drawing"}


def test_an_edit_in_another_tab_is_said_and_offered(open_page: Open) -> None:
    page = open_page(f"{SECTION}#bottleneck")
    other = page.context.new_page()
    other.goto(page.url)
    here, there = live(page, "bottleneck"), live(other, "bottleneck")
    own = here.locator('[data-readout="kept"]').inner_text()
    here.locator('[data-action="code"]').click()
    source = Path("widgets/bottleneck.py").read_text()
    halved = source.replace('"kept": share[:k].sum(),', '"kept": share[:k].sum() / 2,')
    write(page, here, halved)
    half = f"{float(own) / 2:.1f}"
    expect(here.locator('[data-readout="kept"]')).to_have_text(half)
    expect(there.locator(".other-tab")).to_contain_text("Another tab has a different version")
    expect(there.locator('[data-readout="kept"]')).to_have_text(own)
    there.get_by_role("button", name="Use its version").click()
    expect(there.locator('[data-readout="kept"]')).to_have_text(half)
    expect(there).to_have_attribute("data-edited", "")
    expect(there.locator(".other-tab")).to_have_count(0)

    there.locator('[data-action="code"]').click()
    there.locator('[data-action="reset-code"]').click()
    expect(there.locator('[data-readout="kept"]')).to_have_text(own)
    here.get_by_role("button", name="Keep this version").click()
    expect(there.locator(".other-tab")).to_be_visible()
    there.get_by_role("button", name="Use its version").click()
    expect(there.locator('[data-readout="kept"]')).to_have_text(half)
    expect(there.locator(".cm-content")).to_contain_text('"""')
    page.reload()
    expect(live(page, "bottleneck")).to_have_attribute("data-edited", "")


@pytest.mark.clock
def test_an_edit_that_never_ends_is_ended_by_the_next_one(open_page: Open) -> None:
    page = open_page(f"{SECTION}#bottleneck")
    instrument = live(page, "bottleneck")
    own = instrument.locator('[data-readout="kept"]').inner_text()
    instrument.locator('[data-action="code"]').click()
    expect(instrument.locator(".cm-content")).to_be_focused()
    source = Path("widgets/bottleneck.py").read_text()
    write(page, instrument, source.replace("def compute(*", "while True: pass\ndef compute(*"))
    expect(instrument).to_have_attribute("data-state", "busy")
    write(page, instrument, source.replace('"error": error,', '"error": 0 * error,'))
    expect(instrument.locator('[data-readout="error"]')).to_have_text("0.00")
    expect(instrument.locator('[data-readout="kept"]')).to_have_text(own)


# Depends on which answers took a second: instrument.js measures each.
@pytest.mark.clock
def test_a_known_answer_ends_the_wait_for_another(open_page: Open) -> None:
    page = open_page(f"{SECTION}#bottleneck")
    instrument = live(page, "bottleneck")
    instrument.locator('[data-action="code"]').click()
    expect(instrument.locator(".cm-content")).to_be_focused()
    source = Path("widgets/bottleneck.py").read_text()
    first = "def compute(*, k, data, decay, seed, show):\n"
    slow = (
        "def compute(**given):\n    import time; time.sleep(5 * (given['k'] == 20))\n"
        "    return own(**given)\n\n\n" + first.replace("compute", "own")
    )
    assert first in source
    readout = instrument.locator('[data-readout="kept"]')
    own = readout.inner_text()
    write(page, instrument, source.replace(first, slow))
    expect(instrument).to_have_attribute("data-edited", "")
    expect(instrument).to_have_attribute("data-state", "live")
    typed = instrument.locator('[data-control="k"] .typed')
    before = typed.input_value()
    typed.fill("20")
    typed.press("Enter")
    expect(instrument).to_have_attribute("data-state", "busy")
    typed.fill(before)
    typed.press("Enter")
    expect(instrument).to_have_attribute("data-state", "live")
    # Python answers one question at a time. After this answer the slow one, which nothing waits
    # for any more, has arrived and changed nothing.
    typed.fill("25")
    typed.press("Enter")
    expect(readout).not_to_have_text(own)
    shown = readout.inner_text()
    expect(instrument).to_have_attribute("data-state", "live")
    expect(readout).to_have_text(shown)
    assert typed.input_value() == "25"
    typed.fill(before)
    typed.press("Enter")
    expect(readout).to_have_text(own)


def test_zoom_shows_the_figure_in_plotly(desk: Page) -> None:
    instrument = live(desk, "bottleneck")
    instrument.locator('[data-action="zoom"]').click()
    dialog = desk.locator("dialog.zoom")
    expect(dialog.locator(".main-svg").first).to_be_visible()
    dialog.locator("button").first.click()
    expect(dialog).to_have_count(0)


# Returns the time at which fonts are loaded: a late font moves lines, whatever a script does.
FONTS_ARE_THERE = """async () => {
  const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  await frame();
  await document.fonts.ready;
  await frame();
  return performance.now();
}"""


def test_the_live_picture_takes_the_stills_place_without_a_shift(open_page: Open) -> None:
    page = open_page("404.html")
    page.add_init_script(
        """
        globalThis.shifted = [];
        new PerformanceObserver((list) => {
          for (const { startTime, sources } of list.getEntries()) {
            for (const { node } of sources) {
              const element = node instanceof Element ? node : node?.parentElement;
              if (!element?.closest(".bench")) continue;
              shifted.push([startTime, element.outerHTML.slice(0, 100)]);
            }
          }
        }).observe({type: "layout-shift", buffered: true});
        """
    )
    held: list[Route] = []
    page.route("**/assets/main-*.js", lambda route: held.append(route))
    page.goto(page.url.replace("404.html", f"{SECTION}#bottleneck"), wait_until="commit")
    expect(page.locator("footer.foot")).to_be_attached()
    wait_until(page, lambda: held)
    start = page.evaluate(FONTS_ARE_THERE)
    held.pop().continue_()
    page.unroute("**/assets/main-*.js")
    live(page, "bottleneck")
    page.wait_for_timeout(300)
    assert [moved for time, moved in page.evaluate("shifted") if time > start] == []


def test_server_grid_takes_the_place_of_the_pages_own(desk: Page) -> None:
    instrument = live(desk, "vae-sampler")
    canvas = instrument.locator(".tiles canvas")
    before = canvas.bounding_box()
    instrument.locator('input[name$=".model"][value="conv_vae_mnist"]').check()
    instrument.locator('input[name$=".finer"][value="32"]').check()
    expect(instrument.locator("[data-status]")).to_have_text(
        re.compile(r"^Decoded on the server in \d+ ms$")
    )
    after = canvas.bounding_box()
    assert before is not None
    assert after is not None
    assert after["width"] >= before["width"]
    assert after["height"] == pytest.approx(after["width"], abs=1)
    reset(instrument)


def test_on_a_slow_line_grids_travel_in_the_delta_form(desk: Page) -> None:
    """At 16 Mbit/s the second of two grids does, whatever speed the page assumed before."""
    instrument = live(desk, "vae-sampler")
    instrument.locator('input[name$=".model"][value="conv_vae_mnist"]').check()
    line = desk.context.new_cdp_session(desk)
    conditions = {"offline": False, "latency": 0, "uploadThroughput": -1}
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", {**conditions, "downloadThroughput": 2e6})
    for n in ("32", "64"):
        with desk.expect_response("**/grid?*") as answer:
            instrument.locator(f'input[name$=".finer"][value="{n}"]').check()
        expect(instrument.locator("[data-status]")).to_contain_text("Decoded on the server")
    headers = answer.value.all_headers()
    assert headers["content-type"] == "application/vnd.latentbook.delta"
    assert headers["content-encoding"] == "zstd"
    line.send("Network.emulateNetworkConditions", {**conditions, "downloadThroughput": -1})
    line.detach()
    reset(instrument)


def test_without_a_server_the_pages_own_grid_stays(open_page: Open, static_host: str) -> None:
    page = open_page(
        f"{where('vae-sampler')}?vae-sampler.model=conv_vae_mnist&vae-sampler.finer=64#vae-sampler",
        host=static_host,
        expected=("404",),
    )
    instrument = page.locator("#vae-sampler")
    expect(instrument).to_have_attribute("data-state", "offline")
    expect(instrument.locator("[data-status]")).to_have_text(
        "This copy of the book has no decoder server. This picture was decoded in the page."
    )


def test_a_server_that_is_busy_is_said_to_be(open_page: Open) -> None:
    page = open_page(f"{where('vae-sampler')}#vae-sampler", expected=("503",))
    page.route("**/grid?*", lambda route: route.fulfill(status=503, headers={"Retry-After": "1"}))
    instrument = live(page, "vae-sampler")
    instrument.locator('input[name$=".model"][value="conv_vae_mnist"]').check()
    instrument.locator('input[name$=".finer"][value="32"]').check()
    expect(instrument).to_have_attribute("data-state", "refused")
    expect(instrument.locator("[data-status]")).to_contain_text("The decoder server is busy.")


def test_the_wait_for_a_server_is_told_in_seconds(open_page: Open) -> None:
    page = open_page(f"{where('linear-probe')}#linear-probe")
    page.route("**/api/instruments/*", lambda route: None)  # it never answers
    page.reload()
    status = page.locator("#linear-probe [data-status]")
    expect(status).to_have_text(re.compile(r"^Asking the server for all data, [1-9]\d* s$"))


def test_a_server_computes_what_it_lists_and_is_asked_for_nothing_else(open_page: Open) -> None:
    page = open_page(f"{where('linear-probe')}#linear-probe")
    server = page.locator('#linear-probe [data-readout="everywhere"]')
    expect(server).to_have_text(re.compile(r"^\d\d\.\d$"))
    expect(page.locator("#linear-probe [data-status]")).to_contain_text("All data, by the server")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/api/instruments", lambda route: route.fulfill(json={"instruments": []}))
    page.reload()
    status = page.locator("#linear-probe [data-status]")
    expect(status).to_have_text("What is shown was computed in the page.")
    expect(server).to_have_text("–")
    assert any(url.endswith("/api/instruments") for url in asked)
    assert not any("/api/instruments/" in url for url in asked)
