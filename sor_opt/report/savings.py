"""What is saved against baselines as plain data and as tables: routing first, then timing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sor_opt.backtest.baselines import Baseline
from sor_opt.backtest.intervals import savings
from sor_opt.backtest.result import Result
from sor_opt.report.summary import estimated, named_parts
from sor_opt.report.tables import (
    INTERVAL,
    NO_TEST,
    Shown,
    basis_line,
    count,
    interval,
    note,
    number,
    table,
)
from sor_opt.search.objective import ShortfallObjective
from sor_opt.search.savings import FEW_ORDERS, Saving

SELECTED = ("test", INTERVAL, "orders", "train (chose the point)")
"""The headings of what a selected point saves."""

_PAIRED = "bps, paired over the orders that both filled"


def all_savings(result: Result, baselines: Mapping[str, Baseline]) -> dict[str, Any]:
    """What a result saves over all of its orders, by baseline; where nothing was selected."""
    saved = {name: savings(result, each.result) for name, each in baselines.items()}
    return {
        "savings_bps": {name: each.mean for name, each in saved.items()},
        "savings_interval_bps": {name: [each.low, each.high] for name, each in saved.items()},
        "savings_basis": {name: each.basis for name, each in saved.items()},
        "savings_orders": {name: each.orders for name, each in saved.items()},
    }


def tested(objective: ShortfallObjective) -> dict[str, Any]:
    """What a search's document says of its policy, of what it minimises, and of its orders."""
    train = objective.train
    orders = {"all": len(train), "train": int(train.sum()), "test": int((~train).sum())}
    minimised = {"objective": objective.measure.name}
    return {**named_parts(objective.policy), **minimised, "orders": orders}


def headline(objective: ShortfallObjective, saved: Mapping[str, Saving]) -> dict[str, Any]:
    """What `tested` says, and the `savings` of the point that was selected."""
    return {**tested(objective), "savings": selected_savings(saved)}


def selected_savings(saved: Mapping[str, Saving]) -> dict[str, Any]:
    """What a selected point saves, by baseline.

    `low` and `high` are the 95 % interval of `test_bps`, `basis` says what it speaks of; `orders`
    are the test orders that both filled. `train_*` are the same of the orders that chose the point.
    """
    return {
        name: {
            "measures": each.measures,
            **estimated("test_bps", each.test),
            **{f"train_{key}": told for key, told in estimated("bps", each.train).items()},
        }
        for name, each in saved.items()
    }


def all_savings_tables(summary: Mapping[str, Any]) -> list[Shown]:
    """What the policy of a `backtest` document saves on each baseline but itself."""
    baselines, policy = summary["baselines"], summary["policy"]
    shown = table("", "saves", INTERVAL, "orders", texts=("against",))
    for label, name in _labelled(baselines):
        if name != policy:
            saved, bounds = summary["savings_bps"][name], summary["savings_interval_bps"][name]
            orders = str(summary["savings_orders"][name])
            shown.add_row(label, name, number(saved), interval(bounds), orders)
    return [f"Saved by {policy}, all orders, {_PAIRED}", shown, _measured(summary["schedule"])]


def headline_tables(point: str, summary: Mapping[str, Any]) -> list[Shown]:
    """What a selected point saves on test orders, and beside it on those that chose it.

    Parameters
    ----------
    point : str
        What to call it.
    summary : mapping
        A document with what `headline` says.
    """
    shown = table("", *SELECTED, texts=("against",))
    for label, name in _labelled(summary["savings"]):
        shown.add_row(label, name, *selected_cells(summary["savings"][name]))
    return [
        f"Saved by {point} on test orders, {_PAIRED}",
        shown,
        _measured(summary["schedule"]),
        *selected_basis(summary["savings"].values()),
        *few_note(summary["orders"]["test"]),
    ]


def selected_cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    """What is shown under `SELECTED` of one saving."""
    bounds = interval((row["low"], row["high"]))
    return number(row["test_bps"]), bounds, str(row["orders"]), number(row["train_bps"])


def selected_basis(rows: Iterable[Mapping[str, Any]]) -> list[Shown]:
    """Say what the intervals of selected points speak of; older documents do not tell."""
    return basis_line(row.get("basis") for row in rows)


def _labelled(rows: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """What each baseline measures, at its first one alone, and its name."""
    last = None
    for name, row in rows.items():
        measures = row["measures"]
        yield "" if measures == last else measures, name
        last = measures


def _measured(schedule: str) -> str:
    return f"routing: the same schedule ({schedule}); timing: another one, and routing with it."


def few_note(orders: int) -> list[Shown]:
    """Say that test orders are few, or none."""
    if not orders:
        return [note(NO_TEST)]
    if orders >= FEW_ORDERS:
        return []
    verb = "is" if orders == 1 else "are"
    return [note(f"{count(orders, 'test order')} {verb} few: a first sign, no proof.")]
