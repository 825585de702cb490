"""Code that exits, crashes or never ends: reported with its line, without hiding other errors."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from latentbook.base.cache import Cache
from latentbook.base.errors import BookErrors
from latentbook.base.files import Files
from latentbook.book.compose import author_code
from latentbook.book.compose.author_code import AuthorCode, Reply
from latentbook.book.compose.javascript import EngineError
from latentbook.book.compose.media import Media
from latentbook.book.compose.plots import Plots
from latentbook.book.compose.stills import StillError, Stills
from latentbook.book.directives.figure import PLOT
from latentbook.book.overlay.merge import open_project
from latentbook.book.read.nodes import DirectiveNode
from latentbook.http.site_files import SiteFiles
from latentbook.serving.fault import Fault
from latentbook.serving.reload import Reload
from latentbook.settings import Settings
from latentbook_authoring.check.book import check_book

from .conftest import HEAD, MakeBook

FATAL = [
    ("import sys\nsys.exit(0)", "fails: SystemExit: 0"),
    ("import os\nos._exit(0)", "ends Python with exit status 0"),
    ("x = 1\nwhile True: pass", "takes longer than {limit} s"),
    ("import ctypes\nctypes.string_at(0)", "crashes Python (Segmentation fault)"),
]
"""Each fails in its second line, which is known unless Python exits at once."""

CELL = "```{{code-cell}} python\n:label: {label}\n:title: A snippet\n{more}\n{code}\n```\n"
LIMIT, LONG = 2, 60
"""Time limits in seconds: for code that never ends, and for all other code."""


@pytest.fixture(autouse=True)
def _process_has_time_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(author_code, "GRACE_S", 300)


def mistakes(make_book: MakeBook, text: str) -> list[str]:
    settings = make_book({"sample/text.md": HEAD + text})
    run = AuthorCode.ask

    def ask(code: AuthorCode, request: Mapping[str, Any]) -> Reply:
        code.seconds = LIMIT if "while True" in json.dumps(request) else LONG
        return run(code, request)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(BookErrors) as caught:
        patch.setattr(AuthorCode, "ask", ask)
        check_book(open_project(settings), record=True, report=lambda message: None)
    return [str(error) for error in caught.value.errors]


def told(text: str, code: str, block: str, message: str) -> str:
    """The message at the code's second line, or at its block's if the line is unknown."""
    place = block if "_exit" in code else code.split("\n")[1]
    line = (HEAD + text).split(place)[0].count("\n") + 1
    return f"content/sample/text.md:{line}: {message}"


@pytest.mark.parametrize(("code", "message"), FATAL)
def test_a_plot(code: str, message: str, make_book: MakeBook) -> None:
    text = f"\n```{{plot}} A\n:alt: B\n\n{code}\n```\n\n{{eq}}`nowhere`\n"
    found = mistakes(make_book, text)
    assert found[0] == told(text, code, "```{plot}", f"the plot {message.format(limit=LIMIT)}")
    assert "no label 'nowhere'" in found[1]


@pytest.mark.parametrize(("code", "message"), FATAL)
@pytest.mark.parametrize("more", ["", ":read-only:\n:needs: json\n"])
def test_a_snippet_or_a_listing(code: str, message: str, more: str, make_book: MakeBook) -> None:
    first = CELL.format(label="first", more="", code="y = 2")
    broken = CELL.format(label="broken", more=more, code=code)
    last = CELL.format(label="last", more="", code="assert y == 2\n1 / 0")
    found = mistakes(make_book, f"\n{first}{broken}{last}")
    block = broken.split("\n:title")[0]
    message = f"broken {message.format(limit=LIMIT)}"
    assert found[0] == told(f"\n{first}{broken}", code, block, message)
    # Names defined before the crash exist after it.
    assert found[1].endswith("last fails: ZeroDivisionError: division by zero")
    assert len(found) == 2


@pytest.mark.parametrize("part", ["solution", "mistake"])
@pytest.mark.parametrize(("code", "message"), FATAL)
def test_an_answer(code: str, message: str, part: str, make_book: MakeBook) -> None:
    answers = {"solution": "a = 1", "mistake": "a = 2", part: code}
    text = f"""
::::{{quiz}} code
:label: q-one

Let `a` be one.

```{{code-cell}} python
a = 0
```

```{{check}} python
assert a == 1, "Not one."
```

```{{solution}} python
{answers["solution"]}
```

```{{mistake}} Not one
{answers["mistake"]}
```

:::{{answer}}
One.
:::
::::
"""
    found = mistakes(make_book, text)
    if "sys" in code and part == "mistake":
        assert "the mistake gets a message without 'Not one': 'SystemExit: 0'" in found[0]
        return
    name = "the solution of q-one" if part == "solution" else "a mistake of q-one"
    block = f"```{{{part}}}"
    assert found == [told(text, code, block, f"{name} {message.format(limit=LIMIT)}")]


TOY = """
import numpy as np

from widgets.contract import Frame, Instrument, Plot, Readout, Slider
from widgets.kit.figures import axis, figure, line

instrument = Instrument(
    name="toy",
    title="Toy",
    challenge="Turn it.",
    controls=(Slider("a", "A", default=1.0),),
    readouts=(Readout("a", "A"),),
)


def compute(*, a):
    pass
    return {"a": a}


def frame(result):
    x = np.linspace(0, 1, 3)
    curve = figure([line(x, x, "#1d1c1a")], axis(0, 1, "x"), axis(0, 1, "y"))
    return Frame(readouts=result, panels=[Plot("curve", curve, "A line.")])
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "pass",
            "while True: pass",
            f"morph at this state takes longer than {LIMIT} s",
        ),
        ("pass", "import os; os._exit(0)", "morph at this state ends Python with exit status 0"),
        ("pass", "a / 0", "morph at this state fails: ZeroDivisionError: "),
        ("import numpy", "def f(:\nimport numpy", "morph fails: SyntaxError: invalid syntax"),
        (
            "import numpy",
            "if a:\n\tb\n        c\nimport numpy",
            "morph fails: TabError: inconsistent use of tabs and spaces in indentation",
        ),
        ("pass", "np.ones(1 << 34)", "morph at this state fails: MemoryError: "),
        (
            "import numpy",
            "while True: pass\nimport numpy",
            f"morph takes longer than {LIMIT} s",
        ),
        ("import numpy", "raise SystemExit(0)\nimport numpy", "morph fails: SystemExit: 0"),
        (
            "result,",
            'result["b"],',
            "morph at this state fails: KeyError: 'b': does compute return",
        ),
        ("return Frame(", "return dict(", "ContractError: frame returned dict; accepted: a Frame"),
        ("readouts=result", "readouts={}", "The frame has no readout a, which the instrument"),
    ],
)
def test_an_instrument(
    old: str, new: str, said: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Replace one of the book's, in a copy of ``widgets`` that the author's process imports."""
    shutil.copytree(root / "widgets", tmp_path / "widgets")
    monkeypatch.syspath_prepend(tmp_path)
    text = TOY.replace(old, new, 1)
    (tmp_path / "widgets" / "morph.py").write_text(text)
    engine, media = SimpleNamespace(script=""), Media()
    with closing(AuthorCode(LIMIT if "while True" in new else LONG)) as code:
        stills = Stills(code, engine, media, Files.of(tmp_path / "widgets"), Cache(tmp_path))  # type: ignore[arg-type]
        with pytest.raises(StillError, match=re.escape(said)) as failed:
            stills.instrument("morph")
            stills.frame("morph", {"a": 0.0}, "morph")
    places = {"while True": "", "a / 0": "", "def f(:": "", 'result["b"]': ""}
    places["readouts={}"] = "def frame"  # nothing in the file fails
    for code, starts in places.items():
        if code in new:
            line = 1 + text[: text.index(starts or code)].count("\n")
            assert str(failed.value).startswith(f"widgets/morph.py:{line}: ")


def test_a_figure_that_is_not_drawn_is_told_at_its_instrument(root: Path, tmp_path: Path) -> None:
    def refuse(*figure: object) -> None:
        raise EngineError("layout.yaxis.range is [0, 0]; accepted: two different numbers")

    engine, file = SimpleNamespace(script="", draw_svg=refuse), root / "widgets" / "bottleneck.py"
    line = file.read_text().split("\ndef frame(")[0].count("\n") + 2
    with closing(AuthorCode(LONG)) as code:
        stills = Stills(code, engine, Media(), Files.of(root / "widgets"), Cache(tmp_path))  # type: ignore[arg-type]
        state = stills.instrument("bottleneck").defaults()
        with pytest.raises(StillError) as failed:
            stills.frame("bottleneck", state, "b")
    assert str(failed.value).startswith(f"widgets/bottleneck.py:{line}: in the figure of the panel")
    assert "'spectrum', layout.yaxis.range is [0, 0]" in str(failed.value)


SLIDER, CHOICE = 'Slider("a", "A", default=1.0)', 'Choice("a", "A", {"x": "X"}, "x")'


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (SLIDER.replace(")", ", step=0)"), "a runs from 0 to 1 in steps of 0; accepted: min below"),
        (SLIDER.replace(")", ", max=-2.0)"), "a runs from 0 to -2 in steps of 1; accepted: min"),
        (SLIDER.replace(")", ", step=1e-6)"), "a has 1,000,000 steps; accepted: 10,000 at most"),
        (SLIDER.replace("1.0", "9.0"), "The default of a is 9.0; accepted: a step of the slider"),
        (SLIDER.replace(")", ', format="%.1f")'), 'The format of a is "%.1f"; accepted: a Python'),
        (SLIDER.replace(")", ', when=("data", "x"))'), "a counts only when 'data' is chosen; acc"),
        (CHOICE.replace('{"x": "X"}', '["x"]'), "The options of a are ['x']; accepted: a dict"),
        (SLIDER, "name is 'toy'; accepted: 'morph'"),
    ],
)
def test_a_wrong_declaration_is_told_at_its_line(
    new: str, said: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is checked before anything is made from it."""
    text = TOY.replace(SLIDER, new).replace("Slider\n", "Slider, Choice\n")
    if "name is" not in said:
        text = text.replace('"toy"', '"morph"')
    shutil.copytree(root / "widgets", tmp_path / "widgets")
    (tmp_path / "widgets" / "morph.py").write_text(text)
    made: dict[str, object] = {}
    exec(text, made)
    monkeypatch.setattr("latentbook.book.compose.stills.get", lambda name: SimpleNamespace(**made))
    part = "instrument =" if "name is" in said else new[:10]
    line = text[: text.index(part)].count("\n") + 1
    engine = SimpleNamespace(script="")
    with closing(AuthorCode(LONG)) as code:
        stills = Stills(code, engine, Media(), Files.of(tmp_path / "widgets"), Cache(tmp_path))  # type: ignore[arg-type]
        with pytest.raises(StillError) as failed:
            stills.instrument("morph")
    assert str(failed.value).startswith(f"widgets/morph.py:{line}: morph: {said}")


@pytest.mark.parametrize(
    ("defined", "told"),
    [
        ({"instrument": 1, "frame": 1}, "must define instrument, compute, frame; it lacks compute"),
        ({"instrument": 1, "frame": 1, "compute": 1}, "must set instrument to an Instrument"),
    ],
)
def test_a_file_without_an_instrument(
    defined: dict[str, int],
    told: str,
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = SimpleNamespace(**defined)
    monkeypatch.setattr("latentbook.book.compose.stills.get", lambda name: module)
    engine, media = SimpleNamespace(script=""), Media()
    with closing(AuthorCode(20)) as code:
        stills = Stills(code, engine, media, Files.of(root / "widgets"), Cache(tmp_path))  # type: ignore[arg-type]
        with pytest.raises(StillError, match=f"morph.py {told}"):
            stills.instrument("morph")


def test_memory_has_a_limit(make_book: MakeBook) -> None:
    code = "import numpy as np\nnp.ones(1 << 34)"
    text = CELL.format(label="large", more="", code=code)
    (found,) = mistakes(make_book, "\n" + text)
    assert "large fails: MemoryError: Unable to allocate 128. GiB" in found.replace("numpy.", "")


class Counting:
    """Fake author's process that records the code of every request."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def ask(self, request: dict[str, str]) -> dict[str, object]:
        self.asked.append(request["code"])
        return {"type": "done", "value": {"data": [], "layout": {}}, "outputs": []}


def plot(code: str) -> DirectiveNode:
    return DirectiveNode(1, PLOT, "A", {}, code=code)


def test_a_plot_is_made_again_only_when_it_has_changed(tmp_path: Path) -> None:
    process = Counting()
    for code in ("a", "a", "b"):
        Plots(process, Files.of(tmp_path), Cache(tmp_path)).figure(plot(code))  # type: ignore[arg-type]
    assert process.asked == ["a", "b"]
    for path in tmp_path.iterdir():
        data = bytearray(path.read_bytes())
        data[-2] ^= 1
        path.write_bytes(data)
    figure = Plots(process, Files.of(tmp_path), Cache(tmp_path)).figure(plot("a"))  # type: ignore[arg-type]
    assert figure == {"data": [], "layout": {}}
    assert process.asked == ["a", "b", "a"]


def test_no_zero_in_a_plot_has_a_sign(tmp_path: Path) -> None:
    code = "figure = {'data': [], 'layout': {'annotations': [{'text': f'{-1e-9:.1f} to -0.5'}]}}"
    with closing(AuthorCode(30)) as process:
        figure = Plots(process, Files.of(tmp_path), Cache(tmp_path)).figure(plot(code))
    assert figure["layout"]["annotations"][0]["text"] == "0.0 to -0.5"


def test_the_server_lives(make_book: MakeBook, small_runtime: None) -> None:
    """``serve --reload`` builds in the server's process: a plot must not end it."""
    text = "\n```{plot} A\n:alt: B\n\nimport os\nos._exit(3)\n```\n"
    settings: Settings = make_book({"sample/text.md": HEAD + text})
    drafts = settings.model_copy(update={"reload": True})
    (mistake,) = Reload(drafts, Fault(SiteFiles(drafts.site))).build(())
    assert mistake.endswith("the plot ends Python with exit status 3")
