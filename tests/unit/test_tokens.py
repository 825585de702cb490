"""The colours of both themes meet WCAG 2.2 AA, by its definition of contrast."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOKENS = (ROOT / "static/css/tokens.css").read_text("utf-8")

TEXT = ("ink", "ink-2", "ink-3", "accent", "accent-strong", "warning", "good", "data-2-text")
GROUNDS = ("paper", "surface", "sunken")
TOKENS_OF_CODE = ("string", "number", "comment", "function", "class")
CODE = ("ink", "ink-2", "accent", *(f"code-{name}" for name in TOKENS_OF_CODE))
CODE_GROUNDS = ("surface", "code-error", "code-selection")

PAIRS = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", TOKENS)
THEMES = {
    "light": {name: light for name, light, _ in PAIRS},
    "dark": {name: dark for name, _, dark in PAIRS},
}


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def pairs() -> list[tuple[str, str, float]]:
    wanted = [(text, ground, 4.5) for text in TEXT for ground in GROUNDS]
    wanted += [(text, "accent-soft", 4.5) for text in ("ink", "ink-2", "ink-3", "accent")]
    wanted += [("on-accent", "accent", 4.5), ("on-accent", "accent-strong", 4.5)]
    wanted += [("paper", "warning", 4.5)]  # the word on the Stop button
    wanted += [("edge", ground, 3.0) for ground in (*GROUNDS, "accent-soft")]
    wanted += [(m, g, 3.0) for m in ("muted", "data-1", "data-2") for g in ("paper", "surface")]
    wanted += [("tile-ink", "tile-paper", 4.5)]
    wanted += [(f"class-{i}", "tile-paper", 3.0) for i in range(10)]
    wanted += [(text, ground, 4.5) for text in CODE for ground in CODE_GROUNDS]
    return wanted


def test_white_on_black_is_21():
    assert contrast("#ffffff", "#000000") == pytest.approx(21)


@pytest.mark.parametrize("theme", THEMES)
def test_contrast(theme):
    short = [
        f"--{text} on --{ground}: {contrast(THEMES[theme][text], THEMES[theme][ground]):.2f}"
        for text, ground, least in pairs()
        if contrast(THEMES[theme][text], THEMES[theme][ground]) < least
    ]
    assert short == []


def test_every_colour_has_two_themes():
    root = TOKENS.split("@media", 1)[0]
    assert set(re.findall("#[0-9a-f]+", root)) == {hex for _, *pair in PAIRS for hex in pair}
    assert len(PAIRS) > 35


def test_figures_are_written_in_the_light_themes_colours() -> None:
    """The page maps each hex of static/js/figure/palette.js to a variable; exports draw the hex."""
    script = (ROOT / "static/js/figure/palette.js").read_text("utf-8")
    palette = dict(re.findall(r'"(#[0-9a-f]{6})": "--([\w-]+)"', script))
    assert len(palette) > 15
    light = THEMES["light"]
    assert {name: light[name] for name in palette.values()} == {
        name: colour for colour, name in palette.items()
    }
