from itertools import product

import numpy as np
import pytest
from hypothesis import given
from ladder_problems import ladder_problems

from sor_opt.allocators.exhaustive import MOST_POINTS, ExhaustiveAllocator, count_points
from sor_opt.allocators.fast.allocator import FastAllocator
from sor_opt.errors import ConfigError, SolverError
from sor_opt.models.ladder import LadderProblem


@given(problem=ladder_problems())
def test_the_points_are_the_admissible_selections(problem):
    selections = product(*(range(h + 1) for h in problem.heights))
    assert count_points(problem) == sum(problem.admits(np.array(n)) for n in selections)


def even(heights, target=500.0):
    rungs = sum(heights)
    offsets = np.concatenate([[0], np.cumsum(heights)])
    costs = np.linspace(1.0, 2.0, rungs)
    names = tuple(map(str, range(len(heights))))
    return LadderProblem(names, offsets, np.full(rungs, 99.0), costs, target, 0.1, 0.1)


def test_a_lattice_above_the_limit_is_refused_with_its_size_and_the_mend():
    with pytest.raises(SolverError, match=r"1,331 points.*limit of 1,000.*--limit 1331"):
        ExhaustiveAllocator(limit=1000).solve(even([10, 10, 10]))


@pytest.mark.parametrize("exact", [False, True])
def test_points_beyond_counting_are_refused_and_no_limit_lets_them_in(exact):
    rungs = 20 * 500
    problem = LadderProblem(
        tuple(map(str, range(20))), np.arange(21) * 500, np.full(rungs, 99.0), np.ones(rungs),
        500_000.0, 0.1, 0.1, exact_total=exact,
    )  # fmt: skip
    assert count_points(problem) == MOST_POINTS
    refusal = (
        "would evaluate 100,000,000,000 or more points, more than its limit of 99,999,999,999; use"
    )
    with pytest.raises(SolverError, match=refusal):
        ExhaustiveAllocator(MOST_POINTS - 1).solve(problem)
    for limit in (0, MOST_POINTS):
        with pytest.raises(ConfigError, match="limit must be > 0 and below 100,000,000,000, got"):
            ExhaustiveAllocator(limit)


@pytest.mark.compiled
def test_progress_tells_the_points_first_and_then_goes_on():
    seen = []
    problem = even([50, 50, 50, 50], 6000.0)
    found = ExhaustiveAllocator(progress=lambda *call: seen.append(call)).solve(problem)
    assert seen[0] == (0, 51**4)
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert len(seen) > 1
    assert found.rungs.tolist() == FastAllocator().solve(problem).rungs.tolist()


def test_no_venue_at_all_leaves_one_selection():
    problem = LadderProblem((), [0], np.empty((0, 1)), [], 500.0, 0.1, 0.1)
    assert count_points(problem) == 1
    assert ExhaustiveAllocator().solve(problem).cost == pytest.approx(50.0)
