"""Every page of the book, loaded once and checked in many sizes, in forced colours and on paper.

Nothing here needs Python, whose files never arrive. The checks are in ``probes.js``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.axe import in_both_themes, violations
from tests.browser.book_pages import CHAPTERS, SECTION, Open, go_to
from tests.lot import by_lot
from widgets import WIDGETS

pytestmark = pytest.mark.browser

PROBES = Path(__file__).with_name("probes.js").read_text("utf-8")

REST = "rest"
"""The front page and the back matter."""


@dataclass(frozen=True)
class Look:
    """A window size and medium, and the probes to run in it."""

    width: int
    height: int
    probes: tuple[str, ...]
    media: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return ", ".join([f"{self.width} px", *self.media.values()])


TEXT = (
    "notes over notes or blocks",
    "control before the picture",
    "equation on its number",
    "line begins with the punctuation after an equation",
)
ALWAYS = ("scrolls sideways", "wider than its plate", *TEXT)
WINDOW = (
    "control and panel not seen together",
    "focus hidden by controls",
    "controls fill the window",
)
MARGIN = "note not beside its paragraph"
BLANK, TARGET = "blank in a plate", "small target in a plate"
PAPER = ("cut off at the edge of the paper", "answer not printed")
SCREENS = (
    Look(1280, 720, (*ALWAYS, MARGIN, TARGET, *WINDOW)),
    Look(768, 512, (*ALWAYS, BLANK, *WINDOW[1:])),
    Look(320, 256, ("scrolls sideways", *TEXT, *WINDOW[1:])),  # a zoom of 400 %
)
OTHER_WIDTHS = (
    Look(1280, 800, (BLANK,)),
    Look(390, 844, WINDOW),
    Look(1920, 900, ALWAYS),
    Look(1240, 900, (*ALWAYS, MARGIN)),  # the narrowest with a margin
)
FORCED = Look(1280, 720, ("words unseen in forced colours",), media={"forced_colors": "active"})
A4 = Look(627, 900, PAPER, media={"media": "print"})
"""Narrower than Letter."""
TOO_WIDE = ("self-supervision/print/", "workshop/print/")
"""A table there is wider than the paper."""
TOUCHED = Look(360, 740, (*ALWAYS, *WINDOW, TARGET, "small target", "small link"))
UNFOLDED = Look(320, 256, ("scrolls and cannot be reached by keyboard",))
NARROW = replace(UNFOLDED, width=360, height=800)


@pytest.fixture(scope="session")
def places(site: Path) -> dict[str, list[str]]:
    """The pages of each chapter and the rest, without redirects.

    Embeds are left out too: a block alone in a frame looks as on its page.
    """
    found: dict[str, list[str]] = {chapter: [] for chapter in (*CHAPTERS, REST)}
    for page in sorted(set(site.rglob("*.html")) - set(site.glob("embed/*/index.html"))):
        if 'http-equiv="refresh"' in page.read_text():
            continue
        place = page.relative_to(site).as_posix().removesuffix("index.html")
        chapter = place.partition("/")[0]
        found[chapter if chapter in found else REST].append(place)
    return found


PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 740},
    "has_touch": True,
    "is_mobile": True,
}


@pytest.fixture
def sheet(open_page: Open) -> Page:
    """A page without Python, on which tests go from place to place.

    It starts at the only page to which no link leads.
    """
    return open_page("404.html", python=False, fresh=True)


@pytest.fixture
def phone(open_page: Open) -> Page:
    """The same with a phone's window and touch."""
    return open_page("404.html", python=False, **PHONE)


def turn_to(page: Page, place: str) -> None:
    """Go to a page of the book, and load the probes if needed."""
    go_to(page, place)
    if page.evaluate("() => !globalThis.probe"):
        page.evaluate(f"() => {{ {PROBES} }}")


def wrong(page: Page, look: Look, patience: int = 600) -> list[str]:
    """List the faults that a look's probes still find after some frames."""
    page.set_viewport_size({"width": look.width, "height": look.height})
    if look.media:
        page.emulate_media(**look.media)
    found = page.evaluate("([names, frames]) => probe(names, frames)", [look.probes, patience])
    if look.media:
        page.emulate_media(**dict.fromkeys(look.media, "null"))
    return [f"{page.url} at {look}: {each}" for each in found]


def is_sheet(place: str) -> bool:
    """Tell whether a page is a chapter's print version."""
    return place.endswith("print/")


def sources_of(place: str) -> tuple[str, ...]:
    """List the page's own source, and the style sheets, which may move any page."""
    chapter, _, section = place.strip("/").partition("/")
    return f"content/{chapter}/{section or 'index'}.md", "static/css/"


@pytest.mark.sweep
@pytest.mark.parametrize("chapter", [*CHAPTERS, REST])
def test_every_page(sheet: Page, phone: Page, places: dict[str, list[str]], chapter: str) -> None:
    found: list[str] = []
    pages = by_lot((each for each in places[chapter] if not is_sheet(each)), sources_of)
    for place in pages:
        turn_to(sheet, place)
        for look in (*SCREENS, FORCED, A4) if place == SECTION else SCREENS:
            found += wrong(sheet, look)
        unfold(sheet)
        found += wrong(sheet, UNFOLDED)
    for place in pages:
        turn_to(phone, place)
        found += wrong(phone, TOUCHED)
    assert "\n".join(found) == ""


def on_paper(place: str) -> tuple[Look, ...]:
    """Choose the looks for a print version; its content is checked on the sections' own pages."""
    narrow = replace(TOUCHED, probes=ALWAYS[:1])
    return (narrow,) if place in TOO_WIDE else (narrow, A4)


@pytest.mark.long
@pytest.mark.sweep
@pytest.mark.parametrize("chapter", [*CHAPTERS, REST])
def test_other_widths(sheet: Page, places: dict[str, list[str]], chapter: str) -> None:
    found: list[str] = []
    for place in by_lot(places[chapter], sources_of):
        turn_to(sheet, place)
        for look in on_paper(place) if is_sheet(place) else OTHER_WIDTHS:
            found += wrong(sheet, look)
    assert "\n".join(found) == ""


def unfold(page: Page) -> None:
    """Open every fold."""
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")


QUICK_AXE = ("tour", "workshop")
"""Two small chapters with every kind of block; the others are among the long tests."""


@pytest.mark.sweep
@pytest.mark.parametrize(
    "chapter",
    [
        pytest.param(each, marks=() if each in QUICK_AXE else pytest.mark.long)
        for each in (*CHAPTERS, REST)
    ],
)
def test_axe_finds_nothing(sheet: Page, places: dict[str, list[str]], chapter: str) -> None:
    """Check each page unfolded, in a narrow window and the light theme.

    Also check the quick chapters, and one of each kind of the remaining pages, against all rules in
    a wide window and against the rules on colours in the dark theme. Colours depend only on the
    kind of block.
    """
    found: list[str] = []
    kinds: set[object] = set()
    for place in by_lot((each for each in places[chapter] if not is_sheet(each)), sources_of):
        turn_to(sheet, place)
        unfold(sheet)
        found += wrong(sheet, NARROW)  # axe does not wait for corrections by the page's scripts
        found += violations(sheet)
        kind = (place.partition("/")[0], place.count("/")) if chapter == REST else place
        if chapter in (*QUICK_AXE, REST) and kind not in kinds:
            kinds.add(kind)
            sheet.set_viewport_size({"width": 1280, "height": 800})
            found += in_both_themes(sheet)
    assert "\n".join(found) == ""


def test_the_pages_hold_every_instrument(site: Path, places: dict[str, list[str]]) -> None:
    text = "".join(
        (site / place / ("" if place.endswith(".html") else "index.html")).read_text("utf-8")
        for chapter in places.values()
        for place in chapter
    )
    assert [name for name in WIDGETS if f'data-instrument="{name}"' not in text] == []


def styled(rule: str) -> str:
    """Return a script that adds a style rule with priority over all others."""
    rule = rule.replace(";", " !important;").replace(" }", " !important }")
    return f"""() => {{
      const sheet = new CSSStyleSheet();
      sheet.replaceSync({rule!r});
      document.adoptedStyleSheets = [sheet];
    }}"""


FAULTS = {
    "scrolls sideways": styled("main { width: 3000px }"),
    "notes over notes or blocks": styled(".note { position: fixed; inset: 0 }"),
    MARGIN: styled(".note { translate: 4px }"),
    "equation on its number": styled(".equation > .number { translate: -50vw }"),
    TEXT[-1]: styled(".katex-base { translate: 0 3em }"),
    "wider than its plate": styled(".bench .readout { width: 3000px }"),
    BLANK: styled(".bench { padding-bottom: 900px }"),
    WINDOW[0]: styled(".controls { position: static }"),
    WINDOW[1]: """() => {
      for (const each of document.querySelectorAll(".panel")) each.tabIndex = 0;
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(
        ".controls { margin-top: -900px !important; padding-top: 900px !important }",
      );
      document.adoptedStyleSheets = [sheet];
    }""",
    WINDOW[2]: styled(".controls { padding-top: 900px }"),
    TARGET: styled("section button { height: 9px; min-height: 0 }"),
    "small target": styled("section button { height: 40px; min-height: 0 }"),
    "small link": styled("main a { font-size: 3px }"),
    "words unseen in forced colours": styled("button { color: Canvas }"),
    PAPER[0]: styled("main p { width: 3000px }"),
    PAPER[1]: styled("details.answer > .body { display: none }"),
    "control before the picture": """() => {
      const picture = document.querySelector(".picture");
      picture.before(document.querySelector(".control"));
    }""",
    UNFOLDED.probes[0]: """() => {
      const scrollers = document.querySelectorAll("[data-scrolls]");
      for (const each of scrollers) each.removeAttribute("tabindex");
    }""",
}
"""For each probe, a change of the page that it must detect."""


def test_each_probe_finds_its_fault(sheet: Page, phone: Page) -> None:
    """A probe whose selectors no longer match the book would find nothing, and pass."""
    turn_to(phone, SECTION)
    turn_to(sheet, SECTION)
    every = (*SCREENS, FORCED, A4, UNFOLDED, TOUCHED)  # the last look with a probe counts
    looks = {probe: look for look in every for probe in look.probes}
    assert set(FAULTS) == set(looks)
    unseen = []
    for probe, fault in FAULTS.items():
        page = phone if looks[probe] is TOUCHED else sheet
        page.bring_to_front()
        alone = replace(looks[probe], probes=(probe,))
        assert wrong(page, alone) == []
        page.evaluate(fault)
        if not wrong(page, alone, patience=0):
            unseen.append(probe)
        page.evaluate("() => { document.adoptedStyleSheets = []; }")
    assert unseen == []
