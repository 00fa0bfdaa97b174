"""Means over orders with their intervals."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sor_opt.backtest.orders import ParentOrders
from sor_opt.backtest.result import Result
from sor_opt.backtest.risk import mean_of
from sor_opt.market.tape import BoolArray, FloatArray

_RESAMPLES = 2000


class Estimate(NamedTuple):
    """A mean over orders with its 95 % bootstrap interval, NaN for fewer than two orders."""

    mean: float
    low: float
    high: float
    orders: int


def savings(
    policy: Result, baseline: Result, seed: int = 0, among: BoolArray | None = None
) -> Estimate:
    """How many bps the policy costs less than a baseline, paired over orders.

    Both shortfalls are of the same notional, size x arrival mid. Orders that either of the two
    did not fill are left out: a saving is never claimed for them.

    Parameters
    ----------
    policy, baseline : Result
    seed : int
        Of the bootstrap interval.
    among : bool ndarray, shape (orders,), optional
        The orders that count, such as those of a test; all by default.
    """
    counted = policy.complete & baseline.complete
    if among is not None:
        counted &= among
    saved = np.where(counted, baseline.shortfall_bps - policy.shortfall_bps, np.nan)
    return estimate(saved, policy.market.orders, seed)


def estimate(values: FloatArray, orders: ParentOrders, seed: int = 0) -> Estimate:
    """Mean of per-order values with its interval.

    Parameters
    ----------
    values : float64 ndarray, shape (orders,)
        NaN and infinite ones are left out.
    orders : ParentOrders
        Of which they are: when each began, and how long it lasted.
    seed : int
        Of the bootstrap.
    """
    assert len(values) == len(orders)
    values = values[np.isfinite(values)]
    n = len(values)
    if n < 2:
        return Estimate(mean_of(values), float("nan"), float("nan"), n)
    draws = np.random.default_rng(seed).integers(n, size=(_RESAMPLES, n))
    low, high = np.quantile(values[draws].mean(axis=1), (0.025, 0.975))
    return Estimate(float(values.mean()), float(low), float(high), n)
