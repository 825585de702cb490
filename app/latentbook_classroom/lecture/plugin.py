"""Class mode as a plugin."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from latentbook.base.errors import LatentbookError
from latentbook.hooks import Addresses, SitePart, hookimpl
from latentbook.settings import PluginSettings, Settings
from latentbook_classroom.lecture.settings import ClassSettings

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from fastapi import FastAPI

    from latentbook.base.report import Report


@hookimpl
def settings() -> type[PluginSettings]:
    return ClassSettings


@hookimpl
def addresses() -> Addresses:
    return Addresses(("class", "show", "j"))


@hookimpl
def site(settings: Settings) -> SitePart:
    from latentbook_classroom.lecture.bundle import bundle_class
    from latentbook_classroom.lecture.class_data import class_data

    is_on = settings.of(ClassSettings).class_mode
    return SitePart(
        beside={"class": class_data},
        bundle=partial(bundle_class, settings) if is_on else None,
    )


@hookimpl
def serve(
    app: FastAPI, settings: Settings, report: Report
) -> AbstractAsyncContextManager[Any] | None:
    mine = settings.of(ClassSettings)
    if not mine.class_mode:
        if mine.new_key:
            raise LatentbookError("--new-key is for class mode: add --class.")
        return None
    from latentbook_classroom.lecture.mode import ClassMode, forget_key

    if mine.new_key:
        forget_key(settings)
    class_mode = ClassMode(settings)
    class_mode.add_to(app)
    return class_mode.running(settings.address, report)
