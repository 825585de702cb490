"""ASGI middleware that refuses requests that a stopping server cannot answer in time."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from latentbook.http.problems import Unavailable, respond


class Closing(Unavailable):
    def __init__(self) -> None:
        super().__init__("The server is shutting down. Try again in a few seconds.", 5)


class Draining:
    """Responds 503 if the request is cancelled before its response has begun. Only a
    stopping server cancels requests; uvicorn itself would respond 500.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def send_noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, send_noted)
        except asyncio.CancelledError:
            if begun:
                raise
            await respond(Closing())(scope, receive, send)
