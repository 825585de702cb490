"""Every example of docs/authoring.md is read without a mistake."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from latentbook.book.load import load

from .conftest import HEAD, MakeBook

ROOT = Path(__file__).resolve().parents[3]
REST = "\n:::{answer}\nWorked.\n:::\n::::"
"""The text that the examples of questions abbreviate as '...'."""


def examples() -> Iterator[str]:
    """The fenced blocks of the guide that show a directive."""
    lines = iter((ROOT / "docs" / "authoring.md").read_text(encoding="utf-8").splitlines())
    for line in lines:
        if match := re.fullmatch(r"(`{3,})(\w*)", line):
            block = "\n".join(iter(lambda: next(lines), match[1]))
            if not match[2]:
                yield re.sub(r"^\.\.\.$", REST, block, flags=re.MULTILINE)


@pytest.mark.parametrize("example", list(examples()))
def test_example(example: str, make_book: MakeBook) -> None:
    bib = (ROOT / "content" / "references.bib").read_text(encoding="utf-8")
    settings = make_book({"sample/text.md": f"{HEAD}\n{example}\n", "references.bib": bib})
    shutil.copytree(ROOT / "practice", settings.practice)
    (block,) = load(settings).book.chapters[0].sections[0].blocks
    name, argument = re.findall(r"\{([\w-]+)\} ?([\w-]*)", example)[0]
    kinds = {"code-cell": "snippet", "quiz": argument, "tab-set": "tabs"}
    assert block.kind == kinds.get(name, name)
