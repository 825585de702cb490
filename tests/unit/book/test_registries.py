"""Directives, kinds of question and blocks: each has what belongs to it, and stands there once."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from latentbook.book.compose.blocks import Block
from latentbook.book.compose.quizzes import QUIZ_KINDS
from latentbook.book.directives import DIRECTIVES, by_name
from latentbook.book.write.render import TEMPLATES


def kinds(base: type[Block]) -> set[str]:
    """The kinds of the book's own blocks."""
    own = (
        {base.kind}
        if hasattr(base, "kind") and base.__module__.startswith("latentbook.")
        else set()
    )
    return own.union(*map(kinds, base.__subclasses__()))


KINDS = kinds(Block)


def test_every_block_has_a_template_and_every_template_a_block() -> None:
    assert {path.stem for path in (TEMPLATES / "blocks").glob("*.html")} == KINDS


def test_every_kind_of_question_has_a_block() -> None:
    names = {f"quiz_{kind.name.replace('-', '_')}" for kind in QUIZ_KINDS}
    assert names == {kind for kind in KINDS if kind.startswith("quiz_")}


def test_duplicates_are_refused() -> None:
    with pytest.raises(ValueError, match="two directives are named 'fold'"):
        by_name([*DIRECTIVES, replace(DIRECTIVES[0], name="fold")])


def test_a_part_is_made_by_its_parent_and_everything_else_by_itself() -> None:
    names = by_name(DIRECTIVES)
    for directive in DIRECTIVES:
        made_elsewhere = bool(directive.parent) or directive.becomes is not None
        assert directive.run is not None or made_elsewhere, directive.name
        assert not directive.parent or directive.parent in names


def test_the_authors_guide_names_every_directive_and_option(root: Path) -> None:
    guide = (root / "docs" / "authoring.md").read_text(encoding="utf-8")
    for directive in DIRECTIVES:
        assert re.search(rf"[`{{]{directive.name}[`}}]", guide), directive.name
        for option in directive.options:
            assert re.search(rf":{option}:|`{option}`", guide), (directive.name, option)
    for kind in QUIZ_KINDS:
        assert f"{{quiz}} {kind.name}" in guide
