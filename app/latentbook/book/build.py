"""Build ``build/site`` if something has changed, and swap it in complete."""

import json
import os
import shutil
import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from latentbook.base.cache import Cache, replace_file
from latentbook.base.errors import BookErrors, Problems
from latentbook.base.files import Files
from latentbook.base.hashing import content_hash
from latentbook.base.report import Report
from latentbook.book.compose.types import Loaded
from latentbook.book.load import compose
from latentbook.book.overlay.merge import release
from latentbook.book.read.day import right_now
from latentbook.book.read.project import Project, days_of, read_course
from latentbook.book.read.recordings import runnable_cells
from latentbook.book.read.schedule import Days
from latentbook.book.write.assets import Assets, bundle
from latentbook.book.write.brand import branded
from latentbook.book.write.offline import keep_last_build
from latentbook.book.write.prefill import BUNDLES, share_cache
from latentbook.book.write.render import TEMPLATES
from latentbook.book.write.site import LABELS, SiteWriter
from latentbook.hooks import SitePart
from latentbook.plugins import Plugins, plugins_of
from latentbook.runtime.dist import build_runtime
from latentbook.runtime.page_packages import PagePackages
from latentbook.settings import Settings, beside

KEPT = 3
"""Bundles of each kind that stay in the cache, so that undoing an edit is quick."""


def build_site(project: Project, *, report: Report, now: datetime | None = None) -> Path:
    """Build the book into ``build/site``; do nothing if nothing has changed.

    Parameters
    ----------
    now : withhold what opens after this; None means the present time

    Raises
    ------
    BookErrors
        With every mistake in the content, or every page that is too large. The old site stays.
    LatentbookError
        If a requirement is missing.
    """
    settings, site = project.settings, project.settings.site
    put_back(settings, report)
    now, plugins = now or right_now(), plugins_of(settings)
    parts = plugins.site(settings)
    stamp = _stamp(project, plugins, parts, now)
    if _is_current(settings, stamp):
        return site
    settings.build.mkdir(parents=True, exist_ok=True)
    try:
        # Another command may be building the same site, say `make test` during `make serve`.
        with _turn(settings, report):
            if not _is_current(settings, stamp):
                _build(project, plugins, parts, stamp, report, now)
    finally:
        plugins.report_failures(report)
    return site


def put_back(settings: Settings, report: Report) -> None:
    """Put the previous site back if a build was killed just before it installed its own."""
    if settings.site.exists() or not settings.previous_site.exists():
        return
    with _turn(settings, report):
        if not settings.site.exists():
            _about_file(settings).unlink(missing_ok=True)
            settings.previous_site.rename(settings.site)


def shown_too_soon(settings: Settings, site: Path, now: datetime) -> list[str]:
    """Names of content in a finished site that is withheld now, or hidden by a course.

    A manifest that cannot be read withholds nothing.
    """
    hidden: list[str] = []
    if settings.course is not None:
        with suppress(BookErrors):
            hidden = [each.label for each in read_course(settings.course, Problems()).hide]
    return _shown(site, _closed(settings, now), hidden)


def _shown(site: Path, closed: Days, hidden: Iterable[str]) -> list[str]:
    """A site by an older release has no list of its labels: assume that it shows everything."""
    places, answers = {*closed.places, *hidden}, {*closed.answers}
    if not (places or answers):
        return []
    with suppress(FileNotFoundError):
        labels = json.loads((site / LABELS).read_bytes())
        places, answers = places & {*labels["shown"]}, answers & {*labels["answered"]}
    return sorted([*places, *(f"answer of {label}" for label in answers)])


def is_due(settings: Settings, now: datetime) -> bool:
    """Whether the site still withholds something that is open now."""
    return bool(set(_about(settings).get("closed", ())) - set(_closed(settings, now).names))


def _closed(settings: Settings, now: datetime) -> Days:
    return days_of(settings.course or settings.content).not_open(now, drafts=settings.reload)


def _about_file(settings: Settings) -> Path:
    return settings.build / "cache" / f"{settings.site.name}-about"


def _about(settings: Settings) -> dict[str, Any]:
    """The current site's ``stamp``, the labels that it withholds (``closed``) and the names of the
    files ``beside`` it; empty if unknown.
    """
    file = _about_file(settings)
    return Cache(file.parent).read(file.name) or {}


def _turn(settings: Settings, report: Report) -> AbstractContextManager[object]:
    lock = FileLock(settings.build / "build.lock")
    try:
        return lock.acquire(blocking=False)
    except Timeout:
        report("Waiting for another build in the same folder")
        return lock.acquire()


def _is_current(settings: Settings, stamp: str) -> bool:
    site, about = settings.site, _about(settings)
    files = [site / "index.html", *(beside(site, name) for name in about.get("beside", ()))]
    return about.get("stamp") == stamp and all(path.is_file() for path in files)


def _build(
    project: Project,
    plugins: Plugins,
    parts: Sequence[SitePart],
    stamp: str,
    report: Report,
    now: datetime,
) -> None:
    settings, site = project.settings, project.settings.site
    start = time.perf_counter()
    packages = PagePackages.read(settings, project.packages)
    packages.make_importable(report)
    report("Reading the book")
    loaded = compose(project, now)
    if loaded.overlay.made_for not in ("", release()):
        report(
            f"The course was made for release {loaded.overlay.made_for} of the book, this is "
            f"{release()}: `latentbook course diff` says what has changed"
        )
    for notice in loaded.notices:
        report(notice)
    _report_stale(loaded, report)
    report("Bundling scripts and styles")
    assets = dressed(loaded, bundle(settings), settings)
    outputs = plugins.outputs
    runtime = build_runtime(
        settings,
        report=report,
        widgets=project.widgets,
        content=project.files,
        course=packages,
        without=loaded.apart,
        outputs=outputs,
    )
    for left in settings.build.glob(f"{site.name}.*.*"):  # by a build that was killed
        shutil.rmtree(left, ignore_errors=True)
    partial = site.with_name(f"{site.name}.{os.getpid()}.partial")
    try:
        given = (parts, plugins.addresses.first, plugins.fail_block)
        files = SiteWriter(settings, loaded, assets, runtime, partial, report, *given).write()
        closed = project.not_open(now)
        if not settings.reload:
            told = bool(_shown(site, closed, loaded.overlay.hidden))
            keep_last_build(site, partial, told=told)
        about, before = _about_file(settings), _about(settings).get("beside", ())
        about.unlink(missing_ok=True)
        _swap(partial, settings)
        for name in {*files, *before}:
            _put_beside(name, files.get(name), settings)
        stamp = "" if plugins.failures else stamp  # try failed plugins again at the next start
        told_about = {"stamp": stamp, "closed": closed.names, "beside": sorted(files)}
        Cache(about.parent).write(about.name, told_about)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    _forget_old(settings.build / "cache")
    share_cache(settings)
    report(f"Built in {time.perf_counter() - start:.1f} s")


def _stamp(
    project: Project, plugins: Plugins, site_parts: Sequence[SitePart], now: datetime
) -> str:
    """Hash all inputs of the site, and the names of withheld content."""
    settings = project.settings
    root, code = settings.root, Path(__file__).resolve().parents[1]
    folders = [root / "static", TEMPLATES, code / "book", code / "locale", code / "runtime"]
    every = [project.files, project.practice, project.widgets, *map(Files.of, folders)]
    parts = [part for files in every for place in files for part in (place, files.data(place))]
    parts.append((root / "package-lock.json").read_bytes())
    parts += project.not_open(now).names
    parts_by_name = [[part.assignments, *part.scripts, *part.beside] for part in site_parts]
    shown = (settings.reload, settings.base_path, settings.brotli_quality, parts_by_name)
    return content_hash(" ".join(map(str, shown)), plugins.digest, *parts, length=32)


def _forget_old(cache: Path) -> None:
    """Delete old bundles, so that days of editing do not fill the disk."""
    for kind in BUNDLES:
        newest_first = sorted(cache.glob(kind), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in newest_first[KEPT:]:
            shutil.rmtree(old) if old.is_dir() else old.unlink()


def _report_stale(loaded: Loaded, report: Report) -> None:
    """Report snippets without output, whose code differs from the recorded code."""
    for source in loaded.sources:
        recorded = source.recordings.all_current(source.nodes)
        for page in source.pages:
            for cell in runnable_cells(page.document.nodes):
                if cell.label not in recorded:
                    path, line = loaded.overlay.origins.of(page.path, cell.line)
                    report(
                        f"{path}:{line}: the output of {cell.label} is not recorded for "
                        "this code, so none is shown; the check with --record records it"
                    )


def dressed(loaded: Loaded, assets: Assets, settings: Settings) -> Assets:
    """Add the book's own mark, icons and colours to the files of the pages."""
    if loaded.brand is None:
        return assets
    out = settings.build / "cache" / "brand"
    home = settings.course or settings.content
    return branded(assets, loaded.brand, loaded.book.title, home, out)


def _put_beside(name: str, data: bytes | None, settings: Settings) -> None:
    """Write a file next to the new site, if any; move the old one next to the previous site."""
    if (old := beside(settings.site, name)).exists():
        old.replace(beside(settings.previous_site, name))
    if data is not None:
        replace_file(old, data)


def _swap(partial: Path, settings: Settings) -> None:
    """Replace the site with the new one, and the previous site with the replaced one.

    If that fails, the old site stays. If the process is killed, :func:`put_back` restores a site.
    """
    site, previous = settings.site, settings.previous_site
    old = site.with_name(f"{site.name}.{os.getpid()}.old")
    if site.exists():
        if previous.exists():
            previous.rename(old)
        site.rename(previous)
    try:
        partial.rename(site)
    except OSError:
        if previous.exists():
            previous.rename(site)
        raise
    shutil.rmtree(old, ignore_errors=True)
