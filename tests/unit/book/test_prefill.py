"""A course's cache, filled from that of its book or wheel."""

from pathlib import Path

import pytest

from latentbook.book.write.prefill import prefill_cache, share_cache
from latentbook.settings import Settings


def test_a_course_takes_what_an_upgrade_has_bundled_and_packed(tmp_path: Path) -> None:
    """Without Node it could not bundle anything itself."""
    made, course = tmp_path / "build" / "cache", tmp_path / "course"
    cache = course / "build" / "cache"
    settings = Settings(root=tmp_path, course=course)

    def bundled(name: str) -> None:
        for path in (made / f"bundle-{name}" / "main.js", made / "compressed" / f"{name}.gz"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)

    bundled("one")
    prefill_cache(settings)
    assert (cache / "bundle-one" / "main.js").read_text() == "one"
    (cache / "compressed" / "one.gz").unlink()
    prefill_cache(settings)
    assert not (cache / "compressed" / "one.gz").exists()  # searched once per release
    (cache / "compressed" / "own.gz").write_text("of the course")
    bundled("two")
    prefill_cache(settings)
    assert (cache / "bundle-two" / "main.js").read_text() == "two"
    assert {path.name for path in (cache / "compressed").iterdir()} == {
        *("one.gz", "two.gz", "own.gz")
    }


def test_a_second_course_takes_what_the_first_has_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checkout's own book was never built."""
    monkeypatch.setattr("latentbook.book.write.prefill.ROOT", tmp_path)
    first, second, third = (Settings(root=tmp_path, course=tmp_path / name) for name in "abc")
    for settings, library in ((first, "library-1"), (third, "library-2")):
        for name in (library, "compressed"):
            (settings.build / "cache" / name).mkdir(parents=True)
            (settings.build / "cache" / name / f"{library}.gz").write_text(library)
    share_cache(first)
    share_cache(third)  # the book's cache grows by one course, not by all
    prefill_cache(second)
    found = sorted(path.name for path in (second.build / "cache").rglob("*.gz"))
    assert found == ["library-1.gz", "library-1.gz"]


def test_tests_and_builds_in_other_folders_begin_with_nothing(tmp_path: Path) -> None:
    (tmp_path / "build" / "cache" / "compressed").mkdir(parents=True)
    prefill_cache(Settings(root=tmp_path, course=None, build=tmp_path / "other"))
    assert not (tmp_path / "other").exists()
