"""A tape made ready for a replay, and the replay's rules."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Annotated, Literal, get_args

import numpy as np

from sor_opt.backtest.impact import Impact
from sor_opt.backtest.latency import Latency
from sor_opt.backtest.limits import Limits
from sor_opt.backtest.orders import ParentOrders
from sor_opt.errors import ConfigError, quoted
from sor_opt.market.book import BookParams
from sor_opt.market.feed import (
    SEEN,
    Feed,
    Prints,
    Records,
    in_order_seen,
    last_rows,
    make_feed,
    make_prints,
    volume_between,
)
from sor_opt.market.quality import BookQuality, Stretch, book_quality
from sor_opt.market.tape import SECOND, FloatArray, IntArray, Tape
from sor_opt.models.venues import FeeSchedule
from sor_opt.params import NANOSECONDS, Param
from sor_opt.policies.context import Context, Slices

Completion = Literal["sweep", "best-ask"]
Unfilled = Literal["ask", "mid"]

_PER_ORDER = ("first_row", "standing", "taker", "rebate")


@dataclass(frozen=True)
class ReplayParams:
    """Rules of the replay, equal for every policy.

    Parameters
    ----------
    book : BookParams
        Which quotes count, and when shares that we took are displayed again.
    slice : int
        Nanoseconds between the slices of a schedule, > 0.
    completion : {"sweep", "best-ask"}
        Like which router an order is completed from its horizon on.
    unfilled : {"ask", "mid"}
        At what shares that could not be filled are counted: the last live ask plus its taker fee,
        or the last mid.
    latency, feed_latency : Latency, optional
        How long an order is on its way to its venue, and a venue's quotes, prints and answers are
        on theirs to the router; None: no time.
    impact : Impact, optional
        How an order raises the asks that it meets; None: not at all.

    Raises
    ------
    ConfigError
        If a number is out of its range, or a rule is unknown.
    """

    book: BookParams = field(default_factory=BookParams)
    slice: Annotated[
        int, Param("slice of a schedule; each starts with a decision", NANOSECONDS)
    ] = 60 * SECOND
    completion: Annotated[Completion, Param("how what is left at the horizon is bought")] = "sweep"
    unfilled: Annotated[Unfilled, Param("at what shares that could not be filled are counted")] = (
        "ask"
    )
    latency: Latency | None = None
    feed_latency: Latency | None = None
    impact: Impact | None = None

    def __post_init__(self) -> None:
        if self.slice <= 0:
            raise ConfigError(f"slice must be > 0, got {self.slice / SECOND:g}s")
        if self.completion not in get_args(Completion):
            raise ConfigError(
                f"completion must be sweep or best-ask, got {quoted(self.completion)}"
            )
        if self.unfilled not in get_args(Unfilled):
            raise ConfigError(f"unfilled must be ask or mid, got {quoted(self.unfilled)}")


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
    latency, feed_latency : int64 ndarray, shape (K,)
        Nanoseconds from the router to each venue, and back.
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
    latency: IntArray
    feed_latency: IntArray
    params: ReplayParams
    limits: Limits = field(default_factory=Limits)

    def select(self, which: IntArray) -> Market:
        """The same market with some of the orders, by index."""
        columns = {name: getattr(self, name)[which] for name in _PER_ORDER}
        return replace(self, orders=self.orders.select(which), **columns)

    def at_latency(self, latency: Latency | None) -> Market:
        """The same market with another latency of orders.

        Raises
        ------
        ConfigError
            If a venue has none.
        """
        params = replace(self.params, latency=latency)
        return replace(self, params=params, latency=_of(latency, self.tape))

    def count_decisions(self) -> int:
        """Count the decisions due from each order's start to its horizon's end, all orders.

        One for each row of quotes and one for each slice. What an order has left then is
        completed at every later moment until it is done, mostly at the first; those are not
        counted.
        """
        orders = self.orders
        ends = np.minimum(orders.starts + orders.horizon, orders.deadlines)
        rows = np.searchsorted(self.feed["ts"], ends, "right") - self.first_row
        return int(rows.sum()) + len(orders) * -(-orders.horizon // self.params.slice)

    @cached_property
    def prints(self) -> Prints:
        """The tape's trades, mirrored for sell orders; empty where it has none."""
        return make_prints(self.tape.trades, self.orders.side)

    @property
    def delayed(self) -> bool:
        """Whether anything takes time between the router and the venues."""
        return bool(self.latency.any() or self.feed_latency.any())

    @cached_property
    def seen(self) -> Records:
        """The feed's rows as a router sees them (see `in_order_seen`); none without latency.

        What comes to it on the next day is left out: a quote of yesterday is no quote.
        """
        if not self.delayed:
            return np.zeros(0, SEEN)
        seen = in_order_seen(self.feed, self.feed_latency)
        midnights = np.unique(self.orders.midnights)
        sent, came = (
            np.searchsorted(midnights, ts, "right")
            for ts in (self.feed["ts"][seen["row"]], seen["ts"])
        )
        return seen[sent == came]

    @cached_property
    def seen_standing(self) -> IntArray:
        """As `standing`, of what a router has seen by each order's start."""
        if not self.delayed:
            return self.standing
        venues, orders = len(self.tape.venues), self.orders
        return last_rows(self.feed, venues, orders.starts, orders.midnights, self.feed_latency)

    @cached_property
    def context(self) -> Context:
        """What a policy is given before it trades."""
        orders = self.orders
        slices = Slices(
            orders.starts, orders.midnights, orders.size, orders.horizon, self.params.slice
        )
        return Context(
            self.tape,
            self.feed,
            self.prints,
            slices,
            self.params.book,
            self.taker,
            self.rebate,
            self.feed_latency,
        )

    def prices_at(self, times: IntArray) -> tuple[FloatArray, FloatArray]:
        """What a share costs at the best live ask, and gives at the best live bid; fees counted.

        Parameters
        ----------
        times : int64 ndarray, shape (orders,)
            Nanoseconds UTC.

        Returns
        -------
        float64 ndarray, float64 ndarray, shape (orders,)
            Dollars; infinite (and -infinite) where there is no such side.
        """
        feed, age = self.feed, self.params.book.max_quote_age
        rows = last_rows(feed, len(self.tape.venues), times, self.orders.midnights)
        live = rows >= 0
        if age is not None:
            live &= times[:, None] - feed["ts"][rows] <= age
        asks = np.where(live & (feed["ask_size"][rows] > 0), feed["ask"][rows], np.inf)
        bids = np.where(live & (feed["bid_size"][rows] > 0), feed["bid"][rows], -np.inf)
        best_ask, best_bid = asks.min(axis=1), bids.max(axis=1)
        to_buy = np.where(asks == best_ask[:, None], self.taker, np.inf).min(axis=1)
        to_sell = np.where(bids == best_bid[:, None], self.taker, np.inf).min(axis=1)
        return best_ask + to_buy, best_bid - to_sell

    def participation(self, shares: FloatArray, ends: IntArray) -> FloatArray:
        """Shares as a part of what printed on the lit venues after each order's start.

        Parameters
        ----------
        shares : float64 ndarray, shape (orders,)
        ends : int64 ndarray, shape (orders,)
            Until when prints count; nanoseconds UTC.

        Returns
        -------
        float64 ndarray, shape (orders,)
            NaN where nothing printed, as without trades.
        """
        volume = volume_between(self.prints, self.orders.starts, ends)
        return shares / np.where(volume > 0, volume, np.nan)

    @cached_property
    def quality(self) -> BookQuality:
        """How good the book is, over each day from its first order's start to its deadline."""
        orders, stretches = self.orders, []
        for midnight in np.unique(orders.midnights):
            day = orders.midnights == midnight
            start, end = int(orders.starts[day].min()), int(orders.deadlines[day].max())
            stretches.append(Stretch(int(midnight), start, end))
        return book_quality(self.tape.quotes, self.params.book, stretches)


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
        If a venue has no fee or no latency, or a replay takes more decisions than the limit.
    """
    feed = make_feed(tape.quotes, orders.side)
    days = [datetime.fromtimestamp(t / SECOND, tape.zone).date() for t in orders.midnights]
    of_day = {day: fees.on(tape.venues, day) for day in set(days)}
    taker, rebate = (np.array([of_day[day][kind] for day in days]) for kind in range(2))
    market = Market(
        tape=tape,
        feed=feed,
        orders=orders,
        first_row=np.searchsorted(feed["ts"], orders.starts, "right").astype(np.int64),
        standing=last_rows(feed, len(tape.venues), orders.starts, orders.midnights),
        taker=taker,
        rebate=rebate,
        latency=_of(params.latency, tape),
        feed_latency=_of(params.feed_latency, tape),
        params=params,
        limits=limits,
    )
    limits.check_decisions(market.count_decisions())
    return market


def _of(latency: Latency | None, tape: Tape) -> IntArray:
    """Nanoseconds for each venue, shape (K,)."""
    return (latency or Latency()).of(tape.venues)
