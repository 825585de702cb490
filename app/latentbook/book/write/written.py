"""A site that has just been written, for plugins that make further files from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from latentbook.book.compose.types import Loaded
from latentbook.book.write.render import Renderer
from latentbook.settings import Settings


@dataclass(frozen=True)
class Written:
    """The book, and a renderer for pieces of it.

    Attributes
    ----------
    config : configuration of the scripts on every page
    """

    settings: Settings
    loaded: Loaded
    renderer: Renderer
    config: Mapping[str, Any]
