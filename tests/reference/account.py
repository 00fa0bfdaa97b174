"""What the router knows of its order: answers reach it later than they are given."""

from __future__ import annotations

from operator import itemgetter

from reference.book import Book
from reference.impact import Raised
from reference.transit import Cancel, Post, Take
from reference.venues import Execution


class Account:
    """A parent order as the router believes it to stand.

    Attributes
    ----------
    remaining : float
        Shares of the order less those known to be bought; below 0 after too many.
    bids : dict of Post
        The last bid sent to each venue.
    flight : list of Take
        What was sent to be executed at once, and is not answered yet; in order of sending.
    cancels : list of Cancel
        The same for cancels, in venue order.
    sent, posted : list of float, length K
        All shares sent to each venue's ask, and posted there.
    raised : Raised
        What its buying is known to have done to the asks.
    """

    def __init__(self, size: float, feed: list[int], dust: float, raised: Raised) -> None:
        self.raised = raised
        self.size, self.remaining, self.dust, self._feed = size, size, dust, feed
        self.bids: dict[int, Post] = {}
        self.flight: list[Take] = []
        self.cancels: list[Cancel] = []
        self.sent, self.posted = ([0.0] * len(feed) for _ in range(2))
        self._fills: list[tuple[int, Execution]] = []

    @property
    def in_flight(self) -> float:
        """Shares that may still be bought without being sent: in flight, or not yet cancelled."""
        shares = sum((take.shares for take in self.flight), 0.0)
        return sum((cancel.bid.open for cancel in self.cancels), shares)

    @property
    def committed(self) -> float:
        """Shares bought, and those that may still be without being sent."""
        return (self.size - self.remaining) + self.in_flight

    @property
    def open(self) -> list[Post]:
        """The bids that are not known to be over, in venue order."""
        return [bid for _, bid in sorted(self.bids.items()) if bid.open > 0]

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is in flight and nothing rests."""
        return not self.flight and not self.open

    def in_flight_to(self, venue: int) -> float:
        """Shares in flight to a venue's ask."""
        here = (take.shares for take in self.flight if take.trip.venue == venue)
        return sum((shares for shares in here if shares > 0), 0.0)

    def note_takes(self, takes: list[Take]) -> None:
        """Count what is sent to asks."""
        self.flight += takes
        for take in takes:
            self.sent[take.trip.venue] += take.shares

    def note_posts(self, posts: list[Post]) -> None:
        """Count what is posted."""
        for post in posts:
            self.bids[post.trip.venue] = post
            self.posted[post.trip.venue] += post.shares

    def filled(self, fill: Execution) -> None:
        """Keep a fill until it is heard of."""
        self._fills.append((fill.ts + self._feed[fill.venue], fill))

    def hear(self, now: int, seen: Book) -> None:
        """Take in the news: fills one by one, then what became of all that was sent, at once."""
        for _, fill in sorted((f for f in self._fills if f[0] <= now), key=itemgetter(0)):
            bid = self.bids[fill.venue]
            rest = bid.open - fill.shares
            bid.open = rest if rest > self.dust else 0.0
            self._settle(fill.shares)
        self._fills = [fill for fill in self._fills if fill[0] > now]
        known = [take for take in self.flight if take.trip.known <= now]
        self.flight = [take for take in self.flight if take.trip.known > now]
        for take in known:
            if take.executed:
                level = seen.venues[take.trip.venue].side(take.shares)
                level.take(abs(take.executed), take.trip.arrives)
            if take.executed > 0:
                self.raised.bought(take.executed, take.trip.arrives, now)
        self._settle(sum((take.executed for take in known), 0.0))
        for cancel in self.cancels:
            if cancel.trip.known <= now:
                cancel.bid.open = 0.0
        self.cancels = [cancel for cancel in self.cancels if cancel.trip.known > now]

    def _settle(self, bought: float) -> None:
        """Count shares; what rounding leaves is nothing."""
        self.remaining -= bought
        if abs(self.remaining) <= self.dust:
            self.remaining = 0.0
