"""Accessibility faults that axe-core finds on a page as it is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path("node_modules/axe-core/axe.min.js")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
ALL: dict[str, Any] = {"type": "tag", "values": TAGS}
CONTRAST: dict[str, Any] = {"type": "rule", "values": ["color-contrast"]}


def violations(page: Page, only: dict[str, Any] = ALL) -> list[str]:
    """Return the violations of some rules, one per line.

    Skip the drawn form of equations: it makes up three quarters of the elements, is hidden from
    screen readers, and has the colour of the text around it.
    """
    if page.evaluate("() => !globalThis.axe"):
        page.evaluate(AXE.read_text())  # the debugger evaluates it, so no policy blocks it
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
    """Check all rules in the light theme, and the rules on colours in the dark theme too."""
    return violations(page) + in_the_dark(page)


def in_the_dark(page: Page) -> list[str]:
    """Check the rules on colours in the dark theme, which changes nothing else."""
    page.emulate_media(color_scheme="dark")
    found = violations(page, CONTRAST)
    page.emulate_media(color_scheme="light")
    return found
