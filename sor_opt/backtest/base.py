"""What the two engines share: the market that they read, the raw replay that they return."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from functools import cached_property
from typing import get_args

import numpy as np

from sor_opt.backtest.limits import Limits
from sor_opt.backtest.orders import ParentOrders
from sor_opt.errors import ConfigError, quoted
from sor_opt.market.book import Feed, Prints, Refill, make_feed, make_prints
from sor_opt.market.quality import BookQuality, book_quality, pooled
from sor_opt.market.tape import SECOND, FloatArray, IntArray, Tape
from sor_opt.models.venues import FeeSchedule

REASONS = ("route", "sweep", "excess", "limit")
"""Why an execution happened: the policy's split, the sweep of what it left, excess sold back, or a
trade that met our resting bid."""
ROUTE, SWEEP, EXCESS, LIMIT = range(len(REASONS))

_PER_ORDER = ("first_row", "standing", "taker", "rebate")


@dataclass(frozen=True)
class ReplayParams:
    """Rules of the replay, equal for every policy.

    Parameters
    ----------
    max_quote_age : int, optional
        Nanoseconds after which a venue's quote is left out, > 0; None (off) suits full feeds.
    refill : {"update", "every-snapshot"}
        When shares that we took are displayed again (see `sor_opt.market.book.Book`).
    slice : int
        Nanoseconds between the slices of the paced policies, > 0.
    """

    max_quote_age: int | None = None
    refill: Refill = "update"
    slice: int = 60 * SECOND

    def __post_init__(self) -> None:
        if self.max_quote_age is not None and self.max_quote_age <= 0:
            raise ConfigError(f"max_quote_age must be > 0, got {self.max_quote_age / SECOND:g}s")
        if self.refill not in get_args(Refill):
            raise ConfigError(f"refill must be update or every-snapshot, got {quoted(self.refill)}")
        if self.slice <= 0:
            raise ConfigError(f"slice must be > 0, got {self.slice / SECOND:g}s")


@dataclass(frozen=True, eq=False)
class Market:
    """A tape made ready to replay orders on, from their side of the book.

    Attributes
    ----------
    tape : Tape
        What was loaded, K venues.
    feed : Feed
        Mirrored for sell orders.
    orders : ParentOrders
    first_row : int64 ndarray, shape (orders,)
        The first row of the feed after each order's start.
    standing : int64 ndarray, shape (orders, K)
        The row of each venue's last quote at each order's start; -1 for none.
    taker, rebate : float64 ndarray, shape (orders, K)
        Dollars per share, on each order's day.
    params : ReplayParams
    limits : Limits
        How much work a replay may be.
    """

    tape: Tape
    feed: Feed
    orders: ParentOrders
    first_row: IntArray
    standing: IntArray
    taker: FloatArray
    rebate: FloatArray
    params: ReplayParams
    limits: Limits = field(default_factory=Limits)

    def select(self, which: IntArray) -> Market:
        """The same market with some of the orders, by index."""
        columns = {name: getattr(self, name)[which] for name in _PER_ORDER}
        return replace(self, orders=self.orders.select(which), **columns)

    def count_decisions(self) -> int:
        """Count the decisions due from each order's start to its horizon's end, all orders.

        One for each row of quotes and one for each slice. What an order has left then is swept at
        every later moment until it is done, mostly at the first; these are not counted.
        """
        orders = self.orders
        ends = np.minimum(orders.starts + orders.horizon, orders.deadlines)
        rows = np.searchsorted(self.feed.ts, ends, "right") - self.first_row
        return int(rows.sum()) + len(orders) * -(-orders.horizon // self.params.slice)

    @cached_property
    def prints(self) -> Prints:
        """The tape's trades, mirrored for sell orders; empty where it has none."""
        return make_prints(self.tape.trades, self.orders.side)

    @cached_property
    def quality(self) -> BookQuality:
        """How good the book is, over each day from its first order's start to its deadline."""
        ts, quotes, orders = self.tape.quotes.ts, self.tape.quotes, self.orders
        parts = []
        for midnight in np.unique(orders.midnights):
            day = orders.midnights == midnight
            start, end = int(orders.starts[day].min()), int(orders.deadlines[day].max())
            rows = slice(*np.searchsorted(ts, (midnight, end + 1)))
            parts.append(book_quality(quotes.select(rows), self.params.max_quote_age, start, end))
        return pooled(parts)


def prepare(
    tape: Tape,
    orders: ParentOrders,
    params: ReplayParams,
    fees: FeeSchedule,
    limits: Limits = Limits(),
) -> Market:
    """Clean the tape's quotes, mirror them to the orders' side and look up the fees of the day.

    Raises
    ------
    ConfigError
        If a venue has no fee, or a replay takes more decisions than the limit.
    """
    feed = make_feed(tape.quotes, orders.side)
    days = [datetime.fromtimestamp(t / SECOND, tape.zone).date() for t in orders.midnights]
    of_day = {day: fees.on(tape.venues, day) for day in set(days)}
    taker, rebate = (np.array([of_day[day][kind] for day in days]) for kind in range(2))
    market = Market(
        tape=tape,
        feed=feed,
        orders=orders,
        first_row=np.searchsorted(feed.ts, orders.starts, "right").astype(np.int64),
        standing=_standing_rows(feed, len(tape.venues), orders),
        taker=taker,
        rebate=rebate,
        params=params,
        limits=limits,
    )
    limits.check_decisions(market.count_decisions())
    return market


def _standing_rows(feed: Feed, venues: int, orders: ParentOrders) -> IntArray:
    rows = np.full((len(orders), venues), -1, dtype=np.int64)
    for venue in range(venues):
        mine = np.flatnonzero(feed.venue == venue)
        if mine.size:
            last = np.searchsorted(feed.ts[mine], orders.starts, "right") - 1
            today = (last >= 0) & (feed.ts[mine[last]] >= orders.midnights)
            rows[:, venue] = np.where(today, mine[last], -1)
    return rows


@dataclass(frozen=True, eq=False)
class Replay:
    """What an engine did, in the feed's terms: a sell order's prices are negative.

    Attributes
    ----------
    ts, order, venue, reason : int64 ndarray, shape (executions,)
        In the order they happened; `reason` indexes `REASONS`.
    price, shares : float64 ndarray, shape (executions,)
        Shares given back (excess) are negative.
    arrival, last_mid : float64 ndarray, shape (orders,)
        Mid of the first and of the last book that could be traded on; NaN where there was none.
    snapshots, crossed, empty : int64 ndarray, shape (orders,)
        Decisions met while the order was open: all, with a crossed book, with no live quote.
    """

    ts: IntArray
    order: IntArray
    venue: IntArray
    reason: IntArray
    price: FloatArray
    shares: FloatArray
    arrival: FloatArray
    last_mid: FloatArray
    snapshots: IntArray
    crossed: IntArray
    empty: IntArray

    @staticmethod
    def side_by_side(replays: Sequence[Replay]) -> Replay:
        """Several replays of one order, as if they were of an order each."""
        columns = {
            field.name: np.concatenate([getattr(replay, field.name) for replay in replays])
            for field in fields(Replay)
        }
        executions = [len(replay.ts) for replay in replays]
        return Replay(**columns | {"order": np.repeat(np.arange(len(replays)), executions)})
