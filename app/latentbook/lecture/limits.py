"""Rate limits shared by all clients.

Nothing is counted by address: a hall of five hundred may share one.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

from latentbook.http.problems import Problem


@dataclass
class TokenBucket:
    """A burst at once, then a constant rate.

    Attributes
    ----------
    most : how much can be had at once
    rate : how much comes back in a second
    refusal : what is said when nothing is left
    """

    most: float
    rate: float
    refusal: str
    _left: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        self._left = self.most
        self._at = time.monotonic()

    def require(self) -> None:
        """Continue only if a token is left; do not take it.

        Raises
        ------
        Problem
            429, with the seconds to wait.
        """
        now = time.monotonic()
        self._left = min(self.most, self._left + self.rate * (now - self._at))
        self._at = now
        if self._left < 1:
            seconds = math.ceil((1 - self._left) / self.rate)
            raise Problem(429, self.refusal, headers={"Retry-After": str(seconds)})

    def take(self) -> None:
        """Take a token.

        Raises
        ------
        Problem
            429, with the seconds to wait.
        """
        self.require()
        self._left -= 1


def guesses() -> TokenBucket:
    """Wrong codes: 300 at once, then 5 per second."""
    return TokenBucket(300, 5, "Too many wrong codes were tried. Wait a moment and try again.")


def new_seats() -> TokenBucket:
    """New phones: 600 at once, then 10 per second."""
    return TokenBucket(600, 10, "Too many phones are joining at once. Wait a moment and try again.")
