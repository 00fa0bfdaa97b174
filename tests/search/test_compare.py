"""Strategies on equal terms."""

import os
import signal
import time
from dataclasses import replace

import numpy as np
import pytest
from search_fakes import SPACE, Staircase, Undefined

from sor_opt.backtest.market import ReplayParams, prepare
from sor_opt.backtest.orders import OrderParams, make_orders
from sor_opt.errors import ConfigError, DataError
from sor_opt.market.synthetic import SyntheticParams, generate
from sor_opt.market.tape import SECOND
from sor_opt.models.risk import RiskParams
from sor_opt.models.venues import FeeSchedule
from sor_opt.search import compare as module
from sor_opt.search.compare import CompareParams, Run, compare
from sor_opt.search.landscape import joint_landscape
from sor_opt.search.objective import ShortfallObjective
from sor_opt.search.samplers.registry import SAMPLERS

ALL = ("grid", "adaptive", "random", "qmc", "tpe", "cmaes")


def facts(comparison):
    """Everything but the times."""
    return [
        [
            (tuple(trial.params.values()), trial.outcome)
            for run in strategy.runs
            for trial in run.trials
        ]
        for strategy in comparison.strategies
    ], comparison.pairs


@pytest.fixture(scope="module")
def comparison():
    return compare(Staircase(), SPACE, CompareParams(ALL, budget=30, repeats=3, seed=5))


def test_strategies_with_seeds_run_with_each_of_them_and_others_once(comparison):
    runs = {strategy.name: len(strategy.runs) for strategy in comparison.strategies}
    assert runs == {"grid": 1, "adaptive": 1, "random": 3, "qmc": 3, "tpe": 3, "cmaes": 3}
    for strategy in comparison.strategies:
        assert len({tuple(run.trials[-1].params.values()) for run in strategy.runs}) == len(
            strategy.runs
        )


def test_nobody_evaluates_more_than_the_budget(comparison):
    points = {
        strategy.name: {len(run.trials) for run in strategy.runs}
        for strategy in comparison.strategies
    }
    assert points == {name: {27 if name == "grid" else 30} for name in ALL}


def test_curves_are_the_best_so_far_and_last_for_the_budget(comparison):
    for strategy in comparison.strategies:
        curves = strategy.curves(30)
        assert curves.shape == (len(strategy.runs), 30)
        assert (np.diff(curves) <= 0).all()
        assert (curves[:, -1] == strategy.outcomes[:, 0]).all()
        assert [run.trials[0].outcome.train_bps for run in strategy.runs] == curves[:, 0].tolist()


def test_winners_carry_their_test_cost(comparison):
    for strategy in comparison.strategies:
        assert (strategy.outcomes[:, 1] == strategy.outcomes[:, 0] + 1).all()


def test_strategies_are_ranked_by_their_median(comparison):
    medians = [np.median(strategy.outcomes[:, 0]) for strategy in comparison.strategies]
    assert medians == sorted(medians)


def test_every_pair_is_compared_once(comparison):
    names = [strategy.name for strategy in comparison.strategies]
    pairs = [(pair.first, pair.second) for pair in comparison.pairs]
    assert pairs == [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    assert all(
        (pair.test is None) == ({pair.first, pair.second} == {"grid", "adaptive"})
        for pair in comparison.pairs
    )


def test_the_same_seed_gives_the_same_comparison(comparison):
    assert facts(compare(Staircase(), SPACE, comparison.params)) == facts(comparison)


def test_another_seed_gives_another_one(comparison):
    other = compare(Staircase(), SPACE, replace(comparison.params, seed=6))
    assert facts(other) != facts(comparison)


@pytest.mark.parametrize("name", ALL)
def test_a_sampler_says_truly_whether_its_seed_matters(name):
    two = compare(Staircase(), SPACE, CompareParams((name,), 30, 1, seed=1))
    three = compare(Staircase(), SPACE, CompareParams((name,), 30, 1, seed=2))
    assert (facts(two) != facts(three)) == SAMPLERS[name].seeded


def test_time_in_the_objective_and_around_it_are_distinguished():
    (strategy,) = compare(
        Staircase(seconds=0.01), SPACE, CompareParams(("random",), 10, 1)
    ).strategies
    (run,) = strategy.runs
    assert 0.1 <= run.objective_seconds < 0.3
    assert 0 < run.overhead_seconds < 0.1
    assert strategy.storage_seconds > 0


def test_what_a_database_adds_is_the_overhead_with_it_less_that_without(database, monkeypatch):
    """A run by run: of two in memory the first counts, and it is the first that is kept too."""

    def search(self, name, seed, function, storage):
        seeds.append((seed, storage is not None))
        overhead = 0.75 if storage else 0.25 * len(seeds)
        return Run((), None, 1.0, overhead)

    seeds = []
    monkeypatch.setattr(module._Contest, "_search", search)
    params = CompareParams(("random",), 5, 2, seed=3)
    contest = module._Contest(Staircase(), SPACE, params, lambda *_: None, database)
    found = contest.enter("random")
    first, second = params.seeds("random")
    assert seeds == [(first, False), (second, False), (first, True)]
    assert [run.overhead_seconds for run in found.runs] == [0.25, 0.5]
    assert found.storage_seconds == 0.5


def test_progress_covers_the_whole_comparison_and_never_goes_back():
    seen = []
    params = CompareParams(("grid", "random"), budget=40, repeats=2)
    compare(Staircase(), SPACE, params, lambda *at: seen.append(at))
    assert {total for _, total in seen} == {120}
    done = [finished for finished, _ in seen]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (1, 120)
    assert 27 in done  # the grid's last point, and then its unused budget
    assert 40 in done


def test_one_evaluation_is_enough_for_a_comparison():
    result = compare(Staircase(), SPACE, CompareParams(ALL, budget=1, repeats=1))
    assert all(strategy.curves(1).shape == (1, 1) for strategy in result.strategies)


def test_ctrl_c_ends_the_whole_comparison():
    class Interrupted(Staircase):
        def __call__(self, params):
            evaluations.append(params)
            if len(evaluations) == 5:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.01)
            return super().__call__(params)

    evaluations = []
    with pytest.raises(KeyboardInterrupt):
        compare(Interrupted(), SPACE, CompareParams(("random", "tpe"), 20, 3))
    assert len(evaluations) == 5


def test_an_undefined_objective_is_refused():
    with pytest.raises(DataError, match="no train order has a shortfall"):
        compare(Undefined(), SPACE, CompareParams(("random",), 5, 1))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"budget": 0}, "budget must be >= 1, got 0"),
        ({"repeats": -1}, "repeats must be >= 1, got -1"),
        ({"strategies": ()}, "no strategy to compare; there are grid, adaptive"),
        ({"strategies": ("grid", "newton")}, "no sampler 'newton'; there are grid"),
        ({"strategies": ("tpe", "grid", "tpe")}, "strategy tpe is given twice"),
        ({"seed": -1}, "seed must be >= 0, got -1"),
        (
            {"budget": 10**12},
            "make 20,000,000,000,000 evaluations, more than the limit of 1,000,000",
        ),
        ({"repeats": 10**6, "budget": 2}, "make 2,000,000 evaluations, more than the limit of"),
    ],
)
def test_wrong_terms_are_refused(wrong, message):
    with pytest.raises(ConfigError, match=message):
        CompareParams(**{"strategies": ("grid",), **wrong})


@pytest.mark.compiled
def test_no_search_ever_beats_the_exact_optimum():
    tape = generate(SyntheticParams(seed=3, minutes=10))
    quotes = tape.quotes  # whole lots alone, so that the threshold decides everything
    whole = {name: np.ceil(getattr(quotes, name) / 100) * 100 for name in ("bid_size", "ask_size")}
    tape = replace(tape, quotes=replace(quotes, **whole))
    orders = make_orders(tape, OrderParams(size=1500, horizon=30 * SECOND, every=60 * SECOND))
    market = prepare(tape, orders, ReplayParams(), FeeSchedule.packaged())
    objective = ShortfallObjective(market)
    landscape = joint_landscape(objective, SPACE)
    assert landscape is not None
    found = compare(objective, SPACE, CompareParams(ALL, budget=40, repeats=2))
    for strategy in found.strategies:
        for trial in (trial for run in strategy.runs for trial in run.trials):
            assert landscape.regret(trial.outcome.train_bps) >= -1e-9
            exact = landscape.staircase.at(RiskParams(**trial.params).shortfall_penalty)
            np.testing.assert_allclose(trial.outcome, exact, rtol=1e-9, atol=1e-9)


MINE = """
from sor_opt.search.samplers.random import RandomSampler


class Mine(RandomSampler):
    seeded = False


class Grid(RandomSampler):
    name = "grid"
"""


def test_a_sampler_of_a_users_own_competes_under_its_name(tmp_path):
    (tmp_path / "mine.py").write_text(MINE)
    mine = f"{tmp_path}/mine.py:Mine"
    found = compare(Staircase(), SPACE, CompareParams(("random", mine), 5, 2))
    runs = {strategy.name: len(strategy.runs) for strategy in found.strategies}
    assert runs == {"random": 2, "Mine": 1}
    assert found.pairs[0].test == "sign"
    with pytest.raises(ConfigError, match="grid is the name of a sampler of the package"):
        CompareParams(("grid", f"{tmp_path}/mine.py:Grid"))
    with pytest.raises(ConfigError, match="strategy Mine is given twice"):
        CompareParams((mine, mine))
