"""Refusals that a page says in the book's language."""

from latentbook.book.translations.language import message
from latentbook.http.problems import Problem


class Refused(Problem):
    """Why a request is refused: a message of the interface and its values."""

    def __init__(self, status: int, english: str, **values: object) -> None:
        super().__init__(status, english % values if values else english)
        self.english, self.values = english, values


def not_signed_in() -> Refused:
    return Refused(401, message("You are not signed in to the course."))


def later(english: str, seconds: int) -> Refused:
    """What is too much now, and may come again after so many seconds."""
    refused = Refused(429, english)
    refused.headers = {"Retry-After": f"{seconds}"}
    return refused
