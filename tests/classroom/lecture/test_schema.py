"""Whatever the schema of class mode allows and forbids, no request brings the server down."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode

from tests.classroom.lecture.conftest import School
from tests.patience import SERVER_S

ENDS = ("DELETE", "/api/lecturer/classes/{code}")
CHOICE = "vae/one#q-choice"


def operations(url: str) -> list[tuple[str, str]]:
    described = httpx.get(f"{url}/api/openapi.json").json()
    paths: dict[str, dict[str, Any]] = described["paths"]
    own = [path for path in paths if path.startswith(("/api/class", "/api/lecturer"))]
    return [(method.upper(), path) for path in own for method in paths[path]]


@pytest.mark.long
def test_no_generated_request_brings_the_server_down(school: School) -> None:
    schema = schemathesis.openapi.from_url(f"{school.url}/api/openapi.json")
    phone = school.phone()
    school.lecturer.ask(CHOICE)
    headers = {"Latentbook-Seat": phone.token}
    cookies = dict(school.lecturer.http.cookies)
    found = operations(school.url)
    assert len(found) == 18
    for method, path in found:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            if (method, path) == ENDS or (mode is GenerationMode.NEGATIVE and "{" not in path):
                continue
            operation = schema[path][method]

            @given(case=operation.as_strategy(generation_mode=mode))
            @settings(
                max_examples=25,
                deadline=None,
                derandomize=True,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            def check(case: schemathesis.Case) -> None:
                if case.path_parameters and len(str(case.path_parameters["code"])) % 4:
                    case.path_parameters = {
                        **case.path_parameters,
                        "code": school.lecturer.code,
                    }
                response = case.call(headers=headers, cookies=cookies, timeout=SERVER_S)
                assert response.status_code < 500, (case.path, response.text)

            check()
    assert phone.http.get("/now").status_code == 200
