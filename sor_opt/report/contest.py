"""A contest of schedules and routers as plain data and as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from sor_opt.backtest.contest import Entry
from sor_opt.backtest.intervals import mean_shortfall, savings
from sor_opt.backtest.market import Market
from sor_opt.backtest.risk import mean_of, risk_of
from sor_opt.report.summary import (
    arrivals,
    described,
    estimated,
    participations,
    quality_shares,
)
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


def contest_summary(market: Market, entries: Sequence[Entry]) -> dict[str, Any]:
    """The `backtest` document of several schedules or routers.

    Parameters
    ----------
    market : Market
    entries : sequence of Entry
        At least one.
    """
    return {
        "orders": len(market.orders),
        "contest": contest_rows(entries),
        **arrivals(entries[0].result),
        "quality": quality_shares(market),
    }


def contest_rows(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """A row for every pair (see `_row`)."""
    return [_row(entry, entries) for entry in entries]


def _row(entry: Entry, entries: Sequence[Entry]) -> dict[str, Any]:
    """One pair; `saves_bps`, `low` and `high` are null for best-ask itself.

    `savings_orders` are those that both this pair and best-ask under the same schedule filled.
    `timing` is the same against the first pair with the same router, null for that one itself.
    """
    result = entry.result
    costs = mean_shortfall(result)
    risk = risk_of(result.shortfall_bps)
    saved, itself = savings(result, entry.reference), result is entry.reference
    told = (saved.mean, saved.low, saved.high, saved.basis)
    return {
        **described(entry.policy),
        "mean_bps": costs.mean,
        "mean_low": costs.low,
        "mean_high": costs.high,
        "mean_basis": costs.basis,
        "sd_bps": risk.sd,
        "cvar_bps": risk.cvar,
        "median_bps": risk.median,
        "duration_s": mean_of(result.duration_s),
        **participations(result),
        "incomplete_orders": int((~result.complete).sum()),
        **dict(
            zip(("saves_bps", "low", "high", "basis"), [None] * 4 if itself else told, strict=True)
        ),
        "savings_orders": saved.orders,
        "timing": _timing(entry, entries),
    }


def _timing(entry: Entry, entries: Sequence[Entry]) -> dict[str, Any] | None:
    """What a pair saves against the first one with its router: the schedule's alone."""
    router = entry.policy.router
    first = next(other for other in entries if other.policy.router == router)
    if first is entry:
        return None
    saved = savings(entry.result, first.result)
    return {"against": first.policy.schedule.name, **estimated("saves_bps", saved)}


def contest_tables(summary: Mapping[str, Any]) -> list[Shown]:
    """Every pair with what its router saves, and apart from it what its schedule saves."""
    rows, orders = summary["contest"], summary["orders"]
    unfilled = max(row["incomplete_orders"] for row in rows)
    return [
        f"{count(orders, 'parent order')}: shortfall against the arrival mid, bps; routing: saved "
        "against best-ask under the same schedule",
        _routing(rows, bool(unfilled)),
        *_timings(rows),
        *basis_line(_bases(rows)),
        *unfilled_note(unfilled),
        *arrival_notes(summary),
        *participation_note(rows),
        *draws_note(orders),
    ]


def _routing(rows: Sequence[Mapping[str, Any]], unfilled: bool) -> Table:
    headings = ["mean", "sd", "worst tenth", "seconds", *["not filled"] * unfilled]
    shown = table("schedule", *headings, "routing", INTERVAL, texts=("router",))
    for row in rows:
        amounts = [number(row[key]) for key in ("mean_bps", "sd_bps", "cvar_bps")]
        amounts.append(number(row["duration_s"], 1))
        amounts += [str(row["incomplete_orders"])] * unfilled
        itself = row["saves_bps"] is None
        saves = (
            ("", "") if itself else (number(row["saves_bps"]), interval((row["low"], row["high"])))
        )
        shown.add_row(row["schedule"], row["router"], *amounts, *saves)
    return shown


def _timings(rows: Sequence[Mapping[str, Any]]) -> list[Shown]:
    """What the schedules save under the same router; nothing where there is but one of them."""
    shown = table("schedule", "timing", INTERVAL, texts=("against", "router"))
    for row in rows:
        timing = row["timing"]
        if timing is not None:
            saves = number(timing["saves_bps"]), interval((timing["low"], timing["high"]))
            shown.add_row(row["schedule"], timing["against"], row["router"], *saves)
    title = "timing: saved against another schedule with the same router, bps"
    return [title, shown] if shown.row_count else []


def _bases(rows: Sequence[Mapping[str, Any]]) -> list[str | None]:
    """What the intervals that are shown speak of."""
    return [each["basis"] for row in rows for each in (row, row["timing"]) if each]
