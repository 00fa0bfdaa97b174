"""How good a tape is: crossed, locked, empty and stale books, broken and repeated quotes.

A snapshot is a distinct timestamp of the quotes; all rows of one timestamp are applied before it is
looked at. The book keeps each venue's last quote; a side that it does not show is empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sor_opt.compiled import compiled
from sor_opt.errors import ConfigError
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
    stale_share : float
        Of the last quotes seen at the snapshots that show a side, those left out for their age.
    snapshots, quotes : int
        The numbers of snapshots, and of such last quotes at them; with none all shares are 0.
    """

    crossed_share: float
    locked_share: float
    empty_share: float
    stale_share: float
    snapshots: int
    quotes: int


def pooled(parts: Sequence[BookQuality]) -> BookQuality:
    """Join the figures of separate stretches, each with the weight of what it looked at."""
    snapshots = sum(part.snapshots for part in parts)
    quotes = sum(part.quotes for part in parts)

    def per_snapshot(name: str) -> float:
        total = sum(float(getattr(part, name)) * part.snapshots for part in parts)
        return total / max(1, snapshots)

    return BookQuality(
        per_snapshot("crossed_share"),
        per_snapshot("locked_share"),
        per_snapshot("empty_share"),
        sum(part.stale_share * part.quotes for part in parts) / max(1, quotes),
        snapshots,
        quotes,
    )


def book_quality(quotes: Quotes, max_quote_age: int | None, start: int, end: int) -> BookQuality:
    """Look at every snapshot from `start` to `end`; earlier rows still fill the book.

    Parameters
    ----------
    quotes : Quotes
    max_quote_age : int or None
        Nanoseconds; a quote older than this is left out.
    start, end : int
        Nanoseconds UTC, both inclusive.

    Raises
    ------
    ConfigError
        If `max_quote_age` is not > 0.
    """
    if max_quote_age is not None and not max_quote_age > 0:
        raise ConfigError(f"max_quote_age must be > 0, got {max_quote_age}")
    limit = np.iinfo(np.int64).max if max_quote_age is None else max_quote_age
    bid = np.where(quotes.bid_shown, quotes.bid, -np.inf)
    ask = np.where(quotes.ask_shown, quotes.ask, np.inf)
    venues = int(quotes.venue.max(initial=-1)) + 1
    crossed, locked, empty, stale, seen, snapshots = _count(
        quotes.ts, quotes.venue, venues, bid, ask, limit, start, end
    )
    looked = max(1, snapshots)
    return BookQuality(
        crossed_share=crossed / looked,
        locked_share=locked / looked,
        empty_share=empty / looked,
        stale_share=stale / max(1, seen),
        snapshots=snapshots,
        quotes=seen,
    )


@compiled
def _count(
    ts: IntArray,
    venue: IntArray,
    venues: int,
    bid: FloatArray,
    ask: FloatArray,
    limit: int,
    start: int,
    end: int,
) -> tuple[int, int, int, int, int, int]:
    """Count crossed, locked and empty snapshots, stale and all quotes seen, and snapshots.

    A side that is not shown is infinite: a bid below, an ask above all others.
    """
    last = np.full(venues, -1)
    crossed = locked = empty = stale = seen = snapshots = 0
    for row in range(len(ts)):
        now = ts[row]
        if now > end:
            break
        last[venue[row]] = row if bid[row] > -np.inf or ask[row] < np.inf else -1
        if now < start or (row + 1 < len(ts) and ts[row + 1] == now):
            continue
        snapshots += 1
        best_bid, best_ask = -np.inf, np.inf
        for k in range(venues):
            if last[k] < 0:
                continue
            seen += 1
            if now - ts[last[k]] > limit:
                stale += 1
                continue
            best_bid = max(best_bid, bid[last[k]])
            best_ask = min(best_ask, ask[last[k]])
        crossed += best_bid > best_ask
        locked += best_bid == best_ask
        empty += best_bid == -np.inf or best_ask == np.inf
    return crossed, locked, empty, stale, seen, snapshots


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
    by_age = tuple((age, book_quality(quotes, age, start, end)) for age in AGE_LIMITS)
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
