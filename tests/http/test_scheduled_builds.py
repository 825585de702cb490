"""A server opens scheduled content at its time, on a fake clock."""

import asyncio
import contextlib
import logging
from datetime import UTC, datetime, timedelta

import pytest

from latentbook.base.cache import Cache
from latentbook.editions import build_apart
from latentbook.http.site_files import SiteFiles
from latentbook.serving.fault import Fault
from latentbook.serving.scheduled_builds import FIRST_RETRY_S, LOOK_S, ScheduledBuilds
from latentbook.settings import Settings

OPENS = datetime(2026, 12, 1, 7, tzinfo=UTC)
MANIFEST = """\
title = "A book"
subtitle = "For tests"
description = "For tests."
language = "en"
time_zone = "Europe/Berlin"

[[parts]]
title = "Part"
chapters = [{ number = 1, slug = "one" }]

[schedule]
one = 2026-12-01T08:00:00
"""


@pytest.fixture
def book(tmp_path) -> Settings:
    """Settings of a book whose current site withholds chapter one."""
    (tmp_path / "book.toml").write_text(MANIFEST)
    settings = Settings(content=tmp_path, build=tmp_path / "build")
    shut(settings, ["one"])
    return settings


def shut(settings, names):
    """Record what the last build withheld."""
    Cache(settings.build / "cache").write("site-about", {"closed": names})


def fault_of(settings, *errors):
    return Fault(SiteFiles(settings.site), errors)


class Builds:
    """Stub for builds, some of which fail."""

    def __init__(self, *replies):
        self.replies = list(replies)
        self.made = []

    async def __call__(self, settings, now):
        self.made.append(now)
        errors = self.replies.pop(0) if self.replies else []
        if not errors:
            shut(settings, [])
        return errors


def test_it_waits_for_the_moment_and_builds_once(book):
    now = OPENS - timedelta(hours=9)
    builds = Builds()
    openings = ScheduledBuilds(book, fault_of(book), clock=lambda: now, build=builds)
    assert asyncio.run(openings.step()) == LOOK_S
    now = OPENS - timedelta(seconds=7)
    assert asyncio.run(openings.step()) == 7
    assert builds.made == []
    now = OPENS
    assert asyncio.run(openings.step()) == LOOK_S
    assert asyncio.run(openings.step()) == LOOK_S
    assert builds.made == [OPENS]


def test_a_server_that_was_off_at_the_moment_builds_when_it_comes_back(book):
    builds = Builds()
    openings = ScheduledBuilds(
        book, fault_of(book), clock=lambda: OPENS + timedelta(days=3), build=builds
    )
    asyncio.run(openings.step())
    assert len(builds.made) == 1


def test_a_build_that_fails_is_logged_and_tried_again_less_and_less_often(book, caplog):
    builds = Builds(["content/one/index.md:7: no label"], ["again"])
    fault = fault_of(book)
    openings = ScheduledBuilds(book, fault, clock=lambda: OPENS, build=builds)
    with caplog.at_level(logging.ERROR, logger="latentbook"):
        assert asyncio.run(openings.step()) == FIRST_RETRY_S
    assert "content/one/index.md:7: no label" in caplog.text
    assert fault.errors == ["content/one/index.md:7: no label"]
    since = fault.since
    assert asyncio.run(openings.step()) == 2 * FIRST_RETRY_S
    assert (fault.errors, fault.since) == (["again"], since)
    assert asyncio.run(openings.step()) == LOOK_S
    assert fault.errors == []
    assert len(builds.made) == 3


def test_what_failed_at_the_start_is_built_again_though_nothing_is_due(book):
    builds = Builds()
    fault = fault_of(book, "content/one/index.md:7: no label")
    openings = ScheduledBuilds(book, fault, clock=lambda: OPENS - timedelta(days=9), build=builds)
    assert asyncio.run(openings.step()) == LOOK_S
    assert (len(builds.made), fault.errors) == (1, [])
    assert asyncio.run(openings.step()) == LOOK_S
    assert len(builds.made) == 1


def test_a_fault_is_gone_when_another_process_has_replaced_the_site(book):
    book.site.mkdir(parents=True)
    fault = fault_of(book, "content/one/index.md:7: no label")
    assert fault.errors
    book.site.rename(book.previous_site)
    book.site.mkdir()
    assert fault.errors == []


def test_a_book_without_days_is_not_watched(book):
    (book.content / "book.toml").write_text(MANIFEST.partition("[schedule]")[0])

    async def tasks():
        async with ScheduledBuilds(book, fault_of(book), build=Builds(["fails"])).watching():
            return len(asyncio.all_tasks())

    assert asyncio.run(tasks()) == 1


def test_watching_ends_with_the_server(book):
    builds = Builds()
    openings = ScheduledBuilds(book, fault_of(book), clock=lambda: OPENS, build=builds)

    async def serve():
        async with openings.watching():
            while not builds.made:
                await asyncio.sleep(0)

    asyncio.run(serve())
    assert builds.made == [OPENS]


def test_a_build_apart_says_what_stopped_it(book):
    errors = asyncio.run(build_apart(book, OPENS))
    assert any("chapter 'one' has no file one/index.md" in error for error in errors)


def test_a_build_apart_ends_when_the_server_is_stopped(book):
    async def stopped():
        task = asyncio.create_task(build_apart(book, OPENS))
        await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(stopped())
    import multiprocessing

    assert multiprocessing.active_children() == []
