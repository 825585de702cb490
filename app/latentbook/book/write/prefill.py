"""Fill a course's cache from the book's own or a wheel's: cached files are named by content."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from latentbook.base.cache import Cache
from latentbook.settings import ROOT, SHIPPED, Settings

BUNDLES = ("bundle-*", "fonts-*", "engine-*", "service-worker-*", "notebook-*", "judge-*")
PACKED = ("library-*", "bytecode-*", "*.whl", "compressed")
SEEDS = (*BUNDLES, *PACKED, "stills", "plots")

FILLED = "filled"
"""Key of the names that a cache was offered when it was last filled."""


def prefill_cache(settings: Settings) -> None:
    """Fill the cache before a first build, or the first after an upgrade.

    This saves minutes of packing and drawing. Without Node, nothing else provides the bundles.
    """
    cache, made = settings.build / "cache", settings.root / "build" / "cache"
    if settings.course is None and settings.root != SHIPPED:
        return  # tests, and builds in other folders, start with an empty cache
    offered = sorted(path.name for name in SEEDS for path in made.glob(name))
    if Cache(cache).read(FILLED) != offered:
        fill(cache, made)
        Cache(cache).write(FILLED, offered)


def share_cache(settings: Settings) -> None:
    """Share the packed and compressed files of a first course with later ones.

    In a checkout whose own book was never built, they would find none.
    """
    cache, shared = settings.build / "cache", ROOT / "build" / "cache"
    if settings.course is not None and ROOT != SHIPPED and not any(shared.glob("library-*")):
        fill(shared, cache, PACKED)


def fill(cache: Path, made: Path, names: Sequence[str] = SEEDS) -> None:
    """Link one cache's files into another; existing files stay."""
    cache.mkdir(parents=True, exist_ok=True)
    for name in names:
        for path in made.glob(name):
            if path.is_dir():
                shutil.copytree(path, cache / path.name, copy_function=_link, dirs_exist_ok=True)
            else:
                _link(path, cache / path.name)


def _link(source: str | Path, target: str | Path) -> None:
    """``compress.link`` without its objects and checks: there are thousands of files."""
    try:
        os.link(source, target)
    except (FileExistsError, FileNotFoundError):
        pass  # it is there, or was the unfinished file of another build
    except OSError:
        shutil.copyfile(source, target)
