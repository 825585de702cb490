"""Pictures from a chapter's folder ``images``: SVG becomes part of the page, others files."""

import re
import warnings
import xml.etree.ElementTree as ET
from pathlib import Path
from posixpath import normpath

from markdown_it.token import Token
from PIL import Image

from latentbook.base.files import Files
from latentbook.book.compose.media import Media
from latentbook.book.compose.pieces import Html

RASTER = (".png", ".jpg", ".jpeg", ".webp", ".avif", ".gif")
FORBIDDEN = re.compile(
    r"<(script|style|foreignObject|image)\b|\s(on\w+)\s*=|<!(ENTITY)\b", re.IGNORECASE
)


class Pictures:
    def __init__(self, files: Files, media: Media) -> None:
        self._files = files
        self._media = media

    def names(self, folder: str) -> list[str]:
        places = self._files.below(folder)
        return [each[len(folder) + 1 :] for each in places if each.endswith((*RASTER, ".svg"))]

    def picture(self, name: str, alt: str, id: str) -> Token:
        """One picture, for running text; ``id`` is unique and prefixes an SVG's own ids.

        A missing file raises FileNotFoundError; one that a page cannot show, ValueError.
        """
        if (place := normpath(name)) not in self._files and not place.startswith("../"):
            raise FileNotFoundError(name)
        path = self._files.path(place) if place in self._files else Path(place)
        folder = Path(path.as_posix().removesuffix(place)).resolve()
        if place.startswith("../") or folder not in path.resolve().parents:  # a link may lead out
            raise ValueError(f"picture {name!r} is outside the content folder")
        if path.suffix == ".svg":
            svg = Html(_inline(path, alt, id))
            return Token("svg", "svg", 0, meta={"svg": svg, "alt": alt})
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
        return self.file(path.stem, path.suffix, path.read_bytes(), (width, height), alt)

    def file(self, name: str, ending: str, data: bytes, size: tuple[int, int], alt: str) -> Token:
        """Store a picture as a separate file; ``size`` is its width and height in pixels."""
        place = self._media.add(name, ending, data)
        attrs: dict[str, str | int | float] = {"src": place, "width": size[0], "height": size[1]}
        attrs |= {"alt": alt, "loading": "lazy", "decoding": "async"}
        return Token("picture", "img", 0, attrs=attrs, meta={"file": place, "alt": alt})


def _inline(path: Path, alt: str, prefix: str) -> str:
    """Return an SVG with its alt text and with ids made unique by ``prefix``."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"{path.name!r} is not UTF-8") from None
    try:
        svg = ET.fromstring(text)
    except ET.ParseError as error:
        raise ValueError(f"{path.name!r} is not well-formed SVG: {error}") from None
    found = [match[1] or match[2] or match[3] for match in FORBIDDEN.finditer(text)]
    if found:
        what = ", ".join(map(repr, dict.fromkeys(found)))
        raise ValueError(f"{path.name!r} holds {what}, which the page's security refuses")
    for each in svg.iter():
        each.tag = _local(each.tag)
        each.attrib = {_local(name): value for name, value in each.attrib.items()}
        for name, value in each.attrib.items():
            if name == "id":
                each.set(name, f"{prefix}-{value}")
            elif name == "href" and value.startswith("#"):
                each.set(name, f"#{prefix}-{value[1:]}")
            elif "url(#" in value:
                each.set(name, value.replace("url(#", f"url(#{prefix}-"))
    for name in [name for name in svg.attrib if name == "role" or name.startswith("aria-")]:
        del svg.attrib[name]
    svg.attrib |= {"role": "img", "aria-label": alt}
    svg.tail = None
    return ET.tostring(svg, encoding="unicode")


def _local(name: str) -> str:
    """A name without its namespace: in a page, SVG and XLink need none."""
    return name.rpartition("}")[2]
