"""A book of two chapters in two editions, and a server that switches between them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from latentbook.book.build import build_site
from latentbook.book.overlay.merge import open_project
from latentbook.book.write.prefill import fill
from latentbook.main import create_app
from latentbook.runtime.dist import build_runtime
from latentbook.settings import Settings
from tests.unit.runtime.projects import project
from tools.bench.serving import served

ONE, TWO = "one/one-text/", "two/two-text/"
BOOK = """\
title = "Two chapters"
subtitle = "For tests"
description = "Two chapters for tests."
id = "two"
language = "en"
report_mistakes = "mailto:us@host.example?subject={title}&body={text}"
edition = "EDITION"
corrections = "two-text"

[[parts]]
title = "Only part"
chapters = [{ number = 1, slug = "one" }, { number = 2, slug = "two" }]
"""
FRONT = """\
---
title: Two chapters
standfirst: This is edition EDITION.
description: For tests.
---

Begin with [the first](one/index.md).
"""
CHAPTER = """\
---
title: Chapter NAME
standfirst: This is edition EDITION.
level: None
builds_on: []
description: Chapter NAME of two.
sections: [NAME-text]
---

The opening of chapter NAME.
"""
SECTION = """\
---
title: Page NAME
description: The only section of chapter NAME.
aliases: [NAME-before]
---

This is edition EDITION, before the first heading. The other one is
[there](../OTHER/OTHER-text.md#OTHER-late), and begins [here](../OTHER/OTHER-text.md).

## Early {#NAME-early}

:::{instrument} denoiser
:label: NAME-denoiser
:::

```{code-cell} python
:label: NAME-snippet
:title: A snippet of chapter NAME

import numpy as np

print("edition EDITION", np.arange(4).sum())
```

FILL

## Late {#NAME-late}

::::{quiz} number
:label: NAME-question
:answer: 2
:tolerance: 0.1

How many chapters are there?

:::{answer}
Two.
:::
::::
"""
STAMP = "Ran in {time}"
"""Text in cell.js: each edition changes it, so that the scripts of the editions differ."""


def write_content(content: Path, edition: str) -> None:
    """Write the text of an edition."""
    content.mkdir(exist_ok=True)
    filling = "\n\n".join(f"A paragraph, number {i}, that takes room." for i in range(60))
    for name, other in (("one", "two"), ("two", "one")):
        folder = content / name
        folder.mkdir(exist_ok=True)
        for file, source in (("index.md", CHAPTER), (f"{name}-text.md", SECTION)):
            text = source.replace("NAME", name).replace("OTHER", other)
            text = text.replace("FILL", filling).replace("EDITION", edition)
            (folder / file).write_text(text)
    (content / "front.md").write_text(FRONT.replace("EDITION", edition))
    (content / "book.toml").write_text(BOOK.replace("EDITION", edition))
    shutil.copy(Settings().content / "references.bib", content)
    (content / "facts.toml").write_text("")


class Requests:
    """ASGI middleware that records every request and its status.

    Attributes
    ----------
    fails : answer every request with 503, as the server or a proxy before it may
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.seen: list[tuple[str, int]] = []
        self.fails = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.fails and scope["type"] == "http":
            await PlainTextResponse("Try again in a minute.", 503)(scope, receive, send)
            return

        async def noting(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                self.seen.append((scope["path"], int(str(message["status"]))))
            await send(message)

        await self.app(scope, receive, noting if scope["type"] == "http" else send)


class Editions:
    """The book on disk and on its server.

    Attributes
    ----------
    url : where it is served
    requests : the requests to the server and their statuses
    """

    def __init__(self, folder: Path) -> None:
        real = Settings()
        self.folder = folder
        self.root = folder / "root"
        self.settings = Settings(root=self.root, content=folder / "content", build=folder / "build")
        self.dist = self.own_dist = build_runtime(real, report=print)
        self.published: str | None = None
        self.root.mkdir()
        for name in ("node_modules", "widgets", "package-lock.json"):
            (self.root / name).symlink_to((real.root / name).resolve())
        shutil.copytree(real.root / "static", self.root / "static")
        fill(folder / "build" / "cache", real.build / "cache")
        self.url = ""
        self.requests = Requests(create_app(self.settings))

    def publish(self, edition: str) -> None:
        """Build an edition over the previous one, of which the host retains nothing."""
        if self.published == edition:
            return
        write_content(self.settings.content, edition)
        self.say(edition)
        self.dist = self.own_dist
        self.build()
        self.published = edition

    def say(self, edition: str) -> None:
        """Write the edition's name into the scripts of the next build."""
        cell = self.root / "static" / "js" / "cell" / "cell.js"
        original = Settings().root / "static" / "js" / "cell" / "cell.js"
        text = original.read_text()
        assert STAMP in text
        cell.write_text(text.replace(STAMP, f"Edition {edition}: {STAMP}"))

    def correct(self, chapter: str) -> None:
        """Publish an edition with one more sentence in one chapter."""
        path = self.settings.content / chapter / f"{chapter}-text.md"
        path.write_text(path.read_text() + "\nA sentence that was missing.\n")
        self.build()

    def correct_instrument(self) -> None:
        """Publish an edition with one more comment in one instrument."""
        content = {"content": Settings().content}
        settings = project(self.folder / "project").model_copy(update=content)
        path = settings.root / "widgets" / "denoiser.py"
        path.write_text(path.read_text() + "# corrected\n")
        self.dist = build_runtime(settings, report=print)
        self.build()

    def build(self) -> None:
        """Build the current content over the previous edition."""
        self.published = None
        stamp = self.settings.build / "cache" / "site-about"
        stamp.unlink(missing_ok=True)  # it does not know of `dist`
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("latentbook.book.build.build_runtime", lambda settings, **_: self.dist)
            patch.setattr("latentbook.book.build.keep_last_build", lambda last, site, **_: None)
            build_site(open_project(self.settings), report=lambda message: None)

    def asked(self, part: str) -> int:
        """Count the requests for addresses that contain this part."""
        return sum(part in path for path, _ in self.requests.seen)


@contextmanager
def serve_editions(folder: Path) -> Iterator[Editions]:
    """Serve the first edition until the block ends."""
    editions = Editions(folder)
    editions.publish("A")
    with served(editions.requests) as url:  # type: ignore[arg-type]
        editions.url = f"{url}/"
        yield editions
