"""A page's data on a chapter's snippets: their order, their code, the names they define."""

from __future__ import annotations

import json

import pytest

from latentbook.book.load import load
from latentbook.book.write.snippets import names_made, snippets

from .conftest import MakeBook

OPENING = """\
---
title: Sample
standfirst: What it is about.
level: None
builds_on: []
description: A sample.
sections: [first, second]
---
"""
SECTION = """\
---
title: A section
description: A sample.
---
"""
FIRST = """
```{code-cell} python
:label: make
:title: Made here

import numpy as np
rng = np.random.default_rng(0)
```

```{code-cell} python
:label: read
:title: For reading
:read-only:

hidden = 1
```

"""
SECOND = """
:::::{fold} More

```{code-cell} python
:label: inside
:title: Inside

print(rng.normal())
```
:::::

::::{quiz} code
:label: q-code

Write it.

```{code-cell} python
def f(): ...
```

:::{check} python
assert f()
:::

:::{solution} python
def f(): return rng
:::

:::{answer}
So.
:::
::::
"""


def test_a_chapter_lists_what_runs_in_its_order(make_book: MakeBook) -> None:
    settings = make_book(
        {
            "sample/index.md": OPENING,
            "sample/first.md": SECTION + FIRST,
            "sample/second.md": SECTION + SECOND,
        }
    )
    (chapter,) = load(settings).book.chapters
    entries = json.loads(snippets(chapter))
    assert [entry["label"] for entry in entries] == ["make", "inside", "q-code"]
    first, _, question = entries
    assert first == {
        "label": "make",
        "number": "2.1",
        "title": "Made here",
        "url": "sample/first/#make",
        "code": "import numpy as np\nrng = np.random.default_rng(0)",
        "makes": ["np", "rng"],
    }
    assert question["code"] == "" and question["makes"] == []


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("import numpy as np, os.path", ["np", "os"]),
        ("a = b = 1\nc, (d, *e) = f()", ["a", "b", "c", "d", "e"]),
        ("def f(x):\n    y = x\n    return y\nclass C:\n    z = 1", ["C", "f"]),
        (
            "for i in range(3):\n    if (n := i) > 1:\n        m = [k for k in range(n)]",
            ["i", "m", "n"],
        ),
        ("with open('x') as file:\n    total += 1", ["file", "total"]),
        ("print(a)", []),
    ],
)
def test_the_names_that_code_leaves(code: str, names: list[str]) -> None:
    assert names_made(code) == names
