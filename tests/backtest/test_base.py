"""A tape made ready: fees and quality of each order's own day."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from sor_opt.backtest.base import ReplayParams, prepare
from sor_opt.backtest.orders import ParentOrders
from sor_opt.errors import ConfigError
from sor_opt.market.tape import SECOND, Quotes, Tape
from sor_opt.model.venues import Fee, FeeSchedule

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
        ({"max_quote_age": 0}, "max_quote_age must be > 0, got 0s"),
        ({"refill": "never"}, "refill must be update or every-snapshot"),
        ({"slice": 0}, "slice must be > 0"),
    ],
)
def test_wrong_rules_are_named(wrong, message):
    with pytest.raises(ConfigError, match=message):
        ReplayParams(**wrong)
