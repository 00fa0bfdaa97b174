"""The readable engine: one order at a time, any allocator. `kernel` does the same, fast.

The clock ticks at every timestamp of the feed and at every slice's start. At each tick the trades
since the last one meet what we have resting, all rows of the timestamp are applied, bids whose
slice is over are cancelled, then one decision is taken; on a crossed or empty book none is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from sor_opt.allocators.base import Allocator
from sor_opt.backtest.base import EXCESS, LIMIT, ROUTE, SWEEP, Market, Replay
from sor_opt.backtest.history import History, count_slices, past_flows
from sor_opt.backtest.policies import Policy, Split
from sor_opt.backtest.resting import Resting
from sor_opt.market.book import DUST, Book, Snapshot
from sor_opt.market.tape import FloatArray
from sor_opt.models.placement import VenueQuotes, placement_problem, queues_ahead
from sor_opt.models.static import AskQuotes, static_problem


def replay(market: Market, policy: Policy, allocator: Allocator) -> Replay:
    """Replay every order of `market`, splitting by `allocator` where the policy has a cost model.

    Raises
    ------
    SolverError
        If the allocator refuses a problem.
    DataError, ConfigError
        If the placement policy has too little to learn from (see `past_flows`).
    """
    history = None
    if policy.split == Split.PLACEMENT:
        history = past_flows(market, policy.placement.windows)
    runs = [_Run(market, policy, allocator, history, order) for order in range(len(market.orders))]
    for run in runs:
        run.play()
    log = [row for run in runs for row in run.log]
    ts, order, venue, reason = np.array([row[:4] for row in log], np.int64).reshape(-1, 4).T
    price, shares = np.array([row[4:] for row in log], np.float64).reshape(-1, 2).T
    return Replay(
        ts=ts,
        order=order,
        venue=venue,
        reason=reason,
        price=price,
        shares=shares,
        arrival=np.array([run.arrival for run in runs]),
        last_mid=np.array([run.last_mid for run in runs]),
        snapshots=np.array([run.snapshots for run in runs], np.int64),
        crossed=np.array([run.crossed for run in runs], np.int64),
        empty=np.array([run.empty for run in runs], np.int64),
    )


@dataclass
class _Run:
    """One order on its way."""

    market: Market
    policy: Policy
    allocator: Allocator
    history: History | None
    order: int
    log: list[tuple[int, int, int, int, float, float]] = field(default_factory=list)
    arrival: float = float("nan")
    last_mid: float = float("nan")
    snapshots: int = 0
    crossed: int = 0
    empty: int = 0
    resting: Resting | None = None
    placed: int = -1
    """The last slice whose market and limit orders were sent."""

    def __post_init__(self) -> None:
        orders, params = self.market.orders, self.market.params
        self.taker, self.rebate = self.market.taker[self.order], self.market.rebate[self.order]
        self.book = Book(len(self.market.tape.venues), params.max_quote_age, params.refill)
        self.remaining, self.dust = orders.size, DUST * orders.size
        self.start = int(orders.starts[self.order])
        self.horizon_end = self.start + orders.horizon

    def play(self) -> None:
        """Tick until the order is filled or its deadline has passed."""
        for now in self._ticks():
            if self.resting is not None and now >= self.resting.expires:
                self.resting = None
            self.snapshots += 1
            snapshot = self.book.at(now)
            self.empty += snapshot.empty
            self.crossed += snapshot.crossed
            if snapshot.empty or snapshot.crossed:
                continue
            self.last_mid = snapshot.mid
            if np.isnan(self.arrival):
                self.arrival = snapshot.mid
            self._decide(snapshot)
            if self.remaining == 0 and self.resting is None:
                return
        self._fill_resting(int(self.market.orders.deadlines[self.order]))

    def _ticks(self) -> Iterator[int]:
        """Apply the feed's rows as time goes on; yield each moment a decision is due."""
        feed, orders = self.market.feed, self.market.orders
        for row in self.market.standing[self.order]:
            if row >= 0:
                self.book.apply(feed, row)
        yield self.start
        deadline = int(orders.deadlines[self.order])
        row, timer = int(self.market.first_row[self.order]), self.start
        while True:
            if timer < self.horizon_end:
                upcoming = min(timer + self.market.params.slice, self.horizon_end)
            else:
                upcoming = deadline + 1
            now = min(int(feed.ts[row]), upcoming) if row < len(feed.ts) else upcoming
            if now > deadline:
                return
            self._fill_resting(now)
            while row < len(feed.ts) and feed.ts[row] == now:
                self.book.apply(feed, row)
                row += 1
            if now == upcoming:
                timer = upcoming
            yield now

    def _fill_resting(self, now: int) -> None:
        """Let the trades up to `now` meet our resting bids."""
        if self.resting is None:
            return
        for ts, venue, shares in self.resting.meet(self.market.prints, now):
            self._record(ts, venue, LIMIT, self.resting.limit, shares)
            self._settle(-shares)
        if not self.resting.open:
            self.resting = None

    def _decide(self, snapshot: Snapshot) -> None:
        if self.remaining > 0 and snapshot.ts >= self.horizon_end:
            self._buy(snapshot, _split_best_ask(snapshot, self.taker, self.remaining), SWEEP)
        elif self.remaining > 0 and self.history is not None:
            self._place(snapshot, self.history)
        elif self.remaining > 0:
            due = self._due(snapshot.ts)
            if due > self.dust:
                self._buy(snapshot, self._split(snapshot, due), ROUTE)
        if self.remaining < 0 and self.resting is None:
            self._sell_excess(snapshot)

    def _due(self, now: int) -> float:
        """Shares that should have been bought by now and are not."""
        if not self.policy.paced:
            return self.remaining
        return self._scheduled(self._slice(now)) - self._bought

    def _slice(self, now: int) -> int:
        return (now - self.start) // self.market.params.slice

    def _scheduled(self, number: int) -> float:
        """Shares that are to be bought by the end of a slice."""
        size, count = self.market.orders.size, count_slices(self.market)
        return float(size if number + 1 >= count else size * (number + 1) // count)

    @property
    def _bought(self) -> float:
        return self.market.orders.size - self.remaining

    def _place(self, snapshot: Snapshot, history: History) -> None:
        """Sweep what earlier slices left, if that is the rule, and send this slice's orders."""
        rules, number = self.policy.placement, self._slice(snapshot.ts)
        earlier = self._scheduled(number - 1) if rules.leftover == "sweep" else -np.inf
        if earlier - self._bought > self.dust:
            overdue = earlier - self._bought
            self._buy(snapshot, _split_best_ask(snapshot, self.taker, overdue), SWEEP)
            snapshot = self.book.at(snapshot.ts)
        if number == self.placed:
            return
        self.placed = number
        target = self._scheduled(number) - max(self._bought, earlier)
        if target > self.dust:
            self._send(snapshot, history, number, target)

    def _send(self, snapshot: Snapshot, history: History, number: int, target: float) -> None:
        """Take at once, and post at the best bid until the slice ends."""
        venues, prints, params = self.market.tape.venues, self.market.prints, self.market.params
        which = slice(history.first[self.order, number], history.last[self.order, number])
        flows = history.flows[which]
        queue = queues_ahead(snapshot.bid, snapshot.bid_left, snapshot.best_bid)
        if not len(flows):  # nothing is known of the queues
            flows, queue = np.zeros((1, len(venues))), np.full(len(venues), np.inf)
        touch = VenueQuotes(
            snapshot.ask,
            snapshot.ask_left,
            self.taker,
            self.rebate,
            queue,
            snapshot.best_bid,
            snapshot.mid,
        )
        problem = placement_problem(
            venues, touch, flows, target, self.policy.risk, self.policy.placement.model
        )
        sent = np.asarray(self.allocator.solve(problem).rungs * problem.step)
        self._buy(snapshot, sent[: len(venues)], ROUTE)
        ends = min(self.start + (number + 1) * params.slice, self.horizon_end)
        following = int(np.searchsorted(prints.ts, snapshot.ts, "right"))
        through = self.policy.placement.windows.through == "fill"
        resting = Resting(
            snapshot.best_bid, touch.queue, sent[len(venues) :], ends, following, through, self.dust
        )
        self.resting = resting if resting.open else None

    def _split(self, snapshot: Snapshot, due: float) -> FloatArray:
        taker = self.taker
        match self.policy.split:
            case Split.BEST_ASK:
                return _split_best_ask(snapshot, taker, due)
            case Split.BY_SIZE:
                return _split_by_size(snapshot, taker, due)
            case _:
                problem = static_problem(
                    self.market.tape.venues,
                    AskQuotes(snapshot.ask, snapshot.ask_left, taker, self.rebate, snapshot.mid),
                    due,
                    self.policy.risk,
                    self.policy.static,
                )
                return np.asarray(self.allocator.solve(problem).rungs * problem.step)

    def _buy(self, snapshot: Snapshot, sent: FloatArray, reason: int) -> None:
        bought = 0.0
        for venue, shares in enumerate(np.minimum(sent, snapshot.ask_left).tolist()):
            if shares > 0:
                self.book.take_ask(venue, shares)
                self._record(snapshot.ts, venue, reason, snapshot.ask[venue], shares)
                bought += shares
        self._settle(-bought)

    def _sell_excess(self, snapshot: Snapshot) -> None:
        """Give back at the best bids (then fee, then order) what was bought too much."""
        excess, sold = -self.remaining, 0.0
        for venue in np.lexsort((self.taker, -snapshot.bid)).tolist():
            shares = min(excess - sold, float(snapshot.bid_left[venue]))
            if shares > 0 and excess - sold > self.dust:
                self.book.take_bid(venue, shares)
                self._record(snapshot.ts, venue, EXCESS, snapshot.bid[venue], -shares)
                sold += shares
        self._settle(sold)

    def _settle(self, change: float) -> None:
        """Count shares; what rounding leaves of fractional lots is nothing."""
        self.remaining += change
        if abs(self.remaining) <= self.dust:
            self.remaining = 0.0

    def _record(self, ts: int, venue: int, reason: int, price: float, shares: float) -> None:
        self.log.append((ts, self.order, venue, reason, float(price), shares))


def _split_best_ask(snapshot: Snapshot, taker: FloatArray, due: float) -> FloatArray:
    """Everything to the venue with the lowest ask that still displays something."""
    sent = np.zeros(len(taker))
    for venue in np.lexsort((taker, snapshot.ask)):
        if snapshot.ask_left[venue] > 0:
            sent[venue] = due
            break
    return sent


def _split_by_size(snapshot: Snapshot, taker: FloatArray, due: float) -> FloatArray:
    """In proportion to display, whole shares; the rounding's rest at the lowest asks."""
    left = snapshot.ask_left
    shown = sum(left.tolist())
    if due >= shown:
        return left.copy()
    sent: FloatArray = np.floor(due * left / shown)
    rest = due
    for shares in sent.tolist():
        rest -= shares
    for venue in np.lexsort((taker, snapshot.ask)):
        if rest <= DUST * due:
            break
        extra = min(rest, left[venue] - sent[venue])
        sent[venue] += extra
        rest -= extra
    return sent
