"""Withheld content appears nowhere in a site, opens on time and disappears when hidden again."""

from __future__ import annotations

import gzip
import io
import json
import re
import threading
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from html import unescape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import brotli  # type: ignore[import-untyped]
import pytest
from PIL import Image
from playwright.sync_api import expect, sync_playwright

from latentbook.base.datafile import Toml
from latentbook.base.errors import BookErrors, Problems
from latentbook.book.build import build_site, is_due
from latentbook.book.load import load
from latentbook.book.overlay.merge import open_project
from latentbook.book.read.day import written
from latentbook.book.read.project import days_of
from latentbook.book.read.schedule import DatedFile, read_days
from latentbook.book.write.assets import bundle
from latentbook.book.write.prefill import fill
from latentbook.book.write.render import Renderer
from latentbook.cli import say_what_is_due, say_what_opens
from latentbook.settings import Settings
from tests.chromium import launch

from .conftest import BOOK, FACTS, HEAD, OPENING, REFERENCES, MakeBook

BEFORE = datetime(2026, 11, 30, 12, tzinfo=UTC)
AFTER = datetime(2026, 12, 2, 12, tzinfo=UTC)
ZONE = 'time_zone = "Europe/Berlin"\n'
TWO = BOOK.replace(
    'chapters = [{ number = 2, slug = "sample" }]',
    'chapters = [{ number = 2, slug = "sample" }]\n\n'
    '[[parts]]\ntitle = "Canary-part"\n'
    'chapters = [{ number = 3, slug = "canary-chapter" }]\n\n'
    '[[parts]]\ntitle = "End"\nchapters = [{ number = 4, slug = "last" }]',
)
"""Everything that must not be found contains ``canary`` and the name of its kind."""

CHAPTER_3 = """\
---
title: Canary-title
standfirst: A canary-standfirst.
level: Canary-level
builds_on: [sample]
description: A canary-description.
sections: [canary-inner]
---

How the canary-opening goes, with {cite}`kingma2014`.
"""
CLOSED_TEXT = """\
---
title: A canary-heading
description: The canary-about.
---

Said in a canary-paragraph, with a note.[^n] SEE

[^n]: In the canary-margin.

## A canary-subheading

$$\\mathrm{canaryequation} + \\zeta$$ (canary-eq)

{term}`canaryterm` is known, says {cite}`kingma2014`.

:::{fact} canary-fact
:::

![A canary-alt](canary.png)

```{code-cell} python
:label: canary-LABEL
:title: Canary-snippet

canary_variable = 1
```

::::{quiz} true-false
:label: canary-q-LABEL
:answer: true

Is it a canary-question?

:::{answer}
A canary-reason.
:::
::::

:::{recall} A canary-card?
:label: r-canary-LABEL

A canary-back.
:::
"""
QUESTION = """\
::::{{quiz}} true-false
:label: {0}
:answer: true

Is this {0}?

:::{{hint}}
A {0}-hint.
:::
:::{{answer}}
A {0}-reason, by {{cite}}`kingma2014`.
:::
::::
"""
CARD = """\
:::{{recall}} Is this {0}?
:label: r-{0}
:of: {1}

It is {0}.
:::
"""
ANSWERS = """\
::::{quiz} number
:label: q-number
:answer: 4242.5
:tolerance: 0.125

How many?

:::{wrong} 777.25
Canary-wrong.
:::
:::{hint}
Look twice.
:::
:::{answer}
Canary-number.

$$\\mathrm{canary}$$ (canary-worked)
:::
::::

::::{quiz} choice
:label: q-choice

Which?

- [ ] First

  Canary-feedback.
- [x] Second,
  over two lines

  Canary-praise.

:::{answer}
Canary-choice.
:::
::::

::::{quiz} code
:label: q-code

Write it.

```{code-cell} python
def double(x):
    ...
```

```{check} python
assert double(2) == 4, "canary-check"
```

```{solution} python
def double(x):  # canary-solution
    return 2 * x
```

```{mistake} canary
def double(x):
    return x
```

:::{answer}
Canary-code.
:::
::::

::::{quiz} guess
:label: q-guess
:tolerance: 0.125

Where?

```{sketch} python
:alt: An empty axis.
:alt-revealed: A canary-truth.

from widgets.contract import DATA_1
from widgets.kit.figures import axis, figure as drawing, line

answer = 0.5
axes = axis(0, 1, "x"), axis(0, 1, "y")
figure = drawing([], *axes)
truth = drawing([line([0, 0.5], [0, 1], DATA_1)], *axes)
```

:::{answer}
Canary-guess.
:::
::::
"""
OPEN_TEXT = f"""{HEAD}
Text, then {{ref}}`canary-section`, {{eq}}`canary-eq`, [words](canary-section.md),
[more words](#canary-q) and [](#canary-q). {{term}}`known` is known.

$$k$$ (before)

{QUESTION.format("canary-q")}

{QUESTION.format("canary-draft")}

$$k$$ (after)

```{{code-cell}} python
:label: shown
:title: Shown

print(1)
```

{ANSWERS}

{CARD.format("open", "text")}

{CARD.format("canary-opens-later", "canary-section")}

{CARD.format("canary-answered-later", "q-choice")}
"""
DAYS = """
[schedule]
"canary-chapter" = "hidden"
"canary-section" = 2026-12-01T08:00:00
"canary-q" = 2026-12-01T08:00:00+01:00
"canary-draft" = "draft"

[schedule.answers]
"q-number" = 2026-12-01T08:00:00
"q-choice" = 2026-12-01T08:00:00
"q-code" = 2026-12-01T08:00:00
"q-guess" = 2026-12-01T08:00:00
"""


def picture(path: Path) -> None:
    Image.new("RGB", (40, 30), (200, 30, 90)).save(path)


@pytest.fixture
def book(make_book: MakeBook, small_runtime: None, tmp_path: Path) -> Settings:
    return canary_book(make_book, tmp_path, DAYS)


def canary_book(make_book: MakeBook, tmp_path: Path, days: str) -> Settings:
    last = OPENING.replace("Sample", "Last").replace("[text]", "[]")
    images = tmp_path / "content" / "sample" / "images"
    images.mkdir(parents=True, exist_ok=True)
    picture(images / "canary.png")
    other = tmp_path / "content" / "canary-chapter" / "images"
    other.mkdir(parents=True, exist_ok=True)
    picture(other / "canary.png")
    return make_book(
        {
            "book.toml": ZONE + TWO + days,
            "sample/index.md": OPENING.replace("[text]", "[canary-section, text]"),
            "sample/canary-section.md": CLOSED_TEXT.replace("LABEL", "a").replace("SEE", ""),
            "sample/text.md": OPEN_TEXT,
            "canary-chapter/index.md": CHAPTER_3,
            "canary-chapter/canary-inner.md": CLOSED_TEXT.replace("LABEL", "b")
            .replace("SEE", "See {ref}`canary-draft`.")
            .replace("(canary-eq)", "(canary-other)"),
            "last/index.md": f"{last}\nThe end.\n",
            "references.bib": REFERENCES.replace("Auto-Encoding", "Canary-Encoding"),
            "facts.toml": FACTS
            + FACTS.replace("plane", "canary-fact").replace("optimum", "canary-claim"),
            "glossary.toml": '[terms]\nknown = "What is known."\n'
            'canaryterm = "A canary-meaning, from {cite}`kingma2014`."\n',
            "notation.toml": '[[symbols]]\ntex = "k"\nwords = "width"\n\n'
            '[[symbols]]\ntex = "\\\\zeta"\nwords = "canary-symbol"\n',
        }
    )


def built(settings: Settings, now: datetime) -> Path:
    return build_site(open_project(settings), report=lambda message: None, now=now)


def plain_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of every file, decompressed if necessary."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            formats = {".br": brotli.decompress, ".gz": gzip.decompress, ".apkg": collection_of}
            unpack = formats.get(path.suffix)
            yield path.relative_to(folder).as_posix(), unpack(data) if unpack else data


def collection_of(package: bytes) -> bytes:
    return zipfile.ZipFile(io.BytesIO(package)).read("collection.anki2")


def canaries(folder: Path) -> set[str]:
    """Canaries found in file names and file contents."""
    found = set()
    for name, data in plain_files(folder):
        for text in (name.encode(), data):
            found |= {each.decode().lower() for each in re.findall(rb"(?i)canary[-\w]*", text)}
    return found


def keys_in(html: str) -> list[dict[str, Any]]:
    """Data on each question that the scripts receive."""
    return [json.loads(unescape(key)) for key in re.findall(r'data-key="([^"]*)"', html)]


def test_what_is_not_open_is_nowhere(book: Settings, tmp_path: Path) -> None:
    alone = tmp_path / "build"  # without files from other tests' books
    alone.mkdir()
    fill(alone / "cache", book.build / "cache")  # but not the record of its site
    folder = built(book.model_copy(update={"build": alone}), BEFORE)
    assert canaries(folder) == set()
    pictures = [name for name, _ in plain_files(folder) if name.endswith(".png")]
    assert all("icon" in name for name in pictures)
    for name, said in plain_files(folder):
        if not name.startswith("assets/"):
            for told in (b"4242.5", b"777.25", b"Welling", "ζ".encode(), b"[x]", "☑".encode()):
                assert told not in said, name


def test_it_opens_at_its_moment_and_nothing_else_moves(book: Settings) -> None:
    def page(now: datetime) -> str:
        return (built(book, now) / "sample" / "text" / "index.html").read_text()

    early, folder = page(BEFORE), built(book, AFTER)
    late = page(AFTER)
    found = canaries(folder)
    assert {"canary-card", "canary-opens-later", "canary-answered-later"} <= found
    assert {"canary-paragraph", "canary-margin", "canary-number", "canary-truth"} <= found
    assert "ζ".encode() in b"".join(data for _, data in plain_files(folder))
    assert [name for name, _ in plain_files(folder) if "canary" in name and "assets/" in name]
    assert {"canary-claim", "canary-meaning", "canary-symbol", "canary-encoding"} <= found
    never = {"canary-draft", "canary-title", "canary-inner", "canary-part", "canary-description"}
    assert not found & never
    numbers = re.compile(r"Question \d\.\d|\\tag|\(\d\.\d\)|Eq\.\W\d\.\d|<h1.*?</h1>")
    asked = re.findall(r'<section class="quiz" id="([^"]+)"[^>]*aria-label="([^"]+)"', early)
    assert dict(asked).get("q-number") == "Question 2.4", asked
    assert set(numbers.findall(early)) <= set(numbers.findall(late))
    assert 'href="../../last/"' in early and "<span>4</span>" not in late


def test_what_is_hidden_again_is_gone_from_the_kept_edition(
    book: Settings, make_book: MakeBook, tmp_path: Path
) -> None:
    assert canaries(built(canary_book(make_book, tmp_path, ""), AFTER))
    assert canaries(built(canary_book(make_book, tmp_path, DAYS), BEFORE)) == set()


def test_references_to_what_opens_later_say_when(book: Settings) -> None:
    folder = built(book, BEFORE)
    html = (folder / "sample" / "text" / "index.html").read_text()
    opens = "(opens Tue 1 Dec 2026 08:00 CET)"
    for words in (
        "<span>section\N{NO-BREAK SPACE}2.1</span>",
        "<span>Eq.\N{NO-BREAK SPACE}2.1</span>",
        "<a>words</a>",
        "<a>more words</a>",
        "<a>question\N{NO-BREAK SPACE}2.2</a>",
    ):
        assert f"{words} {opens}" in html
    text = (folder / "sample" / "sample.ipynb").read_text()
    for words in ("section\xa02.1", "Eq.\xa02.1", "words", "more words", "question\xa02.2"):
        assert f"{words} {opens}" in text
    assert "(opens" not in (built(book, AFTER) / "sample" / "text" / "index.html").read_text()


def test_the_address_of_what_opens_later_says_when(book: Settings) -> None:
    said = "More of the book opens on"
    page = (built(book, BEFORE) / "404.html").read_text()
    assert said in page
    assert ">Tue 1 Dec 2026 08:00 CET</time>. " in page
    assert said not in (built(book, AFTER) / "404.html").read_text()


def test_a_question_without_its_answer_says_when_that_opens(book: Settings) -> None:
    html = (built(book, BEFORE) / "sample" / "text" / "index.html").read_text()
    for label in ("q-number", "q-choice", "q-code", "q-guess"):
        found = re.search(rf'<section class="quiz" id="{label}".*?</section>', html, re.DOTALL)
        assert found
        (key,) = keys_in(found[0])
        assert " data-opens " in found[0] and key.keys() <= {"unit", "log"}
        assert '<time datetime="2026-12-01T08:00:00+01:00">Tue 1 Dec 2026 08:00 CET' in found[0]
        assert ('<details class="hint">' in found[0]) == (label == "q-number")
    late = (built(book, AFTER) / "sample" / "text" / "index.html").read_text()
    assert "data-opens" not in late
    assert len(keys_in(late)) == 5
    assert all({"answer", "check"} & key.keys() for key in keys_in(late))


def test_an_author_sees_drafts_and_they_are_marked(book: Settings) -> None:
    drafts = book.model_copy(update={"reload": True})
    html = (built(drafts, BEFORE) / "sample" / "text" / "index.html").read_text()
    assert "canary-draft-reason" in html and html.count('class="draft"') == 1
    assert "canary-q-reason" not in html


def test_what_is_not_open_is_still_checked(book: Settings) -> None:
    page = book.content / "canary-chapter" / "canary-inner.md"
    page.write_text(page.read_text() + "\n{cite}`nobody` and {ref}`nowhere`.\n")
    with pytest.raises(BookErrors) as caught:
        load(book, BEFORE)
    assert [error.path.name for error in caught.value.errors] == ["canary-inner.md"] * 2


@pytest.mark.parametrize(
    ("file", "says"),
    [("sample/text.md", "canary-draft"), ("sample/canary-section.md", "canary-chapter")],
)
def test_references_to_what_no_moment_opens_are_refused(
    file: str, says: str, book: Settings
) -> None:
    """This includes a text that opens later: the build would fail then."""
    page = book.content / file
    text = page.read_text()
    page.write_text(f"{text}\n{{ref}}`{says}`\n")
    with pytest.raises(BookErrors) as caught:
        load(book, BEFORE)
    word = "a draft" if says == "canary-draft" else "hidden"
    line = next(
        number
        for number, line in enumerate((book.content / "book.toml").read_text().split("\n"), 1)
        if line.startswith(f'"{says}" =')
    )
    assert str(caught.value) == (
        f"content/{file}:{text.count(chr(10)) + 2}: {says!r} is {word} "
        f"(content/book.toml:{line}), and what refers to it is not"
    )


def test_a_snippet_keeps_its_output_while_one_before_it_is_not_open(book: Settings) -> None:
    from latentbook_authoring.check.book import check_book

    check_book(open_project(book), record=True, report=lambda message: None)
    folder = built(book, BEFORE)
    for output in json.loads((folder / "sample" / "sample.ipynb").read_text())["cells"]:
        if output.get("outputs"):
            assert output["outputs"][0]["text"] == "1\n"
            break
    else:
        pytest.fail("no output")
    assert canaries(folder) == set()


def test_a_site_is_due_once_something_in_it_has_opened(book: Settings) -> None:
    built(book, BEFORE)
    assert not is_due(book, BEFORE)
    assert is_due(book, AFTER)
    built(book, AFTER)
    assert not is_due(book, AFTER)


def test_what_opens_next(book: Settings) -> None:
    opening = days_of(book.content).next(BEFORE)
    assert str(opening) == (
        "canary-section, canary-q, answer of q-number, answer of q-choice, answer of q-code, "
        "answer of q-guess, Tue 1 Dec 2026 08:00 CET"
    )
    assert days_of(book.content).next(AFTER) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "[schedule]\na = 2026-12-01T08:00:00\n",
            "2: a opens at a local time, 2026-12-01T08:00:00, but of no zone: write "
            'time_zone = "Europe/Berlin" above the tables, or 2026-12-01T08:00:00+01:00',
        ),
        (
            f"{ZONE}[schedule]\n'a' = 2026-03-29T02:30:00\n",
            "3: 2026-03-29T02:30:00 does not exist in Europe/Berlin, where clocks are changed "
            "then: write the offset, 2026-03-29T02:30:00+01:00 or +02:00",
        ),
        (
            f"{ZONE}[schedule.answers]\na = 2026-10-25T02:30:00\n",
            "3: 2026-10-25T02:30:00 comes twice in Europe/Berlin, where clocks are changed then: "
            "write the offset, 2026-10-25T02:30:00+02:00 or +01:00",
        ),
        (
            f"{ZONE}[schedule]\na = 2026-12-01\n",
            "3: a opens at a time, like 2026-12-01T08:00:00, or is 'draft' or 'hidden'; "
            "got '2026-12-01'. Write the time, too.",
        ),
        (
            "[schedule]\n\na = 'later'\n",
            "3: a opens at a time, like 2026-12-01T08:00:00, or is 'draft' or 'hidden'; "
            "got 'later'.",
        ),
        (
            "time_zone = 'Europe/Berln'\n",
            "1: time_zone must name a zone, like 'Europe/Berlin'; got 'Europe/Berln'. "
            "Did you mean 'Europe/Berlin'?",
        ),
        ("schedule = 5\n", "1: schedule must be a table, [schedule]; got 5"),
    ],
)
def test_mistakes_in_the_days(text: str, says: str) -> None:
    problems = Problems()
    file = Toml(text, problems.of(Path("book.toml")))
    read_days(file, file.checked(DatedFile))
    (error,) = problems.errors
    assert str(error).startswith(f"book.toml:{says}")


def test_labels_of_nothing(make_book: MakeBook) -> None:
    days = "[schedule]\ntexts = 'hidden'\n[schedule.answers]\ntext = 'hidden'\n"
    with pytest.raises(BookErrors) as caught:
        load(make_book({"book.toml": BOOK + days}), BEFORE)
    line = BOOK.count("\n")
    assert str(caught.value) == (
        f"content/book.toml:{line + 2}: 'texts' is not a chapter, section or question of the book. "
        "Did you mean 'text'? Accepted: sample, text.\n"
        f"content/book.toml:{line + 4}: 'text' is not a question of the book. There are none yet."
    )


def test_an_offset_is_shown_in_the_zone_of_the_book() -> None:
    text = f"{ZONE}[schedule]\na = 2026-07-01T06:00:00Z\n"
    file = Toml(text, Problems().of(Path("book.toml")))
    days = read_days(file, file.checked(DatedFile))
    moment = days.places["a"].moment
    assert moment is not None and written(moment) == "Wed 1 Jul 2026 08:00 CEST"


def test_files_of_instruments_that_only_stand_in_what_is_not_open(make_book: MakeBook) -> None:
    closed = ":::{instrument} transfer_curve\n:label: curve\n:::\n"
    days = "\n[schedule]\nlater = 'hidden'\n"
    files = {
        "book.toml": BOOK + days,
        "sample/index.md": OPENING.replace("[text]", "[text, later]"),
        "sample/text.md": f"{HEAD}\n:::{{instrument}} bottleneck\n:label: neck\n:::\n",
        "sample/later.md": f"{HEAD}\n{closed}",
        "references.bib": Path("content/references.bib").read_text(),
    }
    settings = make_book(files)
    apart = load(settings).apart
    assert "widgets/transfer_curve.py" in apart
    assert {"widgets/data/transfer.npz", "widgets/data/transfer.json"} <= apart
    assert not {name for name in apart if "bottleneck" in name or "mnist" in name}


def test_the_command_line_says_what_opens_next(
    book: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (book.content / "book.toml").write_text(
        ZONE + BOOK + "[schedule]\ntext = 2026-12-01T08:00:00\n"
    )
    monkeypatch.setattr("latentbook.book.read.day.right_now", lambda: BEFORE)
    say_what_opens(book, "a static copy needs a build then")
    monkeypatch.setattr("latentbook.book.read.day.right_now", lambda: AFTER)
    say_what_opens(book, "a static copy needs a build then")
    assert capsys.readouterr().out == (
        "Opens next: text, Tue 1 Dec 2026 08:00 CET; a static copy needs a build then\n"
    )


def test_a_server_that_writes_nothing_says_what_it_lacks(
    book: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    built(book, BEFORE)
    monkeypatch.setattr("latentbook.book.read.day.right_now", lambda: BEFORE)
    say_what_is_due(book)
    assert capsys.readouterr().out == ""
    monkeypatch.setattr("latentbook.book.read.day.right_now", lambda: AFTER)
    say_what_is_due(book)
    assert capsys.readouterr().out == (
        "Something has opened since the site was built: `latentbook build` shows it\n"
    )


def test_what_is_not_open_is_not_printed(book: Settings) -> None:
    assets = bundle(book)

    def paper(now: datetime) -> str:
        return Renderer(load(book, now).book, assets, {}, "", "/").paper()

    early = paper(BEFORE)
    assert "canary" not in early.lower()
    assert early.count("The answer opens on") == 4
    assert "Canary-number" in paper(AFTER)


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@pytest.mark.browser
def test_an_answer_is_kept_until_it_can_be_checked(book: Settings) -> None:
    folder = built(book, BEFORE)
    handler = partial(QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, sync_playwright() as playwright:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = launch(playwright.chromium)
        page = browser.new_context(service_workers="block").new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/sample/text/")
        choice, code = page.locator("#q-choice"), page.locator("#q-code")
        for quiz in (choice, code):
            quiz.scroll_into_view_if_needed()
        check = choice.get_by_role("button", name="Save my answer")
        check.click()
        expect(choice.locator("[data-feedback]")).to_have_text("Give an answer first.")
        choice.get_by_label("Second").check()
        check.click()
        expect(choice.locator("[data-feedback]")).to_contain_text("is saved in this browser")
        code.get_by_role("button", name="Save my answer").click()
        expect(code.locator("[data-feedback]")).to_contain_text("is saved in this browser")
        page.reload()
        choice.scroll_into_view_if_needed()
        expect(choice.get_by_label("Second")).to_be_checked()
        built(book, AFTER)
        page.reload()
        choice.scroll_into_view_if_needed()
        expect(choice.get_by_label("Second")).to_be_checked()
        expect(choice.locator("[data-verdict]")).to_have_count(0)
        choice.get_by_role("button", name="Check").click()
        expect(choice).to_have_attribute("data-state", "right")
        expect(choice.locator("[data-feedback]")).to_contain_text("Right.")
        page.reload()
        choice.scroll_into_view_if_needed()
        expect(choice.locator('[data-verdict="right"]')).to_have_count(1)
        browser.close()
        server.shutdown()
