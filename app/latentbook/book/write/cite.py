"""Citations of a section in BibTeX."""

from latentbook.book.compose.types import Book, Section

SPECIAL = str.maketrans(
    {
        **{character: f"\\{character}" for character in "&%$#_"},
        "\\": r"\textbackslash{}",
        "{": r"\textbraceleft{}",  # an escaped brace would count as a brace
        "}": r"\textbraceright{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
    }
)


def bibtex(book: Book, section: Section) -> str:
    """An entry for BibTeX and biblatex, without an address if the book has none."""
    fields = {
        "author": " and ".join(map(_author, section.authors)),
        "title": f"{{{escaped(section.title)}}}",  # braces keep its capitals
        "booktitle": f"{{{escaped(book.title)}}}",
        "chapter": section.number,
        "edition": escaped(book.edition),
        "year": f"{book.released:%Y}" if book.released else "",
        "month": f"{book.released:%m}" if book.released else "",
        "url": f"{book.url}{section.place}/" if book.url else "",
    }
    lines = [f"  {key} = {{{value}}}" for key, value in fields.items() if value]
    return ",\n".join([f"@incollection{{{section.place.replace('/', ':')}", *lines])


def _author(name: str) -> str:
    """A person as written, ``Family, Given``; a group in braces, so that it is not split."""
    is_person = "," in name and " and " not in name
    return escaped(name) if is_person else f"{{{escaped(name)}}}"


def escaped(text: str) -> str:
    return text.translate(SPECIAL)
