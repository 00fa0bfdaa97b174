"""Moves of the local search, each on a problem that needs it."""

import numpy as np
import pytest

from sor_opt.allocators.fast.local_search import (
    ANY_RADIUS,
    UNLIMITED_STEPS,
    _exchange,
    descend,
    local_search,
)
from sor_opt.allocators.fast.tables import tables_of
from sor_opt.models.ladder import LadderProblem


def problem(heights, fills, costs, target, under=1.0, over=1.0, **more):
    """Ladders of rungs; `fills` has a row per rung, a column per scenario."""
    offsets = np.concatenate([[0], np.cumsum(heights)])
    names = tuple(map(str, range(len(heights))))
    return LadderProblem(names, offsets, np.array(fills, float), costs, target, under, over, **more)


def descended(given, start):
    rungs = np.array(start)
    cost, _ = descend(tables_of(given), ANY_RADIUS, UNLIMITED_STEPS, rungs)
    assert cost == pytest.approx(given.cost(rungs))
    return rungs.tolist(), cost


def test_an_exchange_may_empty_a_ladder_and_fill_another():
    """Each alone is stuck: a share more or less than 200 costs a dollar, the second a cent less."""
    given = problem([2, 2], [[100]] * 4, [2.0, 2.0, 1.0, 1.0], 200.0)
    assert descended(given, [2, 0]) == ([0, 2], 2.0)


def test_an_exchange_takes_as_many_rungs_as_pay():
    """The second rung of ladder 1 costs 1, its third 9: two of ladder 0's rungs go, one stays."""
    given = problem([3, 3], [[100]] * 6, [4.0, 4.0, 4.0, 1.0, 1.0, 9.0], 300.0)
    assert descended(given, [3, 0]) == ([1, 2], 6.0)


@pytest.mark.parametrize(("costs", "chosen"), [((1.0, 1.0, 9.0), 2), ((1.0, 9.0, 9.0), 1)])
def test_one_exchange_goes_as_far_as_it_pays(costs, chosen):
    """Ladder 2's rungs take the place of ladder 0's, 4 each, in one go."""
    given = problem([3, 1, 3], [[100]] * 7, [4.0, 4.0, 4.0, 50.0, *costs], 300.0)
    rungs, gap = np.array([3, 0, 0]), np.zeros(1)
    assert _exchange(tables_of(given), 0.0, gap, rungs)
    assert rungs.tolist() == [3 - chosen, 0, chosen]
    assert gap.tolist() == [0.0]
    assert not _exchange(tables_of(given), 0.0, gap, rungs)


def test_a_line_search_passes_a_rung_that_does_not_pay_alone():
    given = problem([3], [[50], [50], [50]], [60.0, 1.0, 90.0], 150.0)
    # 150 short at 0; 60 + 100 short; 61 + 50 short; 151 and nothing short.
    assert descended(given, [0]) == ([2], 111.0)
    assert descended(given, [3]) == ([2], 111.0)


def test_a_search_looks_at_the_whole_ladder_before_it_ends():
    """Ten rungs of which only the last, five away from any pause, makes up for the others."""
    costs = [1.0] * 9 + [-20.0]
    given = problem([10, 1], [[0.0]] * 10 + [[100.0]], [*costs, 5.0], 100.0)
    assert descended(given, [0, 0]) == ([10, 1], -6.0)


def test_penalties_weigh_by_probability():
    """Rung 1 fills in scenario 0 alone, 3 in 4 likely: 75 expected dollars for 74, not for 76."""
    for cost, chosen in ((74.0, 1), (76.0, 0)):
        given = problem([1], [[100, 0]], [cost], 100.0, probabilities=np.array([0.75, 0.25]))
        assert descended(given, [0])[0] == [chosen]


def test_excess_is_paid_in_the_scenarios_that_have_it():
    """Two rungs of 100 for a target of 100: both fill in one scenario of two, none in the other."""
    given = problem([2], [[100, 0], [100, 0]], [1.0, 1.0], 100.0, under=1.0, over=0.5)
    # 0 rungs: 100. 1: 1 + 50 short. 2: 2 + 50 short + 25 over.
    assert descended(given, [2]) == ([1], 51.0)


def test_a_search_starts_from_empty_and_from_full_and_keeps_the_better():
    """All three are of use only together: 300 at once, or nothing."""
    given = problem([1, 1, 1], [[100]] * 3, [60.0, 60.0, 60.0], 300.0, under=0.5)
    # Empty: 150. Any rung more costs 60 and saves 50; none of the moves helps from there.
    rungs = np.zeros(3, np.int64)
    assert local_search(tables_of(given), UNLIMITED_STEPS, rungs)[0] == pytest.approx(150.0)
    assert rungs.tolist() == [0, 0, 0]
    full = problem([1, 1, 1], [[100]] * 3, [40.0, 40.0, 40.0], 300.0, under=0.5)
    assert local_search(tables_of(full), UNLIMITED_STEPS, rungs)[0] == pytest.approx(120.0)
    assert rungs.tolist() == [1, 1, 1]
