"""Hand-worked replays; every fact holds in the core and in the plain engine."""

from __future__ import annotations

import numpy as np
import pytest

from sor_opt.backtest.backtest import run
from sor_opt.models.risk import RiskParams
from sor_opt.models.static import StaticModel
from sor_opt.policies.policy import Policy
from sor_opt.policies.registry import named
from sor_opt.policies.routers.static import Static
from sor_opt.policies.schedules.now import Now

BEST_ASK, TWAP, PRO_RATA = (named(name) for name in ("best-ask", "twap", "pro-rata"))
EAGER = Policy(Now(), Static(RiskParams(0.05, 0.05, 0.0)))


def test_best_ask_takes_one_venues_display_at_each_snapshot(market, play):
    scene = market(
        [
            (0, 0, 9.98, 100, 10.00, 100),
            (0, 1, 9.97, 100, 10.02, 300),
            (1, 1, 9.97, 100, 10.02, 300),
        ]
    )
    assert play(scene, BEST_ASK) == [
        (0, "A", 10.00, 100, "route"),
        (1, "B", 10.02, 100, "route"),
    ]


def test_a_venue_that_does_not_quote_now_stays_in_the_book(market, play):
    """Snapshots made of rows that share a timestamp would lose A."""
    scene = market([(-5, 0, 9.98, 100, 10.00, 100), (1, 1, 9.97, 100, 10.02, 300)], size=100)
    assert play(scene, BEST_ASK) == [(0, "A", 10.00, 100, "route")]


def test_all_rows_of_a_timestamp_are_applied_before_a_decision(market, play):
    scene = market([(1, 0, 9.98, 100, 10.00, 100), (1, 1, 9.97, 100, 9.99, 300)], size=100)
    assert play(scene, BEST_ASK) == [(1, "B", 9.99, 100, "route")]


def test_shares_taken_come_back_with_their_venues_next_quote_only(market, play):
    rows = [
        (0, 0, 9.98, 100, 10.00, 100),
        (1, 1, 9.97, 100, 10.50, 100),
        (2, 0, 9.98, 100, 10.00, 100),
    ]
    scene = market(rows, size=200, refill="update")
    assert play(scene, EAGER) == [(0, "A", 10.00, 100, "route"), (2, "A", 10.00, 100, "route")]
    naive = market(rows, size=200, refill="every-snapshot")
    assert play(naive, EAGER) == [(0, "A", 10.00, 100, "route"), (1, "A", 10.00, 100, "route")]


def test_nothing_trades_while_the_book_is_crossed(market, play):
    rows = [
        (0, 0, 9.98, 100, 10.00, 100),
        (0, 1, 10.01, 100, 10.03, 300),
        (5, 1, 9.99, 100, 10.03, 300),
    ]
    for policy in (EAGER, BEST_ASK, TWAP, PRO_RATA):
        trades = play(market(rows), policy)
        assert trades
        assert {row[0] for row in trades} <= {5, 60}


def test_a_locked_book_trades(market, play):
    scene = market([(0, 0, 9.98, 100, 10.00, 100), (0, 1, 10.00, 100, 10.03, 300)], size=100)
    assert play(scene, EAGER) == [(0, "A", 10.00, 100, "route")]


def test_a_quote_older_than_the_limit_is_left_out(market, play):
    rows = [(0, 0, 9.98, 100, 10.00, 100), (3, 1, 9.97, 100, 10.02, 100)]
    scene = market(rows, starts=(2.5,), size=100, max_quote_age=2)
    assert play(scene, BEST_ASK) == [(3, "B", 10.02, 100, "route")]
    scene = market(rows, starts=(2.0,), size=100, max_quote_age=2)
    assert play(scene, BEST_ASK) == [(2, "A", 10.00, 100, "route")]


@pytest.mark.parametrize("broken", [(9.9, 100, 0, 100), (9.9, 10, 10, np.nan), (10.1, 9, 10.0, 9)])
def test_a_quote_without_an_ask_empties_it(market, play, broken):
    scene = market(
        [(0, 0, 9.98, 100, 10.00, 100), (1, 0, *broken), (2, 1, 9.97, 100, 10.02, 200)],
        starts=(1,),
        size=100,
    )
    assert play(scene, BEST_ASK) == [(2, "B", 10.02, 100, "route")]


@pytest.mark.parametrize("broken", [(0, 10, 10.0, 100), (9.9, 0, 10, 100)])
def test_an_ask_without_a_bid_is_bought_once_the_book_has_a_mid(market, play, broken):
    scene = market(
        [(0, 0, 9.98, 100, 10.00, 100), (1, 0, *broken), (2, 1, 9.97, 100, 10.02, 200)],
        starts=(1,),
        size=100,
    )
    assert play(scene, BEST_ASK) == [(2, "A", 10.00, 100, "route")]
    with_sell = market(
        [(0, 0, 9.98, 100, 10.00, 100), (1, 0, *broken), (2, 1, 9.97, 100, 10.02, 200)],
        starts=(1,),
        size=100,
        side="sell",
    )
    assert play(with_sell, BEST_ASK) == [(2, "B", 9.97, 100, "route")]


@pytest.mark.parametrize("policy", [TWAP, PRO_RATA], ids=["twap", "pro-rata"])
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_what_rounding_leaves_is_never_traded(market, play, policy, side):
    """1 - 0.7 is 0.30000000000000004, of which a display of 0.3 leaves 4e-17 due."""
    depths = [(0, 0.7, 9.98, 10.00), (1, 0.3, 9.98, 10.00), (2, 50, 9.90, 10.05)]
    rows = [
        *((0, venue, bid, shares, ask, shares) for venue, shares, bid, ask in depths),
        *((second, 2, 9.90, 50, 10.05, 50) for second in (1, 2, 61, 62, 121, 122)),
    ]
    trades = play(market(rows, size=3, horizon=180, side=side), policy)
    assert [(venue, round(abs(shares), 9)) for _, venue, _, shares, _ in trades] == [
        ("A", 0.7),
        ("B", 0.3),
        ("C", 1.0),
        ("C", 1.0),
    ]


def test_twap_goes_by_time_and_not_by_rows(market, play):
    crowd = [(i / 100, 0, 9.98, 1000, 10.00, 1000) for i in range(500)]
    scene = market(crowd, size=300, horizon=180)
    assert play(scene, TWAP) == [(t, "A", 10.00, 100, "route") for t in (0, 60, 120)]


def test_twap_carries_what_a_slice_could_not_fill(market, play):
    scene = market(
        [(0, 0, 9.98, 50, 10.00, 50), (61, 0, 9.98, 1000, 10.00, 1000)], size=300, horizon=180
    )
    assert [row[3] for row in play(scene, TWAP)] == [50, 150, 100]


def test_twap_schedules_whole_shares(market, play):
    scene = market([(0, 0, 9.98, 1000, 10.00, 1000)], size=100, horizon=180)
    assert [row[3] for row in play(scene, TWAP)] == [33, 33, 34]


def test_pro_rata_splits_by_display_and_rounds_to_the_lowest_ask(market, play):
    rows = [
        (0, 0, 9.98, 10, 10.01, 100),
        (0, 1, 9.98, 10, 10.00, 200),
        (0, 2, 9.98, 10, 10.02, 300),
    ]
    filled = {row[1]: row[3] for row in play(market(rows, size=100), PRO_RATA)}
    assert filled == {"A": 16, "B": 34, "C": 50}


def test_what_is_left_at_the_horizon_is_swept(market, play):
    patient = Policy(Now(), Static(RiskParams(0.0001, 0.0001, 0.0)))
    scene = market([(0, 0, 9.90, 100, 10.10, 150), (70, 0, 9.90, 100, 10.20, 150)], size=200)
    assert play(scene, patient) == [
        (60, "A", 10.10, 150, "completion"),
        (70, "A", 10.20, 50, "completion"),
    ]


def test_nothing_trades_after_the_deadline(market, play):
    scene = market([(0, 0, 9.9, 10, 10.1, 10), (90, 0, 9.9, 10, 10.1, 10)], deadline=80)
    assert [row[0] for row in play(scene, BEST_ASK)] == [0]


def test_excess_is_sold_at_the_bid_at_once(market, play):
    """An odd target with whole lots on display: 50 too many cost less than 50 too few."""
    eager = Policy(Now(), Static(RiskParams(0.01, 0.05, 0.0)))
    scene = market([(0, 0, 9.99, 30, 10.00, 100), (0, 1, 9.98, 100, 10.50, 100)], size=50)
    assert play(scene, eager) == [
        (0, "A", 10.00, 100, "route"),
        (0, "A", 9.99, -30, "excess"),
        (0, "B", 9.98, -20, "excess"),
    ]


def test_a_sell_order_hits_the_bids(market, play):
    rows = [(0, 0, 10.00, 100, 10.02, 100), (0, 1, 9.99, 300, 10.03, 100)]
    scene = market(rows, side="sell", size=150)
    assert play(scene, EAGER)[0] == (0, "A", 10.00, 100, "route")


def test_the_strict_space_fills_nothing_before_the_sweep_where_depth_is_short(market, play):
    strict = Policy(Now(), Static(RiskParams(), StaticModel(space="strict")))
    scene = market([(0, 0, 9.98, 100, 10.00, 100), (70, 0, 9.98, 500, 10.00, 500)], size=500)
    assert {row[4] for row in play(scene, strict)} == {"completion"}


def test_a_fee_decides_between_equal_asks(market, play):
    rows = [(0, 0, 9.98, 100, 10.00, 100), (0, 1, 9.98, 100, 10.00, 100)]
    scene = market(rows, size=100, taker=(0.003, -0.0002, 0))
    for policy in (EAGER, BEST_ASK):
        assert play(scene, policy) == [(0, "B", 10.00, 100, "route")]


def test_each_order_starts_with_a_book_of_its_own(market):
    """What one order took is there again for the next: they are separate draws."""
    scene = market([(0, 0, 9.98, 100, 10.00, 100)], size=100, starts=(0, 10, 20))
    assert run(scene, BEST_ASK).filled.tolist() == [100, 100, 100]


def test_a_quote_of_yesterday_is_no_quote(market, play):
    day = 24 * 3600
    rows = [(-day, 0, 9.0, 100, 9.01, 100), (1, 1, 9.97, 100, 10.02, 300)]
    assert play(market(rows, size=100), EAGER) == [(1, "B", 10.02, 100, "route")]


def test_fractional_lots_leave_no_dust(market, play):
    """0.1 + 0.1 + 0.1 is not 0.3 in binary; what is left of that is no order."""
    rows = [(i, i, 9.98, 5, 10.00 + i / 100, 0.1) for i in range(3)]
    fine = Policy(Now(), Static(RiskParams(0.05, 0.05, 0.0), StaticModel(step=0.1)))
    assert [row[3] for row in play(market(rows, size=0.3), fine)] == [0.1, 0.1, 0.1]
