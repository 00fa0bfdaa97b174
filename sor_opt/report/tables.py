"""Results as rich tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from rich import box
from rich.table import Table
from rich.text import Text

Shown = Table | Text | str
"""What the console shows: a table, a line, or a line of a style, without names in it."""


class Column(NamedTuple):
    """A column of numbers.

    Attributes
    ----------
    heading : str
    value : callable
        Gives the number of a row, NaN where it is not known.
    digits : int
        Decimals that are shown.
    """

    heading: str
    value: Callable[[Mapping[str, Any]], float]
    digits: int

    def cell(self, row: Mapping[str, Any]) -> str:
        """What is shown of a row."""
        return number(self.value(row), self.digits)


GRID_COLUMNS = (
    Column("train", lambda row: row["train_bps"], 3),
    Column("test", lambda row: row["test_bps"], 3),
    Column("unfilled", lambda row: row["unfilled_shares"], 0),
)
"""What the grid's table shows of every point and of every baseline; rows of the document."""

_AMOUNTS = ("avg price", "filled", "unfilled", "fees $")

NO_TEST = "No order is left to test on: what is found is tried on nothing else."
"""What is said in place of a test cost where the orders leave none."""


def backtest_tables(summary: Mapping[str, Any]) -> list[Shown]:
    """One policy against the baselines."""
    title = f"{count(summary['orders'], 'parent order')}: shortfall against the arrival mid, bps"
    shown = table("policy", "mean", "95 % interval", "sd", "worst tenth", *_AMOUNTS)
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
    saved = _savings(f"Saved by {policy}", summary)
    return [
        title,
        shown,
        *saved,
        *unfilled_note(summary["incomplete_orders"]),
        *arrival_notes(summary),
        *draws_note(summary["orders"]),
    ]


def grid_tables(summary: Mapping[str, Any], top: int = 0) -> list[Shown]:
    """The ranked points, the baselines, and what the best point saves on them."""
    orders, searched = summary["orders"], summary["searched"]
    names = list(summary["baselines"])
    title = (
        f"{count(orders['all'], 'parent order')} ({orders['train']} train, "
        f"{orders['test']} test): mean shortfall and savings, bps"
    )
    axes = (name.replace("_", " ") for name in searched)
    shown = table("", *axes, *(column.heading for column in GRID_COLUMNS), *names)
    for rank, point in enumerate(summary["points"][: top or None], 1):
        shown.add_row(
            str(rank),
            *(f"{point['params'][name]:.6g}" for name in searched),
            *(column.cell(point) for column in GRID_COLUMNS),
            *(number(point["savings_bps"][name]) for name in names),
            style="bold" if rank == 1 else None,
        )
    shown.add_section()
    for name in names:
        cells = (column.cell(summary["baselines"][name]) for column in GRID_COLUMNS)
        shown.add_row("", name, *[""] * (len(searched) - 1), *cells)
    best = summary["best"]
    return [
        title,
        shown,
        *_savings("Saved by the best point", best),
        *([] if math.isfinite(best["test_bps"]) else [NO_TEST]),
        _verdict(summary),
        *unfilled_note(best["incomplete_orders"]),
        *draws_note(orders["all"]),
    ]


def landscape_tables(summary: Mapping[str, Any]) -> list[Shown]:
    """The exact optimum against the best of the grid."""
    best, grid = summary["best"], summary["grid_best"]
    shown = table("", "threshold", "train bps", "test bps")
    scores = (number(best["train_bps"], 3), number(best["test_bps"], 3))
    shown.add_row("exact optimum", f"{best['threshold']:.6g}", *scores, style="bold")
    threshold = threshold_of(grid["params"])
    scores = (number(grid["train_bps"], 3), number(grid["test_bps"], 3))
    shown.add_row("best of the grid", f"{threshold:.6g}", *scores)
    low, high = summary["interval"]
    held = summary["excess"]
    scope = (
        "every lambda_over"
        if held is None
        else f"lambda_over + theta_queue = {held:g} alone: odd lots (shown or due) matter"
    )
    lines = (
        f"lambda_under + theta_queue from {low:g} to {high:g}: "
        f"{summary['breakpoints']:,} break points, {summary['replays']:,} replays of one order",
        f"Exact for {scope}.",
        f"Regret of the grid on train: {number(summary['grid_regret_bps'], 3)} bps.",
    )
    return [lines[0], shown, *lines[1:]]


def threshold_of(params: Mapping[str, Any]) -> float:
    """The shortfall penalty at a point: what a share may cost and still be taken."""
    return float(params["lambda_under"] + params["theta_queue"])


def table(first: str, *numbers: str, texts: tuple[str, ...] = ()) -> Table:
    """A table of texts on the left and numbers on the right, by their headings."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in (first, *texts):
        made.add_column(heading)
    for heading in numbers:
        made.add_column(heading, justify="right")
    return made


def _savings(title: str, row: Mapping[str, Any]) -> list[Shown]:
    shown = table("baseline", "saved", "95 % interval", "orders")
    for name, mean in row["savings_bps"].items():
        bounds = interval(row["savings_interval_bps"][name])
        shown.add_row(name, number(mean), bounds, str(row["savings_orders"][name]))
    return [f"{title}, bps, paired over the orders that both filled", shown]


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


def unfilled_note(orders: int) -> list[Shown]:
    """Say that orders did not fill."""
    if not orders:
        return []
    return [_note(f"{count(orders, 'order')} not filled in full: no saving claimed.")]


def arrival_notes(summary: Mapping[str, Any]) -> list[Shown]:
    """Say which orders have no arrival mid, or a late one."""
    unpriced, late = summary["unpriced_orders"], summary["late_orders"]
    notes: list[Shown] = []
    if unpriced:
        notes.append(_note(f"{count(unpriced, 'order')} met no book to trade on: not counted."))
    if late:
        longest = f"{summary['longest_delay_s']:.3g} s"
        notes.append(_note(f"{count(late, 'arrival mid')} after the start, by {longest} at most."))
    return notes


def draws_note(orders: int) -> list[Shown]:
    """Say that one order proves nothing."""
    return [_note("One order is one draw: no interval, no claim.")] if orders == 1 else []


def _note(text: str) -> Text:
    return Text(text, style="yellow")


def count(n: int, what: str) -> str:
    """A number of things."""
    return f"{n:,} {what}" + ("" if n == 1 else "s")
