"""The consolidated book: each venue's last quote, what is live of it, and what we took from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from sor_opt.compiled import compiled
from sor_opt.market.tape import BUYER, BoolArray, FloatArray, IntArray, Quotes, Trades

DUST = 1e-9
"""What remains of a size, as a fraction of it, and counts as nothing: rounding leaves as much."""

Refill = Literal["update", "every-snapshot"]
Side = Literal["buy", "sell"]


class Feed(NamedTuple):
    """Quotes as a buyer sees them, ready for a replay; all columns have shape (n,).

    Each side stands alone: one that a row does not show has size 0, and its price means nothing.
    For a seller the market is mirrored (ask = -bid, bid = -ask, sizes swapped), so that a replay
    only ever buys.
    """

    ts: IntArray
    venue: IntArray
    bid: FloatArray
    bid_size: FloatArray
    ask: FloatArray
    ask_size: FloatArray


def make_feed(quotes: Quotes, side: Side) -> Feed:
    """Clean quotes and turn them to one side of the market."""
    bid_size = np.where(quotes.bid_shown, quotes.bid_size, 0.0)
    ask_size = np.where(quotes.ask_shown, quotes.ask_size, 0.0)
    if side == "buy":
        return Feed(quotes.ts, quotes.venue, quotes.bid, bid_size, quotes.ask, ask_size)
    return Feed(quotes.ts, quotes.venue, -quotes.ask, ask_size, -quotes.bid, bid_size)


class Prints(NamedTuple):
    """Trades as a resting bid sees them, ready for a replay; all columns have shape (n,).

    Prints without a positive price and size are left out. For a seller prices are negative, and
    his offer is a bid in the mirrored market. `buying` marks prints whose aggressor is known to
    have been on the order's own side: at the limit they trade with others' offers.
    """

    ts: IntArray
    venue: IntArray
    price: FloatArray
    size: FloatArray
    buying: BoolArray


def make_prints(trades: Trades | None, side: Side) -> Prints:
    """Clean trades and turn them to one side of the market; none give no rows."""
    if trades is None:
        nothing, nowhere = np.empty(0), np.empty(0, dtype=np.int64)
        trades = Trades(nowhere, nowhere, nothing, nothing, nowhere)
    sign = 1 if side == "buy" else -1
    usable = np.isfinite(trades.price) & np.isfinite(trades.size)
    usable &= (trades.price > 0) & (trades.size > 0)
    return Prints(
        trades.ts[usable],
        trades.venue[usable],
        sign * trades.price[usable],
        trades.size[usable],
        trades.side[usable] == sign * BUYER,
    )


@dataclass(frozen=True)
class Snapshot:
    """The book at one moment.

    Attributes
    ----------
    ts : int
        Nanoseconds UTC.
    bid, ask : float64 ndarray, shape (K,)
        Each venue's last prices, dollars per share.
    bid_left, ask_left : float64 ndarray, shape (K,)
        Shares that are live there and not yet taken by us.
    best_bid, best_ask : float
        Over the live sides as displayed, whatever we took of them; NaN where none is live.
    stale : int
        Venues whose quote is left out for its age.
    """

    ts: int
    bid: FloatArray
    bid_left: FloatArray
    ask: FloatArray
    ask_left: FloatArray
    best_bid: float
    best_ask: float
    stale: int

    @property
    def empty(self) -> bool:
        """Whether no venue shows a live bid, or none a live ask: there is no mid to trade by."""
        return bool(np.isnan(self.best_bid) or np.isnan(self.best_ask))

    @property
    def crossed(self) -> bool:
        """Whether some venue bids more than another asks."""
        return self.best_bid > self.best_ask

    @property
    def mid(self) -> float:
        """Middle of the best bid and the best ask, dollars."""
        return (self.best_bid + self.best_ask) / 2


class Book:
    """Each venue's last quote, with an age limit and our own use of liquidity.

    Parameters
    ----------
    venues : int
        Their number, K.
    max_quote_age : int or None
        Nanoseconds after which a quote is left out; None keeps it until its venue's next one.
    refill : {"update", "every-snapshot"}
        When shares that we took are displayed again: at that venue's next quote, or (naive) at
        any venue's.
    """

    def __init__(self, venues: int, max_quote_age: int | None, refill: Refill = "update") -> None:
        self._max_quote_age = max_quote_age
        self._refill = refill
        self._quoted_at = np.zeros(venues, dtype=np.int64)
        self._bid, self._ask = np.full(venues, np.nan), np.full(venues, np.nan)
        self._bid_size, self._ask_size = np.zeros(venues), np.zeros(venues)
        self._bid_taken, self._ask_taken = np.zeros(venues), np.zeros(venues)

    def apply(self, feed: Feed, row: int) -> None:
        """Make row `row` of `feed` its venue's last quote."""
        venue = feed.venue[row]
        self._quoted_at[venue] = feed.ts[row]
        self._bid[venue], self._bid_size[venue] = feed.bid[row], feed.bid_size[row]
        self._ask[venue], self._ask_size[venue] = feed.ask[row], feed.ask_size[row]
        refilled = venue if self._refill == "update" else slice(None)
        self._bid_taken[refilled] = self._ask_taken[refilled] = 0.0

    def take_ask(self, venue: int, shares: float) -> None:
        """Note that we bought from `venue`'s displayed ask."""
        self._ask_taken[venue] += shares

    def take_bid(self, venue: int, shares: float) -> None:
        """Note that we sold to `venue`'s displayed bid."""
        self._bid_taken[venue] += shares

    def at(self, now: int) -> Snapshot:
        """The book as it stands at `now`, nanoseconds UTC."""
        young = np.full(len(self._bid), True)
        if self._max_quote_age is not None:
            young = now - self._quoted_at <= self._max_quote_age
        bids, asks = young & (self._bid_size > 0), young & (self._ask_size > 0)
        shown = (self._bid_size > 0) | (self._ask_size > 0)
        return Snapshot(
            ts=now,
            bid=self._bid,
            bid_left=np.where(bids, _rest(self._bid_size, self._bid_taken), 0.0),
            ask=self._ask,
            ask_left=np.where(asks, _rest(self._ask_size, self._ask_taken), 0.0),
            best_bid=float(self._bid[bids].max()) if bids.any() else float("nan"),
            best_ask=float(self._ask[asks].min()) if asks.any() else float("nan"),
            stale=int((shown & ~young).sum()),
        )


def _rest(size: FloatArray, taken: FloatArray) -> FloatArray:
    left = size - taken
    return np.where(left > DUST * size, left, 0.0)


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
