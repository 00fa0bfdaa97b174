"""An allocation as a document and as tables."""

from __future__ import annotations

from typing import Any

import numpy as np
from rich.table import Table

from sor_opt.market.tape import FloatArray
from sor_opt.models.instances import Instance
from sor_opt.models.ladder import Allocation

_KEYS = ("executed", "underfill", "overfill", "bound", "gap", "solver")


def allocation_summary(instance: Instance, found: Allocation) -> dict[str, Any]:
    """The `allocate` document; `shares` are all that is sent to a venue.

    Under a model that posts `market` and `limit` are its parts.
    """
    parts = _sent(instance, found)
    names = [venue.name for venue in instance.venues]
    shares = {
        part: dict(zip(names, sent.tolist(), strict=True)) for part, (sent, _) in parts.items()
    }
    total = np.sum([sent for sent, _ in parts.values()], axis=0)
    return {
        "status": found.status,
        "cost": found.cost,
        "shares": dict(zip(names, total.tolist(), strict=True)),
        **{key: getattr(found, key) for key in _KEYS},
        **(shares if len(shares) > 1 else {}),
    }


def _sent(instance: Instance, found: Allocation) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Shares sent to each venue and, in expectation, executed there, by part of the split."""
    problem = found.problem
    expected = problem.fills @ problem.probabilities
    executed = np.array(
        [
            expected[first : first + count].sum()
            for first, count in zip(problem.offsets[:-1], found.rungs, strict=True)
        ]
    )
    sent: FloatArray = np.asarray(found.rungs * problem.step)
    names = ("market", "limit") if instance.model.posts else ("sent",)
    venues = len(instance.venues)
    return {
        name: (sent[start : start + venues], executed[start : start + venues])
        for name, start in zip(names, range(0, len(sent), venues), strict=True)
    }


def split_table(instance: Instance, found: Allocation) -> Table:
    """What is sent to each venue."""
    order, quotes = instance.order, instance.snapshot
    buying = order.side == "buy"
    table = Table("venue", title=f"{order.side} {order.size:,.10g} shares")
    parts = _sent(instance, found)
    posting = len(parts) > 1
    columns: dict[str, Any] = {
        "ask" if buying else "bid": np.abs(quotes.ask),
        "displayed": quotes.ask_size,
        "fee": quotes.fee,
    }
    if posting:
        columns |= {"rebate": quotes.rebate, "queue": quotes.queue}
    for name, (sent, executed) in parts.items():
        columns |= {name: sent, ("executed" if name != "limit" else "expected"): executed}
    for name in columns:
        table.add_column(name, justify="right")
    for number, venue in enumerate(instance.venues):
        table.add_row(venue.name, *(_shown(column[number]) for column in columns.values()))
    if posting:
        table.caption = f"limit orders at {abs(quotes.best_bid):,.10g}"
    return table


def _shown(number: float) -> str:
    return "-" if np.isnan(number) else f"{number:,.10g}"


def summary_table(found: Allocation) -> Table:
    """What the split costs, and how sure that is."""
    table = Table("", show_header=False)
    table.add_column(justify="right")
    table.add_row("status", found.status)
    if found.status == "infeasible":
        table.add_row("", "no admissible split has the size exactly")
        return table
    for label, dollars in (
        ("cost", found.cost),
        ("of it execution", found.execution_cost),
        ("of it penalties", found.cost - found.execution_cost),
        ("gap", found.gap),
    ):
        table.add_row(
            label, f"${round(dollars, 4) + 0.0:,.4f}" if np.isfinite(dollars) else "not known"
        )
    for label, shares in (
        ("executed", found.executed),
        ("short", found.underfill),
        ("in excess", found.overfill),
    ):
        table.add_row(label, f"{shares:,.10g}")
    table.add_row("solver", found.solver)
    return table
