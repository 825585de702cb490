"""Fonts in two slices: the characters of nearly every page, and those that few pages need.

A browser fetches a slice only for a page with one of its characters (``unicode-range``). The build
runs ``fonts.py OUT SHEET …``, which writes each sheet into OUT, with the slices of its fonts.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

WEIGHTS = (400, 700)
"""The lightest and the boldest text in the style sheets."""

ONE_WEIGHT = ("source-serif-4-latin-wght-italic",)
"""Only the lightest. ``fonts.css`` says so, and a browser emboldens the rest itself."""

FEATURES = ("kern", "liga", "tnum", "ccmp", "locl", "mark", "mkmk")
"""What the sheets use, and what languages need. Ligatures for code would double its font."""

LEGAL_NAMES = (0, 13, 14)
"""Copyright and licence. A changed font must not call itself by a reserved name."""

SMALL = "abcdefghijklmnopqrstuvwxyz"
LETTERS = SMALL + SMALL.upper()
ASCII = "".join(map(chr, range(0x20, 0x7F)))
TEXT = f"{ASCII}\u00a0§°±·×½áäéöøü–—‘’“”…←→−"
LARGE = "()[]⌊⌋∑∏∫"
USUAL = {
    "source-serif-4-latin-wght-normal": TEXT,
    "source-serif-4-latin-wght-italic": TEXT,
    "inter-latin-wght-normal": TEXT,
    "jetbrains-mono-latin-wght-normal": TEXT,
    "KaTeX_AMS-Regular": "ENPR",
    "KaTeX_Caligraphic-Regular": "DLNV",
    "KaTeX_Main-Bold": f"{SMALL}ABCEIKLUVWXYZ0Σℓ",
    "KaTeX_Main-Regular": f"{LETTERS}0123456789!%()+,./:;<=>@[]^{{}}~\u00a0"
    "°±×ˉΔ…′ℓ←→∂∇∈−∗√∝∞∣∥∼≈≠≤≥⊙⊤⋅⋯⌊⌋\ue020",
    "KaTeX_Math-BoldItalic": "θμξσϵ",
    "KaTeX_Math-Italic": f"{LETTERS}αβγδεηθλμπρστφωϕϵ",
    **{f"KaTeX_Size{size}-Regular": LARGE for size in (1, 2, 3, 4)},
}
"""Characters of a font's first slice. Fonts that are not listed stay whole. Both slices need ink,
or Firefox refuses the font."""

ANY_OTHER = "U+0-200A,U+200C-FFFF"
"""But the zero-width space, which KaTeX writes and its fonts lack. Shorter than their own range."""

FACE = re.compile(r'@font-face\s*\{[^}]*url\("?([^")]+\.woff2)[^}]*\}')
SOURCE = re.compile(r"src:[^;}]*")
RANGE = re.compile(r"unicode-range:[^;}]*;?")

SIZES = (0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.2, 1.44, 1.728, 2.074, 2.488)
"""TeX's sizes, from ``\\tiny`` to ``\\Huge``, in those of normal text."""

STEP = re.compile(r"\.katex \.fontsize-ensurer\.reset-size\d+\.size\d+,[^}]*\}")
"""KaTeX's rule for the step from one size to another: there are 121."""


def _faces(face: re.Match[str], folder: Path, out: Path) -> str:
    """The ``@font-face`` of each slice. Of two with a character, the later one has precedence."""
    path = folder / face[1]
    if path.stem not in USUAL:
        shutil.copy(path, out)
        return SOURCE.sub(_source(path.stem), face[0])
    codes = set(TTFont(path).getBestCmap())
    usual = codes & set(map(ord, USUAL[path.stem]))
    rest = codes - usual
    slices = {
        f"{path.stem}-rest": (rest, ANY_OTHER if "KaTeX" in path.stem else unicode_range(rest)),
        path.stem: (usual, unicode_range(usual)),
    }
    made = ""
    for name, (part, characters) in slices.items():
        _write_slice(path, part, out / f"{name}.woff2")
        source = f"{_source(name)};unicode-range:{characters}"
        made += SOURCE.sub(source, RANGE.sub("", face[0]))
    return made


def _source(name: str) -> str:
    return f'src:url("./{name}.woff2") format("woff2")'


def _write_slice(path: Path, codes: Iterable[int], out: Path) -> None:
    font = TTFont(path, recalcTimestamp=False)
    options = Options(
        hinting=False, bidi_closure=False, name_IDs=LEGAL_NAMES, layout_features=FEATURES
    )
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=codes)
    subsetter.subset(font)
    if "fvar" in font:
        weights = WEIGHTS[0] if path.stem in ONE_WEIGHT else WEIGHTS
        instantiateVariableFont(font, {"wght": weights}, inplace=True)
    font.save(out)


def unicode_range(codes: Iterable[int]) -> str:
    """``U+20-7E,U+A0`` for CSS."""
    runs: list[list[int]] = []
    for code in sorted(codes):
        if runs and code - runs[-1][-1] == 1:
            runs[-1][1:] = [code]
        else:
            runs.append([code])
    return ",".join("U+" + "-".join(f"{end:X}" for end in run) for run in runs)


def size_rules() -> str:
    """The rules for all steps, as one for each size and one for each that it is reset from."""
    rules = ""
    for number, size in enumerate(SIZES, 1):
        rules += f".katex .reset-size{number}{{--reset:{size}}}"
        sized = f".katex :is(.fontsize-ensurer,.katex-sizing).size{number}"
        rules += f"{sized}{{font-size:calc({size}em/var(--reset))}}"
    return rules


def write_sheet(sheet: Path, out: Path) -> None:
    """Copy a style sheet, its fonts in slices beside it."""
    text = sheet.read_text(encoding="utf-8")
    text, steps = STEP.subn("", text)
    if steps:
        text += size_rules()
    text = FACE.sub(lambda face: _faces(face, sheet.parent, out), text)
    (out / sheet.name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    folder, *sheets = map(Path, sys.argv[1:])
    for each in sheets:
        write_sheet(each, folder)
