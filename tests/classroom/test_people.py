"""A course from its first link to people who join, move, sign in again and are erased."""

from __future__ import annotations

import csv
import io
import re
import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from latentbook_classroom.course import manage, people, people_pages, roster
from latentbook_classroom.course.refused import Refused
from latentbook_classroom.course.tables import metadata, now
from latentbook_classroom.course.words import clean
from tests.classroom.conftest import School, on_sqlite
from tests.patience import SERVER_S


def link_in(page: httpx.Response) -> str:
    """The token of the link that a page shows."""
    assert page.status_code == 200, page.text
    found = re.search(r'value="http://[^"]+/join/([\w-]+)"', page.text)
    assert found, page.text
    return found[1]


@pytest.fixture
def instructor(school: School) -> httpx.Client:
    return school.joined(school.first, "Ada Lovelace")


def test_a_course_from_its_first_link(school: School, instructor: httpx.Client) -> None:
    assert "Ada Lovelace" in instructor.get("/classroom/").text
    assert school.browser().get(f"/join/{school.first}").status_code == 410, "used once"

    form = {"role": "student", "group": "B", "days": "3", "uses": "2"}
    page = instructor.post("/classroom/people/invite", data=form)
    token = link_in(page)
    phone = school.browser()
    for _ in range(3):  # mail scanners look
        seen = phone.get(f"/join/{token}")
        assert seen.status_code == 200
        assert "Ada Lovelace invites you" in seen.text
        assert "Representations" in seen.text
    student = school.joined(token, "Zoë <b>")
    assert "Zoë &lt;b&gt;" in student.get("/classroom/").text
    assert "You are in it already" in student.get(f"/join/{token}").text
    listed = instructor.get("/classroom/people").text
    assert "Zoë &lt;b&gt;" in listed
    assert "used 1 times" in listed

    school.joined(token, "Grace")
    late = school.browser().post(f"/join/{token}", data={"name": "Late"})
    assert late.status_code == 410
    assert "Ask your instructor for a new one" in late.text


def test_a_form_that_is_sent_twice_makes_one_person(
    school: School, instructor: httpx.Client
) -> None:
    form = {"role": "student", "group": "", "days": "3", "uses": "1"}
    token = link_in(instructor.post("/classroom/people/invite", data=form))
    phone = school.browser()
    once = re.search(r'name="form" value="(\w+)"', phone.get(f"/join/{token}").text)
    assert once
    given = {"name": "Zoë", "form": once[1]}
    cookies = {phone.post(f"/join/{token}", data=given).headers["set-cookie"].split(";")[0]}
    phone.cookies.clear()  # both were on their way before an answer came
    cookies.add(phone.post(f"/join/{token}", data=given).headers["set-cookie"].split(";")[0])
    assert len(cookies) == 1
    assert instructor.get("/classroom/people").text.count("Zoë") == 1


def test_a_revoked_or_expired_invitation_lets_nobody_in(
    school: School, instructor: httpx.Client
) -> None:
    form = {"role": "student", "group": "", "days": "3", "uses": "0"}
    token = link_in(instructor.post("/classroom/people/invite", data=form))
    (row,) = school.run(people.usable_invites, 1)
    assert instructor.post(f"/classroom/people/invite/{row.id}/revoke").status_code == 303
    assert school.browser().post(f"/join/{token}", data={"name": "X"}).status_code == 410


def test_a_lost_session_is_had_again_by_a_new_link(
    school: School, instructor: httpx.Client
) -> None:
    student = school.invited("student", "Alan")
    place = f"/classroom/people/{school.number('Alan')}"
    token = link_in(instructor.post(f"{place}/link", data={"everywhere": "yes"}))
    assert student.get("/classroom/me").status_code == 401, "signed out everywhere"
    again = school.joined(token)
    assert "Alan" in again.get("/classroom/me").text
    assert school.browser().post(f"/join/{token}").status_code == 410, "works once"
    newer = link_in(instructor.post(f"{place}/link"))
    newest = link_in(instructor.post(f"{place}/link"))
    assert school.browser().get(f"/join/{newer}").status_code == 410, "replaced"
    assert "Sign in as Alan" in school.browser().get(f"/join/{newest}").text

    for_phone = link_in(again.post("/classroom/me/link"))
    phone = school.joined(for_phone)
    (mine, other) = school.run(people.sessions, school.number("Alan"))
    for each in (mine, other):
        again.post(f"/classroom/me/sessions/{each.id}/end")
    assert phone.get("/classroom/me").status_code == 401
    assert school.run(people.everyone, 1)[-1].sessions == 0


def test_a_link_made_in_a_stolen_session_ends_with_it(
    school: School, instructor: httpx.Client
) -> None:
    alan = school.invited("student", "Alan")
    thief = school.joined(link_in(alan.post("/classroom/me/link")))
    kept = link_in(thief.post("/classroom/me/link"))
    stolen = max(each.id for each in school.run(people.sessions, school.number("Alan")))
    alan.post(f"/classroom/me/sessions/{stolen}/end")
    assert school.browser().post(f"/join/{kept}").status_code == 410
    assert alan.get("/classroom/me").status_code == 200


@pytest.mark.parametrize("lost", ["demoted", "erased"])
def test_who_loses_a_role_loses_what_they_opened_as_somebody_else(
    school: School, instructor: httpx.Client, lost: str
) -> None:
    eve = school.invited("instructor", "Eve")
    alan = school.invited("student", "Alan")
    ada, bob = (f"/classroom/people/{school.number(each)}" for each in ("Ada Lovelace", "Alan"))
    as_ada = school.joined(link_in(eve.post(f"{ada}/link")))
    tablet = school.joined(link_in(as_ada.post("/classroom/me/link")))
    not_used = [link_in(each.post(f"{place}/link")) for each, place in ((eve, ada), (eve, bob))]
    from_tablet = link_in(tablet.post("/classroom/me/link"))
    assert tablet.get("/classroom/people").status_code == 200
    place = f"/classroom/people/{school.number('Eve')}"
    if lost == "erased":
        instructor.post(f"{place}/erase", data={"sure": "yes"})
    else:
        form = {"name": "Eve", "number": "", "role": "assistant", "group": ""}
        instructor.post(place, data=form)
    for each in (as_ada, tablet):
        assert each.get("/classroom/me").status_code == 401
    for token in (*not_used, from_tablet):
        assert school.browser().post(f"/join/{token}").status_code == 410
    for each in (instructor, alan):
        assert each.get("/classroom/me").status_code == 200


def test_a_shared_browser_is_nobodys_until_they_say_so(
    school: School, instructor: httpx.Client
) -> None:
    form = {"role": "student", "group": "", "days": "3", "uses": "3"}
    alice = school.joined(link_in(instructor.post("/classroom/people/invite", data=form)), "Alice")
    instructor.post("/classroom/settings/copy", data={"term": "Spring"})
    token = link_in(instructor.post("/classroom/people/invite", data=form))
    page = alice.get(f"/join/{token}").text
    assert "This browser still has Alice signed in" in page
    as_alice, as_another = page.split("<form")[-2:]
    assert 'name="as"' in as_alice, "Enter presses the first button of a form"
    assert 'name="as"' not in as_another
    assert 'name="name"' in as_another
    assert "Sign out" in alice.get("/classroom/").text
    assert alice.post(f"/join/{token}").status_code == 422, "a name is asked for"
    assert alice.post(f"/join/{token}", data={"name": "Bob"}).status_code == 303
    assert alice.get("/classroom/me/export.json").json()["name"] == "Bob"
    names = [each.name for each in school.run(people.everyone, 2)]
    assert sorted(names) == ["Ada Lovelace", "Bob"]


def test_who_is_known_from_a_past_term_may_go_on_or_sign_out(
    school: School, instructor: httpx.Client
) -> None:
    form = {"role": "student", "group": "", "days": "3", "uses": "3"}
    old = link_in(instructor.post("/classroom/people/invite", data=form))
    alice, carl = school.joined(old, "Alice"), school.joined(old, "Carl")
    number = school.number("Alice")
    instructor.post("/classroom/settings/copy", data={"term": "Spring"})
    token = link_in(instructor.post("/classroom/people/invite", data=form))
    assert f'name="as" value="{number}"' in alice.get(f"/join/{token}").text
    assert carl.post(f"/join/{token}", data={"as": str(number)}).status_code == 422, "not another"
    assert alice.post(f"/join/{token}", data={"as": str(number)}).status_code == 303
    assert len(alice.get("/classroom/me/export.json").json()["courses"]) == 2
    assert carl.post("/classroom/sign-out").status_code == 303
    assert "Carl" not in carl.get(f"/join/{token}").text
    assert carl.post("/classroom/sign-out").status_code == 401


def test_a_clock_that_is_ahead_signs_nobody_out_for_good(
    school: School, instructor: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    invited = school.run(manage.first_link)
    ahead = now() + timedelta(200)
    with monkeypatch.context() as clock:
        clock.setattr(people, "now", lambda: ahead)
        assert instructor.get("/classroom/me").status_code == 401
        school.run(people.new_session, school.run(people.new_person, "Eve"))
    assert instructor.get("/classroom/me").status_code == 200
    school.joined(invited, "Grace")


def test_nobody_fills_the_database_with_links(
    school: School, instructor: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "MAX_OWN_LINKS", 2)
    alan = school.invited("student", "Alan")
    made = [alan.post("/classroom/me/link") for _ in range(3)]
    assert [each.status_code for each in made] == [200, 200, 429]
    assert "too many links today" in made[-1].text
    place = f"/classroom/people/{school.number('Alan')}/link"
    assert school.joined(link_in(instructor.post(place))).get("/classroom/me").status_code == 200


@pytest.mark.parametrize("leaves", ["role", "erase"])
def test_nobody_comes_back_to_a_role_by_a_link_of_their_own(
    school: School, instructor: httpx.Client, leaves: str
) -> None:
    eve = school.invited("instructor", "Eve")
    form = {"group": "", "days": "3", "uses": "0"}
    high, low = (
        link_in(eve.post("/classroom/people/invite", data={**form, "role": role}))
        for role in ("assistant", "student")
    )
    own = link_in(eve.post(f"/classroom/people/{school.number('Ada Lovelace')}/link"))
    place = f"/classroom/people/{school.number('Eve')}"
    if leaves == "role":
        person = {"name": "Eve", "number": "", "role": "student", "group": ""}
        assert instructor.post(place, data=person).status_code == 303
    else:
        assert instructor.post(f"{place}/erase", data={"sure": "yes"}).status_code == 303
    for token, status in ((high, 410), (own, 410), (low, 200)):
        assert school.browser().get(f"/join/{token}").status_code == status


HIDDEN = {
    "of no width": "Ada\u200bL",
    "a byte order mark": "Ada\ufeffL",
    "a soft hyphen": "Ada\xadL",
    "a tag": "Ada\U000e0041",
    "a direction": "Ada\u200eL",
    "a joiner in Latin": "Ada\u200dL",
    "a non-joiner in Latin": "Ada\u200cL",
    "a joiner at the end": "Ada\u200d",
    "a joiner at the start": "\u200dAda",
    "a joiner in CJK": "山\u200d田",
    "a variant of a letter": "Ada\ufe0f",
    "a variant of a sign": "+\ufe0f",
    "a variant of nothing": "\ufe0f",
    "a grapheme joiner": "Ada\u034fL",
    "a Khmer vowel": "Ada\u17b4",
    "a Hangul filler": "\u3164",
    "a filler of half the width": "\uffa0",
    "a missing consonant": "\u115f",
    "a missing vowel": "Ada\u1160",
    "blank Braille": "\u2800",
    "a null note": "\U0001d159",
}


@pytest.mark.parametrize("name", HIDDEN)
def test_a_name_has_no_character_that_nobody_sees(name: str) -> None:
    with pytest.raises(Refused, match="nobody sees"):
        clean(HIDDEN[name])


@pytest.mark.parametrize(
    "name",
    [
        "علی\u200cرضا",
        "राजेन्\u200dद्र",
        "ශ්\u200dරී",
        "র\u200d্যাব",
        "葛\U000e0100城",
        "👩🏽\u200d🎓",
        "❤\ufe0f\u200d🔥",
    ],
)
def test_names_of_all_scripts_are_accepted(name: str) -> None:
    assert clean(name) == unicodedata.normalize("NFC", name)


def test_names_that_look_alike_are_the_same() -> None:
    assert {clean(f" Ada{space}L") for space in (" ", "  ", "\xa0", "\u2003 ")} == {"Ada L"}


ROSTER = """\
\ufeffVorname;Nachname;Matrikelnummer;Gruppe\r
Emmy;Noether;101;A\r
=cmd|' /C calc'!A0;;102;-2+3\r
Kurt;Gödel;101;B\r
;;103;A\r
"Sophie";"Germain; Marie";'+104;A\r
Anna\u202egnp;X;105;A\r
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_a_roster_is_shown_before_it_is_applied(
    school: School, instructor: httpx.Client, encoding: str
) -> None:
    text = ROSTER
    if encoding != "utf-8":
        text = text.removeprefix("\ufeff").replace("\u202e", "\x01")
    files = {"file": ("roster.csv", text.encode(encoding), "text/csv")}
    page = instructor.post("/classroom/people/roster", data={"text": ""}, files=files)
    assert page.status_code == 200, page.text
    assert page.text.count("Is added") == 3
    assert "This person is in the list already." in page.text
    assert "A name is needed." in page.text
    assert "Characters that nobody sees" in page.text
    assert len(school.run(people.everyone, 1)) == 1, "nothing has changed"

    applied = instructor.post("/classroom/people/roster/apply", data={"text": text})
    assert applied.status_code == 303
    here = {each.number: each for each in school.run(people.everyone, 1)}
    assert here["101"].name == "Emmy Noether"
    assert here["+104"].name == "Sophie Germain; Marie"
    moved = "name,id,group\nEmmy Noether,101,C\n"
    assert "Changes group" in instructor.post("/classroom/people/roster", data={"text": moved}).text
    instructor.post("/classroom/people/roster/apply", data={"text": moved})
    assert {each.group for each in school.run(people.everyone, 1) if each.number == "101"} == {"C"}

    saved = instructor.post("/classroom/people/links")
    rows = list(csv.reader(io.StringIO(saved.text.removeprefix("\ufeff"))))
    assert len(rows) == 4
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]
    link = next(row for row in rows if row[0] == "Emmy Noether")[3]
    emmy = school.joined(link.rpartition("/")[2])
    assert "Emmy Noether" in emmy.get("/classroom/me").text


def test_a_roster_names_whom_it_moves_before_it_does(
    school: School, instructor: httpx.Client
) -> None:
    school.invited("student", "Alan", "Extra time")
    school.invited("student", "Emmy")
    form = {"text": "name,group\nAlan,Monday\nEmmy,Monday\nKurt,Monday\n"}
    page = instructor.post("/classroom/people/roster", data=form).text
    warned = page[page.index("These leave a group") :].partition("</p>")[0]
    assert "<bdi>Alan</bdi> (<bdi>Extra time</bdi> → <bdi>Monday</bdi>)" in warned
    assert "Emmy" not in warned, "who is in no group leaves none"
    (form["shown"],) = re.findall("name=\"shown\" value='(.*?)'", page)
    emmy = {"name": "Emmy", "number": "", "role": "student", "group": "Evening"}
    instructor.post(f"/classroom/people/{school.number('Emmy')}", data=emmy)
    refused = instructor.post("/classroom/people/roster/apply", data=form)
    assert refused.status_code == 409
    assert "<bdi>Emmy</bdi> (<bdi>Evening</bdi> → <bdi>Monday</bdi>)" in refused.text
    assert len(school.run(people.everyone, 1)) == 3, "nothing was applied"
    (form["shown"],) = re.findall("name=\"shown\" value='(.*?)'", refused.text)
    assert instructor.post("/classroom/people/roster/apply", data=form).status_code == 303
    groups = {each.name: each.group for each in school.run(people.everyone, 1)}
    assert groups == {"Ada Lovelace": "", "Alan": "Monday", "Emmy": "Monday", "Kurt": "Monday"}


@on_sqlite
def test_a_long_roster_does_not_look_at_everybody_for_each_line(
    school: School, instructor: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody could hand in while 2,000 lines were compared with 3,000 people one by one."""
    looks = 0

    class Someone:
        def __init__(self, i: int) -> None:
            self.member, self.name, self.group = i, f"Student {i}", "A"
            self._number = f"{i}"

        @property
        def number(self) -> str:
            nonlocal looks
            looks += 1
            return self._number

    monkeypatch.setattr(people, "everyone", lambda *_: [Someone(i) for i in range(100)])
    text = "name,id,group\n" + "".join(f"New {i},{i},B\n" for i in range(50, 150))
    lines = school.run(roster.preview, 1, text + "Student 7,,\n#60,,\n")
    does = [each.does for each in lines]
    assert does == [roster.MOVED] * 50 + [roster.NEW] * 50 + [roster.HERE, roster.NEW]
    assert looks <= 200


def test_who_is_erased_has_no_name_anywhere(school: School, instructor: httpx.Client) -> None:
    student = school.invited("student", "Rosalind Franklin", "Kings")
    stored = student.get("/classroom/me/export.json").json()
    assert stored["name"] == "Rosalind Franklin"
    assert stored["courses"][0]["group"] == "Kings"
    assert [line["action"] for line in stored["audit"]] == ["joined"]

    assert student.post("/classroom/me/erase").status_code == 422, "not without a confirmation"
    assert student.post("/classroom/me/erase", data={"sure": "yes"}).status_code == 303
    assert student.get("/classroom/me").status_code == 401
    log = instructor.get("/classroom/audit").text
    assert "person erased" in log
    assert "Rosalind" not in log + instructor.get("/classroom/people").text
    used = school.room.database
    with used.engine.connect() as connection:
        for table in metadata.sorted_tables:
            assert "Rosalind" not in str(connection.execute(sa.select(table)).all()), table.name
    if used.is_sqlite:  # nor in unused parts of its files
        for file in used.file.parent.glob(f"{used.file.name}*"):
            assert b"Rosalind" not in file.read_bytes(), file


def test_a_course_keeps_an_instructor(school: School, instructor: httpx.Client) -> None:
    refused = instructor.post("/classroom/me/erase", data={"sure": "yes"})
    assert refused.status_code == 409
    assert "needs an instructor" in refused.text
    form = {"name": "Ada", "number": "", "role": "student", "group": ""}
    place = f"/classroom/people/{school.number('Ada Lovelace')}"
    assert instructor.post(place, data=form).status_code == 409


def test_the_next_term_has_the_settings_and_nobody_else(
    school: School, instructor: httpx.Client
) -> None:
    student = school.invited("student", "Alan")
    named = {"name": "Codes", "term": "Autumn"}
    assert instructor.post("/classroom/settings", data=named).status_code == 303
    same = instructor.post("/classroom/settings/copy", data={"term": "Autumn"})
    assert same.status_code == 422
    assert instructor.post("/classroom/settings/copy", data={"term": "Spring"}).status_code == 303
    page = instructor.get("/classroom/settings").text
    assert 'value="Codes"' in page
    assert 'value="Spring"' in page
    assert "only in past terms: 1." in page
    assert [each.name for each in school.run(people.everyone, 2)] == ["Ada Lovelace"]
    assert student.get("/classroom/me").status_code == 401
    assert instructor.post("/classroom/settings/erase-past", data={"sure": "yes"}).is_redirect
    assert school.run(people.everyone, 1)[0].name == "Ada Lovelace"
    assert len(school.run(people.everyone, 1)) == 1


@pytest.mark.parametrize("where", ["people/{}", "settings"])
def test_an_older_form_takes_back_nothing(
    school: School, instructor: httpx.Client, where: str
) -> None:
    school.invited("student", "Alan")
    place = f"/classroom/{where}".format(school.number("Alan"))
    values = {"people/{}": ("name", "group"), "settings": ("name", "term")}[where]
    form = {"name": "Alan", "number": "", "role": "student", "group": "", "term": "Spring"}
    page = instructor.get(place).text
    (form["shown"],) = re.findall("name=\"shown\" value='(.*?)'", page)
    theirs = {**form, values[1]: "Evening"}
    assert instructor.post(place, data=theirs).status_code == 303
    refused = instructor.post(place, data={**form, "name": "Turing & Co"})
    assert refused.status_code == 409
    assert "Now: <bdi>Evening</bdi>" in refused.text
    assert 'value="Turing &amp; Co"' in refused.text, "what was typed is shown again"
    assert 'value="Evening"' in instructor.get(place).text
    (form["shown"],) = re.findall("name=\"shown\" value='(.*?)'", refused.text)
    assert instructor.post(place, data={**form, "name": "Turing & Co"}).status_code == 303
    log = instructor.get("/classroom/audit").text
    assert (">group<" in log and "Turing" not in log) or "Turing &amp; Co" in log


@on_sqlite
def test_somebodys_data_is_saved_once_at_a_time(
    school: School, instructor: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, begun, may_end = "/classroom/me/export.json", threading.Event(), threading.Event()
    written = people_pages.written

    def slowly(stored: dict[str, Any]) -> str:
        begun.set()
        assert stored["name"] != "Alan" or may_end.wait(SERVER_S)
        return written(stored)

    monkeypatch.setattr(people_pages, "written", slowly)
    alan = school.invited("student", "Alan")
    with ThreadPoolExecutor() as pool:
        first = pool.submit(alan.get, place)
        assert begun.wait(SERVER_S)
        try:
            again, other = alan.get(place), instructor.get(place)
        finally:
            may_end.set()
    assert (again.status_code, again.headers["retry-after"]) == (429, "5")
    assert [first.result().status_code, other.status_code] == [200, 200]
    assert alan.get(place).status_code == 200
