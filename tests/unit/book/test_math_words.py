"""Equations as a line of text, made from KaTeX's tree."""

from __future__ import annotations

from pathlib import Path

import pytest
from markdown_it.token import Token

from latentbook.book.compose.javascript import Engine, shared_engine
from latentbook.book.compose.pieces import Text, plain
from latentbook.book.write.assets import engine_script
from latentbook.settings import Settings


@pytest.fixture(scope="module")
def engine(root: Path, shared_build: Path) -> Engine:
    return shared_engine(engine_script(Settings(root=root, build=shared_build)))


@pytest.mark.parametrize(
    ("tex", "words"),
    [
        (r"\hat{\mathbf{x}}_i = g_\phi(\mathbf{z}_i)", "x̂ᵢ = g_ϕ(zᵢ)"),
        (r"W \in \mathbb{R}^{k \times d}", "W ∈ R^(k×d)"),
        (r"V = W^\top", "V = Wᵀ"),
        (r"\mu = -\frac12", "μ = −1/2"),
        (r"c = \frac{d}{2} \log (2 \pi s^2)", "c = d/2 log (2πs²)"),
        (r"\frac{a + b}{2 c}", "(a + b)/(2c)"),
        (r"\sqrt{a}, \sqrt{a + b}", "√a, √(a + b)"),
        (r"-\log p(\mathbf{x} \mid \mathbf{z})", "−log p(x∣z)"),
        (r"\lVert \mathbf{x} - \mathbf{x}' \rVert^2", "∥x − x′∥²"),
        (r"\sum_{j=1}^{15} j", "∑ⱼ₌₁¹⁵j"),
        (r"\mathcal{L}_{\mathrm{DAE}}", "L_DAE"),
        (r"\underbrace{a}_{\text{price of the code}}", "a (price of the code)"),
        (r"\begin{aligned} a &= b \\ &= c. \end{aligned}", "a = b = c."),
    ],
)
def test_words_of_an_equation(engine: Engine, tex: str, words: str) -> None:
    equation = Token("math_inline", "math", 0, content=tex, meta={"math": engine.katex(tex, False)})
    assert Text((plain("So "), equation, plain(" holds."))).words == f"So {words} holds."
