"""Accounts, shortfall and savings, worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sor_opt.backtest.backtest import run, run_baselines
from sor_opt.backtest.policies import BASELINES, static_policy
from sor_opt.backtest.result import estimate, savings
from sor_opt.model.risk import RiskParams
from sor_opt.model.static import StaticParams

BEST_ASK = BASELINES["best-ask"]


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
    low, high = (
        run(scene, static_policy(RiskParams(x, x, 0.0), StaticParams())) for x in (0.01, 0.5)
    )
    assert (
        low.shortfall_bps.tolist() == high.shortfall_bps.tolist() == [pytest.approx(10.0, rel=0.01)]
    )


def test_unfilled_shares_are_marked_at_the_last_mid_and_flagged(market):
    scene = market([(0, 0, 9.98, 50, 10.02, 50), (30, 0, 10.08, 50, 10.12, 50)], size=200)
    result = run(scene, BEST_ASK)
    assert result.filled.tolist() == [100]
    assert not result.complete.any()
    paid = 50 * 10.02 + 50 * 10.12
    assert result.shortfall_bps.tolist() == [
        pytest.approx(1e4 * (paid + 100 * 10.10 - 2000) / 2000)
    ]
    assert result.opportunity_bps.tolist() == [pytest.approx(1e4 * 100 * 0.10 / 2000)]


def test_no_saving_is_claimed_for_an_order_that_did_not_fill(market):
    rows = [(0, 0, 9.98, 50, 10.02, 50), (30, 1, 9.0, 500, 10.90, 500)]
    scene = market(rows, size=200, deadline=50)
    shy = run(scene, static_policy(RiskParams(0, 0.003, 0), StaticParams()))
    baseline = run(scene, BEST_ASK)
    assert (shy.complete.tolist(), baseline.complete.tolist()) == ([False], [True])
    saved = savings(shy, baseline)
    assert saved.orders == 0
    assert math.isnan(saved.mean)


def test_a_router_that_fills_nothing_saves_nothing(market):
    """The exact-sum allocator on a thin book fills nothing; that is no saving of 10,000 bps."""
    scene = market([(0, 0, 9.98, 50, 10.02, 50)], size=5000, deadline=60)
    strict = run(scene, static_policy(RiskParams(), StaticParams(space="strict")))
    saved = [savings(strict, other) for other in run_baselines(scene).values()]
    assert all(each.orders == 0 and math.isnan(each.mean) for each in saved)


def test_a_saving_is_the_difference_of_two_shortfalls_of_one_notional(market):
    rows = [
        (0, 0, 9.98, 500, 10.02, 100),
        (0, 1, 9.97, 500, 10.05, 500),
        (1, 0, 9.98, 500, 10.02, 100),
    ]
    scene = market(rows, size=200)
    router = run(scene, static_policy(RiskParams(0.0, 0.003, 0), StaticParams()))
    vwap = run(scene, BASELINES["vwap"])
    paid = (vwap.total_cash - router.total_cash) / (200 * 10.0)
    assert savings(router, vwap).mean == pytest.approx(1e4 * paid)


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
    result = run(scene, static_policy(RiskParams(0.001, 0.02, 0), StaticParams()))
    log, orders = result.executions(), result.orders()
    signed = np.where(log["side"] == "buy", 1, -1) * log["price"] * log["shares"] + log["fee"]
    assert signed.groupby(log["order"]).sum().tolist() == pytest.approx(orders["cash"].tolist())


def test_an_interval_covers_its_mean_and_is_the_same_for_one_seed():
    values = np.random.default_rng(3).normal(1.0, 2.0, 60)
    first, again = estimate(values, seed=7), estimate(values, seed=7)
    assert first == again
    assert first.low < first.mean < first.high
    assert first.high - first.low == pytest.approx(2 * 1.96 * 2.0 / math.sqrt(60), rel=0.25)


def test_one_order_has_no_interval():
    assert math.isnan(estimate(np.array([3.0])).low)
