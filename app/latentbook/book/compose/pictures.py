"""Pictures from a chapter's folder ``images``: SVG goes into the page, others become files."""

from __future__ import annotations

import re
import warnings
import xml.etree.ElementTree as ET
from pathlib import Path

from markupsafe import escape
from PIL import Image

from latentbook.book.compose.media import Media
from latentbook.book.compose.pieces import Html

RASTER = (".png", ".jpg", ".jpeg", ".webp", ".avif", ".gif")
FORBIDDEN = re.compile(
    r"<(script|style|foreignObject|image)\b|\s(on\w+)\s*=|<!(ENTITY)\b", re.IGNORECASE
)


class Pictures:
    def __init__(self, content: Path, media: Media) -> None:
        self.content = content
        self._media = media

    def names(self, folder: str) -> list[str]:
        return sorted(
            str(path.relative_to(self.content / folder))
            for path in (self.content / folder).rglob("*")
            if path.suffix in (*RASTER, ".svg")
        )

    def picture(self, name: str, alt: str, root: str, id: str) -> Html:
        """Markup of one picture. ``id`` is unique in the page and prefixes an SVG's own ids.

        Raises
        ------
        FileNotFoundError
            If it is missing.
        ValueError
            If it is no picture that can stand in a page.
        """
        path = self.content / name
        if self.content.resolve() not in path.resolve().parents:
            raise ValueError(f"picture {name!r} lies outside of the content folder")
        if not path.is_file():
            raise FileNotFoundError(name)
        if path.suffix == ".svg":
            return self._inline(path, alt, id)
        if path.suffix not in RASTER:
            accepted = ", ".join((".svg", *RASTER))
            raise ValueError(f"{path.name!r} is not a picture. Accepted endings: {accepted}.")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                with Image.open(path) as image:
                    width, height = image.size
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            most = Image.MAX_IMAGE_PIXELS
            raise ValueError(
                f"{path.name!r} has more than {most} pixels: make it smaller"
            ) from None
        except (OSError, ValueError, SyntaxError):  # Pillow raises each of them for broken files
            raise ValueError(f"{path.name!r} cannot be read as a picture") from None
        place = self._media.add(path.stem, path.suffix, path.read_bytes())
        return Html(
            f'<img src="{root}{escape(place)}" width="{width}" height="{height}" '
            f'alt="{escape(alt)}" loading="lazy" decoding="async">'
        )

    def _inline(self, path: Path, alt: str, prefix: str) -> Html:
        """An SVG's markup with its alt text, and ids that no other picture has."""
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise ValueError(f"{path.name!r} is not UTF-8") from None
        try:
            ET.fromstring(text)
        except ET.ParseError as error:
            raise ValueError(f"{path.name!r} is not well-formed SVG: {error}") from None
        found = [match[1] or match[2] or match[3] for match in FORBIDDEN.finditer(text)]
        if found:
            what = ", ".join(map(repr, dict.fromkeys(found)))
            raise ValueError(f"{path.name!r} holds {what}, which the page's security refuses")
        start = text.find("<svg")
        body = re.sub(r"<!--.*?-->", "", text[start:], flags=re.DOTALL).strip()
        body = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}-\1"', body)
        body = re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}-\1)", body)
        body = re.sub(r'href="#([^"]+)"', rf'href="#{prefix}-\1"', body)
        tag, rest = body.split(">", 1)
        closing = "/" if tag.endswith("/") else ""
        return Html(f"{_svg_tag(tag.rstrip('/'), alt)}{closing}>{rest}")


def _svg_tag(tag: str, alt: str) -> str:
    """The start of an ``svg`` element without its ``>``, named by ``alt``."""
    kept = re.sub(r'\s+(?:role|aria-[\w-]+|xmlns(?::\w+)?)="[^"]*"', "", tag)
    return f'{kept} role="img" aria-label="{escape(alt)}"'
