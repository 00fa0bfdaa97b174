"""What a router sends to venues, and when it arrives there and is answered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import NamedTuple, Protocol

from reference.venues import Venues


class Moments:
    """Times in order, to which others are added on the way."""

    def __init__(self, times: Iterable[int]) -> None:
        self._times = list(times)
        heapify(self._times)

    def add(self, ts: int) -> None:
        """Add a time that is not before the one given last."""
        heappush(self._times, ts)

    def until(self, end: int) -> Iterator[int]:
        """Every time once, the end included."""
        last = None
        while self._times and self._times[0] <= end:
            now = heappop(self._times)
            if now != last:
                yield now
            last = now


class Trip(NamedTuple):
    """Where something is sent, when it arrives and when the router knows what became of it."""

    venue: int
    arrives: int
    known: int


class Sent(Protocol):
    """What a router sends."""

    trip: Trip

    def arrive(self, venues: Venues) -> None:
        """Do at the venue what it was sent for."""


@dataclass
class Take:
    """Buy at once at the limit or better, or sell where shares are negative.

    Attributes
    ----------
    executed : float
        Shares, signed alike; 0 before the arrival.
    """

    trip: Trip
    reason: int
    limit: float
    shares: float
    executed: float = 0.0

    def arrive(self, venues: Venues) -> None:
        """Execute what is there at that price."""
        self.executed = venues.execute(*self.trip[:2], self.reason, self.limit, self.shares)


@dataclass
class Post:
    """Let a bid rest.

    Attributes
    ----------
    open : float
        Shares that rest as far as the router knows, from the sending on.
    """

    trip: Trip
    limit: float
    shares: float
    open: float

    def arrive(self, venues: Venues) -> None:
        """Join the queue as it stands."""
        venues.join(*self.trip[:2], self.limit, self.shares)


@dataclass
class Cancel:
    """End a bid."""

    trip: Trip
    bid: Post

    def arrive(self, venues: Venues) -> None:
        """Leave the queue, if the bid is not filled by now."""
        venues.leave(self.trip.venue)
