"""What all documents of results are made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from sor_opt.backtest.intervals import Estimate, mean_shortfall
from sor_opt.backtest.market import Market
from sor_opt.backtest.replay import COMPLETION, LIMIT
from sor_opt.backtest.result import Result
from sor_opt.backtest.risk import mean_of, risk_of
from sor_opt.policies.policy import Policy


def described(policy: Policy) -> dict[str, Any]:
    """A policy's names, and the parameters that a search may move, with their unit."""
    params = {
        parameter.name: parameter.default
        for parameter in policy.parameters()
        if parameter.range is not None or parameter.param.sets_unit
    }
    return {**named_parts(policy), "params": params or None}


def named_parts(policy: Policy) -> dict[str, str]:
    """A policy's name, and those of its parts."""
    names = {"schedule": policy.schedule.name, "router": policy.router.name}
    return {"policy": policy.name, **names}


def arrivals(result: Result) -> dict[str, Any]:
    """Orders without an arrival mid, and those whose mid came after their start; any policy's."""
    delays = result.arrival_delay_s
    return {
        "unpriced_orders": int(np.isnan(delays).sum()),
        "late_orders": int((delays > 0).sum()),
        "longest_delay_s": float(np.nanmax(delays, initial=0.0)),
    }


def totals(result: Result) -> dict[str, Any]:
    """What all orders of a result amount to."""
    shortfall = mean_shortfall(result)
    risk = risk_of(result.shortfall_bps)
    return {
        "filled_shares": float(result.filled.sum()),
        "unfilled_shares": float(result.unfilled.sum()),
        "limit_shares": float(result.shares_by(LIMIT).sum()),
        "completed_shares": float(result.shares_by(COMPLETION).sum()),
        "incomplete_orders": int((~result.complete).sum()),
        "total_cash": result.total_cash,
        "avg_price": result.avg_price,
        "fees": float(result.fees.sum()),
        "shortfall_bps": shortfall.mean,
        "shortfall_interval_bps": [shortfall.low, shortfall.high],
        "interval_basis": shortfall.basis,
        "sd_bps": risk.sd,
        "median_bps": risk.median,
        "cvar_bps": risk.cvar,
        "duration_s": mean_of(result.duration_s),
        "cleanup_bps": mean_of(result.cleanup_bps),
        "opportunity_bps": mean_of(result.opportunity_bps),
        **participations(result),
    }


def participations(result: Result) -> dict[str, float]:
    """The median order's part of the lit volume, and the largest; NaN where none is known."""
    known = result.participation[np.isfinite(result.participation)]
    median, most = (np.median(known), known.max()) if known.size else (np.nan, np.nan)
    return {"participation": float(median), "participation_max": float(most)}


def estimated(key: str, found: Estimate) -> dict[str, Any]:
    """An estimate: its mean by the name of the key, its interval, and what that speaks of."""
    bounds = {"low": found.low, "high": found.high, "basis": found.basis}
    return {key: found.mean, **bounds, "orders": found.orders}


def quality_shares(market: Market) -> dict[str, float]:
    """How good the book was, as shares (see `BookQuality`)."""
    quality = market.quality
    names = ("crossed_share", "stale_share", "wide_share", "stub_share")
    return {name: getattr(quality, name) for name in names}
