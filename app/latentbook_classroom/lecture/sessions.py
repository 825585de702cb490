"""The running classes, in memory: all data for phones and the projector.

Permanent data is in the store before it is here.
"""

import asyncio
import gzip
import hashlib
import json
import math
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from starlette.concurrency import run_in_threadpool

from latentbook.http.caching import strong_etag
from latentbook.http.logs import log
from latentbook.http.problems import Problem, wrong_field
from latentbook.settings import Settings
from latentbook_classroom.lecture import store
from latentbook_classroom.lecture.blocks import Block, ClassData, NotAccepted, class_data_of
from latentbook_classroom.lecture.settings import ClassSettings
from latentbook_classroom.lecture.store import Store, StoredAsking, StoredLecture, StoredRound

LETTERS = "23456789CDFGHJKMNPQRTVWXY"
"""Of codes: no vowels, so that no words appear, and no characters that look alike."""

CODE_LENGTH = 6
MAX_LECTURES = 50
MAX_CHANGES = 100
"""Per answer."""

HERE_S = 10
"""A phone that has not polled for this long counts as gone: five polls."""

SWEEP_S = 30


@dataclass
class TokenBucket:
    """A rate limit shared by all clients: 500 phones in a lecture hall may share one address.

    It allows ``most`` at once and then ``rate`` per second; ``refusal`` is the error text.
    """

    most: float
    rate: float
    refusal: str
    _left: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        self._left = self.most
        self._at = time.monotonic()

    def require(self) -> None:
        """Raise a :class:`Problem` (429, with the seconds to wait) unless a token is left."""
        now = time.monotonic()
        self._left = min(self.most, self._left + self.rate * (now - self._at))
        self._at = now
        if self._left < 1:
            seconds = math.ceil((1 - self._left) / self.rate)
            raise Problem(429, self.refusal, headers={"Retry-After": str(seconds)})

    def take(self) -> None:
        self.require()
        self._left -= 1


@dataclass(frozen=True)
class CachedJSON:
    """A response for all phones as JSON, plain and compressed."""

    body: bytes
    gzipped: bytes
    etag: str


def cached_json(value: Any) -> CachedJSON:
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return CachedJSON(body, gzip.compress(body, mtime=0), strong_etag(body))


@dataclass
class Lecture:
    """One class, with state that is not stored."""

    stored: StoredLecture
    block: Block | None = None
    results: list[list[Any]] | None = None
    seen: dict[int, float] = field(default_factory=dict)
    news: CachedJSON = field(default_factory=lambda: cached_json({}))
    question: CachedJSON = field(default_factory=lambda: cached_json({}))

    @property
    def code(self) -> str:
        return self.stored.code

    def asked(self) -> StoredAsking:
        if self.stored.asking is None:
            raise Problem(409, "Nothing is asked now.")
        return self.stored.asking

    def round(self, round_id: int) -> StoredRound:
        now = self.asked().rounds[-1]
        if now.id != round_id:
            raise Problem(409, "This round is over.")
        return now

    def phase(self) -> str:
        """``revealed`` once the answers have been read: pages then ask for them."""
        if self.results is not None:
            return "revealed"
        return "closed" if self.asked().rounds[-1].closed else "open"

    def seat(self, tokens: list[str]) -> tuple[int, int] | None:
        """The id and number of the seat that belongs to one of these tokens."""
        for token in tokens:
            if (found := self.stored.seats.get(hash_of(token))) is not None:
                self.seen[found[0]] = time.monotonic()
                return found
        return None

    def here(self) -> int:
        """Number of phones that have polled within the last ``HERE_S`` seconds."""
        since = time.monotonic() - HERE_S
        return sum(at > since for at in self.seen.values())


class Sessions:
    """All classes of this server.

    A request that a class does not allow raises a :class:`Problem`, which is the reply.
    """

    def __init__(self, settings: Settings, kept: Store) -> None:
        self.data = ClassData(class_data_of(settings.served_site))
        self.store = kept
        mine = settings.of(ClassSettings)
        self.hours, self.most_seats = mine.class_hours, mine.class_max_phones
        tried = "Too many wrong codes were tried. Wait a moment and try again."
        self.guesses = TokenBucket(300, 5, tried)
        joining = "Too many phones are joining at once. Wait a moment and try again."
        self.new_seats = TokenBucket(600, 10, joining)
        self.lectures: dict[str, Lecture] = {}
        self.ended: set[str] = set()
        self.lock = asyncio.Lock()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Load the classes that were running when the server stopped, and end classes on time."""
        for stored in await self.store.run(store.lectures):
            lecture = self.lectures[stored.code] = Lecture(stored)
            asked = stored.asking
            try:
                if asked is not None:
                    lecture.block = await self.block(asked.label, asked.wanted)
                await self.tell(lecture)
            except Exception:  # one question must not prevent the site from being served
                log.exception("A class goes on without its question", label=asked and asked.label)
                await self.store.run(store.put_away, stored.id)
                stored.asking = lecture.block = None
                await self.tell(lecture)
        sweeping = asyncio.create_task(self.sweep())
        try:
            yield
        finally:
            sweeping.cancel()
            with suppress(asyncio.CancelledError):
                await sweeping
            await run_in_threadpool(self.store.close)

    async def sweep(self) -> None:
        while True:
            for lecture in list(self.lectures.values()):
                if lecture.stored.ends_at < time.time():
                    with suppress(Problem):  # its lecturer has just ended it
                        await self.end(lecture)
            await asyncio.sleep(SWEEP_S)

    def lecture(self, code: str) -> Lecture:
        if (found := self.lectures.get(code)) is not None:
            return found
        if code in self.ended:
            raise Problem(410, "This class has ended.")
        raise Problem(404, "There is no class with this code.")

    def seated(self, code: str, tokens: list[str]) -> tuple[Lecture, int]:
        """A class and a phone's seat in it. A phone with a seat is never rate limited."""
        lecture = self.lectures.get(code)
        if lecture is not None and (seat := lecture.seat(tokens)) is not None:
            return lecture, seat[0]
        if code in self.ended:
            raise Problem(410, "This class has ended.")
        self.guesses.take()
        self.lecture(code)
        raise Problem(403, "This phone has no seat in this class yet.")

    async def start(self) -> Lecture:
        if len(self.lectures) >= MAX_LECTURES:
            raise Problem(409, f"At most {MAX_LECTURES} classes are held at once. End one first.")
        code = "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))
        while code in self.lectures or code in self.ended:
            code = "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))
        ends_at = time.time() + 3600 * self.hours
        lecture = Lecture(await self.store.run(store.start_lecture, code, ends_at))
        self.lectures[code] = lecture
        await self.tell(lecture)
        return lecture

    async def end(self, lecture: Lecture) -> None:
        """Delete a class: nothing of it remains in the file."""
        async with self.turn(lecture):
            del self.lectures[lecture.code]
            self.ended.add(lecture.code)
            await self.store.forget(lecture.stored.id)

    @asynccontextmanager
    async def turn(self, lecture: Lecture) -> AsyncIterator[None]:
        """Allow one change of a class at a time, and none after its end."""
        async with self.lock:
            if self.lectures.get(lecture.code) is not lecture:
                raise Problem(410, "This class has ended.")
            yield

    async def sit(self, code: str, tokens: list[str]) -> tuple[str, dict[str, Any]]:
        """Let a phone join, and return the token of its seat, its number and its answer.

        Parameters
        ----------
        tokens : those that the phone has; a new seat belongs to the last one
        """
        if code not in self.lectures:
            if code not in self.ended:
                self.guesses.take()
            self.lecture(code)
        lecture = self.lectures[code]
        if (seat := lecture.seat(tokens)) is None:
            self.guesses.require()  # otherwise the replies would reveal which codes are right
            seat = await self.new_seat(lecture, tokens)
        answered = None
        if (asked := lecture.stored.asking) is not None:
            latest = asked.rounds[-1].id
            found = await self.store.run(store.answer_of, latest, seat[0])
            answered = found and {"round": latest, "change": found[0], "value": found[1]}
        held = next(each for each in tokens if lecture.stored.seats.get(hash_of(each)) == seat)
        return held, {"seat": seat[1], "answered": answered}

    async def new_seat(self, lecture: Lecture, tokens: list[str]) -> tuple[int, int]:
        if not lecture.stored.doors_open:
            raise Problem(403, "The lecturer lets no more phones in.")
        async with self.turn(lecture):
            if (seat := lecture.seat(tokens)) is not None:  # requested twice at once
                return seat
            if len(lecture.stored.seats) >= self.most_seats:
                raise Problem(403, f"All {self.most_seats} seats of this class are taken.")
            self.new_seats.take()
            hashed = hash_of(tokens[-1])
            seat = await self.store.run(store.take_seat, lecture.stored.id, hashed)
            lecture.stored.seats[hashed] = seat
            lecture.seen[seat[0]] = time.monotonic()
            return seat

    async def ask(self, lecture: Lecture, label: str, wanted: str) -> None:
        block = await self.block(label, wanted)
        async with self.turn(lecture):
            asked = await self.store.run(store.ask, lecture.stored.id, label, wanted)
            lecture.stored.asking, lecture.block = asked, block
            await self.tell(lecture)

    async def block(self, label: str, wanted: str) -> Block:
        """A block of the present site that can be asked in this way."""
        blocks = await run_in_threadpool(self.data.blocks)
        if (block := blocks.get(label)) is None:
            raise wrong_field("label", "There is no such question or instrument in the book.")
        ways = [way.wanted for way in block.ways]
        if wanted not in ways:
            message = f"Accepted: {', '.join(map(repr, ways))}. Received {wanted[:80]!r}."
            raise wrong_field("wanted", message)
        return block

    async def again(self, lecture: Lecture, round_id: int) -> None:
        async with self.turn(lecture):
            lecture.round(round_id)
            asked = lecture.asked()
            opened = await self.store.run(store.open_round, asked.id)
            for each in asked.rounds:
                each.closed = True
            asked.rounds.append(opened)
            asked.revealed = False
            await self.tell(lecture)

    async def close(self, lecture: Lecture, round_id: int) -> None:
        async with self.turn(lecture):
            now = lecture.round(round_id)
            await self.store.run(store.close_round, now.id)
            now.closed = True
            await self.tell(lecture)

    async def reveal(self, lecture: Lecture, round_id: int) -> None:
        async with self.turn(lecture):
            now = lecture.round(round_id)
            asked, block = lecture.asked(), lecture.block
            if block is not None and block.opens:  # it may have opened since it was asked
                blocks = await run_in_threadpool(self.data.blocks)
                lecture.block = blocks.get(asked.label, block)
            await self.store.run(store.reveal, asked.id)
            now.closed = asked.revealed = True
            await self.tell(lecture)

    async def put_away(self, lecture: Lecture) -> None:
        async with self.turn(lecture):
            await self.store.run(store.put_away, lecture.stored.id)
            lecture.stored.asking = lecture.block = None
            await self.tell(lecture)

    async def set_doors(self, lecture: Lecture, are_open: bool) -> None:
        async with self.turn(lecture):
            await self.store.run(store.set_doors, lecture.stored.id, are_open)
            lecture.stored.doors_open = are_open

    async def answer(
        self, lecture: Lecture, seat: int, round_id: int, change: int, value: Any
    ) -> None:
        """Store an answer or change it. A repeated message changes nothing."""
        now = lecture.round(round_id)
        if change <= now.changes.get(seat, 0):
            return
        if change > MAX_CHANGES:
            raise wrong_field("change", f"An answer can be changed {MAX_CHANGES} times.")
        asked, block = lecture.asked(), lecture.block
        assert block is not None
        try:
            kept = block.way(asked.wanted).accept(value)
        except NotAccepted as error:
            raise wrong_field("value", str(error)) from error
        if now.closed or not await self.store.run(store.put_answer, round_id, seat, change, kept):
            raise Problem(409, "This round is over.")
        now.changes[seat] = max(change, now.changes.get(seat, 0))

    async def tell(self, lecture: Lecture) -> None:
        asked, block = lecture.stored.asking, lecture.block
        lecture.results = None
        if asked is None or block is None:
            lecture.news = cached_json({"asking": None})
            return
        now = asked.rounds[-1]
        shown = block.shown(asked.wanted, revealed=asked.revealed)
        lecture.question = await run_in_threadpool(cached_json, shown)
        if asked.revealed:
            lecture.results = [
                await self.store.run(store.answers, each.id) for each in asked.rounds
            ]
        news = {
            "asking": asked.id,
            "round": now.id,
            "nth": len(asked.rounds),
            "phase": lecture.phase(),
        }
        if lecture.results is not None and block.way(asked.wanted).to_phones:
            news["results"] = lecture.results
        lecture.news = cached_json(news)

    async def question(self, lecture: Lecture, asking: int) -> CachedJSON:
        async with self.turn(lecture):  # the overview may know of a question that is being prepared
            if lecture.asked().id != asking:
                raise Problem(409, "The question has changed.")
            return lecture.question

    def overview(self, lecture: Lecture) -> dict[str, Any]:
        """Data for the lecturer's page and the projector, without answers."""
        asked = lecture.stored.asking
        state: dict[str, Any] = {
            "code": lecture.code,
            "here": lecture.here(),
            "seats": len(lecture.stored.seats),
            "doors_open": lecture.stored.doors_open,
            "ends_at": lecture.stored.ends_at,
            "asking": None,
        }
        if asked is None:
            return state
        return {
            **state,
            "asking": asked.id,
            "label": asked.label,
            "wanted": asked.wanted,
            "phase": lecture.phase(),
            "opens": lecture.block.opens if lecture.block else "",
            "rounds": [
                {"id": each.id, "opened_at": each.opened_at, "answers": len(each.changes)}
                for each in asked.rounds
            ],
        }

    def results(self, lecture: Lecture) -> list[list[Any]]:
        """All answers of each round, in an order that does not reveal whose they are."""
        if lecture.results is None:
            raise Problem(409, "The answers are not revealed.")
        return lecture.results


def hash_of(token: str) -> bytes:
    """SHA-256 of a token or key; only this is stored."""
    return hashlib.sha256(token.encode()).digest()
