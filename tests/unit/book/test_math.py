"""Equations: KaTeX's HTML and MathML, the book's notation, and the line of a mistake."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from latentbook.book.compose.javascript import Engine, EngineError, shared_engine
from latentbook.book.compose.math import BrokenTex, Mathematics, Notation
from latentbook.book.write.assets import engine_script
from latentbook.settings import Settings

MACROS = {
    "xhat": r"\hat{\mathbf{x}}",
    "loss": r"\mathcal{L}",
    "norm": "|#1|",
    "pair": r"\langle #1, #2 \rangle",
    "argmin": r"\operatorname*{argmin}",
}


@pytest.fixture(scope="module")
def engine(root: Path, shared_build: Path) -> Engine:
    return shared_engine(engine_script(Settings(root=root, build=shared_build)))


@pytest.fixture
def mathematics(engine: Engine) -> Mathematics:
    return Mathematics(engine, Notation(MACROS))


def mathml(html: str) -> ET.Element:
    match = re.search(r"<math.*</math>", html, re.DOTALL)
    assert match is not None
    return ET.fromstring(match[0])


NAMESPACE = "{http://www.w3.org/1998/Math/MathML}"


def test_an_equation_has_mathml_and_html_hidden_from_screen_readers(
    mathematics: Mathematics,
) -> None:
    html = mathematics.set(r"\frac{1}{2} \lVert x \rVert").html
    root = mathml(html)
    fraction = root.find(f".//{NAMESPACE}mfrac")
    assert fraction is not None
    assert [child.text for child in fraction] == ["1", "2"]
    assert "∥" in "".join(root.itertext())
    assert '<span class="katex-html" aria-hidden="true">' in html


def test_display_mathematics_says_so(mathematics: Mathematics) -> None:
    assert mathml(mathematics.set("x", display=True).html).get("display") == "block"
    assert mathml(mathematics.set("x").html).get("display") is None


def test_macros_are_replaced_as_whole_commands() -> None:
    notation = Notation({"x": r"\mathbf{x}"})
    assert notation.expand(r"\x + \xi + x") == r"{\mathbf{x}} + \xi + x"


@pytest.mark.parametrize(
    ("tex", "same"),
    [
        (r"\norm{\norm{\xhat}}", r"{|{|{\hat{\mathbf{x}}}|}|}"),
        (r"\norm \alpha x", r"{|\alpha|} x"),
        (r"\pair{a_{1}}2", r"{\langle {a_{1}}, 2 \rangle}"),
        (r"\argmin_x", r"\operatorname*{argmin}_x"),
    ],
)
def test_macros_may_have_arguments(mathematics: Mathematics, tex: str, same: str) -> None:
    made, expected = (mathematics.set(each, display=True).words for each in (tex, same))
    assert made == expected


def test_a_macro_means_what_it_stands_for(mathematics: Mathematics) -> None:
    assert mathematics.set(r"\xhat = 1") == mathematics.set(r"{\hat{\mathbf{x}}} = 1")


@pytest.mark.parametrize(
    ("tex", "line", "words"),
    [
        (r"\frac{1}{", 0, "at its end"),
        ("a = b \\\\\nc = \\nope + d", 1, r"before '\\nope + d'"),
        ("\n\n  x^2^3\n", 2, "Double superscript"),
        (r"\xhat\xhat\nope", 0, "at position 10"),
        (r"\norm{\nope}", 0, "define it in [macros]"),
        (r"\newcommand{\R}{\mathbb{R}}", 0, "define it in [macros]"),
        (r"\begin{aligned} a", 0, r"\end at its end"),
        ("50% of x", 0, "%"),
    ],
)
def test_broken_tex_says_where(mathematics: Mathematics, tex: str, line: int, words: str) -> None:
    with pytest.raises(BrokenTex) as caught:
        mathematics.set(tex)
    assert caught.value.line == line
    assert words in caught.value.message


def test_a_figure_outside_the_subset_is_refused(engine: Engine) -> None:
    with pytest.raises(EngineError, match="pie"):
        engine.draw_svg({"data": [{"type": "pie"}], "layout": {}}, 600, "id", "A pie.")
