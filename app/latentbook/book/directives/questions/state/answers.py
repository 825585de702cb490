"""Answers that are states of an instrument."""

from latentbook.book.compose.answers import Answers


class StateAnswers(Answers):
    judged_by = "instrument"
    needs_scripts = True
