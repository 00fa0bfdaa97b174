"""How far a penalty may grow before a static split changes."""

from __future__ import annotations

import itertools
import math
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sor_opt.allocators.fast.single import FREE, solve_single
from sor_opt.backtest.core.ahead.changes import next_excess, next_shortfall
from sor_opt.backtest.core.ahead.order import OrderAhead
from sor_opt.backtest.core.replay import replay
from sor_opt.backtest.impact import Impact
from sor_opt.backtest.market import ReplayParams, prepare
from sor_opt.backtest.orders import OrderParams, make_orders
from sor_opt.backtest.replay import Replay
from sor_opt.errors import ConfigError
from sor_opt.market.loaders import load_tape
from sor_opt.market.tape import SECOND
from sor_opt.models.risk import RiskParams
from sor_opt.models.static import StaticModel
from sor_opt.models.venues import FeeSchedule
from sor_opt.policies.policy import Policy
from sor_opt.policies.registry import named
from sor_opt.policies.routers.static import SingleProblem, Static
from sor_opt.policies.schedules.now import Now

SAMPLE = Path(__file__).parents[2] / "data" / "sample_quotes.csv.gz"


def ladders(heights, fills, costs, target):
    offsets = np.concatenate([[0], np.cumsum(heights)])
    return SingleProblem(offsets, np.array(fills, float), np.array(costs, float), float(target))


def solved(given, under, over):
    rungs = np.zeros(len(given.offsets) - 1, np.int64)
    assert solve_single(*given, under, over, FREE, rungs)[1] == 0
    return rungs


STEPS = ladders([2, 1], [100, 100, 100], [1.0, 2.0, 1.5], 400)
"""Cents per share: 1.0 and 2.0 at A, 1.5 at B; the target is out of reach."""


@pytest.mark.parametrize(
    ("under", "rungs", "following"),
    [
        (0.005, [0, 0], 0.010),
        (0.012, [1, 0], 0.015),
        (0.016, [1, 1], 0.020),
        (0.030, [2, 1], math.inf),
    ],
)
def test_below_the_target_the_next_rung_is_taken_at_its_price(under, rungs, following):
    assert solved(STEPS, under, 1.0).tolist() == rungs
    assert next_shortfall(STEPS, under, 1.0, 1.0, np.array(rungs)) == pytest.approx(following)


def test_a_rung_may_be_worth_its_price_only_with_those_beyond_it():
    """A's first rung is dear, both are 150 cents for 200 shares; B's is 100 for 100."""
    given = ladders([2, 1], [100, 100, 100], [1.4, 0.1, 1.0], 400)
    assert next_shortfall(given, 0.005, 1.0, 1.0, np.array([0, 0])) == pytest.approx(0.0075)


UNEVEN = ladders([1, 1, 1], [60, 60, 30], [0.6, 0.3 + 0.6, 2.0], 100)
"""60 shares at A are 40 short; B's 60 more are 20 too many, C's 30 more are 10 short."""


def test_within_reach_of_the_target_the_next_change_is_where_two_costs_meet():
    rungs = np.array([1, 0, 0])
    assert solved(UNEVEN, 0.02, 0.05).tolist() == [1, 0, 0]
    # With B the excess costs 20 x 0.05 and no share is short: 0.9 + 1.0 for 40 shares.
    assert next_shortfall(UNEVEN, 0.02, 0.05, 1.0, rungs) == pytest.approx(1.9 / 40)
    assert next_shortfall(UNEVEN, 0.02, 0.05, 0.0474, rungs) == math.inf
    # At 0.20 a share of excess, B's way costs 0.9 + 4.0 for 40 shares, C's 2.0 for 30.
    assert next_shortfall(UNEVEN, 0.02, 0.20, 1.0, rungs) == pytest.approx(2.0 / 30)
    assert solved(UNEVEN, 0.0666, 0.20).tolist() == [1, 0, 0]
    assert solved(UNEVEN, 0.0667, 0.20).tolist() == [1, 0, 1]


def test_an_excess_is_held_until_it_costs_what_the_shortfall_would():
    given = ladders([1, 1], [60, 60], [0.6, 0.6], 100)
    rungs = np.array([1, 1])
    assert solved(given, 0.1, 0.01).tolist() == [1, 1]
    # Without B 40 are short: 0.6 + 4.0 against 1.2 + 20 x the penalty.
    assert next_excess(given, 0.1, 0.01, 1.0, rungs) == pytest.approx(3.4 / 20)
    assert next_excess(given, 0.1, 0.01, 0.16, rungs) == math.inf


@pytest.mark.parametrize("rungs", [[1, 0], [1, 1]])
def test_a_split_of_the_target_exactly_changes_with_no_penalty(rungs):
    given = ladders([1, 1], [60, 40], [0.6, 0.6], 60 if rungs == [1, 0] else 100)
    at = np.array(rungs)
    assert next_shortfall(given, 0.1, 0.1, 1.0, at) == math.inf
    assert next_excess(given, 0.1, 0.1, 1.0, at) == math.inf


def test_there_is_nothing_to_find_beyond_a_ceiling():
    assert next_shortfall(STEPS, 0.005, 1.0, 0.005, np.array([0, 0])) == math.inf
    assert next_shortfall(STEPS, 0.005, 1.0, 0.009, np.array([0, 0])) == math.inf
    given = ladders([1], [160], [0.6], 100)
    assert next_excess(given, 0.1, 0.01, 0.01, np.array([1])) == math.inf


def costs_of(given, under, over):
    """Every selection with its cost, by the definition."""
    heights = np.diff(given.offsets)
    found = {}
    for rungs in itertools.product(*(range(height + 1) for height in heights)):
        taken = [
            j
            for first, count in zip(given.offsets, rungs, strict=False)
            for j in range(first, first + count)
        ]
        gap = given.target - given.fills[taken].sum()
        penalty = under * max(gap, 0.0) + over * max(-gap, 0.0)
        found[rungs] = given.costs[taken].sum() + penalty
    return found


problems = st.lists(st.integers(1, 3), min_size=1, max_size=3).flatmap(
    lambda heights: st.builds(
        ladders,
        st.just(heights),
        st.lists(st.integers(1, 5), min_size=sum(heights), max_size=sum(heights)),
        st.lists(st.integers(0, 20), min_size=sum(heights), max_size=sum(heights)),
        st.integers(1, 14),
    )
)


@given(problems, st.integers(0, 9), st.integers(0, 9), st.booleans())
def test_up_to_the_next_change_the_split_stays_the_best(given, under, over, is_under):
    under, over = under + 0.37, over + 0.53
    rungs = solved(given, under, over)
    look = next_shortfall if is_under else next_excess
    found = look(given, under, over, 100.0, rungs)
    assert found >= (under if is_under else over)
    last = min(found, 100.0) - 1e-6
    start = under if is_under else over
    for share in (0.0, 0.5, 1.0):
        penalty = start + share * max(0.0, last - start)
        pair = (penalty, over) if is_under else (under, penalty)
        costs = costs_of(given, *pair)
        assert costs[tuple(rungs.tolist())] <= min(costs.values()) + 1e-6


def ahead(market, penalties, ceilings=(1.0, 1.0), **params):
    """One order's replay at (shortfall, excess), and up to where either may grow."""
    policy = Policy(Now(), Static(RiskParams(unit="per_share"), StaticModel(**params)))
    done, *found = OrderAhead(market, policy, penalties[1], ceilings).replay(penalties[0])
    return done, found


ROWS = [(0, 0, 9.98, 100, 10.02, 100), (0, 1, 9.97, 100, 10.03, 100)]


def test_a_replay_tells_the_least_penalty_that_would_change_one_of_its_splits(market):
    """A costs 2.3 cents above the mid, fee included, B 3.1; from second 30 on A costs 1.3."""
    rows = [*ROWS, (30, 0, 9.99, 100, 10.01, 100)]
    scene = market(rows, size=300, taker=(0.003, 0.001, 0))
    done, found = ahead(scene, (0.005, 0.5))
    assert found == pytest.approx([0.013, np.inf])
    assert (done.reason == 1).all()  # all is completed
    for under, following in ((0.014, 0.023), (0.025, 0.031), (0.04, np.inf)):
        assert ahead(scene, (under, 0.5))[1] == pytest.approx([following, np.inf])


def test_a_fraction_is_one_of_the_mid(market):
    order = OrderAhead(market(ROWS, size=300), named("static"), 0.5, (1.0, 1.0))
    done, *found = order.replay(0.001)
    assert found == pytest.approx([0.002, np.inf])  # 2 cents of 10 dollars
    assert done.shares.tolist() == [100]


def test_an_odd_target_makes_the_excess_penalty_matter(market):
    """50 of 100 would be too many: at 2 cents a share and 5 short they are bought up to 3.0.

    Bought are 100 x 0.02 + 50 x the excess penalty, against 50 x 0.05 short.
    """
    scene = market(ROWS, size=50)
    assert ahead(scene, (0.05, 0.005))[1] == pytest.approx([np.inf, 0.01])
    assert ahead(scene, (0.05, 0.02))[1] == pytest.approx([0.06, np.inf])


def test_no_penalty_changes_a_strict_split(market):
    done, found = ahead(market(ROWS, size=200), (0.001, 0.001), space="strict")
    assert done.shares.tolist() == [100, 100]
    assert np.isinf(found).all()


def assert_same(one, other):
    for field in fields(Replay):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name))


def test_looking_ahead_changes_nothing(market):
    scene = market(ROWS, size=250, taker=(0.003, 0.001, 0))
    risk = RiskParams(0.02, 0.025, 0.0, unit="per_share")
    one = replay(scene, Policy(Now(), Static(risk)))
    other, _ = ahead(scene, (0.025, 0.02))
    assert_same(one, other)


def assert_a_walk_is_what_its_replays_are(market, excess=0.005, most=60):
    """Walk along the threshold with one `OrderAhead`; give how many break points there were."""
    policy = Policy(Now(), Static(RiskParams(unit="per_share")))
    walking, threshold = OrderAhead(market, policy, excess, (1.0, excess)), 0.0005
    for passed in range(most):
        done, *found = walking.replay(threshold)
        afresh, *expected = OrderAhead(market, policy, excess, (1.0, excess)).replay(threshold)
        assert_same(done, afresh)
        assert found == expected
        assert_same(done, replay(market, policy_at(policy, threshold, excess)))
        if found[0] >= 1.0:
            return passed
        threshold = max(found[0], threshold) * (1 + 1e-9)
    return most


def policy_at(policy, threshold, excess):
    return policy.having(asdict(RiskParams(excess, threshold, 0.0, unit="per_share")))


quotes = st.tuples(
    st.integers(0, 70),
    st.integers(0, 2),
    st.integers(990, 999),
    st.sampled_from([0, 50, 100, 300]),
    st.integers(1000, 1006),
    st.sampled_from([0, 30, 100, 170, 230]),
)


@pytest.mark.compiled
@given(
    st.lists(quotes, min_size=1, max_size=25),
    st.sampled_from([80, 150, 300, 420]),
    st.sampled_from(["price", "update", "every-snapshot"]),
    st.sampled_from([None, Impact(50.0, 10 * SECOND), Impact(400.0, SECOND)]),
)
def test_a_walk_takes_its_replays_up_where_they_would_have_come_to(
    market, quotes, size, refill, impact
):
    rows = [
        (at, venue, bid / 100, bid_size, ask / 100, ask_size)
        for at, venue, bid, bid_size, ask, ask_size in sorted(quotes)
    ]
    scene = market(rows, size=size, refill=refill, impact=impact)
    assert_a_walk_is_what_its_replays_are(scene)


def falling(market):
    """Each second the ask comes down half a cent: each split changes sooner than all before it."""
    rows = [(at, 0, 9.0, 100, 10.9 - at / 200, 100) for at in range(150)]
    return market(rows, size=300, horizon=170)


def test_a_walk_goes_on_from_more_changes_than_it_keeps_states_for(market):
    assert assert_a_walk_is_what_its_replays_are(falling(market), most=20) == 20


@pytest.mark.parametrize("jump", [0.3, 0.6, 0.9])
def test_a_walk_may_jump_past_more_changes_than_it_keeps_states_for(market, jump):
    scene, policy = falling(market), Policy(Now(), Static(RiskParams(unit="per_share")))
    walking = OrderAhead(scene, policy, 0.005, (1.0, 0.005))
    walking.replay(0.0005)
    done, *found = walking.replay(jump)
    afresh, *expected = OrderAhead(scene, policy, 0.005, (1.0, 0.005)).replay(jump)
    assert_same(done, afresh)
    assert found == expected


def test_a_walk_does_not_go_back(market):
    walking = OrderAhead(market(ROWS, size=300), named("static"), 0.5, (1.0, 1.0))
    walking.replay(0.001)
    walking.replay(0.001)
    with pytest.raises(ConfigError, match=r"^shortfall must not fall, got 0\.0009 after 0\.001$"):
        walking.replay(0.0009)


def test_a_walk_goes_on_where_its_log_was_too_short(market, monkeypatch):
    monkeypatch.setattr("sor_opt.backtest.core.ahead.order._USUAL_EXECUTIONS", 1)
    rows = [*ROWS, (30, 0, 9.99, 100, 10.01, 100), (40, 1, 9.99, 100, 10.01, 150)]
    assert assert_a_walk_is_what_its_replays_are(market(rows, size=450)) > 2


@pytest.fixture(scope="module")
def sample():
    tape = load_tape(SAMPLE)
    orders = make_orders(tape, OrderParams(every=600 * SECOND))
    return prepare(tape, orders, ReplayParams(), FeeSchedule.packaged())


@pytest.mark.compiled
@pytest.mark.parametrize("order", [4, 12, 29])
def test_a_walk_of_an_order_of_the_sample_is_what_its_replays_are(sample, order):
    found = assert_a_walk_is_what_its_replays_are(sample.select(np.array([order])))
    assert found > 50
