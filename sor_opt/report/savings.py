"""What is saved against baselines as plain data and as tables: routing first, then timing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sor_opt.backtest.baselines import Baseline
from sor_opt.backtest.result import Result, savings
from sor_opt.report.tables import INTERVAL, NO_TEST, Shown, count, interval, note, number, table
from sor_opt.search.savings import FEW_ORDERS, Saving

_PAIRED = "bps, paired over the orders that both filled"


def all_savings(result: Result, baselines: Mapping[str, Baseline], seed: int) -> dict[str, Any]:
    """What a result saves over all of its orders, by baseline; where nothing was selected."""
    saved = {name: savings(result, each.result, seed) for name, each in baselines.items()}
    return {
        "savings_bps": {name: each.mean for name, each in saved.items()},
        "savings_interval_bps": {name: [each.low, each.high] for name, each in saved.items()},
        "savings_orders": {name: each.orders for name, each in saved.items()},
    }


def selected_savings(saved: Mapping[str, Saving]) -> dict[str, Any]:
    """What a selected point saves, by baseline.

    `low` and `high` are the 95 % interval of `test_bps`, `orders` the test orders that both filled;
    `train_*` are the same of the orders that chose the point.
    """
    return {
        name: {
            "measures": each.measures,
            "test_bps": each.test.mean,
            "low": each.test.low,
            "high": each.test.high,
            "orders": each.test.orders,
            "train_bps": each.train.mean,
            "train_low": each.train.low,
            "train_high": each.train.high,
            "train_orders": each.train.orders,
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


def selected_savings_tables(
    point: str, schedule: str, orders: int, saved: Mapping[str, Any]
) -> list[Shown]:
    """What a selected point saves on test orders, and beside it on those that chose it.

    Parameters
    ----------
    point : str
        What to call it.
    schedule : str
    orders : int
        Test orders.
    saved : mapping
        From `selected_savings`.
    """
    shown = table("", "test", INTERVAL, "orders", "train (chose the point)", texts=("against",))
    for label, name in _labelled(saved):
        row = saved[name]
        bounds = interval((row["low"], row["high"]))
        train = number(row["train_bps"])
        shown.add_row(label, name, number(row["test_bps"]), bounds, str(row["orders"]), train)
    return [
        f"Saved by {point} on test orders, {_PAIRED}",
        shown,
        _measured(schedule),
        *_few(orders),
    ]


def _labelled(rows: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """What each baseline measures, at its first one alone, and its name."""
    last = None
    for name, row in rows.items():
        measures = row["measures"]
        yield "" if measures == last else measures, name
        last = measures


def _measured(schedule: str) -> str:
    return f"routing: the same schedule ({schedule}); timing: another one, and routing with it."


def _few(orders: int) -> list[Shown]:
    """Say that test orders are few, or none."""
    if not orders:
        return [note(NO_TEST)]
    if orders >= FEW_ORDERS:
        return []
    verb = "is" if orders == 1 else "are"
    return [note(f"{count(orders, 'test order')} {verb} few: too few to trust the interval.")]
