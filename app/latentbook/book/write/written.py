"""A site that has just been written, for what is made from it besides its pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from latentbook.book.compose.types import Loaded
from latentbook.book.write.render import Renderer
from latentbook.settings import Settings


@dataclass(frozen=True)
class Written:
    """The book, and what renders a piece of it.

    Attributes
    ----------
    config : what scripts are told on every page
    """

    settings: Settings
    loaded: Loaded
    renderer: Renderer
    config: Mapping[str, Any]
