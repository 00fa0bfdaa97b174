import numpy as np
import pytest

from sor_opt.allocators.base import IntegerParams
from sor_opt.allocators.exhaustive import ExhaustiveAllocator
from sor_opt.allocators.integer import CbcAllocator, IntegerAllocator
from sor_opt.errors import ConfigError, SolverError
from sor_opt.models.ladder import LadderProblem, tie_tolerance

both = pytest.mark.parametrize("kind", [IntegerAllocator, CbcAllocator])


def hard(scenarios=60, ladders=6, height=12):
    rng = np.random.default_rng(3)
    rungs = ladders * height
    fills = rng.uniform(20, 100, (rungs, 1)) * rng.choice([0, 0.3, 1], (rungs, scenarios))
    names = tuple(map(str, range(ladders)))
    offsets = np.arange(ladders + 1) * height
    return LadderProblem(names, offsets, fills, rng.normal(0, 5, rungs), 1500.0, 0.1, 0.1)


@both
def test_what_is_not_proven_is_not_reported_as_optimal(kind):
    found = kind(IntegerParams(gap=0.2)).solve(hard())
    assert found.status == "feasible"
    assert found.bound < found.cost
    assert found.gap == pytest.approx(found.cost - found.bound)


def test_cbcs_bound_is_that_of_the_linear_relaxation():
    """A rung of 100 shares at 1 dollar for a target of 50: half of it would do, for 0.5.

    Whole, it costs 1 and an excess of 50 x 0.01; none at all leaves 50 x 0.04 short.
    """
    problem = LadderProblem(("A",), [0, 1], [100.0], [1.0], 50.0, 0.04, 0.01)
    found = CbcAllocator(IntegerParams(gap=0.9)).solve(problem)
    assert (found.rungs.tolist(), found.cost, found.status) == ([1], 1.5, "feasible")
    assert found.bound == pytest.approx(0.5)
    assert CbcAllocator().solve(problem).status == "optimal"


@both
def test_a_gap_that_the_bound_closes_is_a_proof(kind):
    problem = LadderProblem(("A",), [0, 2], [100.0, 100.0], [1.0, 1.0], 200.0, 0.1, 0.1)
    assert kind(IntegerParams(gap=0.1)).solve(problem).status == "optimal"


@both
def test_no_split_within_the_time_limit_is_an_error(kind):
    with pytest.raises(SolverError, match="found no split"):
        kind(time_limit=1e-3).solve(hard(scenarios=200, ladders=8, height=25))


@both
def test_differences_near_the_tie_tolerance_are_distinguished(kind):
    # 50 rungs of about 15,614 dollars that differ by hundredths of a cent.
    costs = 15614.0 + np.random.default_rng(5).permutation(50) * 1e-4
    problem = LadderProblem(
        tuple(map(str, range(50))), np.arange(51), np.full(50, 100.0), costs, 2000.0, 0.1, 0.1,
        exact_total=True,
    )  # fmt: skip
    cheapest = np.sort(costs)[:20].sum()
    found = kind().solve(problem)
    assert found.cost == pytest.approx(cheapest, rel=0, abs=tie_tolerance(cheapest))


@both
def test_small_costs_are_solved_to_the_same_relative_precision(kind):
    rng = np.random.default_rng(7)
    fills = rng.uniform(0.1, 1.0, 12)
    problem = LadderProblem(
        tuple("ABCD"),
        np.arange(5) * 3,
        fills,
        fills * rng.normal(0, 1e-3, 12),
        5.0,
        2e-3,
        1e-3,
        1.0,
    )
    found, oracle = kind().solve(problem), ExhaustiveAllocator().solve(problem)
    assert found.cost == pytest.approx(oracle.cost, rel=0, abs=1e-9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"gap": -0.1}, "gap must be >= 0, got -0.1"),
        ({"max_terms": 0}, "max_terms must be >= 1, got 0"),
    ],
)
def test_params_check_themselves(arguments, message):
    with pytest.raises(ConfigError, match=message):
        IntegerParams(**arguments)
