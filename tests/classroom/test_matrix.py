"""Every route of the classroom for every role. A route missing from the matrix fails the test."""

from __future__ import annotations

import re

import httpx

from latentbook_classroom.course import people
from latentbook_classroom.course.tables import ROLES
from tests.classroom.conftest import OWN, School, on_sqlite

ALL = ("nobody", *ROLES)
LEAST = {
    "GET /classroom": "nobody",
    "GET /classroom/": "nobody",
    "GET /classroom/assets/{name}": "nobody",
    "GET /classroom/sync.js": "nobody",
    "GET /join/{token}": "nobody",
    "POST /join/{token}": "nobody",
    "POST /classroom/sign-out": "student",
    "GET /classroom/due": "student",
    "GET /classroom/assignments": "nobody",
    "GET /classroom/assignments/": "student",
    "GET /classroom/assignments/{name}/": "student",
    "GET /classroom/assignments/{name}/answers/{label}": "student",
    "POST /classroom/assignments/{name}/answers/{label}": "student",
    "GET /classroom/assignments/{name}/settings": "instructor",
    "POST /classroom/assignments/{name}/settings": "instructor",
    "POST /classroom/assignments/{name}/extend": "instructor",
    "POST /classroom/assignments/{name}/extensions/{number}/withdraw": "instructor",
    "POST /classroom/assignments/{name}/editions/{label}/{edition}/{step}": "instructor",
    "GET /classroom/me": "student",
    "POST /classroom/me/link": "student",
    "GET /classroom/me/export.json": "student",
    "POST /classroom/me/sessions/{number}/end": "student",
    "POST /classroom/me/erase": "student",
    "GET /classroom/grades": "nobody",
    "GET /classroom/grades/": "student",
    "GET /classroom/grades/gradebook.csv": "instructor",
    "GET /classroom/grades/people/{number}": "assistant",
    "POST /classroom/grades/people/{number}": "assistant",
    "GET /classroom/grades/analysis/{name}": "assistant",
    "GET /classroom/grades/analysis/{name}/{label}": "assistant",
    "GET /classroom/people": "assistant",
    "GET /classroom/people/": "assistant",
    "POST /classroom/people/invite": "instructor",
    "POST /classroom/people/invite/{number}/revoke": "instructor",
    "POST /classroom/people/roster": "instructor",
    "POST /classroom/people/roster/apply": "instructor",
    "POST /classroom/people/links": "instructor",
    "GET /classroom/people/{number}": "instructor",
    "POST /classroom/people/{number}": "instructor",
    "POST /classroom/people/{number}/link": "instructor",
    "POST /classroom/people/{number}/sessions/{session}/end": "instructor",
    "POST /classroom/people/{number}/erase": "instructor",
    "GET /classroom/settings": "instructor",
    "POST /classroom/settings": "instructor",
    "POST /classroom/settings/copy": "instructor",
    "POST /classroom/settings/erase-past": "instructor",
    "GET /classroom/audit": "instructor",
    "GET /classroom/platforms": "instructor",
    "POST /classroom/platforms": "instructor",
    "POST /classroom/platforms/{number}/deployments": "instructor",
    "POST /classroom/platforms/{number}/remove": "instructor",
    "POST /classroom/platforms/contexts/{number}/roster": "instructor",
    "POST /classroom/platforms/contexts/{number}/take-along": "instructor",
    "POST /classroom/platforms/contexts/{number}/accept-no-more": "instructor",
    "POST /classroom/platforms/send-again": "instructor",
    "POST /classroom/platforms/registration": "instructor",
    "GET /lti/register/{token}": "nobody",
    "GET /auth/callback": "nobody",
    "GET /auth/{number}": "nobody",
    "GET /lti/jwks": "nobody",
    "GET /lti/login": "nobody",
    "POST /lti/login": "nobody",
    "GET /lti/launch": "nobody",
    "POST /lti/launch": "nobody",
    "POST /lti/open": "nobody",
    "POST /lti/deep-link": "nobody",
    "GET /api/classroom/events": "student",
    "POST /api/classroom/events": "student",
}
"""The lowest role that may use each route."""

OUTSIDE = re.compile(r"/api/(?!classroom)|/(healthz|readyz|metrics|openapi)")


def routes(school: School) -> set[str]:
    """All routes of the app except the book's."""
    found = set()
    for router in school.app.routes:
        for route in getattr(router, "original_router", school.app).routes:
            path = getattr(route, "path", "")
            if path and not OUTSIDE.match(path):
                found |= {f"{method} {path}" for method in route.methods}
    return found


@on_sqlite
def test_each_role_may_do_what_the_matrix_says(school: School) -> None:
    assert routes(school) == set(LEAST)
    numbers = {}
    for role in ROLES:
        school.invited(role, role.title())
        numbers[role] = school.number(role.title())
    wrong = []
    for route, least in LEAST.items():
        method, _, path = route.partition(" ")
        body = {"json": {}} if path.startswith("/api") else {}
        for role in ALL:
            cookies = {}
            if role in numbers:  # a session for each request: some end it
                token = school.run(people.new_session, numbers[role])
                cookies = {"latentbook-person": token}
            with httpx.Client(base_url=school.url, headers=OWN, cookies=cookies) as client:
                response = client.request(method, re.sub(r"{\w+}", "999", path), **body)
            is_refused = response.status_code in (401, 403)
            if is_refused != (ALL.index(role) < ALL.index(least)) or response.status_code >= 500:
                wrong.append((route, role, response.status_code))
            elif is_refused:
                assert response.status_code == (401 if role == "nobody" else 403)
    assert wrong == []
