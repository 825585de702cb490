"""One in-process JavaScript context that sets equations and draws stills.

It runs the same modules as the reader's page (``static/js/engine.js``: KaTeX and ``draw.js``), so
the page shows the scripts' drawings before any script runs.
"""

import atexit
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

from py_mini_racer import DEFAULT_V8_FLAGS, MiniRacer, init_mini_racer

from latentbook.base.errors import LatentbookError
from latentbook.book.compose.math_words import Formula
from latentbook.book.compose.pieces import Html

CALL = """
function callEngine(name, args) {
  try {
    return { value: engine[name](...args) };
  } catch (error) {
    return { message: error.rawMessage ?? String(error.message ?? error),
             position: error.position ?? null };
  }
}
"""


# On processors with protection keys, only the thread that starts V8, and threads that it starts,
# may read V8's compiled code. Freeing a context in any other thread would crash the process. The
# keys guard against hostile scripts, but every script that runs here is the book's own.
FLAGS = (*DEFAULT_V8_FLAGS, "--no-memory-protection-keys")


def open_context() -> MiniRacer:
    """A new JavaScript context, which any thread may use and close."""
    init_mini_racer(flags=FLAGS, ignore_duplicate_init=True)
    # MiniRacer uses the event loop of the calling thread, if there is one. A thread without
    # an event loop makes it independent of the server's.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(MiniRacer).result()


class EngineError(LatentbookError):
    """A refusal of the engine. ``position`` is the offset of the error in the TeX, if known."""

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.position = position


class Engine:
    """A context. ``script`` is the bundle, whose exports become the global ``engine``."""

    def __init__(self, script: str) -> None:
        self.script = script
        self._racer = open_context()
        # If left open, its thread prevents the process from ending.
        atexit.register(self._racer.close)
        self._racer.eval(script)
        self._racer.eval(CALL)
        self.katex = lru_cache(maxsize=None)(self._katex)

    def close(self) -> None:
        """Free the context; the engine cannot be used afterwards."""
        atexit.unregister(self._racer.close)
        self._racer.close()

    def _katex(self, tex: str, display: bool) -> Formula:
        made = self._call("katex", tex, display)
        return Formula(tex, Html(made["html"]), made["math"])

    def draw_svg(self, figure: Mapping[str, Any], width: int, id: str, label: str) -> str:
        """SVG of a figure laid out for ``width`` px; ``label`` is its text alternative."""
        return str(self._call("drawSvg", figure, width, id, label))

    def draw_axes(self, figure: Mapping[str, Any], width: int, id: str) -> dict[str, Any]:
        """Draw only a figure's axes; return ``{svg, box}``. The box is the left, top, width and
        height of the area that they enclose, as shares of the picture."""
        drawn: dict[str, Any] = json.loads(self._call("drawAxes", figure, width, id))
        return drawn

    def check_figure(self, figure: Any) -> None:
        """Raise an :class:`EngineError` about the first key that is not drawn (docs/figures.md)."""
        self._call("checkFigure", figure)

    def _call(self, name: str, *args: Any) -> Any:
        reply = self._racer.call("callEngine", name, args, encoder=_ArrayEncoder)
        if "value" not in reply:
            raise EngineError(reply["message"], reply["position"])
        return reply["value"]


class _ArrayEncoder(json.JSONEncoder):
    def default(self, value: Any) -> Any:
        return value.tolist() if hasattr(value, "tolist") else super().default(value)


_engines: dict[str, Engine] = {}


def shared_engine(script: str) -> Engine:
    """Return the engine of a bundle, which caches every equation it has set."""
    if script not in _engines:
        while _engines:
            _engines.popitem()[1].close()
        _engines[script] = Engine(script)
    return _engines[script]
