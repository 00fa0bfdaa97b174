"""The book: each venue's last quote, what of it is live and displayed, and what we took from it.

There is one, compiled: the replay, the windows of the past and the quality of a tape look at it.
Each side of a quote stands alone. Own executions never move the best bid and ask: these come from
what is displayed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias, get_args

import numpy as np

from sor_opt.compiled import compiled, inlined
from sor_opt.errors import ConfigError, quoted
from sor_opt.market.feed import Records, record_type
from sor_opt.market.tape import SECOND, FloatArray
from sor_opt.params import NANOSECONDS, Param

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

    max_quote_age: Annotated[int | None, Param("leave out quotes that are older", NANOSECONDS)] = (
        None
    )
    band: Annotated[
        float | None,
        Param("leave out quotes further than this from the mid, and wider books", "bps"),
    ] = 100.0
    refill: Annotated[
        Refill,
        Param(
            "shares that we took are displayed again at a new price (price:1s: or after 1s), at "
            "their venue's next quote, or at any"
        ),
    ] = "price"
    refill_memory: Annotated[
        int | None, Param("memory of the rule", NANOSECONDS, after="refill")
    ] = None

    def __post_init__(self) -> None:
        for name, what in (
            ("max_quote_age", "max_quote_age"),
            ("refill_memory", "the memory of the refill rule price"),
        ):
            limit = getattr(self, name)
            if limit is not None and limit <= 0:
                raise ConfigError(f"{what} must be > 0, got {limit / SECOND:g}s")
        if self.band is not None and not 0 < self.band < np.inf:
            raise ConfigError(f"band must be > 0 basis points, or none, got {self.band:g}")
        if self.refill not in get_args(Refill):
            known = ", ".join(get_args(Refill))
            raise ConfigError(f"refill must be one of {known}, got {quoted(self.refill)}")
        if self.refill_memory is not None and self.refill != "price":
            raise ConfigError(f"only the refill rule price has a memory, not {self.refill}")

    @property
    def rules(self) -> BookRules:
        """The parameters as compiled code reads them."""
        return BookRules(
            _NO_LIMIT if self.max_quote_age is None else self.max_quote_age,
            np.inf if self.band is None else self.band / _BPS * (1 + DUST),
            get_args(Refill).index(self.refill),
            _NO_LIMIT if self.refill_memory is None else self.refill_memory,
        )


class BookRules(NamedTuple):
    """`BookParams` on plain numbers: ns with -1 for no limit, the band as a fraction of the mid.

    The band is a billionth wider than what was asked for: an exact tie lies within it.
    """

    max_quote_age: int
    band: float
    refill: int
    memory: int


QUOTED = record_type(
    ("quoted_at", np.int64),
    ("bid", np.float64),
    ("bid_size", np.float64),
    ("bid_left", np.float64),
    ("bid_taken", np.float64),
    ("bid_taken_at", np.int64),
    ("ask", np.float64),
    ("ask_size", np.float64),
    ("ask_left", np.float64),
    ("ask_taken", np.float64),
    ("ask_taken_at", np.int64),
)
"""A venue's last quote: prices in dollars per share, sizes in shares, times in nanoseconds UTC.

A side of size 0 is empty. `taken` are shares that we took and that are not displayed again, and
`taken_at` when we last did. `left` is what is live, displayed within the band and not taken, as of
the last `look`.
"""

Book: TypeAlias = Records
"""The last quotes of K venues, records of dtype `QUOTED` (shape (K,))."""


@compiled
def new_book(venues: int) -> Book:
    """A book without quotes."""
    return np.zeros(venues, QUOTED)


@compiled
def apply_quote(book: Book, quote: Any, rules: BookRules) -> None:
    """Make a row of a feed its venue's last quote, which may show again what we took there."""
    if rules.refill == _EVERY_SNAPSHOT:
        for k in range(len(book)):
            book[k].bid_taken = book[k].ask_taken = 0.0
    last, now = book[quote.venue], quote.ts
    if last.bid_taken > 0:
        stays = last.bid_size > 0 and quote.bid_size > 0 and last.bid == quote.bid
        if not (stays and _remembered(last.bid_taken_at, now, rules)):
            last.bid_taken = 0.0
    if last.ask_taken > 0:
        stays = last.ask_size > 0 and quote.ask_size > 0 and last.ask == quote.ask
        if not (stays and _remembered(last.ask_taken_at, now, rules)):
            last.ask_taken = 0.0
    last.quoted_at = now
    last.bid, last.bid_size = quote.bid, quote.bid_size
    last.ask, last.ask_size = quote.ask, quote.ask_size


@compiled
def _remembered(taken_at: int, now: int, rules: BookRules) -> bool:
    """Whether shares stay gone at a new quote of the same price."""
    return rules.refill == _PRICE and (rules.memory < 0 or now - taken_at <= rules.memory)


@compiled
def look(book: Book, now: int, rules: BookRules) -> tuple[float, float, int]:
    """Write what is left at each venue; give the best bid and ask, and the book's condition.

    An empty side's best is -inf (bid) or inf (ask). What is left is of use on a `TRADABLE` book.
    """
    best_bid, best_ask, worst_bid, worst_ask = -np.inf, np.inf, np.inf, -np.inf
    for k in range(len(book)):
        venue = book[k]
        venue.bid_left = venue.ask_left = 0.0
        if not is_live(venue, now, rules):
            continue
        if venue.bid_size > 0:
            venue.bid_left = left_of(venue.bid_size, venue.bid_taken)
            best_bid, worst_bid = max(best_bid, venue.bid), min(worst_bid, venue.bid)
        if venue.ask_size > 0:
            venue.ask_left = left_of(venue.ask_size, venue.ask_taken)
            best_ask, worst_ask = min(best_ask, venue.ask), max(worst_ask, venue.ask)
    if best_bid == -np.inf or best_ask == np.inf:
        return best_bid, best_ask, EMPTY
    if best_bid > best_ask:
        return best_bid, best_ask, CROSSED
    mid = (best_bid + best_ask) / 2
    reach = rules.band * abs(mid)
    if best_ask - best_bid > reach:
        return best_bid, best_ask, WIDE
    if mid - worst_bid > reach or worst_ask - mid > reach:
        _hide_stubs(book, mid, reach)
    return best_bid, best_ask, TRADABLE


@inlined
def is_live(venue: Any, now: int, rules: BookRules) -> bool:
    """Whether a quote is not too old."""
    return rules.max_quote_age < 0 or now - venue.quoted_at <= rules.max_quote_age


@compiled
def _hide_stubs(book: Book, mid: float, reach: float) -> None:
    """Leave nothing of what is quoted too far from the mid."""
    for k in range(len(book)):
        if mid - book[k].bid > reach:
            book[k].bid_left = 0.0
        if book[k].ask - mid > reach:
            book[k].ask_left = 0.0


@compiled
def left_of(size: float, taken: float) -> float:
    """Shares of a display that we have not taken."""
    left = size - taken
    return left if left > DUST * size else 0.0


@compiled
def take_ask(venue: Any, shares: float, now: int) -> None:
    """Note that we bought from a venue's displayed ask."""
    venue.ask_taken += shares
    venue.ask_taken_at = now
    venue.ask_left = left_of(venue.ask_size, venue.ask_taken)


@compiled
def take_bid(venue: Any, shares: float, now: int) -> None:
    """Note that we sold to a venue's displayed bid."""
    venue.bid_taken += shares
    venue.bid_taken_at = now
    venue.bid_left = left_of(venue.bid_size, venue.bid_taken)


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
