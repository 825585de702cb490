"""Class mode's refusals are in its schema, and a full disk is not an error of the server."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.classroom.lecture.conftest import School

CHOICE = "vae/one#q-choice"
CLASS = "/api/lecturer/classes/{code}"
PHONE = "/api/class/{code}"


def declared(school: School, method: str, path: str) -> set[int]:
    schema: dict[str, Any] = httpx.get(f"{school.url}/api/openapi.json").json()
    return set(map(int, schema["paths"][path][method.lower()]["responses"]))


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", f"{CLASS}/doors", {"open": 0}, 422),
        ("POST", f"{CLASS}/doors", {"open": "false"}, 422),
        ("POST", f"{CLASS}/close", {"round": True}, 422),
        ("POST", f"{CLASS}/reveal", {"round": 1}, 409),
        ("POST", f"{CLASS}/ask", {"label": "x" * 20_000}, 413),
        ("POST", f"{CLASS}/ask", None, 400),
        ("GET", f"{CLASS}/results", None, 409),
        ("GET", f"{PHONE}/now", None, 403),
        ("GET", f"{PHONE}/askings/{{asking}}", None, 403),
        ("POST", f"{PHONE}/seat", None, 400),
    ],
)
def test_a_refusal_is_in_the_schema(
    school: School, method: str, path: str, body: dict[str, Any] | None, status: int
) -> None:
    address = path.format(code=school.lecturer.code, asking=1)
    headers = {"Content-Type": "application/json"}
    if body is None:
        response = school.lecturer.http.request(method, address, content="{", headers=headers)
    else:
        response = school.lecturer.http.request(method, address, json=body)
    assert response.status_code == status, response.text
    assert status in declared(school, method, path)
    assert school.lecturer.get()["doors_open"] is True


def test_an_ended_class_and_too_many_guesses_are_in_the_schema(school: School) -> None:
    school.sessions.guesses.rate = 1e-6  # however slowly this machine guesses
    phone = school.phone()
    code = school.lecturer.code
    assert school.lecturer.http.delete(f"/api/lecturer{school.lecturer.place}").status_code == 204
    assert phone.http.get("/now").status_code == 410
    assert school.lecturer.http.get(CLASS.format(code=code)).status_code == 410
    with httpx.Client(base_url=school.url) as other:
        statuses = {other.get("/api/class/wrong/now").status_code for _ in range(320)}
    assert statuses == {404, 429}
    assert statuses | {410} <= declared(school, "GET", f"{PHONE}/now")
    assert 410 in declared(school, "GET", CLASS)


def test_a_full_disk_is_said_and_the_class_goes_on_when_there_is_room(school: School) -> None:
    store = school.sessions.store
    store.run_here(lambda connection: connection.exec_driver_sql("PRAGMA max_page_count = 1"))
    for _ in range(500):
        phone = school.stranger()
        if (refused := phone.sit()).status_code != 200:
            break
    assert refused.status_code == 503, refused.text
    assert refused.headers["retry-after"] == "5"
    assert "disk is full" in refused.json()["detail"]
    assert 503 in declared(school, "POST", f"{PHONE}/seat")
    assert school.lecturer.get()["code"] == school.lecturer.code
    store.run_here(lambda connection: connection.exec_driver_sql("PRAGMA max_page_count = 100000"))
    assert phone.sit().status_code == 200
