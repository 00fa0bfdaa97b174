"""Quotes and trades from one side of the market, ready for a replay."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np

from sor_opt.market.tape import BUYER, FloatArray, IntArray, Quotes, Trades

Side = Literal["buy", "sell"]

Records: TypeAlias = Any
"""A NumPy array of records; a column is ``records["name"]``, a row's value ``records[i].name``."""


def record_type(*fields: tuple[str, type]) -> np.dtype[Any]:
    """The dtype of records whose values are attributes, in compiled code and in Python alike."""
    return np.dtype((np.record, np.dtype(list(fields), align=True)))


QUOTE = record_type(
    ("ts", np.int64),
    ("venue", np.int64),
    ("bid", np.float64),
    ("bid_size", np.float64),
    ("ask", np.float64),
    ("ask_size", np.float64),
)

Feed: TypeAlias = Records
"""Quotes as a buyer sees them, records of dtype `QUOTE` (shape (n,)).

Each side stands alone: one that a row does not show has size 0, and its price means nothing. For a
seller the market is mirrored (ask = -bid, bid = -ask, sizes swapped), so that a replay only buys.
"""


def make_feed(quotes: Quotes, side: Side) -> Feed:
    """Clean quotes and turn them to one side of the market."""
    bid_size = np.where(quotes.bid_shown, quotes.bid_size, 0.0)
    ask_size = np.where(quotes.ask_shown, quotes.ask_size, 0.0)
    feed = np.zeros(len(quotes), QUOTE)
    feed["ts"], feed["venue"] = quotes.ts, quotes.venue
    bid, ask = ("bid", "ask") if side == "buy" else ("ask", "bid")
    sign = 1 if side == "buy" else -1
    feed[bid], feed[f"{bid}_size"] = sign * quotes.bid, bid_size
    feed[ask], feed[f"{ask}_size"] = sign * quotes.ask, ask_size
    return feed


SEEN = record_type(("ts", np.int64), ("row", np.int64))
"""When a router sees which row of a feed."""


def in_order_seen(feed: Feed, latency: IntArray) -> Records:
    """The rows of a feed as a router sees them that hears of each venue later.

    Parameters
    ----------
    feed : Feed
    latency : int64 ndarray, shape (K,)
        Nanoseconds from each venue to the router.

    Returns
    -------
    records of dtype `SEEN`, shape (n,)
        By time; rows of one time in the feed's order.
    """
    ts = feed["ts"] + latency[feed["venue"]]
    rows = np.argsort(ts, kind="stable")
    seen = np.zeros(len(feed), SEEN)
    seen["ts"], seen["row"] = ts[rows], rows
    return seen


def last_rows(
    feed: Feed, venues: int, times: IntArray, since: IntArray, latency: IntArray | None = None
) -> IntArray:
    """The row of each venue's last quote at some times.

    Parameters
    ----------
    feed : Feed
    venues : int
        K.
    times, since : int64 ndarray, shape (n,)
        Nanoseconds UTC, the time included; a quote from before `since` is none.
    latency : int64 ndarray, shape (K,), optional
        Nanoseconds by which one hears of each venue's quotes later.

    Returns
    -------
    int64 ndarray, shape (n, K)
        -1 for none.
    """
    rows = np.full((len(times), venues), -1, dtype=np.int64)
    ts = feed["ts"]
    for venue in range(venues):
        mine = np.flatnonzero(feed["venue"] == venue)
        if mine.size:
            known = times if latency is None else times - latency[venue]
            last = np.searchsorted(ts[mine], known, "right") - 1
            today = (last >= 0) & (ts[mine[last]] >= since)
            rows[:, venue] = np.where(today, mine[last], -1)
    return rows


PRINT = record_type(
    ("ts", np.int64),
    ("venue", np.int64),
    ("price", np.float64),
    ("shares", np.float64),
    ("buying", np.bool_),
)

Prints: TypeAlias = Records
"""Trades as a resting bid sees them, records of dtype `PRINT` (shape (n,)).

Prints without a positive price and size are left out. For a seller prices are negative, and his
offer is a bid in the mirrored market. `buying` marks prints whose aggressor is known to have been
on the order's own side: at the limit they trade with others' offers.
"""


def make_prints(trades: Trades | None, side: Side) -> Prints:
    """Clean trades and turn them to one side of the market; none give no rows."""
    if trades is None:
        return np.zeros(0, PRINT)
    sign = 1 if side == "buy" else -1
    usable = np.isfinite(trades.price) & np.isfinite(trades.size)
    usable &= (trades.price > 0) & (trades.size > 0)
    prints = np.zeros(int(usable.sum()), PRINT)
    prints["ts"], prints["venue"] = trades.ts[usable], trades.venue[usable]
    prints["price"], prints["shares"] = sign * trades.price[usable], trades.size[usable]
    prints["buying"] = trades.side[usable] == sign * BUYER
    return prints


def volume_between(prints: Prints, starts: IntArray, ends: IntArray) -> FloatArray:
    """Shares printed after each start and until each end, the end included (shape (n,))."""
    until = np.concatenate([[0.0], np.cumsum(prints["shares"])])
    first, last = (np.searchsorted(prints["ts"], times, "right") for times in (starts, ends))
    printed: FloatArray = until[last] - until[first]
    return printed


def volume_heard(
    prints: Prints, latency: IntArray, start: int, end: int
) -> tuple[IntArray, FloatArray]:
    """Sum the shares printed after `start` and until `end`, as one hears of them.

    Parameters
    ----------
    prints : Prints
    latency : int64 ndarray, shape (K,)
        Nanoseconds by which one hears of each venue's prints later.
    start, end : int
        Nanoseconds UTC.

    Returns
    -------
    int64 ndarray, shape (n,)
        When one hears of each print, rising.
    float64 ndarray, shape (n + 1,)
        Shares before the first, and from each one on.
    """
    during = prints[slice(*np.searchsorted(prints["ts"], (start, end), "right"))]
    heard = during["ts"] + latency[during["venue"]]
    order = np.argsort(heard, kind="stable")
    return heard[order], np.concatenate([[0.0], np.cumsum(during["shares"][order])])
