"""What `data inspect` shows and what replays warn of: exact texts of tapes worked by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rich.table import Table

from sor_opt.market import Quotes, Tape, Trades
from sor_opt.market.prints import PrintsQuality, prints_quality
from sor_opt.market.quality import inspect
from sor_opt.market.tape import SECOND
from sor_opt.report.inspection import inspection_document, inspection_tables, print_warnings

NOON = 1_709_571_600 * SECOND  # 2024-03-04 12:00 in New York
FITTING = PrintsQuality(
    prints=1000,
    unusable=0,
    volume=5000.0,
    outside_share=0.0123,
    unquoted_share=0.0,
    distance_bps=1.5,
    misfit=0.0123,
    ratio=1.0,
    scale=1.0,
    misfit_scaled=0.0123,
    offset=0,
    misfit_moved=0.0123,
    repeated_share=0.1,
    copies=1,
    days=(),
)


def tape(trades: Trades | None = None) -> Tape:
    seconds = NOON + np.arange(3) * SECOND
    quotes = Quotes(seconds, [0, 1, 0], [10, 10.01, 10], [100] * 3, [10.02] * 3, [100] * 3)
    return Tape(
        ("XA", "XB"), quotes, trades, "AAA", source="q.csv", left_out={"off exchange": 12_619}
    )


def trades() -> Trades:
    price, size = [10.01, 10.02, 10.02, 9.0, 0.0], [100, 50, 50, 5, 5]
    ts = NOON + np.array([1, 1, 1, 2, 2]) * SECOND
    return Trades(ts, [0, 1, 1, 1, 1], price, size, [0] * 5)


def cells(table: Table) -> list[tuple[str, ...]]:
    return list(zip(*(map(str, column.cells) for column in table.columns), strict=True))


def test_of_fitting_trades_and_of_none_nothing_is_said():
    assert [*print_warnings(None)] == []
    assert [*print_warnings(FITTING)] == []


@pytest.mark.parametrize(
    ("figures", "text"),
    [
        (
            {"misfit": 1.0, "outside_share": 1.0, "misfit_moved": 1.0, "scale": 0.5},
            "100.0% of the trades are outside the quotes of their moment, 1.2% if their prices are "
            "divided by 0.5; correct the prices of the trades (unit, split)",
        ),
        (
            {"misfit": 0.6, "misfit_scaled": 0.6, "offset": -3630 * SECOND},
            "60.0% of the trades are outside the quotes of their moment, 1.2% if their times are "
            "moved by -1h30s; correct the times of the trades (time zone, clock)",
        ),
        (
            {"misfit": 0.6, "misfit_scaled": 0.6, "offset": 5 * 60 * SECOND},
            "60.0% of the trades are outside the quotes of their moment, 1.2% if their times are "
            "moved by +5m; correct the times of the trades (time zone, clock)",
        ),
        (
            {
                "misfit": 1.0,
                "misfit_scaled": 1.0,
                "misfit_moved": 1.0,
                "outside_share": float("nan"),
                "unquoted_share": 1.0,
            },
            "none of the 1,000 trades is of the quotes' time; give the trades of these days",
        ),
        (
            {
                "misfit": 0.96,
                "misfit_scaled": 0.9,
                "misfit_moved": 0.7,
                "outside_share": 0.951,
                "ratio": 1.3129,
            },
            "95.1% of the trades are outside the quotes of their moment (price / mid 1.313), and "
            "no scale of prices and no move of times helps; give the trades of this symbol and "
            "these days",
        ),
        (
            {"copies": 2},
            "most prints come 2 times, with the same time, venue, price, size and side; keep one "
            "copy of each in the trades",
        ),
    ],
)
def test_each_fault_is_one_line_with_what_was_measured_and_what_to_do(figures, text):
    assert [*print_warnings(replace(FITTING, **figures))] == [text]


def test_two_faults_are_two_lines():
    both = replace(FITTING, misfit=0.6, misfit_scaled=0.6, offset=SECOND, copies=3)
    assert [text.split(",")[0] for text in print_warnings(both)] == [
        "60.0% of the trades are outside the quotes of their moment",
        "most prints come 3 times",
    ]


def test_trades_are_shown_with_their_figures_and_days_and_what_was_left_out():
    whole = tape(trades())
    shown = inspection_tables(whole, inspect(whole), prints_quality(whole))
    assert shown[:2] == [
        "q.csv, symbol AAA",
        "3 quotes and 5 trades on 2 venues, 3 snapshots, 2024-03-04 12:00:00 to 2024-03-04 "
        "12:00:02 America/New_York",
    ]
    assert shown[-1] == "No age limit is needed."
    tables = {table.title: table for table in shown if isinstance(table, Table)}
    assert [*tables] == [
        "By venue",
        "Trades",
        "Quotes and trades by day",
        "Left out while loading",
        "The book by age limit",
    ]
    assert cells(tables["Trades"]) == [
        ("trades", "4"),
        ("without a price or a size", "1"),
        ("shares", "205"),
        ("outside the quotes of their moment", "25.00%"),
        ("while there are no quotes", "0.00%"),
        ("median distance from the mid, bps", "4.99"),
        ("price / mid", "0.987394"),
        ("best scale of the prices", "1"),
        ("left outside if divided by it", "25.00%"),
        ("best move of the times", "0s"),
        ("left outside if moved by it", "25.00%"),
        ("repeats of another trade", "25.00%"),
        ("copies of most trades", "1"),
    ]
    assert cells(tables["Quotes and trades by day"]) == [
        ("2024-03-04", "3", "12:00:00", "12:00:02", "5", "12:00:01", "12:00:02", "100.00%")
    ]
    assert cells(tables["Left out while loading"]) == [("off exchange", "12,619")]


def test_without_trades_and_with_nothing_left_out_there_are_no_such_tables():
    bare = replace(tape(), left_out={})
    shown = inspection_tables(bare, inspect(bare), prints_quality(bare))
    titles = [table.title for table in shown if isinstance(table, Table)]
    assert titles == ["By venue", "The book by age limit"]


def test_wide_books_and_stubs_are_shown_beside_crossed_ones():
    """B's ask at 11 is 10 % from the mid of the two books that A makes; alone B is wide."""
    seconds = NOON + np.arange(3) * SECOND
    bids, asks = [10.0, 10.0, 0.0], [11.0, 10.02, 0.0]
    quotes = Quotes(seconds, [1, 0, 0], bids, [100, 100, 0], asks, [100, 100, 0])
    found = inspect(Tape(("XA", "XB"), quotes))
    table = inspection_tables(Tape(("XA", "XB"), quotes), found, None)[-2]
    headings = [str(column.header) for column in table.columns]
    assert headings == ["limit", "crossed", "wide", "locked", "empty", "stale", "stubs"]
    assert cells(table)[0] == ("none", "0.00%", "66.67%", "0.00%", "0.00%", "0.00%", "25.00%")


def test_the_document_holds_the_same():
    whole = tape(trades())
    found = inspection_document(whole, inspect(whole), prints_quality(whole))
    assert found["left_out"] == {"off exchange": 12_619}
    prints = found["prints"]
    assert prints.pop("distance_bps") == pytest.approx(4.99, abs=0.01)
    assert prints.pop("ratio") == pytest.approx(0.987394, abs=1e-6)
    day = {
        "day": "2024-03-04",
        "quotes": 3,
        "trades": 5,
        "first_quote": NOON,
        "last_quote": NOON + 2 * SECOND,
        "first_trade": NOON + SECOND,
        "last_trade": NOON + 2 * SECOND,
        "covered": 1.0,
    }
    assert prints == {
        "prints": 4,
        "unusable": 1,
        "volume": 205.0,
        "outside_share": 0.25,
        "unquoted_share": 0.0,
        "misfit": 0.25,
        "scale": 1.0,
        "misfit_scaled": 0.25,
        "offset_ns": 0,
        "misfit_moved": 0.25,
        "repeated_share": 0.25,
        "copies": 1,
        "days": (day,),
        "warnings": [],
    }
    bare = tape()
    assert inspection_document(bare, inspect(bare), prints_quality(bare))["prints"] is None
