"""Risk of costs over orders."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sor_opt.market.tape import FloatArray


class Risk(NamedTuple):
    """How costs spread over orders, in bps; NaN where nothing is known.

    Attributes
    ----------
    sd : float
        Standard deviation, of n - 1 degrees of freedom.
    median : float
    cvar : float
        Mean of the worst tenth, of ceil(n / 10) orders.
    """

    sd: float
    median: float
    cvar: float


def risk_of(values: FloatArray) -> Risk:
    """Risk of per-order costs; NaN values are left out.

    Examples
    --------
    >>> risk = risk_of(np.array([1.0, 2.0, 4.0, 9.0, np.nan]))
    >>> risk.median, risk.cvar
    (3.0, 9.0)
    """
    values = np.sort(values[np.isfinite(values)])
    n = len(values)
    if not n:
        return Risk(np.nan, np.nan, np.nan)
    sd = float(values.std(ddof=1)) if n > 1 else np.nan
    return Risk(sd, float(np.median(values)), float(values[-math.ceil(n / 10) :].mean()))


def mean_of(values: FloatArray) -> float:
    """Mean of per-order values; NaN and infinite ones are left out, NaN where nothing is left."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")
