"""A book's own colours: contrast as WCAG defines it, on the style sheets' backgrounds."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from PIL import Image

from latentbook.base.datafile import Toml
from latentbook.base.errors import Problems
from latentbook.book.load import load
from latentbook.book.read.brand import GROUNDS, LEAST, Accent, Brand, check_brand, contrast
from latentbook.book.write.brand import ACCENT, colours, icon, line
from latentbook.book.write.render import Renderer

from .conftest import BOOK, HEAD, AnyFile, MakeBook


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000000", "#ffffff", 21.0), ("#767676", "#ffffff", 4.54), ("#ff0000", "#ffffff", 4.00)],
)
def test_contrast_is_that_of_published_examples(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.005)
    assert contrast(other, one) == contrast(one, other)


def test_the_grounds_are_those_of_the_style_sheet(root: Path) -> None:
    css = (root / "static" / "css" / "tokens.css").read_text(encoding="utf-8")
    pair = r": light-dark\((#\w+), (#\w+)\);"
    pairs = [re.findall(f"--{name}{pair}", css)[0] for name in ("paper", "surface", "sunken")]
    assert list(zip(*pairs, strict=True)) == [GROUNDS["light"], GROUNDS["dark"]]


def test_a_book_without_a_colour_can_be_read_too() -> None:
    for theme, grounds in GROUNDS.items():
        assert min(contrast(ACCENT[theme], ground) for ground in grounds) >= LEAST


def test_text_on_the_colour_can_be_read() -> None:
    sheet = colours(Brand(accent=Accent(light="#7a3b10", dark="#f0b48a")))
    found = dict(re.findall(r"--([\w-]+):light-dark\(([^)]+)\)", sheet))
    themes = zip(found["accent"].split(","), found["on-accent"].split(","), strict=True)
    assert all(contrast(*pair) >= LEAST for pair in themes)


def test_paper_has_the_colour_too(root: Path) -> None:
    """It is set by the same selector as in the program's own print style sheet."""
    sheet = colours(Brand(accent=Accent(light="#7a3b10", dark="#f0b48a")))
    printed = re.search(r"@media print\{(.+?)\{--accent:(#\w+);", sheet)
    assert printed is not None and contrast(printed[2], "#ffffff") >= LEAST
    own = (root / "static/css/print.css").read_text(encoding="utf-8")
    assert f"{printed[1]} {{".replace(",", ",\n") in own


def test_small_print_holds_links_but_no_markup() -> None:
    html = line("By [us](https://host.example/) <script>alert(1)</script>")
    assert '<a href="https://host.example/">us</a>' in html and "<script>" not in html


def test_an_icon_is_a_square_of_the_colour(tmp_path: Path) -> None:
    brand = Brand(name="Q", accent=Accent(light="#7a3b10", dark="#f0b48a"))
    with Image.open(io.BytesIO(icon(brand, "Q", tmp_path, 180))) as picture:
        assert picture.size == (180, 180)
        assert picture.convert("RGB").getpixel((2, 2)) == (0x7A, 0x3B, 0x10)


def png(width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.new("L", (width, height)).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("key", "content", "accepted"),
    [
        ("icon", png(8, 8), True),
        ("icon", png(8, 4), False),
        ("icon", png(64, 64)[:60], False),
        ("icon", b"a text", False),
        ("icon", None, False),
        ("mark", b'<svg xmlns="http://www.w3.org/2000/svg"/>', True),
        ("mark", b"<svg", False),
        ("mark", b"<p/>", False),
    ],
)
def test_pictures_that_cannot_be_used_are_named(
    tmp_path: Path, key: str, content: bytes | None, accepted: bool
) -> None:
    name = {"icon": "icon.png", "mark": "mark.svg"}[key]
    if content is not None:
        (tmp_path / name).write_bytes(content)
    problems = Problems()
    file = Toml(f'[brand]\n{key} = "{name}"\n', problems.of(Path("book.toml")))
    brand = check_brand(Brand.model_validate({key: name}), tmp_path, file)
    assert (getattr(brand, key) == name) == accepted
    said = [error.line for error in problems.errors if name in error.message]
    assert said == ([] if accepted else [2])
    assert all(("is missing" in error.message) == (content is None) for error in problems.errors)


def test_every_page_has_the_colours_frames_of_other_sites_too(make_book: MakeBook) -> None:
    snippet = "```{code-cell} python\n:label: c-one\n:title: One\nprint(1)\n```\n"
    toml = BOOK + '\n[brand]\naccent = { light = "#7a3b10", dark = "#f0b48a" }\n'
    files = {"book.toml": toml, "sample/text.md": f"{HEAD}\n{snippet}"}
    book = load(make_book(files)).book
    pages = dict(Renderer(book, AnyFile({}, {}), {"reload": False}, "", "/").pages())
    assert "embed/c-one/index.html" in pages
    assert [place for place, html in pages.items() if "brand.css" not in html] == []
