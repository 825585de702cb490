"""Class mode as a part of the app: its routes, its classes, its key."""

import secrets

from fastapi import FastAPI

from latentbook.lecture import lecturer, pages, phones, store
from latentbook.lecture.pages import Pages
from latentbook.lecture.sessions import Sessions, hash_of
from latentbook.lecture.store import Store
from latentbook.settings import Settings

KEY_BYTES = 18


class ClassMode:
    """Class mode of one server.

    Attributes
    ----------
    new_key : the lecturer's key, if this start created it; only its hash is stored
    """

    def __init__(self, settings: Settings) -> None:
        self.store = Store(settings.class_file)
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


def forget_key(settings: Settings) -> None:
    """Let the next start create a new key, which revokes the old one."""
    kept = Store(settings.class_file)
    kept.run_here(store.forget_key_hash)
    kept.close()
