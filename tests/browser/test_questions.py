"""Questions of every kind: right, wrong and how, remembered, started over."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Locator, Page, expect

from latentbook.settings import Settings
from tests.browser.book_pages import READY, Open, go_to, pages_with, where, write

pytestmark = pytest.mark.browser


def pages_asking(kind: str) -> list[str]:
    """The pages with a question of a kind."""
    site = Settings().site
    return [
        place
        for place in pages_with("question")
        if f'data-quiz="{kind}"' in (site / place / "index.html").read_text()
    ]


def questions(page: Page, kind: str) -> Iterator[tuple[Locator, Any]]:
    """Every question of a kind in the book with its key; each has a worked answer."""
    found = 0
    for place in pages_asking(kind):
        go_to(page, place)
        for each in page.locator(f'section[data-quiz="{kind}"]').all():
            found += 1
            expect(each.locator("details.answer .body")).to_have_text(re.compile(r"\S"))
            yield each, json.loads(each.get_attribute("data-key") or "")
    assert found, f"the book has no question of kind {kind}"


def check(quiz: Locator) -> None:
    quiz.locator('[data-action="check"]').click()


@pytest.fixture
def fresh(open_page: Open) -> Page:
    return open_page(python=False)


def test_true_or_false(fresh: Page) -> None:
    for quiz, key in questions(fresh, "true-false"):
        right, wrong = (str(value).lower() for value in (key["answer"], not key["answer"]))
        check(quiz)
        expect(quiz.locator("[data-feedback]")).to_have_text("Pick one first.")
        expect(quiz).to_have_attribute("data-state", "open")
        quiz.locator(f'input[value="{wrong}"]').check()
        check(quiz)
        expect(quiz).to_have_attribute("data-state", "wrong")
        expect(quiz.locator("details.answer")).not_to_have_attribute("open", "")
        quiz.locator(f'input[value="{right}"]').check()
        check(quiz)
        expect(quiz).to_have_attribute("data-state", "right")
        expect(quiz.locator("[data-feedback]")).to_contain_text("Right, after 2 attempts.")
        expect(quiz.locator("details.answer")).to_have_attribute("open", "")


def test_one_of_many_explains_each_option(fresh: Page) -> None:
    for quiz, key in questions(fresh, "choice"):
        for option in quiz.locator('input[name$=".answer"]').all():
            option.check()
            check(quiz)
            index = int(option.get_attribute("value") or "")
            state = "right" if index == key["answer"] else "wrong"
            expect(quiz).to_have_attribute("data-state", state)
            told = quiz.locator(f'[data-feedback-for="{index}"]').text_content() or ""
            said = quiz.locator("[data-feedback]").text_content() or ""
            assert " ".join(told.split()) in " ".join(said.split())


def test_numbers_are_read_and_judged(fresh: Page) -> None:
    for quiz, key in questions(fresh, "number"):
        answer, tolerance = key["answer"], key["tolerance"]
        quiz.scroll_into_view_if_needed()
        expect(quiz).to_have_attribute("data-answers", "")
        field, said = quiz.locator('input[name$=".answer"]'), quiz.locator("[data-feedback]")

        def answers(text: str, state: str, words: str = "") -> None:
            quiz.scroll_into_view_if_needed()  # noqa: B023
            field.fill(text)  # noqa: B023
            field.press("Enter")  # noqa: B023
            expect(quiz).to_have_attribute("data-state", state)  # noqa: B023
            expect(said).to_contain_text(words)  # noqa: B023

        for text in ("about half", "1,2,3", "0x10", "--1"):
            answers(text, "open", "Write one in digits")
        answers("", "open", "Nothing is written yet.")
        far = answer + 40 * tolerance + abs(answer) * 40
        answers(f"{far:.6g}", "wrong", "too large")
        listed = key["wrong"]
        for index, value in enumerate(listed):
            answers(f"{value:.12g}", "wrong")
            told = quiz.locator(f'[data-wrong="{index}"]').text_content() or ""
            assert " ".join(told.split()) in " ".join((said.text_content() or "").split())

        def unlisted(value: float) -> bool:
            near_answer = abs(value - answer) <= tolerance  # noqa: B023
            return not near_answer and all(abs(value - each) > 0.02 * abs(each) for each in listed)  # noqa: B023

        if unlisted(-answer):
            answers(f"{-answer:.12g}", "wrong", "sign")
        if unlisted(2 * answer):
            answers(f"{2 * answer:.12g}", "wrong", "factor of two")
        if key["unit"] == "%":
            answers(f"{answer / 100:.12g}", "wrong", "Right as a fraction. It is asked for in %.")
        if key["unit"] == "nats" and unlisted(answer / math.log(2)):
            answers(f"{answer / math.log(2):.12g}", "wrong", "bits")
        answers(f"{answer:.12g}".replace(".", ","), "right", "Right, after")
        answers("half of it", "open", "is not a number")
        answers(f"{answer + 0.9 * tolerance:.12g} {key['unit']}", "right")
        answers(f"\u2212{answer:.12g}" if answer < 0 else f"+{answer:.12g}", "right")


def test_a_guess_is_committed_before_the_truth_shows(fresh: Page) -> None:
    for quiz, key in questions(fresh, "guess"):
        quiz.scroll_into_view_if_needed()
        line, said = quiz.locator('input[type="range"]'), quiz.locator("[data-feedback]")
        asked, truth = quiz.locator(".asked"), quiz.locator(".truth")
        check(quiz)
        expect(said).to_have_text("Move the line to your guess first.")
        expect(truth).to_be_hidden()
        box = line.bounding_box()
        assert box is not None
        least, most = (float(line.get_attribute(end) or "") for end in ("min", "max"))
        answer = math.log10(key["answer"]) if key["log"] else key["answer"]
        share = (answer - least) / (most - least)
        at = 0.9 if share < 0.5 else 0.1  # far from the answer, on the side with more room
        fresh.mouse.click(box["x"] + at * box["width"], box["y"] + box["height"] / 2)
        guess = float(line.input_value())
        line.press("ArrowLeft")
        assert float(line.input_value()) < guess
        line.press("Enter")
        expect(quiz).to_have_attribute("data-state", "wrong")
        expect(said).to_contain_text("too high." if share < 0.5 else "too low.")
        expect(truth).to_be_visible()
        expect(asked).to_be_hidden()
        expect(line).to_be_disabled()
        # The computed mark stands where the axis has the answer.
        marks, right = (quiz.locator(at).bounding_box() for at in (".guess-lines", ".line.right"))
        assert marks and right
        place = right["x"] + right["width"] / 2 - marks["x"]
        assert place == pytest.approx(share * marks["width"], abs=1)
        expect(quiz.get_by_role("button", name="Start over")).to_be_focused()
        fresh.keyboard.press("Enter")
        expect(quiz).to_have_attribute("data-state", "open")
        expect(asked).to_be_visible()
        line.fill(str(answer))
        check(quiz)
        expect(quiz).to_have_attribute("data-state", "right")
        expect(said).to_contain_text("Close.")


def test_code_is_judged_by_its_checks(open_page: Open) -> None:
    fresh = open_page()
    for quiz, _ in questions(fresh, "code"):
        quiz.scroll_into_view_if_needed()
        solution = quiz.locator("details.answer pre code").first.text_content() or ""
        check(quiz)
        expect(quiz).to_have_attribute("data-state", "wrong")
        write(fresh, quiz, "print('seen')\n1 / 0")
        fresh.keyboard.press("Control+Enter")
        expect(quiz.locator("[data-feedback] pre.error")).to_contain_text("ZeroDivisionError")
        expect(quiz.locator("[data-feedback]")).to_contain_text("line 2")
        expect(quiz.locator("[data-feedback] pre.stdout")).to_have_text("seen\n")
        expect(quiz.locator(".cm-error")).to_have_text("1 / 0")
        write(fresh, quiz, "while True: pass")
        check(quiz)
        expect(quiz.locator('[data-action="check"]')).to_have_text("Stop")
        check(quiz)
        expect(quiz.locator("[data-feedback]")).to_contain_text("Stopped.")
        write(fresh, quiz, solution)
        check(quiz)
        expect(quiz).to_have_attribute("data-state", "right")
    expect(fresh.locator(READY)).to_be_attached()


def test_the_smallest_case_that_breaks_a_law_is_run_on_demand(desk: Page) -> None:
    go_to(desk, where("q-kl-code"))
    quiz = desk.locator("#q-kl-code")
    quiz.scroll_into_view_if_needed()
    wrong = (
        "def kl(mu, logvar):\n    return -0.5 * np.sum(np.exp(logvar) + mu**2 - 1 - logvar, axis=1)"
    )
    write(desk, quiz, f"import numpy as np\n{wrong}")
    check(quiz)
    said = quiz.locator("[data-feedback]")
    expect(said).to_contain_text("never negative")
    expect(said.locator("pre.case")).to_contain_text("logvar = np.array([[1.0]])")
    said.get_by_role("button", name="Add this case").click()
    # KL(N(0, e) || N(0, 1)) = (e - 2) / 2
    expect(said.locator("pre.stdout")).to_have_text("[-0.35914091]\n")
    expect(quiz.locator(".cm-content")).to_contain_text("print(kl(mu, logvar))")
    quiz.locator('[data-action="reset"]').click()
    expect(quiz.locator(".cm-content")).not_to_contain_text("print(kl")


def test_a_code_question_says_what_is_missing_and_runs_what_makes_it(open_page: Open) -> None:
    page = open_page()
    quiz, _ = next(questions(page, "code"))
    snippets = page.request.get(urljoin(page.url, "../snippets.json")).json()
    first = next(each for each in snippets if each["makes"])
    quiz.scroll_into_view_if_needed()
    said = quiz.locator("[data-feedback]")
    write(page, quiz, "")
    check(quiz)
    expect(said).to_contain_text(
        re.compile(r"The check needs \w+, which your code does not define")
    )
    expect(quiz).to_have_attribute("data-state", "wrong")
    write(page, quiz, f"print({first['makes'][0]} is not None)")
    check(quiz)
    expect(said.locator(".offer p")).to_contain_text(f"is made in snippet {first['number']}, ")
    expect(quiz).to_have_attribute("data-state", "open")
    said.locator(".offer button").click()
    expect(said.locator("pre.stdout")).to_have_text("True\n")


def test_answers_are_remembered_and_can_be_started_over(fresh: Page) -> None:
    quiz, key = next(questions(fresh, "number"))
    quiz.scroll_into_view_if_needed()
    expect(quiz).to_have_attribute("data-answers", "")
    field = quiz.locator('input[name$=".answer"]')
    for text in ("123456", f"{key['answer']:.12g}"):
        field.fill(text)
        check(quiz)
    expect(quiz).to_have_attribute("data-state", "right")
    expect(quiz.locator(".remembered")).to_be_hidden()
    fresh.reload()
    expect(quiz.locator(".remembered")).to_be_visible()
    expect(quiz).to_have_attribute("data-state", "right")
    expect(quiz.locator("[data-feedback]")).to_contain_text("Right, after 2 attempts.")
    expect(field).to_have_value(f"{key['answer']:.12g}")
    quiz.locator('[data-action="reset"]').click()
    expect(quiz).to_have_attribute("data-state", "open")
    expect(field).to_have_value("")
    fresh.reload()
    expect(field).to_have_value("")
    expect(quiz).to_have_attribute("data-state", "open")


def test_reading_the_worked_answer_first_is_remembered_as_that(fresh: Page) -> None:
    quiz = fresh.locator("section[data-quiz]").first
    quiz.locator("details.answer summary").click()
    expect(quiz).to_have_attribute("data-state", "shown")
    fresh.reload()
    expect(quiz).to_have_attribute("data-state", "shown")
