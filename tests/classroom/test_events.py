"""A person's study log on the server: no duplicates, only the newest values, and private."""

from __future__ import annotations

import json
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode

from latentbook_classroom.course import events
from tests.classroom.conftest import School, on_sqlite
from tests.patience import SERVER_S

PLACE = "/api/classroom/events"


def attempt(id: str, **more: Any) -> dict[str, Any]:
    answered = {"label": "q-one", "answer": "2", "verdict": "right"}
    return {"id": id, "day": 20_000, "time": 1, "kind": "attempt", **answered, **more}


def value(id: str, counter: int, name: str = "note:1", **more: Any) -> dict[str, Any]:
    kept = {"name": name, "value": id, "counter": counter}
    return {"id": id, "day": 1, "time": 1, "kind": "set", **kept, **more}


def test_events_are_added_once_and_of_values_the_newest_stays(school: School) -> None:
    ada, bob = school.joined(school.first, "Ada"), school.invited("student", "Bob")
    odd = attempt("a.2", answer="\ud800\x00\u202e", later=[{"kind": "unknown"}])
    batch = {"events": [attempt("a.1"), odd, value("a.3", 2), value("b.1", 1)]}
    sent = {"content": json.dumps(batch), "headers": {"Content-Type": "application/json"}}
    assert ada.post(PLACE, **sent).json() == {"added": 3}
    assert ada.post(PLACE, **sent).json() == {"added": 0}
    stored = ada.get(PLACE).json()
    assert stored == {"last": 3, "events": [attempt("a.1"), odd, value("a.3", 2)]}

    newer = {"events": [value("b.9", 2), value("c.1", 2), value("a.4", 1), attempt("a.1", day=9)]}
    assert ada.post(PLACE, json=newer).json() == {"added": 1}
    assert ada.get(PLACE, params={"after": 3}).json() == {"last": 4, "events": [value("c.1", 2)]}
    assert [each["id"] for each in ada.get(PLACE).json()["events"]] == ["a.1", "a.2", "c.1"]
    assert ada.get(PLACE, params={"after": 4}).json() == {"last": 4, "events": []}
    assert bob.get(PLACE).json() == {"last": 0, "events": []}
    assert bob.post(PLACE, json={"events": [attempt("a.1")]}).json() == {"added": 1}
    assert ada.get("/classroom/me/export.json").json()["events"][1]["id"] == "a.2"


@on_sqlite
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"events": [attempt("")]}, 422),
        ({"events": [attempt("a b")]}, 422),
        ({"events": [attempt("a", kind="X")]}, 422),
        ({"events": [attempt("a", day=True)]}, 422),
        ({"events": [attempt("a", time=2**60)]}, 422),
        ({"events": [attempt("a", answer=float("nan"))]}, 422),
        ({"events": [{**value("a", 1), "name": 1}]}, 422),
        ({"events": [{**value("a", 1), "name": "x" * 201}]}, 422),
        ({"events": [{**value("a", 1), "counter": "1"}]}, 422),
        ({"events": [attempt("a", answer="x" * 70_000)]}, 413),
        ({"events": [attempt("a", answer="x" * 60_000)] * 20}, 413),
        ({"events": [attempt("a")] * 1_001}, 422),
        ({"events": {}}, 422),
        ({"events": [], "person": 1}, 422),
        ("[" * 50_000, 400),
    ],
)
def test_what_is_no_event_is_refused(school: School, body: Any, status: int) -> None:
    ada = school.joined(school.first, "Ada")
    text = body if isinstance(body, str) else json.dumps(body)
    response = ada.post(PLACE, content=text, headers={"Content-Type": "application/json"})
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert ada.get(PLACE).json()["events"] == []


def test_a_persons_log_has_a_limit_and_is_read_in_parts(school: School) -> None:
    ada = school.joined(school.first, "Ada")
    for i in range(20):
        batch = [attempt(f"{i}.{j}", answer="x" * 60_000) for j in range(16)]
        if (refused := ada.post(PLACE, json={"events": batch})).status_code != 200:
            break
    assert refused.status_code == 409
    assert "16 MB" in refused.json()["detail"]
    after, ids = 0, []
    while (part := ada.get(PLACE, params={"after": after}).json())["events"]:
        ids += [each["id"] for each in part["events"]]
        after = part["last"]
    assert ids == [f"{i // 16}.{i % 16}" for i in range(17 * 16)]


def test_everybody_together_has_a_limit(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, bob = school.joined(school.first, "Ada"), school.invited("student", "Bob")
    monkeypatch.setattr(events, "MAX_ALL_BYTES", 1_000)
    assert ada.post(PLACE, json={"events": [value("a.1", 1, more="x" * 500)]}).status_code == 200
    batch = {"events": [attempt("b.1", answer="x" * 500)]}
    refused = bob.post(PLACE, json=batch)
    assert refused.status_code == 409
    assert "no room left for anybody" in refused.json()["detail"]
    assert bob.get(PLACE).json()["events"] == []
    assert ada.post(PLACE, json={"events": [value("a.2", 2)]}).status_code == 200, "it is shorter"
    assert bob.post(PLACE, json=batch).status_code == 200


@pytest.mark.long
def test_no_generated_request_brings_the_server_down(school: School) -> None:
    schema = schemathesis.openapi.from_url(f"{school.url}/api/openapi.json")
    cookies = dict(school.joined(school.first, "Ada").cookies)
    for method in ("GET", "POST"):
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            operation = schema[PLACE][method]

            @given(case=operation.as_strategy(generation_mode=mode))
            @settings(
                max_examples=25,
                deadline=None,
                derandomize=True,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            def check(case: schemathesis.Case) -> None:
                response = case.call(cookies=cookies, timeout=SERVER_S)
                assert response.status_code < 500, (case.path, response.text)

            check()
