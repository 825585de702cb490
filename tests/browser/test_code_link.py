"""Code in a link: shown, compared, used or discarded; a hostile link runs nothing."""

from __future__ import annotations

import base64
import json
import re
import zlib
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import in_both_themes
from tests.browser.book_pages import READY, SECTION, Open, output, run

pytestmark = pytest.mark.browser

LABEL = "snippet-linear-ae"


def packed(data: bytes) -> str:
    deflated = zlib.compressobj(9, zlib.DEFLATED, -15)
    raw = deflated.compress(data) + deflated.flush()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def link(**content: Any) -> str:
    value = {"label": LABEL, "base": "0", "code": "print('linked')\n", **content}
    return f"{SECTION}#code={packed(json.dumps(value).encode())}"


def unpacked(address: str) -> dict[str, Any]:
    raw = base64.urlsafe_b64decode(address.partition("#code=")[2] + "==")
    found: dict[str, Any] = json.loads(zlib.decompress(raw, -15))
    return found


def stored(page: Page) -> dict[str, Any]:
    return page.evaluate(  # type: ignore[no-any-return]
        """() => Object.fromEntries(Object.entries(localStorage)
          .filter(([key]) => /:(code|own|output):/.test(key))
          .map(([key, text]) => [key.split(":")[2], JSON.parse(text)]))"""
    )


def test_a_link_takes_code_to_another_reader(open_page: Open) -> None:
    page = open_page(fresh=True, permissions=["clipboard-read", "clipboard-write"])
    cell = page.locator("section[data-cell]").first
    book = cell.locator("pre code").inner_text()
    code = f"print('é <b>', 6 * 7)  # 👩🏽\u200d🎓\n{book}".rstrip("\n")
    assert output(run(page, code)).startswith("é <b> 42")
    cell.get_by_role("button", name="Copy a link to this code").press("Enter")
    expect(cell.locator("[data-status]")).to_have_text("Link copied")
    address = page.evaluate("navigator.clipboard.readText()")
    assert unpacked(address)["code"] == code
    assert address.startswith(page.url.partition("#")[0] + "#code=")
    page.close()

    page = open_page(SECTION + "#" + address.partition("#")[2])
    offer = page.get_by_role("group", name="The link has other code for this snippet.")
    expect(offer).to_be_focused()
    assert page.url.endswith(f"#{LABEL}")
    assert offer.locator("ins").all_inner_texts() == [f"+ {code.splitlines()[0]}\n"]
    assert offer.locator("del").count() == 0
    assert offer.get_by_text("another edition").count() == 0
    assert in_both_themes(page) == []
    assert stored(page) == {}
    assert page.locator('section[data-cell]:not([data-state="recorded"])').count() == 0
    expect(page.locator(READY)).to_be_attached()
    offer.get_by_role("button", name="Discard").press("Enter")
    expect(offer).to_have_count(0)
    assert stored(page) == {}


def test_the_readers_own_version_comes_back(open_page: Open) -> None:
    page = open_page()
    cell = page.locator("section[data-cell]").first
    run(page, "print('mine')")
    expect(cell).to_have_attribute("data-state", "done")
    page.evaluate("hash => location.hash = hash", link().partition("#")[2])
    offer = cell.get_by_role("group", name="The link has other code")
    expect(offer).to_contain_text("another edition")
    assert offer.locator("del").all_inner_texts() == ["- print('mine')\n"]
    offer.get_by_role("button", name="Use it").press("Enter")
    origin = cell.get_by_role("group", name="Code from a link")
    expect(origin).to_be_visible()
    expect(cell.locator("[data-output]")).to_contain_text("mine")  # it has not run
    cell.locator('[data-action="run"]').click()
    expect(cell.locator("[data-output]")).to_contain_text("linked")
    page.reload()
    expect(origin).to_be_visible()
    expect(cell.locator(".mark")).to_contain_text("Code from a link")
    expect(cell.locator(".source")).to_contain_text("print('linked')")
    origin.get_by_role("button", name="Back to my version").click()
    expect(cell.locator(".source")).to_contain_text("print('mine')")
    expect(origin).to_have_count(0)
    assert stored(page)["code"]["text"] == "print('mine')"
    assert "own" not in stored(page)


BOMB = packed(b"0" * 6_000_000)
HOSTILE = {
    "damaged": (f"{SECTION}#code=%%%", "damaged"),
    "cut off": (link()[:-9], "damaged"),
    "not JSON": (f"{SECTION}#code={packed(b'{')}", "damaged"),
    "of another shape": (link(code=["x"]), "damaged"),
    "a bomb": (f"{SECTION}#code={BOMB}", "too long"),
    "too long": (f"{SECTION}#code={'A' * 9_000}", "too long"),
    "an unknown label": (link(label="<img src=x>"), "not on this page: <img src=x>"),
    "turned round": (link(code="x = 1  # \u202e"), "invisible"),
    "of no width": (link(code="x = 'a\u200bb'"), "invisible"),
    "joined": (link(code="x = 'a\u200db'"), "invisible"),
    "a filler": (link(code="x = '\u3164'"), "invisible"),
}


def test_a_hostile_link_is_refused(open_page: Open) -> None:
    assert len(BOMB) < 8_000
    page = open_page(python=False)
    expect(page.locator("[data-answers]").first).to_be_attached()
    for name, (address, words) in HOSTILE.items():
        page.evaluate("hash => location.hash = hash", address.partition("#")[2])
        notice = page.locator(".refused")
        expect(notice, name).to_contain_text(words)
        expect(notice).to_be_focused()
        assert "#" not in page.url
        notice.get_by_role("button", name="Close").click()
    assert stored(page) == {}
    assert page.locator("main img[src=x]").count() == 0


def test_code_that_is_too_long_gets_no_link(open_page: Open) -> None:
    page = open_page(python=False)
    cell = page.locator("section[data-cell]").first
    expect(cell).to_have_attribute("data-answers", "")
    random = "".join(chr(0x4E00 + i * i * 7919 % 20_011) for i in range(9_000))
    key = f"latentbook:latentbook:code:{LABEL}"
    value = json.dumps({"base": "0", "text": random})
    page.evaluate("([key, value]) => localStorage.setItem(key, value)", [key, value])
    page.reload()
    cell.get_by_role("button", name="Copy a link to this code").click()
    expect(cell.locator("[data-status]")).to_contain_text(re.compile("too long for a link: 8,000"))
