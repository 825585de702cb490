"""ASGI middleware around every request: counts it and logs it."""

import re
import time
from collections.abc import Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from latentbook.http.logs import log
from latentbook.http.metrics import Metrics

GONE = 499
"""Status of a request whose client disconnected before the response began."""


class Access:
    """Counts requests by route template and logs one line per request at level info.

    Neither record contains anything about the reader: no address, no header, no query.

    Parameters
    ----------
    secret : places whose addresses go on with a key; anyone who sees the address can use it
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, secret: Sequence[str]) -> None:
        self.app = app
        self.metrics = metrics
        self.key = re.compile(rf"(/(?:{'|'.join(map(re.escape, secret))})/).+") if secret else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        status, size = GONE, 0
        start = time.perf_counter()

        async def send_counted(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                size += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, send_counted)
        finally:
            seconds = time.perf_counter() - start
            route = route_of(scope)
            self.metrics.requests.labels(route, status).inc()
            self.metrics.request_seconds.labels(route).observe(seconds)
            model = scope.get("path_params", {}).get("name")
            log.info(
                "request",
                method=scope["method"],
                path=self.key.sub(r"\1…", scope["path"]) if self.key else scope["path"],
                status=status,
                seconds=round(seconds, 6),
                bytes=size,
                **({"model": model} if model else {}),
                **{f"{k}_seconds": round(v, 6) for k, v in state.get("seconds", {}).items()},
            )


def route_of(scope: Scope) -> str:
    """The template of the route that answered, 'site' for a file, 'none' under /api."""
    if "route" in scope:
        return str(scope["route"].path_format)
    return "none" if scope["path"].startswith("/api") else "site"
