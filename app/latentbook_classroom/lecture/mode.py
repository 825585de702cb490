"""Class mode as a part of the app: its routes, its classes, its key."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from latentbook.base.report import Report
from latentbook.settings import Settings
from latentbook_classroom.lecture import lecturer, pages, phones, store
from latentbook_classroom.lecture.pages import Pages
from latentbook_classroom.lecture.sessions import Sessions, hash_of
from latentbook_classroom.lecture.settings import file_of
from latentbook_classroom.lecture.store import Store

KEY_BYTES = 18


class ClassMode:
    """Class mode of one server.

    Attributes
    ----------
    new_key : the lecturer's key, if this start created it; only its hash is stored
    """

    def __init__(self, settings: Settings) -> None:
        self.store = Store(file_of(settings))
        self.sessions = Sessions(settings, self.store)
        self.pages = Pages(settings, self.sessions.data)
        self.new_key: str | None = None
        kept = self.store.run_here(store.key_hash)
        if kept is None:
            self.new_key = secrets.token_urlsafe(KEY_BYTES)
            kept = hash_of(self.new_key)
            self.store.run_here(store.set_key_hash, kept)
        self.key_hash = kept

    def add_to(self, app: FastAPI) -> None:
        for router in (phones.router, lecturer.keys, lecturer.router, pages.router):
            app.include_router(router)
        app.state.sessions = self.sessions
        app.state.key_hash = self.key_hash
        app.state.class_pages = self.pages
        app.state.class_key = self.new_key

    @asynccontextmanager
    async def running(self, book: str, report: Report) -> AsyncIterator[None]:
        """Report where the lecturer starts, and run classes until the server ends."""
        async with self.sessions.open():
            report(lecturers_address(book, self.new_key))
            yield


def lecturers_address(book: str, key: str | None) -> str:
    """Describe where the lecturer starts. Of an older key, the server stores only the hash."""
    if key is None:
        return (
            f"Classes start at {book}/class/, with the lecturer's address from an earlier start; "
            "`latentbook serve --class --new-key` creates a new one"
        )
    return f"The lecturer's address, shown only once: {book}/class/#{key}"


def forget_key(settings: Settings) -> None:
    """Let the next start create a new key, which revokes the old one."""
    kept = Store(file_of(settings))
    kept.run_here(store.forget_key_hash)
    kept.close()
