"""Notes after a new edition: found where their words went, or listed as not found, never elsewhere.

The texts are the book's own. The code that edits them tracks every letter; the code that finds the
notes sees only the two texts.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from latentbook.book.compose.javascript import open_context
from tests.unit.draw.conftest import bundle

TEXTS, NOTES = 50, 6
ENTRY = 'export * from "./study/anchor.js";'
CONTENT = Path(__file__).parents[3] / "content"


@pytest.fixture(scope="module")
def anchor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Any]]:
    """Call a function of the script."""
    racer = open_context()
    racer.eval(bundle(ENTRY, tmp_path_factory.mktemp("anchor")))

    def call(name: str, *args: Any) -> Any:
        written = ", ".join(json.dumps(arg) for arg in args)
        return json.loads(racer.eval(f"JSON.stringify(book.{name}({written}))"))

    yield call
    racer.close()


@dataclass
class Edition:
    """A page that tracks each letter's number in the first edition, or None if it is new."""

    letters: list[tuple[str, int | None]]
    labels: dict[str, int]
    """Each label is before the letter with this number."""

    @property
    def text(self) -> str:
        return "".join(letter for letter, _ in self.letters)

    def prose(self) -> dict[str, Any]:
        at = {number: i for i, (_, number) in enumerate(self.letters) if number is not None}
        found = [
            {"id": name, "start": at[number]}
            for name, number in self.labels.items()
            if number in at
        ]
        return {"text": self.text, "labels": sorted(found, key=lambda label: label["start"])}


def paragraphs() -> list[str]:
    """Prose of the book's sections."""
    found: list[str] = []
    for path in sorted(CONTENT.glob("*/*.md")):
        for block in re.split(r"\n\s*\n", path.read_text("utf-8")):
            words = re.sub(r"\s+", " ", block).strip()
            if re.match(r"[A-Z]", words) and len(words) > 150:
                found.append(words)
    return found


def first_edition(pool: list[str], chance: random.Random) -> Edition:
    """A page of twenty paragraphs, some under a label; two are near copies of others."""
    chosen = chance.sample(pool, 18)
    chosen += [reworded(text, chance) for text in chance.sample(chosen, 2)]
    text, labels = "", {}
    for number, paragraph in enumerate(chosen):
        if number % 3 == 1:
            labels[f"label-{number}"] = len(text)
        text += f"{paragraph} "
    return Edition([(letter, i) for i, letter in enumerate(text)], labels)


def reworded(text: str, chance: random.Random) -> str:
    words = text.split(" ")
    for _ in range(max(1, len(words) // chance.choice([6, 12, 40]))):
        i = chance.randrange(len(words))
        words[i] = chance.choice(["", "another", "not", "the", words[i][::-1], f"{words[i]} too"])
    return " ".join(words)


def sentences(edition: Edition) -> list[tuple[int, int]]:
    return [found.span() for found in re.finditer(r"[^.]+\. ?", edition.text)]


def changed(edition: Edition, chance: random.Random, marked: list[tuple[int, int]]) -> Edition:
    """A later edition: words edited, sentences moved or deleted, look-alikes inserted."""
    letters = list(edition.letters)
    now = Edition(letters, dict(edition.labels))
    for _ in range(chance.randint(4, 40)):
        words = [found.span() for found in re.finditer(r"\w+", now.text)]
        start, end = chance.choice(words)
        new = chance.choice(["", "indeed ", "", "only", "a quite different phrase"])
        now.letters[start:end] = [(letter, None) for letter in new]
    for _ in range(chance.randint(0, 5)):  # moved
        start, end = chance.choice(sentences(now))
        if chance.random() < 0.5:  # as a passage, with its surroundings
            start, end = max(0, start - 80), end + 80
        moving = now.letters[start:end]
        del now.letters[start:end]
        place = chance.choice([*(a for a, _ in sentences(now)), 0])
        now.letters[place:place] = moving
    for _ in range(chance.randint(0, 6)):  # deleted
        start, end = chance.choice(sentences(now))
        del now.letters[start:end]
    for start, end in chance.sample(marked, 3):  # a look-alike, and sometimes no original
        text = edition.text
        copy = reworded(text[max(0, start - 10) : end + 10], chance)
        if chance.random() < 0.5:
            copy = text[start:end]
        if chance.random() < 0.5:
            gone = set(range(start, end))
            now.letters = [each for each in now.letters if each[1] not in gone]
        around = {*range(start - 80, end + 80)}  # put back here, a copy would be the passage
        places = [
            place
            for place, _ in sentences(now)
            if not around.intersection(n for _, n in now.letters[max(0, place - 80) : place + 80])
        ]
        place = chance.choice(places)
        now.letters[place:place] = [(letter, None) for letter in f"{copy} "]
    return now


def passages(edition: Edition, chance: random.Random) -> list[tuple[int, int]]:
    """Passages that readers mark: a few words, a sentence or several. None overlap."""
    words = [found.span() for found in re.finditer(r"\S+", edition.text)]
    found = []
    for first in chance.sample(range(20, len(words) - 60, 70), NOTES):
        count = chance.choice([1, 2, 3, 5, 8, 12, 20, 35, 50])
        found.append((words[first][0], words[first + count - 1][1]))
    return found


def verdict(found: dict[str, Any] | None, now: Edition, span: tuple[int, int]) -> str:
    """A place is right if at least half of its letters are the passage's."""
    if found is None:
        return "listed"
    own = set(range(*span))
    there = [number for _, number in now.letters[found["start"] : found["end"]]]
    return "found" if sum(number in own for number in there) * 2 >= len(there) else "wrong"


def test_no_note_moves_to_words_that_are_not_its_own(anchor: Callable[..., Any]) -> None:
    chance = random.Random(4)
    pool = paragraphs()
    counts: Counter[str] = Counter()
    for _ in range(TEXTS):
        before = first_edition(pool, chance)
        marked = passages(before, chance)
        other = first_edition(pool, chance).prose()  # another page of the chapter
        notes = [anchor("describe", before.prose(), *span) for span in marked]
        for note in notes:
            note["rival"] = anchor("rivalOf", note, [before.prose(), other])
        after = changed(before, chance, marked)
        for note, span in zip(notes, marked, strict=True):
            assert anchor("locate", note, [before.prose()])["start"] == span[0]
            found = anchor("locate", note, [after.prose(), other])
            said = "wrong" if found and found["page"] else verdict(found, after, span)
            if said == "found" and after.text[found["start"] : found["end"]] != note["quote"]:
                said = "found reworded"
            intact = f" {note['quote']} " in after.text
            if said == "wrong":
                print(
                    "WRONG",
                    note,
                    found,
                    (
                        after.text[found["start"] - 40 : found["start"]],
                        after.text[found["start"] : found["end"]],
                        after.text[found["end"] : found["end"] + 40],
                    )
                    if not found["page"]
                    else "",
                    "GONE" if not any(n in range(*span) for _, n in after.letters) else "THERE",
                )
            counts[said + (", intact" if said == "listed" and intact else "")] += 1
    print(counts)
    assert counts["wrong"] == 0
    assert counts.total() == TEXTS * NOTES
    assert counts["found"] + counts["found reworded"] > TEXTS * NOTES / 2


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("A code keeps what matters. ", "Noise was added to every image. "),
        ("A code keeps what matters. ", "A code keeps what matters for the task. "),
    ],
)
def test_a_short_quote_is_only_found_unchanged(
    anchor: Callable[..., Any], before: str, after: str
) -> None:
    around = (
        "The first part of a page says what it wants, at length. ",
        "Then it goes on to more.",
    )
    text = before.join(around)
    prose = {"text": text, "labels": []}
    start = text.index("keeps what")
    note = anchor("describe", prose, start, start + len("keeps what"))
    again = after.join(around)
    found = anchor("locate", note, [{"text": again, "labels": []}])
    assert (again[found["start"] : found["end"]] if found else None) == (
        "keeps what" if "keeps what" in after else None
    )


def test_a_passage_moves_to_another_page_with_its_surroundings(anchor: Callable[..., Any]) -> None:
    words = "The bound is tight when the approximate posterior is exact, and only then. "
    filler = "Nothing of this page has to do with it, whatever one reads. "
    home = {"text": filler * 2 + words + "So the gap is a divergence. " + filler, "labels": []}
    start = home["text"].index("tight when")
    note = anchor("describe", home, start, start + len("tight when the approximate posterior"))
    there = {"text": "Elsewhere. " + words + "So the gap is a divergence. ", "labels": []}
    found = anchor("locate", note, [{"text": filler, "labels": []}, there])
    assert found["page"] == 1
    assert there["text"][found["start"] : found["end"]] == note["quote"]
