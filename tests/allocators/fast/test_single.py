import numpy as np
import pytest
from ladder_problems import best_selection

from sor_opt.allocators.exhaustive import ExhaustiveAllocator
from sor_opt.allocators.fast.allocator import FastAllocator
from sor_opt.allocators.fast.single import FREE, solve_single
from sor_opt.allocators.integer import IntegerAllocator
from sor_opt.models.ladder import LadderProblem, tie_tolerance


def test_the_solver_reads_no_further_than_the_offsets_say():
    offsets = np.array([0, 2, 3])
    fills = np.array([100.0, 100.0, 100.0, 1e9, 1e9])
    costs = np.array([1.0, 1.0, 2.0, -1e9, -1e9])
    rungs = np.full(4, -7)
    assert solve_single(offsets, fills, costs, 300.0, 0.1, 0.1, FREE, rungs) == (4.0, 0.0)
    assert rungs.tolist() == [2, 1, -7, -7]


def test_more_rungs_than_there_are_is_infeasible():
    rungs = np.array([5, 5])
    offsets = np.array([0, 1, 2])
    ones = np.ones(2)
    assert solve_single(offsets, ones, ones, 3.0, 0.1, 0.1, 3, rungs)[0] == np.inf
    assert rungs.tolist() == [0, 0]


@pytest.mark.parametrize("exact_total", [False, True])
def test_unit_costs_may_fall_along_a_ladder(exact_total):
    problem = LadderProblem(
        ("A", "B"),
        [0, 2, 4],
        np.full(4, 100.0),
        [9.0, -6.0, 2.0, 2.5],
        200.0,
        0.05,
        0.05,
        exact_total=exact_total,
    )
    assert FastAllocator().solve(problem).rungs.tolist() == [2, 0]
    assert best_selection(problem).tolist() == [2, 0]


@pytest.mark.parametrize("seed", range(4))
def test_many_uneven_ladders_outgrow_the_first_table_of_states(seed):
    rng = np.random.default_rng(seed)
    ladders, height = 9, 4
    problem = LadderProblem(
        tuple(map(str, range(ladders))),
        np.arange(ladders + 1) * height,
        rng.uniform(1, 100, ladders * height),
        rng.normal(1.0, 1.0, ladders * height),
        900.0,
        0.05,
        0.04,
    )
    found, other = FastAllocator().solve(problem), IntegerAllocator().solve(problem)
    assert found.cost == pytest.approx(other.cost, rel=0, abs=tie_tolerance(other.cost))


@pytest.mark.parametrize("seed", range(4))
def test_uneven_rungs_under_an_exact_total(seed):
    rng = np.random.default_rng(seed)
    fills = rng.choice([100.0, 37.0, 80.5], 30)
    problem = LadderProblem(
        tuple("ABCDE"),
        np.arange(6) * 6,
        fills,
        fills * rng.choice([0.01, 0.02, -0.003], 30),
        1000.0,
        0.05,
        0.04,
        exact_total=True,
    )
    found, oracle = FastAllocator().solve(problem), ExhaustiveAllocator().solve(problem)
    assert found.rungs.tolist() == oracle.rungs.tolist()


def test_thirty_venues_that_all_tie_are_solved_exactly():
    height = 5
    fills = np.tile([100.0, 100.0, 100.0, 100.0, 37.0], 30)
    problem = LadderProblem(
        tuple(map(str, range(30))), np.arange(31) * height, fills, fills * 0.01, 5000.0, 0.1, 0.1
    )
    found = FastAllocator().solve(problem)
    assert found.cost == pytest.approx(50.0)
    assert found.rungs.sum() == 50
    assert found.rungs[:12].tolist() == [4] * 12
