"""How good a tape is: crossed, locked, empty and stale books, broken and repeated quotes.

A snapshot is a distinct timestamp of the quotes; all rows of one timestamp are applied before it is
looked at. The book keeps each venue's last quote; a side that it does not show is empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sor_opt.compiled import compiled
from sor_opt.market.book import (
    CROSSED,
    EMPTY,
    TRADABLE,
    WIDE,
    BookParams,
    BookRules,
    apply_quote,
    look,
    new_book,
)
from sor_opt.market.feed import Feed, make_feed
from sor_opt.market.tape import SECOND, FloatArray, IntArray, Quotes, Tape

AGE_LIMITS: tuple[int | None, ...] = (
    None,
    *(seconds * SECOND for seconds in (60, 30, 10, 5, 2, 1)),
    *(SECOND // part for part in (2, 5, 10)),
)
"""Age limits that `inspect` tries, nanoseconds, the longest first."""

TOLERABLE = 0.025
"""The share of crossed snapshots that a proposed age limit may leave."""


@dataclass(frozen=True)
class BookQuality:
    """Shares of the snapshots in which the consolidated book is of no or little use.

    Attributes
    ----------
    crossed_share, locked_share : float
        Best bid above the best ask, and equal to it.
    empty_share : float
        No venue shows a live bid, or none a live ask.
    wide_share : float
        Best bid and ask are further apart than the band.
    stale_share : float
        Of the last quotes seen at the snapshots that show a side, those left out for their age.
    stub_share : float
        Of the live sides at the snapshots that can be traded on, those beyond the band.
    snapshots, quotes, sides : int
        The numbers of snapshots, of such last quotes and of such sides; with none a share is 0.
    """

    crossed_share: float
    locked_share: float
    empty_share: float
    wide_share: float
    stale_share: float
    stub_share: float
    snapshots: int
    quotes: int
    sides: int

    @classmethod
    def of(cls, counts: _Counts) -> BookQuality:
        """Shares of what was counted."""
        snapshots, quotes = max(1, counts.snapshots), max(1, counts.quotes)
        return cls(
            crossed_share=counts.crossed / snapshots,
            locked_share=counts.locked / snapshots,
            empty_share=counts.empty / snapshots,
            wide_share=counts.wide / snapshots,
            stale_share=counts.stale / quotes,
            stub_share=counts.stubs / max(1, counts.sides),
            snapshots=counts.snapshots,
            quotes=counts.quotes,
            sides=counts.sides,
        )


class _Counts(NamedTuple):
    """What is counted at the snapshots of a stretch."""

    crossed: int
    locked: int
    empty: int
    wide: int
    stale: int
    stubs: int
    snapshots: int
    quotes: int
    sides: int


def book_quality(quotes: Quotes, params: BookParams, stretches: Sequence[Stretch]) -> BookQuality:
    """Look at every snapshot of some stretches of time.

    Parameters
    ----------
    quotes : Quotes
    params : BookParams
    stretches : sequence of Stretch
        Each begins with an empty book, which rows from `since` on fill.
    """
    feed, rules = make_feed(quotes, "buy"), params.rules
    venues = int(quotes.venue.max(initial=-1)) + 1
    nothing = (0,) * len(_Counts._fields)
    first = np.searchsorted(feed["ts"], [stretch.since for stretch in stretches])
    parts = [
        _count(feed, venues, rules, row, stretch.start, stretch.end)
        for row, stretch in zip(first.tolist(), stretches, strict=True)
    ]
    return BookQuality.of(_Counts(*map(sum, zip(nothing, *parts, strict=True))))


class Stretch(NamedTuple):
    """From when a book is filled, and from when to when it is looked at; ns UTC, inclusive."""

    since: int
    start: int
    end: int


@compiled
def _count(feed: Feed, venues: int, rules: BookRules, first: int, start: int, end: int) -> _Counts:
    """Look at the snapshots of a stretch, whose book the rows from `first` on fill."""
    book = new_book(venues)
    crossed = locked = empty = wide = stale = stubs = snapshots = seen = sides = 0
    for row in range(first, len(feed)):
        now = feed[row].ts
        if now > end:
            break
        apply_quote(book, feed[row], rules)
        if now < start or (row + 1 < len(feed) and feed[row + 1].ts == now):
            continue
        snapshots += 1
        best_bid, best_ask, condition = look(book, now, rules)
        crossed += condition == CROSSED
        empty += condition == EMPTY
        wide += condition == WIDE
        locked += best_bid == best_ask
        for k in range(venues):
            venue = book[k]
            shown = (venue.bid_size > 0) + (venue.ask_size > 0)
            if shown == 0:
                continue
            seen += 1
            if rules.max_quote_age >= 0 and now - venue.quoted_at > rules.max_quote_age:
                stale += 1
            elif condition == TRADABLE:
                displayed = (venue.bid_left > 0) + (venue.ask_left > 0)
                sides += shown
                stubs += shown - displayed
    return _Counts(crossed, locked, empty, wide, stale, stubs, snapshots, seen, sides)


@dataclass(frozen=True)
class VenueFigures:
    """What one venue's rows are like.

    Attributes
    ----------
    name : str
    rows : int
        Quotes.
    missing : int
        Quotes that show neither side: each has a zero, blank or non-finite price or size.
    one_sided : int
        Quotes that show one side alone.
    inverted : int
        Quotes of two sides with bid >= ask, which show neither.
    duplicates : int
        Quotes that repeat all six values of the venue's previous one.
    spread : float
        Median of ask - bid over two-sided quotes, dollars; NaN without any.
    trades : int
    volume : float
        Shares traded.
    """

    name: str
    rows: int
    missing: int
    one_sided: int
    inverted: int
    duplicates: int
    spread: float
    trades: int
    volume: float

    @property
    def invalid(self) -> int:
        """Quotes that show neither side."""
        return self.missing + self.inverted


@dataclass(frozen=True)
class Inspection:
    """What `inspect` found.

    Attributes
    ----------
    rows, trades, snapshots : int
        Quotes, prints, and distinct timestamps of quotes.
    start, end : int
        First and last quote, nanoseconds UTC.
    venues : tuple of VenueFigures
    by_age : tuple of (int or None, BookQuality)
        Over all snapshots, for each of `AGE_LIMITS`.
    proposed_max_quote_age : int or None
        The longest of `AGE_LIMITS` (None is the longest) that leaves at most `TOLERABLE` of the
        snapshots crossed; the one that leaves least where none does.
    """

    rows: int
    trades: int
    snapshots: int
    start: int
    end: int
    venues: tuple[VenueFigures, ...]
    by_age: tuple[tuple[int | None, BookQuality], ...]
    proposed_max_quote_age: int | None


def inspect(tape: Tape) -> Inspection:
    """Describe a tape with at least one quote."""
    quotes = tape.quotes
    start, end = int(quotes.ts[0]), int(quotes.ts[-1])
    all_of_it = [Stretch(start, start, end)]
    by_age = tuple(
        (age, book_quality(quotes, BookParams(max_quote_age=age), all_of_it)) for age in AGE_LIMITS
    )
    good = (age for age, quality in by_age if quality.crossed_share <= TOLERABLE)
    least = min(by_age, key=lambda pair: pair[1].crossed_share)[0]
    return Inspection(
        rows=len(quotes),
        trades=len(tape.trades) if tape.trades is not None else 0,
        snapshots=by_age[0][1].snapshots,
        start=start,
        end=end,
        venues=_by_venue(tape),
        by_age=by_age,
        proposed_max_quote_age=next(good, least),
    )


def _by_venue(tape: Tape) -> tuple[VenueFigures, ...]:
    quotes = tape.quotes
    numbers = np.stack([quotes.bid, quotes.bid_size, quotes.ask, quotes.ask_size])
    sides, inverted = quotes.bid_shown.astype(np.int64) + quotes.ask_shown, quotes.inverted
    figures = []
    for k, name in enumerate(tape.venues):
        rows = np.flatnonzero(quotes.venue == k)
        spread = (quotes.ask - quotes.bid)[rows[sides[rows] == 2]]
        sizes = tape.trades.size[tape.trades.venue == k] if tape.trades is not None else np.empty(0)
        figures.append(
            VenueFigures(
                name=name,
                rows=len(rows),
                missing=int(((sides == 0) & ~inverted)[rows].sum()),
                one_sided=int((sides[rows] == 1).sum()),
                inverted=int(inverted[rows].sum()),
                duplicates=_duplicates(quotes.ts[rows], numbers[:, rows]),
                spread=float(np.median(spread)) if spread.size else float("nan"),
                trades=len(sizes),
                volume=float(np.nansum(sizes)),
            )
        )
    return tuple(figures)


def _duplicates(ts: IntArray, numbers: FloatArray) -> int:
    before, after = numbers[:, :-1], numbers[:, 1:]
    same = np.all((before == after) | (np.isnan(before) & np.isnan(after)), axis=0)
    return int((same & (ts[1:] == ts[:-1])).sum())
