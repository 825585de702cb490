"""Targets of labels, and how the text refers to them."""

from dataclasses import dataclass
from pathlib import Path

from latentbook.book.compose.pieces import Address
from latentbook.book.read.contents import page_label
from latentbook.book.translations.language import Language, message

FIXED_SPACE = "\N{NO-BREAK SPACE}"

RESULTS = {
    "definition": message("Definition %(number)s"),
    "theorem": message("Theorem %(number)s"),
    "lemma": message("Lemma %(number)s"),
    "proposition": message("Proposition %(number)s"),
    "corollary": message("Corollary %(number)s"),
    "remark": message("Remark %(number)s"),
    "example": message("Example %(number)s"),
    "axiom": message("Axiom %(number)s"),
    "conjecture": message("Conjecture %(number)s"),
    "criterion": message("Criterion %(number)s"),
    "property": message("Property %(number)s"),
    "observation": message("Observation %(number)s"),
    "assumption": message("Assumption %(number)s"),
    "exercise": message("Exercise %(number)s"),
}
"""Numbered results of mathematics: the directive, and its name on the page and in a sentence."""

REFERENCES = {
    "chapter": message("chapter %(number)s"),
    "section": message("section %(number)s"),
    "equation": message("equation %(number)s"),
    "figure": message("figure %(number)s"),
    "instrument": message("instrument %(number)s"),
    "snippet": message("snippet %(number)s"),
    "question": message("question %(number)s"),
    "problem": message("problem %(number)s"),
    "table": message("table %(number)s"),
    "proof": message("proof"),
    **RESULTS,
}
"""How a sentence refers to a numbered thing."""


@dataclass(frozen=True)
class Target:
    """Something with a label. ``number`` is empty if it has none."""

    kind: str  # one of REFERENCES, or the name of a directive
    number: str
    label: str
    page: str  # ``autoencoders/compress``; empty for the front page
    title: str
    path: Path
    line: int
    outside: str | None = ""  # URL of the other book that contains it, if any; None: unknown

    @property
    def is_page(self) -> bool:
        return self.label == page_label(self.page)

    @property
    def address(self) -> Address:
        return Address(self.page, "" if self.is_page else self.label, self.outside)

    def name(self, language: Language) -> str:
        """How the text refers to it: 'section 2.1', or its title if it has no number.

        The title of a proof does not name it: 'Proof of Theorem 2.1' is itself a reference.
        """
        if self.title and (self.outside != "" or not self.number) and self.kind != "proof":
            return self.title  # an outside target has another book's number
        words = REFERENCES.get(self.kind, f"{self.kind} %(number)s")
        return self.numbered(words, language)

    def numbered(self, words: str, language: Language) -> str:
        """Fill in its number, with no-break spaces; if outside, add that it is another book's."""
        name = language.translate(words, number=self.number).strip()
        if not self.number:
            return name
        name = name.replace(" ", FIXED_SPACE)
        if self.outside == "":
            return name
        return language.translate("%(name)s of the complete book", name=name)
