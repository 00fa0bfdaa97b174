"""Our bids that rest on venues until a slice ends."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from reference.prints import Print, Printed


@dataclass
class Resting:
    """One bid per venue, all at one limit, each behind a queue.

    Attributes
    ----------
    limit : float
        Dollars per share.
    queue, left : list of float, length K
        Shares before ours, and ours that are not filled yet.
    ends : int
        Nanoseconds; what is left then is cancelled.
    following : int
        The first print that may still reach them.
    through : bool
        Whether a print below the limit fills all that rests at its venue.
    dust : float
        Shares up to which a rest counts as nothing.
    """

    limit: float
    queue: list[float]
    left: list[float]
    ends: int
    following: int
    through: bool
    dust: float

    @property
    def open(self) -> bool:
        """Whether anything still rests."""
        return any(shares > 0 for shares in self.left)

    def meet(self, printed: Printed, now: int) -> Iterator[tuple[Print, float]]:
        """Let the prints up to `now` take the queue and then us; yield those that fill us."""
        last = printed.count(now)
        for row in printed.rows[self.following : last]:
            shares = self._fill(row)
            if shares > 0:
                yield row, shares
        self.following = max(self.following, last)

    def _fill(self, row: Print) -> float:
        """Shares of ours that a print fills."""
        mine, ahead = self.left[row.venue], self.queue[row.venue]
        if mine <= 0:
            return 0.0
        outflow = self._outflow(row)
        if math.isinf(outflow):
            self.queue[row.venue], shares = 0.0, mine
        else:
            self.queue[row.venue] = max(0.0, ahead - outflow)
            shares = min(max(outflow - ahead, 0.0), mine)
        if shares <= self.dust:
            return 0.0
        rest = mine - shares
        self.left[row.venue] = rest if rest > self.dust else 0.0
        return shares

    def _outflow(self, row: Print) -> float:
        """Shares that a print takes from the bids at the limit, all of them where it is below."""
        if row.price < self.limit:
            return math.inf if self.through else row.size
        meets_offers = row.buying or row.price > self.limit
        return 0.0 if meets_offers else row.size
