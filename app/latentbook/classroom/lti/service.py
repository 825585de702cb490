"""What the routes to other systems share: requests, keys, the list of what can be linked."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from latentbook.classroom.database import Database
from latentbook.classroom.lti.choices import Choice, choices
from latentbook.classroom.lti.keys import PlatformKeys
from latentbook.classroom.lti.passback import Passback
from latentbook.classroom.lti.tokens import Tokens
from latentbook.classroom.lti.web import Web


@dataclass
class Lti:
    site: Path
    database: Database
    web: Web = field(default_factory=Web)

    @cached_property
    def keys(self) -> PlatformKeys:
        return PlatformKeys(self.web)

    @cached_property
    def tokens(self) -> Tokens:
        return Tokens(self.database, self.web)

    @cached_property
    def passback(self) -> Passback:
        return Passback(self.database, self.tokens)

    def choices(self) -> list[Choice]:
        return choices(self.site)
