"""Fill an empty cache from the book's own or a wheel's: cached files are named by content."""

from __future__ import annotations

from pathlib import Path

from latentbook.book.write.compress import link
from latentbook.settings import SHIPPED, Settings

SEEDS = (
    *("bundle-*", "engine-*", "service-worker-*", "notebook-*", "library-*", "bytecode-*", "*.whl"),
    *("compressed", "stills", "plots"),
)


def prefill_cache(settings: Settings) -> None:
    """Save a first build minutes of packing and drawing."""
    cache, made = settings.build / "cache", settings.root / "build" / "cache"
    if cache.exists():
        return
    if settings.course is None and settings.root != SHIPPED:
        return  # tests, and builds in other folders, begin with nothing
    fill(cache, made)


def fill(cache: Path, made: Path) -> None:
    """Link one cache's files into another."""
    for name in SEEDS:
        for path in sorted(made.glob(name)):
            for file in [path] if path.is_file() else sorted(path.rglob("*")):
                if file.is_file():
                    target = cache / file.relative_to(made)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    link(file, target)
