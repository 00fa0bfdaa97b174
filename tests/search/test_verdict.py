"""What is kept of a search's points, and who is named better."""

from types import SimpleNamespace

import numpy as np
import pytest
from search_fakes import SPACE

from sor_opt.backtest.market import ReplayParams, prepare
from sor_opt.backtest.orders import OrderParams, make_orders
from sor_opt.backtest.risk import Cvar
from sor_opt.market.synthetic import SyntheticParams, generate
from sor_opt.market.tape import SECOND
from sor_opt.models.venues import FeeSchedule
from sor_opt.search.compare import CompareParams, Comparison, Run, Strategy
from sor_opt.search.grid import default_point, run_grid
from sor_opt.search.kept_costs import KeptCosts
from sor_opt.search.objective import ShortfallObjective
from sor_opt.search.selection import pbo, spa
from sor_opt.search.significance import Pair
from sor_opt.search.studies.trials import FinishedTrial
from sor_opt.search.verdict import judge_comparison, saved_on_default, selection_of, winner_of


@pytest.fixture(scope="module")
def objective():
    tape = generate(SyntheticParams(seed=3, minutes=60))
    orders = make_orders(tape, OrderParams(size=1000, horizon=60 * SECOND, every=90 * SECOND))
    return ShortfallObjective(prepare(tape, orders, ReplayParams(), FeeSchedule.packaged()))


@pytest.fixture(scope="module")
def grid(objective):
    return run_grid(objective, SPACE)


def test_costs_are_kept_and_those_of_other_processes_replayed(objective):
    points = SPACE.grid()
    kept = KeptCosts(objective)
    kept.prepare()
    assert kept.fingerprint(()) == objective.fingerprint(())
    assert [kept(params) for params in points[:5]] == [objective(params) for params in points[:5]]
    told = []
    table = kept.table([*points, points[0]], lambda *done: told.append(done))
    assert told == [(done, 22) for done in range(1, 23)]
    expected = [objective.replay(params).shortfall_bps for params in points]
    np.testing.assert_array_equal(table, np.column_stack(expected))


def test_a_selection_is_of_all_orders_and_of_those_that_chose(objective, grid):
    default = default_point(objective, SPACE).result
    found = selection_of(objective, grid.costs, default, seed=4)
    orders, train = objective.market.orders, objective.train
    assert found.tried == 27
    assert 1 < found.distinct <= 27
    assert found.pbo == pbo(grid.costs, orders)
    chose = orders.select(np.flatnonzero(train))
    assert found.spa_p == spa(grid.costs[train], default.shortfall_bps[train], chose, 4)


def test_spa_is_of_the_mean_alone(objective, grid):
    risky = ShortfallObjective(objective.market, measure=Cvar(0.9))
    found = selection_of(risky, grid.costs, default_point(objective, SPACE).result)
    assert found.spa_p is None
    assert found.pbo == pbo(grid.costs, objective.market.orders, Cvar(0.9))


def test_what_a_point_saves_on_the_default_is_of_test_orders(objective, grid):
    default = default_point(objective, SPACE).result
    saved = saved_on_default(objective, grid.best.result, default)
    test = ~objective.train
    difference = (default.shortfall_bps - grid.best.result.shortfall_bps)[test]
    assert saved.mean == pytest.approx(difference.mean())
    assert saved_on_default(objective, default, default).mean == 0.0


def contest(objective, points, **pair):
    """Two strategies of one run each, which found the points."""
    runs = [
        Run((trial,), trial, 0.0, 0.0)
        for trial in (FinishedTrial(0, point, (objective(point),), 0.0) for point in points)
    ]
    strategies = tuple(
        Strategy(name, (run,), 0.0) for name, run in zip(("one", "two"), runs, strict=True)
    )
    told = {"lower": 1.0, "test": "sign", "p": 0.01, "p_holm": 0.01} | pair
    params = CompareParams(("grid", "random"), 1, 1)
    return Comparison(params, strategies, (Pair("one", "two", **told),))


@pytest.mark.parametrize(
    ("pair", "wins"),
    [
        ({}, True),
        ({"p_holm": 0.05}, False),
        ({"test": None, "p": None, "p_holm": None}, True),
        ({"lower": 0.5, "test": None, "p": None, "p_holm": None}, False),
    ],
)
def test_a_winner_is_lower_than_every_other_beyond_chance(objective, grid, pair, wins):
    found = contest(objective, [grid.best.params] * 2, **pair)
    results = dict.fromkeys(("one", "two"), grid.best.result)
    assert winner_of(objective, found, results) == ("one" if wins else None)


def costing(objective, bps):
    """A result whose orders all fill, at about so many bps."""
    market = objective.market
    costs = bps + np.random.default_rng(5).normal(0.0, 0.1, len(market.orders))
    filled = np.ones(len(costs), dtype=bool)
    return SimpleNamespace(
        market=market, complete=filled, shortfall_bps=costs, duration_s=60.0 * filled
    )


def test_a_winner_is_not_contradicted_by_the_test_orders(objective, grid):
    cheap, dear = costing(objective, 1.0), costing(objective, 3.0)
    found = contest(objective, [grid.best.params] * 2)
    assert winner_of(objective, found, {"one": dear, "two": cheap}) is None
    assert winner_of(objective, found, {"one": cheap, "two": dear}) == "one"
    assert winner_of(objective, found, {"one": cheap, "two": cheap}) == "one"


def test_a_comparison_is_judged_by_its_median_runs_and_by_all(objective, grid):
    points = [grid.best.params, grid.points[-1].params]
    results = {"one": grid.best.result, "two": grid.points[-1].result}
    compared, default = contest(objective, points), default_point(objective, SPACE)
    found = judge_comparison(KeptCosts(objective), compared, results, default)
    assert found.all_points.tried == 2
    assert {name: each.tried for name, each in found.selections.items()} == {"one": 1, "two": 1}
    assert found.selections["one"].pbo is None
    assert found.saved.keys() == {"one", "two"}
