"""Bundles: hashed names resolve, fonts are woff2 only, the same sources give the same names."""

from __future__ import annotations

import py_compile
import re
from pathlib import Path

import brotli  # type: ignore[import-untyped]
import pytest
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

from latentbook.base.errors import LatentbookError, UnknownName
from latentbook.book.write.assets import (
    HASHED,
    ON_DEMAND,
    Assets,
    bundle,
    esbuild,
    sources_hash,
)
from latentbook.book.write.compress import Compressor
from latentbook.settings import Settings

WHOLE = (
    ("katex/dist/fonts", "KaTeX_Main-Regular", "ABCXYZ"),
    ("katex/dist/fonts", "KaTeX_AMS-Regular", "ER"),
    ("@fontsource-variable/inter/files", "inter-latin-wght-normal", "ABCXYZ"),
    ("@fontsource-variable/source-serif-4/files", "source-serif-4-latin-wght-italic", "ABCXYZ"),
)


@pytest.fixture(scope="module")
def settings(root: Path, shared_build: Path) -> Settings:
    return Settings(root=root, build=shared_build)


@pytest.fixture(scope="module")
def assets(settings: Settings) -> Assets:
    return bundle(settings)


def sheet(assets: Assets) -> str:
    return assets.files[assets.place("book.css")].read_text(encoding="utf-8")


def test_every_name_leads_to_a_hashed_file(assets: Assets) -> None:
    for name, place in assets.places.items():
        assert assets.files[place].is_file(), name
        stem = Path(name).stem
        assert re.fullmatch(rf"assets/{re.escape(stem)}-\w+{Path(name).suffix}", place), place
    assert set(assets.on_demand) == set(ON_DEMAND)


def test_style_sheets_name_only_woff2_files_that_are_there(assets: Assets) -> None:
    css = sheet(assets)
    fonts = re.findall(r'url\("?\./([^")]+)"?\)', css)
    assert "KaTeX_Main-Regular.woff2" in {HASHED.sub("", font) for font in fonts}
    for font in fonts:
        assert font.endswith(".woff2")
        assert f"assets/{font}" in assets.files
    assert css.index(".katex") < css.index("--paper"), "KaTeX's sheet comes first"


@pytest.mark.parametrize("folder, name, usual", WHOLE)
def test_the_slices_of_a_font_have_all_its_characters(
    assets: Assets, root: Path, folder: str, name: str, usual: str
) -> None:
    whole = TTFont(root / "node_modules" / folder / f"{name}.woff2")
    first, rest = (
        TTFont(assets.files[assets.place(f"{name}{end}.woff2")]) for end in ("", "-rest")
    )
    slices = [set(font.getBestCmap()) for font in (first, rest)]
    assert slices[0] | slices[1] == set(whole.getBestCmap())
    assert not slices[0] & slices[1]
    assert set(map(ord, usual)) <= slices[0]


def test_ranges_are_those_of_the_slices(assets: Assets) -> None:
    """A browser fetches a slice for every character of its range, even one that the slice lacks."""
    # The second slices of KaTeX's fonts are for all other characters.
    faces = re.findall(r"@font-face\{([^}]*)\}", sheet(assets))
    sliced = [face for face in faces if "unicode-range" in face and "-200A" not in face]
    sliced = [face for face in sliced if "greek" not in face]
    assert len(sliced) == 10 + 2 * 4
    for face in sliced:
        name = re.findall(r"\./([^\"')]+)", face)[0]
        codes: set[int] = set()
        for run in re.findall(r"U\+([^,;]+)", face):
            first, _, last = run.partition("-")
            codes |= set(range(int(first, 16), int(last or first, 16) + 1))
        assert codes == set(TTFont(assets.files[f"assets/{name}"]).getBestCmap()), name


def test_steps_between_sizes_of_type_are_katex_own(assets: Assets, root: Path) -> None:
    """The style sheet computes its 121 rules, one per pair of sizes, as quotients."""
    whole = (root / "node_modules/katex/dist/katex-swap.min.css").read_text(encoding="utf-8")
    steps = re.findall(r"\.katex-sizing\.reset-size(\d+)\.size(\d+)\{font-size:([\d.]+)em", whole)
    assert len(steps) == 11**2
    css = sheet(assets)
    resets = dict(re.findall(r"\.reset-size(\d+)\{--reset:([\d.]+)", css))
    sizes = dict(re.findall(r"\.size(\d+)\{font-size:calc\(([\d.]+)em ?/ ?var\(--reset", css))
    for before, after, em in steps:
        assert float(sizes[after]) / float(resets[before]) == pytest.approx(float(em))


def test_modules_import_files_that_are_there(assets: Assets) -> None:
    scripts = {place: path for place, path in assets.files.items() if path.suffix == ".js"}
    for path in scripts.values():
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r'(?:from|import\()"\./([\w.-]+\.js)"', text):
            assert f"assets/{name}" in scripts, (path.name, name)


def test_the_same_sources_give_the_same_names(settings: Settings, assets: Assets) -> None:
    assert bundle(settings) == assets


def test_an_unknown_asset_is_an_error_with_a_suggestion(assets: Assets) -> None:
    with pytest.raises(UnknownName, match=r"Did you mean 'main.js'"):
        assets.place("mian.js")


def test_the_bundlers_own_message_is_told(settings: Settings, tmp_path: Path) -> None:
    broken = tmp_path / "broken.js"
    broken.write_text("const = 1;\n")
    with pytest.raises(LatentbookError, match=r"broken\.js:1:6"):
        esbuild(settings, str(broken), f"--outfile={tmp_path / 'out.js'}")


def test_a_missing_bundler_is_told(tmp_path: Path) -> None:
    with pytest.raises(LatentbookError, match="npm ci"):
        esbuild(Settings(root=tmp_path))


def test_compressed_once_and_only_where_it_helps(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    text, small, font = (tmp_path / name for name in ("a.css", "b.css", "c.woff2"))
    text.write_text("p { color: red }\n" * 100)
    small.write_text("p{}")
    font.write_bytes(b"\0" * 1000)
    said: list[str] = []
    Compressor(cache, 9).add_variants([text, small, font], said.append)
    assert brotli.decompress((tmp_path / "a.css.br").read_bytes()) == text.read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {
        "a.css",
        "a.css.br",
        "a.css.gz",
        "b.css",
        "c.woff2",
        "cache",
    }
    kept = {path.name: path.stat().st_mtime_ns for path in cache.iterdir()}
    (tmp_path / "a.css.br").unlink()
    Compressor(cache, 9).add_variants([text], said.append)
    assert said == []
    assert {path.name: path.stat().st_mtime_ns for path in cache.iterdir()} == kept
    assert (tmp_path / "a.css.br").is_file()


def test_a_script_that_pip_compiles_changes_no_bundle(tmp_path: Path) -> None:
    (tmp_path / "package-lock.json").touch()
    script = tmp_path / "static" / "css" / "fonts.py"
    script.parent.mkdir(parents=True)
    script.write_text("1")
    before = sources_hash(Settings(root=tmp_path), "css")
    py_compile.compile(str(script))
    assert sources_hash(Settings(root=tmp_path), "css") == before
    script.write_text("2")
    assert sources_hash(Settings(root=tmp_path), "css") != before


def test_a_font_has_only_what_the_style_sheets_use(assets: Assets) -> None:
    def font(name: str) -> TTFont:
        return TTFont(assets.files[assets.place(f"{name}.woff2")])

    code = font("jetbrains-mono-latin-wght-normal")
    features = {each.FeatureTag for each in code["GSUB"].table.FeatureList.FeatureRecord}
    assert "calt" not in features  # joins != and ->, which font-variant-ligatures turns off
    digits = font("inter-latin-wght-normal")["GSUB"].table.FeatureList.FeatureRecord
    assert "tnum" in {each.FeatureTag for each in digits}
    assert "fvar" not in font("source-serif-4-latin-wght-italic")
