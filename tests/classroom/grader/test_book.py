"""Every solution of the book passes on the server, and every mistake gets its message."""

from __future__ import annotations

import pytest

SAMPLE = ("q-kl-code", "q-equivariance-code", "q-order-elbo")
"""A law and changed arguments; a callback; names that the answer takes from the check."""


def judge_all(grader, question):
    for solution in question.solutions:
        verdict = grader.judge(question, solution)
        assert verdict.is_right, (question.label, verdict)
    for words, code in question.mistakes:
        verdict = grader.judge(question, code)
        assert verdict.state == "wrong", (question.label, words, verdict)
        assert words.casefold() in verdict.message.casefold()
        assert verdict.mistake


@pytest.mark.parametrize("label", SAMPLE)
def test_solutions_pass_and_mistakes_get_their_message(grader, questions, label):
    judge_all(grader, questions[label])


@pytest.mark.long
def test_those_of_the_whole_book_do(grader, questions):
    checked = [each for each in questions.values() if each.check and each.label not in SAMPLE]
    assert len(checked) >= 8
    for question in checked:
        judge_all(grader, question)
