"""What a slice may know of the context."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sor_opt.backtest.market import ReplayParams, prepare
from sor_opt.backtest.orders import OrderParams, make_orders
from sor_opt.errors import ConfigError, DataError
from sor_opt.market.loaders import load_tape
from sor_opt.market.tape import SECOND, Trades
from sor_opt.models.risk import RiskParams
from sor_opt.models.venues import FeeSchedule
from sor_opt.models.windows import WindowParams
from sor_opt.policies.scenarios import broken_shares, past_flows

BOOK = [(0, 0, 10.00, 200, 10.02, 1000), (0, 1, 9.99, 200, 10.03, 1000)]
EACH_MINUTE = [(60 * minute + 30, minute % 2, 10.00, 100 + minute, 0) for minute in range(30)]


@pytest.fixture
def learn(market):
    """Windows of a minute, one a minute; give the scenarios of an order's slice."""

    def build(rows=BOOK, prints=EACH_MINUTE, lookback=600, minimum=1, start=600, **given):
        stage = market(rows, prints=prints, starts=(start,), horizon=120, deadline=1200)
        params = WindowParams(lookback * SECOND, 60 * SECOND, minimum, **given)
        scenarios = past_flows(stage.context, params)
        return [
            scenarios.flows[scenarios.first[0, i] : scenarios.last[0, i]].tolist()
            for i in range(stage.context.slices.count)
        ]

    return build


def test_a_slice_knows_the_windows_that_ended_by_its_start(learn):
    first, second = learn(lookback=180)
    assert first == [[0, 107, 0], [108, 0, 0], [0, 109, 0]]
    assert second == [[108, 0, 0], [0, 109, 0], [110, 0, 0]]


def test_windows_reach_no_further_back_than_the_days_opening(learn):
    assert len(learn(lookback=7200)[0]) == 10


def test_a_days_opening_is_half_past_nine(learn):
    """Before it trades and a book to trade on are of no use to an order that starts after it."""
    rows = [(-1800, 0, 10.00, 200, 10.02, 1000), *BOOK]
    early = [(-60 * minute - 30, 0, 10.00, 50, 0) for minute in range(20)]
    found = learn(rows, sorted([*early, *EACH_MINUTE]), lookback=7200)[0]
    assert len(found) == 10
    assert found[0] == [100, 0, 0]


def test_trades_of_other_venues_or_days_teach_nothing(learn):
    with pytest.raises(DataError, match="no trade is of a venue and a day of the orders"):
        learn(prints=[(30, 2, 10.00, 100, 0)])
    with pytest.raises(DataError, match="no trade is of a venue and a day of the orders"):
        learn(prints=[(-86_400, 0, 10.00, 100, 0), (86_400, 0, 10.00, 100, 0)])
    with pytest.raises(DataError, match="no trade is of a venue and a day of the orders"):
        learn(prints=[(-86_400, 0, 10.00, 100, 0), (30, 2, 10.00, 100, 0)])
    assert learn(prints=[(570, 0, 10.00, 100, 0)], lookback=60)[0] == [[100, 0, 0]]


def test_windows_of_all_days_are_counted_before_they_are_laid(market):
    """From the opening to the last of two starts there are 1,000,001 windows of a microsecond."""
    stage = market(BOOK, prints=EACH_MINUTE, starts=(0, 1.000001), horizon=120)
    with pytest.raises(ConfigError, match=r"^1,000,001 windows are more than 1,000,000; take"):
        past_flows(stage.context, WindowParams(stride=1000, minimum=1))


def test_fewer_windows_than_the_minimum_are_none(learn):
    first, second = learn(lookback=3600, minimum=11)
    assert (len(first), len(second)) == (0, 11)


def test_a_window_that_begins_on_a_crossed_or_empty_book_is_none(learn):
    crossed = [*BOOK, (420, 1, 10.05, 100, 10.06, 100), (479, 1, 9.99, 200, 10.03, 1000)]
    assert [0, 107, 0] not in learn(crossed, lookback=180)[0]
    assert learn(crossed, lookback=180)[0] == [[108, 0, 0], [0, 109, 0]]


def test_a_window_that_begins_on_a_wide_book_is_none(market):
    """Of a mid of 10 dollars the band of 100 basis points is 10 cents."""
    rows = [*BOOK[:1], (420, 0, 9.95, 200, 10.06, 1000), (479, 0, 10.00, 200, 10.02, 1000)]
    params = WindowParams(180 * SECOND, 60 * SECOND, 1)
    flows = []
    for band in (None, 100.0):
        stage = market(rows, prints=EACH_MINUTE, starts=(600,), deadline=1200, band=band)
        flows.append(past_flows(stage.context, params).flows.tolist())
    # Half a minute into the window of 420 venue 1 trades 107 shares above its limit of 9.95.
    assert flows[0][-4:-1] == [[0, 0, 0], [108, 0, 0], [0, 109, 0]]
    assert flows[1][-3:-1] == [[108, 0, 0], [0, 109, 0]]
    assert len(flows[1]) == len(flows[0]) - 1


def test_the_limit_is_the_best_bid_of_the_windows_begin(learn):
    """A's bid fell at 481: what then trades at the old price goes through nothing."""
    fell = [*BOOK, (481, 0, 9.90, 200, 10.02, 1000)]
    prints = [(490, 0, 10.00, 70, 0), (550, 1, 9.98, 30, 0), (560, 0, 9.99, 20, 0)]
    first = learn(fell, prints, lookback=120)[0]
    assert first == [[70, 0, 0], [20, np.inf, 0]]
    assert learn(fell, prints, lookback=120, through="volume")[0] == [[70, 0, 0], [20, 30, 0]]


def test_an_early_order_knows_windows_from_its_own_start_alone(market):
    """Its draws are its own, whatever other orders there are: 09:30 is a day's opening."""
    rows = [(second, 0, 10.00, 200, 10.02, 1000) for second in range(-1200, 1200, 50)]
    prints = [(60 * minute + 30, 0, 10.00, 100 + minute, 0) for minute in range(-20, 10)]
    params = WindowParams(3600 * SECOND, 60 * SECOND, 1)
    for start in (-600, -330, 300):
        alone = market(rows, prints=prints, starts=(start,), horizon=240)
        among = market(rows, prints=prints, starts=(-900, start), horizon=240)
        one, other = past_flows(alone.context, params), past_flows(among.context, params)
        for number in range(4):
            np.testing.assert_array_equal(
                one.flows[one.first[0, number] : one.last[0, number]],
                other.flows[other.first[1, number] : other.last[1, number]],
            )


def test_the_same_question_is_answered_once(market):
    stage = market(BOOK, prints=EACH_MINUTE, starts=(600,), deadline=1200)
    params = WindowParams(minimum=1)
    assert past_flows(stage.context, params) is past_flows(stage.context, WindowParams(minimum=1))


@settings(max_examples=60, deadline=None)
@given(
    second=st.integers(0, 1100),
    venue=st.integers(0, 2),
    cents=st.integers(995, 1003),
    conditional=st.booleans(),
    cancellations=st.booleans(),
)
def test_a_print_changes_no_slice_that_starts_before_it(
    market, second, venue, cents, conditional, cancellations
):
    stage = market(BOOK, prints=EACH_MINUTE, starts=(300, 600), horizon=240, deadline=1200)
    trades = stage.tape.trades
    start = int(stage.orders.starts[0]) - 300 * SECOND
    at = int(np.searchsorted(trades.ts, start + second * SECOND, "right"))
    columns = {"ts": start + second * SECOND, "venue": venue, "price": cents / 100, "size": 77.0}
    more = Trades(
        *(
            np.insert(getattr(trades, name), at, columns.get(name, 0))
            for name in ("ts", "venue", "price", "size", "side")
        )
    )
    other = replace(stage, tape=replace(stage.tape, trades=more))
    params = WindowParams(
        600 * SECOND, 30 * SECOND, 2, cancellations=cancellations, conditional=conditional
    )
    one, two = past_flows(stage.context, params), past_flows(other.context, params)
    begins = stage.orders.starts[:, None] + np.arange(4) * 60 * SECOND
    for order, number in np.argwhere(begins < start + second * SECOND):
        known, changed = (
            h.flows[h.first[order, number] : h.last[order, number]] for h in (one, two)
        )
        np.testing.assert_array_equal(known, changed)


def test_broken_assumptions_are_counted_over_slices_and_points(market):
    stage = market(
        BOOK, prints=EACH_MINUTE, starts=(600,), horizon=120, taker=(0.003, 0, 0), rebate=(0, 0, 0)
    )
    fine = RiskParams(0.05, 0.05, 0.0, unit="per_share")
    shy = RiskParams(0.05, 0.012, 0.0, unit="per_share")
    assert broken_shares(stage.context, [fine]) == {}
    (broken,) = broken_shares(stage.context, [fine, shy, shy]).items()
    assert broken == ("A3 (lambda_under > half-spread + fee)", (2, 1.0))
    # 10.01 x 0.0012 is below 0.013, 10.01 x 0.0014 is not.
    fractions = [RiskParams(0.01, under, 0.0) for under in (0.0012, 0.0014)]
    assert [points for points, _ in broken_shares(stage.context, fractions).values()] == [1]
    timid = RiskParams(0.005, 0.05, 0.0, unit="per_share")
    assert [text[:2] for text in broken_shares(stage.context, [timid])] == ["A2"]


def test_the_real_day_knows_its_past(shared):
    trades = shared("taq_full/trades_full_2018-01-02.csv.gz")
    tape = load_tape(shared("taq_full/quotes_full_2018-01-02.csv.gz"), trades)
    orders = make_orders(tape, OrderParams(every=600 * SECOND))
    market = prepare(tape, orders, ReplayParams(), FeeSchedule.packaged())
    scenarios = past_flows(market.context, WindowParams())
    counts = scenarios.last - scenarios.first
    assert counts.shape == (39, 9)
    assert counts[0, :5].tolist() == [0] * 5
    assert (counts[1:] >= 20).all()
    assert counts.max() <= 360
