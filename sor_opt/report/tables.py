"""Results as rich tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text


def backtest_tables(summary: Mapping[str, Any]) -> list[RenderableType]:
    """One policy against the baselines."""
    table = Table(title=f"{_count(summary['orders'], 'parent order')}, shortfall against arrival mid")
    table.add_column("policy")
    for heading in ("shortfall bps", "95 % interval", "avg price", "filled", "unfilled", "fees $", "saved bps"):
        table.add_column(heading, justify="right")
    rows = {"static": summary, **summary["baselines"]}
    for name, row in rows.items():
        table.add_row(
            name,
            number(row["shortfall_bps"]),
            interval(row["shortfall_interval_bps"]),
            number(row["avg_price"], 4),
            number(row["filled_shares"], 0),
            number(row["unfilled_shares"], 0),
            number(row["fees"]),
            "" if name == "static" else saved(summary, name),
            style="bold" if name == "static" else None,
        )
    return [table, *_notes(summary), *_draws(summary["orders"])]


def grid_tables(summary: Mapping[str, Any], top: int = 0) -> list[RenderableType]:
    """The ranked points and the baselines."""
    orders = summary["orders"]
    names = list(summary["baselines"])
    table = Table(
        title=f"{_count(orders['all'], 'parent order')}: {orders['train']} train, {orders['test']} test; "
        "mean shortfall in bps, best on train first"
    )
    for heading in ("", "λ over", "λ under", "θ queue", "train", "test", "unfilled"):
        table.add_column(heading, justify="right")
    for name in names:
        table.add_column(f"saved on {name}", justify="right")
    for rank, point in enumerate(summary["points"][: top or None], 1):
        params = point["params"]
        table.add_row(
            str(rank),
            *(f"{params[key]:g}" for key in ("lambda_over", "lambda_under", "theta_queue")),
            number(point["train_bps"], 3),
            number(point["test_bps"], 3),
            number(point["unfilled_shares"], 0),
            *(saved(point, name) for name in names),
            style="bold" if rank == 1 else None,
        )
    table.add_section()
    for name in names:
        row = summary["baselines"][name]
        scores = (number(row["train_bps"], 3), number(row["test_bps"], 3))
        table.add_row("", name, "", "", *scores, number(row["unfilled_shares"], 0))
    return [table, _verdict(summary), *_notes(summary["best"]), *_draws(orders["all"])]


def number(value: float, digits: int = 2) -> str:
    """A number with a fixed number of decimals; a dash for what is not known."""
    return "-" if value is None or not math.isfinite(value) else f"{value:,.{digits}f}"


def interval(bounds: Sequence[float]) -> str:
    """`[low, high]`; a dash where it is not known."""
    low, high = bounds
    return "-" if not math.isfinite(low) else f"[{low:.2f}, {high:.2f}]"


def saved(summary: Mapping[str, Any], name: str) -> str:
    """Saving on one baseline with its interval."""
    bounds = interval(summary["savings_interval_bps"][name])
    mean = number(summary["savings_bps"][name])
    return mean if bounds == "-" else f"{mean} {bounds}"


def _verdict(summary: Mapping[str, Any]) -> Text:
    points, distinct = len(summary["points"]), summary["distinct"]
    if summary["flat"]:
        return Text(f"Flat: all {points} points did exactly the same; the parameters decide nothing.")
    same = "" if distinct == points else "; points of one outcome are equally good"
    return Text(f"{points} points, {distinct} distinct outcomes{same}. {summary['seconds']:.2f} s.")


def _notes(summary: Mapping[str, Any]) -> list[Text]:
    missing = summary["incomplete_orders"]
    if not missing:
        return []
    return [
        Text(
            f"{_count(missing, 'order')} not filled in full: marked at the last mid, no saving claimed.",
            style="yellow",
        )
    ]


def _draws(orders: int) -> list[Text]:
    return [Text("One order is one draw: no interval, no claim.", style="yellow")] if orders == 1 else []


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}" + ("" if n == 1 else "s")
