"""``[brand]`` of ``book.toml`` or ``course.toml``: the name, mark, colour and small print."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from PIL import Image

from latentbook.book.read.problems import FileProblems
from latentbook.book.read.toml import table
from latentbook.errors import accepted_names

TEXTS = ("name", "mark", "icon", "footer", "licence")
GROUNDS: Mapping[str, tuple[str, ...]] = {
    "light": ("#fcfbf8", "#ffffff", "#f5f3ed"),
    "dark": ("#141518", "#1a1c20", "#0f1012"),
}
"""What text stands on in either theme: paper, surface and sunken of static/css/tokens.css."""

LEAST = 4.5
"""Contrast of text, to one (WCAG 2.2, AA)."""

COLOUR = re.compile(r"#[0-9a-f]{6}")
LINK = re.compile(r"\]\((?!https?://|mailto:)")


@dataclass(frozen=True)
class Brand:
    """What stands in the table; what is not there is empty.

    Attributes
    ----------
    name : in the bar of each page, short
    mark, icon : files beside ``course.toml``: an SVG for pages, a square PNG for home screens
    footer, licence : Markdown of one line, whose links lead outside
    accent : the colour of links and buttons, by theme
    """

    name: str = ""
    mark: str = ""
    icon: str = ""
    footer: str = ""
    licence: str = ""
    accent: Mapping[str, str] | None = None


def read_brand(value: Any, folder: Path, line: int, text: str, report: FileProblems) -> Brand:
    """Read the table; what is wrong is reported.

    Parameters
    ----------
    folder : in which the files that it names lie
    line : of the table
    text : of the file, for the lines of its keys
    """
    values = dict(table("brand", value, report, line))
    lines = {key: _line_of(text, key, line) for key in values}
    for key in values:
        if key not in (*TEXTS, "accent"):
            names = accepted_names(key, (*TEXTS, "accent"))
            report.add(lines[key], f"unknown key {key!r} of [brand]. {names}")
    texts = {key: read_line(key, values, lines.get(key, line), report) for key in TEXTS}
    for key, wanted, fits in (
        ("mark", "an SVG picture", _is_svg),
        ("icon", "a square PNG picture", _is_square_png),
    ):
        name = texts[key]
        if name and not fits(folder / name):
            report.add(
                lines[key], f"{key} of [brand] is the name of {wanted} in {folder}; got {name!r}"
            )
            texts[key] = ""
    accent = values.get("accent")
    if accent is not None and not _is_accent(accent, lines["accent"], report):
        accent = None
    return Brand(**texts, accent=accent)


def _is_svg(path: Path) -> bool:
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError):
        return False
    return path.suffix == ".svg" and root.tag.endswith("svg")


def _is_square_png(path: Path) -> bool:
    try:
        with Image.open(path, formats=["PNG"]) as picture:
            picture.load()
            return picture.width == picture.height
    except (OSError, SyntaxError, ValueError):
        return False


def read_line(key: str, values: Mapping[str, Any], line: int, report: FileProblems) -> str:
    """A line of text, whose links lead outside; what is wrong is reported."""
    given = values.get(key, "")
    if not isinstance(given, str) or "\n" in given:
        report.add(line, f"{key} must be a line of text; got {given!r}")
        return ""
    if LINK.search(given):
        report.add(line, f"a link in {key} leads to https:, http: or mailto:")
    return given


def contrast(one: str, other: str) -> float:
    """Contrast of two colours ``#rrggbb``, 1 to 21.

    References
    ----------
    https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
    """
    low, high = sorted(map(_luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def mixed(one: str, other: str, share: float) -> str:
    """A colour with a share, 0 to 1, of another."""
    pairs = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _channels(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))


def _luminance(colour: str) -> float:
    shares = (channel / 255 for channel in _channels(colour))
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _is_accent(value: Any, line: int, report: FileProblems) -> bool:
    if (
        not isinstance(value, dict)
        or set(value) != set(GROUNDS)
        or not all(isinstance(each, str) and COLOUR.fullmatch(each) for each in value.values())
    ):
        report.add(
            line,
            'accent of [brand] is { light = "#0a6b6b", dark = "#5cc8c0" }, in small hexadecimal '
            f"digits; got {value!r}",
        )
        return False
    good = True
    for theme, grounds in GROUNDS.items():
        worst = min(grounds, key=lambda ground: contrast(value[theme], ground))
        if (ratio := contrast(value[theme], worst)) < LEAST:
            report.add(
                line,
                f"accent {value[theme]} has a contrast of {ratio:.1f} on {worst}, a ground of the "
                f"{theme} theme; at least {LEAST}",
            )
            good = False
    return good


def _line_of(text: str, key: str, start: int) -> int:
    """The line of a key at or after a line."""
    for nth, line in enumerate(text.split("\n")[start - 1 :], start=start):
        if re.match(rf"\s*{re.escape(key)}\s*=", line):
            return nth
    return start
