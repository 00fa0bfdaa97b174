"""Parent orders: what is to be traded, from when, until when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Annotated, NamedTuple, get_args

import numpy as np

from sor_opt.backtest.limits import Limits
from sor_opt.errors import ConfigError, DataError, quoted
from sor_opt.market.feed import Side
from sor_opt.market.tape import SECOND, SESSION, IntArray, Tape
from sor_opt.models.bounds import check_size
from sor_opt.params import NANOSECONDS, Param

_PER_ORDER = ("starts", "deadlines", "midnights")


@dataclass(frozen=True)
class OrderParams:
    """How parent orders are laid over the data.

    Parameters
    ----------
    side : {"buy", "sell"}
    size : float
        Shares of each order, > 0 and at most `MAX_SHARES`.
    horizon : int
        Nanoseconds that the policy has, > 0; what is left then is completed.
    every : int, optional
        Nanoseconds from one order's start to the next's; None makes one order.
    start, end : datetime.time, optional
        Window of each day in the tape's time zone; the regular session by default.
    """

    side: Annotated[Side, Param("side of the parent orders")] = "buy"
    size: Annotated[float, Param("size of each parent order", "shares")] = 5000.0
    horizon: Annotated[int, Param("time that the policy has", NANOSECONDS)] = 540 * SECOND
    every: Annotated[int | None, Param("start an order so often; one if left out", NANOSECONDS)] = (
        None
    )
    start: Annotated[time | None, Param("first order of a day, 09:30 if left out")] = None
    end: Annotated[time | None, Param("last trade of a day, 16:00 if left out")] = None

    def __post_init__(self) -> None:
        if self.side not in get_args(Side):
            raise ConfigError(f"side must be buy or sell, got {quoted(self.side)}")
        check_size(self.size)
        if self.horizon <= 0:
            raise ConfigError(f"horizon must be > 0, got {self.horizon / SECOND:g}s")
        if self.every is not None and self.every <= 0:
            raise ConfigError(f"every must be > 0, got {self.every / SECOND:g}s")
        for name in ("start", "end"):
            clock = getattr(self, name)
            if clock is not None and clock.tzinfo is not None:
                raise ConfigError(f"{name} must have no offset: it is in the tape's time zone")
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
    midnights : int64 ndarray, shape (n,)
        When each order's day began; older quotes are yesterday's.
    """

    side: Side
    size: float
    horizon: int
    starts: IntArray
    deadlines: IntArray
    midnights: IntArray

    def __len__(self) -> int:
        return len(self.starts)

    def select(self, which: IntArray) -> ParentOrders:
        """Some of the orders, by index."""
        columns = {name: getattr(self, name)[which] for name in _PER_ORDER}
        return replace(self, **columns)

    @property
    def sign(self) -> int:
        """+1 to buy, -1 to sell."""
        return 1 if self.side == "buy" else -1


def make_orders(tape: Tape, params: OrderParams, limits: Limits = Limits()) -> ParentOrders:
    """Lay parent orders over every day of a tape.

    With `every`, an order starts at each multiple from the window's start as long as its horizon
    ends inside the window; without, there is the first of them alone.

    Raises
    ------
    DataError
        If the tape has no quotes in the window.
    ConfigError
        If no order fits, or there are more than the limit.

    Examples
    --------
    An hour holds six orders of nine minutes that start every ten:

    >>> from sor_opt import SyntheticParams, generate
    >>> tape = generate(SyntheticParams(seed=7, minutes=60))
    >>> orders = make_orders(tape, OrderParams(size=1000, every=600 * SECOND))
    >>> len(orders)
    6
    >>> (np.diff(orders.starts) // SECOND).tolist()
    [600, 600, 600, 600, 600]
    """
    windows = _windows(tape, params)
    limits.check_orders(sum(_count(window, params) for window in windows))
    runs = [_starts(window, params) for window in windows]
    starts = np.concatenate(runs)
    if not len(starts):
        raise ConfigError(
            f"no order of {params.horizon / SECOND:g}s fits into the data's window "
            f"({_span(tape, windows[0])}); shorten --horizon or widen --start/--end"
        )
    counts = [len(run) for run in runs]
    orders = ParentOrders(
        params.side,
        params.size,
        params.horizon,
        starts,
        np.repeat([window.closes for window in windows], counts),
        np.repeat([window.midnight for window in windows], counts),
    )
    return orders if params.every else orders.select(np.array([0]))


class _Window(NamedTuple):
    """When a day begins, and from when to when its orders trade; nanoseconds UTC."""

    midnight: int
    opens: int
    closes: int


def _count(window: _Window, params: OrderParams) -> int:
    """Orders that start in a window and whose horizon ends in it."""
    room = window.closes - params.horizon - window.opens
    if room < 0:
        return 0
    return room // params.every + 1 if params.every else 1


def _starts(window: _Window, params: OrderParams) -> IntArray:
    numbers = np.arange(_count(window, params), dtype=np.int64)
    return window.opens + numbers * (params.every or 0)


def _windows(tape: Tape, params: OrderParams) -> list[_Window]:
    """Per day with quotes in it the window, cut to where the day's quotes begin and end."""
    ts = tape.quotes.ts
    if not len(ts):
        raise DataError("no quotes", file=tape.source)
    first, last = (datetime.fromtimestamp(t / SECOND, tape.zone).date() for t in (ts[0], ts[-1]))
    windows = []
    for day in (first + timedelta(days=i) for i in range((last - first).days + 1)):
        midnight, opens, closes, tomorrow = (
            _nanoseconds(tape, date_, clock)
            for date_, clock in (
                (day, time()),
                (day, params.start or SESSION[0]),
                (day, params.end or SESSION[1]),
                (day + timedelta(days=1), time()),
            )
        )
        today = ts[np.searchsorted(ts, midnight) : np.searchsorted(ts, tomorrow)]
        if np.searchsorted(today, opens) < np.searchsorted(today, closes, "right"):
            # Data is taken to last to the end of its last quote's second.
            ends = -(-int(today[-1]) // SECOND) * SECOND
            windows.append(_Window(midnight, max(opens, int(today[0])), min(closes, ends)))
    if not windows:
        raise DataError(
            f"no quotes between {params.start or SESSION[0]} and {params.end or SESSION[1]} "
            f"{tape.timezone} time",
            file=tape.source,
            hint="set --start and --end",
        )
    return windows


def _nanoseconds(tape: Tape, day: date, clock: time) -> int:
    moment = datetime.combine(day, clock, tape.zone)
    return int(moment.timestamp()) * SECOND + moment.microsecond * 1000


def _span(tape: Tape, window: _Window) -> str:
    moments = (window.opens, window.closes)
    opens, ends = (datetime.fromtimestamp(t / SECOND, tape.zone) for t in moments)
    return f"{opens:%Y-%m-%d %H:%M:%S} to {ends:%H:%M:%S}"
