"""Results as plain data: the JSON documents, and what the tables show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sor_opt.backtest.market import Market
from sor_opt.backtest.replay import COMPLETION, LIMIT
from sor_opt.backtest.result import Result, estimate, risk_of, savings
from sor_opt.policies.policy import Policy
from sor_opt.search.grid import Grid, GridPoint
from sor_opt.search.landscape import Landscape
from sor_opt.search.objective import ShortfallObjective


def backtest_summary(
    policy: Policy, result: Result, baselines: Mapping[str, Result], seed: int
) -> dict[str, Any]:
    """The `backtest` document: one policy against the baselines.

    `shortfall_bps` is the mean over orders, `sd_bps`, `median_bps` and `cvar_bps` (the mean of the
    worst tenth) are of the same; the intervals are 95 % bootstrap over orders, null where there are
    fewer than two. `duration_s` is a mean. `params` are what a search may move, and their unit;
    null where there is nothing.
    """
    return {
        **described(policy),
        "orders": len(result.market.orders),
        **_totals(result, seed),
        **arrivals(result),
        "baselines": {name: _totals(other, seed) for name, other in baselines.items()},
        **_savings(result, baselines, seed),
        "quality": quality_shares(result.market),
    }


def grid_summary(
    objective: ShortfallObjective, grid: Grid, baselines: Mapping[str, Result], seed: int
) -> dict[str, Any]:
    """The `grid` document: the points, the best on train first, against the baselines.

    `searched` names the parameters that move; `params` of a point holds what is fixed too.
    """
    points = [_point(point, baselines, seed) for point in grid.points]
    return {
        **_named(objective.policy),
        "orders": {
            "all": len(objective.train),
            "train": int(objective.train.sum()),
            "test": int((~objective.train).sum()),
        },
        "searched": list(grid.space.names),
        "points": points,
        "best": points[0],
        "distinct": grid.distinct,
        "flat": grid.flat,
        "seconds": grid.seconds,
        "baselines": {
            name: {**objective.outcome(result)._asdict(), **_totals(result, seed)}
            for name, result in baselines.items()
        },
        "quality": quality_shares(objective.market),
    }


def _point(point: GridPoint, baselines: Mapping[str, Result], seed: int) -> dict[str, Any]:
    return {
        "params": dict(point.params),
        **point.outcome._asdict(),
        **_totals(point.result, seed),
        **_savings(point.result, baselines, seed),
    }


def described(policy: Policy) -> dict[str, Any]:
    """A policy's names, and the parameters that a search may move, with their unit."""
    params = {
        parameter.name: parameter.default
        for parameter in policy.parameters()
        if parameter.range is not None or parameter.param.sets_unit
    }
    return {**_named(policy), "params": params or None}


def _named(policy: Policy) -> dict[str, str]:
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


def _totals(result: Result, seed: int) -> dict[str, Any]:
    shortfall, risk = estimate(result.shortfall_bps, seed), risk_of(result.shortfall_bps)
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
        "sd_bps": risk.sd,
        "median_bps": risk.median,
        "cvar_bps": risk.cvar,
        "duration_s": estimate(result.duration_s, seed).mean,
        "cleanup_bps": estimate(result.cleanup_bps, seed).mean,
        "opportunity_bps": estimate(result.opportunity_bps, seed).mean,
    }


def _savings(result: Result, baselines: Mapping[str, Result], seed: int) -> dict[str, Any]:
    saved = {name: savings(result, baseline, seed) for name, baseline in baselines.items()}
    return {
        "savings_bps": {name: each.mean for name, each in saved.items()},
        "savings_interval_bps": {name: [each.low, each.high] for name, each in saved.items()},
        "savings_orders": {name: each.orders for name, each in saved.items()},
    }


def quality_shares(market: Market) -> dict[str, float]:
    """How good the book was, as shares (see `BookQuality`)."""
    quality = market.quality
    names = ("crossed_share", "stale_share", "wide_share", "stub_share")
    return {name: getattr(quality, name) for name in names}


def landscape_summary(landscape: Landscape, grid: Grid) -> dict[str, Any]:
    """The `landscape` document: the staircase, its minimum, the regret of the grid.

    `excess` is null where the optimum holds for every excess penalty.
    """
    piece, best = landscape.best_piece, landscape.best
    ends, values = landscape.staircase
    return {
        "interval": [landscape.low, landscape.high],
        "breakpoints": landscape.breakpoints,
        "best": {
            "threshold": (piece.low + piece.high) / 2,
            "interval": list(piece),
            **best._asdict(),
        },
        "excess": landscape.excess,
        "grid_best": {"params": dict(grid.best.params), **grid.best.outcome._asdict()},
        "grid_regret_bps": landscape.regret(grid.best.outcome.train_bps),
        "replays": landscape.replays,
        "staircase": {
            "ends": ends.tolist(),
            "train_bps": values[:, 0].tolist(),
            "test_bps": values[:, 1].tolist(),
        },
    }
