"""The venues' side: the quotes as they are, what we really took of them, and our bids there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from reference.book import Book
from reference.impact import Raised
from reference.prints import Print, Printed
from sor_opt.backtest.replay import LIMIT


class Execution(NamedTuple):
    """Shares bought, or given back where they are negative."""

    ts: int
    venue: int
    reason: int
    price: float
    shares: float


@dataclass
class Bid:
    """One of ours that rests behind a queue.

    Attributes
    ----------
    limit : float
        Dollars per share.
    queue, left : float
        Shares before ours, and ours that are not filled yet.
    """

    limit: float
    queue: float
    left: float

    def fill(self, row: Print, through: bool) -> float:
        """Let a print take the queue and then us; give the shares of ours that it takes."""
        outflow, ahead = self._outflow(row, through), self.queue
        if math.isinf(outflow):
            self.queue = 0.0
            return self.left
        self.queue = max(0.0, ahead - outflow)
        return min(max(outflow - ahead, 0.0), self.left)

    def _outflow(self, row: Print, through: bool) -> float:
        """Shares that a print takes from the bids at the limit, all of them where it is below."""
        if row.price < self.limit:
            return math.inf if through else row.size
        meets_offers = row.buying or row.price > self.limit
        return 0.0 if meets_offers else row.size


class Venues:
    """All venues, for one parent order.

    Parameters
    ----------
    book : Book
    printed : Printed
    start : int
        Nanoseconds; earlier prints meet nothing.
    through : bool
        Whether a print below the limit fills all that rests at its venue.
    dust : float
        Shares up to which a rest counts as nothing.
    raised : Raised
        What our buying does to the asks.
    """

    def __init__(
        self,
        book: Book,
        printed: Printed,
        start: int,
        through: bool,
        dust: float,
        raised: Raised,
    ) -> None:
        self.raised = raised
        self.book, self.printed, self.through, self.dust = book, printed, through, dust
        self.bids: dict[int, Bid] = {}
        self.log: list[Execution] = []
        self._met = printed.count(start)

    def meet(self, now: int) -> list[Execution]:
        """Let the prints up to `now` meet our bids; give what they fill."""
        filled, last = len(self.log), self.printed.count(now)
        for row in self.printed.rows[self._met : last]:
            if row.venue in self.bids:
                self._fill(row, self.bids[row.venue])
        self._met = max(self._met, last)
        return self.log[filled:]

    def _fill(self, row: Print, bid: Bid) -> None:
        shares = bid.fill(row, self.through)
        if shares <= self.dust:
            return
        bid.left -= shares
        self.log.append(Execution(row.ts, row.venue, LIMIT, bid.limit, shares))
        if bid.left <= self.dust:
            del self.bids[row.venue]

    def execute(self, venue: int, now: int, reason: int, limit: float, shares: float) -> float:
        """Buy at a limit or better what is left there, or sell where shares are negative."""
        here = self.book.venues[venue]
        level = here.side(shares)
        reached = level.price <= limit if shares > 0 else level.price >= limit
        done = min(abs(shares), level.left())
        if not (reached and done > 0 and self.book.is_live(here, now)):
            return 0.0
        level.take(done, now)
        signed = math.copysign(done, shares)
        price = level.price
        if shares > 0:
            price += self.raised.at(now)
            self.raised.bought(done, now, now)
        self.log.append(Execution(now, venue, reason, price, signed))
        return signed

    def join(self, venue: int, now: int, limit: float, shares: float) -> None:
        """Let a bid rest behind what is displayed; behind an endless queue where nobody knows."""
        look = self.book.look(now)
        queue = math.inf
        if look.bid_left[venue] > 0 and look.bid[venue] <= limit:
            queue = float(look.bid_left[venue]) if look.bid[venue] == limit else 0.0
        self.bids[venue] = Bid(limit, queue, shares)

    def leave(self, venue: int) -> None:
        """Cancel a bid, if it is not filled."""
        self.bids.pop(venue, None)
