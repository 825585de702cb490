"""Headers of every response: what a page may load, and its isolation from other sites."""

import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from latentbook.policy import CONTENT_SECURITY_POLICY, written

WORKERS = re.compile(r"/assets/(worker|maker)-[A-Z0-9]{8}\.js$")
"""Scripts of the workers that run Python; each has its own policy."""

EMBEDDED = re.compile(r"/embed/[^/]+/$")
"""Pages with a single block, for frames of other sites."""

WORKER_POLICY = {
    "default-src": "'none'",
    "script-src": "'self' 'wasm-unsafe-eval'",
    "connect-src": "'self'",
    "worker-src": "'self'",  # in Firefox a worker's own modules fall under this
}
"""The permissions that Python needs to start: no eval, no font, no picture, no other host."""

PERMISSIONS = (
    "accelerometer",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "usb",
)
"""Features that no page of a book needs."""


class SecurityHeaders:
    """ASGI middleware that adds the headers to every HTTP response.

    A page is isolated so that Stop can reach running Python through shared memory. In Chromium,
    Document-Isolation-Policy does this even inside another site's frame. Elsewhere the opener and
    embedder policies do it for a page in its own tab.
    """

    def __init__(self, app: ASGIApp, frame_ancestors: str, embed_ancestors: str) -> None:
        self.app = app
        self.policy = written({**CONTENT_SECURITY_POLICY, "frame-ancestors": frame_ancestors})
        self.embed_policy = written({**CONTENT_SECURITY_POLICY, "frame-ancestors": embed_ancestors})
        self.worker_policy = written(WORKER_POLICY)
        self.headers = {
            "Document-Isolation-Policy": "isolate-and-require-corp",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Embedder-Policy": "require-corp",
            "Cross-Origin-Resource-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "strict-origin-when-cross-origin",
            "Permissions-Policy": ", ".join(f"{name}=()" for name in PERMISSIONS),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        headers, policy = self.headers, self.policy
        if WORKERS.search(scope["path"]):
            policy = self.worker_policy
        elif EMBEDDED.search(scope["path"]):
            # An isolated site can frame only pages that any site may frame.
            headers = {**headers, "Cross-Origin-Resource-Policy": "cross-origin"}
            policy = self.embed_policy

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent = MutableHeaders(scope=message)
                sent.update({**headers, "Content-Security-Policy": widened(policy, scope)})
            await send(message)

        await self.app(scope, receive, send_with_headers)


def widened(policy: str, scope: Scope) -> str:
    """Let platforms on which a course is registered frame its pages, and receive the one form that
    is for them.
    """
    framers = getattr(scope["app"].state, "framers", "") if "app" in scope else ""
    if framers and "frame-ancestors" in policy:  # it is the last directive
        policy = policy.removesuffix(" 'none'") + f" {framers}"
    if to := scope.get("state", {}).get("form_action"):
        policy = policy.replace("form-action 'self'", f"form-action 'self' {to}")
    return policy
