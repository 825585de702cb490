"""An equation as a line of plain text, for search results and word counts."""

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from markupsafe import Markup

SUBSCRIPTS = dict(
    zip("0123456789aehijklmnoprstuvx+−=()", "₀₁₂₃₄₅₆₇₈₉ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ₊₋₌₍₎", strict=True)
)
SUPERSCRIPTS = dict(zip("0123456789ijknx+−=()⊤′", "⁰¹²³⁴⁵⁶⁷⁸⁹ⁱʲᵏⁿˣ⁺⁻⁼⁽⁾ᵀ′", strict=True))
ACCENTS = {"^": "\u0302", "~": "\u0303", "ˉ": "\u0304", "¯": "\u0304", "˙": "\u0307"}
SPACED = set("=≠<>≤≥≈∼≡∝→←↦⇒⇔∈∉⊂⊆×·⋅⊙+−±≪≫")
BRACE = "⏟"
APPLIED = "\u2061"  # between a function's name and its argument
UNSEEN = re.compile("[\u2062-\u2064\u200b]")
SIGN = re.compile(r"(^|[(\[=<>≤≥≈∼→·⋅×+−/,∣]\s*)− ")  # of a number, not between two operands
LOOSE = re.compile(r"(?<=[(\[]) | (?=[.,;)\]])")  # spaces inside brackets or before punctuation
ONE_THING = re.compile(r"[\d.]+|.[\u0300-\u036f]*[₀-ₜ⁰-ⁿᵢⱼ²³ᵏ]*|")


Node: TypeAlias = list[Any]
"""An element of MathML: its tag, then its children, elements and text in order."""


EMPTY = Markup()


@dataclass(frozen=True)
class Formula:
    """An equation: its TeX, which needs no macros, and its markup and MathML once typeset."""

    tex: str
    html: Markup = EMPTY
    math: Node = field(default_factory=lambda: ["math"])

    def __html__(self) -> Markup:
        return self.html

    @cached_property
    def words(self) -> str:
        return math_words(self.math)


def math_words(node: Node) -> str:
    """A line of text for MathML as KaTeX writes it: ``x̂ᵢ = f(z)``, ``1/2``, ``√(a + b)``."""
    text = " ".join(UNSEEN.sub("", _text(node)).split())
    return SIGN.sub(r"\1−", LOOSE.sub("", text))


def _text(node: Node) -> str:
    tag, *children = node
    parts = [child for child in children if isinstance(child, list)]
    match tag, len(parts):
        case "mphantom", _:
            return ""
        case "mspace", _:
            return " "
        case (("mo" | "mi"), _):
            return _symbol("".join(child for child in children if isinstance(child, str)))
        case "mfrac", 2:
            return "/".join(map(_grouped, parts)) + " "
        case "msqrt", _:
            return f"√{_grouped(['mrow', *parts])}"
        case "msub", 2:
            return _text(parts[0]) + _low(parts[1])
        case "msup", 2:
            return _text(parts[0]) + _high(parts[1])
        case "msubsup" | "munderover", 3:
            return _text(parts[0]) + _low(parts[1]) + _high(parts[2])
        case "mover", 2:
            return _over(parts[0], _text(parts[1]).strip())
        case "munder", 2:
            below = _text(parts[1]).strip()
            if below == BRACE:
                return _text(parts[0])
            return _text(parts[0]) + (_low(parts[1]) if len(below) == 1 else f" ({below})")
        case (("mtr" | "mtable"), _):
            return " ".join(map(_text, parts))
        case _:
            return "".join(child if isinstance(child, str) else _text(child) for child in children)


def _symbol(sign: str) -> str:
    """Add spaces around an operator, and before and after the name of a function."""
    if sign in SPACED:
        return f" {sign} "
    if sign == APPLIED:
        return " "
    if len(sign) > 1 and sign.islower():
        return f" {sign}"
    return f"{sign} " if sign in {",", ";"} else sign


def _grouped(node: Node) -> str:
    """Return the text of a node, in brackets if it is more than one thing."""
    text = _text(node).strip()
    return text if ONE_THING.fullmatch(text) else f"({text})"


def _low(node: Node) -> str:
    return _shifted(_text(node), SUBSCRIPTS, "_")


def _high(node: Node) -> str:
    return _shifted(_text(node), SUPERSCRIPTS, "^")


def _shifted(text: str, letters: dict[str, str], mark: str) -> str:
    """Write text in raised or lowered letters if they exist, else after ``mark``."""
    text = text.replace(" ", "")
    if all(character in letters for character in text):
        return "".join(letters[character] for character in text)
    return f"{mark}{text}" if text.isalnum() else f"{mark}({text})"


def _over(base: Node, above: str) -> str:
    """Add an accent, or put other letters and digits above an expression after it in brackets."""
    text = _text(base)
    if above in ACCENTS:
        return text + ACCENTS[above]
    return f"{text} ({above})" if above.isalnum() else text
