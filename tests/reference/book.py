"""A plain book: each venue's last quote, what we took of it, and what of it can be traded on."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

import numpy as np

from sor_opt.market.book import BookParams
from sor_opt.market.tape import FloatArray, Quotes

DUST = 1e-9
"""The fraction of a size up to which a rest is rounding and counts as nothing."""


@dataclass(frozen=True)
class Row:
    """One quote from a buyer's side; a size of 0 is an empty side."""

    ts: int
    venue: int
    bid: float
    bid_size: float
    ask: float
    ask_size: float


def read_rows(quotes: Quotes, side: str) -> list[Row]:
    """Clean the quotes, and mirror them for sell orders."""
    columns = (quotes.bid, quotes.bid_size, quotes.ask, quotes.ask_size)
    rows = []
    for ts, venue, *numbers in zip(
        quotes.ts.tolist(), quotes.venue.tolist(), *(c.tolist() for c in columns), strict=True
    ):
        bid, bid_size, ask, ask_size = numbers
        bid_size = bid_size if _whole(bid, bid_size) else 0.0
        ask_size = ask_size if _whole(ask, ask_size) else 0.0
        if bid_size and ask_size and bid >= ask:
            bid_size = ask_size = 0.0
        if side == "buy":
            rows.append(Row(ts, venue, bid, bid_size, ask, ask_size))
        else:
            rows.append(Row(ts, venue, -ask, ask_size, -bid, bid_size))
    return rows


def _whole(price: float, size: float) -> bool:
    return math.isfinite(price) and math.isfinite(size) and price > 0 and size > 0


@dataclass
class Level:
    """One side of a venue's last quote, and the shares that we took of it."""

    price: float = 0.0
    size: float = 0.0
    taken: float = 0.0
    taken_at: int = 0

    def left(self, in_flight: float = 0.0) -> float:
        """What is still displayed, less what is on its way to take some of it."""
        rest = self.size - (self.taken + in_flight)
        return 0.0 if rest <= DUST * self.size else rest

    def take(self, shares: float, now: int) -> None:
        """Take some of it."""
        self.taken += shares
        self.taken_at = now

    def show(self, price: float, size: float) -> None:
        """Show a new quote."""
        self.price, self.size = price, size

    def forget(self) -> None:
        """Show again what we took."""
        self.taken = 0.0


@dataclass
class Venue:
    """A venue's last quote; `ts` is None before the first one."""

    ts: int | None = None
    bid: Level = field(default_factory=Level)
    ask: Level = field(default_factory=Level)

    def side(self, shares: float) -> Level:
        """What buying takes from; selling, where shares are negative."""
        return self.ask if shares > 0 else self.bid


@dataclass(frozen=True)
class Look:
    """The book at one moment, K venues.

    Attributes
    ----------
    condition : {"tradable", "empty", "crossed", "wide"}
    bid, bid_left, ask, ask_left : float64 ndarray, shape (K,)
        `left` is what is displayed within the band and not taken.
    best_bid, best_ask : float
        Of what is displayed; NaN on an empty book.
    """

    condition: str
    bid: FloatArray
    bid_left: FloatArray
    ask: FloatArray
    ask_left: FloatArray
    best_bid: float
    best_ask: float

    @property
    def mid(self) -> float:
        """Dollars per share."""
        return (self.best_bid + self.best_ask) / 2


class Book:
    """The last quotes of K venues under the rules of a `BookParams`."""

    def __init__(self, venues: int, params: BookParams) -> None:
        self.venues = [Venue() for _ in range(venues)]
        self.params = params

    def apply(self, row: Row) -> None:
        """Take over one row."""
        REFILLS[self.params.refill](self, row)
        venue = self.venues[row.venue]
        venue.ts = row.ts
        venue.bid.show(row.bid, row.bid_size)
        venue.ask.show(row.ask, row.ask_size)

    def look(self, now: int, in_flight: Sequence[float] | None = None) -> Look:
        """Consolidate what is live, less the shares that are on their way to each ask."""
        nothing = [0.0] * len(self.venues)
        live = [self.is_live(venue, now) for venue in self.venues]
        bids = [venue.bid for venue in self.venues]
        asks = [venue.ask for venue in self.venues]
        best_bid = max(
            (level.price for level, here in zip(bids, live, strict=True) if here and level.size),
            default=math.nan,
        )
        best_ask = min(
            (level.price for level, here in zip(asks, live, strict=True) if here and level.size),
            default=math.nan,
        )
        mid = (best_bid + best_ask) / 2
        band = self.params.band
        reach = math.inf if band is None else band / 1e4 * (1 + DUST) * abs(mid)
        condition = _condition(best_bid, best_ask, reach)

        def is_stub(level: Level) -> bool:
            return condition == "tradable" and abs(level.price - mid) > reach

        def left(levels: list[Level], in_flight: Sequence[float]) -> FloatArray:
            shown = [
                0.0 if not here or is_stub(level) else level.left(shares)
                for level, here, shares in zip(levels, live, in_flight, strict=True)
            ]
            return np.array(shown)

        return Look(
            condition,
            np.array([level.price for level in bids]),
            left(bids, nothing),
            np.array([level.price for level in asks]),
            left(asks, in_flight or nothing),
            best_bid,
            best_ask,
        )

    def is_live(self, venue: Venue, now: int) -> bool:
        """Whether a venue has a quote that is not too old."""
        age = self.params.max_quote_age
        return venue.ts is not None and (age is None or now - venue.ts <= age)


class Quoted:
    """A book, and the rows that are still to reach it, each by its venue's delay later.

    Parameters
    ----------
    book : Book
    rows : list of Row
        Of the order's day.
    delays : list of int, length K
        Nanoseconds.
    start, deadline : int
        Of the order; what has reached the book by its start stands there.
    """

    def __init__(
        self, book: Book, rows: list[Row], delays: list[int], start: int, deadline: int
    ) -> None:
        self.book = book
        standing = {row.venue: row for row in rows if row.ts + delays[row.venue] <= start}
        for row in standing.values():
            book.apply(row)
        later = ((row.ts + delays[row.venue], row) for row in rows)
        self._later = sorted((r for r in later if start < r[0] <= deadline), key=itemgetter(0))
        self._applied = 0

    @property
    def times(self) -> list[int]:
        """When rows reach the book after the start."""
        return [ts for ts, _ in self._later]

    def advance(self, now: int) -> None:
        """Apply what has reached the book by now."""
        while self._applied < len(self._later) and self._later[self._applied][0] <= now:
            self.book.apply(self._later[self._applied][1])
            self._applied += 1


def _condition(best_bid: float, best_ask: float, reach: float) -> str:
    if math.isnan(best_bid) or math.isnan(best_ask):
        return "empty"
    if best_bid > best_ask:
        return "crossed"
    return "wide" if best_ask - best_bid > reach else "tradable"


def _by_price(book: Book, row: Row) -> None:
    """Shares stay gone while their price is shown without a break, and for the memory at most."""
    venue, memory = book.venues[row.venue], book.params.refill_memory
    for level, price, size in (
        (venue.bid, row.bid, row.bid_size),
        (venue.ask, row.ask, row.ask_size),
    ):
        unbroken = level.size > 0 and size > 0 and level.price == price
        if not unbroken or (memory is not None and row.ts - level.taken_at > memory):
            level.forget()


def _by_update(book: Book, row: Row) -> None:
    """Shares stay gone until the venue's next quote."""
    book.venues[row.venue].bid.forget()
    book.venues[row.venue].ask.forget()


def _by_snapshot(book: Book, row: Row) -> None:
    """Shares stay gone until any venue's next quote."""
    for venue in book.venues:
        venue.bid.forget()
        venue.ask.forget()


REFILLS: dict[str, Callable[[Book, Row], None]] = {
    "price": _by_price,
    "update": _by_update,
    "every-snapshot": _by_snapshot,
}
