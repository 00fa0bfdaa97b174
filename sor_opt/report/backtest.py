"""One policy against the baselines, as plain data and as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sor_opt.backtest.baselines import Baseline
from sor_opt.backtest.result import Result
from sor_opt.policies.policy import Policy
from sor_opt.report.savings import all_savings, all_savings_tables
from sor_opt.report.summary import arrivals, described, quality_shares, totals
from sor_opt.report.tables import (
    INTERVAL,
    Shown,
    arrival_notes,
    basis_line,
    count,
    draws_note,
    interval,
    number,
    participation_note,
    table,
    unfilled_note,
)

_AMOUNTS = ("avg price", "filled", "unfilled", "fees $")


def backtest_summary(
    policy: Policy, result: Result, baselines: Mapping[str, Baseline]
) -> dict[str, Any]:
    """The `backtest` document: one policy against the baselines.

    `shortfall_bps` is the mean over orders, `sd_bps`, `median_bps` and `cvar_bps` (the mean of the
    worst tenth) are of the same; the intervals are of 95 %, null where there are too few orders,
    and their basis says what they speak of (docs/intervals.md). `duration_s` is a mean. `params`
    are what a search may move, and their unit; null where there is nothing.
    """
    return {
        **described(policy),
        "orders": len(result.market.orders),
        **totals(result),
        **arrivals(result),
        "baselines": {
            name: {"measures": each.measures, **totals(each.result)}
            for name, each in baselines.items()
        },
        **all_savings(result, baselines),
        "quality": quality_shares(result.market),
    }


def backtest_tables(summary: Mapping[str, Any]) -> list[Shown]:
    """One policy against the baselines."""
    title = f"{count(summary['orders'], 'parent order')}: shortfall against the arrival mid, bps"
    shown = table("policy", "mean", INTERVAL, "sd", "worst tenth", *_AMOUNTS)
    policy = summary["policy"]
    # A policy that is a baseline itself has one row.
    for name, row in ({policy: summary} | summary["baselines"] | {policy: summary}).items():
        shown.add_row(
            name,
            number(row["shortfall_bps"]),
            interval(row["shortfall_interval_bps"]),
            number(row["sd_bps"]),
            number(row["cvar_bps"]),
            number(row["avg_price"], 4),
            number(row["filled_shares"], 0),
            number(row["unfilled_shares"], 0),
            number(row["fees"]),
            style="bold" if row is summary else None,
        )
    return [
        title,
        shown,
        *all_savings_tables(summary),
        *basis_line([summary["interval_basis"], *summary["savings_basis"].values()]),
        *unfilled_note(summary["incomplete_orders"]),
        *arrival_notes(summary),
        *participation_note([summary]),
        *draws_note(summary["orders"]),
    ]
