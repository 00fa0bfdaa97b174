"""The contest as a document and as a table, worked by hand."""

from __future__ import annotations

import math

import pytest
from rich.table import Table

from sor_opt.backtest.contest import hold_contest
from sor_opt.policies.policy import Policy
from sor_opt.policies.registry import ROUTERS, SCHEDULES
from sor_opt.report.contest import contest_summary, contest_tables

UNKNOWN = pytest.approx(math.nan, nan_ok=True)
"""The bounds of an interval of fewer than eleven orders."""

ROWS = [
    (0, 0, 9.98, 100, 10.02, 100),
    (0, 1, 9.97, 100, 10.04, 300),
    (40, 0, 9.98, 100, 10.01, 100),
]
"""100 at A cost 20 bps, the others 40 at B, or 10 at A from second 40 on."""


@pytest.fixture
def summary(market):
    """Two orders of 200: the second starts at 20 and loses its last shares at second 25."""

    def make(**given):
        scene = market(ROWS, size=200, horizon=60, slice_seconds=60, starts=(0, 20), **given)
        policies = [Policy(SCHEDULES["now"](), ROUTERS[name]()) for name in ("best-ask", "sweep")]
        return contest_summary(scene, hold_contest(scene, policies))

    return make


def cells(table: Table) -> list[tuple[str, ...]]:
    return list(zip(*(map(str, column.cells) for column in table.columns), strict=True))


def test_the_document_of_a_contest(summary):
    """Best-ask buys at A at once and at second 40, 15 bps; the sweep at A and B, 30 bps."""
    found = summary()
    assert found["orders"] == 2
    best_ask, sweep = found["contest"]
    assert best_ask == {
        "policy": "best-ask",
        "schedule": "now",
        "router": "best-ask",
        "params": None,
        "mean_bps": pytest.approx(15.0),
        "mean_low": UNKNOWN,
        "mean_high": UNKNOWN,
        "mean_basis": None,
        "sd_bps": pytest.approx(0.0),
        "cvar_bps": pytest.approx(15.0),
        "median_bps": pytest.approx(15.0),
        "duration_s": 30.0,
        "participation": pytest.approx(math.nan, nan_ok=True),
        "participation_max": pytest.approx(math.nan, nan_ok=True),
        "incomplete_orders": 0,
        "saves_bps": None,
        "low": None,
        "high": None,
        "basis": None,
        "savings_orders": 2,
        "timing": None,
    }
    assert (sweep["policy"], sweep["mean_bps"]) == ("now x sweep", pytest.approx(30.0))
    assert (sweep["duration_s"], sweep["savings_orders"]) == (0.0, 2)
    saved = [sweep[key] for key in ("saves_bps", "low", "high", "basis")]
    assert saved == [pytest.approx(-15.0), UNKNOWN, UNKNOWN, None]


def test_a_saving_counts_only_orders_that_both_filled(summary):
    """Until its deadline at 30 the second order finds B alone at one decision of best-ask."""
    found = summary(deadline=(600, 30))
    best_ask, sweep = found["contest"]
    assert (best_ask["incomplete_orders"], sweep["incomplete_orders"]) == (1, 0)
    assert (best_ask["savings_orders"], sweep["savings_orders"]) == (1, 1)
    assert sweep["saves_bps"] == pytest.approx(-15.0)
    _, table, note = contest_tables(found)
    headings = [str(column.header) for column in table.columns]
    assert headings == [
        *("schedule", "router", "mean", "sd", "worst tenth", "seconds", "not filled"),
        *("routing", "95 % interval"),
    ]
    assert [row[6] for row in cells(table)] == ["1", "0"]
    assert str(note) == "1 order not filled in full: no saving claimed."


def test_the_table_of_a_contest(summary):
    found = summary()
    found["contest"][1] |= {"low": -16.0, "high": -14.0, "basis": "within this day"}
    title, table, basis = contest_tables(found)
    assert basis == "95 % intervals within this day."
    assert title == (
        "2 parent orders: shortfall against the arrival mid, bps; routing: saved against best-ask "
        "under the same schedule"
    )
    assert cells(table) == [
        ("now", "best-ask", "15.00", "0.00", "15.00", "30.0", "", ""),
        ("now", "sweep", "30.00", "0.00", "30.00", "0.0", "-15.00", "[-16.00, -14.00]"),
    ]


def test_what_a_schedule_saves_is_told_apart_under_one_router(market):
    """Of each order twap buys 100 at A at once, 20 bps, and 100 at 10 from second 60 on."""
    rows = [*ROWS[:2], (60, 0, 9.98, 100, 10.01, 100)]
    scene = market(rows, size=200, horizon=120, slice_seconds=60, starts=(0, 0))
    names = [("now", "sweep"), ("now", "best-ask"), ("twap", "best-ask"), ("twap", "sweep")]
    policies = [Policy(SCHEDULES[one](), ROUTERS[other]()) for one, other in names]
    found = contest_summary(scene, hold_contest(scene, policies))
    timings = [row["timing"] for row in found["contest"]]
    assert timings[:2] == [None, None]
    few = {"against": "now", "orders": 2, "low": UNKNOWN, "high": UNKNOWN, "basis": None}
    assert timings[3] == few | {"saves_bps": pytest.approx(15.0)}
    assert timings[2] == few | {"saves_bps": pytest.approx(0.0)}
    _, _, title, table = contest_tables(found)
    assert title == "timing: saved against another schedule with the same router, bps"
    assert cells(table) == [
        ("twap", "now", "best-ask", "0.00", "-"),
        ("twap", "now", "sweep", "15.00", "-"),
    ]


def test_late_and_missing_arrival_mids_are_told(market):
    rows = [(5, 0, 9.98, 900, 10.02, 900), (50, 0, 0, 0, 0, 0)]
    scene = market(rows, size=100, horizon=20, starts=(0, 10, 60), deadline=(40, 40, 90))
    policies = [Policy(SCHEDULES["now"](), ROUTERS[name]()) for name in ("best-ask", "sweep")]
    found = contest_summary(scene, hold_contest(scene, policies))
    late = [found[key] for key in ("unpriced_orders", "late_orders", "longest_delay_s")]
    assert late == [1, 1, 5.0]
    notes = [str(line) for line in contest_tables(found)[2:]]
    assert notes == [
        "1 order not filled in full: no saving claimed.",
        "1 order met no book to trade on: not counted.",
        "1 arrival mid after the start, by 5 s at most.",
    ]


def test_the_part_of_the_lit_volume_is_told_where_trades_tell_it(summary):
    """Each order fills its 200: the first among 500, the second among 4,000."""
    prints = [(10, 2, 10.00, 500, 0), (70, 2, 10.00, 4000, 0)]
    found = summary(prints=prints)
    assert [row["participation"] for row in found["contest"]] == [0.225] * 2
    assert contest_tables(found)[-1] == (
        "The median order is 22% of the lit volume meanwhile, the largest 40%."
    )
    assert "lit volume" not in str(contest_tables(summary())[-1])
