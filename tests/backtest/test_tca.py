"""Transaction costs: a book worked by hand, identities, and a plain reading of the definitions."""

from __future__ import annotations

from dataclasses import astuple, replace
from datetime import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.costs import HORIZONS as SECONDS
from reference.costs import costs_of
from reference.scenes import OPENING, can_trade, draw_pairs, draw_scene

from sor_opt.backtest.backtest import run
from sor_opt.backtest.latency import Latency
from sor_opt.backtest.market import ReplayParams, prepare
from sor_opt.backtest.orders import OrderParams, make_orders
from sor_opt.backtest.replay import LIMIT
from sor_opt.backtest.tca import HORIZONS, Tca, WeightedMean
from sor_opt.market.loaders import load_tape
from sor_opt.market.tape import SECOND
from sor_opt.models.risk import RiskParams
from sor_opt.models.venues import FeeSchedule
from sor_opt.policies.policy import Policy
from sor_opt.policies.registry import named
from sor_opt.policies.routers.base import Posting, Router, Split
from sor_opt.policies.routers.static import Static
from sor_opt.policies.routers.sweep import Sweep
from sor_opt.policies.schedules.now import Now

SWEEP = Policy(Now(), Sweep())
FEES = (0.003, -0.001, 0.0)

ROWS = [
    (0, 0, 9.98, 500, 10.02, 100),
    (0, 1, 9.97, 500, 10.04, 300),
    (1, 0, 10.00, 500, 10.06, 100),
    (1, 1, 9.99, 500, 10.06, 300),
    (15, 0, 9.94, 500, 9.98, 100),
    (15, 1, 9.94, 500, 9.98, 300),
]
"""The best bid and ask are 9.98 and 10.02, from 1 s on 10.00 and 10.06, from 15 s 9.94 and 9.98."""


def of(result, k=None):
    """The costs at a venue, or at all."""
    venue = result.replay.venue
    return Tca(result).costs(np.full(len(venue), True) if k is None else venue == k)


def test_the_horizons_are_those_of_rule_605():
    assert [tau / SECOND for tau in HORIZONS] == list(SECONDS) == [0.05, 1, 15, 60, 300]


def test_a_book_worked_by_hand(market):
    """200 shares at once: 100 at A for 10.02, which is the best ask, and 100 at B for 10.04.

    The mid is 10.00, the quoted half-spread 0.02. Effective: 0.02 at A, 0.04 at B, 0.03 in all, so
    that E/Q is 1, 2 and 1.5. B is 0.02 outside the quote, in all -0.01 is improved. After a second
    the mid is 10.03: impact 0.03 everywhere, realised -0.01, 0.01 and 0. After 15 s it is 9.96 and
    stays so: impact -0.04, realised 0.06, 0.08 and 0.07. The fee is 0.003 at A and -0.001 at B.
    """
    result = run(market(ROWS, size=200, taker=FEES), SWEEP)
    expected = {
        0: ((0.02, 0.02, 0.003, 1.0, 0.0), (0.02, -0.01, 0.06, 0.06, 0.06)),
        1: ((0.02, 0.04, -0.001, 2.0, -0.02), (0.04, 0.01, 0.08, 0.08, 0.08)),
        None: ((0.02, 0.03, 0.001, 1.5, -0.01), (0.03, 0.0, 0.07, 0.07, 0.07)),
    }
    impact = (0.0, 0.03, -0.04, -0.04, -0.04)
    for k, (figures, realised) in expected.items():
        costs = of(result, k)
        means = (costs.quoted, costs.effective, costs.fee, costs.improvement)
        quoted, effective, fee, improvement = (mean.per_share for mean in means)
        found = (quoted, effective, fee, costs.effective_over_quoted, improvement)
        assert found == pytest.approx(figures)
        assert [each.realised.per_share for each in costs.horizons] == pytest.approx(realised)
        assert [each.impact.per_share for each in costs.horizons] == pytest.approx(impact)
        for mean in means:
            assert mean.bps == pytest.approx(1e4 * mean.per_share / 10.0)
    shares = [(c.improved_shares, c.at_quote_shares, c.outside_shares) for c in map(of, [result])]
    assert shares == [(0, 100, 100)]
    assert of(result, 2).shares == 0


def mirrored(rows):
    """The market in which selling is what buying was, mirrored at 10 dollars."""
    return [(s, k, 20 - ask, ask_size, 20 - bid, size) for s, k, bid, size, ask, ask_size in rows]


def test_a_sell_order_costs_what_buying_costs_in_the_mirror(market):
    """Mirrored at 10 dollars, so that the first mid is the same, and bps of it are."""
    bought = run(market(ROWS, size=200, taker=FEES), SWEEP)
    sold = run(market(mirrored(ROWS), size=200, taker=FEES, side="sell"), SWEEP)
    assert set(sold.executions()["side"]) == {"sell"}
    one, other = (list(flatten(astuple(of(result)))) for result in (bought, sold))
    assert one == pytest.approx(other, nan_ok=True)


def flatten(values):
    for value in values:
        if isinstance(value, tuple):
            yield from flatten(value)
        else:
            yield value


def test_an_excess_is_a_trade_of_the_other_side(market):
    """100 are bought at 10.00 for a target of 50; at a mid of 9.995, 50 are sold at 9.99."""
    rows = [(0, 0, 9.99, 50, 10.00, 100)]
    policy = Policy(Now(), Static(RiskParams(0.0, 0.05, 0.0)))
    result = run(market(rows, size=50, taker=FEES), policy)
    assert result.replay.shares.tolist() == [100, -50]
    tca = Tca(result)
    assert tca.effective == pytest.approx([0.005, 0.005])
    assert tca.improvement == pytest.approx([0, 0])
    fills = tca.fills(np.array([0]))
    assert (fills.taken, fills.given_back, fills.sent, fills.fill_rate) == (100, 50, 100, 1)


class OneBid(Router):
    """Rests all that is due at venue A."""

    posting = Posting("carry", "fill")

    def split(self, view, due):
        return Split(np.zeros(3), np.array([due, 0.0, 0.0]))


def test_a_limit_fill_earns_what_the_price_does_not_give_back(market):
    """A bid of 9.98 at A is met after the mid has gone from 10.00 to 9.97.

    Its effective half-spread is 9.98 - 9.97: what it earned is lost. It has no price improvement.
    """
    rows = [(0, 0, 9.98, 50, 10.02, 100), (5, 0, 9.96, 50, 9.98, 100)]
    result = run(
        market(rows, size=100, horizon=60, prints=[(6, 0, 9.97, 300, -1)], rebate=FEES),
        Policy(Now(), OneBid()),
    )
    assert result.replay.reason.tolist() == [LIMIT]
    costs = of(result)
    assert costs.effective.per_share == pytest.approx(0.01)
    assert costs.fee.per_share == pytest.approx(-0.003)
    assert np.isnan(costs.improvement.per_share)
    fills = Tca(result).fills(np.array([0]))
    assert (fills.limit, fills.posted, fills.limit_fill_rate) == (100, 100, 1)
    assert np.isnan(fills.fill_rate)


def test_a_limit_fill_is_held_against_the_quotes_before_its_own_time(market):
    """The quotes of the same time are what the trade left; they count from the next moment on."""
    rows = [(0, 0, 9.98, 50, 10.02, 100), (6, 0, 9.94, 50, 9.98, 100)]
    prints = [(6, 0, 9.97, 300, -1)]
    costs = of(run(market(rows, size=100, prints=prints), Policy(Now(), OneBid())))
    assert costs.effective.per_share == pytest.approx(-0.02)
    assert [each.impact.per_share for each in costs.horizons] == pytest.approx([-0.04] * 5)
    assert [each.realised.per_share for each in costs.horizons] == pytest.approx([0.02] * 5)


def test_quotes_are_those_of_the_venues_and_not_of_the_router(market):
    """Sent to A at 10.02, it arrives a second later, when A asks 10.01 and the mid is 9.99.

    The router hears of that a second later still.
    """
    rows = [(0, 0, 9.98, 500, 10.02, 200), (1, 0, 9.97, 500, 10.01, 200)]
    result = run(market(rows, size=200, latency=1, feed_latency=1, starts=(1,)), SWEEP)
    assert Tca(result).quotes.mid.tolist() == [pytest.approx(9.99)]
    assert Tca(result).improvement.tolist() == [0]


def test_a_book_that_cannot_be_traded_on_is_passed_over(market):
    """From 40 s on the book is crossed, until 100 s: after a minute the mid is that of 0 s."""
    rows = [
        *[(0, 0, 9.98, 500, 10.02, 200), (40, 1, 10.10, 500, 10.30, 200)],
        (100, 0, 10.18, 500, 10.22, 200),
    ]
    impact = of(run(market(rows, size=200), SWEEP)).horizons
    assert [each.impact.per_share for each in impact] == pytest.approx([0, 0, 0, 0, 0.2])


def test_what_comes_after_the_window_is_left_out_and_counted(market):
    result = run(market(ROWS, size=200, deadline=60), SWEEP)
    horizons = of(result).horizons
    assert [each.left_out for each in horizons] == [0, 0, 0, 0, 2]
    assert [each.shares for each in horizons] == [200] * 4 + [0]
    assert np.isnan(flatten_means(horizons[-1])).all()


def flatten_means(costs):
    means = [value for value in vars(costs).values() if isinstance(value, WeightedMean)]
    return [number for mean in means for number in mean]


def test_an_execution_that_no_book_goes_before_is_in_no_mean(market):
    """The router sees asks of A and bids of B at once, the venues never had both: A asks too late.

    B shows 9.98 bid alone, which its way of 5 s keeps for the router; A asks from 1 s on, when B is
    empty already.
    """
    rows = [(0, 1, 9.98, 100, 0, 0), (1, 1, 0, 0, 0, 0), (1, 0, 0, 0, 10.02, 500)]
    scene = market(rows, size=100, feed_latency=(0, 5, 0), starts=(0.5,), taker=FEES)
    result = run(scene, SWEEP)
    assert result.replay.shares.sum() == 100
    costs = of(result)
    assert (costs.shares, costs.improved_shares + costs.at_quote_shares) == (100, 0)
    assert np.isnan(flatten_means(costs)).all()
    assert [each.left_out for each in costs.horizons] == [1] * 5
    assert np.isnan(Tca(result).shortfall_parts.spread).all()


def test_an_order_that_buys_nothing_costs_nothing_that_is_known(market):
    result = run(market([(500, 0, 9.98, 50, 10.02, 50)], deadline=300), SWEEP)
    costs, fills = of(result), Tca(result).fills(np.arange(3))
    assert (costs.executions, costs.shares) == (0, 0)
    assert np.isnan([costs.effective_over_quoted, *flatten_means(costs)]).all()
    assert np.isnan([fills.fill_rate, fills.limit_fill_rate, fills.participation]).all()


def test_participation_is_of_what_is_printed_from_start_to_end(market):
    """A print at the start is before it; at the horizon's end, 60 s, it counts; orders overlap.

    The order from 0 s meets 400 at A and 300 at B, that from 30 s 400 at A and 0 at B.
    """
    prints = [(0, 0, 10.0, 900, 0), (20, 1, 10.0, 300, 0), (60, 0, 10.0, 400, 0), (91, 0, 10, 9, 0)]
    scene = market([(0, 0, 9.98, 50, 10.02, 400)], size=100, prints=prints, starts=(0, 30))
    tca = Tca(run(scene, SWEEP))
    rates = [tca.fills(np.array([k])).participation for k in range(3)]
    assert rates == pytest.approx([200 / 800, 0, np.nan], nan_ok=True)
    assert tca.fills(np.arange(3)).participation == pytest.approx(200 / 1100)


def test_the_end_is_the_last_execution_where_that_is_later(market):
    rows = [(0, 0, 9.98, 50, 10.02, 50), (90, 0, 9.98, 50, 10.03, 50)]
    scene = market(rows, size=100, horizon=60, prints=[(90, 0, 10.0, 400, 0), (91, 0, 10.0, 9, 0)])
    assert Tca(run(scene, SWEEP)).fills(np.array([0])).participation == pytest.approx(100 / 400)


@settings(max_examples=25)
@given(random=st.randoms(use_true_random=True))
def test_every_market_gives_what_the_definitions_say(random):
    """Both sides, every policy, with latency and without."""
    scene = draw_scene(random)
    market = scene.market()
    for policy in draw_pairs(random):
        if not can_trade(market, policy):
            continue
        tca = Tca(run(market, policy))
        assert_as_defined(tca)
        assert_identities(tca)


def assert_as_defined(tca):
    """Every execution's costs are those of a plain reading."""
    plain = costs_of(tca.result)
    for name in ("effective", "improvement", "realised", "impact"):
        expected = np.array([getattr(cost, name) for cost in plain])
        found = getattr(tca, name)
        np.testing.assert_allclose(found, expected.reshape(found.shape), atol=1e-9)
    quoted = [cost.quoted for cost in plain]
    np.testing.assert_allclose(tca.quotes.half_spread, quoted, atol=1e-9)


def assert_identities(tca):
    """Effective = realised + impact; venues add up to all; the parts are the shortfall."""
    result = tca.result
    venues, venue = result.market.tape.venues, result.replay.venue
    known = np.isfinite(tca.later_mids)
    parts = np.where(known, tca.realised + tca.impact, np.nan)
    effective = np.where(known, tca.effective[:, None], np.nan)
    np.testing.assert_allclose(parts, effective, atol=1e-9)
    total, each = of(result), [of(result, k) for k in range(len(venues))]
    for horizon in total.horizons:
        for here in zip(horizon.effective, horizon.realised, horizon.impact, strict=True):
            assert here[0] == pytest.approx(here[1] + here[2], abs=1e-7, nan_ok=True)
    for name in ("executions", "shares", "improved_shares", "at_quote_shares", "outside_shares"):
        assert sum(getattr(one, name) for one in each) == pytest.approx(getattr(total, name))
    for name in ("effective", "quoted", "fee"):
        dollars = np.nansum([one.shares * getattr(one, name).per_share for one in each])
        if np.isfinite(tca.effective).all():
            mean = getattr(total, name).per_share
            assert dollars == pytest.approx(np.nan_to_num(total.shares * mean), abs=1e-7)
    fills = [astuple(tca.fills(np.array([k]))) for k in range(len(venues))]
    assert np.sum(fills, axis=0) == pytest.approx(astuple(tca.fills(np.arange(len(venues)))))
    sums = np.sum(tca.shortfall_parts, axis=0)
    unknown = np.bincount(
        result.replay.order, np.isnan(tca.effective), minlength=len(result.market.orders)
    )
    expected = np.where(unknown > 0, np.nan, result.shortfall_bps)
    np.testing.assert_allclose(sums, expected, atol=1e-6)
    assert len(venue) == total.executions


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_half_an_hour_of_the_real_day_gives_what_the_definitions_say(shared, side):
    """With latency, and with bids."""
    trades = shared("taq_full/trades_full_2018-01-02.csv.gz")
    tape = load_tape(shared("taq_full/quotes_full_2018-01-02.csv.gz"), trades)
    hours = [OPENING + minutes * 60 * SECOND for minutes in (60, 120)]
    quotes = tape.quotes.select(slice(*np.searchsorted(tape.quotes.ts, hours)))
    tape = replace(tape, quotes=quotes)
    layout = OrderParams(side, every=600 * SECOND, start=time(11), end=time(11, 30))
    orders = make_orders(tape, layout)
    for latency in (None, Latency(SECOND // 50)):
        market = prepare(tape, orders, ReplayParams(latency=latency), FeeSchedule.packaged())
        for name in ("static", "placement"):
            tca = Tca(run(market, named(name)))
            assert len(tca.effective) > 50
            assert_as_defined(tca)
