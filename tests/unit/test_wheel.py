"""Compressed files in the wheel, so that a book made from it need not compress them again."""

from pathlib import Path

import pytest

from latentbook.book.write import compress
from latentbook.book.write.compress import Compressor
from tools.wheel import LEAST, packed_files


def test_a_book_made_from_the_wheel_compresses_nothing_of_what_every_book_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, cache = tmp_path / "site", tmp_path / "cache"
    names = ("assets/main.js", "runtime/std.pack", "assets/font.woff2", "runtime/small.pack")
    for name in names:
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        size = LEAST - 1 if "small" in name else LEAST
        (site / name).write_bytes(name[:1].encode() * size)
    pages = [site / name for name in names]
    Compressor(cache, 9).add_variants(pages, print)
    Compressor(cache, 4).add_variants(pages, print)
    packed = packed_files(site, cache, 4)
    assert len(packed) == 2

    shipped = tmp_path / "shipped"
    shipped.mkdir()
    for path in packed:
        (shipped / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(compress.brotli, "compress", lambda *_, **__: pytest.fail("again"))
    Compressor(shipped, 4).add_variants(pages[:2], print)
    assert (site / "runtime" / "std.pack.br").is_file()
