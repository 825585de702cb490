"""Small books to test with."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from latentbook.book.compose.pieces import Layout, Text
from latentbook.book.load import load
from latentbook.book.write.assets import Assets
from latentbook.book.write.prefill import fill
from latentbook.book.write.render import Renderer, printed, root_of
from latentbook.runtime.page_packages import Lock, PagePackages
from latentbook.settings import Settings
from latentbook_authoring.check.page_python import PagePython

BOOK = """\
title = "A small book"
subtitle = "For tests"
description = "A small book for tests."
language = "en"

[[parts]]
title = "Only part"
chapters = [{ number = 2, slug = "sample" }]
"""
FRONT = """\
---
title: A small book
standfirst: Two sentences.
description: For tests.
---

Welcome.
"""
OPENING = """\
---
title: Sample
standfirst: What it is about.
level: None
builds_on: []
description: A sample.
sections: [text]
---
"""
HEAD = """\
---
title: Text
description: The one section of the sample.
---
"""
REFERENCES = """\
@article{baldi1989,
  author = {Baldi, Pierre and Hornik, Kurt},
  title = {Neural networks and principal component analysis},
  journal = {Neural Networks},
  volume = {2},
  number = {1},
  pages = {53--58},
  year = {1989},
  doi = {10.1016/0893-6080(89)90014-2}
}

@misc{kingma2014,
  author = {Kingma, Diederik P. and Welling, Max},
  title = {Auto-Encoding Variational {Bayes}},
  year = {2014},
  eprint = {1312.6114},
  archiveprefix = {arXiv}
}
"""
FACTS = """\
[facts.plane]
claim = "The optimum spans the *principal* plane."
sources = ["baldi1989"]
confidence = "high"
checked = 2026-11-20
"""
PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><defs><marker id="tip"/></defs>'
    '<path marker-end="url(#tip)" d="M0 0h9"/></svg>\n'
)

CHAPTER = Path(__file__).resolve().parents[2] / "fixtures" / "chapter"
"""A chapter with one of everything: a section for each subject."""


def fixture_chapter() -> dict[str, str]:
    """The files of ``CHAPTER``, placed in the sample chapter."""
    files = [*CHAPTER.rglob("*.md"), *CHAPTER.rglob("*.svg"), CHAPTER / "outputs.json"]
    return {
        f"sample/{path.relative_to(CHAPTER)}": path.read_text(encoding="utf-8") for path in files
    }


MakeBook = Callable[[Mapping[str, str]], Settings]


@pytest.fixture(scope="session")
def shared_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One build folder for all tests, filled from the caches of the book's own build."""
    build = tmp_path_factory.mktemp("build")
    fill(build / "cache", Settings().build / "cache")
    return build


@pytest.fixture
def make_book(tmp_path: Path, root: Path, shared_build: Path) -> MakeBook:
    """Write a content folder: the given files, and small defaults for the rest."""

    def make(files: Mapping[str, str]) -> Settings:
        content = tmp_path / "content"
        defaults = {
            "book.toml": BOOK,
            "front.md": FRONT,
            "sample/index.md": OPENING + "\nHow it begins.\n",
            "sample/text.md": HEAD + "\nText.\n",
            "references.bib": REFERENCES,
            "facts.toml": FACTS,
            "sample/images/arrow.svg": PICTURE,
        }
        if "sample/index.md" in files:
            del defaults["sample/text.md"]
        for name, text in {**defaults, **files}.items():
            path = content / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return Settings(root=root, content=content, build=shared_build)

    return make


def html_of(text: Text, page: str = "sample/text") -> str:
    """Running text as printed on a page by itself."""
    return printed(text, Layout(root_of(page), page, {page: ""}))


class AnyFile(Assets):
    """Assets that accept any file name."""

    def place(self, name: str) -> str:
        return name


def pages_of(make_book: MakeBook, text: str) -> dict[str, str]:
    """The pages, by path, of a book with this one section."""
    book = load(make_book({"sample/text.md": text})).book
    return dict(Renderer(book, AnyFile({}, {}), {"reload": False}, "", "/").pages())


@pytest.fixture(autouse=True)
def only_cpython(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the page's Python, which takes seconds to start; test_page_python.py tests it."""
    monkeypatch.setattr(PagePython, "compare", lambda self: None)


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> str:
    """A lock that contains only Matplotlib; in CPython it is installed."""
    known = PagePackages.read(Settings()).wheels.pyodide["matplotlib"]
    known.imports = ["matplotlib"]
    lock = Lock(requested=["matplotlib"], packages={"matplotlib": known})
    return json.dumps(lock.model_dump(exclude_defaults=True) | {"pyodide": lock.pyodide})
