"""A contest at several latencies as plain data and as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sor_opt.backtest.contest import Entry
from sor_opt.backtest.market import Market
from sor_opt.durations import write_duration
from sor_opt.report.contest import contest_rows
from sor_opt.report.summary import arrivals, quality_shares
from sor_opt.report.tables import (
    Shown,
    arrival_notes,
    count,
    draws_note,
    number,
    participation_note,
    table,
    unfilled_note,
)


def latency_summary(market: Market, contests: Mapping[int, Sequence[Entry]]) -> dict[str, Any]:
    """The `backtest` document of a contest at several order latencies.

    Parameters
    ----------
    market : Market
    contests : mapping of int to sequence of Entry
        By latency, nanoseconds; at least one, of at least one entry.
    """
    some = next(iter(contests.values()))
    return {
        "orders": len(market.orders),
        "latencies": [
            {"latency": write_duration(latency), "contest": contest_rows(entries)}
            for latency, entries in contests.items()
        ],
        **arrivals(some[0].result),
        "quality": quality_shares(market),
    }


def latency_tables(summary: Mapping[str, Any]) -> list[Shown]:
    """What every pair costs at every latency."""
    parts, orders = summary["latencies"], summary["orders"]
    shown = table("schedule", *(part["latency"] for part in parts), texts=("router",))
    for at_each in zip(*(part["contest"] for part in parts), strict=True):
        first = at_each[0]
        costs = (number(row["mean_bps"]) for row in at_each)
        shown.add_row(first["schedule"], first["router"], *costs)
    return [
        f"{count(orders, 'parent order')}: mean shortfall by the latency of orders, bps",
        shown,
        *unfilled_note(max(row["incomplete_orders"] for part in parts for row in part["contest"])),
        *arrival_notes(summary),
        *participation_note(parts[0]["contest"]),
        *draws_note(orders),
    ]
