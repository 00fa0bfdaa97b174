"""The landscape as plain data and as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sor_opt.report.risk import risk_table
from sor_opt.report.savings import headline_tables
from sor_opt.report.tables import Shown, number
from sor_opt.report.verdict import default_summary, verdict_lines
from sor_opt.search.grid import Grid, GridPoint
from sor_opt.search.landscape import Landscape

LANDSCAPE_POINTS = ("best", "grid_best", "default")
"""The points of the document whose risk is told."""


def landscape_summary(landscape: Landscape, grid: Grid, default: GridPoint) -> dict[str, Any]:
    """The `landscape` document: the staircase, its minimum, the regret of the grid.

    `default` is the policy as it is given, which no search has chosen; `excess` is null where the
    optimum holds for every excess penalty.
    """
    piece, best = landscape.best_piece, landscape.best
    ends, values = landscape.staircase
    return {
        "interval": [landscape.low, landscape.high],
        "breakpoints": landscape.breakpoints,
        "best": {
            "threshold": landscape.best_threshold,
            "interval": list(piece),
            **best._asdict(),
        },
        "excess": landscape.excess,
        "grid_best": {"params": dict(grid.best.params), **grid.best.outcome._asdict()},
        **default_summary(default),
        "grid_regret_bps": landscape.regret(grid.best.outcome.train_bps),
        "replays": landscape.replays,
        "staircase": {
            "ends": ends.tolist(),
            "train_bps": values[:, 0].tolist(),
            "test_bps": values[:, 1].tolist(),
        },
    }


def landscape_tables(summary: Mapping[str, Any]) -> list[Shown]:
    """The exact optimum against the best of the grid and the default point: cost and risk."""
    best, grid, default = (summary[key] for key in LANDSCAPE_POINTS)
    labels = (
        ("optimum", f"{best['threshold']:.6g}"),
        ("grid best", f"{threshold_of(grid['params']):.6g}"),
        ("default", f"{threshold_of(default['params']):.6g}"),
    )
    rows = zip(labels, (summary["risk"][key] for key in LANDSCAPE_POINTS), strict=True)
    shown = risk_table(("", "threshold"), rows, summary["objective"])
    low, high = summary["interval"]
    held = summary["excess"]
    scope = (
        "every lambda_over"
        if held is None
        else f"lambda_over + theta_queue = {held:g} alone: odd lots (shown or due) matter"
    )
    lines = (
        f"Exact minimum of the {summary['objective']} shortfall of the train orders, bps.",
        f"lambda_under + theta_queue from {low:g} to {high:g}: "
        f"{summary['breakpoints']:,} break points, {summary['replays']:,} replays of one order",
        f"Exact for {scope}.",
        f"Regret of the grid on train: {number(summary['grid_regret_bps'], 3)} bps.",
    )
    return [
        *lines[:2],
        shown,
        *lines[2:],
        *headline_tables("the exact optimum", summary),
        *verdict_lines("the exact optimum", summary["saves_default"]),
    ]


def threshold_of(params: Mapping[str, Any]) -> float:
    """The shortfall penalty at a point: what a share may cost and still be taken."""
    return float(params["lambda_under"] + params["theta_queue"])
