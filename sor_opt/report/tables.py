"""Results as rich tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

Shown = Table | Text | str
"""What the console shows: a table, a line, or a line of a style, without names in it."""


NO_TEST = "No order is left to test on: what is found is tried on nothing else."
"""What is said in place of a test cost where the orders leave none."""


def backtest_tables(summary: Mapping[str, Any]) -> list[Shown]:
    """One policy against the baselines."""
    title = f"{_count(summary['orders'], 'parent order')}: shortfall against the arrival mid, bps"
    table = _table("policy")
    for heading in ("shortfall", "95 % interval", "avg price", "filled", "unfilled", "fees $"):
        table.add_column(heading, justify="right")
    router = summary["policy"]
    for name, row in {router: summary, **summary["baselines"]}.items():
        table.add_row(
            name,
            number(row["shortfall_bps"]),
            interval(row["shortfall_interval_bps"]),
            number(row["avg_price"], 4),
            number(row["filled_shares"], 0),
            number(row["unfilled_shares"], 0),
            number(row["fees"]),
            style="bold" if name == router else None,
        )
    saved = _savings(f"Saved by {router}", summary)
    return [title, table, *saved, *_notes(summary), *_draws(summary["orders"])]


def grid_tables(summary: Mapping[str, Any], top: int = 0) -> list[Shown]:
    """The ranked points, the baselines, and what the best point saves on them."""
    orders = summary["orders"]
    names = list(summary["baselines"])
    title = (
        f"{_count(orders['all'], 'parent order')} ({orders['train']} train, "
        f"{orders['test']} test): mean shortfall and savings, bps"
    )
    table = _table("")
    for heading in ("λ over", "λ under", "θ", "train", "test", "unfilled", *names):
        table.add_column(heading, justify="right")
    for rank, point in enumerate(summary["points"][: top or None], 1):
        params = point["params"]
        table.add_row(
            str(rank),
            *(f"{params[key]:.6g}" for key in ("lambda_over", "lambda_under", "theta_queue")),
            number(point["train_bps"], 3),
            number(point["test_bps"], 3),
            number(point["unfilled_shares"], 0),
            *(number(point["savings_bps"][name]) for name in names),
            style="bold" if rank == 1 else None,
        )
    table.add_section()
    for name in names:
        row = summary["baselines"][name]
        scores = (number(row["train_bps"], 3), number(row["test_bps"], 3))
        table.add_row("", name, "", "", *scores, number(row["unfilled_shares"], 0))
    best = summary["best"]
    return [
        title,
        table,
        *_savings("Saved by the best point", best),
        *([] if math.isfinite(best["test_bps"]) else [NO_TEST]),
        _verdict(summary),
        *_notes(best),
        *_draws(orders["all"]),
    ]


def landscape_tables(summary: Mapping[str, Any]) -> list[Shown]:
    """The exact optimum against the best of the grid."""
    best, grid = summary["best"], summary["grid_best"]
    table = _table("")
    for heading in ("threshold", "train bps", "test bps"):
        table.add_column(heading, justify="right")
    scores = (number(best["train_bps"], 3), number(best["test_bps"], 3))
    table.add_row("exact optimum", f"{best['threshold']:.6g}", *scores, style="bold")
    params = grid["params"]
    threshold = params["lambda_under"] + params["theta_queue"]
    scores = (number(grid["train_bps"], 3), number(grid["test_bps"], 3))
    table.add_row("best of the grid", f"{threshold:.6g}", *scores)
    low, high = summary["interval"]
    held = summary["excess"]
    scope = (
        "every lambda_over"
        if held is None
        else f"lambda_over + theta_queue = {held:g} alone: odd lots make it matter here"
    )
    lines = (
        f"lambda_under + theta_queue from {low:g} to {high:g}: "
        f"{summary['breakpoints']:,} break points, {summary['replays']:,} replays of one order",
        f"Exact for {scope}.",
        f"Regret of the grid on train: {number(summary['grid_regret_bps'], 3)} bps.",
    )
    return [lines[0], table, *lines[1:]]


def _table(first: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(first)
    return table


def _savings(title: str, row: Mapping[str, Any]) -> list[Shown]:
    table = _table("baseline")
    for heading in ("saved", "95 % interval", "orders"):
        table.add_column(heading, justify="right")
    for name, mean in row["savings_bps"].items():
        bounds = interval(row["savings_interval_bps"][name])
        table.add_row(name, number(mean), bounds, str(row["savings_orders"][name]))
    return [f"{title}, bps, paired over the orders that both filled", table]


def number(value: float, digits: int = 2) -> str:
    """A number with a fixed number of decimals; a dash for what is not known."""
    return "-" if value is None or not math.isfinite(value) else f"{value:,.{digits}f}"


def interval(bounds: Sequence[float]) -> str:
    """`[low, high]`; a dash where it is not known."""
    low, high = bounds
    return "-" if not math.isfinite(low) else f"[{low:.2f}, {high:.2f}]"


def _verdict(summary: Mapping[str, Any]) -> str:
    points, distinct = len(summary["points"]), summary["distinct"]
    if summary["flat"]:
        return f"Flat: all {points} points did exactly the same; the parameters decide nothing."
    return f"{points} points, {distinct} distinct outcomes, {summary['seconds']:.2f} s."


def _notes(summary: Mapping[str, Any]) -> list[Shown]:
    missing = summary["incomplete_orders"]
    if not missing:
        return []
    return [
        Text(
            f"{_count(missing, 'order')} not filled in full: marked at the last mid, "
            "no saving claimed.",
            style="yellow",
        )
    ]


def _draws(orders: int) -> list[Shown]:
    return (
        [Text("One order is one draw: no interval, no claim.", style="yellow")]
        if orders == 1
        else []
    )


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}" + ("" if n == 1 else "s")
