"""Answers that are not code get the page's verdict, for every question in the book."""

from __future__ import annotations

import json
import math

import pytest

from latentbook.base.errors import UnknownName
from latentbook.settings import Settings
from latentbook_classroom.grader.judges import ANOTHER_ORDER, Judges
from latentbook_classroom.grader.question import Question

SOLVED = {"q-find-the-cat": {"query": [-1.9, 0.7], "length": 1.5, "temperature": 0}}
"""States of instruments: the key defines the goal, not how it is reached."""


@pytest.fixture(scope="module")
def judges(grader):
    judges = Judges(Settings(), grader=grader)
    yield judges
    judges.close()


def options(question):
    return [int(name.split()[1]) for name in question.feedback if name.startswith("option")]


def right_answers(question):
    key = question.key
    match question.kind:
        case "true-false":
            return [json.dumps(key["answer"])]
        case "choice" | "predict":
            return [str(key["answer"])]
        case "many":
            return [",".join(map(str, key["answer"])), ",".join(map(str, key["answer"][::-1]))]
        case "match":
            return [",".join(map(str, key["answer"]))]
        case "number":
            low, high = key["answer"] - key["tolerance"], key["answer"] + key["tolerance"]
            return [repr(key["answer"]), repr(low), repr(high)]
        case "guess" if key["log"]:
            return [repr(math.log10(key["answer"]))]
        case "guess":
            return [repr(key["answer"]), repr(key["answer"] + key["tolerance"])]
        case "order":
            indents = key["indents"] or [0] * len(key["order"])
            return [json.dumps(list(zip(key["order"], indents, strict=True)))]
        case "state":
            return [json.dumps(SOLVED[question.label])]


def wrong_answers(question):
    key = question.key
    match question.kind:
        case "true-false":
            return [json.dumps(not key["answer"]), "2"]
        case "choice" | "predict":
            return [str(place) for place in options(question) if place != key["answer"]]
        case "many":
            return [str(place) for place in options(question) if [place] != key["answer"]]
        case "match":
            return [",".join(map(str, key["answer"][::-1]))]
        case "number":
            return [repr(key["answer"] + 3 * key["tolerance"] + 1), *map(repr, key["wrong"])]
        case "guess" if key["log"]:
            return [repr(math.log10(key["answer"] * key["tolerance"] ** 2))]
        case "guess":
            return [repr(key["answer"] + 2 * key["tolerance"])]
        case "order":
            return [json.dumps([[key["order"][0], 0]])]
        case "state":
            return ["{}"]  # the instrument's first state


def test_every_question_of_the_book(judges, questions):
    asked = [question for question in questions.values() if question.kind != "code"]
    assert len(asked) > 150
    for question in asked:
        for answer in right_answers(question):
            verdict = judges.judge_answer(question, answer)
            assert verdict.is_right, (question.label, answer, verdict)
        for answer in wrong_answers(question):
            if question.check is None:
                verdict = judges.judge_answer(question, answer)
                assert verdict.state == "wrong", (question.label, answer, verdict)
        for place, value in enumerate(question.key.get("wrong", ())):
            verdict = judges.judge_answer(question, repr(value))
            assert verdict.mistake == f"wrong {place}"
            assert verdict.feedback == question.feedback[verdict.mistake] != ""


@pytest.mark.parametrize(
    ("kind", "key", "answer", "state", "message"),
    [
        ("number", {"answer": 0.25, "tolerance": 0.001}, "1/4", "right", ""),
        ("number", {"answer": 0.25, "tolerance": 0.001}, "25", "wrong", "a hundred times"),
        ("number", {"answer": 0.25, "tolerance": 0.001}, "no", "unread", "is not a number"),
        ("choice", {"answer": 1}, "", "unread", "Pick one first."),
        ("many", {"answer": [0, 2]}, "0", "wrong", "1 of 2 found."),
        ("many", {"answer": [0, 2]}, "0,0,2,1", "wrong", "2 of 2 found. 1 does not belong."),
        ("many", {"answer": [0, 2]}, "0,0", "wrong", "1 of 2 found."),
        ("match", {"answer": [1, 0]}, "1,0,0", "unread", "Choose a letter"),
        ("match", {"answer": [1, 0]}, "1,1", "wrong", "Right pairs: 1 of 2."),
        ("order", {"order": [0], "ranks": [0], "indents": []}, "[[9, 0]]", "unread", "no answer"),
        ("order", {"order": [0], "ranks": [0], "indents": []}, "{", "unread", "no answer"),
        ("order", {"order": [0], "ranks": [0], "indents": []}, "[1]", "unread", "no answer"),
        ("order", {"order": [0], "ranks": [0], "indents": []}, "[[0, 0.0]]", "unread", "no answer"),
        ("order", {"order": [0], "ranks": [0], "indents": []}, "[]", "wrong", ""),
        ("order", {"order": [0], "ranks": [0], "indents": []}, '[["a", []]]', "unread", "no"),
        ("guess", {"answer": 100, "tolerance": 2, "log": True}, "2.3", "right", "was 200"),
        ("guess", {"answer": 100, "tolerance": 2, "log": True}, "2.4", "wrong", "was 250"),
    ],
)
def test_what_the_page_says(judges, kind, key, answer, state, message):
    key = {"unit": "", "wrong": [], **key}
    question = Question("q", kind, key=key, lines=["a"], step="0.01")
    verdict = judges.judge_answer(question, answer)
    assert verdict.state == state
    assert message in verdict.message


def test_messages_are_in_the_language_of_the_page():
    words = {"Pick one first.": "Erst wählen."}
    judges = Judges(Settings(), language="de", words=words)
    try:
        question = Question("q", "choice", key={"answer": 1})
        assert judges.judge_answer(question, "").message == "Erst wählen."
        number = Question(
            "q", "number", key={"answer": 0.5, "tolerance": 0.1, "unit": "", "wrong": []}
        )
        assert judges.judge_answer(number, "0,5").is_right
    finally:
        judges.close()


def test_another_order_of_code_is_run(judges, questions):
    question = questions["q-order-elbo"]
    order, indents = question.key["order"], question.key["indents"]
    used = list(zip(order, indents, strict=True))
    swapped = [*used[:-3], used[-2], used[-3], used[-1]]
    verdicts = [judges.judge_answer(question, json.dumps(each)) for each in (used, swapped)]
    assert verdicts[0].is_right
    assert verdicts[0].message == ""
    assert verdicts[1].message == ANOTHER_ORDER or verdicts[1].state in ("wrong", "error")


def test_a_kind_without_a_judge_is_an_error(judges):
    question = Question("q", "essay", key={"words": 300})
    with pytest.raises(UnknownName, match="Unknown kind of question 'essay'"):
        judges.judge_answer(question, "undefined")


def test_code_is_not_judged_here(judges, questions):
    with pytest.raises(ValueError, match="asks for code"):
        judges.judge_answer(questions["q-kl-code"], "x")
