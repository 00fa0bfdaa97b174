"""Hand-worked placements; every fact holds in the core and in the plain engine.

The past is one window of a minute, so that the model knows for certain what will leave the queues,
and the future then does as it likes.
"""

from __future__ import annotations

import numpy as np
import pytest

from sor_opt.backtest.backtest import run
from sor_opt.errors import ConfigError, DataError
from sor_opt.market.tape import BUYER, SECOND, SELLER, UNKNOWN
from sor_opt.models.risk import RiskParams
from sor_opt.models.windows import WindowParams
from sor_opt.policies.policy import Policy
from sor_opt.policies.routers.placement import Placement
from sor_opt.policies.schedules.twap import Twap

BOOK = [(0, 0, 10.00, 200, 10.02, 1000)]
"""A alone, quoted at the open and never again."""

PAST = [(90, 0, 10.00, 500, UNKNOWN)]
"""Within the minute before the order: 500 shares leave A's bid, of which 200 were queued."""

DEAR = RiskParams(0.05, 0.05, 0.0001, unit="per_share")


def policy(risk=DEAR, leftover="carry", lookback=60, minimum=1, **windows):
    past = WindowParams(lookback * SECOND, 60 * SECOND, minimum, **windows)
    return Policy(Twap(), Placement(risk, windows=past, leftover=leftover))


@pytest.fixture
def scene(market):
    """An order of 300 shares at second 120, one slice of a minute."""

    def build(future=(), rows=BOOK, past=PAST, **given):
        prints = sorted([*past, *future])
        settings = {"starts": (120,), "size": 300, "horizon": 60, **given}
        return market(rows, prints=prints, **settings)

    return build


def sells(*rows):
    """Prints on A: (second, price, size)."""
    return [(second, 0, price, size, UNKNOWN) for second, price, size in rows]


def test_a_bid_fills_behind_the_queue(scene, play):
    future = sells((130, 10.00, 150), (140, 10.00, 80), (150, 10.00, 100), (160, 10.00, 400))
    assert play(scene(future), policy()) == [
        (140, "A", 10.00, 30, "limit"),  # 150 + 80 have left, 200 were before us
        (150, "A", 10.00, 100, "limit"),
        (160, "A", 10.00, 170, "limit"),
    ]


def test_a_trade_through_the_limit_fills_all_or_counts_by_its_volume(scene, play):
    future = sells((130, 9.99, 10))
    assert play(scene(future), policy()) == [(130, "A", 10.00, 300, "limit")]
    future = sells((130, 9.99, 210), (140, 9.98, 10))
    assert play(scene(future), policy(through="volume"))[:2] == [
        (130, "A", 10.00, 10, "limit"),
        (140, "A", 10.00, 10, "limit"),
    ]


def test_a_trade_above_the_limit_or_of_a_known_buyer_at_it_fills_nothing(scene, play):
    future = [(130, 0, 10.01, 900, SELLER), (140, 0, 10.00, 900, BUYER)]
    assert {row[4] for row in play(scene(future), policy())} == {"completion"}


def test_a_trade_on_another_venue_fills_nothing(scene, play):
    assert {row[4] for row in play(scene([(130, 1, 10.00, 900, 0)]), policy())} == {"completion"}


def test_trades_count_after_the_decision_and_up_to_the_slices_end(scene, play):
    rows = sells((120, 10.00, 400), (180, 10.00, 250), (181, 10.00, 900))
    assert play(scene(rows, horizon=61, slice_seconds=60), policy(lookback=60))[0] == (
        180,
        "A",
        10.00,
        50,
        "limit",
    )


def test_what_is_not_filled_by_the_horizon_is_swept(scene, play):
    assert play(scene(sells((130, 10.00, 250))), policy()) == [
        (130, "A", 10.00, 50, "limit"),
        (180, "A", 10.02, 250, "completion"),
    ]


def test_a_limit_fill_earns_the_rebate(scene):
    stage = scene(sells((130, 10.00, 900)), taker=(0.003, 0, 0), rebate=(0.002, 0, 0))
    result = run(stage, policy())
    assert result.cash[0] == pytest.approx(300 * (10.00 - 0.002))
    assert result.fees.sum() == pytest.approx(-0.6)
    late = run(scene(taker=(0.003, 0, 0), rebate=(0.002, 0, 0)), policy())
    assert late.cash[0] == pytest.approx(300 * (10.02 + 0.003))


PATIENT = RiskParams(0.05, 0.005, 0.0001, unit="per_share")
"""Missing a share costs less than crossing the spread for it."""

STEADY = [(30, 0, 10.00, 500, UNKNOWN), *PAST]


def test_the_rest_of_a_slice_is_carried_into_the_next(scene, play):
    """200 are due by 180 and 400 by 240; the next slice's bid is for what is missing of them."""
    future = sells((150, 10.00, 250), (190, 10.00, 900))
    stage = scene(future, past=STEADY, horizon=120, size=400)
    assert play(stage, policy(PATIENT, lookback=120)) == [
        (150, "A", 10.00, 50, "limit"),
        (190, "A", 10.00, 300, "limit"),  # 350 are wanted, but never more than 300 came through
        (240, "A", 10.02, 50, "completion"),
    ]


def test_or_it_is_swept_at_the_slices_end(scene, play):
    future = sells((150, 10.00, 250), (190, 10.00, 900))
    stage = scene(future, past=STEADY, horizon=120, size=400)
    assert play(stage, policy(PATIENT, lookback=120, leftover="sweep")) == [
        (150, "A", 10.00, 50, "limit"),
        (180, "A", 10.02, 150, "completion"),
        (190, "A", 10.00, 200, "limit"),
    ]


def test_what_is_still_to_be_swept_is_no_part_of_the_next_target(scene, play):
    """Of 150 overdue the display gives 60 at a time; the second slice still wants its own 200."""
    rows = [(t, 0, 10.00, 200, 10.02, 60) for t in (0, 181, 185)]
    future = sells((150, 10.00, 250), (183, 10.00, 500))
    stage = scene(future, rows, past=STEADY, horizon=120, size=400, refill="update")
    assert play(stage, policy(PATIENT, lookback=120, leftover="sweep")) == [
        (150, "A", 10.00, 50, "limit"),
        (180, "A", 10.02, 60, "completion"),
        (181, "A", 10.02, 60, "completion"),
        (183, "A", 10.00, 200, "limit"),
        (240, "A", 10.02, 30, "completion"),
    ]


def test_a_bid_is_gone_when_its_slice_is_over(scene, play):
    """With nothing known to leave the queue in the second slice's past, nothing is posted then."""
    future = sells((179, 10.00, 100), (190, 10.00, 900))
    trades = play(scene(future, horizon=120), policy(lookback=60))
    assert [row for row in trades if row[4] == "limit"] == []


TWO = [(0, 0, 10.00, 200, 10.02, 1000), (0, 1, 10.00, 200, 10.02, 1000)]
EITHER = [(30, 0, 10.00, 500, 0), (90, 1, 10.00, 500, 0)]
"""In one minute A's queue went, in the other B's: a bid on both fills on one."""
EITHER_RISK = RiskParams(0.001, 0.05, 0.0001, unit="per_share")


def test_overbooked_shares_are_sold_when_the_order_is_over(scene, play):
    both = [(130, 0, 10.00, 400, 0), (140, 1, 10.00, 500, 0)]
    trades = play(scene(both, TWO, EITHER), policy(EITHER_RISK, lookback=120))
    assert trades == [
        (130, "A", 10.00, 200, "limit"),
        (140, "B", 10.00, 300, "limit"),
        (180, "A", 10.00, -200, "excess"),
    ]


def test_overbooked_shares_lower_the_next_slices_target(scene, play):
    """Each slice wants 150 and gets up to 200 on each of two venues, rounded up to chunks."""
    both = [(130, 0, 10.00, 350, 0), (140, 1, 10.00, 900, 0)]
    stage = scene(both, TWO, EITHER, size=300, horizon=120)
    trades = play(stage, policy(EITHER_RISK, lookback=120))
    assert trades[:2] == [(130, "A", 10.00, 150, "limit"), (140, "B", 10.00, 200, "limit")]
    assert trades[2:] == [(180, "A", 10.00, -50, "excess")]


@pytest.mark.parametrize(("over", "most"), [(0.001, 600), (0.5, 300)])
def test_lambda_over_limits_overbooking(scene, play, over, most):
    """In a third minute both queues went, and so they do now."""
    past = [*EITHER, (150, 0, 10.00, 500, 0), (160, 1, 10.00, 500, 0)]
    future = [(190, 0, 10.00, 500, 0), (200, 1, 10.00, 500, 0)]
    stage = scene(future, TWO, past, starts=(180,))
    trades = play(stage, policy(RiskParams(over, 0.05, 0.0001, unit="per_share"), lookback=180))
    bought = sum(row[3] for row in trades if row[4] != "excess")
    assert bought == most
    assert (over < 0.1) == any(row[4] == "excess" for row in trades)


def test_a_venue_that_bids_less_is_improved_upon_with_nobody_before_us(scene, play):
    rows = [*BOOK, (0, 1, 9.99, 500, 10.03, 500)]
    trades = play(scene([(130, 1, 10.00, 300, 0)], rows, [(90, 1, 10.00, 300, 0)]), policy())
    assert trades == [(130, "B", 10.00, 300, "limit")]


def test_nothing_is_posted_where_no_live_quote_tells_the_queue(scene, play):
    """B's last quote is a minute old; what stands there now is not known."""
    rows = [
        (60, 0, 10.00, 200, 10.02, 1000),
        (60, 1, 10.00, 100, 10.02, 500),
        (119, 0, 10.00, 200, 10.02, 1000),
        (175, 0, 10.00, 200, 10.02, 1000),
    ]
    past = [(90, 1, 10.00, 900, 0)]
    stage = scene([(130, 1, 9.98, 900, 0)], rows, past, max_quote_age=10)
    assert {row[4] for row in play(stage, policy())} <= {"route", "completion"}


@pytest.mark.parametrize("through", ["fill", "volume"])
def test_nor_where_queueing_costs_nothing(scene, play, through):
    """Without theta a bid behind an endless queue would be free, and trades through it endless."""
    rows = [
        (60, 0, 10.00, 200, 10.02, 1000),
        (60, 1, 10.00, 100, 10.02, 500),
        *((second, 0, 10.00, 200, 10.02, 1000) for second in (119, 127, 136, 145, 154, 163, 175)),
    ]
    past = [(90, 1, 9.99, 900, 0)]
    future = [(130, 1, 9.98, 900, 0), (140, 1, 9.98, 900, 0)]
    stage = scene(future, rows, past, max_quote_age=10)
    free = policy(RiskParams(0.05, 0.005, 0.0, unit="per_share"), through=through)
    assert {(row[1], row[4]) for row in play(stage, free)} == {("A", "completion")}


def test_with_too_little_past_nothing_is_posted(scene, play):
    """The second slice has two windows behind it, the first has one."""
    rows = [*BOOK, (100, 0, 10.00, 200, 10.02, 1000)]
    future = sells((130, 10.00, 900), (190, 10.00, 900))
    stage = scene(future, rows, horizon=120, size=400)
    rules = policy(RiskParams(0.05, 0.005, 0.0001, unit="per_share"), lookback=180, minimum=3)
    assert [row[:1] + row[3:] for row in play(stage, rules)] == [(190, 400, "limit")]


def test_market_orders_are_sent_where_no_fill_is_to_be_hoped_for(scene, play):
    assert play(scene(past=[(90, 0, 10.00, 200, 0)]), policy()) == [(120, "A", 10.02, 300, "route")]


def test_a_sell_order_rests_at_the_best_ask(scene, play):
    rows = [(0, 0, 10.00, 1000, 10.02, 200)]
    past = [(90, 0, 10.02, 500, 0)]
    stage = scene([(130, 0, 10.02, 250, 0), (140, 0, 10.03, 1, 0)], rows, past, side="sell")
    assert play(stage, policy()) == [
        (130, "A", 10.02, 50, "limit"),
        (140, "A", 10.02, 250, "limit"),
    ]


def test_a_crossed_book_delays_the_placement_and_keeps_the_slices_end(scene, play):
    rows = [*BOOK, (119, 1, 10.05, 100, 10.06, 100), (150, 1, 9.90, 100, 10.06, 100)]
    future = sells((140, 10.00, 900), (160, 10.00, 250), (181, 10.00, 900))
    assert play(scene(future, rows), policy()) == [
        (160, "A", 10.00, 50, "limit"),
        (180, "A", 10.02, 250, "completion"),
    ]


def test_no_trades_at_all_are_refused_with_a_hint(market):
    with pytest.raises(DataError, match=r"no trades.*--trades FILE"):
        run(market(BOOK, starts=(120,)), policy())


def test_no_windows_at_all_are_refused_with_a_hint(scene):
    with pytest.raises(DataError, match=r"no slice has 9 windows of 60s.*--min-windows"):
        run(scene(), policy(minimum=9))


def test_a_horizon_shorter_than_a_slice_is_refused(scene):
    with pytest.raises(ConfigError, match="horizon of 30s is shorter than a slice of 60s"):
        run(scene(horizon=30), policy())


@pytest.mark.parametrize("leftover", ["", "keep"])
def test_an_unknown_rule_is_refused(leftover):
    with pytest.raises(ConfigError, match="leftover must be carry or sweep"):
        Placement(leftover=leftover)


def test_shares_by_reason_add_up(scene):
    result = run(scene(sells((130, 10.00, 250))), policy())
    orders = result.orders()
    assert (orders["limit"][0], orders["completed"][0], orders["excess"][0]) == (50, 250, 0)
    assert np.isclose(result.cleanup_bps[0], 1e4 * 250 * 0.01 / (300 * 10.01))


def test_the_largest_problem_that_may_come_up_is_refused_before_the_replay(scene, monkeypatch):
    """300 shares to post at each of 3 venues, at most 250 to take of A and 120 of B, twice."""
    rows = [
        (0, 0, 10.00, 200, 10.02, 50),
        (0, 1, 9.99, 200, 10.03, 120),
        (200, 0, 10, 9, 10.1, 250),
    ]
    stage = scene(rows=rows, past=STEADY)
    monkeypatch.setattr("sor_opt.models.static.MAX_CELLS", 28)  # (3 x 3 + 3 + 2) x 2 windows
    assert run(stage, policy(lookback=120)).filled.tolist() == [170]  # 50 of A, 120 of B
    monkeypatch.setattr("sor_opt.models.static.MAX_CELLS", 27)
    with pytest.raises(ConfigError, match=r"^14 chunks x 2 scenarios are more than 27"):
        run(stage, policy(lookback=120))
