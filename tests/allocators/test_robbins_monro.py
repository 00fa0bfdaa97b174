"""Steps of the stochastic approximation, worked by hand."""

import math

import numpy as np
import pytest

from sor_opt.allocators.robbins_monro import RobbinsMonroAllocator, _begin, _iterate, _Ladders
from sor_opt.models.ladder import LadderProblem


def mean_iterate(heights, fills, costs, drawn, target=200.0):
    offsets = np.concatenate([[0], np.cumsum(heights)])
    fills, costs = np.array(fills, float), np.array(costs, float)
    at, total = np.empty(len(heights)), np.zeros(len(heights))
    ladders = _Ladders(offsets, fills, costs, target, 0.05, 0.03, 100.0)
    gamma = _begin(ladders, len(drawn), at)
    _iterate(ladders, np.array(drawn), gamma, at, total)
    return (total / len(drawn)).tolist()


def test_one_ladder_step_by_step():
    """Two rungs of 100 at a cent a share, penalties of 5 and 3 cents: the steepest slope is 9.

    The first step starts at 200 shares, the target: only the cent pulls, down by gamma x 0.01. From
    then on 5 - 1 cents push up whenever shares are missing, as far as the ladder goes.
    """
    fills, costs = [[100.0], [100.0]], [1.0, 1.0]
    gamma = 200 / (0.09 * math.sqrt(1))
    assert mean_iterate([2], fills, costs, [0]) == pytest.approx([2 - gamma * 0.01 / 100])
    gamma = 200 / (0.09 * math.sqrt(4))
    down = 2 - gamma * 0.01 / 100
    assert down + gamma * 0.04 / 100 > 2
    assert mean_iterate([2], fills, costs, [0] * 4) == pytest.approx([(down + 2 + down + 2) / 4])


def test_too_many_shares_pull_down_by_the_excess_penalty_too():
    """Of 100 wanted the equal split is one rung, which executes 150."""
    gamma = 100 / (0.09 * math.sqrt(1))
    found = mean_iterate([2], [[150.0], [150.0]], [1.0, 1.0], [0], target=100.0)
    # At a rung's end the next one's slope counts: 1 + 3 x 150 / 100 cents.
    assert found == pytest.approx([1 - gamma * (0.01 + 0.03 * 1.5) / 100])


def test_every_ladder_with_rungs_takes_its_share_of_the_start_and_of_the_step():
    """Two ladders of 200 shares between them, one in the middle without rungs.

    A's rungs cost a cent, C's one gains half a cent and fills 50 in the first scenario alone. The
    steepest slopes are 0.01 + 0.08 and 0.005 + 0.08; one ladder less than there are, 1, scales.
    """
    fills = [[100.0, 100.0], [100.0, 100.0], [50.0, 0.0]]
    gamma = 200 / math.sqrt(0.09**2 + 0.085**2)
    first = 1 + gamma * 0.04 / 100  # short by 50: (0.01 - 0.05) a share
    assert mean_iterate([2, 0, 1], fills, [1.0, 1.0, -0.5], [0]) == pytest.approx([first, 0, 1])
    # Where C's rung costs 1 cent it is not filled in the second scenario, and only costs.
    gamma = 200 / math.sqrt(0.09**2 + 0.09**2)
    found = mean_iterate([2, 0, 1], fills, [1.0, 1.0, 1.0], [1])
    assert found == pytest.approx([1 + gamma * 0.04 / 100, 0, 1 - gamma * 0.01 / 100])


def test_a_part_of_a_rung_executes_its_part():
    """150 wanted of A and C, 75 of each: A's 0.75 rungs and C's 0.75 of 40 shares are 105."""
    fills = [[100.0], [100.0], [40.0]]
    gamma = 150 / math.sqrt(0.09**2 + 0.09**2)
    found = mean_iterate([2, 1], fills, [1.0, 1.0, 1.0], [0], target=150.0)
    slopes = (0.01 - 0.05), (0.01 - 0.05 * 0.4)
    assert found == pytest.approx([0.75 - gamma * slope / 100 for slope in slopes])


def test_three_ladders_step_by_the_root_of_two():
    fills, costs = [[100.0]] * 3, [1.0] * 3
    gamma = math.sqrt(2) * 90 / math.sqrt(3 * 0.09**2)
    # 30 of each, which is what is wanted: the cent alone pulls.
    assert mean_iterate([1, 1, 1], fills, costs, [0], target=90.0) == pytest.approx(
        [0.3 - gamma * 0.01 / 100] * 3
    )


def test_the_answer_is_the_mean_in_whole_rungs():
    """Means of 1.94 rungs are 2; cost and status are those of a selection that is not proven."""
    problem = LadderProblem(("A",), [0, 2], np.full(2, 100.0), [1.0, 1.0], 200.0, 0.05, 0.03)
    found = RobbinsMonroAllocator(4).solve(problem)
    assert (found.rungs.tolist(), found.cost, found.status) == ([2], 2.0, "feasible")
    assert found.bound == -math.inf
