"""The grid, and the objective it ranks by."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
from search_fakes import GRID, SPACE

from sor_opt.backtest.market import ReplayParams, prepare
from sor_opt.backtest.orders import OrderParams, make_orders
from sor_opt.market.book import BookParams
from sor_opt.market.synthetic import SyntheticParams, generate
from sor_opt.market.tape import SECOND
from sor_opt.models.risk import RiskParams
from sor_opt.models.static import StaticModel
from sor_opt.models.venues import FeeSchedule
from sor_opt.policies.policy import Policy
from sor_opt.policies.registry import SCHEDULES
from sor_opt.policies.routers.static import Static
from sor_opt.policies.schedules.now import Now
from sor_opt.search.grid import run_grid
from sor_opt.search.objective import ShortfallObjective


@pytest.fixture(scope="module")
def market():
    tape = generate(SyntheticParams(seed=3, minutes=30))
    orders = make_orders(tape, OrderParams(size=1000, horizon=120 * SECOND, every=180 * SECOND))
    return prepare(tape, orders, ReplayParams(), FeeSchedule.packaged())


def test_the_27_points_are_ranked_by_train_and_their_outcomes_counted(market):
    grid = run_grid(ShortfallObjective(market), SPACE)
    scores = [point.outcome.train_bps for point in grid.points]
    assert len(scores) == 27
    assert scores == sorted(scores)
    assert 1 < grid.distinct <= 27
    assert not grid.flat
    assert {tuple(point.params.values()) for point in grid.points} == set(GRID)


@pytest.mark.parametrize("jobs", [2, 7, 64])
def test_a_grid_is_the_same_for_any_number_of_threads(market, jobs):
    reported = []
    alone = run_grid(ShortfallObjective(market), SPACE)
    shared = run_grid(
        ShortfallObjective(market, jobs=jobs), SPACE, lambda *done: reported.append(done)
    )
    assert reported == [(done, 27) for done in range(1, 28)]
    for one, other in zip(alone.points, shared.points, strict=True):
        assert (one.params, one.outcome) == (other.params, other.outcome)
        assert one.result.outcome_key() == other.result.outcome_key()


def test_the_strict_space_is_flat(market):
    """Every admissible split executes the target exactly, so the parameters decide nothing."""
    strict = Policy(Now(), Static(model=StaticModel(space="strict")))
    grid = run_grid(ShortfallObjective(market, strict), SPACE)
    assert grid.flat


def test_points_of_one_threshold_and_excess_coincide(market):
    objective = ShortfallObjective(market)
    one = objective.replay(asdict(RiskParams(0.0010, 0.0005, 0.0001)))
    other = objective.replay(asdict(RiskParams(0.00105, 0.00055, 0.00005)))
    assert one.outcome_key() == other.outcome_key()


def test_train_and_test_are_split_by_time(market):
    objective = ShortfallObjective(market)
    n = len(market.orders)
    assert objective.train.sum() == n * 7 // 10
    assert not np.diff(objective.train.astype(int)).max() > 0
    result = objective.replay({})
    outcome = objective.outcome(result)
    assert outcome.train_bps == pytest.approx(result.shortfall_bps[objective.train].mean())
    assert outcome.test_bps == pytest.approx(result.shortfall_bps[~objective.train].mean())


def fingerprint(tape, size=1000, rules=ReplayParams(), static=StaticModel(), schedule="now"):  # noqa: B008
    orders = make_orders(tape, OrderParams(size=size, every=180 * SECOND))
    market = prepare(tape, orders, rules, FeeSchedule.packaged())
    policy = Policy(SCHEDULES[schedule](), Static(model=static))
    return ShortfallObjective(market, policy).fingerprint(SPACE.all_names)


def test_the_fingerprint_tells_data_orders_rules_and_policy_apart(market):
    base = fingerprint(market.tape)

    def differs(**changes):
        other = fingerprint(**{"tape": market.tape, **changes})
        return {key for key in base if base[key] != other[key]}

    assert differs() == set()
    assert differs(size=900) == {"orders"}
    assert differs(rules=ReplayParams(BookParams(SECOND))) == {"rules"}
    assert differs(static=StaticModel(space="strict")) == {"policy"}
    assert differs(schedule="twap") == {"policy"}
    assert "data" in differs(tape=generate(SyntheticParams(seed=4, minutes=30)))


def test_the_fingerprint_does_not_know_of_threads(market):
    one, several = ShortfallObjective(market), ShortfallObjective(market, jobs=4)
    assert one.fingerprint(()) == several.fingerprint(())


def test_the_seconds_are_those_of_the_replays(market, monkeypatch):
    clock = iter((100.0, 103.5))
    monkeypatch.setattr("sor_opt.search.grid.time.perf_counter", lambda: next(clock))
    assert run_grid(ShortfallObjective(market), SPACE).seconds == 3.5
