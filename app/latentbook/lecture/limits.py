"""How much is done in a time for everyone together.

Nothing is counted by address: behind one there may be a hall of five hundred.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

from latentbook.http.problems import Problem


@dataclass
class Allowance:
    """So much at once, and so much more each second.

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
        """All is left."""
        self._left = self.most
        self._at = time.monotonic()

    def require(self) -> None:
        """Go on only where something is left.

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
        """Take one, where there is one.

        Raises
        ------
        Problem
            429, with the seconds to wait.
        """
        self.require()
        self._left -= 1


def guesses() -> Allowance:
    """Codes that are wrong: 300 a minute."""
    return Allowance(
        300, 5, "Too many codes that do not exist were tried. Wait a moment and try again."
    )


def new_seats() -> Allowance:
    """Phones that come in: 600 at once, 10 a second after that."""
    return Allowance(600, 10, "Too many phones come in at once. Wait a moment and try again.")
