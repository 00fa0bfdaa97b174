"""Outflow scenarios from past trades: what would have reached a bid at the best price.

A window begins at a moment at which the book could be traded on, with a hypothetical bid at its
best bid on every venue, and lasts T. The outflow of a venue is the volume that traded there at
that price or below, before any queue; joint over venues, since they share the window. A
decision at t sees windows that ended by t alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple, get_args

import numpy as np

from sor_opt.compiled import compiled
from sor_opt.errors import ConfigError, quoted
from sor_opt.market.book import TRADABLE, BookRules, apply_quote, look, new_book
from sor_opt.market.feed import Feed, Prints
from sor_opt.market.tape import SECOND, BoolArray, FloatArray, IntArray
from sor_opt.params import NANOSECONDS, Param

Through = Literal["fill", "volume"]


@dataclass(frozen=True)
class WindowParams:
    """Which past windows make the scenarios, and what counts in them.

    Parameters
    ----------
    lookback : int
        Nanoseconds before the decision in which windows lie, > 0.
    stride : int
        Nanoseconds from one window's begin to the next's, > 0; shorter than T they overlap.
    minimum : int
        Windows, >= 1, below which nothing is known: no fill is then assumed.
    cancellations : bool
        Whether a queue that shrinks at an unchanged bid by more than was traded there counts as
        outflow, as in the paper; fills in a replay come from trades alone.
    conditional : bool
        Whether a venue's outflow is taken from windows that began in its present state: the
        terciles of its queue and of its volume over the T before (Cont & Kukanov, 5.2).
    through : {"fill", "volume"}
        What a print below the limit says: that all we had there is filled (the level was gone
        through), or no more than its own volume.

    Raises
    ------
    ConfigError
        If a number is out of its range.
    """

    lookback: Annotated[int, Param("past that scenarios come from", NANOSECONDS)] = 3600 * SECOND
    stride: Annotated[
        int, Param("a past window begins so often", NANOSECONDS, name="window_stride")
    ] = 10 * SECOND
    minimum: Annotated[
        int, Param("with fewer no fill is assumed", "windows", name="min_windows")
    ] = 20
    cancellations: Annotated[bool, Param("count cancellations as outflow")] = False
    conditional: Annotated[bool, Param("scenarios from windows of like state")] = False
    through: Annotated[
        Through, Param("a print below the limit fills all that we had there, or its own volume")
    ] = "fill"

    def __post_init__(self) -> None:
        for name in ("lookback", "stride"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"{name} must be > 0, got {getattr(self, name) / SECOND:g}s")
        if self.minimum < 1:
            raise ConfigError(f"minimum must be >= 1, got {self.minimum}")
        if self.through not in get_args(Through):
            raise ConfigError(f"through must be fill or volume, got {quoted(self.through)}")


class Moments(NamedTuple):
    """The book at some times.

    Attributes
    ----------
    best_bid, best_ask : float64 ndarray, shape (n,)
        NaN where nothing could be traded on: a book that is empty, crossed or wide.
    at_ask : bool ndarray, shape (n, K)
        Which venues show the best ask.
    queue : float64 ndarray, shape (n, K)
        What is displayed at the best bid.
    volume : float64 ndarray, shape (n, K)
        Shares traded in the T before.
    row : int64 ndarray, shape (n,)
        First row of the feed after the time.
    """

    best_bid: FloatArray
    best_ask: FloatArray
    at_ask: BoolArray
    queue: FloatArray
    volume: FloatArray
    row: IntArray

    def select(self, rows: IntArray | BoolArray | slice) -> Moments:
        """Some of the moments, by index."""
        return Moments._make(column[rows] for column in self)


@compiled
def look_at(
    feed: Feed,
    prints: Prints,
    times: IntArray,
    since: IntArray,
    length: int,
    rules: BookRules,
    venues: int,
) -> Moments:
    """Look at the book at rising times.

    Parameters
    ----------
    feed, prints : Feed, Prints
    times, since : int64 array, shape (n,)
        Nanoseconds; a quote from before `since` (of another day) is no quote.
    length : int
        T, nanoseconds.
    rules : BookRules
    venues : int
        K.
    """
    count = len(times)
    best_bid, best_ask = np.full(count, np.nan), np.full(count, np.nan)
    queue, volume = np.zeros((count, venues)), np.zeros((count, venues))
    at_ask, after = np.zeros((count, venues), np.bool_), np.zeros(count, np.int64)
    book = new_book(venues)
    row = first_print = 0
    for i in range(count):
        now = times[i]
        if i > 0 and since[i] != since[i - 1]:
            book = new_book(venues)
        while row < len(feed) and feed[row].ts <= now:
            if feed[row].ts >= since[i]:
                apply_quote(book, feed[row], rules)
            row += 1
        after[i] = row
        bid, ask, condition = look(book, now, rules)
        if condition == TRADABLE:
            best_bid[i], best_ask[i] = bid, ask
        for k in range(venues):
            at_ask[i, k] = book[k].ask_left > 0 and book[k].ask == ask
            queue[i, k] = book[k].bid_left if book[k].bid == bid else 0.0
        while first_print < len(prints) and prints[first_print].ts <= now - length:
            first_print += 1
        at = first_print
        while at < len(prints) and prints[at].ts <= now:
            volume[i, prints[at].venue] += prints[at].shares
            at += 1
    return Moments(best_bid, best_ask, at_ask, queue, volume, after)


@compiled
def outflow_of(price: float, size: float, buying: bool, limit: float, through: bool) -> float:
    """Shares that a print takes from the bids at `limit`; infinite where it goes through them."""
    if price > limit or (price == limit and buying):
        return 0.0
    return np.inf if through and price < limit else size


@compiled
def outflows(
    feed: Feed,
    prints: Prints,
    starts: IntArray,
    moments: Moments,
    length: int,
    cancellations: bool,
    through: bool,
) -> FloatArray:
    """Sum what leaves the best bid of each window's begin by its end, shape (n, K).

    Every window must begin on a book to trade on (see `tradable`).
    """
    total = np.zeros(moments.queue.shape)
    for i in range(len(starts)):
        limit, end = moments.best_bid[i], starts[i] + length
        at = np.searchsorted(prints["ts"], starts[i], side="right")
        while at < len(prints) and prints[at].ts <= end:
            total[i, prints[at].venue] += outflow_of(
                prints[at].price, prints[at].shares, prints[at].buying, limit, through
            )
            at += 1
        if cancellations:
            _add_cancellations(
                feed, prints, starts[i], end, moments.row[i], limit, moments.queue[i], total[i]
            )
    return total


@compiled
def _add_cancellations(
    feed: Feed,
    prints: Prints,
    start: int,
    end: int,
    row: int,
    limit: float,
    queue: FloatArray,
    total: FloatArray,
) -> None:
    """Add by how much more each queue shrank, while its bid stayed at the limit, than it traded."""
    shown, traded = np.empty(len(queue)), np.zeros(len(queue))
    for k in range(len(queue)):
        shown[k] = queue[k] if queue[k] > 0 else -1.0
    at = np.searchsorted(prints["ts"], start, side="right")
    while row < len(feed) and feed[row].ts <= end:
        while at < len(prints) and prints[at].ts <= feed[row].ts:
            if prints[at].price == limit and not prints[at].buying:
                traded[prints[at].venue] += prints[at].shares
            at += 1
        k = feed[row].venue
        stays = feed[row].bid_size > 0 and feed[row].bid == limit
        if stays and shown[k] >= 0:
            total[k] += max(0.0, shown[k] - feed[row].bid_size - traded[k])
        shown[k] = feed[row].bid_size if stays else -1.0
        traded[k] = 0.0
        row += 1


def conditioned(
    flows: FloatArray, windows: Moments, present: Moments, at: int, minimum: int
) -> FloatArray:
    """Take each venue's outflow from windows that began in the state it is in at present.

    A window in another state is replaced by the nearest one before it that was in that state, or
    by the first one. A venue that was in its state in fewer than `minimum` windows keeps all.

    Parameters
    ----------
    flows : float64 array, shape (n, K)
    windows : Moments
        Of the n windows' begins.
    present : Moments
    at : int
        The index of the present in `present`.
    minimum : int
    """
    same = np.ones(flows.shape, dtype=np.bool_)
    for past, now in ((windows.queue, present.queue[at]), (windows.volume, present.volume[at])):
        terciles = np.quantile(past, (1 / 3, 2 / 3), axis=0)
        same &= _class(past, terciles) == _class(now, terciles)
    same[:, same.sum(axis=0) < minimum] = True
    index = np.arange(len(flows))[:, None]
    nearest = np.maximum.accumulate(np.where(same, index, -1), axis=0)
    source = np.where(nearest >= 0, nearest, same.argmax(axis=0))
    return np.take_along_axis(flows, source, axis=0)


def _class(values: FloatArray, terciles: FloatArray) -> IntArray:
    above: IntArray = (values > terciles[0]).astype(np.int64) + (values > terciles[1])
    return above


def tradable(moments: Moments) -> BoolArray:
    """Which moments had a book to trade on, shape (n,)."""
    return ~np.isnan(moments.best_bid)
