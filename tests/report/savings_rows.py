"""Savings and risk of a selected point, and the lines that show them."""

from __future__ import annotations

from sor_opt.backtest.intervals import Estimate
from sor_opt.search.savings import Saving

SAVED = {
    "best-ask": Saving("routing", Estimate(1.25, 0.5, 2.0, 12), Estimate(2.5, 2.0, 3.0, 27)),
    "twap": Saving("timing", Estimate(-1.0, -4.0, 2.0, 11), Estimate(0.5, -1.0, 2.0, 27)),
}
ROWS = {
    "best-ask": {
        "measures": "routing",
        "test_bps": 1.25,
        "low": 0.5,
        "high": 2.0,
        "basis": "within this day",
        "orders": 12,
        "train_bps": 2.5,
        "train_low": 2.0,
        "train_high": 3.0,
        "train_basis": "within this day",
        "train_orders": 27,
    },
    "twap": {
        "measures": "timing",
        "test_bps": -1.0,
        "low": -4.0,
        "high": 2.0,
        "basis": "within this day",
        "orders": 11,
        "train_bps": 0.5,
        "train_low": -1.0,
        "train_high": 2.0,
        "train_basis": "within this day",
        "train_orders": 27,
    },
}
"""What a document says of `SAVED`."""

HEADLINE = {
    "policy": "static",
    "schedule": "now",
    "router": "static",
    "orders": {"all": 39, "train": 27, "test": 12},
    "savings": ROWS,
}
LINES = [
    "against test 95 % interval orders train (chose the point)",
    "routing best-ask 1.25 [0.50, 2.00] 12 2.50",
    "timing twap -1.00 [-4.00, 2.00] 11 0.50",
    "routing: the same schedule (now); timing: another one, and routing with it.",
    "95 % intervals within this day.",
    "12 test orders are few: a first sign, no proof.",
]
"""What is shown of it below its title."""

RISK = {
    "train": {
        "objective_bps": 2.75,
        "mean_bps": 1.25,
        "sd_bps": 2.5,
        "median_bps": 1.0,
        "cvar_bps": 8.0,
        "duration_s": 30.25,
    },
    "test": dict.fromkeys(
        ("objective_bps", "mean_bps", "sd_bps", "median_bps", "cvar_bps", "duration_s"),
        float("nan"),
    ),
}
"""Where no order is left to test on."""
