"""Parent orders over a day's window."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from sor_opt.backtest.limits import Limits
from sor_opt.backtest.orders import OrderParams, make_orders
from sor_opt.errors import ConfigError, DataError
from sor_opt.market.tape import SECOND, Quotes, Tape

NEW_YORK = ZoneInfo("America/New_York")
MINUTE = 60 * SECOND


def at(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).timestamp()) * SECOND


def tape(*moments):
    n = len(moments)
    prices = np.full((4, n), [[9], [1], [10], [1]])
    return Tape(("A",), Quotes([at(moment) for moment in moments], np.zeros(n), *prices))


def starts(tape, **params):
    orders = make_orders(tape, OrderParams(**params))
    moments = [datetime.fromtimestamp(start / SECOND, NEW_YORK) for start in orders.starts]
    return [f"{moment:%d %H:%M}" for moment in moments]


FULL_DAY = tape(*(f"2018-01-02T{hour:02}:{minute}" for hour in range(8, 17) for minute in (10, 20)))


def test_orders_start_at_every_multiple_that_fits_into_the_session():
    found = starts(FULL_DAY, every=10 * MINUTE, horizon=9 * MINUTE)
    assert len(found) == 39
    assert (found[0], found[-1]) == ("02 09:30", "02 15:50")


def test_without_every_there_is_one_order():
    assert starts(FULL_DAY) == ["02 09:30"]


def test_start_and_end_narrow_the_window():
    window = {"start": time(11), "end": time(11, 30)}
    assert starts(FULL_DAY, every=10 * MINUTE, horizon=10 * MINUTE, **window) == [
        "02 11:00",
        "02 11:10",
        "02 11:20",
    ]


def test_a_day_that_begins_late_or_ends_early_is_cut_to_its_quotes():
    short = tape("2018-01-02T10:07", "2018-01-02T10:40")
    found = starts(short, every=10 * MINUTE, horizon=9 * MINUTE)
    assert found == ["02 10:07", "02 10:17", "02 10:27"]
    orders = make_orders(short, OrderParams())
    assert orders.deadlines.tolist() == [at("2018-01-02T10:40")]


def test_every_day_of_a_tape_has_its_own_orders_and_deadline():
    moments = ("02T08:00", "02T15:00", "03T08:00", "03T15:00", "03T18:00")
    days = tape(*(f"2018-01-{moment}" for moment in moments))
    found = starts(days, every=180 * MINUTE, horizon=9 * MINUTE)
    assert found == ["02 09:30", "02 12:30", "03 09:30", "03 12:30", "03 15:30"]
    orders = make_orders(days, OrderParams(every=180 * MINUTE))
    assert set(orders.deadlines.tolist()) == {at("2018-01-02T15:00"), at("2018-01-03T16:00")}
    assert set(orders.midnights.tolist()) == {at("2018-01-02T00:00"), at("2018-01-03T00:00")}


def test_one_order_must_fit_too():
    with pytest.raises(ConfigError, match="no order of 86400s fits"):
        make_orders(FULL_DAY, OrderParams(horizon=1440 * MINUTE))


def test_orders_are_counted_before_they_are_laid_out():
    every = OrderParams(every=10 * MINUTE, horizon=9 * MINUTE)
    assert len(make_orders(FULL_DAY, every, Limits(orders=39))) == 39
    with pytest.raises(ConfigError, match="39 parent orders are more than the limit of 38; take a"):
        make_orders(FULL_DAY, every, Limits(orders=38))
    with pytest.raises(
        ConfigError, match=r"22,860,000,000,001 parent orders are more than .*--max-o"
    ):
        make_orders(FULL_DAY, OrderParams(every=1, horizon=9 * MINUTE))


def test_one_order_is_one_however_long_the_window():
    assert len(make_orders(FULL_DAY, OrderParams(), Limits(orders=1))) == 1


@pytest.mark.parametrize("name", ["orders", "decisions"])
def test_limits_check_themselves(name):
    with pytest.raises(ConfigError, match=f"the limit of {name} must be >= 1, got 0"):
        Limits(**{name: 0})


def test_no_quotes_in_the_window_is_the_datas_fault():
    with pytest.raises(DataError, match="no quotes between 09:30:00 and 16:00:00"):
        make_orders(tape("2018-01-02T04:00", "2018-01-02T05:00"), OrderParams())


def test_a_horizon_that_never_fits_is_the_calls_fault():
    with pytest.raises(ConfigError, match="no order of 36000s fits"):
        make_orders(FULL_DAY, OrderParams(horizon=600 * MINUTE, every=MINUTE))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"size": 0}, "size must be > 0, got 0"),
        ({"size": float("nan")}, "size must be > 0, got nan"),
        ({"size": 1e300}, r"size must be at most 1e\+12, got 1e\+300"),
        ({"horizon": 0}, "horizon must be > 0, got 0s"),
        ({"every": -1}, "every must be > 0"),
        ({"every": 0}, "every must be > 0, got 0s"),
        ({"side": "long"}, "side must be buy or sell, got 'long'"),
        ({"start": time(12), "end": time(11)}, "start must be before end"),
    ],
)
def test_wrong_parameters_are_named(wrong, message):
    with pytest.raises(ConfigError, match=message):
        OrderParams(**wrong)


def test_the_default_is_one_buy_order_of_5000_for_nine_minutes():
    assert OrderParams() == OrderParams("buy", 5000.0, 9 * MINUTE, None, None, None)
    orders = make_orders(FULL_DAY, OrderParams())
    assert (orders.side, orders.size, orders.horizon) == ("buy", 5000.0, 540 * SECOND)
    assert [make_orders(FULL_DAY, OrderParams(side=side)).sign for side in ("buy", "sell")] == [
        1,
        -1,
    ]


def test_a_window_may_begin_within_a_second():
    orders = make_orders(FULL_DAY, OrderParams(start=time(11, 0, 0, 250_000)))
    assert orders.starts.tolist() == [at("2018-01-02T11:00") + SECOND // 4]


def test_an_order_whose_horizon_ends_with_the_window_still_fits():
    window = {"start": time(11), "end": time(11, 10)}
    assert starts(FULL_DAY, horizon=10 * MINUTE, **window) == ["02 11:00"]
    with pytest.raises(ConfigError, match=r"\(2018-01-02 11:00:00 to 11:10:00\); shorten"):
        starts(FULL_DAY, horizon=10 * MINUTE + 1, **window)


def test_one_order_is_laid_on_the_first_day_that_has_room():
    short = tape("2018-01-02T15:58", "2018-01-02T15:59", "2018-01-03T10:00", "2018-01-03T12:00")
    orders = make_orders(short, OrderParams())
    assert orders.starts.tolist() == [at("2018-01-03T10:00")]
    assert orders.midnights.tolist() == [at("2018-01-03T00:00")]
    assert orders.deadlines.tolist() == [at("2018-01-03T12:00")]


def test_a_day_whose_only_quote_is_at_the_windows_end_has_a_window():
    late = tape("2018-01-02T15:00", "2018-01-02T16:00")
    assert make_orders(late, OrderParams(every=30 * MINUTE)).starts.tolist() == [
        at("2018-01-02T15:00"),
        at("2018-01-02T15:30"),
    ]
    with pytest.raises(ConfigError, match="no order of 540s fits"):
        make_orders(tape("2018-01-02T16:00", "2018-01-02T16:20"), OrderParams())
