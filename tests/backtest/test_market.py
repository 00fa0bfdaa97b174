"""A tape made ready: fees and quality of each order's own day."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from sor_opt.backtest.limits import Limits
from sor_opt.backtest.market import ReplayParams, prepare
from sor_opt.backtest.orders import ParentOrders
from sor_opt.errors import ConfigError
from sor_opt.market.tape import SECOND, Quotes, Tape
from sor_opt.models.venues import Fee, FeeSchedule, NoFees

DAY = 86_400 * SECOND
MIDNIGHT = 1_514_869_200 * SECOND  # 2018-01-02 in New York
OPEN = MIDNIGHT + 34_200 * SECOND


def two_days(rows):
    """Orders from the open for a minute, on two days; rows are second, venue, bid, ask."""
    seconds, venues, bids, asks = np.array(rows, dtype=np.float64).T
    ones = np.full(len(rows), 100.0)
    quotes = Quotes(OPEN + (seconds * SECOND).astype(np.int64), venues, bids, ones, asks, ones)
    starts = np.array([OPEN, OPEN + DAY])
    orders = ParentOrders(
        "buy", 100, 60 * SECOND, starts, starts + 60 * SECOND, starts - OPEN + MIDNIGHT
    )
    fees = FeeSchedule(
        [
            Fee("A", date(2018, 1, 1), -0.0006, 0.0),
            Fee("A", date(2018, 1, 3), 0.0003, 0.0),
            Fee("B", date(2018, 1, 1), 0.003, 0.002),
        ]
    )
    return prepare(Tape(("A", "B"), quotes), orders, ReplayParams(), fees)


def test_decisions_are_the_rows_and_slices_of_the_horizons(market):
    rows = [(second, 0, 9, 100, 10, 100) for second in (0, 1, 1, 29, 30, 31, 300)]
    ready = market(rows, horizon=30, starts=(0, 10), slice_seconds=20)
    # After the first start 1, 1, 29, 30; after the second 29, 30, 31; two slices each.
    assert ready.count_decisions() == 4 + 3 + 2 * 2
    assert ready.select(np.array([1])).count_decisions() == 3 + 2
    assert market(rows, horizon=30, slice_seconds=20, deadline=29).count_decisions() == 3 + 2


def test_more_decisions_than_the_limit_are_refused_before_the_work(market):
    ready = market([(0, 0, 9, 100, 10, 100)], horizon=60)
    given = (ready.tape, ready.orders, ReplayParams(slice=1), NoFees())
    text = (
        r"the orders take 60,000,000,000 decisions, more than the limit of 1,000,000,000; .*--max-d"
    )
    with pytest.raises(ConfigError, match=text):
        prepare(*given)
    assert prepare(*given, Limits(decisions=60 * SECOND + 1)).count_decisions() == 60 * SECOND


def test_limits_are_no_part_of_the_rules(market):
    ready = market([(0, 0, 9, 100, 10, 100)])
    assert "limit" not in repr(ready.params)


def test_where_nothing_is_charged_every_fee_is_0(market):
    ready = market([(0, 0, 9, 100, 10, 100)], taker=(0.1, 0.1, 0.1))
    free = prepare(ready.tape, ready.orders, ready.params, NoFees())
    assert free.taker.tolist() == free.rebate.tolist() == [[0.0, 0.0, 0.0]]


def test_every_order_pays_the_fees_of_its_day():
    market = two_days([(0, 0, 9, 10), (DAY / SECOND, 0, 9, 10)])
    assert market.taker.tolist() == [[-0.0006, 0.003], [0.0003, 0.003]]
    assert market.select(np.array([1])).taker.tolist() == [[0.0003, 0.003]]


def test_quality_looks_at_the_orders_windows_alone():
    night = [(3600 + i, i % 2, 9 + 2 * (i % 2), 10 + 2 * (i % 2)) for i in range(50)]
    second_day = [(DAY / SECOND, 0, 9, 10), (DAY / SECOND + 1, 1, 9, 10)]
    market = two_days([(0, 0, 9, 10), (1, 1, 9, 10), *night, *second_day])
    assert market.quality.crossed_share == 0
    assert market.quality.snapshots == 4


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"completion": "never"}, "completion must be sweep or best-ask, got 'never'"),
        ({"unfilled": "bid"}, "unfilled must be ask or mid, got 'bid'"),
        ({"slice": 0}, "slice must be > 0"),
    ],
)
def test_wrong_rules_are_named(wrong, message):
    with pytest.raises(ConfigError, match=message):
        ReplayParams(**wrong)
