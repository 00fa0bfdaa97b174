"""The best bid and ask of all venues at any times: the NBBO of what the tape shows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sor_opt.compiled import compiled
from sor_opt.market.book import TRADABLE, Book, BookParams, BookRules, apply_quote, look, new_book
from sor_opt.market.feed import Feed
from sor_opt.market.tape import FloatArray, IntArray


class Nbbo(NamedTuple):
    """Best bids and asks, dollars per share.

    Attributes
    ----------
    bid, ask : float64 ndarray, shape (n,)
        NaN where no book of the day could be traded on so far.
    """

    bid: FloatArray
    ask: FloatArray

    @property
    def mid(self) -> FloatArray:
        """Their means (shape (n,))."""
        return (self.bid + self.ask) / 2

    @property
    def half_spread(self) -> FloatArray:
        """Half of their distances (shape (n,))."""
        return (self.ask - self.bid) / 2


def nbbo_at(feed: Feed, venues: int, params: BookParams, times: IntArray, since: IntArray) -> Nbbo:
    """Best bid and ask at some times, of the last book so far that could be traded on.

    That is the book at the time itself, or else the last one after all rows of a timestamp; one
    that is empty, crossed or wide (see `look`) is passed over. What we took plays no part.

    Parameters
    ----------
    feed : Feed
    venues : int
        K.
    params : BookParams
        Which quotes count.
    times, since : int64 ndarray, shape (n,)
        Nanoseconds UTC, the time's own rows included; a quote from before `since` is none.
    """
    bid, ask = np.full(len(times), np.nan), np.full(len(times), np.nan)
    for start in np.unique(since):
        mine = np.flatnonzero(since == start)
        mine = mine[np.argsort(times[mine], kind="stable")]
        first = int(np.searchsorted(feed["ts"], start))
        bid[mine], ask[mine] = _walk(feed, first, venues, params.rules, times[mine])
    return Nbbo(bid, ask)


@compiled
def _walk(
    feed: Feed, first: int, venues: int, rules: BookRules, times: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Apply the rows from the first one on, and note the best prices at some rising times."""
    book, row, last = new_book(venues), first, (np.nan, np.nan)
    bid, ask = np.empty(len(times)), np.empty(len(times))
    for i in range(len(times)):
        while row < len(feed) and feed[row].ts <= times[i]:
            now = feed[row].ts
            apply_quote(book, feed[row], rules)
            row += 1
            if row == len(feed) or feed[row].ts > now:
                last = _best(book, now, rules, last)
        bid[i], ask[i] = _best(book, times[i], rules, last)  # quotes may have aged since
    return bid, ask


@compiled
def _best(book: Book, now: int, rules: BookRules, last: tuple[float, float]) -> tuple[float, float]:
    """Best bid and ask of a book that can be traded on, else the last ones."""
    bid, ask, condition = look(book, now, rules)
    return (bid, ask) if condition == TRADABLE else last
