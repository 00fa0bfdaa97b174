"""Means over orders with their 95 % intervals (docs/intervals.md)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from sor_opt.backtest.orders import ParentOrders
from sor_opt.backtest.result import Result
from sor_opt.market.tape import SECOND, BoolArray, FloatArray, IntArray

OVER_DAYS = 5
"""From so many days on, each of them is one observation, and an interval is over days."""

LEAST_GROUPS = 5
"""Of fewer groups than this no interval is made."""

_LEVEL = 0.95


class Estimate(NamedTuple):
    """A mean over orders with its 95 % interval.

    Attributes
    ----------
    mean : float
        NaN without orders.
    low, high : float
        NaN where the orders make fewer than `LEAST_GROUPS` groups.
    orders : int
        How many are in the mean.
    days : int
        On how many days they began.
    """

    mean: float
    low: float
    high: float
    orders: int
    days: int = 1

    @property
    def basis(self) -> str | None:
        """What the interval speaks of: "over 12 days", "within this day"; None without one."""
        if np.isnan(self.low):
            return None
        if self.days >= OVER_DAYS:
            return f"over {self.days} days"
        return "within this day" if self.days == 1 else f"within these {self.days} days"


def mean_shortfall(result: Result, among: BoolArray | None = None) -> Estimate:
    """What a policy's orders cost in the mean, bps of the notional.

    Parameters
    ----------
    result : Result
    among : bool ndarray, shape (orders,), optional
        The orders that count, such as those of a test; all by default.
    """
    costs = result.shortfall_bps
    counted = costs if among is None else np.where(among, costs, np.nan)
    return estimate(counted, result.market.orders, result.duration_s)


def savings(policy: Result, baseline: Result, among: BoolArray | None = None) -> Estimate:
    """How many bps the policy costs less than a baseline, paired over orders.

    Both shortfalls are of the same notional, size x arrival mid. Orders that either of the two
    did not fill are left out: a saving is never claimed for them.

    Parameters
    ----------
    policy, baseline : Result
    among : bool ndarray, shape (orders,), optional
        The orders that count, such as those of a test; all by default.
    """
    counted = policy.complete & baseline.complete
    if among is not None:
        counted &= among
    saved = np.where(counted, baseline.shortfall_bps - policy.shortfall_bps, np.nan)
    longer = np.fmax(policy.duration_s, baseline.duration_s)
    return estimate(saved, policy.market.orders, longer)


def estimate(
    values: FloatArray, orders: ParentOrders, duration_s: FloatArray | None = None
) -> Estimate:
    """Mean of per-order values with its 95 % interval.

    The interval is Student's over groups: the days where there are `OVER_DAYS` of them or more,
    else runs of orders within days, each several horizons long, and then corrected for how skewed
    the values are.

    Parameters
    ----------
    values : float64 ndarray, shape (orders,)
        NaN and infinite ones are left out.
    orders : ParentOrders
        Of which they are, in the order of their starts.
    duration_s : float64 ndarray, shape (orders,), optional
        Seconds that each lasted, where that may be longer than the horizon; NaN where not known.

    Examples
    --------
    Twelve orders of nine minutes make five runs:

    >>> starts = 600 * SECOND * np.arange(12)
    >>> orders = ParentOrders("buy", 100.0, 540 * SECOND, starts, starts + 10**12, 0 * starts)
    >>> found = estimate(np.array([1.0, 2.0, 3.0, 2.0] * 3), orders)
    >>> f"{found.mean} [{found.low:.2f}, {found.high:.2f}] {found.basis}"
    '2.0 [1.48, 2.52] within this day'
    """
    assert len(values) == len(orders)
    known = np.isfinite(values)
    values = values[known]
    if not len(values):
        return Estimate(np.nan, np.nan, np.nan, 0, 0)
    day = np.unique(orders.midnights[known], return_inverse=True)[1]
    days = int(day[-1]) + 1
    if days >= OVER_DAYS:
        low, high = _bounds(values, day, 0.0)
    else:
        lasted = np.full(len(orders), float(orders.horizon))
        if duration_s is not None:
            lasted = np.fmax(lasted, duration_s * SECOND)
        low, high = _bounds(values, _runs(orders.starts[known], lasted[known], day), _skew(values))
    return Estimate(float(values.mean()), low, high, len(values), days)


def _runs(starts: IntArray, lasted: FloatArray, day: IntArray) -> IntArray:
    """Number the runs of orders in time, none of them across midnight (shape (orders,)).

    A day of h orders, or of h horizons where orders overlap, makes sqrt(2 h) runs, twice as many as
    a run has horizons: longer ones have less in common with the next one, more of them know better
    how far they differ.
    """
    first, sizes = np.unique(day, return_index=True, return_counts=True)[1:]
    spans = np.maximum.reduceat(starts + lasted, first) - starts[first]
    horizons = np.minimum(sizes, spans * sizes / np.add.reduceat(lasted, first))
    runs = np.round(np.sqrt(2 * horizons)).astype(np.int64).clip(1, sizes)
    rank = np.arange(len(starts)) - first[day]
    before = np.cumsum(runs) - runs
    numbers: IntArray = before[day] + rank * runs[day] // sizes[day]
    return numbers


def _skew(values: FloatArray) -> float:
    """Skewness of the values' mean, as if they were independent; 0 where all are equal."""
    off = values - values.mean()
    squares = float((off**2).sum())
    return float((off**3).sum()) / squares**1.5 if squares else 0.0


def _bounds(values: FloatArray, groups: IntArray, skew: float) -> tuple[float, float]:
    """Student's interval of the mean with its error clustered by groups, Hall's where skewed."""
    mean = values.mean()
    sums = np.bincount(groups, values - mean)
    count = len(sums)
    if count < LEAST_GROUPS:
        return np.nan, np.nan
    error = np.sqrt((sums**2).sum() * count / (count - 1)) / len(values)
    reach = np.array([1.0, -1.0]) * stdtrit(count - 1, (1 + _LEVEL) / 2) - skew / 6
    root = np.cbrt(1 + skew * reach)
    low, high = mean - 3 * reach / (1 + root + root**2) * error  # reach itself without skew
    return float(low), float(high)
