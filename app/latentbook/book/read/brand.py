"""``[brand]`` of ``book.toml`` or ``course.toml``: name, mark, colour and small print."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, TypeAlias
from xml.etree import ElementTree

from PIL import Image
from pydantic import AfterValidator

from latentbook.base.datafile import Entry, Toml, matching

GROUNDS: Mapping[str, tuple[str, ...]] = {
    "light": ("#fcfbf8", "#ffffff", "#f5f3ed"),
    "dark": ("#141518", "#1a1c20", "#0f1012"),
}
"""Backgrounds of text in either theme: paper, surface and sunken of static/css/tokens.css."""

LEAST = 4.5
"""Minimum contrast between text and its background (WCAG 2.2, AA)."""

LINK = re.compile(r"\]\((?!https?://|mailto:)")


def _outward(text: str) -> str:
    if "\n" in text:
        raise ValueError("must be a line of text")
    if LINK.search(text):
        raise ValueError("must link only to https:, http: or mailto:")
    return text


Line: TypeAlias = Annotated[str, AfterValidator(_outward)]
"""One line of Markdown with links to other sites only."""

Colour: TypeAlias = Annotated[
    str, matching("#[0-9a-f]{6}", "must be six lower-case hexadecimal digits, like '#0a6b6b'")
]


class Accent(Entry):
    light: Colour
    dark: Colour


class Brand(Entry):
    """The table; missing values are empty.

    Attributes
    ----------
    name : short name for the bar of each page
    mark, icon : files next to ``course.toml``: an SVG for pages, a square PNG for home screens
    """

    name: Line = ""
    mark: Line = ""
    icon: Line = ""
    footer: Line = ""
    licence: Line = ""
    accent: Accent | None = None


def check_brand(brand: Brand, folder: Path, file: Toml) -> Brand:
    """Report unusable pictures and unreadable colours; return the brand without such pictures."""
    for key, name, wanted, fits in (
        ("mark", brand.mark, "an SVG picture", _is_svg),
        ("icon", brand.icon, "a square PNG picture", _is_square_png),
    ):
        if name and not fits(folder / name):
            message = f"{key} of [brand] is the name of {wanted} in {folder}; got {name!r}"
            if not (folder / name).exists():
                message = f"{key} of [brand]: the file {name!r} is missing in {folder}"
            file.add(message, "brand", key)
            brand = brand.model_copy(update={key: ""})
    for theme, colour in brand.accent or ():
        worst = min(GROUNDS[theme], key=lambda ground: contrast(colour, ground))
        if (ratio := contrast(colour, worst)) < LEAST:
            message = (
                f"accent {colour} has a contrast of {ratio:.1f} on {worst}, a ground of the "
                f"{theme} theme; at least {LEAST}"
            )
            file.add(message, "brand", "accent", theme)
    return brand


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


def contrast(one: str, other: str) -> float:
    """Contrast of two colours ``#rrggbb``, 1 to 21.

    References
    ----------
    https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
    """
    low, high = sorted(map(_luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def mixed(one: str, other: str, share: float) -> str:
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
