"""The schedule vwap on days made by hand: what each order learns, and from which days."""

from __future__ import annotations

from datetime import datetime, time

import numpy as np
import pytest

from sor_opt.backtest.backtest import run
from sor_opt.backtest.market import ReplayParams, prepare
from sor_opt.backtest.orders import OrderParams, make_orders
from sor_opt.errors import DataError
from sor_opt.market.tape import SECOND, Quotes, Tape, Trades
from sor_opt.market.zones import NEW_YORK, find_zone
from sor_opt.models.venues import NoFees
from sor_opt.policies.policy import Policy
from sor_opt.policies.routers.best_ask import BestAsk
from sor_opt.policies.schedules.vwap import Vwap

MONDAY, TUESDAY, WEDNESDAY = "2018-01-08", "2018-01-09", "2018-01-10"
VOLUMES = {
    MONDAY: {"09:30": 100, "09:33": 300},
    TUESDAY: {"09:30": 300, "09:31": 100},
    WEDNESDAY: {"09:32": 5000},
}
"""Shares printed per minute of three days."""


def moment(day, clock):
    """Nanoseconds UTC of a time in New York."""
    local = datetime.fromisoformat(f"{day} {clock}").replace(tzinfo=find_zone(NEW_YORK))
    return round(local.timestamp()) * SECOND


def tape_of(volumes):
    """Days with a deep book, each minute's volume printed in its middle."""
    ts = np.array([moment(day, clock) for day in volumes for clock in ("09:30", "09:45")])
    book = [np.full(len(ts), value) for value in (9.99, 1e6, 10.01, 1e6)]
    printed = [
        (moment(day, clock) + 30 * SECOND, shares)
        for day, minutes in volumes.items()
        for clock, shares in minutes.items()
    ]
    when, sizes = np.array(printed, np.int64).T
    none = np.zeros(len(when))
    trades = Trades(when, none, none + 10, sizes, none)
    return Tape(("A",), Quotes(ts, np.zeros(len(ts)), *book), trades)


def bought(volumes, size=1000, seconds=240, start=time(9, 30), every=3600, curve=None):
    """What the orders of all days but the first buy: shares by seconds since each one's start."""
    tape = tape_of(volumes)
    layout = OrderParams("buy", size, seconds * SECOND, every * SECOND, start)
    orders = make_orders(tape, layout)
    orders = orders.select(np.flatnonzero(orders.midnights > moment(min(volumes), "00:00")))
    market = prepare(tape, orders, ReplayParams(), NoFees())
    log = run(market, Policy(Vwap(curve), BestAsk())).replay
    seconds_in = (log.ts - orders.starts[log.order]) // SECOND
    return [
        dict(zip(seconds_in[mine].tolist(), log.shares[mine].tolist(), strict=True))
        for mine in (log.order == order for order in range(len(orders)))
    ]


def test_each_day_learns_from_the_days_before_it_alone():
    """Tuesday's order expects Monday's 400 shares, Wednesday's the 800 of Monday and Tuesday.

    Due by the ends of the four minutes are 1/4, 1/4, 1/4, all; and 4/8, 5/8, 5/8, all.
    """
    assert bought(VOLUMES) == [{0: 250, 180: 750}, {0: 500, 60: 125, 180: 375}]


@pytest.mark.parametrize("own", [{"09:30": 1}, {"09:31": 9, "09:33": 90_000}, {"12:00": 5}])
def test_the_volume_of_an_orders_own_day_and_of_later_ones_changes_nothing(own):
    """Tuesday's volume changes Wednesday's order alone, Wednesday's own changes none."""
    tuesday, wednesday = bought(VOLUMES)
    assert bought(VOLUMES | {WEDNESDAY: own}) == [tuesday, wednesday]
    same, other = bought(VOLUMES | {TUESDAY: own})
    assert same == tuesday
    assert other != wednesday


def test_what_is_due_is_rounded_down_to_whole_shares_and_the_last_slice_gets_all():
    """Thirds of 100 shares: 33, 66 and 100 are due; of 10.9 shares 3, 7 and 10.9."""
    thirds = {MONDAY: {"09:30": 7, "09:31": 7, "09:32": 7}, TUESDAY: {"09:30": 1}}
    assert bought(thirds, size=100, seconds=180) == [{0: 33, 60: 33, 120: 34}]
    (odd,) = bought(thirds, size=10.9, seconds=180)
    assert odd == pytest.approx({0: 3, 60: 4, 120: 3.9})


def test_within_a_minute_the_volume_is_even():
    """From 09:30:30: half of 100, then half of 200 are expected, then half of 200, half of 60.

    So 150 of the 280 shares by 09:31:30, when 535 of 1,000 shares are due.
    """
    volumes = {MONDAY: {"09:30": 100, "09:31": 200, "09:32": 60}, TUESDAY: {"09:30": 1}}
    assert bought(volumes, seconds=120, start=time(9, 30, 30)) == [{0: 535, 60: 465}]


def test_a_shorter_last_slice_ends_with_the_horizon():
    """Of 09:30 to 09:31:30 the 200 shares of a minute and half of another: 200 of 300."""
    volumes = {MONDAY: {"09:30": 200, "09:31": 200}, TUESDAY: {"09:30": 1}}
    assert bought(volumes, size=300, seconds=90) == [{0: 200, 60: 100}]


def test_a_minute_is_one_of_the_exchanges_clock_whatever_the_season():
    """Between Friday and Monday clocks went forward: 09:30 is an hour earlier in UTC."""
    friday, monday = "2018-03-09", "2018-03-12"
    assert moment(monday, "09:30") - moment(friday, "09:30") == 71 * 3600 * SECOND
    volumes = {friday: {"09:30": 100, "09:33": 300}, monday: {"09:31": 1}}
    assert bought(volumes) == [{0: 250, 180: 750}]


def test_an_order_during_which_no_volume_is_expected_is_refused_and_named():
    """Monday printed nothing from 09:35 to 09:39."""
    with pytest.raises(DataError, match="expect during the order of 2018-01-09 09:35:00"):
        bought(VOLUMES, every=300)


def test_a_curve_takes_the_place_of_earlier_days(tmp_path):
    """Until 09:34 half of the last row's volume comes, which is that of two minutes: 100 shares."""
    path = tmp_path / "curve.csv"
    path.write_text("time,volume\n09:30,0\n09:31,600\n09:33,200\n")
    assert bought(VOLUMES, size=700, curve=path) == 2 * [{60: 300, 120: 300, 180: 100}]
