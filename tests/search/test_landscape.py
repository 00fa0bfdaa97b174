"""The landscape says what a replay says, at every threshold."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import NamedTuple

import numpy as np
import pytest
from search_fakes import SPACE, penalties

from sor_opt.backtest.impact import Impact
from sor_opt.backtest.latency import Latency
from sor_opt.backtest.limits import Limits
from sor_opt.backtest.market import Market, ReplayParams, prepare
from sor_opt.backtest.orders import OrderParams, make_orders
from sor_opt.backtest.risk import read_measure
from sor_opt.errors import ConfigError, DataError
from sor_opt.market.book import BookParams
from sor_opt.market.loaders import load_tape
from sor_opt.market.synthetic import SyntheticParams, generate
from sor_opt.market.tape import SECOND
from sor_opt.models.risk import RiskParams
from sor_opt.models.static import StaticModel
from sor_opt.models.venues import FeeSchedule
from sor_opt.policies.policy import Policy
from sor_opt.policies.registry import named
from sor_opt.policies.routers.static import Static
from sor_opt.policies.schedules.now import Now
from sor_opt.search.grid import run_grid
from sor_opt.search.landscape import Landscape, Staircase, joint_landscape, make_landscape
from sor_opt.search.objective import ShortfallObjective


def assert_exact(objective, landscape, draws, excess=None):
    rng = np.random.default_rng(5)
    thresholds = np.exp(rng.uniform(np.log(landscape.low), np.log(landscape.high), draws))
    for threshold in thresholds:
        over = rng.uniform(1e-5, 0.05) if excess is None else excess
        found = objective(asdict(RiskParams(over, threshold, 0.0)))
        np.testing.assert_allclose(landscape.staircase.at(threshold), found, rtol=1e-9, atol=1e-9)


@pytest.fixture(scope="module")
def real_objective(shared):
    tape = load_tape(shared("taq/quotes_2018-01-02.csv.gz"))
    orders = make_orders(tape, OrderParams(size=5000, every=600 * SECOND))
    market = prepare(tape, orders, ReplayParams(BookParams(2 * SECOND)), FeeSchedule.packaged())
    return ShortfallObjective(market)


def test_the_real_days_staircase_is_what_replays_find(real_objective):
    landscape = make_landscape(real_objective, SPACE)
    assert landscape.excess is None
    assert_exact(real_objective, landscape, draws=1000)


def test_no_point_is_better_than_the_minimum(real_objective):
    landscape = make_landscape(real_objective, SPACE)
    best = landscape.best
    assert all(
        point.outcome.train_bps >= best.train_bps - 1e-9
        for point in run_grid(real_objective, SPACE).points
    )
    low, high = landscape.best_piece
    for threshold in np.linspace(low, high, 7)[1:]:
        found = real_objective(asdict(RiskParams(0.001, threshold, 0.0)))
        np.testing.assert_allclose(found, best, rtol=1e-9)


@pytest.fixture(scope="module")
def odd_lots():
    tape = generate(SyntheticParams(seed=11, minutes=8))
    orders = make_orders(tape, OrderParams(size=700, horizon=60 * SECOND, every=120 * SECOND))
    return prepare(tape, orders, ReplayParams(), FeeSchedule.packaged())


@pytest.mark.compiled
def test_odd_lots_make_the_excess_penalty_matter_and_the_landscape_says_so(odd_lots):
    objective = ShortfallObjective(odd_lots)
    landscape = make_landscape(objective, SPACE, excess=0.0006)
    assert landscape.excess == 0.0006
    assert_exact(objective, landscape, draws=300, excess=0.0006)


def by_hand(measure, costs):
    """A measure of some orders with nothing but numpy."""
    costs = np.sort(costs[np.isfinite(costs)])
    return {
        "mean": lambda: costs.mean(),
        "mean+sd:0.5": lambda: costs.mean() + 0.5 * np.std(costs, ddof=1),
        "cvar:0.9": lambda: costs[-((len(costs) + 9) // 10) :].mean(),
        "cvar:0.5": lambda: costs[-((len(costs) + 1) // 2) :].mean(),
    }[measure]()


ROOMY = penalties((0.001,), (0.0006,), (0.0001,), reach=3)


class Brute(NamedTuple):
    """Replays of a small market at many thresholds."""

    market: Market
    thresholds: np.ndarray
    costs: np.ndarray


@pytest.fixture(scope="module")
def brute():
    """At 1,000 random thresholds, and close to every break point on either side."""
    tape = generate(SyntheticParams(seed=3, minutes=15))
    orders = make_orders(tape, OrderParams(size=700, horizon=60 * SECOND, every=20 * SECOND))
    market = prepare(tape, orders, ReplayParams(), FeeSchedule.packaged())
    objective = ShortfallObjective(market)
    assert objective.train.sum() >= 20
    found = make_landscape(objective, ROOMY, excess=0.0006)
    random = np.random.default_rng(8).uniform(found.low, found.high, 1000)
    ends = found.staircase.ends[:-1]
    assert len(ends) > 50
    # Costs that agree to 1e-9 are equal to a solver, which moves a break point by a little more.
    thresholds = np.concatenate([random, ends * (1 - 1e-7), ends * (1 + 1e-7)])
    risks = (asdict(RiskParams(0.0006, threshold, 0.0)) for threshold in thresholds)
    costs = np.array([objective.replay(risk).shortfall_bps for risk in risks])
    return Brute(market, thresholds, costs)


@pytest.mark.compiled
@pytest.mark.parametrize("name", ["mean", "mean+sd:0.5", "cvar:0.9", "cvar:0.5"])
def test_the_minimum_of_a_risk_measure_is_that_of_brute_force(brute, name):
    objective = ShortfallObjective(brute.market, measure=read_measure(name))
    found, train = make_landscape(objective, ROOMY, excess=0.0006), objective.train
    parts = (brute.costs[:, train], brute.costs[:, ~train])
    expected = np.array([[by_hand(name, costs) for costs in part] for part in parts]).T
    np.testing.assert_allclose(found.staircase.at(brute.thresholds), expected, rtol=1e-9)
    assert found.best.train_bps == pytest.approx(expected[:, 0].min(), rel=1e-9)
    low, high = found.best_piece
    within = (brute.thresholds > low) & (brute.thresholds < high)
    np.testing.assert_allclose(expected[within, 0], found.best.train_bps, rtol=1e-9)


def test_the_same_replays_serve_every_measure(odd_lots):
    space = penalties((0.001,), (0.0002,), (0.0001,), reach=3)
    mean = ShortfallObjective(odd_lots)
    risky = replace(mean, measure=read_measure("mean+sd:1"))
    found, alone = make_landscape(mean, space).measured(risky), make_landscape(risky, space)
    assert (found.excess, found.replays) == (alone.excess, alone.replays)
    for one, other in zip(found.staircase, alone.staircase, strict=True):
        np.testing.assert_array_equal(one, other)


def test_orders_are_measured_in_parts_where_they_are_many(odd_lots, monkeypatch):
    objective = ShortfallObjective(odd_lots, measure=read_measure("cvar:0.5"))
    space = penalties((0.001,), (0.0002,), (0.0001,), reach=3)
    whole = make_landscape(objective, space)
    monkeypatch.setattr("sor_opt.search.landscape._AT_ONCE", 7)
    for one, other in zip(whole.staircase, make_landscape(objective, space).staircase, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-13)


@pytest.mark.compiled
def test_a_landscape_of_orders_that_travel_is_exact(odd_lots):
    rules = replace(odd_lots.params, latency=Latency(300_000_000), feed_latency=Latency(50_000_000))
    fees = FeeSchedule.packaged()
    objective = ShortfallObjective(prepare(odd_lots.tape, odd_lots.orders, rules, fees))
    landscape = make_landscape(objective, SPACE, excess=0.0006)
    at_once = make_landscape(ShortfallObjective(odd_lots), SPACE, excess=0.0006)
    assert landscape.best != at_once.best
    assert_exact(objective, landscape, draws=100, excess=0.0006)


@pytest.mark.compiled
def test_a_landscape_of_orders_that_raise_their_asks_is_exact(odd_lots):
    """At random thresholds and beside every break point it is what a replay finds there."""
    rules = replace(odd_lots.params, impact=Impact(20.0, 10 * SECOND))
    fees = FeeSchedule.packaged()
    objective = ShortfallObjective(prepare(odd_lots.tape, odd_lots.orders, rules, fees))
    landscape = make_landscape(objective, SPACE, excess=0.0006)
    unmoved = make_landscape(ShortfallObjective(odd_lots), SPACE, excess=0.0006)
    assert landscape.best != unmoved.best
    assert_exact(objective, landscape, draws=300, excess=0.0006)
    assert landscape.breakpoints > 20
    for end in landscape.staircase.ends[:-1]:
        for threshold in (end * (1 - 1e-7), end * (1 + 1e-7)):
            found = objective(asdict(RiskParams(0.0006, threshold, 0.0)))
            np.testing.assert_allclose(landscape.staircase.at(threshold), found, rtol=1e-9)


@pytest.mark.compiled
@pytest.mark.parametrize("jobs", [2, 7])
def test_a_landscape_is_the_same_for_any_number_of_threads(odd_lots, jobs):
    space = penalties((0.001,), (0.0002,), (0.0001,), reach=3)
    alone = make_landscape(ShortfallObjective(odd_lots), space)
    shared = make_landscape(ShortfallObjective(odd_lots, jobs=jobs), space)
    assert alone.breakpoints > 10
    assert (shared.replays, shared.excess) == (alone.replays, alone.excess)
    for one, other in zip(alone.staircase, shared.staircase, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_flat_objective_is_one_piece(odd_lots):
    strict = Policy(Now(), Static(model=StaticModel(space="strict")))
    landscape = make_landscape(ShortfallObjective(odd_lots, strict), SPACE)
    assert landscape.breakpoints == 0
    assert landscape.excess is None


def test_without_any_book_to_trade_on_there_is_no_landscape(odd_lots):
    tape = odd_lots.tape
    orders = make_orders(tape, OrderParams(size=700, horizon=60 * SECOND))
    market = prepare(tape, orders, ReplayParams(), FeeSchedule.packaged())
    feed = market.feed.copy()
    feed["ask_size"] = 0.0
    with pytest.raises(DataError, match="no train order meets a book"):
        make_landscape(ShortfallObjective(replace(market, feed=feed)), SPACE)


def test_a_landscape_of_too_many_decisions_is_refused_as_it_goes(odd_lots):
    once = odd_lots.count_decisions()
    tight = replace(odd_lots, limits=Limits(decisions=once))
    with pytest.raises(
        ConfigError, match=r"the replays of the landscape take .* than the limit of"
    ):
        make_landscape(ShortfallObjective(tight), SPACE)


def test_an_absurd_excess_penalty_is_refused(odd_lots):
    with pytest.raises(ConfigError, match=r"excess must be at most 1e\+06, got 1e\+300"):
        make_landscape(ShortfallObjective(odd_lots), SPACE, 1e300)


@pytest.mark.parametrize("excess", [-1.0, float("nan"), float("inf")])
def test_an_excess_penalty_out_of_range_is_refused(odd_lots, excess):
    with pytest.raises(ConfigError, match="excess must be finite and >= 0"):
        make_landscape(ShortfallObjective(odd_lots), SPACE, excess)


STEPS = [
    (0, 0, 9.98, 100, 10.02, 100),
    (0, 1, 9.97, 100, 10.03, 100),
    (30, 0, 9.99, 100, 10.01, 100),
    (70, 0, 9.99, 100, 10.01, 500),
    (200, 0, 9.98, 100, 10.02, 500),
]
"""For an order of 300 at 0, 100 each at 20, 30 and later 10 bps above the mid; at 200 all at 20.

What is not bought is swept at second 60, where only what the order left is shown, and at 70.
"""

GRID = penalties((0.001,), (0.0012,), (0.0001,))
"""Its thresholds reach from 0.00006 + 0.000005 to 0.024 + 0.002: 26 cents at a mid of 10."""


def steps(market, **given):
    return ShortfallObjective(market(STEPS, starts=(0, 200), **{"size": 300, **given}))


def test_the_staircase_of_two_orders_by_hand(market):
    done = []
    objective = steps(market)
    found = make_landscape(objective, GRID, progress=lambda *at: done.append(at))
    assert (found.low, found.high) == (pytest.approx(0.000065), pytest.approx(0.026))
    assert found.staircase.ends == pytest.approx([0.001, 0.002, 0.026], rel=1e-6)
    # Below 10 bps all is swept at 10.01; below 20, of 100 at 10.01 at second 30, 100 at 10.03 at 60
    # and 100 at 10.01 at 70, 5 dollars; from 20 on, 100 at 10.02, 10.01 and 10.03, 6 dollars,
    # whether B's are bought or swept.
    expected = [[10.0, 20.0], [1e4 * 5 / 3000, 20.0], [20.0, 20.0]]
    np.testing.assert_allclose(found.staircase.values, expected, rtol=1e-9)
    assert found.excess is None
    assert found.breakpoints == 2
    assert found.best_piece == (pytest.approx(0.000065), pytest.approx(0.001))
    assert found.best == pytest.approx((10.0, 20.0))
    assert found.regret(12.5) == pytest.approx(2.5)
    # The first order is replayed on the sides of 10, 20 and 30 bps, the second of 20 and 30, where
    # B's 10.03 turns out to change nothing.
    assert found.replays == 4 + 3
    assert found.staircase.at(0.0015).tolist() == pytest.approx(expected[1])
    assert done == [(1, 2), (2, 2)]


def test_an_excess_penalty_that_matters_is_held_at_what_is_asked_or_the_grids_middle(market):
    """50 of 100 shares: 2 dollars at A, and 50 too many, against 50 short.

    At an excess penalty of 6 bps, 0.6 cents, the 50 are worth it from (2 + 0.30) / 50 on, 4.6
    cents. They are then given back at 9.98: 3 dollars of 500 for what is swept at 2.
    """
    objective = steps(market, size=50)
    found = make_landscape(objective, GRID, excess=0.0006)
    assert (found.excess, found.breakpoints) == (0.0006, 2)
    # In the first order's second 30 they cost 1 dollar and come down to 9.99: (1 + 0.30) / 50.
    assert found.staircase.ends == pytest.approx([0.0026, 0.0046, 0.026], rel=1e-6)
    expected = [[10.0, 20.0], [30.0, 20.0], [60.0, 60.0]]
    np.testing.assert_allclose(found.staircase.values, expected, rtol=1e-9)
    held = make_landscape(objective, GRID)
    assert held.excess == pytest.approx(0.0011)
    # (2 + 0.55) / 50 and (1 + 0.55) / 50
    assert held.staircase.ends == pytest.approx([0.0031, 0.0051, 0.026], rel=1e-6)
    assert joint_landscape(objective, GRID) is None


def test_the_landscape_is_the_static_routers_alone(market):
    placed = replace(steps(market), policy=named("placement"))
    assert joint_landscape(placed, GRID) is None
    with pytest.raises(ConfigError, match="the landscape is that of the static router"):
        make_landscape(placed, GRID)


def test_the_lowest_of_several_best_pieces_is_taken_and_unknown_values_are_none():
    nan = float("nan")
    values = np.array([[nan, 1.0], [2.0, 3.0], [4.0, 5.0], [2.0, 6.0]])
    found = Landscape(0.1, 0.5, Staircase(np.array([0.2, 0.3, 0.4, 0.5]), values), None, 1)
    assert found.best_piece == (0.2, 0.3)
    assert found.best == (2.0, 3.0)
    assert [found.staircase.at(t)[1] for t in (0.15, 0.2, 0.3, 0.31, 0.5)] == [1, 1, 3, 5, 6]
