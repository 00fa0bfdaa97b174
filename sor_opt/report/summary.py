"""Results as plain data: the JSON documents, and what the tables show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sor_opt.backtest.market import Market
from sor_opt.backtest.replay import LIMIT
from sor_opt.backtest.result import Result, estimate, savings
from sor_opt.models.risk import RiskParams
from sor_opt.search.grid import Grid, GridPoint
from sor_opt.search.landscape import Landscape
from sor_opt.search.objective import ShortfallObjective


def backtest_summary(
    params: RiskParams, result: Result, baselines: Mapping[str, Result], seed: int
) -> dict[str, Any]:
    """The `backtest` document: one policy against the baselines.

    `shortfall_bps` is the mean over orders; the intervals are 95 % bootstrap over orders, null
    where there are fewer than two.
    """
    return {
        "policy": result.policy,
        "params": asdict(params),
        "orders": len(result.market.orders),
        **_totals(result, seed),
        "baselines": {name: _totals(other, seed) for name, other in baselines.items()},
        **_savings(result, baselines, seed),
        "quality": _quality(result.market),
    }


def grid_summary(
    objective: ShortfallObjective, grid: Grid, baselines: Mapping[str, Result], seed: int
) -> dict[str, Any]:
    """The `grid` document: the points, the best on train first, against the baselines."""
    points = [_point(point, baselines, seed) for point in grid.points]
    return {
        "policy": objective.policy.name,
        "orders": {
            "all": len(objective.train),
            "train": int(objective.train.sum()),
            "test": int((~objective.train).sum()),
        },
        "points": points,
        "best": points[0],
        "distinct": grid.distinct,
        "flat": grid.flat,
        "seconds": grid.seconds,
        "baselines": {
            name: {**objective.outcome(result)._asdict(), **_totals(result, seed)}
            for name, result in baselines.items()
        },
        "quality": _quality(objective.market),
    }


def _point(point: GridPoint, baselines: Mapping[str, Result], seed: int) -> dict[str, Any]:
    return {
        "params": asdict(point.params),
        **point.outcome._asdict(),
        **_totals(point.result, seed),
        **_savings(point.result, baselines, seed),
    }


def _totals(result: Result, seed: int) -> dict[str, Any]:
    shortfall = estimate(result.shortfall_bps, seed)
    return {
        "filled_shares": float(result.filled.sum()),
        "unfilled_shares": float(result.unfilled.sum()),
        "limit_shares": float(result.shares_by(LIMIT).sum()),
        "incomplete_orders": int((~result.complete).sum()),
        "total_cash": result.total_cash,
        "avg_price": result.avg_price,
        "fees": float(result.fees.sum()),
        "shortfall_bps": shortfall.mean,
        "shortfall_interval_bps": [shortfall.low, shortfall.high],
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


def _quality(market: Market) -> dict[str, float]:
    quality = market.quality
    return {"crossed_share": quality.crossed_share, "stale_share": quality.stale_share}


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
        "grid_best": {"params": asdict(grid.best.params), **grid.best.outcome._asdict()},
        "grid_regret_bps": landscape.regret(grid.best.outcome.train_bps),
        "replays": landscape.replays,
        "staircase": {
            "ends": ends.tolist(),
            "train_bps": values[:, 0].tolist(),
            "test_bps": values[:, 1].tolist(),
        },
    }
