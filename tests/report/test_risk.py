"""The risk of selected points as a document and as a table, by hand."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console
from savings_rows import RISK

from sor_opt.backtest.backtest import run
from sor_opt.backtest.risk import Cvar, MeanSd
from sor_opt.policies.registry import named
from sor_opt.report.landscape import LANDSCAPE_POINTS, landscape_tables
from sor_opt.report.risk import risk_summary, risk_table
from sor_opt.search.objective import ShortfallObjective

COSTS = (2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 18.0, 20.0)
"""A's ask is 2 bps per second above a mid of 10.00 from second 10 on: order k costs 2 k bps."""

ROWS = [(10 * k, 0, 10 - 0.002 * k, 100, 10 + 0.002 * k, 100) for k in range(1, 14)]


def lines(*shown):
    console = Console(file=io.StringIO(), width=100)
    console.print(*shown, sep="\n")
    rows = [" ".join(row.split()) for row in console.file.getvalue().splitlines()]
    return [row for row in rows if row and set(row) != {"─"}]


@pytest.fixture
def scene(market):
    return market(ROWS, size=100, starts=[10 * k for k in range(1, 11)])


def test_the_risk_of_train_and_of_test_orders(scene):
    objective = ShortfallObjective(scene, measure=MeanSd(0.5))
    result = run(scene, named("best-ask"))
    assert result.shortfall_bps == pytest.approx(COSTS)
    found = risk_summary(objective, {"best": result})["risk"]
    assert list(found) == ["best"]
    for part, costs in (("train", COSTS[:7]), ("test", COSTS[7:])):
        assert found["best"][part] == pytest.approx(
            {
                "objective_bps": np.mean(costs) + 0.5 * np.std(costs, ddof=1),
                "mean_bps": np.mean(costs),
                "sd_bps": np.std(costs, ddof=1),
                "median_bps": np.median(costs),
                "cvar_bps": costs[-1],
                "duration_s": 0.0,
            }
        )


def test_without_test_orders_their_risk_is_unknown(market):
    scene = market(ROWS, size=100, starts=(10,))
    found = risk_summary(ShortfallObjective(scene), {"best": run(scene, named("best-ask"))})
    assert np.isnan(list(found["risk"]["best"]["test"].values())).all()


def test_the_table_shows_what_is_minimised_where_it_is_no_mean():
    rows = [(("first", "0.1"), RISK), (("second", "0.2"), RISK)]
    assert lines(risk_table(("", "threshold"), rows, "mean")) == [
        "threshold orders mean sd worst tenth seconds",
        "first 0.1 train 1.250 2.50 8.00 30.2",
        "test - - - -",
        "second 0.2 train 1.250 2.50 8.00 30.2",
        "test - - - -",
    ]
    assert lines(risk_table(("point",), [(("one",), RISK)], Cvar(0.75).name)) == [
        "point orders cvar:0.75 mean sd worst tenth seconds",
        "one train 2.750 1.250 2.50 8.00 30.2",
        "test - - - - -",
    ]


def test_the_landscapes_table_holds_optimum_grid_and_default_against_each_other():
    penalties = {"lambda_under": 0.001, "theta_queue": 0.0001}
    summary = {
        "objective": "cvar:0.8",
        "interval": [0.001, 0.01],
        "breakpoints": 2,
        "replays": 9,
        "excess": None,
        "grid_regret_bps": 0.5,
        "best": {"threshold": 0.003},
        "grid_best": {"params": penalties},
        "default": {"params": penalties | {"theta_queue": 0.0002}},
        "risk": dict.fromkeys(LANDSCAPE_POINTS, RISK),
        "schedule": "now",
        "orders": {"test": 20},
        "savings": {},
        "saves_default": None,
    }
    unknown = "test - - - - -"
    assert lines(*landscape_tables(summary))[:10] == [
        "Exact minimum of the cvar:0.8 shortfall of the train orders, bps.",
        "lambda_under + theta_queue from 0.001 to 0.01: 2 break points, 9 replays of one order",
        "threshold orders cvar:0.8 mean sd worst tenth seconds",
        "optimum 0.003 train 2.750 1.250 2.50 8.00 30.2",
        unknown,
        "grid best 0.0011 train 2.750 1.250 2.50 8.00 30.2",
        unknown,
        "default 0.0012 train 2.750 1.250 2.50 8.00 30.2",
        unknown,
        "Exact for every lambda_over.",
    ]
