"""Questions of every kind: right, wrong and how, remembered, started over."""

from __future__ import annotations

import json
import math
import re
from typing import Any
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Locator, Page, expect

from latentbook.settings import Settings
from tests.browser.book_pages import (
    READY,
    Open,
    go_to,
    names_with_equations,
    pages_with,
    where,
    write,
)
from tests.lot import LOT, by_lot

pytestmark = pytest.mark.browser


# Answers a question by its own events, and returns its state and feedback after each answer.
ANSWER = """async (section, answers) => {
  const inputs = [...section.querySelectorAll('input[name$=".answer"], input[type="range"]')];
  const check = section.querySelector('[data-action="check"]');
  const feedback = section.querySelector("[data-feedback]");
  const name = check.textContent; // another while it judges
  const judged = () => new Promise((resolve) => {
    new MutationObserver((_, told) => {
      if (check.textContent !== name) return;
      told.disconnect();
      resolve();
    }).observe(feedback, { childList: true });
  });
  const seen = [];
  for (const answer of answers) {
    const option = inputs.find(({ type, value }) => type === "radio" && value === answer);
    if (option) option.click();
    else {
      inputs[0].value = answer;
      inputs[0].dispatchEvent(new Event("input", { bubbles: true }));
    }
    const verdict = judged();
    check.click();
    await verdict;
    seen.push([section.dataset.state, feedback.textContent.replace(/\\s+/g, " ").trim()]);
  }
  return seen;
}"""
# Scrolls to each question until it accepts answers; returns its kind, key and worked answer.
WAKE = """async (sections) => {
  const found = [];
  for (const section of sections) {
    const { quiz, key } = section.dataset;
    section.scrollIntoView({ block: "center", behavior: "instant" });
    for (let i = 0; i < 3000 && quiz !== "code" && section.dataset.answers !== ""; i++) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
    found.push([quiz, key, section.querySelector("details.answer .body").textContent.trim()]);
  }
  return found;
}"""
# The author's feedback on foreseen answers, by their numbers.
TOLD = """section => Object.fromEntries(
  [...section.querySelectorAll("[data-feedback-for], [data-wrong]")].map((words) => [
    words.dataset.feedbackFor ?? words.dataset.wrong,
    words.textContent.replace(/\\s+/g, " ").trim(),
  ]))"""


def first_of(page: Page, kind: str) -> tuple[Locator, Any]:
    """Go to the first question of a kind in the book; return it with its key."""
    site = Settings().site
    for place in pages_with("question"):
        if f'data-quiz="{kind}"' in (site / place / "index.html").read_text():
            go_to(page, place)
            quiz = page.locator(f'section[data-quiz="{kind}"]').first
            quiz.scroll_into_view_if_needed()
            expect(quiz).to_have_attribute("data-answers", "")
            return quiz, json.loads(quiz.get_attribute("data-key") or "")
    raise AssertionError(f"The book has no question of kind {kind}.")


def check(quiz: Locator) -> None:
    quiz.locator('[data-action="check"]').click()


@pytest.fixture
def fresh(open_page: Open) -> Page:
    return open_page(python=False)


def judge_true_or_false(quiz: Locator, key: Any) -> None:
    right, wrong = (str(value).lower() for value in (key["answer"], not key["answer"]))
    seen = quiz.evaluate(ANSWER, [wrong, right])
    assert [state for state, _ in seen] == ["wrong", "right"]
    assert "Right, after 2 attempts." in seen[1][1]


def judge_choice(quiz: Locator, key: Any) -> None:
    told = quiz.evaluate(TOLD)
    options = quiz.locator('input[name$=".answer"]').evaluate_all("all => all.map((i) => i.value)")
    options.sort(key=lambda option: int(option) == key["answer"])  # last: it opens the answer
    for option, (state, said) in zip(options, quiz.evaluate(ANSWER, options), strict=True):
        assert state == ("right" if int(option) == key["answer"] else "wrong")
        assert told[option] and told[option] in said


def judge_number(quiz: Locator, key: Any) -> None:
    asked = numbers(key, quiz.evaluate(TOLD))
    seen = quiz.evaluate(ANSWER, [text for text, _, _ in asked])
    for (text, state, words), (is_now, said) in zip(asked, seen, strict=True):
        assert (is_now, words in said) == (state, True), f"{text!r} is {is_now}: {said}"


def numbers(key: Any, told: dict[str, str]) -> list[tuple[str, str, str]]:
    """List typed texts, each with its expected state and a part of the feedback."""
    answer, tolerance = key["answer"], key["tolerance"]
    texts = ("about half", "1,2,3", "0x10", "--1")
    asked = [(text, "open", "Write one in digits") for text in texts]
    asked.append(("", "open", "Nothing has been typed yet."))
    far = answer + 40 * tolerance + abs(answer) * 40
    asked.append((f"{far:.6g}", "wrong", "too large"))
    listed = key["wrong"]
    for index, value in enumerate(listed):
        assert told[str(index)]
        asked.append((f"{value:.12g}", "wrong", told[str(index)]))

    def unlisted(value: float) -> bool:
        near_answer = abs(value - answer) <= tolerance
        return not near_answer and all(abs(value - each) > 0.02 * abs(each) for each in listed)

    if unlisted(-answer):
        asked.append((f"{-answer:.12g}", "wrong", "sign"))
    if unlisted(2 * answer):
        asked.append((f"{2 * answer:.12g}", "wrong", "factor of two"))
    if key["unit"] == "%":
        as_fraction = "Right as a fraction. It is asked for in %."
        asked.append((f"{answer / 100:.12g}", "wrong", as_fraction))
    if key["unit"] == "nats" and unlisted(answer / math.log(2)):
        asked.append((f"{answer / math.log(2):.12g}", "wrong", "bits"))
    asked.append((f"{answer:.12g}".replace(".", ","), "right", "Right, after"))
    asked.append(("half of it", "open", "is not a number"))
    asked.append((f"{answer + 0.9 * tolerance:.12g} {key['unit']}", "right", "Right"))
    signed = f"\u2212{-answer:.12g}" if answer < 0 else f"+{answer:.12g}"
    asked.append((signed, "right", "Right"))
    return asked


def judge_guess(quiz: Locator, key: Any) -> None:
    line, answer, share = axis_of(quiz, key)
    least, most = (float(line.get_attribute(end) or "") for end in ("min", "max"))
    far = least + (0.9 if share < 0.5 else 0.1) * (most - least)
    ((state, said),) = quiz.evaluate(ANSWER, [str(far)])
    assert state == "wrong"
    assert ("too high." if share < 0.5 else "too low.") in said
    check_mark(quiz, share)
    quiz.evaluate("section => section.querySelector('[data-action=start-over]').click()")
    ((state, said),) = quiz.evaluate(ANSWER, [str(answer)])
    assert (state, "Close." in said) == ("right", True), said


def axis_of(quiz: Locator, key: Any) -> tuple[Locator, float, float]:
    """Return the axis of a guess, the answer on it, and the share of the axis below the answer."""
    line = quiz.locator('input[type="range"]')
    least, most = (float(line.get_attribute(end) or "") for end in ("min", "max"))
    answer = math.log10(key["answer"]) if key["log"] else key["answer"]
    return line, answer, (answer - least) / (most - least)


def check_mark(quiz: Locator, share: float) -> None:
    """Check that the mark of the computed answer is at its place on the axis."""
    marks, right = (quiz.locator(at).bounding_box() for at in (".guess-lines", ".line.right"))
    assert marks and right
    place = right["x"] + right["width"] / 2 - marks["x"]
    assert place == pytest.approx(share * marks["width"], abs=1)


def judge_many(quiz: Locator, key: Any) -> None:
    """Tick only the wrong options, then all, then exactly the right ones."""
    inputs, right = quiz.locator("input[type=checkbox]"), set(key["answer"])
    wrong = set(range(inputs.count())) - right
    said, told = quiz.locator("[data-feedback]"), quiz.evaluate(TOLD)
    for ticked in filter(None, (wrong, wrong | right, right)):
        for place in range(inputs.count()):
            inputs.nth(place).set_checked(place in ticked)
        expect(quiz.locator("[data-feedback-for]:visible")).to_have_count(0)
        check(quiz)
        state = "right" if ticked == right else "wrong"
        expect(quiz).to_have_attribute("data-state", state)
        for place in ticked:
            if str(place) in told:
                expect(quiz.locator(f'[data-feedback-for="{place}"]')).to_be_visible()
        if state == "wrong":
            expect(said).to_contain_text(f"{len(ticked & right)} of {len(right)} found.")


def judge_predict(quiz: Locator, key: Any) -> None:
    """Without Python the question shows the recorded output."""
    wrong = "1" if key["answer"] == 0 else "0"
    for option, state in ((wrong, "wrong"), (str(key["answer"]), "right")):
        ((is_now, said),) = quiz.evaluate(ANSWER, [option])
        assert is_now == state
        assert " ".join((key["printed"] + key["error"]).split()) in said
        expect(quiz.locator("fieldset input:enabled")).to_have_count(0)
        quiz.locator('[data-action="start-over"]').click()


def judge_match(quiz: Locator, key: Any) -> None:
    selects, answer = quiz.locator("select"), key["answer"]
    for shift, state in ((1, "wrong"), (1, "wrong"), (0, "right")):
        for place, right in enumerate(answer):
            options = selects.nth(place).locator("option").count() - 1
            selects.nth(place).select_option(str((right + shift) % options))
        check(quiz)
        expect(quiz).to_have_attribute("data-state", state)
    expect(quiz.locator('[data-verdict="right"]')).to_have_count(len(answer))


def put_in_order(quiz: Locator, key: Any, order: list[int]) -> None:
    """Remove all lines, then add these in order, indented as written."""
    indents = dict(zip(key["order"], key["indents"], strict=False))
    for line in reversed(quiz.locator("ol.used input").all()):
        line.check()
        quiz.locator('[data-move="leave"]').click()
    for place, line in enumerate(order):
        quiz.locator(f'input[value="{line}"]').check()
        quiz.locator('[data-move="use"]').click()
        before = indents.get(order[place - 1], 0) if place else 0
        steps = indents.get(line, 0) - before  # a line starts with the indent of the previous one
        for _ in range(abs(steps)):
            quiz.locator(f'[data-move="{"in" if steps > 0 else "out"}"]').click()


def judge_order(quiz: Locator, key: Any) -> None:
    """Without Python the written order counts as right, and any order of prose can be judged."""
    order = key["order"]
    if key["check"] is None:
        put_in_order(quiz, key, order[::-1])
        check(quiz)
        expect(quiz).to_have_attribute("data-state", "wrong")
        expect(quiz.locator("[data-feedback]")).to_contain_text("comes too early.")
    put_in_order(quiz, key, order)
    check(quiz)
    expect(quiz).to_have_attribute("data-state", "right")


JUDGE = {
    "true-false": judge_true_or_false,
    "choice": judge_choice,
    "many": judge_many,
    "predict": judge_predict,
    "match": judge_match,
    "order": judge_order,
    "number": judge_number,
    "guess": judge_guess,
}


@pytest.mark.parametrize("kind", ["choice", "many", "match", "order"])
def test_an_equation_in_an_option_is_in_its_name(fresh: Page, kind: str) -> None:
    """Chromium leaves equations out of a name that comes from a label alone."""
    quiz, _ = first_of(fresh, kind)
    names = names_with_equations(quiz.locator('[name$=".answer"]'))
    assert len(names) > 1
    assert all(name.endswith("7+9") for name in names), names


@pytest.mark.sweep
@pytest.mark.parametrize("half", [0, pytest.param(1, marks=pytest.mark.long)])
def test_every_question_judges_its_answers(fresh: Page, half: int) -> None:
    """Half 0 covers all kinds except code and states, which need Python (below, test_states.py)."""
    judged = set()
    for place in by_lot(pages_with("question")[half::2], text_of):
        go_to(fresh, place)
        quizzes = fresh.locator("section[data-quiz]")
        awake = quizzes.evaluate_all(WAKE)
        for quiz, (kind, key, worked) in zip(quizzes.all(), awake, strict=True):
            assert worked, quiz
            if kind not in ("code", "state"):
                JUDGE[kind](quiz, json.loads(key))
                judged.add(kind)
    assert judged == set(JUDGE) or half == 1 or LOT


def test_a_pick_is_answered_by_hand(fresh: Page) -> None:
    quiz, key = first_of(fresh, "true-false")
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
    expect(quiz.locator("details.answer")).to_have_attribute("open", "")


def test_a_number_is_answered_by_hand(fresh: Page) -> None:
    quiz, key = first_of(fresh, "number")
    field, said = quiz.locator('input[name$=".answer"]'), quiz.locator("[data-feedback]")
    for text, state, words in numbers(key, quiz.evaluate(TOLD)):
        field.fill(text)
        field.press("Enter")
        expect(quiz).to_have_attribute("data-state", state)
        expect(said).to_contain_text(words)


def test_a_guess_is_committed_before_the_truth_shows(fresh: Page) -> None:
    quiz, key = first_of(fresh, "guess")
    said = quiz.locator("[data-feedback]")
    asked, truth = quiz.locator(".asked"), quiz.locator(".truth")
    check(quiz)
    expect(said).to_have_text("Move the line to your guess first.")
    expect(truth).to_be_hidden()
    line, answer, share = axis_of(quiz, key)
    box = line.bounding_box()
    assert box is not None
    at = 0.9 if share < 0.5 else 0.1  # far from the answer, in the larger part of the axis
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
    check_mark(quiz, share)
    expect(quiz.get_by_role("button", name="Start over")).to_be_focused()
    fresh.keyboard.press("Enter")
    expect(quiz).to_have_attribute("data-state", "open")
    expect(asked).to_be_visible()
    line.fill(str(answer))
    check(quiz)
    expect(quiz).to_have_attribute("data-state", "right")
    expect(said).to_contain_text("Close.")


def text_of(place: str) -> tuple[str]:
    """The source of a page."""
    chapter, _, section = place.strip("/").partition("/")
    return (f"content/{chapter}/{section or 'index'}.md",)


def asks(place: str, kind: str) -> bool:
    return f'data-quiz="{kind}"' in (Settings().site / place / "index.html").read_text()


@pytest.mark.sweep
def test_every_code_question_takes_its_solution(desk: Page) -> None:
    found = 0
    pages = [place for place in pages_with("question") if asks(place, "code")]
    for place in by_lot(pages, text_of):
        go_to(desk, place)
        for quiz in desk.locator('section[data-quiz="code"]').all():
            quiz.scroll_into_view_if_needed()
            check(quiz)
            expect(quiz).to_have_attribute("data-state", "wrong")
            write(desk, quiz, quiz.locator("details.answer pre code").first.text_content() or "")
            check(quiz)
            expect(quiz).to_have_attribute("data-state", "right")
            quiz.locator('[data-action="start-over"]').click()
            found += 1
    assert found > 0


def test_a_listing_prints_in_the_page_what_was_recorded(desk: Page) -> None:
    """CPython recorded the output, Pyodide reproduces it."""
    found = 0
    for place in [place for place in pages_with("question") if asks(place, "predict")]:
        go_to(desk, place)
        for quiz in desk.locator('section[data-quiz="predict"]').all():
            key = json.loads(quiz.get_attribute("data-key") or "")
            quiz.scroll_into_view_if_needed()
            quiz.locator(f'input[value="{key["answer"]}"]').check()
            check(quiz)
            expect(quiz).to_have_attribute("data-state", "right")
            expect(quiz.locator("[data-feedback] pre")).to_have_text(key["printed"] + key["error"])
            quiz.locator('[data-action="start-over"]').click()
            found += 1
    assert found > 0


def test_another_order_of_code_is_run(desk: Page) -> None:
    go_to(desk, where("q-order-elbo"))
    quiz = desk.locator("#q-order-elbo")
    quiz.scroll_into_view_if_needed()
    expect(quiz).to_have_attribute("data-answers", "")
    key = json.loads(quiz.get_attribute("data-key") or "")
    head, encode, eps, z, recon, kl, last = key["order"]
    said = quiz.locator("[data-feedback]")
    put_in_order(quiz, key, [head, eps, encode, z, recon, kl, last])
    check(quiz)
    expect(said).to_contain_text("UnboundLocalError")
    expect(said).to_contain_text("comes too early.")
    put_in_order(quiz, key, [head, encode, kl, eps, z, recon, last])
    desk.keyboard.press("Tab")
    check(quiz)
    expect(quiz).to_have_attribute("data-state", "right")
    expect(said).to_contain_text("Another order")
    quiz.locator('[data-action="start-over"]').click()
    expect(quiz.locator("ol.used > li")).to_have_count(0)


@pytest.mark.clock
def test_lines_are_put_in_order_by_keyboard_alone(fresh: Page) -> None:
    """Each move preserves the focus and is announced."""
    go_to(fresh, where("q-order-project"))
    quiz = fresh.locator("#q-order-project")
    quiz.scroll_into_view_if_needed()
    expect(quiz).to_have_attribute("data-answers", "")
    key = json.loads(quiz.get_attribute("data-key") or "")
    indents = [0]
    for line, indent in zip(key["order"], key["indents"], strict=True):
        press_until(
            quiz.locator(f'input[value="{line}"]'), "ArrowDown", quiz.locator("input").first
        )
        use = quiz.locator('[data-move="use"]')
        press_until(use, "Tab")
        fresh.keyboard.press("Enter")
        expect(use).to_be_focused()
        if indent != indents[-1]:  # a line starts with the indent of the previous one
            press_until(quiz.locator('[data-move="in"]'), "Tab")
            fresh.keyboard.press("Enter")
        letter = quiz.locator(f'li:has(input[value="{line}"]) .letter').inner_text()
        place = len(indents)
        expect(quiz.get_by_role("status").first).to_have_text(
            f"{letter}: line {place} of {place}, indentation {indent}"
        )
        indents.append(indent)
    press_until(quiz.locator('[data-action="check"]'), "Tab")
    fresh.keyboard.press("Enter")
    expect(quiz).to_have_attribute("data-state", "right")


def press_until(focused: Locator, key: str, start: Locator | None = None) -> None:
    """Press a key until an element has the focus."""
    if start is not None:
        start.focus()
    for _ in range(20):
        if focused.evaluate("element => element === document.activeElement"):
            return
        focused.page.keyboard.press(key)
    expect(focused).to_be_focused()


def test_code_that_fails_or_never_ends_is_said_to(desk: Page) -> None:
    quiz, _ = first_of(desk, "code")
    said = quiz.locator("[data-feedback]")
    write(desk, quiz, "while True: pass")
    check(quiz)
    expect(quiz.locator('[data-action="check"]')).to_have_text("Stop")
    check(quiz)
    expect(said).to_contain_text("Stopped.")
    write(desk, quiz, "print('seen')\n1 / 0")
    desk.keyboard.press("Control+Enter")
    expect(said.locator("pre.error")).to_contain_text("ZeroDivisionError")
    expect(said).to_contain_text("line 2")
    expect(said.locator("pre.stdout")).to_have_text("seen\n")
    expect(quiz.locator(".cm-error")).to_have_text("1 / 0")
    expect(desk.locator(READY)).to_be_attached()
    quiz.locator('[data-action="start-over"]').click()


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
    quiz.locator('[data-action="start-over"]').click()
    expect(quiz.locator(".cm-content")).not_to_contain_text("print(kl")


def test_a_code_question_says_what_is_missing_and_runs_what_makes_it(open_page: Open) -> None:
    page = open_page()
    quiz, _ = first_of(page, "code")
    root = urljoin(page.url, page.locator("html").get_attribute("data-root"))
    chapter = page.url.removeprefix(root).split("/")[0]
    snippets = page.request.get(f"{root}{chapter}/snippets.json").json()
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
    quiz, key = first_of(fresh, "number")
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
    quiz.locator('[data-action="start-over"]').click()
    expect(quiz).to_have_attribute("data-state", "open")
    expect(field).to_have_value("")
    fresh.reload()
    expect(field).to_have_value("")
    expect(quiz).to_have_attribute("data-state", "open")


# Makes a question look like one whose worked answer is still withheld.
WITHHOLD = """section => {
  section.dataset.opens = "";
  for (const name of ["kept", "nothing"]) {
    section.append(Object.assign(document.createElement("p"), { hidden: true }));
    section.lastElementChild.dataset[name] = "";
  }
}"""


GIVEN = "section => section.querySelector('input:checked, input[type=range]')?.value"


@pytest.mark.parametrize("kind", ["guess", "predict"])
def test_an_answer_that_is_only_saved_can_be_changed_after_a_reload(fresh: Page, kind: str) -> None:
    quiz, _ = first_of(fresh, kind)
    quiz.evaluate(WITHHOLD)
    given = quiz.locator('.answering input:not([type="hidden"])').first
    given.press("ArrowRight")
    check(quiz)
    saved = quiz.evaluate(GIVEN)
    fresh.reload()
    quiz.scroll_into_view_if_needed()
    is_recalled = f"([section, saved]) => ({GIVEN})(section) === saved"
    fresh.wait_for_function(is_recalled, arg=[quiz.element_handle(), saved])
    expect(given).to_be_enabled()


def test_reading_the_worked_answer_first_is_remembered_as_that(fresh: Page) -> None:
    quiz = fresh.locator("section[data-quiz]").first
    quiz.locator("details.answer summary").click()
    expect(quiz).to_have_attribute("data-state", "shown")
    fresh.reload()
    expect(quiz).to_have_attribute("data-state", "shown")


def test_a_wrong_answer_leads_to_a_fold_and_opens_it(fresh: Page) -> None:
    go_to(fresh, where("q-rows"))
    quiz, fold = fresh.locator("#q-rows"), fresh.locator("#fold-rows")
    quiz.locator('input[value="0"]').check()
    check(quiz)
    link = quiz.locator("[data-feedback] a")
    for _ in range(2):  # the second time the address already names the fold
        expect(fold).not_to_have_attribute("open", "")
        link.press("Enter")
        expect(fold).to_have_attribute("open", "")
        expect(fold).to_be_in_viewport()
        fold.locator("summary").first.click()
