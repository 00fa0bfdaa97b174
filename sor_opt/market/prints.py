"""Whether trades belong to the quotes beside them: their prices, their times, and copies of them.

A print is held against the books of its moment: the one just before its timestamp and all those of
it, because the stamps of quotes and prints race each other by milliseconds, and some have whole
seconds. It is outside where it is priced below all their bids or above all their asks, and unquoted
before its day's first quote, after its day's last, and where one of those books is empty. What real
data measures is in docs/prints.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from sor_opt.market.tape import SECOND, BoolArray, FloatArray, IntArray, Quotes, Tape

MINUTE = 60 * SECOND
QUARTER = 15 * MINUTE

MOVES: tuple[int, ...] = tuple(
    sorted(
        {
            sign * unit * n
            for sign in (1, -1)
            for unit, most in ((MINUTE, 60), (QUARTER, 96))
            for n in range(most + 1)
        },
        key=abs,
    )
)
"""Moves of the prints' times that are tried, nanoseconds, the smallest first."""

FINE_MOVES: tuple[int, ...] = tuple(sorted(range(-MINUTE, MINUTE + 1, SECOND), key=abs))
"""Moves that are then tried around the best of them."""

SAMPLE = 1000
"""Prints, spread over the tape, by which the best move is found."""

GAIN = 0.1
"""Share of the prints that a move or a scale must bring back to the quotes to be believed."""
FEWEST_GAINED = 10
"""Prints that it must bring back, so that a few cannot fit by chance."""
MOST_LEFT = 0.5
"""Share of the prints that it may leave outside."""
LEAST_SCALE = 1e-3
"""How far from 1 a scale must be: prints at bids alone are half a spread from the mid."""

MOST_OUTSIDE = 0.75
"""Share of the prints outside up to which nothing is said where no move and no scale is believed.

Whole-second stamps and thinned quotes leave 0.27 and 0.41 of a real day outside, and 0.6 of some
of its hours; trades of another symbol or another day leave 0.9 and more.
"""
FEWEST = 5
"""Prints of which something is said."""

WIDE = 5.0
"""Median widths of the book beyond which a book cannot tell which move fits."""

ROUNDING = 1e-9
"""What a price may differ by and still be the same."""

Verdict = Literal["", "scaled", "moved", "apart", "foreign"]


@dataclass(frozen=True)
class DayCoverage:
    """One day's quotes, and the trades beside them.

    Attributes
    ----------
    day : str
        YYYY-MM-DD by the clock of the tape's exchange.
    quotes, trades : int
    first_quote, last_quote, first_trade, last_trade : int or None
        Nanoseconds UTC; None where the day has none.
    covered : float
        Of the day's quotes, those in quarters of an hour with a trade in them; NaN without quotes.
    """

    day: str
    quotes: int
    trades: int
    first_quote: int | None
    last_quote: int | None
    first_trade: int | None
    last_trade: int | None
    covered: float


@dataclass(frozen=True)
class PrintsQuality:
    """How well the trades of a tape fit to its quotes; shares are NaN where there are no prints.

    Attributes
    ----------
    prints, unusable : int
        Trades with a price and a size > 0, of which all else here speaks; and the others.
    volume : float
        Shares.
    outside_share : float
        Of the prints that are not unquoted, those outside; NaN without any.
    unquoted_share : float
        Of all prints.
    distance_bps : float
        Median distance from the mid; NaN where there is no mid.
    misfit : float
        Of all prints, those outside or unquoted.
    ratio : float
        Of prices and mids, the mean of its two quartiles; 1 where there is no mid.
    scale : float
        1, the ratio, or a plain number that it may stand for: which of them fits best when the
        prices are divided by it.
    misfit_scaled : float
        What it leaves.
    offset : int
        Which of the moves that were tried fits best when it is added to the prints' times.
    misfit_moved : float
        What it leaves.
    repeated_share : float
        Of the prints, those that repeat another's time, venue, price, size and side.
    copies : int
        How often a print comes, most often: 1 even where many are equal by chance.
    days : tuple of DayCoverage
    """

    prints: int
    unusable: int
    volume: float
    outside_share: float
    unquoted_share: float
    distance_bps: float
    misfit: float
    ratio: float
    scale: float
    misfit_scaled: float
    offset: int
    misfit_moved: float
    repeated_share: float
    copies: int
    days: tuple[DayCoverage, ...]

    @property
    def copied(self) -> bool:
        """Whether prints come several times each as a rule."""
        return self.copies > 1 and self.prints >= FEWEST * self.copies

    @property
    def verdict(self) -> Verdict:
        """What is wrong with prices or times, if anything is.

        "scaled": prices fit when they are divided by `scale`; "moved": times fit when `offset` is
        added; "apart": no print is of the quotes' time; "foreign": most are outside, and neither a
        scale nor a move corrects it.
        """
        enough = max(GAIN, FEWEST_GAINED / max(1, self.prints))
        most = min(MOST_LEFT, self.misfit - enough)
        if self.misfit_scaled <= min(most, self.misfit_moved):
            if abs(self.scale - 1) >= LEAST_SCALE:
                return "scaled"
        elif self.misfit_moved <= most:
            return "moved"
        if self.prints < FEWEST:
            return ""
        if self.unquoted_share == 1:
            return "apart"
        return "foreign" if self.outside_share > MOST_OUTSIDE else ""


@np.errstate(invalid="ignore", over="ignore")
def prints_quality(tape: Tape) -> PrintsQuality | None:
    """Hold a tape's trades against its quotes; None where either is missing."""
    trades, quotes = tape.trades, tape.quotes
    if trades is None or not len(trades) or not len(quotes):
        return None
    usable = np.isfinite(trades.price) & (trades.price > 0)
    usable &= np.isfinite(trades.size) & (trades.size > 0)
    ts, price = trades.ts[usable], trades.price[usable]
    midnights = _midnights(tape.zone, quotes.ts, trades.ts)
    books = _books(quotes, len(tape.venues), midnights)
    now = _fit(books, ts, price)
    scale, scaled = _best_scale(books, ts, price, now.ratio)
    offset, moved = _best_move(books, ts, price)
    columns = (ts, trades.venue[usable], price, trades.size[usable], trades.side[usable])
    times = pd.DataFrame(dict(enumerate(columns))).groupby([*range(len(columns))]).size()
    return PrintsQuality(
        prints=len(ts),
        unusable=len(trades) - len(ts),
        volume=float(trades.size[usable].sum()),
        outside_share=now.outside_share,
        unquoted_share=now.unquoted_share,
        distance_bps=now.distance_bps,
        misfit=now.misfit,
        ratio=now.ratio,
        scale=scale,
        misfit_scaled=scaled.misfit,
        offset=offset,
        misfit_moved=moved.misfit,
        repeated_share=(len(ts) - len(times)) / len(ts) if len(ts) else float("nan"),
        copies=max(1, int(np.bincount(times, minlength=2).argmax())),
        days=_coverage(quotes.ts, trades.ts, midnights, tape.zone),
    )


@dataclass(frozen=True, eq=False)
class _Books:
    """The books after each distinct timestamp of the quotes, all columns of shape (n,).

    Attributes
    ----------
    ts, until : int64 ndarray
        When the book came, and until when it stood, nanoseconds UTC: a day's last one does not.
    bid, ask : float64 ndarray
        The best, exchanged where they are crossed; infinite where no venue shows a side.
    low, high : float64 ndarray
        The lowest bid and the highest ask among the books of this timestamp and the one before it.
    """

    ts: IntArray
    until: IntArray
    bid: FloatArray
    ask: FloatArray
    low: FloatArray
    high: FloatArray

    @cached_property
    def mid(self) -> FloatArray:
        """Not finite where a side is missing."""
        return self.bid / 2 + self.ask / 2


def _books(quotes: Quotes, venues: int, midnights: IntArray) -> _Books:
    bid, ask = _best(quotes, venues, np.searchsorted(midnights, quotes.ts, "right"))
    bid, ask = np.minimum(bid, ask), np.maximum(bid, ask)
    begins = np.flatnonzero(np.diff(quotes.ts, prepend=quotes.ts[0] - 1))
    low, high = np.minimum.reduceat(bid, begins), np.maximum.reduceat(ask, begins)
    after = np.append(begins[1:], len(quotes)) - 1
    ts, bid, ask = quotes.ts[begins], bid[after], ask[after]
    goes_on = np.diff(np.searchsorted(midnights, ts, "right")) == 0
    low[1:] = np.where(goes_on, np.minimum(low[1:], bid[:-1]), low[1:])
    high[1:] = np.where(goes_on, np.maximum(high[1:], ask[:-1]), high[1:])
    until = np.append(np.where(goes_on, ts[1:], ts[:-1]), ts[-1])
    return _Books(ts, until, bid, ask, low, high)


def _best(quotes: Quotes, venues: int, day: IntArray) -> tuple[FloatArray, FloatArray]:
    """Best bid and ask over each venue's last quote of the day after every row."""
    shown_bid = np.where(quotes.bid_shown, quotes.bid, -np.inf)
    shown_ask = np.where(quotes.ask_shown, quotes.ask, np.inf)
    bid, ask = np.full(len(quotes), -np.inf), np.full(len(quotes), np.inf)
    rows, opening = np.arange(len(quotes)), np.searchsorted(day, day)
    for venue in range(venues):
        last = np.maximum.accumulate(np.where(quotes.venue == venue, rows, -1))
        today = last >= opening
        np.maximum(bid, shown_bid[last], out=bid, where=today)
        np.minimum(ask, shown_ask[last], out=ask, where=today)
    return bid, ask


@dataclass(frozen=True, eq=False)
class _Fit:
    """Prints against the books of their moment.

    Attributes
    ----------
    quoted, inside : bool ndarray, shape (prints,)
    ratios : float64 ndarray
        Price / mid of the quoted prints, where there is a mid.
    """

    quoted: BoolArray
    inside: BoolArray
    ratios: FloatArray

    @property
    def misfit(self) -> float:
        return _rest(self.inside, len(self.inside))

    @property
    def unquoted_share(self) -> float:
        return _rest(self.quoted, len(self.quoted))

    @property
    def outside_share(self) -> float:
        return _rest(self.inside, int(self.quoted.sum()))

    @property
    def distance_bps(self) -> float:
        return float(np.median(np.abs(self.ratios - 1))) * 1e4 if len(self.ratios) else float("nan")

    @property
    def ratio(self) -> float:
        quartiles = np.percentile(self.ratios, (25, 75)) if len(self.ratios) else np.ones(2)
        return float(np.clip(quartiles.mean(), 1e-12, 1e12))


def _rest(part: BoolArray, whole: int) -> float:
    """Share that a part leaves of a whole; NaN of nothing."""
    return (whole - int(part.sum())) / whole if whole else float("nan")


def _fit(books: _Books, ts: IntArray, price: FloatArray) -> _Fit:
    row = np.searchsorted(books.ts, ts, "right") - 1
    raced = books.ts[row] == ts
    low = np.where(raced, books.low[row], books.bid[row])
    high = np.where(raced, books.high[row], books.ask[row])
    quoted = (row >= 0) & (ts <= books.until[row]) & (np.isfinite(low) | np.isfinite(high))
    inside = quoted & (price >= low * (1 - ROUNDING)) & (price <= high * (1 + ROUNDING))
    mid = books.mid[row]
    return _Fit(quoted, inside, (price / mid)[quoted & np.isfinite(mid)])


def _best_scale(books: _Books, ts: IntArray, price: FloatArray, ratio: float) -> tuple[float, _Fit]:
    """Try the ratio as measured, and as the plain numbers that it may stand for.

    The measured one is off by a part of the spread, which is enough to take prints out of it.
    """
    scales = (1.0, float(f"{ratio:.3g}"), 1 / float(f"{1 / ratio:.3g}"), ratio)
    fits = [(scale, _fit(books, ts, price / scale)) for scale in scales]
    return min(fits, key=lambda pair: pair[1].misfit)


def _best_move(books: _Books, ts: IntArray, price: FloatArray) -> tuple[int, _Fit]:
    """Try all moves on some prints, against books that are not wide, and take the best to all."""
    some = np.unique(np.linspace(0, len(ts) - 1, min(len(ts), SAMPLE)).astype(np.int64))
    narrow = _narrow(books)
    best = 0
    for moves in (MOVES, FINE_MOVES):
        fits = {best + move: _fit(narrow, ts[some] + best + move, price[some]) for move in moves}
        best = min(fits, key=lambda offset: fits[offset].misfit)
    ends = [(offset, _fit(books, ts + offset, price)) for offset in (0, best)]
    return min(ends, key=lambda pair: pair[1].misfit)


def _narrow(books: _Books) -> _Books:
    """Cut wide books around their mid: any print fits into the quotes of before the opening."""
    width = books.ask - books.bid
    usual = np.median(width[np.isfinite(width)]) if np.isfinite(width).any() else np.inf
    lowest, highest = books.mid - WIDE / 2 * usual, books.mid + WIDE / 2 * usual
    return replace(
        books,
        bid=np.fmax(books.bid, lowest),
        ask=np.fmin(books.ask, highest),
        low=np.fmax(books.low, lowest),
        high=np.fmin(books.high, highest),
    )


def _midnights(zone: ZoneInfo, *columns: IntArray) -> IntArray:
    """When each day begins, from the first of the times to after the last; nanoseconds UTC."""
    ends = [int(ts[i]) for ts in columns for i in (0, -1)]
    first, last = (datetime.fromtimestamp(t / SECOND, zone).date() for t in (min(ends), max(ends)))
    days = (first + timedelta(days=i) for i in range((last - first).days + 2))
    midnights = [datetime.combine(day, time(), zone).timestamp() for day in days]
    return np.array(midnights, dtype=np.int64) * SECOND


def _coverage(
    quotes: IntArray, trades: IntArray, midnights: IntArray, zone: ZoneInfo
) -> tuple[DayCoverage, ...]:
    days = []
    for begins, ends in pairwise(midnights):
        quoted, traded = (
            ts[slice(*np.searchsorted(ts, (begins, ends)))] for ts in (quotes, trades)
        )
        if len(quoted) or len(traded):
            shared = np.isin((quoted - begins) // QUARTER, (traded - begins) // QUARTER)
            days.append(
                DayCoverage(
                    day=datetime.fromtimestamp(begins / SECOND, zone).date().isoformat(),
                    quotes=len(quoted),
                    trades=len(traded),
                    first_quote=int(quoted[0]) if len(quoted) else None,
                    last_quote=int(quoted[-1]) if len(quoted) else None,
                    first_trade=int(traded[0]) if len(traded) else None,
                    last_trade=int(traded[-1]) if len(traded) else None,
                    covered=float(shared.mean()) if len(quoted) else float("nan"),
                )
            )
    return tuple(days)
