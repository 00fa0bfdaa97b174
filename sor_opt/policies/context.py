"""What a policy is given before it trades: the tape, and the slices of the orders."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sor_opt.errors import ConfigError
from sor_opt.market.book import BookParams
from sor_opt.market.feed import Feed, Prints
from sor_opt.market.tape import FloatArray, IntArray, Tape
from sor_opt.models.static import check_depth

MAX_MOMENTS = 1_000_000
"""The most slices, and windows a day, that a policy looks at."""


@dataclass(frozen=True, eq=False)
class Slices:
    """The equal slices that each parent order's horizon is cut into; the last may be shorter.

    Attributes
    ----------
    starts, midnights : int64 ndarray, shape (orders,)
        When each order starts, and its day; nanoseconds UTC.
    size : float
        Shares of each order.
    horizon, length : int
        Nanoseconds.
    """

    starts: IntArray
    midnights: IntArray
    size: float
    horizon: int
    length: int

    @property
    def count(self) -> int:
        """Slices of an order."""
        return -(-self.horizon // self.length)

    def times(self) -> tuple[IntArray, IntArray]:
        """When each slice starts, and its day's midnight; both flat, order by order.

        Raises
        ------
        ConfigError
            If there are more than `MAX_MOMENTS`.
        """
        check_moments("slices", len(self.starts) * self.count)
        starts = self.starts[:, None] + np.arange(self.count) * self.length
        return starts.reshape(-1), np.repeat(self.midnights, self.count)


@dataclass(frozen=True, eq=False)
class Context:
    """A tape, what is still to come included, and the orders that are to trade on it.

    A policy may take from it what has passed at a decision; nothing else holds it to that.

    Attributes
    ----------
    tape : Tape
        K venues.
    feed, prints : Feed, Prints
        The tape's quotes and trades from the orders' side.
    slices : Slices
    book : BookParams
    taker, rebate : float64 ndarray, shape (orders, K)
        Dollars per share, on each order's day.
    feed_latency : int64 ndarray, shape (K,)
        Nanoseconds by which a router hears of each venue's quotes and prints later.
    """

    tape: Tape
    feed: Feed
    prints: Prints
    slices: Slices
    book: BookParams
    taker: FloatArray
    rebate: FloatArray
    feed_latency: IntArray

    def check_displays(self, step: float) -> None:
        """Refuse a tape that displays too many chunks of a step somewhere.

        Raises
        ------
        ConfigError
        """
        venue, size = self._deepest
        check_depth(venue, size, step)

    @cached_property
    def _deepest(self) -> tuple[str, float]:
        """The venue that displays most at its ask, and how much."""
        at = int(np.argmax(self.feed["ask_size"]))
        return self.tape.venues[self.feed[at].venue], float(self.feed[at].ask_size)


def check_moments(what: str, count: int) -> None:
    """Refuse to look at too many moments.

    Raises
    ------
    ConfigError
    """
    if count > MAX_MOMENTS:
        raise ConfigError(
            f"{count:,} {what} are more than {MAX_MOMENTS:,}; take longer slices or strides"
        )
