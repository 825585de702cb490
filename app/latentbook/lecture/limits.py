"""Rate limits shared by all clients.

Clients are not told apart by address: five hundred phones in a hall may share one.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

from latentbook.http.problems import Problem


@dataclass
class TokenBucket:
    """``most`` at once, then ``rate`` per second; after that ``refusal`` is the error text."""

    most: float
    rate: float
    refusal: str
    _left: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        self._left = self.most
        self._at = time.monotonic()

    def require(self) -> None:
        """Raise a :class:`Problem` (429, with the seconds to wait) unless a token is left."""
        now = time.monotonic()
        self._left = min(self.most, self._left + self.rate * (now - self._at))
        self._at = now
        if self._left < 1:
            seconds = math.ceil((1 - self._left) / self.rate)
            raise Problem(429, self.refusal, headers={"Retry-After": str(seconds)})

    def take(self) -> None:
        """Take a token, or raise as :meth:`require`."""
        self.require()
        self._left -= 1
