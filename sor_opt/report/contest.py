"""A contest of schedules and routers as plain data and as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sor_opt.backtest.contest import Entry
from sor_opt.backtest.market import Market
from sor_opt.backtest.result import estimate, risk_of, savings
from sor_opt.report.summary import arrivals, described, quality_shares
from sor_opt.report.tables import (
    Shown,
    arrival_notes,
    count,
    draws_note,
    interval,
    number,
    table,
    unfilled_note,
)


def contest_summary(market: Market, entries: Sequence[Entry], seed: int) -> dict[str, Any]:
    """The `backtest` document of several schedules or routers.

    Parameters
    ----------
    market : Market
    entries : sequence of Entry
        At least one.
    seed : int
        Of the bootstrap intervals.
    """
    return {
        "orders": len(market.orders),
        "contest": [_row(entry, seed) for entry in entries],
        **arrivals(entries[0].result),
        "quality": quality_shares(market),
    }


def _row(entry: Entry, seed: int) -> dict[str, Any]:
    """One pair; `saves_bps`, `low` and `high` are null for best-ask itself.

    `savings_orders` are those that both this pair and best-ask under the same schedule filled.
    """
    result = entry.result
    costs, saved = result.shortfall_bps, savings(result, entry.reference, seed)
    risk, itself = risk_of(costs), result is entry.reference
    bounds = (None, None, None) if itself else (saved.mean, saved.low, saved.high)
    return {
        **described(entry.policy),
        "mean_bps": estimate(costs, seed).mean,
        "sd_bps": risk.sd,
        "cvar_bps": risk.cvar,
        "median_bps": risk.median,
        "duration_s": estimate(result.duration_s, seed).mean,
        "incomplete_orders": int((~result.complete).sum()),
        **dict(zip(("saves_bps", "low", "high"), bounds, strict=True)),
        "savings_orders": saved.orders,
    }


def contest_tables(summary: Mapping[str, Any]) -> list[Shown]:
    """Every pair, and what its router saves against best-ask under the same schedule."""
    rows = summary["contest"]
    unfilled = max(row["incomplete_orders"] for row in rows)
    headings = ["mean", "sd", "worst tenth", "seconds"]
    if unfilled:
        headings.append("not filled")
    shown = table("schedule", *headings, "saves", "95 % interval", texts=("router",))
    for row in rows:
        amounts = [number(row[key]) for key in ("mean_bps", "sd_bps", "cvar_bps")]
        amounts.append(number(row["duration_s"], 1))
        if unfilled:
            amounts.append(str(row["incomplete_orders"]))
        bounds = "" if row["saves_bps"] is None else interval((row["low"], row["high"]))
        saves = "" if row["saves_bps"] is None else number(row["saves_bps"])
        shown.add_row(row["schedule"], row["router"], *amounts, saves, bounds)
    orders = summary["orders"]
    return [
        f"{count(orders, 'parent order')}: shortfall against the arrival mid, bps; saved against "
        "best-ask under the same schedule, paired over the orders that both filled",
        shown,
        *unfilled_note(unfilled),
        *arrival_notes(summary),
        *draws_note(orders),
    ]
