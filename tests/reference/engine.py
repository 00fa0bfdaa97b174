"""The plain engine: one order at a time, from tick to tick.

At a tick the trades since the last one meet what we have resting, all rows of the timestamp are
applied, bids whose slice is over are cancelled, then one decision is taken on a tradable book.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import NamedTuple

import numpy as np

from reference.book import DUST, Book, Look, Row, read_rows
from reference.prints import Printed
from reference.resting import Resting
from reference.routers import COMPLETIONS, SPLITS, Costs, place
from reference.schedules import Clock, due
from sor_opt.backtest.market import Market
from sor_opt.backtest.replay import COMPLETION, EXCESS, LIMIT, ROUTE, Replay
from sor_opt.policies.policy import Policy
from sor_opt.policies.routers.placement import Placement
from sor_opt.policies.scenarios import Scenarios, past_flows


class Execution(NamedTuple):
    """A row of the log; shares given back are negative."""

    ts: int
    order: int
    venue: int
    reason: int
    price: float
    shares: float


class Traded(NamedTuple):
    """A mid that could be traded on, and when."""

    mid: float = math.nan
    ts: int = -1


def replay(market: Market, policy: Policy) -> Replay:
    """Replay every order of a market.

    Raises
    ------
    SolverError
        If an allocator refuses a problem.
    DataError, ConfigError
        If the placement router has too little to learn from.
    """
    scenarios = None
    if isinstance(policy.router, Placement):
        scenarios = past_flows(market.context, policy.router.windows)
    rows = read_rows(market.tape.quotes, market.orders.side)
    printed = Printed(market.tape.trades, market.orders.side)
    runs = [Run(market, policy, scenarios, printed, order) for order in range(len(market.orders))]
    for run in runs:
        run.play(rows)
    log = [execution for run in runs for execution in run.log]
    ts, order, venue, reason = np.array([row[:4] for row in log], np.int64).reshape(-1, 4).T
    price, shares = np.array([row[4:] for row in log], np.float64).reshape(-1, 2).T

    def counts(condition: str) -> np.ndarray:
        return np.array([run.counts[condition] for run in runs], np.int64)

    return Replay(
        ts=ts,
        order=order,
        venue=venue,
        reason=reason,
        price=price,
        shares=shares,
        arrival_mid=np.array([run.arrival.mid for run in runs]),
        last_mid=np.array([run.last.mid for run in runs]),
        arrival_ts=np.array([run.arrival.ts for run in runs], np.int64),
        last_ts=np.array([run.last.ts for run in runs], np.int64),
        snapshots=np.array([run.counts.total() for run in runs], np.int64),
        crossed=counts("crossed"),
        empty=counts("empty"),
        wide=counts("wide"),
    )


class Run:
    """One parent order on its way."""

    def __init__(
        self,
        market: Market,
        policy: Policy,
        scenarios: Scenarios | None,
        printed: Printed,
        order: int,
    ) -> None:
        orders, params = market.orders, market.params
        start = int(orders.starts[order])
        self.clock = Clock(
            orders.size,
            int(orders.midnights[order]),
            start,
            start + orders.horizon,
            int(orders.deadlines[order]),
            params.slice,
            market.tape,
            printed,
        )
        self.order, self.policy, self.scenarios, self.printed = order, policy, scenarios, printed
        self.costs = Costs(market.tape.venues, market.taker[order], market.rebate[order])
        self.book = Book(len(market.tape.venues), params.book)
        self.complete = COMPLETIONS[params.completion]
        self.dust = DUST * orders.size
        self.remaining = orders.size
        self.log: list[Execution] = []
        self.counts: Counter[str] = Counter()
        self.arrival = self.last = Traded()
        self.resting: Resting | None = None
        self.slice = 0
        self.due = self.due_before = 0.0
        self.asked = -1
        """The last slice that a router that posts was asked in."""

    def play(self, rows: list[Row]) -> None:
        """Tick until the order is done, or its deadline has passed."""
        clock = self.clock
        standing = {row.venue: row for row in rows if clock.midnight <= row.ts <= clock.start}
        for row in standing.values():
            self.book.apply(row)
        later = [row for row in rows if clock.start < row.ts <= clock.deadline]
        applied = 0
        for now in clock.moments([row.ts for row in later]):
            self._meet_prints(now)
            while applied < len(later) and later[applied].ts <= now:
                self.book.apply(later[applied])
                applied += 1
            if self.resting is not None and now >= self.resting.ends:
                self.resting = None
            self._keep_due(now)
            look = self.book.look(now)
            self.counts[look.condition] += 1
            if look.condition != "tradable":
                continue
            self.last = Traded(look.mid, now)
            if self.arrival.ts < 0:
                self.arrival = self.last
            self._decide(now, look)
            if self.remaining == 0 and self.resting is None:
                return
        self._meet_prints(clock.deadline)

    def _meet_prints(self, now: int) -> None:
        """Let the trades up to `now` meet our resting bids."""
        if self.resting is None:
            return
        for row, shares in self.resting.meet(self.printed, now):
            self._record(row.ts, row.venue, LIMIT, self.resting.limit, shares)
            self._settle(shares)
        if not self.resting.open:
            self.resting = None

    def _keep_due(self, now: int) -> None:
        """Ask the schedule, and keep what it said last in the slice before."""
        if now >= self.clock.end:
            return
        if self.clock.slice_at(now) != self.slice:
            self.slice, self.due_before = self.clock.slice_at(now), self.due
        self.due = due(self.policy.schedule, self.clock, now)

    def _decide(self, now: int, look: Look) -> None:
        router = self.policy.router
        if self.remaining > 0:
            if now >= self.clock.end:
                self._buy(now, look, self.complete(self.costs, look, self.remaining), COMPLETION)
            elif isinstance(router, Placement):
                self._place(now, look, router)
            elif self.due - self._bought > self.dust:
                missing = self.due - self._bought
                sent = SPLITS[type(router)](router, self.costs, look, missing)
                self._buy(now, look, sent, ROUTE)
        if self.remaining < 0 and self.resting is None:
            self._give_back(now)

    @property
    def _bought(self) -> float:
        return self.clock.size - self.remaining

    def _place(self, now: int, look: Look, router: Placement) -> None:
        """Complete what earlier slices left, if that is the rule, and send this slice's orders."""
        earlier = self.due_before if router.leftover == "sweep" else 0.0
        if earlier - self._bought > self.dust:
            sent = self.complete(self.costs, look, earlier - self._bought)
            self._buy(now, look, sent, COMPLETION)
            look = self.book.look(now)
        if self.asked == self.slice:
            return
        self.asked = self.slice
        target = self.due - max(self._bought, earlier)
        if target > self.dust:
            self._send(now, look, router, target)

    def _send(self, now: int, look: Look, router: Placement, target: float) -> None:
        """Take at once, and post at the best bid until the slice ends."""
        assert self.scenarios is not None
        first, last = (at[self.order, self.slice] for at in self.scenarios[1:])
        placed = place(router, self.costs, look, self.scenarios.flows[first:last], target)
        self._buy(now, look, placed.takes, ROUTE)
        resting = Resting(
            look.best_bid,
            placed.queue,
            placed.posts,
            self.clock.slice_end(self.slice),
            self.printed.count(now),
            router.windows.through == "fill",
            self.dust,
        )
        self.resting = resting if resting.open else None

    def _buy(self, now: int, look: Look, sent: list[float], reason: int) -> None:
        bought = 0.0
        for venue, shares in enumerate(sent):
            if shares > 0:
                self.book.venues[venue].ask.take(shares, now)
                self._record(now, venue, reason, look.ask[venue], shares)
                bought += shares
        self._settle(bought)

    def _give_back(self, now: int) -> None:
        """Sell at the best bids what was bought too much."""
        look, excess = self.book.look(now), -self.remaining
        sold = 0.0
        for venue in self.costs.dearest(look):
            if excess - sold <= DUST * excess:
                break
            shares = min(excess - sold, float(look.bid_left[venue]))
            self.book.venues[venue].bid.take(shares, now)
            self._record(now, venue, EXCESS, look.bid[venue], -shares)
            sold += shares
        self._settle(-sold)

    def _settle(self, bought: float) -> None:
        """Count shares; what rounding leaves is nothing."""
        self.remaining -= bought
        if abs(self.remaining) <= self.dust:
            self.remaining = 0.0

    def _record(self, ts: int, venue: int, reason: int, price: float, shares: float) -> None:
        self.log.append(Execution(ts, self.order, venue, reason, float(price), float(shares)))
