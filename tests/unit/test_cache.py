"""Disk cache: entries are read as written; corrupt ones are rejected or replaced."""

from __future__ import annotations

from pathlib import Path

import pytest

from latentbook.base.cache import Cache, new_folder, seal, sealed


def flip(path: Path, position: int) -> None:
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)


def test_a_value_is_read_as_it_was_written(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "new")
    assert cache.read("a") is None
    cache.write("a", {"text": "Zürich", "numbers": [1, 0.5]})
    assert cache.read("a") == {"text": "Zürich", "numbers": [1, 0.5]}


@pytest.mark.parametrize("position", [0, 30, 64, 65, -1])
def test_a_flipped_bit_is_noticed(position: int, tmp_path: Path) -> None:
    Cache(tmp_path).write("a", {"text": "words"})
    flip(tmp_path / "a", position)
    assert Cache(tmp_path).read("a") is None


@pytest.mark.parametrize("junk", [b"", b"{", b"\n", b"\xff\n\xff", b"0" * 64 + b"\n{}"])
def test_junk_is_nothing(junk: bytes, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(junk)
    assert Cache(tmp_path).read("a") is None


def test_a_sealed_folder(tmp_path: Path) -> None:
    assert sealed(tmp_path) is None
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(name.encode())
    assert sealed(tmp_path) is None
    seal(tmp_path)
    assert sealed(tmp_path) == {"a": b"a", "b": b"b"}
    flip(tmp_path / "b", 0)
    assert sealed(tmp_path) is None
    flip(tmp_path / "b", 0)
    assert sealed(tmp_path) is not None
    (tmp_path / "a").unlink()
    assert sealed(tmp_path) is None


def fill(folder: Path) -> None:
    (folder / "a").write_bytes(b"a")
    seal(folder)


def test_a_folder_that_another_process_has_finished_is_left_alone(tmp_path: Path) -> None:
    """That process may be reading the files, so they are not replaced."""
    path = tmp_path / "made"
    with new_folder(path) as ours:
        fill(ours)
        with new_folder(path) as theirs:
            fill(theirs)
        file = (path / "a").stat().st_ino
    assert (path / "a").stat().st_ino == file
    assert list(tmp_path.iterdir()) == [path]


def test_a_damaged_folder_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "made"
    with new_folder(path) as folder:
        fill(folder)
    flip(path / "a", 0)
    with new_folder(path) as folder:
        fill(folder)
    assert sealed(path) == {"a": b"a"}
