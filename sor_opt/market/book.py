"""The book: each venue's last quote, what of it is live and displayed, and what we took from it.

There is one, compiled: the replay, the windows of the past and the quality of a tape look at it.
Each side of a quote stands alone. Own executions never move the best bid and ask: these come from
what is displayed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np

from sor_opt.compiled import compiled
from sor_opt.errors import ConfigError, quoted
from sor_opt.market.feed import Feed
from sor_opt.market.tape import SECOND, FloatArray, IntArray

DUST = 1e-9
"""What remains of a size, as a fraction of it, and counts as nothing: rounding leaves as much."""

Refill = Literal["price", "update", "every-snapshot"]

_PRICE, _UPDATE, _EVERY_SNAPSHOT = range(3)

TRADABLE, EMPTY, CROSSED, WIDE = range(4)
"""The condition of a consolidated book: it can be traded on, or a side is empty, or some venue bids
more than another asks, or the best bid and ask are further apart than the band."""

_BPS = 1e4
_NO_LIMIT = -1


@dataclass(frozen=True)
class BookParams:
    """Which quotes count, and when shares that we took are displayed again.

    Parameters
    ----------
    max_quote_age : int, optional
        Nanoseconds after which a venue's quote is left out, > 0; None (off) suits full feeds.
    band : float, optional
        Basis points of the mid, > 0. A book whose best bid and ask are further apart is wide:
        nothing trades on it and no mid is taken from it. Otherwise a side further than this from
        the mid is not displayed (a stub quote). None turns it off.
    refill : {"price", "update", "every-snapshot"}
        Shares that we took are gone while the venue shows their price, which a new price or a
        side that was empty in between ends ("price"); until the venue's next quote ("update");
        or until any venue's next quote ("every-snapshot", the naive rule, for comparison).
    refill_memory : int, optional
        With "price", nanoseconds after our last execution there from which on a new quote at the
        same price shows all of its size, > 0; None: never.

    Raises
    ------
    ConfigError
        If a number is out of its range, or the rule is unknown.
    """

    max_quote_age: int | None = None
    band: float | None = 100.0
    refill: Refill = "price"
    refill_memory: int | None = None

    def __post_init__(self) -> None:
        for name in ("max_quote_age", "refill_memory"):
            limit = getattr(self, name)
            if limit is not None and limit <= 0:
                raise ConfigError(f"{name} must be > 0, got {limit / SECOND:g}s")
        if self.band is not None and not 0 < self.band < np.inf:
            raise ConfigError(f"band must be > 0 basis points, or none, got {self.band:g}")
        if self.refill not in get_args(Refill):
            known = ", ".join(get_args(Refill))
            raise ConfigError(f"refill must be one of {known}, got {quoted(self.refill)}")
        if self.refill_memory is not None and self.refill != "price":
            raise ConfigError("refill_memory goes with the refill rule price alone")

    @property
    def rules(self) -> BookRules:
        """The parameters as compiled code reads them."""
        return BookRules(
            _NO_LIMIT if self.max_quote_age is None else self.max_quote_age,
            np.inf if self.band is None else self.band / _BPS,
            get_args(Refill).index(self.refill),
            _NO_LIMIT if self.refill_memory is None else self.refill_memory,
        )


class BookRules(NamedTuple):
    """`BookParams` on plain numbers: ns with -1 for no limit, the band as a fraction of the mid."""

    max_quote_age: int
    band: float
    refill: int
    memory: int


class Book(NamedTuple):
    """Last quotes of K venues; all arrays have shape (K,).

    Attributes
    ----------
    quoted_at : int64 ndarray
        Nanoseconds UTC.
    bid, bid_size, ask, ask_size : float64 ndarray
        Dollars per share, shares; a side of size 0 is empty.
    bid_taken, ask_taken : float64 ndarray
        Shares that we took and that are not displayed again.
    bid_taken_at, ask_taken_at : int64 ndarray
        When we last did.
    bid_left, ask_left : float64 ndarray
        Shares that are live, displayed within the band and not taken, as of the last `look`.
    """

    quoted_at: IntArray
    bid: FloatArray
    bid_size: FloatArray
    ask: FloatArray
    ask_size: FloatArray
    bid_taken: FloatArray
    ask_taken: FloatArray
    bid_taken_at: IntArray
    ask_taken_at: IntArray
    bid_left: FloatArray
    ask_left: FloatArray


@compiled
def new_book(venues: int) -> Book:
    """A book without quotes."""
    times, columns = np.zeros((3, venues), np.int64), np.zeros((8, venues))
    return Book(
        times[0],
        columns[0],
        columns[1],
        columns[2],
        columns[3],
        columns[4],
        columns[5],
        times[1],
        times[2],
        columns[6],
        columns[7],
    )


@compiled
def apply_quote(book: Book, feed: Feed, row: int, rules: BookRules) -> None:
    """Make a row its venue's last quote, and show again of what we took what the rule says."""
    k, now = feed.venue[row], feed.ts[row]
    if rules.refill == _EVERY_SNAPSHOT:
        for other in range(len(book.ask)):
            book.bid_taken[other] = book.ask_taken[other] = 0.0
    bid, bid_size, ask, ask_size = (
        feed.bid[row],
        feed.bid_size[row],
        feed.ask[row],
        feed.ask_size[row],
    )
    if book.bid_taken[k] > 0:
        stays = book.bid_size[k] > 0 and bid_size > 0 and book.bid[k] == bid
        if not (stays and _remembered(book.bid_taken_at[k], now, rules)):
            book.bid_taken[k] = 0.0
    if book.ask_taken[k] > 0:
        stays = book.ask_size[k] > 0 and ask_size > 0 and book.ask[k] == ask
        if not (stays and _remembered(book.ask_taken_at[k], now, rules)):
            book.ask_taken[k] = 0.0
    book.quoted_at[k] = now
    book.bid[k], book.bid_size[k] = bid, bid_size
    book.ask[k], book.ask_size[k] = ask, ask_size


@compiled
def _remembered(taken_at: int, now: int, rules: BookRules) -> bool:
    """Whether shares stay gone at a new quote of the same price."""
    return rules.refill == _PRICE and (rules.memory < 0 or now - taken_at <= rules.memory)


@compiled
def apply_quotes(book: Book, feed: Feed, row: int, now: int, rules: BookRules) -> int:
    """Apply the rows of one instant, if there are any from `row` on; give the row after them."""
    while row < len(feed.ts) and feed.ts[row] == now:
        apply_quote(book, feed, row, rules)
        row += 1
    return row


@compiled
def look(book: Book, now: int, rules: BookRules) -> tuple[float, float, int]:
    """Write what is left at each venue; give the best bid and ask, and the book's condition.

    An empty side's best is -inf (bid) or inf (ask). What is left is of use on a `TRADABLE` book.
    """
    best_bid, best_ask, worst_bid, worst_ask = -np.inf, np.inf, np.inf, -np.inf
    for k in range(len(book.ask)):
        book.bid_left[k] = book.ask_left[k] = 0.0
        if rules.max_quote_age >= 0 and now - book.quoted_at[k] > rules.max_quote_age:
            continue
        if book.bid_size[k] > 0:
            book.bid_left[k] = left_of(book.bid_size[k], book.bid_taken[k])
            best_bid, worst_bid = max(best_bid, book.bid[k]), min(worst_bid, book.bid[k])
        if book.ask_size[k] > 0:
            book.ask_left[k] = left_of(book.ask_size[k], book.ask_taken[k])
            best_ask, worst_ask = min(best_ask, book.ask[k]), max(worst_ask, book.ask[k])
    if best_bid == -np.inf or best_ask == np.inf:
        return best_bid, best_ask, EMPTY
    if best_bid > best_ask:
        return best_bid, best_ask, CROSSED
    mid = (best_bid + best_ask) / 2
    reach = rules.band * abs(mid)
    if best_ask - best_bid > reach:
        return best_bid, best_ask, WIDE
    if mid - worst_bid > reach or worst_ask - mid > reach:
        for k in range(len(book.ask)):
            if mid - book.bid[k] > reach:
                book.bid_left[k] = 0.0
            if book.ask[k] - mid > reach:
                book.ask_left[k] = 0.0
    return best_bid, best_ask, TRADABLE


@compiled
def left_of(size: float, taken: float) -> float:
    """Shares of a display that we have not taken."""
    left = size - taken
    return left if left > DUST * size else 0.0


@compiled
def take_ask(book: Book, venue: int, shares: float, now: int) -> None:
    """Note that we bought from a venue's displayed ask."""
    book.ask_taken[venue] += shares
    book.ask_taken_at[venue] = now
    book.ask_left[venue] = left_of(book.ask_size[venue], book.ask_taken[venue])


@compiled
def take_bid(book: Book, venue: int, shares: float, now: int) -> None:
    """Note that we sold to a venue's displayed bid."""
    book.bid_taken[venue] += shares
    book.bid_taken_at[venue] = now
    book.bid_left[venue] = left_of(book.bid_size[venue], book.bid_taken[venue])


@compiled
def cheapest(price: FloatArray, left: FloatArray, taker: FloatArray) -> int:
    """The venue with something left at the lowest price, then fee, then index; -1 if none."""
    best = -1
    for k in range(len(price)):
        if left[k] > 0 and (
            best < 0
            or price[k] < price[best]
            or (price[k] == price[best] and taker[k] < taker[best])
        ):
            best = k
    return best


@compiled
def fill_cheapest(
    price: FloatArray, left: FloatArray, taker: FloatArray, shares: float, sent: FloatArray
) -> None:
    """Add shares to `sent`, venue after venue, the cheapest first (see `cheapest`).

    A venue gets what is left there beyond what is sent to it already, until nothing is left or no
    more than `DUST` of the shares is missing.
    """
    unused, missing = np.empty(len(sent)), shares
    for k in range(len(sent)):
        unused[k] = left[k] - sent[k]
    while missing > DUST * shares:
        k = cheapest(price, unused, taker)
        if k < 0:
            return
        extra = min(missing, unused[k])
        sent[k] += extra
        unused[k] -= extra
        missing -= extra
