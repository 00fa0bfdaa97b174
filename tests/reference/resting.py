"""Our bids that rest on venues for a slice, in the readable engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sor_opt.market.book import Prints
from sor_opt.market.tape import FloatArray
from sor_opt.models.windows import outflow_of


@dataclass
class Resting:
    """One bid per venue, all at one limit, each behind a queue.

    Attributes
    ----------
    limit : float
        Dollars per share.
    queue : float64 ndarray, shape (K,)
        Shares still before ours.
    left : float64 ndarray, shape (K,)
        Our shares that are not filled yet.
    expires : int
        Nanoseconds; what is left then is cancelled.
    next_print : int
        The first print that may still reach them.
    through : bool
        Whether a print below the limit fills all that rests at its venue.
    dust : float
        Shares up to which rounding is taken to have made them.
    """

    limit: float
    queue: FloatArray
    left: FloatArray
    expires: int
    next_print: int
    through: bool
    dust: float

    @property
    def open(self) -> bool:
        """Whether anything still rests."""
        return bool((self.left > 0).any())

    def meet(self, prints: Prints, now: int) -> Iterator[tuple[int, int, float]]:
        """Let the prints up to `now` eat the queue and then us; yield fills: ts, venue, shares."""
        while self.next_print < len(prints.ts) and prints.ts[self.next_print] <= now:
            at = self.next_print
            self.next_print += 1
            venue = int(prints.venue[at])
            if self.left[venue] <= 0:
                continue
            outflow = outflow_of(
                prints.price[at], prints.size[at], prints.buying[at], self.limit, self.through
            )
            shares = float(np.clip(outflow - self.queue[venue], 0.0, self.left[venue]))
            self.queue[venue] = max(0.0, self.queue[venue] - outflow)
            if shares > self.dust:
                rest = self.left[venue] - shares
                self.left[venue] = rest if rest > self.dust else 0.0
                yield int(prints.ts[at]), venue, shares
