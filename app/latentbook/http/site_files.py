"""Serves the built site: precompressed, hashed names cached for ever, pages revalidated."""

import asyncio
import hashlib
import os
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, TypeVar
from weakref import WeakValueDictionary
from wsgiref.headers import Headers as FileHeaders

from servestatic.asgi import FileServerASGI, ServeStaticASGI  # type: ignore[import-untyped]
from servestatic.responders import StaticFile  # type: ignore[import-untyped]
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from latentbook.http.caching import matches
from latentbook.http.problems import Problem

T = TypeVar("T")

IMMUTABLE = re.compile(r"^/(assets|runtime)/|^/search-[0-9a-zA-Z]+\.json$")
"""Files whose names change with their content."""

CONDITIONS = {b"if-none-match", b"if-modified-since"}
RANGE = re.compile(r"bytes=(?P<first>[0-9]{0,18})-(?P<last>[0-9]{0,18})")
BEYOND = b"bytes=%d-" % 2**62
"""A range that starts beyond the end of any file."""

MEDIA_TYPES = {
    ".apkg": "application/zip",
    ".ipynb": "application/x-ipynb+json",
    ".map": "application/json",
    ".mjs": "text/javascript",
    ".py": "text/x-python",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".whl": "application/zip",
    ".woff2": "font/woff2",
}

PART_BYTES = 2**17
"""Size of the parts of a file: a reader must take one before the next follows."""

NOT_BUILT = "The book is not built yet. `latentbook build` builds it.\n"


class SiteFiles:
    """ASGI application for paths without a route: the site's files, else its 404 page.

    If the site folder is replaced, the next request notices.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, FileServerASGI] = {}
        self.seen: tuple[int, int] | None = None
        self.listing = asyncio.Lock()
        self.contents: WeakValueDictionary[Any, asyncio.Task[bytes]] = WeakValueDictionary()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if path == "/api" or path.startswith("/api/"):
            raise HTTPException(404, f"Nothing is at {path}. See /api/openapi.json.")
        await self.look()
        listed = self.files
        try:
            await self.answer(path, scope, receive, send)
        except FileNotFoundError:  # replaced between listing and reading
            if self.files is listed:
                self.seen = None
            await self.look()
            await self.answer(path, scope, receive, send)

    async def look(self) -> None:
        """List the files again if the site has been replaced since the last request.

        Listing reads every file. Requests that arrive meanwhile wait for it: 32 listings at once
        take fifty times as long as one.
        """
        if self.identity() == self.seen:
            return
        async with self.listing:
            identity = self.identity()
            if identity == self.seen:
                return
            self.files = await run_in_threadpool(site_files, self.folder) if identity else {}
            self.seen = identity

    def identity(self) -> tuple[int, int] | None:
        try:
            now = self.folder.stat()
        except FileNotFoundError:
            return None
        return now.st_ino, now.st_mtime_ns

    async def answer(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        if file := self.files.get(path):
            if isinstance(file.static_file, StaticFile):
                scope = conditional(scope, file.static_file.etag)
            await self.send_file(file, scope, receive, send)
        elif missing := self.files.get("/404.html"):
            plain = without({b"range", *CONDITIONS}, scope)
            await self.send_file(missing, plain, receive, with_status(404, send))
        else:
            response = PlainTextResponse(NOT_BUILT, 503, headers={"Cache-Control": "no-store"})
            await response(scope, receive, send)

    async def send_file(
        self, file: FileServerASGI, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Send a file from memory; simultaneous responses share one reading of it."""

        async def send_parts(message: Message) -> None:
            if message["type"] != "http.response.zerocopysend":
                return await send(message)
            reading = self.read(message["file"])  # shared while any response refers to it
            content = await reading
            stop = message["offset"] + message.get("count", len(content))
            for start in range(message["offset"], max(stop, 1), PART_BYTES):
                end = min(start + PART_BYTES, stop)
                part = {"body": content[start:end], "more_body": end < stop}
                await send({"type": "http.response.body", **part})

        extensions = {**scope.get("extensions", {}), "http.response.zerocopysend": {}}
        await file({**scope, "extensions": extensions}, receive, send_parts)

    def read(self, opened: BinaryIO) -> asyncio.Task[bytes]:
        found = os.fstat(opened.fileno())
        key = found.st_ino, found.st_mtime_ns
        if (content := self.contents.get(key)) is None:
            self.contents[key] = content = asyncio.create_task(run_in_threadpool(whole, opened))
        else:
            opened.close()  # at once: others may wait long
        return content


def whole(opened: BinaryIO) -> bytes:
    with opened:
        return opened.read()


async def made(make: Callable[..., T], *given: Any, **named: Any) -> T:
    """Call a function in a thread, because it reads the built book.

    Raises
    ------
    Problem
        If the book is not built (503).
    """
    try:
        return await run_in_threadpool(make, *given, **named)
    except FileNotFoundError:
        raise Problem(503, "The book is not built yet.") from None


def built_at(site: Path) -> datetime:
    return datetime.fromtimestamp(site.stat().st_mtime, UTC)


def site_files(folder: Path) -> dict[str, FileServerASGI]:
    """URL path -> file, with its compressed copies, media type, cache headers and ETag."""
    listed = ServeStaticASGI(
        None,
        root=folder,
        max_age=None,
        allow_all_origins=False,
        mimetypes=MEDIA_TYPES,
        add_headers_function=cache_headers,
        index_file=True,
        immutable_file_test=lambda path, url: bool(IMMUTABLE.search(url)),
    )
    return {path: FileServerASGI(file) for path, file in listed.files.items()}


def cache_headers(headers: FileHeaders, path: str, url: str) -> None:
    """Give files an ETag by content, so that a rebuild shows at once and only changes are sent.

    The tag is weak: it is the same for the plain and the compressed forms.
    """
    if "immutable" not in headers.get("Cache-Control", ""):
        headers["Cache-Control"] = "no-cache"
    digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    headers["ETag"] = f'W/"{digest[:24]}"'
    if path.endswith(".html"):
        headers["Latentbook-Api"] = "1"


def conditional(scope: Scope, etag: str) -> Scope:
    """The same request with conditions that suit servestatic, which compares them literally.

    References
    ----------
    RFC 9110, sections 13.1.2 and 13.1.5: a weak tag never matches If-Range, and sending the
    complete file is always allowed.
    """
    headers = Headers(scope=scope)
    dropped, added = {b"range"}, []
    if "if-range" not in headers and (part := readable(headers.get("range", ""))):
        added.append((b"range", part))
    if "if-none-match" in headers:
        dropped |= CONDITIONS
        if matches(headers["if-none-match"], etag):
            added.append((b"if-none-match", etag.encode()))
    return without(dropped, scope, *added)


def readable(asked: str) -> bytes | None:
    """A Range header that servestatic reads correctly; None if it is not a single range.

    References
    ----------
    RFC 9110, sections 14.1.1 and 14.2: an invalid range is ignored; the last 0 bytes do not exist.
    """
    if (match := RANGE.fullmatch(asked)) is None:
        return None
    first, last = match["first"], match["last"]
    if not (first or last) or (first and last and int(last) < int(first)):
        return None
    return BEYOND if not first and int(last) == 0 else asked.encode()


def without(names: set[bytes], scope: Scope, *added: tuple[bytes, bytes]) -> Scope:
    """The same request with some headers removed and others added."""
    headers = [(name, value) for name, value in scope["headers"] if name not in names]
    return {**scope, "headers": [*headers, *added]}


def with_status(status: int, send: Send) -> Callable[[Message], Awaitable[None]]:
    async def send_with_status(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "status": status}
        await send(message)

    return send_with_status
