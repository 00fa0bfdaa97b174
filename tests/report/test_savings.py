"""What is shown of savings: test orders before train, routing before timing, few called few."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from savings_rows import HEADLINE, LINES, ROWS, SAVED

from sor_opt.backtest.backtest import run
from sor_opt.backtest.baselines import Baseline
from sor_opt.policies.registry import named
from sor_opt.report.backtest import backtest_summary
from sor_opt.report.savings import (
    all_savings_tables,
    few_note,
    headline,
    headline_tables,
    selected_savings,
)
from sor_opt.report.tables import NO_TEST
from sor_opt.search.objective import ShortfallObjective


def lines(shown):
    console = Console(file=io.StringIO(), width=120)
    console.print(*shown, sep="\n", markup=False)
    rows = [" ".join(row.split()) for row in console.file.getvalue().splitlines()]
    return [row for row in rows if row and set(row) != {"─"}]


def test_the_document_of_savings():
    assert selected_savings(SAVED) == ROWS


def test_the_headline_counts_the_orders_that_train_and_test(market):
    scene = market([(0, 0, 9.98, 100, 10.02, 150)], size=10, starts=tuple(range(10)))
    found = headline(ShortfallObjective(scene, named("placement")), SAVED)
    assert found == {
        "policy": "placement",
        "schedule": "twap",
        "router": "placement",
        "objective": "mean",
        "orders": {"all": 10, "train": 7, "test": 3},
        "savings": ROWS,
    }


def test_the_headline_whole():
    assert lines(headline_tables("the best point", HEADLINE)) == [
        "Saved by the best point on test orders, bps, paired over the orders that both filled",
        *LINES,
    ]


@pytest.mark.parametrize(
    ("orders", "told"),
    [
        (0, [NO_TEST]),
        (1, ["1 test order is few: a first sign, no proof."]),
        (19, ["19 test orders are few: a first sign, no proof."]),
        (20, []),
    ],
)
def test_fewer_than_20_test_orders_are_said_to_be_few(orders, told):
    assert lines(few_note(orders)) == told


def test_a_backtest_selects_nothing_and_counts_all_orders(market):
    """Best-ask is held against twap alone, not against itself; both pay 20 bps."""
    scene = market([(0, 0, 9.98, 900, 10.02, 900)], size=100, horizon=60, starts=(0, 1))
    results = {name: run(scene, named(name)) for name in ("best-ask", "twap")}
    baselines = {
        "best-ask": Baseline(results["best-ask"], "routing"),
        "twap": Baseline(results["twap"], "timing"),
    }
    summary = backtest_summary(named("best-ask"), results["best-ask"], baselines)
    assert lines(all_savings_tables(summary)) == [
        "Saved by best-ask, all orders, bps, paired over the orders that both filled",
        "against saves 95 % interval orders",
        "timing twap 0.00 - 2",
        "routing: the same schedule (now); timing: another one, and routing with it.",
    ]
