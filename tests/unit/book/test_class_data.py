"""Class mode's data on a book comes from its blocks, not from their markup."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from latentbook.book.load import load
from latentbook.book.write import render
from latentbook.book.write.render import Renderer
from latentbook.book.write.written import Written
from latentbook_classroom.lecture.class_data import class_data

from .conftest import AnyFile, MakeBook, fixture_chapter

CLASS = re.compile(r'class="([^"{%]+)"')


def without_markup(value: Any) -> Any:
    """Data with a placeholder for each string of markup."""
    if isinstance(value, dict):
        return {name: without_markup(each) for name, each in value.items()}
    if isinstance(value, list):
        return [without_markup(each) for each in value]
    return "markup" if isinstance(value, str) and "<" in value else value


def test_a_renamed_class_changes_markup_alone(
    make_book: MakeBook, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = fixture_chapter()
    files["sample/quizzes.md"] += "\n:::{instrument} denoiser\n:label: denoiser\n:::\n"
    files["references.bib"] = (root / "content" / "references.bib").read_text()
    settings = make_book(files)
    loaded = load(settings)

    def made(templates: Path) -> Any:
        config = {"reload": False}
        renderer = Renderer(loaded.book, AnyFile({}, {}), config, "", "/", templates=templates)
        return json.loads(class_data(Written(settings, loaded, renderer, config)))

    before = made(render.TEMPLATES)
    forms = {way["form"] for block in before["blocks"] for way in block["ways"]}
    assert forms >= {"choice", "true-false", "number", "guess", "readout", "draw"}
    for name in ("TEMPLATES", "QUESTIONS"):
        renamed = tmp_path / name
        shutil.copytree(getattr(render, name), renamed)
        for path in renamed.rglob("*.html"):
            path.write_text(CLASS.sub(r'class="renamed-\1"', path.read_text()))
        monkeypatch.setattr(render, name, renamed)
    after = made(render.TEMPLATES)
    assert "renamed-instrument" in json.dumps(after)
    assert without_markup(after) == without_markup(before)
