"""Tabs and files of the folder ``practice`` in a page, in a notebook and in ``check``."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from latentbook.base.errors import BookErrors
from latentbook.book.load import load
from latentbook.book.write.exports import chapter_cells, notebook

from .conftest import HEAD, MakeBook, pages_of

FILE = '''\
"""One file."""

import torch


@torch.no_grad()
def info_nce(z):
    """A < B & C."""
    return z


def main():
    # part: loop
    for step in range(2):

        print(step)
    # end: loop
'''
TABS = f"""{HEAD}
Text, and a link to {{ref}}`snippet-one`.

:::::{{tab-set}}
::::{{tab-item}} NumPy
```{{code-cell}} python
:label: snippet-one
:title: One

x = 1
```
::::
::::{{tab-item}} PyTorch
:::{{literalinclude}} deep/one.py
:part: loop
:::
::::
:::::
"""


def book(make_book: MakeBook, text: str, files: Mapping[str, str]) -> Path:
    """The folder ``practice`` of a book with one section."""
    practice = make_book({"sample/text.md": text}).practice
    for name, content in files.items():
        (practice / name).parent.mkdir(parents=True, exist_ok=True)
        (practice / name).write_text(content, encoding="utf-8")
    return practice


def listing_of(page: str) -> str:
    (code,) = re.findall(
        r'<div class="snippet listing included".*?<code>.*?<pre[^>]*><code>(.*?)</code>',
        page,
        re.DOTALL,
    )
    return html.unescape(re.sub("<[^>]+>", "", code))


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("", FILE.rstrip()),
        (":part: loop\n", "for step in range(2):\n\n    print(step)"),
        (
            ":part: info_nce\n",
            '@torch.no_grad()\ndef info_nce(z):\n    """A < B & C."""\n    return z',
        ),
    ],
)
def test_a_page_shows_the_file_or_its_part(make_book: MakeBook, option: str, expected: str) -> None:
    text = f"{HEAD}\n:::{{literalinclude}} one.py\n{option}:::\n"
    book(make_book, text, {"one.py": FILE})
    loaded = load(make_book({"sample/text.md": text}))
    page = pages_of(make_book, text)["sample/text/index.html"]
    assert listing_of(page) == expected
    (place,) = re.findall(r'href="../../([^"]+)" download="one.py"', page)
    assert loaded.media.files[place].decode() == FILE


def test_both_tabs_are_in_the_page_and_in_the_notebook(make_book: MakeBook) -> None:
    book(make_book, TABS, {"deep/one.py": FILE})
    page = pages_of(make_book, TABS)["sample/text/index.html"]
    assert re.findall(r'role="tab" [^>]*aria-selected="(\w+)"[^>]*>(\w+)<', page) == [
        ("true", "NumPy"),
        ("false", "PyTorch"),
    ]
    assert re.findall(r'<p class="tab-title">(\w+)</p>', page) == ["NumPy", "PyTorch"]
    loaded = load(make_book({"sample/text.md": TABS}))
    (chapter,), (source,) = loaded.book.chapters, loaded.sources
    cells = json.loads(notebook(chapter, chapter_cells(chapter, source, loaded)))["cells"]
    assert [cell["source"] for cell in cells if cell["cell_type"] == "code"] == ["x = 1"]
    assert "**PyTorch**\n\n`deep/one.py`\n\n```python\nfor step in range(2):" in cells[-1]["source"]


TAB = "::::{tab-set}\n:::{tab-item} A\nText.\n:::\n"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (":::{literalinclude} on.py\n:::", 6, "no file practice/on.py. Did you mean 'one.py'?"),
        (":::{literalinclude} ../content/book.toml\n:::", 6, "no file practice/../content"),
        (":::{literalinclude} one.py\n:part: lop\n:::", 6, "no part 'lop'. Did you mean 'loop'?"),
        (
            ":::{literalinclude} open.py\n:part: a\n:::",
            6,
            "practice/open.py:1: part 'a' has no end",
        ),
        (":::{literalinclude} end.py\n:part: a\n:::", 6, "practice/end.py:2: '# end: a' does not"),
        (":::{literalinclude} wrong.py\n:part: a\n:::", 6, "practice/wrong.py:1: "),
        (":::{literalinclude} data.bin\n:::", 6, "practice/data.bin is not UTF-8"),
        (":::{literalinclude} one.py\n:lines: 1-3\n:::", 7, "write :part: NAME"),
        (f"{TAB}::::", 6, "a tab-set has two tabs or more; got 1"),
        (f"{TAB}:::{{tab-item}} A\nMore.\n:::\n::::", 10, "two tabs have the title 'A'"),
        (f"{TAB}:::{{tab-item}} B\n:::\n::::", 10, "the tab is empty"),
        (f"{TAB}:::{{tab-item}} B\nMore.\n:::\n\nLost.\n::::", 14, "only tabs"),
        (":::{tab-item} A\nText.\n:::", 6, "tab-item goes only inside tab-set"),
    ],
)
def test_a_mistake_is_reported_at_its_line(
    make_book: MakeBook, text: str, line: int, words: str
) -> None:
    wrong = {
        "open.py": "# part: a\nx = 1\n",
        "end.py": "x = 1\n# end: a\n",
        "wrong.py": "def a(:\n",
    }
    practice = book(make_book, f"{HEAD}\n{text}\n", {"one.py": FILE, **wrong})
    (practice / "data.bin").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BookErrors) as caught:
        load(make_book({"sample/text.md": f"{HEAD}\n{text}\n"}))
    (error,) = caught.value.errors
    assert str(error).startswith(f"content/sample/text.md:{line}: ")
    assert words in str(error)
