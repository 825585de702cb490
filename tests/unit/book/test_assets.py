"""Bundles: hashed names that resolve, woff2 alone, the same names for the same sources."""

from __future__ import annotations

import re
from pathlib import Path

import brotli  # type: ignore[import-untyped]
import pytest

from latentbook.book.write.assets import HASHED, ON_DEMAND, Assets, bundle, esbuild
from latentbook.book.write.compress import Compressor
from latentbook.errors import LatentbookError, UnknownName
from latentbook.settings import Settings


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
