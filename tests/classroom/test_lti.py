"""Launches: those of the certification guide, and forbidden ones."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import httpx2
import pytest
import sqlalchemy as sa
from joserfc import jwe, jws, jwt
from joserfc.jwk import OctKey

from latentbook_classroom.course import assignments, people
from latentbook_classroom.course.platform_tables import tool_key, used_step
from latentbook_classroom.course.tables import now
from latentbook_classroom.lti import keys, platforms, steps
from latentbook_classroom.lti.web import Web
from tests.classroom import lms as testing
from tests.classroom.conftest import OWN, School, on_sqlite, opened, settings_in
from tests.classroom.lms import AGS, CLIENT, INSTRUCTOR, KEYS, LEARNER, LTI, MEMBERSHIP, Lms
from tests.classroom.test_people import link_in

Changed = Callable[[dict[str, Any]], None]


@pytest.fixture
def lms(school: School) -> Iterator[Lms]:
    """A platform with which the course is registered."""
    with testing.platform(school.url) as found:
        school.run(platforms.add, found.registration())
        yield found


@pytest.fixture(scope="module")
def campus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[School, Lms]]:
    """A course and a platform, shared by all launches that need no separate ones."""
    folder = tmp_path_factory.mktemp("campus")
    settings = settings_in(folder, str(folder / "course.sqlite"))
    with opened(settings) as school, testing.platform(school.url) as lms:
        school.run(platforms.add, lms.registration())
        for number, context in enumerate(({"id": "course-1"}, None), start=1):
            launch(school, lms, subject="first", **{f"{LTI}context": context})
            school.run(platforms.take_along, number)
        yield school, lms


def launch(school: School, lms: Lms, *, subject: str = "u-1", **changed: Any) -> httpx.Response:
    begun = testing.begin(school.url, lms)
    token = lms.signed(lms.message(begun.nonce, subject, **changed))
    return testing.finish(school.url, begun, token)


def everyone(school: School) -> list[Any]:
    found: list[Any] = school.run(people.everyone, 1)
    return found


def session_of(response: httpx.Response) -> str:
    cookies = response.headers.get_list("set-cookie")
    found = [each.partition(";")[0].partition("=")[2] for each in cookies if "person" in each]
    return found[0] if found else ""


CORE = "http://purl.imsglobal.org/vocab/lis/v2"
INSTITUTION = f"{CORE}/institution/person"
TA = [f"{MEMBERSHIP}/Instructor#TeachingAssistant", INSTRUCTOR]
NAMES = {"given_name": "Ada", "middle_name": "King", "family_name": "Lovelace"}
MAIL = {"email": "ada@university.example"}
NULLS = {"errors": {"errors": {}}, "validation_context": None}


def as_guided(role: str, short: str, others: list[str], unknown: list[str]) -> dict[str, Any]:
    """The certification guide's valid launches of a teacher or student (sections 6.1.2, 6.1.3)."""
    whole = {**NAMES, **MAIL, f"{LTI}roles": [role]}
    return {
        short: whole,
        f"{short} with roles": {**whole, f"{LTI}roles": [role, *others]},
        f"{short}, short role": {**whole, f"{LTI}roles": [short]},
        f"{short}, unknown role": {**whole, f"{LTI}roles": unknown},
        f"{short}, no role": {**whole, f"{LTI}roles": []},
        f"{short}, role without a name": {**whole, f"{LTI}roles": [""]},
        f"{short}, email only": {**MAIL, "name": None, f"{LTI}roles": [role]},
        f"{short}, names only": {**NAMES, f"{LTI}roles": [role]},
        f"{short}, no PII": {"name": None, f"{LTI}roles": [role]},
        f"{short}, email without context": {**whole, f"{LTI}context": None},
    }


STRANGE = f"{CORE}/uknownrole/unknown#Helper"
STAFF = [f"{INSTITUTION}#Staff", f"{INSTITUTION}#Other"]
STUDENTS = [f"{INSTITUTION}#Student", f"{INSTITUTION}#Mentor"]
TEACHING = as_guided(INSTRUCTOR, "Instructor", STAFF, [STRANGE])
LEARNING = as_guided(LEARNER, "Learner", STUDENTS, [LEARNER, STRANGE])
ROLELESS = ("unknown role", "no role", "role without a name")
VALID: dict[str, tuple[dict[str, Any], str]] = {
    name: (changed, "student" if name.endswith(ROLELESS) else "instructor")
    for name, changed in TEACHING.items()
}
VALID |= {name: (changed, "student") for name, changed in LEARNING.items()}
VALID |= {
    "administrator of the institution": (
        {f"{LTI}roles": [f"{INSTITUTION}#Administrator", f"{CORE}/system/person#SysAdmin"]},
        "student",
    ),
    "teaching assistant": ({f"{LTI}roles": TA}, "assistant"),
    "given and family name": ({**NAMES, "name": None}, "student"),
    "several audiences": ({"aud": [CLIENT, "other"], "azp": CLIENT}, "student"),
    "nulls, as Canvas has them": (
        {
            "azp": CLIENT,
            **NULLS,
            f"{LTI}resource_link": {"id": "l", "title": None, "description": None, **NULLS},
            f"{LTI}context": {"id": "c", "title": "Test", "type": [""], **NULLS},
            f"{LTI}lis": {"person_sourcedid": None, "course_offering_sourcedid": None, **NULLS},
            f"{LTI}launch_presentation": {"height": None, "return_url": None, **NULLS},
            f"{AGS}claim/endpoint": {"scope": [], "lineitems": "https://lms.example/l", **NULLS},
            f"{LTI}custom": None,
        },
        "student",
    ),
}


@pytest.mark.parametrize(
    "roles",
    [["#Mentor"], ["/Mentor#Parent"], ["#Mentor", "#Member"], ["#Mentor", "/Mentor#Auditor"]],
)
def test_who_only_looks_on_does_not_become_a_student(
    campus: tuple[School, Lms], roles: list[str]
) -> None:
    school, lms = campus
    before = len(everyone(school))
    named = [f"{MEMBERSHIP}{role}" for role in roles]
    assert launch(school, lms, subject="u-father", **{f"{LTI}roles": named}).status_code == 400
    assert len(everyone(school)) == before
    both = {f"{LTI}roles": [*named, LEARNER]}
    assert launch(school, lms, subject=f"u-{roles}", **both).status_code == 303


def test_clocks_may_differ_a_little(campus: tuple[School, Lms]) -> None:
    school, lms = campus
    assert launch(school, lms, subject="u-early", iat=time.time() + 30).status_code == 303


@pytest.mark.parametrize("name", VALID)
def test_valid_launches_let_in(campus: tuple[School, Lms], name: str) -> None:
    school, lms = campus
    changed, role = VALID[name]
    before = len(everyone(school))
    response = launch(school, lms, subject=name, **changed)
    assert response.status_code == 303, response.text
    assert response.headers["location"] == "/classroom/"
    assert len(everyone(school)) == before + 1
    someone = max(everyone(school), key=lambda each: each.id)
    assert someone.role == role
    assert "@" not in someone.name
    front = httpx.get(
        f"{school.url}/classroom/",
        headers={"Cookie": f"latentbook-person={session_of(response)}"},
    )
    assert someone.name in front.text


def remove(name: str) -> Changed:
    return lambda claims: claims.pop(name)


def put(name: str, value: Any) -> Changed:
    return lambda claims: claims.update({name: value})


def at(name: str, seconds: float) -> Changed:
    """A moment this many seconds after the test begins, maybe long after these lists were made."""
    return lambda claims: claims.update({name: time.time() + seconds})


def retarget(place: str) -> Changed:
    """Replace the path of the target."""
    name = f"{LTI}target_link_uri"
    return lambda claims: claims.update({name: claims[name].replace("/classroom", place)})


def keep_only(**claims: Any) -> Changed:
    return lambda given: (given.clear(), given.update(claims))


# First the certification guide's bad payloads (section 6.1.1); those of the header are below.
BAD: dict[str, tuple[Changed, str]] = {
    "wrong version": (put(f"{LTI}version", "11.3"), "version of LTI"),
    "no version": (remove(f"{LTI}version"), "version of LTI"),
    "invalid LTI message": (keep_only(name="badltilaunch"), "another issuer"),
    "missing LTI claims": (
        lambda claims: [claims.pop(k) for k in list(claims) if LTI in k],
        "version",
    ),
    "timestamps of another day": (
        lambda claims: claims.update(iat=11111, exp=22222),
        "expired",
    ),
    "no message type": (remove(f"{LTI}message_type"), "type of message"),
    "no roles": (remove(f"{LTI}roles"), "no roles"),
    "no deployment": (remove(f"{LTI}deployment_id"), "no deployment_id"),
    "no resource link": (remove(f"{LTI}resource_link"), "no resource_link"),
    "no user": (remove("sub"), "no sub"),
    "a link that is a text": (put(f"{LTI}resource_link", "link-1"), "no resource_link"),
    "expired": (at("exp", -120), "expired"),
    "a clock that is fast": (at("iat", 900), "in the future"),
    "a clock that is slow": (at("iat", -7200), "too long ago"),
    "times that compare with nothing": (put("iat", float("nan")), "no iat"),
    "a life without end": (put("exp", float("inf")), "no exp"),
    "a time that is no float": (put("iat", 10**400), "no iat"),
    "wrong issuer": (put("iss", "https://evil.example"), "another issuer"),
    "wrong audience": (put("aud", "client-8"), "another audience"),
    "several audiences, no party": (put("aud", [CLIENT, "other"]), "authorised party"),
    "another party": (put("azp", "client-8"), "authorised party"),
    "wrong nonce": (put("nonce", "x" * 32), "nonce"),
    "wrong deployment": (put(f"{LTI}deployment_id", "deployment-2"), "unknown deployment"),
    "another host": (put(f"{LTI}target_link_uri", "https://evil.example/"), "target"),
    "a host that looks like ours": (retarget("@evil.example"), "target"),
    "a path that is a host": (retarget("//evil.example"), "target"),
    "another type": (put(f"{LTI}message_type", "LtiStartProctoring"), "type of message"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_payloads_are_refused(
    campus: tuple[School, Lms], name: str, caplog: pytest.LogCaptureFixture
) -> None:
    school, lms = campus
    before = len(everyone(school))
    change, reason = BAD[name]
    begun = testing.begin(school.url, lms)
    claims = lms.message(begun.nonce)
    change(claims)
    response = testing.finish(school.url, begun, lms.signed(claims))
    refused(response, caplog, reason)
    assert len(everyone(school)) == before


def refused(response: httpx.Response, caplog: pytest.LogCaptureFixture, reason: str) -> None:
    """Assert a reason in the log, none in the reply, and nothing of the person in either."""
    assert response.status_code == 400, response.text
    assert session_of(response) == ""
    assert reason in caplog.text
    assert reason not in response.text
    for private in ("Ada", "Lovelace", "u-1"):
        assert private not in caplog.text
        assert private not in response.text


def as_text(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


FORGED: dict[str, tuple[Callable[[Lms, dict[str, Any]], str], str]] = {
    "no key id": (lambda lms, claims: lms.signed(claims, kid=None), "no key id"),
    "unknown key id": (lambda lms, claims: lms.signed(claims, kid="tenth"), "unknown key"),
    "key swapped": (lambda lms, claims: lms.signed(claims, "theirs", kid="first"), "not signed"),
    "another key": (lambda lms, claims: lms.signed(claims, "theirs"), "unknown key"),
    "no algorithm": (
        lambda lms, claims: f"{as_text({'alg': 'none', 'kid': 'first'})}.{as_text(claims)}.",
        "not signed",
    ),
    "the public key as a secret": (
        lambda lms, claims: jwt.encode(
            {"alg": "HS256", "kid": "first"},
            claims,
            OctKey.import_key(json.dumps(KEYS["first"].as_dict(private=False)).encode()),
        ),
        "not signed",
    ),
    "another algorithm": (lambda lms, claims: lms.signed(claims, alg="PS256"), "not signed"),
    "changed": (
        lambda lms, claims: (
            lms.signed(claims).split(".")[0]
            + f".{as_text({**claims, 'sub': 'u-2'})}."
            + lms.signed(claims).split(".")[2]
        ),
        "not signed",
    ),
    "half a character": (
        lambda lms, claims: jws.serialize_compact(
            {"alg": "RS256", "kid": "first"}, json.dumps({**claims, "sub": "\ud800"}), KEYS["first"]
        ),
        "not signed",
    ),
    "no token": (lambda lms, claims: "", "not signed"),
}


@pytest.mark.parametrize("name", FORGED)
def test_forged_tokens_are_refused(
    campus: tuple[School, Lms], name: str, caplog: pytest.LogCaptureFixture
) -> None:
    school, lms = campus
    before = len(everyone(school))
    forge, reason = FORGED[name]
    begun = testing.begin(school.url, lms)
    response = testing.finish(school.url, begun, forge(lms, lms.message(begun.nonce)))
    refused(response, caplog, reason)
    assert len(everyone(school)) == before


def test_a_launch_works_once_and_in_one_browser(
    school: School, lms: Lms, caplog: pytest.LogCaptureFixture
) -> None:
    begun = testing.begin(school.url, lms)
    token = lms.signed(lms.message(begun.nonce))
    assert testing.finish(school.url, begun, token).status_code == 303
    refused(testing.finish(school.url, begun, token), caplog, "used or expired")

    other = testing.begin(school.url, lms)
    token = lms.signed(lms.message(other.nonce, "u-2"))
    stranger = testing.finish(school.url, other, token, cookie=begun.cookie)
    assert session_of(stranger) == ""
    assert 'name="ticket"' in stranger.text  # the frame must prove it; nobody is signed in
    assert len(everyone(school)) == 1
    ticket = stranger.text.split('name="ticket" value="')[1].split('"')[0]
    form = {"ticket": ticket, "secret": begun.cookie.partition("=")[2]}
    opened = httpx.post(f"{school.url}/lti/open", data=form, headers=OWN)
    refused(opened, caplog, "proof")


@pytest.mark.parametrize("size", [255, 256])
def test_ids_have_as_many_characters_as_lti_allows(
    school: School, lms: Lms, size: int, caplog: pytest.LogCaptureFixture
) -> None:
    def named(prefix: str) -> str:
        return prefix.ljust(size, "x")

    long: dict[str, dict[str, Any]] = {
        "deployment_id": {f"{LTI}deployment_id": named("d-")},
        "sub": {"sub": named("s-")},
        "resource_link": {f"{LTI}resource_link": {"id": named("l-")}},
        "context": {f"{LTI}context": {"id": named("c-"), "title": "Codes"}},
    }
    school.joined(school.first, "Grace")
    if size <= 255:
        school.run(platforms.add_deployment, 1, named("d-"))
        whole = {name: value for each in long.values() for name, value in each.items()}
        for _ in range(2):  # the second finds the same
            assert launch(school, lms, **whole).status_code == 303
        other = whole | {"sub": named("s-")[:-1] + "y"}
        assert launch(school, lms, **other).status_code == 303
        assert len(everyone(school)) == 3
        return
    for name, changed in long.items():
        caplog.clear()
        reason = "id" if name in ("resource_link", "context") else name
        refused(launch(school, lms, **changed), caplog, f"{reason} has 256 characters")


def test_a_text_that_no_database_has_is_refused(
    school: School, lms: Lms, caplog: pytest.LogCaptureFixture
) -> None:
    refused(launch(school, lms, sub="u-\0"), caplog, "a text with NUL")
    assert launch(school, lms, name="\\u0000").status_code == 303  # six characters
    asked = {"iss": "x\0", "login_hint": "u-1"}
    assert httpx.get(f"{school.url}/lti/login", params=asked).status_code == 400
    many = {f"{AGS}claim/endpoint": {"scope": [f"{AGS}scope/{i}" for i in range(90)]}}
    assert launch(school, lms, **many).status_code == 303


def test_a_frame_without_cookies_opens_a_tab_by_its_proof(school: School, lms: Lms) -> None:
    begun = testing.begin(school.url, lms)
    token = lms.signed(lms.message(begun.nonce))
    framed = testing.finish(school.url, begun, token, dest="iframe", cookie="")
    ticket = framed.text.split('name="ticket" value="')[1].split('"')[0]
    form = {"ticket": ticket, "secret": begun.cookie.partition("=")[2]}
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    place = f"{school.url}/lti/open"
    assert httpx.post(place, data=form, headers=elsewhere).status_code == 403
    tab = {**OWN, "Sec-Fetch-Dest": "document"}
    opened = httpx.post(place, data=form, headers=tab)
    assert opened.status_code == 303
    assert session_of(opened)
    assert httpx.post(place, data=form, headers=tab).status_code == 400  # once


def test_cookies_of_a_frame_are_the_frames(school: School, lms: Lms) -> None:
    begun = testing.begin(school.url, lms)
    token = lms.signed(lms.message(begun.nonce))
    response = testing.finish(school.url, begun, token, dest="iframe")
    (cookie,) = response.headers.get_list("set-cookie")
    attributes = set(cookie.split("; ")[1:])
    assert {"Secure", "HttpOnly", "SameSite=None", "Partitioned", "Path=/"} <= attributes
    policy = httpx.get(f"{school.url}/classroom/").headers["content-security-policy"]
    assert policy.endswith(f"frame-ancestors 'self' {lms.url}")


def test_a_person_is_an_issuers_subject(school: School, lms: Lms) -> None:
    launch(school, lms, email="ada@university.example")
    school.run(platforms.take_along, 1)
    launch(school, lms, subject="u-2", name="Ada Lovelace", email="ada@university.example")
    assert len(everyone(school)) == 2
    launch(school, lms, name="Ada King", **{f"{LTI}roles": [INSTRUCTOR]})
    launch(school, lms, subject="u-2", **{f"{LTI}roles": [INSTRUCTOR]})
    names = {each.name: each.role for each in everyone(school)}
    assert names == {"Ada King": "instructor", "Ada Lovelace": "instructor"}
    launch(school, lms, name=None, **{f"{LTI}roles": [LEARNER]})
    launch(school, lms, subject="u-2", name="=SUM\u202e(1)", **{f"{LTI}roles": [LEARNER]})
    names = {each.name: each.role for each in everyone(school)}
    assert names == {"Ada King": "student", "Ada Lovelace": "instructor"}  # the last one remains


def test_instructors_of_other_courses_are_students(school: School, lms: Lms) -> None:
    """Anybody can have their own course at a platform, and link to the book from it."""
    own = {f"{LTI}context": {"id": "sandbox", "title": "Sandbox"}, f"{LTI}roles": [INSTRUCTOR]}
    launch(school, lms, **{f"{LTI}roles": [INSTRUCTOR]})
    launch(school, lms, subject="u-2", name="Eve", **own)
    assert {each.role for each in everyone(school)} == {"student"}

    grace = school.joined(school.first, "Grace")
    assert grace.get("/classroom/platforms").text.count("Accept its instructors") == 2
    assert grace.post("/classroom/platforms/contexts/1/take-along").status_code == 303
    assert grace.get("/classroom/platforms").text.count("Accept its instructors") == 1
    assert "accepted" in grace.get("/classroom/audit").text
    launch(school, lms, **{f"{LTI}roles": [INSTRUCTOR]})
    launch(school, lms, **{**own, f"{LTI}roles": [LEARNER]})
    launch(school, lms, subject="u-2", name="Eve", **own)
    roles = {each.name: each.role for each in everyone(school)}
    assert roles == {"Ada Lovelace": "instructor", "Grace": "instructor", "Eve": "student"}


def test_keys_are_fetched_rarely(school: School, lms: Lms) -> None:
    for _ in range(3):
        assert launch(school, lms).status_code == 303
    assert lms.jwks_fetched == 1
    lms.published = ("first", "second")
    fetched = school.app.state.lti.keys._fetched
    for each in fetched.values():
        each.at -= keys.FETCHED_AGAIN_S
    begun = testing.begin(school.url, lms)
    token = lms.signed(lms.message(begun.nonce), "second")
    assert testing.finish(school.url, begun, token).status_code == 303
    assert lms.jwks_fetched == 2
    for _ in range(3):
        begun = testing.begin(school.url, lms)
        token = lms.signed(lms.message(begun.nonce), "theirs")
        assert testing.finish(school.url, begun, token).status_code == 400
    assert lms.jwks_fetched == 2


def test_keys_that_do_not_come_are_asked_for_once() -> None:
    asked = []

    async def refuse(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        await asyncio.sleep(0)
        return httpx2.Response(500)

    async def launches() -> list[Any]:
        found = keys.PlatformKeys(Web(httpx2.MockTransport(refuse)))
        claims = [found.claims("https://lms.example/jwks", "x") for _ in range(500)]
        return await asyncio.gather(*claims, return_exceptions=True)

    assert {f"{each!r}" for each in asyncio.run(launches())} == {
        "Unfit('no keys: lms.example answered with status 500.')"
    }
    assert len(asked) == 1


def test_whoever_begins_a_launch_writes_nothing(school: School, lms: Lms) -> None:
    """Strangers who began thousands of launches slowed down everybody who handed in."""
    with school.room.database.engine.begin():  # somebody's turn
        begun = [testing.begin(school.url, lms) for _ in range(3)]
    for each in begun:
        message = lms.signed(lms.message(each.nonce))
        assert testing.finish(school.url, each, message).status_code == 303
        assert testing.finish(school.url, each, message).status_code == 400
    used = sa.select(sa.func.count()).select_from(used_step)
    assert school.run(lambda connection: connection.execute(used).scalar_one()) == 3


@on_sqlite
@pytest.mark.parametrize("change", ["late", "kind", "term", "cut", "altered", "other server"])
def test_a_step_that_is_not_as_it_was_begun_is_refused(
    school: School, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = school.run(steps.begin, "launch", {"n": 1})
    assert school.run(steps.look, "launch", token) == {"n": 1}
    kind = "register" if change == "kind" else "launch"
    if change == "late":
        later = now() + timedelta(minutes=11)
        monkeypatch.setattr(steps, "now", lambda: later)
    elif change == "term":
        school.run(assignments.next_term, "Spring 2027")
    elif change == "cut":
        token = token[:-1]
    elif change == "altered":
        head, *rest = token.split(".")
        token = ".".join([head, *rest[:-1], "A" * len(rest[-1])])
    elif change == "other server":
        key = OctKey.import_key(b"x" * 32)
        known = json.dumps({"kind": "launch", "until": 2e10, "body": {}})
        token = jwe.encrypt_compact({"alg": "dir", "enc": "A256GCM"}, known, key)
    assert school.run(steps.look, kind, token) is None


def test_a_query_that_cannot_be_read_is_refused(campus: tuple[School, Lms]) -> None:
    query = "&".join(f"a{i}=1" for i in range(60))
    for asked in (query, "iss=%ff"):
        response = httpx.get(f"{campus[0].url}/lti/login?{asked}")
        assert response.status_code == 422
        assert "cannot be read" in response.text


NO_ADDRESSES = ("http://lms.example/", "file:///etc/passwd", "jwks", "https://[", "https://a;b/")
NO_ADDRESSES += ("https://大学.example/", "https://*/", "https://user:secret@lms.example/")


@on_sqlite
@pytest.mark.parametrize("url", NO_ADDRESSES)
def test_addresses_are_encrypted_and_fit_a_header(school: School, url: str) -> None:
    instructor = school.joined(school.first, "Ada")
    for name in ("auth_url", "token_url", "keys_url", "address"):
        given = Lms(url="https://lms.example").registration() | {name: url}
        response = instructor.post("/classroom/platforms", data=given)
        assert response.status_code == 422
        assert f"{name} must be an address that begins with https://" in response.text
    assert instructor.get("/classroom/platforms").status_code == 200


WRONG = {
    "kind": ("saml", "Accepted: lti, oidc."),
    "issuer": ("", "issuer must have from 1 to 200 characters"),
    "client_id": ("c" * 201, "Received 201."),
    "client_secret": ("a\0b", "client_secret must have from 0 to 200 characters"),
    "audience": ("a" * 1001, "audience must have from 0 to 1000 characters"),
    "deployments": ("d" * 256, "deployment must have from 1 to 255 characters"),
    "keys_url": ("https://lms.example:99999/", "Received: https://lms.example:99999/"),
}


@on_sqlite
@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_a_registration_is_said(school: School, name: str) -> None:
    wrong, said = WRONG[name]
    instructor = school.joined(school.first, "Ada")
    given = Lms(url="https://lms.example").registration()
    response = instructor.post("/classroom/platforms", data=given | {name: wrong})
    assert response.status_code == 422
    assert said in response.text
    if name == "deployments":
        assert instructor.post("/classroom/platforms", data=given).status_code == 303
        (added,) = school.run(platforms.everyone)
        for each in ("", wrong):
            place = f"/classroom/platforms/{added.id}/deployments"
            assert instructor.post(place, data={"name": each}).status_code == 422
        place = "/classroom/platforms/contexts/7/take-along"
        assert instructor.post(place).status_code == 404


def test_a_platform_is_registered_by_hand_and_removed(school: School) -> None:
    instructor = school.joined(school.first, "Ada")
    given = Lms(url="https://lms.example").registration()
    assert instructor.post("/classroom/platforms", data=given).status_code == 303
    assert instructor.post("/classroom/platforms", data=given).status_code == 409
    page = instructor.get("/classroom/platforms")
    assert "https://lms.example · client-7" in page.text
    assert page.headers["content-security-policy"].endswith("'self' https://lms.example")
    instructor.post("/classroom/platforms/1/remove", data={"sure": "yes"})
    page = instructor.get("/classroom/platforms")
    assert "lms.example" not in page.text + page.headers["content-security-policy"]


def test_whom_a_removed_platform_has_let_in_is_out(school: School, lms: Lms) -> None:
    ada = school.browser()
    ada.cookies["latentbook-person"] = session_of(launch(school, lms))
    device = school.joined(link_in(ada.post("/classroom/me/link")))
    assert "The university" in device.get("/classroom/me/export.json").text
    unused = link_in(device.post("/classroom/me/link"))
    grace = school.joined(school.first, "Grace")
    place = f"/classroom/people/{school.number('Ada Lovelace')}/link"
    grace.post("/classroom/platforms/1/remove", data={"sure": "yes"})
    by_instructor = link_in(grace.post(place))
    for signed_out in (ada, device):
        assert signed_out.get("/classroom/me").status_code == 401
    assert school.browser().post(f"/join/{unused}").status_code == 410
    assert grace.get("/classroom/me").status_code == 200
    assert school.joined(by_instructor).get("/classroom/me").status_code == 200


def test_whom_a_removed_sign_in_service_has_let_in_is_out(school: School, lms: Lms) -> None:
    given = lms.registration() | {"kind": "oidc", "client_secret": "s&cret", "is_open": "yes"}
    given |= {"token_url": f"{lms.url}/oidc/token", "issuer": lms.url, "client_id": CLIENT}
    school.run(platforms.remove, 1, by=None)
    number = school.run(platforms.add, given)

    def sign_in(client: httpx.Client) -> None:
        to = client.get(f"/auth/{number}").headers["location"]
        lms.signing_in = dict(parse_qsl(urlsplit(to).query))
        answer = {"code": "code-1", "state": lms.signing_in["state"]}
        assert client.get("/auth/callback", params=answer).status_code == 303

    grace, other = school.joined(school.first, "Grace"), school.browser()
    sign_in(grace)  # connects her account
    sign_in(other)
    assert "Grace" in other.get("/classroom/me").text
    grace.post(f"/classroom/platforms/{number}/remove", data={"sure": "yes"})
    assert other.get("/classroom/me").status_code == 401
    assert grace.get("/classroom/me").status_code == 200


def test_our_keys_are_public_and_rotate(school: School) -> None:
    response = httpx.get(f"{school.url}/lti/jwks")
    (key,) = response.json()["keys"]
    assert {"kty": "RSA", "alg": "RS256", "use": "sig"}.items() <= key.items()
    assert not {"d", "p", "q", "dp", "dq", "qi"} & key.keys()

    def signer(connection: Any) -> str:
        header = keys.signed(connection, {}).split(".")[0]
        found: str = json.loads(base64.urlsafe_b64decode(header + "=="))["kid"]
        return found

    def grow_older(connection: Any, days: int) -> None:
        for row in connection.execute(sa.select(tool_key)).all():
            older = row.created_at - timedelta(days)
            row_is = tool_key.c.id == row.id
            connection.execute(sa.update(tool_key).where(row_is).values(created_at=older))

    assert school.run(signer) == key["kid"]
    school.run(grow_older, 91)
    first, second = httpx.get(f"{school.url}/lti/jwks").json()["keys"]
    assert first["kid"] == key["kid"]
    assert school.run(signer) == key["kid"]  # platforms may not know the new one yet
    school.run(grow_older, 2)
    assert school.run(signer) == second["kid"]
    school.run(grow_older, 31)
    (left,) = httpx.get(f"{school.url}/lti/jwks").json()["keys"]
    assert left["kid"] == second["kid"]
    school.run(keys.replace_keys)
    (new,) = httpx.get(f"{school.url}/lti/jwks").json()["keys"]
    assert new["kid"] != second["kid"]


def test_strangers_take_no_turn_to_write(school: School, lms: Lms) -> None:
    """Anyone without a state or a link could stop everybody else from writing."""
    httpx.get(f"{school.url}/lti/jwks")  # it has keys
    given = {"state": "x", "ticket": "x"}
    begun = {"iss": lms.url, "client_id": CLIENT, "login_hint": "u-1"}
    door = lms.registration() | {"kind": "oidc", "client_id": "door", "is_open": "yes"}
    number = school.run(platforms.add, door)
    with school.room.database.engine.begin():  # somebody's turn
        statuses = {
            place: httpx.request(method, f"{school.url}/{place}", **sent, headers=OWN).status_code
            for place, method, sent in (
                ("lti/jwks", "GET", {}),
                ("lti/launch", "GET", {"params": given}),
                ("lti/launch", "POST", {"data": given}),
                ("lti/login", "GET", {"params": {"iss": "https://evil.example"}}),
                ("lti/open", "POST", {"data": given}),
                ("lti/deep-link", "POST", {"data": given}),
                ("lti/register/x", "GET", {}),
                ("auth/callback", "GET", {"params": given}),
                ("auth/99", "GET", {}),
                ("join/x", "POST", {"data": {"name": "Eve"}}),
                ("lti/login", "POST", {"data": begun}),
                (f"auth/{number}", "GET", {}),
            )
        }
    assert statuses.pop(f"auth/{number}") == 303
    assert statuses.pop("join/x") == 410
    assert statuses.pop("lti/jwks") == 200
    assert statuses.pop("auth/99") == 404
    assert statuses.pop("lti/login") == 200
    assert set(statuses.values()) == {400}, statuses


def test_a_launch_in_an_address_is_refused(school: School, lms: Lms) -> None:
    """Proxies log addresses, and with them the token of the person who is launched."""
    begun = testing.begin(school.url, lms)
    given = {"state": begun.state, "id_token": lms.signed(lms.message(begun.nonce))}
    place = f"{school.url}/lti/launch"
    assert httpx.get(place, params=given, headers={"Cookie": begun.cookie}).status_code == 400
    assert everyone(school) == []


def test_logins_of_strangers_are_refused(school: School, lms: Lms) -> None:
    for given in ({"iss": "https://evil.example"}, {"client_id": "client-8"}, {"login_hint": ""}):
        asked = {"iss": lms.url, "client_id": CLIENT, "login_hint": "u-1", **given}
        for method in ("GET", "POST"):
            sent = {"params": asked} if method == "GET" else {"data": asked}
            response = httpx.request(method, f"{school.url}/lti/login", **sent)  # type: ignore[arg-type]
            assert response.status_code == 400


def test_a_login_goes_nowhere_but_to_the_platform(school: School, lms: Lms) -> None:
    asked = {"iss": lms.url, "login_hint": "u-1", "target_link_uri": "https://evil.example"}
    tab = {"Sec-Fetch-Dest": "document"}
    response = httpx.post(f"{school.url}/lti/login", data=asked, headers=tab)
    assert urlsplit(response.headers["location"]).netloc == urlsplit(lms.url).netloc


def test_a_course_of_the_past_term_stays_there(school: School, lms: Lms) -> None:
    assert launch(school, lms).status_code == 303
    school.run(assignments.next_term, "Spring 2027")
    response = launch(school, lms)
    assert response.status_code == 403
    assert "past term" in response.text
    context = school.run(platforms.contexts)[0]
    school.run(platforms.take_along, context.id)
    assert launch(school, lms).status_code == 303
