"""The plain engine: one order at a time, from moment to moment.

At a moment the trades since the last one meet our bids, rows reach the venues' book and the
router's, and what was sent arrives; then the router hears the news, cancels the bids whose slice is
over, and decides if its book is one to trade on.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from reference.account import Account
from reference.book import DUST, Book, Look, Quoted, Row, read_rows
from reference.impact import Raised
from reference.prints import Printed
from reference.routers import COMPLETIONS, SPLITS, Costs, place
from reference.schedules import Clock, due
from reference.transit import Cancel, Moments, Post, Sent, Take, Trip
from reference.venues import Venues
from sor_opt.backtest.market import Market
from sor_opt.backtest.replay import COMPLETION, EXCESS, ROUTE, Replay
from sor_opt.policies.policy import Policy
from sor_opt.policies.routers.placement import Placement
from sor_opt.policies.scenarios import Scenarios, past_flows


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
    runs = [
        Run(market, policy, scenarios, printed, rows, order) for order in range(len(market.orders))
    ]
    for run in runs:
        run.play()
    log = [(run.order, *execution) for run in runs for execution in run.venues.log]
    order, ts, venue, reason = np.array([row[:4] for row in log], np.int64).reshape(-1, 4).T
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
        sent=np.array([run.account.sent for run in runs]),
        posted=np.array([run.account.posted for run in runs]),
    )


class Run:
    """One parent order on its way."""

    def __init__(
        self,
        market: Market,
        policy: Policy,
        scenarios: Scenarios | None,
        printed: Printed,
        rows: list[Row],
        order: int,
    ) -> None:
        orders, params, venues = market.orders, market.params, len(market.tape.venues)
        start = int(orders.starts[order])
        self.latency, self.feed = market.latency.tolist(), market.feed_latency.tolist()
        clock = self.clock = Clock(
            orders.size,
            int(orders.midnights[order]),
            start,
            start + orders.horizon,
            int(orders.deadlines[order]),
            params.slice,
            market.tape,
            printed,
            self.feed,
        )
        self.order, self.policy, self.scenarios = order, policy, scenarios
        self.costs = Costs(market.tape.venues, market.taker[order], market.rebate[order])
        self.complete = COMPLETIONS[params.completion]
        self.dust = DUST * orders.size
        today = [row for row in rows if row.ts >= clock.midnight]
        self.actual, self.seen = (
            Quoted(Book(venues, params.book), today, delays, start, clock.deadline)
            for delays in ([0] * venues, self.feed)
        )
        through = isinstance(policy.router, Placement) and policy.router.windows.through == "fill"
        self.raised = Raised(params.impact), Raised(params.impact)
        self.venues = Venues(self.actual.book, printed, start, through, self.dust, self.raised[0])
        self.account = Account(orders.size, self.feed, self.dust, self.raised[1])
        self.looks = set(clock.moments(self.actual.times))
        self.decisions = set(clock.moments(self.seen.times))
        self.moments = Moments(self.looks | self.decisions)
        self.sent: list[Sent] = []
        """What has not arrived yet, in order of sending."""
        self.counts: Counter[str] = Counter()
        self.arrival = self.last = Traded()
        self.slice = 0
        self.due = self.due_before = 0.0
        self.asked = -1
        """The last slice that a router that posts was asked in."""
        self.over = math.inf
        """When the slice of what rests ends."""

    def play(self) -> None:
        """Pass from moment to moment until the order is done, or its deadline has passed."""
        for now in self.moments.until(self.clock.deadline):
            self._meet_prints(now)
            self.actual.advance(now)
            self.seen.advance(now)
            self._arrive(now)
            if now >= self.over:
                self._cancel(now)
            if now in self.looks:
                self._note_mid(now)
            if now in self.decisions and self._decide(now):
                return
        self._meet_prints(self.clock.deadline)

    def _meet_prints(self, now: int) -> None:
        """Let the trades up to `now` meet our resting bids."""
        for fill in self.venues.meet(now):
            self.account.filled(fill)

    def _arrive(self, now: int) -> None:
        """Let what was sent arrive, and hear the news."""
        for sent in self.sent:
            if sent.trip.arrives <= now:
                sent.arrive(self.venues)
        self.sent = [sent for sent in self.sent if sent.trip.arrives > now]
        self.account.hear(now, self.seen.book)

    def _trip(self, venue: int, now: int) -> Trip:
        arrives = now + self.latency[venue]
        return Trip(venue, arrives, arrives + self.feed[venue])

    def _send(self, now: int, batch: Sequence[Sent]) -> None:
        """Send some messages at once; what takes no time has arrived then."""
        self.sent += batch
        for sent in batch:
            self.moments.add(sent.trip.arrives)
            self.moments.add(sent.trip.known)
        self._arrive(now)

    def _cancel(self, now: int) -> None:
        """Cancel what is still open as the slice ends."""
        self.over = math.inf
        cancels = [Cancel(self._trip(bid.trip.venue, now), bid) for bid in self.account.open]
        self.account.cancels += cancels
        self._send(now, cancels)

    def _note_mid(self, now: int) -> None:
        """Keep the mid of the quotes as they are: a price that no latency changes."""
        look = self.actual.book.look(now)
        if look.condition == "tradable":
            self.last = Traded(look.mid, now)
            if self.arrival.ts < 0:
                self.arrival = self.last
                for raised in self.raised:
                    raised.mid = look.mid

    def _look(self, now: int) -> Look:
        """The book as the router knows it, without what it has in flight, and as it raised it."""
        in_flight = [self.account.in_flight_to(venue) for venue in range(len(self.feed))]
        look = self.seen.book.look(now, in_flight)
        return replace(look, ask=look.ask + self.account.raised.at(now))

    def _decide(self, now: int) -> bool:
        """Buy what is due; say whether the order is done."""
        self._keep_due(now)
        look, account, router = self._look(now), self.account, self.policy.router
        self.counts[look.condition] += 1
        if look.condition != "tradable":
            return False
        if now >= self.clock.end:
            self._complete(now, look, account.remaining - account.in_flight)
        elif isinstance(router, Placement):
            self._place(now, look, router)
        elif self.due - account.committed > self.dust:
            missing = self.due - account.committed
            self._take(now, SPLITS[type(router)](router, self.costs, look, missing), ROUTE)
        if account.remaining < 0 and account.is_quiet:
            self._give_back(now)
        return account.remaining == 0 and account.is_quiet

    def _keep_due(self, now: int) -> None:
        """Ask the schedule, and keep what it said last in the slice before."""
        if now >= self.clock.end:
            return
        if self.clock.slice_at(now) != self.slice:
            self.slice, self.due_before = self.clock.slice_at(now), self.due
        self.due = due(self.policy.schedule, self.clock, now)

    def _complete(self, now: int, look: Look, missing: float) -> None:
        if missing > self.dust:
            self._take(now, self.complete(self.costs, look, missing), COMPLETION)

    def _place(self, now: int, look: Look, router: Placement) -> None:
        """Complete what earlier slices left, if that is the rule, and send this slice's orders."""
        account = self.account
        earlier = self.due_before if router.leftover == "sweep" else 0.0
        self._complete(now, look, earlier - account.committed)
        if self.asked == self.slice or account.open:
            return
        self.asked = self.slice
        target = self.due - max(account.committed, earlier)
        if target > self.dust:
            self._split(now, router, target)

    def _split(self, now: int, router: Placement, target: float) -> None:
        """Take at once, and post at the best bid until the slice ends."""
        assert self.scenarios is not None
        first, last = (at[self.order, self.slice] for at in self.scenarios[1:])
        look = self._look(now)
        placed = place(router, self.costs, look, self.scenarios.flows[first:last], target)
        posts = [
            Post(self._trip(venue, now), look.best_bid, shares, shares)
            for venue, shares in enumerate(placed.posts)
            if shares > 0
        ]
        self.account.note_posts(posts)
        self.over = self.clock.slice_end(self.slice)
        self._take(now, placed.takes, ROUTE, posts)

    def _take(self, now: int, split: list[float], reason: int, posts: Sequence[Post] = ()) -> None:
        """Send a split of shares to buy, each venue's at the ask displayed there."""
        shown = self.seen.book.venues
        takes = [
            Take(self._trip(venue, now), reason, shown[venue].ask.price, float(shares))
            for venue, shares in enumerate(split)
            if shares > 0
        ]
        self.account.note_takes(takes)
        self._send(now, [*takes, *posts])

    def _give_back(self, now: int) -> None:
        """Sell at the best bids seen what was bought too much."""
        look, excess = self._look(now), -self.account.remaining
        sales, sold = [], 0.0
        for venue in self.costs.dearest(look):
            if excess - sold <= DUST * excess:
                break
            shares = min(excess - sold, float(look.bid_left[venue]))
            sales.append(Take(self._trip(venue, now), EXCESS, float(look.bid[venue]), -shares))
            sold += shares
        self.account.flight += sales
        self._send(now, sales)
