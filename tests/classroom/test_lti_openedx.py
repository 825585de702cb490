"""Open edX's own LTI component: its launches, deep links, tokens, columns and lists."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from latentbook_classroom.course import people
from latentbook_classroom.lti import platforms
from latentbook_classroom.lti.passback import Passback
from tests.classroom.conftest import OWN, School, opened, settings_in
from tests.classroom.test_lti import session_of
from tests.classroom.test_lti_services import add_assignment, give, send
from tests.fetch import Unavailable, open_edx

pytestmark = pytest.mark.long

PLATFORM = Path(__file__).with_name("open_edx.py")
TAB = {"Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "cross-site"}
WEEK = "/classroom/assignments/week-1/"


@pytest.fixture(scope="module")
def python() -> Path:
    """A Python with Open edX's component."""
    try:
        return open_edx()
    except Unavailable as error:
        pytest.skip(str(error))


@dataclass
class OpenEdx:
    url: str
    book: str
    close: list[httpx.Client] = field(default_factory=list)

    def browser(self, who: str) -> httpx.Client:
        """A browser in which somebody has signed in there."""
        client = httpx.Client(follow_redirects=False)
        self.close.append(client)
        assert client.get(f"{self.url}/login/{who}").status_code == 200
        return client

    def shown(self, client: httpx.Client, place: str) -> str:
        answer = client.get(f"{self.url}/{place}")
        assert answer.status_code == 200, answer.text
        return answer.text

    def launch(self, who: str, name: str) -> httpx.Response:
        """The book's final response to somebody who opens a component."""
        client = self.browser(who)
        return self.begun(client, attribute(self.shown(client, f"course/{name}"), "data-target"))

    def begun(self, client: httpx.Client, login: str) -> httpx.Response:
        """Follow a launch from the address in the platform's page to the book."""
        assert login.startswith(f"{self.book}/lti/login?")
        asked = client.get(login, headers=TAB)
        to = asked.headers["location"]
        assert to.startswith(f"{self.url}/api/lti_consumer/v1/launch/?")
        form = client.get(to)
        assert form.status_code == 200, form.text
        sent = {name: attribute(form.text, "value", name) for name in ("state", "id_token")}
        proof = {"Cookie": asked.headers["set-cookie"].partition(";")[0]}
        return client.post(attribute(form.text, "action"), data=sent, headers={**TAB, **proof})


def attribute(page: str, name: str, of: str = "") -> str:
    """The value of an attribute; ``of``: the name of its field, if any."""
    found = re.search((f'name="{of}" ' if of else "[^>]*?") + f'{name}="([^"]*)"', page)
    assert found, page
    return found[1].replace("&amp;", "&")  # html.unescape reads "&lti_" as "<i_"


@pytest.fixture(scope="module")
def campus(
    python: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[School, OpenEdx]]:
    """A course, and an Open edX whose two components are registered by hand."""
    folder = tmp_path_factory.mktemp("campus")

    async def nothing(self: Passback) -> None:
        """Wait for the tests."""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Passback, "run", nothing)
        with opened(settings_in(folder, str(folder / "course.sqlite"))) as school:
            school.run(add_assignment)
            log = (folder / "log").open("w")
            command = [python, PLATFORM, folder, school.url]
            with log, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log) as process:
                try:
                    assert process.stdout is not None
                    url = process.stdout.readline().decode().strip()
                    assert url, (folder / "log").read_text()
                    edx = OpenEdx(url, school.url)
                    register(school, edx)
                    edx.launch("emmy", "linked")
                    school.run(platforms.take_along, 1)
                    yield school, edx
                finally:
                    process.terminate()
            for client in edx.close:
                client.close()


def register(school: School, edx: OpenEdx) -> None:
    """Copy the values that Studio shows to the form on "Platforms"."""
    instructor, author = school.joined(school.first, "Karen Spärck Jones"), edx.browser("ada")
    labels = {
        "client_id": "Client ID",
        "deployments": "Deployment ID",
        "keys_url": "Keyset URL",
        "token_url": "Access Token URL",
        "auth_url": "Login URL",
    }
    for name in ("linked", "chosen"):
        page = edx.shown(author, f"studio/{name}")
        given = {"name": name, "issuer": edx.url}
        for column, label in labels.items():
            found = re.search(rf"<b>{label}: </b>\s*(\S+)", page)
            assert found, page
            given[column] = found[1]
        response = instructor.post("/classroom/platforms", data=given)
        assert response.status_code == 303, response.text


def roles(school: School) -> dict[str, str]:
    return {each.name: each.role for each in school.run(people.everyone, 1)}


def test_people_come_in_with_their_roles(campus: tuple[School, OpenEdx]) -> None:
    school, edx = campus
    for who, name in (("ada", "Ada Lovelace"), ("grace", "Grace Hopper"), ("emmy", "Emmy Noether")):
        response = edx.launch(who, "linked")
        assert (response.status_code, response.headers["location"]) == (303, WEEK), response.text
        session = {"Cookie": f"latentbook-person={session_of(response)}"}
        front = httpx.get(f"{school.url}/classroom/", headers=session)
        assert f"You are signed in as {name}" in front.text
    found = roles(school)
    assert found["Ada Lovelace"] == "instructor"
    assert found["Grace Hopper"] == "assistant"
    assert found["Emmy Noether"] == "student"


def test_a_copied_component_is_registered_already(campus: tuple[School, OpenEdx]) -> None:
    _, edx = campus
    assert edx.launch("emmy", "copied").headers["location"] == "/classroom/"


def test_a_mark_is_in_the_gradebook_there(campus: tuple[School, OpenEdx]) -> None:
    school, edx = campus
    edx.launch("sofia", "linked")
    everyone = school.run(people.everyone, 1)
    sofia = next(each.member for each in everyone if each.name == "Sofia Kovalevskaya")
    for points, there in ((3, 7.5), (1, 2.5), (4, 10.0)):
        school.run(give, sofia, points)
        send(school, times=2)
        assert httpx.get(f"{edx.url}/gradebook").json()["sofia"] == [there, 10.0]


def test_the_list_of_people_is_read(campus: tuple[School, OpenEdx]) -> None:
    school, edx = campus
    edx.launch("emmy", "linked")
    instructor = school.invited("instructor", "Barbara Liskov")
    response = instructor.post("/classroom/platforms/contexts/1/roster")
    assert response.status_code == 200, response.text
    found = roles(school)
    assert found["Ada Lovelace"] == "instructor"
    assert found["Grace Hopper"] == "assistant"
    assert found["Emmy Noether"] == found["Sofia Kovalevskaya"] == "student"
    before = len(found)
    edx.launch("sofia", "linked")
    assert len(roles(school)) == before


def test_what_is_chosen_there_is_opened(campus: tuple[School, OpenEdx]) -> None:
    school, edx = campus
    edx.launch("emmy", "chosen")
    school.run(platforms.take_along, 2)  # otherwise only open assignments are offered
    ada = edx.browser("ada")
    page = edx.begun(ada, attribute(edx.shown(ada, "studio/chosen"), "a href"))
    assert page.status_code == 200, page.text
    chosen = {"ticket": attribute(page.text, "value", "ticket"), WEEK[1:]: "on"}
    answer = ada.post(f"{school.url}/lti/deep-link", data=chosen, headers=OWN)
    to, token = attribute(answer.text, "action"), attribute(answer.text, "value", "JWT")
    assert urlsplit(to).netloc == urlsplit(edx.url).netloc
    forged = token[:-8] + ("A" * 8)
    assert ada.post(to, data={"JWT": forged}).status_code == 403
    saved = ada.post(to, data={"JWT": token})
    assert saved.status_code == 200, saved.text
    assert "Week 1" in edx.shown(ada, "studio/chosen")
    assert edx.launch("emmy", "chosen").headers["location"] == WEEK
