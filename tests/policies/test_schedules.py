"""Hand-worked schedules."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sor_opt.backtest.backtest import run
from sor_opt.backtest.market import ReplayParams, prepare
from sor_opt.backtest.orders import OrderParams, make_orders
from sor_opt.errors import ConfigError, DataError
from sor_opt.market.loaders import load_tape
from sor_opt.market.tape import SECOND
from sor_opt.models.venues import NoFees
from sor_opt.policies.policy import Policy
from sor_opt.policies.routers.best_ask import BestAsk
from sor_opt.policies.schedules.ac import AlmgrenChriss
from sor_opt.policies.schedules.now import Now
from sor_opt.policies.schedules.pov import Pov
from sor_opt.policies.schedules.twap import Twap
from sor_opt.policies.schedules.vwap import VolumeCurve, Vwap
from sor_opt.policies.view import Progress

DAY = 24 * 3600
DEEP = [(0, 0, 9.99, 1e6, 10.01, 1e6)]


def progress(number, slices=4, size=1000.0, volume=0.0):
    return Progress(0, size, 0, slices * 60, number, slices, (number + 1) * 60, number * 60, volume)


def bought(market, schedule, horizon=240, size=1000, **given):
    """Shares bought at each second."""
    stage = market(DEEP, size=size, horizon=horizon, **given)
    log = run(stage, Policy(schedule, BestAsk())).replay
    seconds = (log.ts - stage.orders.starts[0]) // 10**9
    return {int(t): float(log.shares[seconds == t].sum()) for t in np.unique(seconds)}


def test_now_is_all_at_once(market):
    assert bought(market, Now()) == {0: 1000}


def test_twap_is_equal_in_whole_shares_and_all_by_the_last_slice(market):
    assert [Twap().due(progress(k, 3, 100.0)) for k in range(3)] == [33, 66, 100]
    assert Twap().due(progress(2, 3, 10.9)) == 10.9
    assert bought(market, Twap(), size=100, horizon=180) == {0: 33, 60: 33, 120: 34}


def test_almgren_chriss_is_the_sinh_of_what_is_left():
    """X sinh(kappa (T - t)) / sinh(kappa T) are left at t; kappa T = 2, t = T / 4, ..."""
    left = [math.sinh(2 * (1 - k / 4)) / math.sinh(2) for k in (1, 2, 3)]
    due = [AlmgrenChriss(2.0).due(progress(k)) for k in range(4)]
    assert due == [*(math.floor(1000 * (1 - x)) for x in left), 1000]
    assert due[0] > 400  # a TWAP has 250 then


def test_almgren_chriss_by_the_tables_of_sinh(market):
    """sinh of 2, 1.5, 1, 0.5 is 3.6269, 2.1293, 1.1752, 0.5211: 0.5871, 0.3240, 0.1437 are left."""
    assert bought(market, AlmgrenChriss(2.0)) == {0: 412, 60: 263, 120: 181, 180: 144}


def test_almgren_chriss_goes_by_the_time_of_a_slice_that_is_shorter():
    """Slices end after 60, 120 and 150 s: without urgency at 2/5 and 4/5, where a TWAP has thirds.

    With kappa T = 3: sinh(1.8) / sinh(3) = 0.2937 and sinh(0.6) / sinh(3) = 0.0636 are left.
    """
    slices = [Progress(0, 1000.0, 0, 150, k, 3, min(60 * k + 60, 150), 60 * k, 0) for k in range(3)]
    assert [AlmgrenChriss(0.0).due(each) for each in slices] == [400, 800, 1000]
    assert [AlmgrenChriss(3.0).due(each) for each in slices] == [706, 936, 1000]
    assert [Twap().due(each) for each in slices] == [333, 666, 1000]


@given(size=st.integers(1, 1_000_000), slices=st.integers(1, 60))
def test_without_urgency_almgren_chriss_is_a_twap(size, slices):
    progresses = [progress(k, slices, float(size)) for k in range(slices)]
    line = [Twap().due(each) for each in progresses]
    assert [AlmgrenChriss(0.0).due(each) for each in progresses] == line
    almost = [AlmgrenChriss(1e-9).due(each) for each in progresses]
    assert np.abs(np.subtract(almost, line)).max() <= 1


def test_with_great_urgency_almgren_chriss_is_now():
    assert AlmgrenChriss(1000.0).due(progress(0)) == 1000


@pytest.mark.parametrize("urgency", [-1, 1001, math.nan, math.inf])
def test_an_urgency_out_of_range_is_refused(urgency):
    with pytest.raises(ConfigError, match="urgency must be 0 to 1000, got"):
        AlmgrenChriss(urgency)


def test_pov_follows_what_was_printed_since_the_start(market):
    """The print at the start is not since it, and what is printed later is not known yet."""
    prints = [(-1, 0, 10, 900, 0), (0, 0, 10, 900, 0), (30, 0, 10, 255, 0), (90, 1, 10, 100, 0)]
    trades = bought(market, Pov(0.1), horizon=240, size=100, prints=prints)
    assert trades == {60: 25, 120: 10, 240: 65}


def test_pov_acts_at_the_next_quote_after_a_print(market):
    rows = [*DEEP, (45, 0, 9.99, 1e6, 10.02, 1e6)]
    stage = market(rows, size=100, horizon=60, prints=[(30, 0, 10, 300, 0)])
    log = run(stage, Policy(Pov(0.1), BestAsk())).executions()
    assert list(zip(log["price"], log["shares"], log["reason"], strict=True)) == [
        (10.02, 30, "route"),
        (10.02, 70, "completion"),
    ]


def test_pov_counts_for_each_order_from_its_own_start(market):
    """Of the 500 shares at 30 s the order of 30 s counts none, that of 0 s counts 50 at 60 s."""
    prints = [(30, 0, 10, 500, 0), (50, 1, 10, 200, 0), (70, 2, 10, 300, 0)]
    stage = market(DEEP, size=1000, horizon=120, starts=(0, 30), prints=prints)
    log = run(stage, Policy(Pov(0.1), BestAsk())).replay
    seconds = (log.ts - stage.orders.starts[log.order]) // SECOND
    rows = list(zip(log.order.tolist(), seconds.tolist(), log.shares.tolist(), strict=True))
    assert rows == [(0, 60, 70), (0, 120, 930), (1, 60, 50), (1, 120, 950)]


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_pov_follows_the_lit_volume_alone_at_any_price(tmp_path, side):
    """Exchange D prints off exchange: of 100 + 900 + 300 shares it follows 400."""
    quotes, trades = tmp_path / "quotes.csv", tmp_path / "trades.csv"
    quotes.write_text(
        "DATE,TIME,EX,BID,BIDSIZ,OFR,OFRSIZ,SYMBOL\n"
        "2018-01-02,09:30:00,N,9.99,500,10.01,500,XXX\n"
        "2018-01-02,09:33:00,N,9.99,500,10.01,500,XXX\n"
    )
    trades.write_text(
        "DATE,TIME,EX,SYMBOL,COND,SIZE,PRICE,CORR\n"
        "2018-01-02,09:30:10,N,XXX,,100,10.01,0\n"
        "2018-01-02,09:30:20,D,XXX,,900,10.00,0\n"
        "2018-01-02,09:30:30,P,XXX,,300,9.87,0\n"
    )
    tape = load_tape(quotes, trades)
    orders = make_orders(tape, OrderParams(side, 1000, 120 * SECOND))
    log = run(prepare(tape, orders, ReplayParams(), NoFees()), Policy(Pov(0.5), BestAsk())).replay
    assert log.shares.tolist() == [200, 800]


@pytest.mark.parametrize("rate", [0.07, 0.1, 0.29, 0.57, 0.58])
def test_a_share_of_100_printed_shares_is_a_whole_number(rate):
    """0.29 x 100 is 28.999999999999996 in binary fractions."""
    assert Pov(rate).due(progress(0, volume=100.0)) == round(100 * rate)


def test_equal_parts_of_an_order_are_whole_where_they_are_in_decimals():
    """An eighth of 60,000 is due after an eighth of the time, a ninth of 5,000 is 555."""
    due = [AlmgrenChriss(0.0).due(progress(k, 8, 60_000.0)) for k in range(8)]
    assert due == [7500 * (k + 1) for k in range(8)]
    assert AlmgrenChriss(0.0).due(progress(0, 9, 5000.0)) == 555
    slices = Progress(0, 60_000.0, 0, 500, 0, 11, 47, 0, 0.0)
    assert AlmgrenChriss(0.0).due(slices) == 5640


@pytest.mark.parametrize("rate", [0, -0.1, 1.1, math.nan])
def test_a_rate_out_of_range_is_refused(rate):
    with pytest.raises(ConfigError, match="rate must be > 0 and <= 1, got"):
        Pov(rate)


def test_pov_without_trades_is_refused(market):
    with pytest.raises(DataError, match="holds no trades, which the schedule pov follows"):
        bought(market, Pov())


def test_vwap_learns_from_the_days_before_alone(market):
    """Of yesterday's 400 shares in these minutes a quarter, then nothing, then the rest came."""
    yesterday = [(-DAY + 10, 0, 10, 100, 0), (-DAY + 130, 0, 10, 300, 0)]
    today = [(200, 0, 10, 1e6, 0)]
    assert bought(market, Vwap(), prints=[*yesterday, *today]) == {0: 250, 120: 750}


def test_vwap_without_a_day_before_is_refused(market):
    with pytest.raises(
        DataError, match="tells no volume to expect during the order of 2018-01-02 09:30:00"
    ):
        bought(market, Vwap(), prints=[(10, 0, 10, 100, 0)])


@pytest.fixture
def curve(tmp_path):
    def write(text):
        path = tmp_path / "curve.csv"
        path.write_text(text)
        return path

    return write


def test_vwap_follows_a_file(market, curve):
    path = curve("time,volume\n09:30,100\n09:31,100\n09:32:00,0\n09:33,200\n")
    assert bought(market, Vwap(path)) == {0: 250, 60: 250, 180: 500}


def test_between_the_times_of_a_curve_the_volume_is_even(curve):
    read = VolumeCurve.read(curve("time,volume\n09:30,100\n09:40,300\n"))
    minute = 60 * 10**9
    start = (9 * 60 + 30) * minute
    assert read.share(start, start + 5 * minute, start + 20 * minute) == pytest.approx(0.125)
    assert read.share(start, start + 15 * minute, start + 20 * minute) == pytest.approx(0.625)
    assert math.isnan(read.share(start - 9 * minute, start - 8 * minute, start - 5 * minute))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "needs the columns time and volume, and two rows"),
        ("time,volume\n09:30,1\n", "needs the columns time and volume, and two rows"),
        ("at,volume\n09:30,1\n09:31,1\n", "needs the columns time and volume, and two rows"),
        ("time,volume\n09:30,1\n09:31,x\n", "row 2: '09:31,x' is no time and volume"),
        ("time,volume\n09:30,1\n09:31\n", "row 2: '09:31,None' is no time and volume"),
        ("time,volume\n09:30,1\n09:31+01:00,1\n", "row 2: '09:31[+]01:00,1' is no time and volume"),
        ("time,volume\n09:31,1\n09:30,1\n", "row 2: times must rise and volumes be >= 0"),
        ("time,volume\n09:30,1\n09:31,-1\n", "row 2: times must rise and volumes be >= 0"),
        ("time,volume\n09:30,1\n09:31,nan\n", "row 2: times must rise and volumes be >= 0"),
    ],
)
def test_a_curve_that_is_none_is_refused_with_its_row(market, curve, text, said):
    with pytest.raises(DataError, match=said):
        bought(market, Vwap(curve(text)))


def test_a_curve_of_other_hours_is_refused(market, curve):
    with pytest.raises(DataError, match="tells no volume to expect during the order"):
        bought(market, Vwap(curve("time,volume\n12:00,1\n13:00,1\n")))


def test_a_curve_is_told_by_what_it_holds_not_by_where_it_lies(tmp_path):
    described = []
    for folder, volume in (("a", 100), ("b", 100), ("c", 200)):
        path = tmp_path / folder / "curve.csv"
        path.parent.mkdir()
        path.write_text(f"time,volume\n09:30,{volume}\n09:40,300\n")
        described.append(Policy(Vwap(path), BestAsk()).describe()["schedule"])
    assert described[0] == described[1] != described[2]
    assert str(tmp_path) not in str(described)
