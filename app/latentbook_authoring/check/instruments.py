"""Check instruments against their contract."""

from contextlib import closing
from functools import partial

import widgets
from latentbook.book.compose.author_code import AuthorCode, call, explained
from latentbook.book.compose.stills import instrument_file
from latentbook_authoring.check.contract import faults
from latentbook_authoring.check.session import Session


def check_instruments(session: Session) -> None:
    """Check a course's instruments against their contract, and the book's own only at rest."""
    own = () if session.settings.course else widgets.WIDGETS
    seconds = session.settings.code_timeout
    with closing(AuthorCode(seconds, root=session.settings.root)) as code:
        for name in session.loaded.overlay.instruments:
            check_instrument(session, code, name, seconds / 2)
        for name in own:
            session.kept(partial(check_instrument, session, code, name, 0), "rest", name)


def check_instrument(session: Session, code: AuthorCode, name: str, seconds: float) -> bool:
    """Check one instrument; with 0 ``seconds``, only at rest."""
    place = instrument_file(session.project.widgets, name)
    reply = code.ask(call(faults, widget=name, seconds=seconds))
    if reply["type"] == "failed":
        session.problems.add(place, reply["line"] or 1, f"{name} {explained(reply)}")
        return False
    for fault in reply["value"]["faults"]:
        session.problems.add(place, fault["line"] or 1, f"{name} {fault['message']}")
    if seconds and (untried := reply["value"]["untried"]):
        session.report(
            f"{place}: {untried} settings of {name} are not tried, because it takes "
            f"more than {seconds:g} s to compute the others"
        )
    return True
