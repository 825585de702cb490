"""A small learning management system, written from the specifications of 1EdTech.

It signs with joserfc and shares no code with the server under test.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from tools.bench.serving import served

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
AGS = "https://purl.imsglobal.org/spec/lti-ags/"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/"
MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership"
INSTRUCTOR, LEARNER = f"{MEMBERSHIP}#Instructor", f"{MEMBERSHIP}#Learner"
CLIENT = "client-7"
DEPLOYMENT = "deployment-1"
STORED = "stored"
"""Text of a refusal that comes too late: the platform has stored the score."""
KEYS = {name: RSAKey.generate_key(2048, {"kid": name}) for name in ("first", "second", "theirs")}
"""Generating a key is slow: the tests share them."""


@dataclass
class Lms:
    """One platform, with a course in it, and the answers that a test has set."""

    url: str = ""
    book: str = ""
    published: tuple[str, ...] = ("first",)
    jwks_fetched: int = 0
    jwks_headers: dict[str, str] = field(default_factory=dict)
    scores: list[dict[str, Any]] = field(default_factory=list)
    refusals: list[tuple[int, str]] = field(default_factory=list)
    results: dict[str, tuple[float, float]] = field(default_factory=dict)
    overridden: set[str] = field(default_factory=set)
    members: list[dict[str, Any]] = field(default_factory=list)
    claims: dict[str, Any] = field(default_factory=dict)
    registered: dict[str, Any] = field(default_factory=dict)
    signing_in: dict[str, str] = field(default_factory=dict)
    profile: dict[str, str] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/jwks", self.jwks),
                Route("/auth", self.auth, methods=["GET", "POST"]),
                Route("/token", self.token, methods=["POST"]),
                Route("/items/1/scores", self.score, methods=["POST"]),
                Route("/items/1/results", self.result),
                Route("/members", self.memberships),
                Route("/course", self.course),
                Route("/configuration", self.configuration),
                Route("/.well-known/openid-configuration", self.configuration),
                Route("/userinfo", self.userinfo),
                Route("/registrations", self.register, methods=["POST"]),
                Route("/oidc/token", self.oidc_token, methods=["POST"]),
            ]
        )

    def registration(self) -> dict[str, str]:
        return {
            "kind": "lti",
            "name": "The university",
            "issuer": self.url,
            "client_id": CLIENT,
            "auth_url": f"{self.url}/auth",
            "token_url": f"{self.url}/token",
            "keys_url": f"{self.url}/jwks",
            "deployments": DEPLOYMENT,
        }

    def message(self, nonce: str, subject: str = "u-1", **changed: Any) -> dict[str, Any]:
        """The claims of a launch; None leaves one out."""
        at = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "sub": subject,
            "nonce": nonce,
            "iat": at,
            "exp": at + 300,
            "name": "Ada Lovelace",
            f"{LTI}version": "1.3.0",
            f"{LTI}message_type": "LtiResourceLinkRequest",
            f"{LTI}deployment_id": DEPLOYMENT,
            f"{LTI}roles": [LEARNER],
            f"{LTI}resource_link": {"id": "link-1"},
            f"{LTI}context": {"id": "course-1", "title": "Codes"},
            f"{LTI}target_link_uri": f"{self.book}/classroom/",
            **changed,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def signed(self, claims: dict[str, Any], key: str = "first", **header: Any) -> str:
        made = {"alg": "RS256", "kid": key, **header}
        made = {name: value for name, value in made.items() if value is not None}
        return jwt.encode(made, claims, KEYS[key], algorithms=[made["alg"]])

    async def jwks(self, request: Request) -> Response:
        self.jwks_fetched += 1
        keys = KeySet([KEYS[name] for name in self.published]).as_dict(private=False)
        return JSONResponse(keys, headers=self.jwks_headers)

    async def auth(self, request: Request) -> Response:
        """Step 2 of a launch: the platform knows its student, and sends the book a form."""
        asked = request.query_params
        assert asked["redirect_uri"] == f"{self.book}/lti/launch"
        claims = self.message(asked["nonce"], asked["login_hint"], **self.claims)
        fields = {"state": asked["state"], "id_token": self.signed(claims)}
        inputs = "".join(f'<input name="{k}" value="{v}">' for k, v in fields.items())
        form = f'<form method="post" action="{asked["redirect_uri"]}">{inputs}</form>'
        return HTMLResponse(f"{form}<script>document.forms[0].submit()</script>")

    async def course(self, request: Request) -> Response:
        """A page of the course, with the book in a frame."""
        begin = self.login_address(request.query_params.get("as", "u-1"))
        return HTMLResponse(f'<h1>Course</h1><iframe src="{begin}" width="800" height="600">')

    def login_address(self, subject: str) -> str:
        asked = {"iss": self.url, "client_id": CLIENT, "login_hint": subject}
        asked["target_link_uri"] = f"{self.book}/classroom/"
        return f"{self.book}/lti/login?{urlencode(asked)}"

    async def token(self, request: Request) -> Response:
        """An access token for a client that proves to be the tool, by the tool's published key."""
        asked = dict(parse_qsl((await request.body()).decode()))
        assert asked["grant_type"] == "client_credentials"
        assert asked["client_assertion_type"].endswith("jwt-bearer")
        async with httpx.AsyncClient() as client:
            keys = (await client.get(f"{self.book}/lti/jwks")).json()
        found = jwt.decode(asked["client_assertion"], KeySet.import_key_set(keys), ["RS256"])
        assert found.claims["iss"] == found.claims["sub"] == CLIENT
        assert found.claims["aud"] == f"{self.url}/token"
        assert found.claims["jti"]
        token = f"token-{len(self.tokens)}"
        self.tokens.add(token)
        return JSONResponse({"access_token": token, "token_type": "Bearer", "expires_in": 3600})

    async def configuration(self, request: Request) -> Response:
        addresses = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/auth",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "registration_endpoint": f"{self.url}/registrations",
            "userinfo_endpoint": f"{self.url}/userinfo",
        }
        return JSONResponse(addresses)

    async def register(self, request: Request) -> Response:
        assert request.headers["authorization"] == "Bearer may-register"
        self.registered = json.loads(await request.body())
        tool = {
            "https://purl.imsglobal.org/spec/lti-tool-configuration": {"deployment_id": DEPLOYMENT}
        }
        return JSONResponse({"client_id": CLIENT, **tool})

    async def oidc_token(self, request: Request) -> Response:
        """Exchange a code for the browser that began (PKCE) and the client that has the secret."""
        asked = dict(parse_qsl((await request.body()).decode()))
        digest = hashlib.sha256(asked["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        login = base64.b64encode(f"{CLIENT}:s%26cret".encode()).decode()
        is_client = request.headers.get("authorization") == f"Basic {login}"
        is_begun = challenge == self.signing_in["code_challenge"] and asked["code"] == "code-1"
        if not is_client or not is_begun or len(asked["code_verifier"]) < 43:
            return JSONResponse({"error": "invalid_grant"}, 400)
        at = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "sub": "s-1", "iat": at, "exp": at + 60}
        named = {"name": "Ada Lovelace", "nonce": self.signing_in["nonce"], **self.claims}
        return JSONResponse({"id_token": self.signed({**claims, **named}), "access_token": "x"})

    async def userinfo(self, request: Request) -> Response:
        assert request.headers["authorization"] == "Bearer x"
        return JSONResponse(self.profile)

    def is_allowed(self, request: Request) -> bool:
        return request.headers.get("authorization", "").removeprefix("Bearer ") in self.tokens

    async def score(self, request: Request) -> Response:
        """A column of the gradebook. It refuses stamps that do not increase, as Moodle does."""
        if not self.is_allowed(request):
            return Response(status_code=401)
        assert request.url.query == "type_id=3"
        assert request.headers["content-type"] == "application/vnd.ims.lis.v1.score+json"
        score = json.loads(await request.body())
        status = 0
        with self.lock:
            if self.refusals:
                status, text = self.refusals.pop(0)
                if status and text != STORED:
                    return Response(text, status)
            before = [each for each in self.scores if each["userId"] == score["userId"]]
            if before and score["timestamp"] <= before[-1]["timestamp"]:
                return Response("refusing score with an earlier timestamp", 409)
            self.scores.append(score)
            if score["userId"] not in self.overridden:
                if "scoreGiven" in score:
                    self.results[score["userId"]] = (score["scoreGiven"], score["scoreMaximum"])
                else:
                    self.results.pop(score["userId"], None)
        return Response(status_code=status or 200)

    async def result(self, request: Request) -> Response:
        if not self.is_allowed(request):
            return Response(status_code=401)
        found = [
            {"userId": who, "resultScore": points, "resultMaximum": most}
            for who, (points, most) in self.results.items()
        ]
        return JSONResponse(found)

    async def memberships(self, request: Request) -> Response:
        if not self.is_allowed(request):
            return Response(status_code=401)
        page = int(request.query_params.get("page", "0"))
        headers = {}
        if (page + 1) * 2 < len(self.members):
            headers["Link"] = f'<{self.url}/members?page={page + 1}>; rel="next"'
        shown = self.members[page * 2 : page * 2 + 2]
        body = {"id": "x", "context": {"id": "course-1"}, "members": shown}
        return JSONResponse(body, headers=headers)


@contextmanager
def platform(book: str) -> Iterator[Lms]:
    lms = Lms(book=book)
    with served(lms.app) as url:
        lms.url = url.replace("127.0.0.1", "localhost")
        yield lms


@dataclass
class Begun:
    """A launch that a browser has begun."""

    state: str
    nonce: str
    cookie: str


def begin(book: str, lms: Lms, **given: str) -> Begun:
    asked = {"iss": lms.url, "client_id": CLIENT, "login_hint": "u-1", **given}
    asked["target_link_uri"] = f"{book}/classroom/"
    tab = {"Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "cross-site"}
    response = httpx.get(f"{book}/lti/login", params=asked, headers=tab)
    assert response.status_code == 302, response.text
    to = parse_qs(urlsplit(response.headers["location"]).query)
    assert to["response_mode"] == ["form_post"]
    assert to["prompt"] == ["none"]
    cookie = response.headers["set-cookie"].partition(";")[0]
    return Begun(to["state"][0], to["nonce"][0], cookie)


def finish(
    book: str, begun: Begun, token: str, *, dest: str = "document", cookie: str | None = None
) -> httpx.Response:
    """Send the platform's form from the platform's page."""
    headers = {
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Dest": dest,
        "Origin": "https://lms.example",
        "Cookie": begun.cookie if cookie is None else cookie,
    }
    form = {"state": begun.state, "id_token": token}
    return httpx.post(f"{book}/lti/launch", data=form, headers=headers)
