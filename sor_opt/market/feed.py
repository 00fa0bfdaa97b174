"""Quotes and trades from one side of the market, ready for a replay."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from sor_opt.market.tape import BUYER, BoolArray, FloatArray, IntArray, Quotes, Trades

Side = Literal["buy", "sell"]


class Feed(NamedTuple):
    """Quotes as a buyer sees them; all columns have shape (n,).

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


def last_rows(feed: Feed, venues: int, times: IntArray, since: IntArray) -> IntArray:
    """The row of each venue's last quote at some times.

    Parameters
    ----------
    feed : Feed
    venues : int
        K.
    times, since : int64 ndarray, shape (n,)
        Nanoseconds UTC, the time included; a quote from before `since` is none.

    Returns
    -------
    int64 ndarray, shape (n, K)
        -1 for none.
    """
    rows = np.full((len(times), venues), -1, dtype=np.int64)
    for venue in range(venues):
        mine = np.flatnonzero(feed.venue == venue)
        if mine.size:
            last = np.searchsorted(feed.ts[mine], times, "right") - 1
            today = (last >= 0) & (feed.ts[mine[last]] >= since)
            rows[:, venue] = np.where(today, mine[last], -1)
    return rows


class Prints(NamedTuple):
    """Trades as a resting bid sees them; all columns have shape (n,).

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
