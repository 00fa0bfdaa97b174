"""Parent orders: what is to be traded, from when, until when."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import get_args

import numpy as np

from sor_opt.errors import ConfigError, DataError
from sor_opt.market.book import Side
from sor_opt.market.tape import IntArray, Tape

SECOND = 1_000_000_000
SESSION = (time(9, 30), time(16, 0))
"""Regular trading hours of US equities, the default window of a day."""


@dataclass(frozen=True)
class OrderParams:
    """How parent orders are laid over the data.

    Parameters
    ----------
    side : {"buy", "sell"}
    size : float
        Shares of each order, > 0.
    horizon : int
        Nanoseconds that the policy has, > 0; what is left then is swept.
    every : int, optional
        Nanoseconds from one order's start to the next's; None makes one order.
    start, end : datetime.time, optional
        Window of each day in the tape's time zone; the regular session by default.
    """

    side: Side = "buy"
    size: float = 5000.0
    horizon: int = 540 * SECOND
    every: int | None = None
    start: time | None = None
    end: time | None = None

    def __post_init__(self) -> None:
        if self.side not in get_args(Side):
            raise ConfigError(f"side must be buy or sell, got {self.side!r}")
        if not 0 < self.size < math.inf:
            raise ConfigError(f"size must be > 0, got {self.size:g}")
        if self.horizon <= 0:
            raise ConfigError(f"horizon must be > 0, got {self.horizon / SECOND:g}s")
        if self.every is not None and self.every <= 0:
            raise ConfigError(f"every must be > 0, got {self.every / SECOND:g}s")
        if self.start and self.end and self.start >= self.end:
            raise ConfigError(f"start must be before end, got {self.start} and {self.end}")


@dataclass(frozen=True, eq=False)
class ParentOrders:
    """A run of equal parent orders over one tape, in time order.

    Attributes
    ----------
    side : {"buy", "sell"}
    size : float
        Shares of each.
    horizon : int
        Nanoseconds that the policy has.
    starts, deadlines : int64 ndarray, shape (n,)
        Nanoseconds UTC; from the start the order is routed, after the deadline (the end of the
        day's window) nothing trades.
    """

    side: Side
    size: float
    horizon: int
    starts: IntArray
    deadlines: IntArray

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def sign(self) -> int:
        """+1 to buy, -1 to sell."""
        return 1 if self.side == "buy" else -1


def make_orders(tape: Tape, params: OrderParams) -> ParentOrders:
    """Lay parent orders over every day of a tape.

    With `every`, an order starts at each multiple from the window's start as long as its horizon
    ends inside the window; without, one order starts at the first day's window.

    Raises
    ------
    DataError
        If the tape has no quotes in the window.
    ConfigError
        If no order fits.
    """
    windows = _windows(tape, params)
    if params.every is None:
        starts, deadlines = np.array([windows[0][0]]), np.array([windows[0][1]])
    else:
        runs = [
            np.arange(opens, ends - params.horizon + 1, params.every) for opens, ends in windows
        ]
        starts = np.concatenate(runs)
        deadlines = np.repeat([ends for _, ends in windows], [len(run) for run in runs])
    if not len(starts):
        raise ConfigError(
            f"no order of {params.horizon / SECOND:g}s fits into the data's window "
            f"({_span(tape, windows[0])}); shorten --horizon or widen --start/--end"
        )
    return ParentOrders(
        params.side,
        params.size,
        params.horizon,
        starts.astype(np.int64),
        deadlines.astype(np.int64),
    )


def _windows(tape: Tape, params: OrderParams) -> list[tuple[int, int]]:
    """Per day the window's ends, cut to where the day has quotes."""
    ts = tape.quotes.ts
    if not len(ts):
        raise DataError("no quotes", file=tape.source)
    first, last = (datetime.fromtimestamp(t / SECOND, tape.zone).date() for t in (ts[0], ts[-1]))
    days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    windows = []
    for day in days:
        opens, ends = (
            _nanoseconds(tape, day, given or usual)
            for given, usual in zip((params.start, params.end), SESSION, strict=True)
        )
        low, high = np.searchsorted(ts, opens, "left"), np.searchsorted(ts, ends, "right")
        if low < high:
            # The book stands before the window where quotes came earlier; else wait for the first.
            # A day's data is taken to last to the end of its last quote's second.
            lasts = ends if high < len(ts) else -(-int(ts[-1]) // SECOND) * SECOND
            windows.append((opens if low else int(ts[0]), min(ends, lasts)))
    if not windows:
        raise DataError(
            f"no quotes between {params.start or SESSION[0]} and {params.end or SESSION[1]} "
            f"{tape.timezone} time",
            file=tape.source,
            mend="set --start and --end",
        )
    return windows


def _nanoseconds(tape: Tape, day: date, clock: time) -> int:
    moment = datetime.combine(day, clock, tape.zone)
    return int(moment.timestamp()) * SECOND + moment.microsecond * 1000


def _span(tape: Tape, window: tuple[int, int]) -> str:
    opens, ends = (datetime.fromtimestamp(t / SECOND, tape.zone) for t in window)
    return f"{opens:%Y-%m-%d %H:%M:%S} to {ends:%H:%M:%S}"
