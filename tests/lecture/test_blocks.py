"""The book's own questions and instruments, as a class is asked them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from latentbook.book.build import build_site
from latentbook.lecture.blocks import QUIZZES, Block, Blocks, NotAccepted
from latentbook.settings import Settings


@pytest.fixture(scope="module")
def book() -> list[Block]:
    return list(Blocks(build_site(Settings(), report=print)).all().values())


def test_every_kind_is_in_the_book(book: list[Block]) -> None:
    """So that none of the tests below passes because it found nothing to look at."""
    assert {block.kind for block in book} == {*QUIZZES, "instrument"}
    forms = {way.form for block in book for way in block.ways}
    assert forms == {"", "readout", "panel", "draw"}


def test_nothing_of_the_answer_is_sent_before_the_reveal(book: list[Block]) -> None:
    for block in book:
        for way in block.ways:
            sent = json.dumps(block.shown(way.wanted, revealed=False))
            if block.kind != "instrument":
                assert "answer" not in json.loads(sent), block.id
                assert "Worked answer" not in sent and "data-feedback" not in sent, block.id
                assert block.shown(way.wanted, revealed=True)["answer"] == block.key["answer"]
            if block.kind == "guess":
                assert "--answer" not in sent and "-truth-" not in sent, block.id
                assert "-truth-" in json.dumps(block.shown("", revealed=True)), block.id
            if way.form == "draw":
                pictures = "".join(json.loads(sent)["pictures"])
                assert 'fill="none" stroke="var(--data' not in pictures, block.id


def test_every_choice_has_its_options(book: list[Block]) -> None:
    for block in book:
        if block.kind != "choice":
            continue
        assert len(block.options) >= 2 and all(block.options), block.id
        assert block.accept("", len(block.options) - 1) == len(block.options) - 1
        with pytest.raises(NotAccepted):
            block.accept("", len(block.options))


def test_a_site_that_takes_another_ones_place_is_read_again(tmp_path: Path) -> None:
    site = tmp_path / "site"
    blocks = Blocks(site)
    for label in ("q-old", "q-new"):
        new = tmp_path / label
        (new / "contents").mkdir(parents=True)
        (new / "contents" / "index.html").write_text("")
        key = '{"answer": true}'.replace('"', "&quot;")
        (new / "index.html").write_text(
            f'<h1>Book</h1><section class="quiz" id="{label}" data-quiz="true-false" '
            f'data-key="{key}"><div class="question"><p>So?</p></div></section>'
        )
        if site.exists():
            site.rename(tmp_path / "before")
        new.rename(site)
        assert list(blocks.all()) == [f"#{label}"]
