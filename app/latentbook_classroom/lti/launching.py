"""``/lti/login``, ``/lti/launch``, ``/lti/open``, ``/lti/jwks``: from a platform into the book.

The browser that begins a launch must be the one that ends it. A cookie proves that. If a frame has
none, a secret in the frame's own storage does, and the book opens in a tab, where a session cookie
can be stored.
"""

import re
from dataclasses import asdict

from fastapi import APIRouter
from starlette.responses import JSONResponse, RedirectResponse, Response

from latentbook_classroom.course.desk import NOT_KEPT, Desk, PageRoute, TheDesk, TheForm
from latentbook_classroom.course.people import Row
from latentbook_classroom.lti import claims, deep_linking, keys, platforms, steps
from latentbook_classroom.lti.claims import Launch
from latentbook_classroom.lti.gate import Sent, Visit, begin, is_alone, lti_of, proves, refuse
from latentbook_classroom.lti.keys import Unfit

router = APIRouter(route_class=PageRoute, include_in_schema=False)

STEP, OPEN = "launch", "open"
SECONDS = int(steps.LASTS.total_seconds())
LONGEST_GIVEN = 4_000
NOT_TARGETS = re.compile(r"(lti|auth|join|api)(/|$)")
ASSIGNMENT = re.compile(r"classroom/assignments/([^/?#]+)/")


@router.get("/lti/jwks")
async def get_keys(desk: Visit) -> Response:
    """The keys with which platforms check this server's signatures."""
    rows = await desk.read(keys.published)
    if keys.is_old(rows):
        rows = await desk.run(keys.refreshed)
    return JSONResponse(keys.public(rows), headers={"Cache-Control": "public, max-age=3600"})


@router.api_route("/lti/login", methods=["GET", "POST"])
async def login(desk: Visit, given: Sent) -> Response:
    """Begin a launch from a platform's page: ask the platform who this is."""
    if any(len(value) > LONGEST_GIVEN or "\0" in value for value in given.values()):
        raise refuse("a value is too long, or is no text")
    issuer, client_id = given.get("iss", ""), given.get("client_id", "")
    of = await desk.read(platforms.find, issuer, client_id)
    desk.request.app.state.framers = await desk.read(platforms.framers)  # others may add platforms
    if of is None or of.kind != "lti" or not given.get("login_hint"):
        raise refuse("login of an unknown platform, or without login_hint", issuer=issuer[:200])
    asked = {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "login_hint": given["login_hint"],
    }
    if hint := given.get("lti_message_hint"):
        asked["lti_message_hint"] = hint
    to, state, secret = await begin(desk, STEP, of, "lti/launch", asked)
    if is_alone(desk.request):
        response: Response = RedirectResponse(to, 302, NOT_KEPT)
    else:
        response = await desk.page("lti/login", to=to, state=state, secret=secret)
    desk.keep_in_frame(response, secret, SECONDS, STEP)
    return response


@router.api_route("/lti/launch", methods=["GET", "POST"])
async def launch(desk: Visit, given: Sent) -> Response:
    """Receive a platform's answer: who this is, and what they open."""
    if desk.request.method == "GET":
        raise refuse("a launch in an address, which proxies log")
    step = await steps.taken(desk.room.database, STEP, given.get("state", ""))
    if step is None:
        raise refuse("a state that is unknown, used or expired")
    of: Row = await desk.read(platforms.one, step["platform"])
    try:
        said, place = await checked(desk, of, step["nonce"], given)
    except Unfit as why:
        raise refuse(str(why), platform=of.id) from None
    is_proved = proves(step, desk.cookie(STEP))
    body = {"platform": of.id, "launch": asdict(said), "place": place}
    body["secret"] = "" if is_proved else step["secret"]
    if said.kind == claims.DEEP_LINK:
        return await deep_linking.show(desk, body, state=given["state"])
    if not is_proved:
        ticket = await desk.read(steps.begin, OPEN, body)
        return await desk.page("lti/open", ticket=ticket, state=given["state"])
    return await opened(desk, of, said, place)


async def checked(desk: Desk, of: Row, nonce: str, given: dict[str, str]) -> tuple[Launch, str]:
    """A launch, and the path that it opens."""
    if error := given.get("error"):
        raise Unfit(f"the platform answered {error[:80]!r}")
    token = await lti_of(desk).keys.claims(of.keys_url, given.get("id_token", ""))
    subject = claims.check_token(token, of, nonce)
    installed = await desk.read(platforms.deployments, of.id)
    said = claims.check_launch(token, subject, installed)
    place = claims.on_origin(said.target, desk.address) if said.target else ""
    return said, place


async def opened(desk: Desk, of: Row, said: Launch, place: str) -> Response:
    """Open the launched page, signed in."""
    base = desk.room.base_path
    if not place or NOT_TARGETS.match(place.removeprefix(base)):
        place = f"{base}classroom/"
    opens = ASSIGNMENT.match(place.removeprefix(base))
    token = await desk.run(platforms.enter, of, said, opens[1] if opens else "")
    response = RedirectResponse(place, 303, NOT_KEPT)
    keep = desk.keep if is_alone(desk.request) else desk.keep_in_frame
    keep(response, token, int(platforms.SESSION.total_seconds()))
    return response


@router.post("/lti/open")
async def open_in_tab(desk: TheDesk, form: TheForm) -> Response:
    """Open a frame's launch in a tab: the frame proves that it began the launch."""
    step = await steps.taken(desk.room.database, OPEN, form.text("ticket"))
    if step is None or not proves(step, form.text("secret")):
        raise refuse("a tab without the proof of its frame")
    of: Row = await desk.read(platforms.one, step["platform"])
    return await opened(desk, of, Launch(**step["launch"]), step["place"])
