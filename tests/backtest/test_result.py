"""Accounts, shortfall and savings, worked by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from sor_opt.backtest.backtest import run
from sor_opt.backtest.baselines import run_baselines
from sor_opt.backtest.intervals import savings
from sor_opt.backtest.replay import LIMIT
from sor_opt.market.tape import SECOND, UNKNOWN
from sor_opt.models.risk import RiskParams
from sor_opt.models.static import StaticModel
from sor_opt.policies.policy import Policy
from sor_opt.policies.registry import named
from sor_opt.policies.routers.static import Static
from sor_opt.policies.schedules.now import Now

BEST_ASK, TWAP, PRO_RATA = (named(name) for name in ("best-ask", "twap", "pro-rata"))


def static(risk, model=StaticModel()):
    return Policy(Now(), Static(risk, model))


def test_shortfall_counts_price_and_fee_against_the_arrival_mid(market):
    scene = market([(0, 0, 9.98, 100, 10.02, 200)], size=200, taker=(0.003, 0, 0))
    result = run(scene, BEST_ASK)
    assert result.cash.tolist() == [pytest.approx(200 * 10.02 + 200 * 0.003)]
    assert result.avg_price == pytest.approx(10.023)
    assert result.shortfall_bps.tolist() == [pytest.approx(1e4 * 0.023 / 10.0)]


def test_a_sell_orders_shortfall_is_positive_where_it_gets_less(market):
    scene = market([(0, 0, 9.98, 200, 10.02, 200)], size=200, side="sell", taker=(0.003, 0, 0))
    result = run(scene, BEST_ASK)
    assert result.total_cash == pytest.approx(200 * (9.98 - 0.003))
    assert result.shortfall_bps.tolist() == [pytest.approx(1e4 * 0.023 / 10.0)]


def test_penalties_are_no_part_of_the_shortfall(market):
    """Two points that trade alike score alike, whatever their lambdas."""
    scene = market([(0, 0, 9.98, 100, 10.00, 200)], size=200)
    low, high = (run(scene, static(RiskParams(x, x, 0.0))) for x in (0.01, 0.5))
    assert (
        low.shortfall_bps.tolist() == high.shortfall_bps.tolist() == [pytest.approx(10.0, rel=0.01)]
    )


@pytest.mark.parametrize(("unfilled", "mark"), [("mid", 10.10), ("ask", 10.123)])
def test_unfilled_shares_are_marked_and_flagged(market, unfilled, mark):
    """At the last mid, or at the last ask with its fee of 3 mils."""
    rows = [(0, 0, 9.98, 50, 10.02, 50), (30, 0, 10.08, 50, 10.12, 50)]
    scene = market(rows, size=200, unfilled=unfilled, taker=(0.003, 0.0, 0.0))
    result = run(scene, BEST_ASK)
    assert result.filled.tolist() == [100]
    assert not result.complete.any()
    paid = 50 * 10.023 + 50 * 10.123
    assert result.shortfall_bps.tolist() == [pytest.approx(1e4 * (paid + 100 * mark - 2000) / 2000)]
    assert result.opportunity_bps.tolist() == [pytest.approx(1e4 * 100 * (mark - 10) / 2000)]


def test_no_saving_is_claimed_for_an_order_that_did_not_fill(market):
    rows = [(0, 0, 9.98, 50, 10.02, 50), (30, 1, 9.0, 500, 10.90, 500)]
    scene = market(rows, size=200, deadline=50)
    shy = run(scene, static(RiskParams(0, 0.003, 0)))
    baseline = run(scene, BEST_ASK)
    assert (shy.complete.tolist(), baseline.complete.tolist()) == ([False], [True])
    saved = savings(shy, baseline)
    assert saved.orders == 0
    assert math.isnan(saved.mean)


def test_a_router_that_fills_nothing_saves_nothing(market):
    """The exact-sum allocator on a thin book fills nothing; that is no saving of 10,000 bps."""
    scene = market([(0, 0, 9.98, 50, 10.02, 50)], size=5000, deadline=60)
    policy = static(RiskParams(), StaticModel(space="strict"))
    strict = run(scene, policy)
    saved = [savings(strict, other.result) for other in run_baselines(scene, policy).values()]
    assert all(each.orders == 0 and math.isnan(each.mean) for each in saved)


def test_a_saving_is_the_difference_of_two_shortfalls_of_one_notional(market):
    rows = [
        (0, 0, 9.98, 500, 10.02, 100),
        (0, 1, 9.97, 500, 10.05, 500),
        (1, 0, 9.98, 500, 10.02, 100),
    ]
    scene = market(rows, size=200)
    router = run(scene, static(RiskParams(0.0, 0.003, 0)))
    pro_rata = run(scene, PRO_RATA)
    paid = (pro_rata.total_cash - router.total_cash) / (200 * 10.0)
    assert savings(router, pro_rata).mean == pytest.approx(1e4 * paid)


def test_an_order_that_never_meets_a_book_has_no_shortfall(market):
    scene = market([(500, 0, 9.98, 50, 10.02, 50)], starts=(0, 450), deadline=300)
    result = run(scene, BEST_ASK)
    assert np.isnan(result.shortfall_bps[0])
    assert result.unfilled[0] == 200


def test_cleanup_is_the_late_part_of_the_shortfall(market):
    scene = market(
        [(0, 0, 9.98, 50, 10.02, 150), (70, 0, 10.0, 500, 10.10, 500)], size=200, horizon=60
    )
    result = run(scene, BEST_ASK)
    assert result.cleanup_bps.tolist() == [pytest.approx(1e4 * 50 * 0.10 / 2000)]


def test_the_execution_log_adds_up_to_the_cash(market):
    rows = [(i, i % 3, 9.9 + i / 100, 70, 10 + i / 100, 130) for i in range(30)]
    scene = market(rows, size=1000, taker=(0.003, -0.0002, 0.001), starts=(0, 5), max_quote_age=2)
    result = run(scene, static(RiskParams(0.001, 0.02, 0)))
    log, orders = result.executions(), result.orders()
    signed = np.where(log["side"] == "buy", 1, -1) * log["price"] * log["shares"] + log["fee"]
    assert signed.groupby(log["order"]).sum().tolist() == pytest.approx(orders["cash"].tolist())


def test_no_saving_is_claimed_against_a_baseline_that_did_not_fill(market):
    """The router buys 100 at once; the baseline's second 50 have gone when its slice comes."""
    rows = [(0, 0, 9.98, 50, 10.02, 100), (20, 0, 9.98, 50, 0, 0)]
    scene = market(rows, size=100, horizon=60, slice_seconds=30, deadline=70)
    router, baseline = run(scene, static(RiskParams(0, 0.003, 0))), run(scene, TWAP)
    assert (router.complete.tolist(), baseline.complete.tolist()) == ([True], [False])
    assert savings(router, baseline).orders == savings(baseline, router).orders == 0


def test_excess_given_back_is_part_of_the_cleanup(market):
    """100 are bought for a target of 50; 30 go back at 9.99 and 20 at 9.98, fees of 3 mils each.

    The mid is 9.995: 30 x 0.005 + 20 x 0.015 + 50 x 0.003 are 0.60 of 499.75 dollars.
    """
    scene = market(
        [(0, 0, 9.99, 30, 10.00, 100), (0, 1, 9.98, 100, 10.50, 100)],
        size=50,
        taker=(0.003, 0.003, 0),
    )
    result = run(scene, static(RiskParams(0.01, 0.05, 0.0)))
    assert result.cleanup_bps.tolist() == [pytest.approx(1e4 * 0.60 / (50 * 9.995))]
    # 100 x 0.005 + 100 x 0.003 were paid to buy them.
    assert result.shortfall_bps.tolist() == [pytest.approx(1e4 * (0.80 + 0.60) / (50 * 9.995))]
    assert result.orders().loc[0, ["filled", "excess", "completed", "limit"]].tolist() == [
        50,
        50,
        0,
        0,
    ]


def test_the_execution_log_whole(market, t0):
    """A seller gives 30 at A's bid at once, 20 of 50 at B's when the horizon is over."""
    rows = [(0, 0, 10.00, 30, 10.02, 100), (70, 1, 9.99, 50, 10.03, 100)]
    scene = market(rows, size=50, side="sell", starts=(5,), horizon=60, taker=(0.003, -0.0002, 0))
    log = run(scene, BEST_ASK).executions()
    assert log.astype({"ts": "int64"}).to_dict("list") == {
        "ts": [t0 + 5 * SECOND, t0 + 70 * SECOND],
        "order": [0, 0],
        "venue": ["A", "B"],
        "side": ["sell", "sell"],
        "price": [10.00, 9.99],
        "shares": [30, 20],
        "fee": [pytest.approx(0.09), pytest.approx(-0.004)],
        "reason": ["route", "completion"],
    }
    assert str(log["ts"].dtype) == "datetime64[ns, UTC]"


def test_the_frame_of_orders_whole(market, t0):
    """The first order sells 50 in two goes; the second meets no bid for 10 s, and then 50 of it."""
    rows = [
        (0, 0, 10.00, 30, 10.02, 100),
        (70, 1, 9.99, 50, 10.03, 100),
        (100, 0, 0, 0, 10.02, 100),
        (100, 1, 10.04, 50, 10.05, 100),
        (110, 1, 10.00, 40, 10.05, 100),
    ]
    prints = [(5, 900), (30, 40), (65, 40), (70, 20), (71, 900), (160, 60), (161, 900)]
    scene = market(
        rows,
        prints=[(second, 2, 10.01, shares, UNKNOWN) for second, shares in prints],
        size=50,
        side="sell",
        starts=(5, 100),
        deadline=(90, 115),
        horizon=60,
        taker=(0.003, -0.0002, 0),
    )
    # Order 0: 30 x (10.00 - 0.003) + 20 x (9.99 + 0.0002), arrival 10.01.
    first = 299.91 + 199.804
    # Order 1: crossed until 110, B's 10.04 above A's 10.02; then 40 x (10.00 + 0.0002) at B, and so
    # are the 10 counted that are left.
    second, left = 400.008, 100.002
    found = run(scene, BEST_ASK).orders()
    assert str(found["start"].dtype) == "datetime64[ns, UTC]"
    assert found.astype({"start": "int64"}).to_dict("list") == {
        "order": [0, 1],
        "start": [t0 + 5 * SECOND, t0 + 100 * SECOND],
        "arrival_mid": [pytest.approx(10.01)] * 2,
        "filled": [50, 40],
        "unfilled": [0, 10],
        "cash": [pytest.approx(first), pytest.approx(second)],
        "avg_price": [pytest.approx(first / 50), pytest.approx(second / 40)],
        "fees": [pytest.approx(0.086), pytest.approx(-0.008)],
        "shortfall_bps": [
            pytest.approx(1e4 * (500.5 - first) / 500.5),
            pytest.approx(1e4 * (500.5 - second - left) / 500.5),
        ],
        "cleanup_bps": [pytest.approx(1e4 * (20 * 0.02 - 0.004) / 500.5), 0],
        "opportunity_bps": [0, pytest.approx(1e4 * (100.1 - left) / 500.5)],
        "arrival_delay_s": [0, 10],
        "duration_s": [65, 10],
        "fill_ratio": [1, 0.8],
        "participation": [50 / 100, 40 / 60],  # after the start, until 70 and until 160
        "limit": [0, 0],
        "completed": [20, 0],
        "excess": [0, 0],
        "snapshots": [3, 2],  # 5, 65, 70; 100, 110
        "crossed": [0, 1],
        "empty": [0, 0],
        "wide": [0, 0],
        "complete": [True, False],
    }


def test_a_limit_fill_earns_its_venues_rebate_and_pays_no_fee(market):
    """The same execution once taken and once made: 3 mils paid, 2 earned."""
    scene = market([(0, 0, 9.98, 50, 10.02, 200)], taker=(0.003, 0, 0), rebate=(0.002, 0, 0))
    taken = run(scene, BEST_ASK)
    made = replace(taken, replay=replace(taken.replay, reason=np.full(1, LIMIT)))
    assert (taken.fees.tolist(), made.fees.tolist()) == ([0.6], [-0.4])
    assert made.cash.tolist() == [pytest.approx(200 * 10.02 - 0.4)]
    assert made.orders().loc[0, ["limit", "completed", "excess"]].tolist() == [200, 0, 0]
    assert (taken.cleanup_bps.tolist(), made.cleanup_bps.tolist()) == ([0], [0])


def test_an_order_of_no_execution_has_no_price_and_no_duration(market):
    scene = market([(500, 0, 9.98, 50, 10.02, 50)], deadline=300)
    result = run(scene, BEST_ASK)
    assert result.orders()[["avg_price", "duration_s"]].isna().all(axis=None)
    assert (result.total_cash, result.fees.tolist()) == (0, [])
    assert math.isnan(result.avg_price)


def test_what_rounding_leaves_of_an_order_is_nothing(market):
    """A billionth of the size is complete, two are not."""
    result = run(market([(0, 0, 9.98, 50, 10.02, 200)], size=200), BEST_ASK)
    for dust, complete in ((1e-9, True), (2e-9, False)):
        replay = replace(result.replay, shares=result.replay.shares - 200 * dust)
        assert replace(result, replay=replay).complete.tolist() == [complete]


def test_a_fraction_of_a_share_is_bought_or_sold_like_a_whole_one(market):
    """0.3 shares of a target of 0.1: 0.2 go back."""
    bold = static(RiskParams(0.0, 5.0, 0.0), StaticModel(step=0.3))
    scene = market([(0, 0, 9.98, 5, 10.02, 0.3)], size=0.1)
    log = run(scene, bold).executions()
    assert log["side"].tolist() == ["buy", "sell"]
    assert log["shares"].tolist() == [0.3, pytest.approx(0.2)]


def test_participation_is_known_where_something_printed(market):
    """Both orders fill; only in the second one's minute does anything print, at its very end."""
    scene = market(
        [(0, 0, 9.98, 900, 10.02, 900)],
        size=50,
        starts=(0, 100),
        prints=[(0, 0, 10.02, 10, UNKNOWN), (160, 1, 10.02, 200, UNKNOWN)],
    )
    assert run(scene, BEST_ASK).participation.tolist() == [pytest.approx(np.nan, nan_ok=True), 0.25]
    scene = market([(0, 0, 9.98, 900, 10.02, 900)], size=50)
    assert np.isnan(run(scene, BEST_ASK).participation).all()
