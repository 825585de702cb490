"""Scripts of a reader's study, in the build's JavaScript engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from latentbook.book.compose.javascript import open_context
from tests.unit.draw.conftest import bundle

Call = Callable[..., Any]


@contextmanager
def engine_with(entry: str, folder: Path) -> Iterator[Call]:
    """Call the functions that the entry exports."""
    racer = open_context()
    racer.eval("document = { documentElement: { lang: 'en', dataset: {} } }")
    racer.eval(bundle(entry, folder))

    def call(name: str, *args: Any) -> Any:
        written = ", ".join(json.dumps(arg) for arg in args)
        return json.loads(racer.eval(f"JSON.stringify(book.{name}({written}))"))

    yield call
    racer.close()
