"""Compare recall cards with those that their authors have accepted."""

from latentbook.book.read.card_records import (
    BOOK_CARDS,
    CARDS,
    card_hash,
    edition_of,
    read_cards,
    updated,
    write_cards,
)
from latentbook.book.read.day import right_now
from latentbook.book.read.source import ChapterSource
from latentbook_authoring.check.session import Session


def check_cards(session: Session, source: ChapterSource, *, record: bool) -> None:
    """Report cards that differ from those that their authors have accepted."""
    for page in source.pages:
        report = session.problems.of(page.path)
        for card in page.cards:
            then, edition = source.card_records.get(card.label), edition_of(card)
            if then is not None and edition < then.edition:
                report.add(
                    card.line,
                    f"{card.label} has edition {edition}, but {then.edition} is recorded: the "
                    "number of an edition only rises",
                )
            elif record:
                continue
            elif then is None:
                message = f"the card {card.label} is not recorded: run this check with --record"
                report.add(card.line, message)
            elif edition == then.edition and card_hash(card) != then.source:
                report.add(
                    card.line,
                    f"the card {card.label} has changed: if readers who knew it still do, run "
                    f"this check with --record; if not, write :edition: {edition + 1}",
                )


def record_cards(session: Session, source: ChapterSource) -> None:
    cards = [card for page in source.pages for card in page.cards]
    made = updated(source.card_records, cards, right_now().date())
    place = f"{source.entry.slug}/{BOOK_CARDS}"
    book = read_cards(session.project.files, place, session.project.report(place))
    own = {label: each for label, each in made.items() if each != book.get(label)}
    write_cards(session.content / source.entry.slug / CARDS, own)
