"""The book's own questions and instruments, as a class is asked them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from latentbook_classroom.lecture.blocks import Block, ClassData, NotAccepted, class_data_of
from tests.classroom.lecture.conftest import BLOCKS, write_class_data

FORMS = {"choice", "many", "match", "true-false", "number", "guess", "readout", "panel", "draw"}


@pytest.fixture(scope="module")
def book(site: Path) -> list[Block]:
    return list(ClassData(class_data_of(site)).blocks().values())


def test_every_form_is_in_the_book(book: list[Block]) -> None:
    """Otherwise the tests below could pass because they found nothing to check."""
    assert {way.form for block in book for way in block.ways} == FORMS


def test_nothing_of_the_answer_is_sent_before_the_reveal(book: list[Block]) -> None:
    for block in book:
        for way in block.ways:
            sent = json.dumps(block.shown(way.wanted, revealed=False))
            if block.question is not None:
                assert "answer" not in json.loads(sent), block.id
                assert "Worked answer" not in sent and "data-feedback" not in sent, block.id
                assert "answer" in block.shown(way.wanted, revealed=True), block.id
            if way.form == "guess":
                assert "--answer" not in sent and "-truth-" not in sent, block.id
                assert "-truth-" in json.dumps(block.shown("", revealed=True)), block.id
            if way.form == "draw":
                pictures = "".join(json.loads(sent)["pictures"])
                assert "clip-path" not in pictures, block.id  # all curves are clipped
                assert 'aria-label=""' in pictures, block.id
                assert "clip-path" in "".join(way.told["pictures"]), block.id


def test_every_choice_has_its_options(book: list[Block]) -> None:
    for block in book:
        way = block.ways[0]
        if way.form != "choice":
            continue
        options = way.asked["options"]
        assert len(options) >= 2 and all(options), block.id
        assert way.accept(len(options) - 1) == len(options) - 1
        with pytest.raises(NotAccepted):
            way.accept(len(options))


def test_a_box_is_where_the_picture_has_its_axes(book: list[Block]) -> None:
    """The clip of the curves, one pixel wider on each side, is drawn in the picture with them."""
    for block in book:
        for way in block.ways:
            if way.form != "draw":
                continue
            for svg, box in zip(way.told["pictures"], way.asked["boxes"], strict=True):
                size = re.search(r'viewBox="0 0 (\S+) (\S+)"', svg)
                clip = re.search(
                    r'<rect x="([^"]*)" y="([^"]*)" width="([^"]*)" height="([^"]*)"', svg
                )
                assert size is not None and clip is not None
                width, height = map(float, size.groups())
                x, y, w, h = map(float, clip.groups())
                drawn = [(x + 1) / width, (y + 1) / height, (w - 2) / width, (h - 2) / height]
                assert box == pytest.approx(drawn, abs=2e-3), block.id


def test_data_that_take_the_place_of_others_are_read_again(tmp_path: Path) -> None:
    site = tmp_path / "site"
    write_class_data(site)
    data = ClassData(class_data_of(site))
    assert list(data.blocks()) == [each["id"] for each in BLOCKS]
    new = tmp_path / "new"
    write_class_data(new, BLOCKS[:1])
    class_data_of(new).replace(class_data_of(site))
    assert list(data.blocks()) == [BLOCKS[0]["id"]]
