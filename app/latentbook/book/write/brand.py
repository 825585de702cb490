"""A book's brand in place of the program's: marks, icons and a sheet of colours."""

import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from markdown_it import MarkdownIt
from markupsafe import escape
from PIL import Image, ImageDraw, ImageFont

from latentbook.base.hashing import content_hash
from latentbook.book.compose.pieces import Html
from latentbook.book.read.brand import GROUNDS, Brand, mixed
from latentbook.book.write.assets import Assets

ACCENT: Mapping[str, str] = {"light": "#3b4a5a", "dark": "#b8c4d0"}
"""The default accent, a slate."""

SHEET = "brand.css"
ICON_SIZES = (180, 192, 512)


def accent_of(brand: Brand) -> Mapping[str, str]:
    return dict(brand.accent) if brand.accent else ACCENT


def letter(brand: Brand, title: str) -> str:
    return (brand.name or title)[:1].upper()


def mark(brand: Brand, title: str, folder: Path, *, alone: bool = False) -> Html:
    """The mark as SVG; ``alone`` is for a separate file, which has no style sheet."""
    if brand.mark:
        text = (folder / brand.mark).read_text(encoding="utf-8")
        return Html(
            text[text.index("<svg") :].strip().replace("<svg", '<svg aria-hidden="true"', 1)
        )
    fill = accent_of(brand)["light"] if alone else "var(--accent)"
    ink = "#ffffff" if alone else "var(--on-accent)"
    opening = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20" aria-hidden="true">'
    return Html(
        f'{opening}<rect width="20" height="20" rx="4" fill="{fill}"/>'
        f'<text x="10" y="14.5" font-family="sans-serif" font-size="13" font-weight="600" '
        f'text-anchor="middle" fill="{ink}">{escape(letter(brand, title))}</text></svg>'
    )


def line(markdown: str) -> Html:
    return Html(MarkdownIt("commonmark", {"html": False}).renderInline(markdown))


def colours(brand: Brand) -> str:
    def theme(name: str) -> dict[str, str]:
        accent = accent_of(brand)[name]
        paper = GROUNDS[name][0]
        towards, on = ("#000000", "#ffffff") if name == "light" else ("#ffffff", "#141518")
        return {
            "accent": accent,
            "accent-strong": mixed(accent, towards, 0.25),
            "accent-soft": mixed(accent, paper, 0.88),
            "on-accent": on,
        }

    dark, printed = theme("dark"), theme("light")["accent-strong"]
    pairs = (f"--{key}:light-dark({value},{dark[key]});" for key, value in theme("light").items())
    screen = f"@media (forced-colors:none){{:root{{{''.join(pairs)}}}}}\n"
    on_paper = f"--accent:{printed};--accent-strong:{printed};"
    return f"{screen}@media print{{:root:not([data-theme]),:root[data-theme]{{{on_paper}}}}}\n"


def branded(assets: Assets, brand: Brand, title: str, folder: Path, out: Path) -> Assets:
    """Replace the program's marks, icons and colours with the brand's.

    Parameters
    ----------
    folder : contains the files that the brand names
    out : where the new files are written
    """
    made = {SHEET: colours(brand).encode()}
    made["favicon.svg"] = mark(brand, title, folder, alone=True).encode()
    made |= {f"icon-{size}.png": icon(brand, title, folder, size) for size in ICON_SIZES}
    files, places = dict(assets.files), dict(assets.places)
    out.mkdir(parents=True, exist_ok=True)
    for name, data in made.items():
        files.pop(places.get(name, ""), None)
        stem, _, ending = name.rpartition(".")
        file = f"{stem}-{content_hash(data)}.{ending}"
        path = out / file
        path.write_bytes(data)
        places[name] = f"assets/{file}"
        files[places[name]] = path
    return replace(assets, files=files, places=places)


def icon(brand: Brand, title: str, folder: Path, size: int) -> bytes:
    """A square PNG of ``size`` pixels per side, for home screens."""
    if brand.icon:
        with Image.open(folder / brand.icon) as given:
            picture = given.convert("RGBA").resize((size, size), Image.Resampling.LANCZOS)
    else:
        picture = Image.new("RGBA", (size, size), accent_of(brand)["light"])
        draw = ImageDraw.Draw(picture)
        font = ImageFont.load_default(size * 0.5)
        draw.text((size / 2, size / 2), letter(brand, title), "#ffffff", font, anchor="mm")
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()


def small_print(brand: Brand, term: str, credit: Html) -> tuple[Html, ...]:
    own = (line(each) for each in (term, brand.footer, brand.licence) if each)
    return (*own, *([credit] if credit else []))


def terms_of(title: str, address: str, licence: str) -> Html:
    """A work and the terms for its text; with an address, the title links there."""
    name = Html(escape(title))
    if address:
        name = Html(f'<a href="{escape(address)}">{name}</a>')
    return Html(f"{name}: {line(licence)}")
