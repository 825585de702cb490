"""ASGI middleware that limits the size of a request body."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from latentbook.http.problems import Problem, respond, wrong_field

READ_ON = 64
"""A body up to this many times the limit is read to its end and discarded: a client that is still
sending would not see the response.
"""


class BodyLimit:
    """Responds 413 if the head declares more than ``limit`` bytes. For a body of undeclared
    length, the code that reads it gets the error.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = int(Headers(scope=scope).get("content-length", "0"))
        if declared > self.limit:  # before it is sent
            await respond(self.problem(declared))(scope, receive, send)
            return
        size = 0

        async def receive_bounded() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self.limit:
                while message.get("more_body") and size <= READ_ON * self.limit:
                    message = await receive()
                    size += len(message.get("body", b""))
                raise self.problem("more")
            return message

        await self.app(scope, receive_bounded, send)

    def problem(self, received: int | str) -> Problem:
        message = f"At most {self.limit} bytes are accepted. Received {received}."
        return wrong_field("body", message, 413)
