"""Refusals that a page shows in the book's language."""

from latentbook.http.problems import Problem


class Refused(Problem):
    """Why a request is refused: a message of the interface and its values."""

    def __init__(self, status: int, english: str, *, retry_s: int = 0, **values: object) -> None:
        headers = {"Retry-After": f"{retry_s}"} if retry_s else None
        super().__init__(status, english % values if values else english, headers=headers)
        self.english, self.values = english, values
