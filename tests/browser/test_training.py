"""Training in the page: run, pause, go back, branch, save; and use of the result elsewhere."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.book_pages import READY, go_to, where

pytestmark = pytest.mark.browser

LABEL = "train-vae"

# Records notices, which disappear after two seconds.
LISTEN = """(label) => {
  const status = document.querySelector(`#${label} [data-status]`);
  globalThis.heard = [];
  new MutationObserver(() => heard.push(status.textContent))
    .observe(status, { childList: true, characterData: true, subtree: true });
}"""


def plate(page: Page, label: str = LABEL) -> Locator:
    """Go to an instrument, and wait until it responds."""
    go_to(page, where(label))
    instrument = page.locator(f"#{label}")
    instrument.scroll_into_view_if_needed()
    expect(page.locator(READY)).to_be_attached()
    expect(instrument).to_have_attribute("data-state", "live")
    return instrument


def press(instrument: Locator, action: str) -> None:
    instrument.locator(f'[data-action="{action}"]').click()


def typed(instrument: Locator, control: str, value: float) -> None:
    """Type a value into a slider's field."""
    field = instrument.locator(f'[data-control="{control}"] .typed')
    field.fill(str(value))
    field.press("Enter")


def steps(instrument: Locator) -> int:
    return int(instrument.locator('[data-control="steps"] .typed').input_value())


def arrive(instrument: Locator, step: int) -> dict[str, str]:
    """Wait for the picture of a step; return the readouts."""
    alt = instrument.locator('[data-panel="plane"] [role="img"]')
    expect(alt).to_have_attribute("aria-label", re.compile(f"at step {step}:"))
    keys = ("recon", "kl", "each")
    return {key: instrument.locator(f'[data-readout="{key}"]').inner_text() for key in keys}


def test_a_run_goes_on_until_it_is_paused_and_back_to_any_step(desk: Page) -> None:
    instrument = plate(desk)
    press(instrument, "reset")
    arrive(instrument, 0)
    press(instrument, "run")
    status = instrument.locator("[data-status]")
    expect(status).to_contain_text("steps a second")
    expect(instrument.locator('[data-action="run"]')).to_have_text("Pause")
    press(instrument, "run")
    stopped = steps(instrument)
    first = arrive(instrument, stopped)
    assert stopped > 0
    expect(desk).to_have_url(re.compile(f"{LABEL}.steps={stopped}"))

    press(instrument, "step")
    arrive(instrument, stopped + 1)
    typed(instrument, "steps", 0)  # the run cannot have paused at step 0
    assert arrive(instrument, 0) != first
    typed(instrument, "steps", stopped)
    assert arrive(instrument, stopped) == first


def test_code_runs_while_an_instrument_trains(desk: Page) -> None:
    instrument = plate(desk)
    press(instrument, "reset")
    press(instrument, "run")
    expect(instrument.locator("[data-status]")).to_contain_text("Step")
    # By script: a click would scroll the instrument out of sight, and that pauses it.
    run = desk.locator('#snippet-train [data-action="run"]')
    run.evaluate("button => button.click()")
    output = desk.locator("#snippet-train [data-output]")
    expect(output).to_contain_text("by hand")
    before = steps(instrument)
    expect(instrument.locator('[data-action="run"]')).to_have_text("Pause")
    desk.wait_for_function(
        "([id, before]) => document.querySelector(`#${id} .typed`).value > before",
        arg=[LABEL, before],
    )
    press(instrument, "run")


def test_a_branch_is_in_the_address_and_shows_both_runs(desk: Page) -> None:
    instrument = plate(desk)
    press(instrument, "reset")
    typed(instrument, "steps", 60)
    before = arrive(instrument, 60)
    press(instrument, "branch")
    expect(instrument.locator('[data-control="later_beta"]')).to_be_visible()
    typed(instrument, "later_beta", 16)
    assert arrive(instrument, 60) == before  # nothing before the branch has changed
    typed(instrument, "steps", 120)
    after = arrive(instrument, 120)
    assert float(after["kl"]) < 0.5 * float(before["kl"])
    curve = instrument.locator('[data-panel="curve"] svg').first
    expect(curve).to_have_attribute("aria-label", re.compile("Without the branch at step 60"))

    url = desk.url
    desk.goto("about:blank")
    desk.goto(url)
    again = desk.locator(f"#{LABEL}")
    again.scroll_into_view_if_needed()
    assert arrive(again, 120) == after


def test_what_is_kept_survives_a_reload_and_is_offered_elsewhere(desk: Page) -> None:
    desk.evaluate("localStorage.removeItem('latentbook:latentbook:kept:network')")
    sampler = plate(desk, "vae-sampler")
    expect(sampler.locator("[data-kept]")).to_be_hidden()

    instrument = plate(desk)
    press(instrument, "reset")
    typed(instrument, "steps", 100)
    each = arrive(instrument, 100)["each"]
    press(instrument, "keep")
    expect(instrument.locator("[data-status]")).to_contain_text("Saved at step 100")
    with desk.expect_download() as download:
        press(instrument, "download")
    assert download.value.suggested_filename == f"{LABEL}.npz"

    desk.reload()
    for label in ("vae-sampler", "latent-atlas"):
        other = plate(desk, label)
        other.locator("[data-kept]").click()
        expect(desk).to_have_url(re.compile(f"{label}.model=yours"))
        expect(other).to_have_attribute("data-state", "live")
        if label == "vae-sampler":
            expect(other.locator('[data-readout="kl"]')).to_have_text(each)
    desk.evaluate("localStorage.removeItem('latentbook:latentbook:kept:network')")


def test_a_run_pauses_out_of_sight(desk: Page) -> None:
    instrument = plate(desk)
    press(instrument, "reset")
    press(instrument, "run")
    expect(instrument.locator("[data-status]")).to_contain_text("Step")
    desk.evaluate(LISTEN, LABEL)
    desk.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(instrument.locator('[data-action="run"]')).to_have_text("Run")
    stopped = steps(instrument)
    desk.wait_for_function("() => heard.some((sentence) => sentence.includes('Paused'))")
    desk.wait_for_timeout(300)
    assert steps(instrument) == stopped
