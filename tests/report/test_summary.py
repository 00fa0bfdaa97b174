"""The documents of a backtest, a grid and a landscape, whole: worked by hand to the last key."""

from __future__ import annotations

import math
import statistics
from dataclasses import asdict, replace

import numpy as np
import pytest

from sor_opt.backtest.backtest import run
from sor_opt.backtest.baselines import run_baselines
from sor_opt.market.tape import SECOND, UNKNOWN
from sor_opt.models.risk import RiskParams
from sor_opt.models.windows import WindowParams
from sor_opt.policies.policy import Policy
from sor_opt.policies.registry import named
from sor_opt.policies.routers.placement import Placement
from sor_opt.policies.routers.static import Static
from sor_opt.policies.schedules.now import Now
from sor_opt.policies.schedules.twap import Twap
from sor_opt.report.backtest import backtest_summary
from sor_opt.report.grid import grid_summary
from sor_opt.report.landscape import landscape_summary
from sor_opt.search.grid import Grid, GridPoint, default_point, run_grid
from sor_opt.search.landscape import Landscape, Staircase
from sor_opt.search.objective import Outcome, ShortfallObjective
from sor_opt.search.savings import savings_of
from sor_opt.search.space import Space

ROWS = [
    (0, 0, 9.98, 100, 10.02, 100),
    (0, 1, 9.97, 100, 10.03, 300),
    (40, 0, 9.98, 100, 10.01, 100),
    (100, 0, 10.08, 100, 10.12, 100),
    (100, 1, 10.07, 100, 10.13, 50),
    (170, 2, 10.10, 10, 0, 0),  # C bids, which lifts the mid from 10.10 to 10.11
    (250, 2, 0, 0, 0, 0),
    (300, 0, 9.98, 100, 10.02, 300),
    (300, 1, 9.97, 100, 10.03, 100),
    (420, 0, 10.05, 100, 10.06, 100),  # above B's ask: crossed, when all is done
]
"""Three orders of 200 shares see them: at 0 with plenty, at 100 with 150 on show, at 300."""

PER_SHARE = RiskParams(0.05, 0.025, 0.0, unit="per_share")
"""A share is taken where it costs less than 2.5 cents above the mid, fee included."""

SECOND_ORDER = 1e4 * (1518.85 + 50 * 10.11 - 2020) / 2020
"""A's 100 at 10.123 and B's 50 at 10.131 are 1,518.85; 50 are marked at 10.11; arrival 10.10."""


@pytest.fixture
def scene(market):
    return market(
        ROWS,
        size=200,
        horizon=60,
        slice_seconds=30,
        starts=(0, 100, 300),
        deadline=(80, 200, 500),
        taker=(0.003, 0.001, 0.0),
        rebate=(0.002, 0.0, 0.0),
        max_quote_age=140,
        unfilled="mid",
    )


NO_INTERVAL = [math.nan, math.nan]
"""The interval of fewer than eleven orders."""


def near(value):
    """The document with its floats compared to a part in 10^9, and NaN as NaN."""
    if isinstance(value, dict):
        return {key: near(each) for key, each in value.items()}
    if isinstance(value, list):
        return [near(each) for each in value]
    return pytest.approx(value, rel=1e-9, abs=1e-9, nan_ok=True) if type(value) is float else value


def totals(cash, fees, first, third, cleanup, completed, seconds):
    """What every policy's part holds: all of them fill 550 of the 600 shares."""
    orders = [first, SECOND_ORDER, third]
    return {
        "filled_shares": 550.0,
        "unfilled_shares": 50.0,
        "limit_shares": 0.0,
        "completed_shares": completed,
        "incomplete_orders": 1,
        "total_cash": cash,
        "avg_price": cash / 550,
        "fees": fees,
        "shortfall_bps": sum(orders) / 3,
        "shortfall_interval_bps": NO_INTERVAL,
        "interval_basis": None,
        "sd_bps": statistics.stdev(orders),
        "median_bps": statistics.median(orders),
        "cvar_bps": max(orders),
        "duration_s": seconds / 3,
        "cleanup_bps": cleanup / 3,
        "participation": math.nan,
        "participation_max": math.nan,
        "opportunity_bps": 1e4 * 50 * 0.01 / 2020 / 3,
    }


# Order 1: 200 at A and, 30 s later, B, 100 each, as 10.023 and 10.031 with fees: 2,005.4, 27 bps
# above 2,000. Order 3: 200 at A, 10.023: 2,004.6, 23 bps, at once or in two slices.
BEST_ASK = totals(2005.4 + 1518.85 + 2004.6, 0.4 + 0.35 + 0.6, 27.0, 23.0, 0.0, 0.0, 30 + 30)
TWAP = {**BEST_ASK, "duration_s": 30.0}
# Two slices of 100. Of order 1 each goes to A and B as 1 to 3: 50 and 150 in all, 2,005.8. Order 2
# takes 67 and 33 of 100 and 50 on show, then all that is left. Order 3: as 3 to 1, 2,005.0.
PRO_RATA = totals(2005.8 + 1518.85 + 2005.0, 0.3 + 0.35 + 0.5, 29.0, 25.0, 0.0, 0.0, 3 * 30)
BASELINES = {"best-ask": BEST_ASK, "twap": TWAP, "pro-rata": PRO_RATA}
MEASURES = {"best-ask": "routing", "twap": "timing", "pro-rata": "timing"}

# The router leaves B's 10.031 alone and finds A at 10.013 at second 40: 2,003.6, 18 bps; order 2
# buys B's 50 at 10.13 at its horizon, 0.03 above arrival and the fee.
LATE = 1e4 * (50 * 0.03 + 0.05) / 2020
ROUTER = totals(2003.6 + 1518.85 + 2004.6, 0.6 + 0.35 + 0.6, 18.0, 23.0, LATE, 50.0, 40 + 60)

# Order 2 is filled by nobody and left out.
SAVED = {
    "savings_bps": {"best-ask": 4.5, "twap": 4.5, "pro-rata": 6.5},
    "savings_interval_bps": dict.fromkeys(MEASURES, NO_INTERVAL),
    "savings_basis": dict.fromkeys(MEASURES),
    "savings_orders": {"best-ask": 2, "twap": 2, "pro-rata": 2},
}
# 7 times, one crossed; 15 last quotes, of which A's and B's are 150 s old at second 250.
QUALITY = {
    "crossed_share": 1 / 7,
    "stale_share": 2 / 15,
    "wide_share": 0.0,
    "stub_share": 0.0,
}
ON_TIME = {"unpriced_orders": 0, "late_orders": 0, "longest_delay_s": 0.0}


def test_the_document_of_a_backtest(scene):
    policy = Policy(Now(), Static(PER_SHARE))
    found = backtest_summary(policy, run(scene, policy), run_baselines(scene, policy))
    assert found == near(
        {
            "policy": "static",
            "schedule": "now",
            "router": "static",
            "params": {
                "lambda_over": 0.05,
                "lambda_under": 0.025,
                "theta_queue": 0.0,
                "unit": "per_share",
            },
            "orders": 3,
            **ROUTER,
            **ON_TIME,
            "baselines": {
                name: {"measures": MEASURES[name], **BASELINES[name]} for name in BASELINES
            },
            **SAVED,
            "quality": QUALITY,
        }
    )


def test_the_document_of_a_sale_with_limit_fills(market):
    """Mirrored: 250 are sold at the ask behind a queue of 200, and 50 at the bid at the horizon."""
    prints = [(90, 0, 10.02, 500, UNKNOWN), (130, 0, 10.02, 450, UNKNOWN)]
    scene = market(
        [(0, 0, 10.00, 1000, 10.02, 200)],
        size=300,
        side="sell",
        starts=(120,),
        prints=prints,
        taker=(0.003, 0.0, 0.0),
        rebate=(0.002, 0.0, 0.0),
    )
    risk = RiskParams(0.05, 0.05, 0.0001, unit="per_share")
    windows = WindowParams(60 * SECOND, 60 * SECOND, 1)
    policy = Policy(Twap(), Placement(risk, windows=windows))
    found = backtest_summary(policy, run(scene, policy), {})
    cash = 250 * (10.02 + 0.002) + 50 * (10.00 - 0.003)
    assert found == near(
        {
            "policy": "placement",
            "schedule": "twap",
            "router": "placement",
            "params": {
                "lambda_over": 0.05,
                "lambda_under": 0.05,
                "theta_queue": 0.0001,
                "unit": "per_share",
            },
            "orders": 1,
            "filled_shares": 300.0,
            "unfilled_shares": 0.0,
            "limit_shares": 250.0,
            "completed_shares": 50.0,
            "incomplete_orders": 0,
            "total_cash": cash,
            "avg_price": cash / 300,
            "fees": -0.50 + 0.15,
            "shortfall_bps": 1e4 * (300 * 10.01 - cash) / 3003,
            "shortfall_interval_bps": NO_INTERVAL,
            "interval_basis": None,
            "sd_bps": math.nan,
            "median_bps": 1e4 * (300 * 10.01 - cash) / 3003,
            "cvar_bps": 1e4 * (300 * 10.01 - cash) / 3003,
            "duration_s": 60.0,
            "cleanup_bps": 1e4 * 50 * (0.01 + 0.003) / 3003,
            "opportunity_bps": 0.0,
            "participation": 300 / 450,
            "participation_max": 300 / 450,
            **ON_TIME,
            "baselines": {},
            "savings_bps": {},
            "savings_interval_bps": {},
            "savings_basis": {},
            "savings_orders": {},
            "quality": dict.fromkeys(QUALITY, 0.0),
        }
    )


FIRST_AND_THIRD = (("best-ask", 27.0, 23.0), ("twap", 27.0, 23.0), ("pro-rata", 29.0, 25.0))
"""What the orders that baselines fill cost them, bps; see above."""

TWO_POINTS = Space.of(
    named("static"),
    {"lambda_over": [0.0005], "lambda_under": [0.002, 0.0025], "theta_queue": [0.0001]},
)
"""At a price of 10 shares are worth 2.1 or 2.6 cents above the mid: A's 10.023 is between."""


def test_the_document_of_a_grid(scene):
    objective = ShortfallObjective(scene)
    grid, baselines = run_grid(objective, TWO_POINTS), run_baselines(scene, objective.policy)
    saved = savings_of(objective, grid.best.result, baselines)
    default = default_point(objective, TWO_POINTS)
    found = grid_summary(objective, grid, default, baselines, saved)
    assert found.pop("seconds") > 0
    told = found.pop("default")
    assert told.keys() == found["best"].keys()
    assert told["params"] == default.params

    def params(under):
        return {"lambda_over": 0.0005, "lambda_under": under, "theta_queue": 0.0001} | {
            "unit": "fraction"
        }

    # The shy point waits for A's 10.013 at second 40 and buys B's 100 at second 60: 2,004.4,
    # 22 bps. Of order 2 it buys A's 100 at its horizon and B's 50 10 s later, of order 3 all 200 at
    # A at its horizon.
    late = [
        1e4 * (100 * 0.03 + 0.1) / 2000,
        1e4 * (100 * 0.02 + 0.3 + 50 * 0.03 + 0.05) / 2020,
        1e4 * (200 * 0.02 + 0.6) / 2000,
    ]
    shy = totals(2004.4 + 1518.85 + 2004.6, 0.4 + 0.35 + 0.6, 22.0, 23.0, sum(late), 450.0, 190)
    best = {
        "params": params(0.0025),
        "train_bps": (18 + SECOND_ORDER) / 2,
        "test_bps": 23.0,
        **ROUTER,
        **SAVED,
    }
    assert found == near(
        {
            "policy": "static",
            "schedule": "now",
            "router": "static",
            "objective": "mean",
            "orders": {"all": 3, "train": 2, "test": 1},
            "searched": ["lambda_over", "lambda_under", "theta_queue"],
            "points": [
                best,
                {
                    "params": params(0.002),
                    "train_bps": (22 + SECOND_ORDER) / 2,
                    "test_bps": 23.0,
                    **shy,
                    **SAVED,
                    "savings_bps": {"best-ask": 2.5, "twap": 2.5, "pro-rata": 4.5},
                },
            ],
            "best": best,
            "distinct": 2,
            "flat": False,
            "baselines": {
                name: {
                    "measures": MEASURES[name],
                    "train_bps": (first + SECOND_ORDER) / 2,
                    "test_bps": third,
                    **BASELINES[name],
                }
                for name, first, third in FIRST_AND_THIRD
            },
            # One order each: the first trains, since nobody fills the second, the third tests.
            "savings": {
                name: {
                    "measures": MEASURES[name],
                    "test_bps": third - 23.0,
                    "low": math.nan,
                    "high": math.nan,
                    "basis": None,
                    "orders": 1,
                    "train_bps": first - 18.0,
                    "train_low": math.nan,
                    "train_high": math.nan,
                    "train_basis": None,
                    "train_orders": 1,
                }
                for name, first, third in FIRST_AND_THIRD
            },
            "quality": QUALITY,
        }
    )


def test_the_document_of_a_landscape(scene):
    """Three pieces, the second the lowest; the grid's best is 0.5 bps above it."""
    values = np.array([[3.0, 7.0], [1.5, 8.0], [2.0, 6.0]])
    landscape = Landscape(0.001, 0.01, Staircase(np.array([0.002, 0.004, 0.01]), values), 0.0006, 9)
    point = GridPoint(asdict(RiskParams(0.001, 0.002, 0.0001)), Outcome(2.0, 6.0), None)
    default = GridPoint(asdict(RiskParams(0.001, 0.001, 0.0002)), Outcome(3.0, 7.0), None)
    assert landscape_summary(
        landscape, Grid((point,), TWO_POINTS, np.zeros((3, 1)), 1, 0.1), default
    ) == near(
        {
            "interval": [0.001, 0.01],
            "breakpoints": 2,
            "best": {
                "threshold": 0.003,
                "interval": [0.002, 0.004],
                "train_bps": 1.5,
                "test_bps": 8.0,
            },
            "excess": 0.0006,
            "grid_best": {
                "params": {
                    "lambda_over": 0.001,
                    "lambda_under": 0.002,
                    "theta_queue": 0.0001,
                    "unit": "fraction",
                },
                "train_bps": 2.0,
                "test_bps": 6.0,
            },
            "default": {
                "params": {
                    "lambda_over": 0.001,
                    "lambda_under": 0.001,
                    "theta_queue": 0.0002,
                    "unit": "fraction",
                },
                "train_bps": 3.0,
                "test_bps": 7.0,
            },
            "grid_regret_bps": 0.5,
            "replays": 9,
            "staircase": {
                "ends": [0.002, 0.004, 0.01],
                "train_bps": [3.0, 1.5, 2.0],
                "test_bps": [7.0, 8.0, 6.0],
            },
        }
    )
    lowest_first = replace(landscape, staircase=Staircase(np.array([0.01]), values[1:2]))
    assert landscape_summary(
        lowest_first, Grid((point,), TWO_POINTS, np.zeros((3, 1)), 1, 0.1), default
    )["best"] == near(
        {"threshold": 0.0055, "interval": [0.001, 0.01], "train_bps": 1.5, "test_bps": 8.0}
    )
