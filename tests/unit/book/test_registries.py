"""Directives, kinds of question and blocks: each is complete and registered once."""

from __future__ import annotations

import re
from pathlib import Path

from latentbook.book.compose.blocks import Block
from latentbook.book.directives import DIRECTIVES, by_name
from latentbook.book.directives.questions import QUESTION_KINDS
from latentbook.book.write.render import QUESTIONS, TEMPLATES


def blocks(base: type[Block]) -> set[type[Block]]:
    """The book's own kinds of block."""
    is_own = hasattr(base, "kind") and base.__module__.startswith("latentbook.")
    return ({base} if is_own else set()).union(*map(blocks, base.__subclasses__()))


def test_every_block_has_a_template_and_every_template_a_block() -> None:
    questions = {kind.block for kind in QUESTION_KINDS}
    names = {each.kind for each in blocks(Block) - questions}
    assert {path.stem for path in (TEMPLATES / "blocks").glob("*.html")} == names


def test_every_kind_of_question_is_a_folder() -> None:
    folders = {path.parent.name for path in QUESTIONS.glob("*/block.html")}
    assert folders == {kind.name.replace("-", "_") for kind in QUESTION_KINDS}


def test_no_two_directives_share_a_name() -> None:
    assert len(by_name(DIRECTIVES)) == len(DIRECTIVES)


def test_a_part_is_made_by_its_parent_and_everything_else_by_itself() -> None:
    names = by_name(DIRECTIVES)
    for directive in DIRECTIVES:
        made_elsewhere = bool(directive.parent) or directive.becomes is not None
        assert directive.run is not None or made_elsewhere, directive.name
        assert not directive.parent or directive.parent in names


def test_the_authors_guide_names_every_directive_and_option(root: Path) -> None:
    guide = (root / "docs" / "authoring.md").read_text(encoding="utf-8")
    for directive in DIRECTIVES:
        said = f"docs/authoring.md does not describe {directive.name}"
        assert re.search(rf"[`{{]{directive.name}[`}}]", guide) is not None, said
        for option in directive.options:
            found = re.search(rf":{option}:|`{option}`", guide)
            assert found is not None, f"{said}'s option {option}"
    for kind in QUESTION_KINDS:
        assert f"{{quiz}} {kind.name}" in guide
