"""What axe-core finds on a page as it is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path("node_modules/axe-core/axe.min.js")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
ALL: dict[str, Any] = {"type": "tag", "values": TAGS}
CONTRAST: dict[str, Any] = {"type": "rule", "values": ["color-contrast"]}


def violations(page: Page, only: dict[str, Any] = ALL) -> list[str]:
    """What some rules find, one line each.

    The drawn form of equations is left out: three elements of four are in it, it is hidden from
    screen readers, and has the colour of the text around it.
    """
    if page.evaluate("() => !globalThis.axe"):
        page.evaluate(AXE.read_text())  # evaluated by the debugger, which no policy stops
    found: list[dict[str, Any]] = page.evaluate(
        """async (runOnly) => {
          // A closed <details> is hidden to axe, but in a wide window a style sheet shows this one.
          const isWide = matchMedia("(width >= 77.5em)").matches;
          for (const each of document.querySelectorAll("details.contents")) each.open ||= isWide;
          const options = { runOnly, resultTypes: ["violations"] };
          return (await axe.run({ exclude: [".katex-html"] }, options)).violations;
        }""",
        only,
    )
    size = page.viewport_size
    return [
        f"{page.url} at {size and size['width']} px: {rule['id']}: {node['target']} "
        f"{node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]


def in_both_themes(page: Page) -> list[str]:
    """What all rules find in the light, and in the dark what depends on colours."""
    return violations(page) + in_the_dark(page)


def in_the_dark(page: Page) -> list[str]:
    """What the rules on colours find in the dark, which changes nothing else."""
    page.emulate_media(color_scheme="dark")
    found = violations(page, CONTRAST)
    page.emulate_media(color_scheme="light")
    return found
