import numpy as np
import pytest

from sor_opt.errors import ConfigError
from sor_opt.models.ladder import Allocation, LadderProblem, tie_tolerance


def problem(**changes):
    given = {
        "names": ("A", "B"),
        "offsets": [0, 2, 3],
        "fills": [[100.0, 80.0], [60.0, 0.0], [100.0, 100.0]],
        "costs": [1.0, 0.5, -2.0],
        "target": 200.0,
        "shortfall_penalty": 0.1,
        "excess_penalty": 0.2,
        "probabilities": np.array([0.25, 0.75]),
    }
    return LadderProblem(**(given | changes))


def test_the_cost_is_the_chosen_rungs_and_the_expected_penalties():
    chosen = np.array([2, 1])
    # Scenario 1 executes 260, 60 in excess; scenario 2 executes 180, 20 short.
    assert problem().executed(chosen).tolist() == [260.0, 180.0]
    assert problem().execution_cost(chosen) == pytest.approx(-0.5)
    assert problem().cost(chosen) == pytest.approx(-0.5 + 0.25 * 60 * 0.2 + 0.75 * 20 * 0.1)


def test_an_allocation_reports_expectations():
    found = Allocation(problem(), np.array([2, 1]), "feasible", 4.0, 3.0, "made up", 0.0)
    assert found.shares == {"A": 200.0, "B": 100.0}
    assert found.executed == pytest.approx(0.25 * 260 + 0.75 * 180)
    assert (found.underfill, found.overfill) == (pytest.approx(15.0), pytest.approx(15.0))
    assert found.gap == pytest.approx(1.0)


@pytest.mark.parametrize(("target", "rungs"), [(200.0, 2), (250.0, 4), (1e30, 4), (300.0, 3)])
def test_an_exact_total_that_cannot_be_met_asks_for_more_rungs_than_there_are(target, rungs):
    assert problem(target=target, exact_total=True).exact_rungs == rungs


def test_scenarios_are_equally_likely_by_default_and_one_is_a_column():
    assert problem(probabilities=np.empty(0)).probabilities.tolist() == [0.5, 0.5]
    single = problem(fills=[100.0, 60.0, 100.0], probabilities=np.empty(0))
    assert single.fills.shape == (3, 1)


@pytest.mark.parametrize(("step", "target", "rungs"), [(0.1, 0.3, 3), (100.0, 300.0, 3)])
def test_an_exact_total_is_a_number_of_rungs(step, target, rungs):
    exact = problem(step=step, target=target, exact_total=True)
    assert exact.exact_rungs == rungs
    assert exact.admits(np.array([2, 1]))
    assert not exact.admits(np.array([2, 0]))


def test_a_target_off_the_step_admits_nothing():
    exact = problem(target=250.0, exact_total=True)
    assert not any(exact.admits(np.array(n)) for n in [(0, 0), (2, 0), (2, 1)])


def test_a_free_total_admits_what_the_ladders_hold():
    assert problem().exact_rungs == -1
    assert problem().admits(np.array([0, 0]))
    assert not problem().admits(np.array([3, 0]))
    assert not problem().admits(np.array([-1, 0]))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"offsets": [0, 3]}, "one start per ladder"),
        ({"offsets": [0, 4, 3]}, "offsets must rise from 0"),
        ({"offsets": [0, 2, 1, 3]}, "one start per ladder"),
        ({"offsets": [1, 2, 3]}, "one start per ladder and the end, from 0"),
        ({"offsets": [0, 2, 4]}, "number of rungs, 3"),
        ({"fills": [[1.0, 1.0]]}, "fills must have shape"),
        ({"fills": [[1.0, 1.0], [1.0, np.inf], [1.0, 1.0]]}, "fills must be finite and >= 0"),
        ({"fills": [[1.0, 1.0], [1.0, -1.0], [1.0, 1.0]]}, "fills must be finite and >= 0"),
        ({"probabilities": np.array([-0.5, 1.5])}, "probabilities must be >= 0 and sum to 1"),
        ({"fills": np.full((3, 2), -1.0)}, "fills must be finite and >= 0"),
        ({"fills": np.full((3, 2), np.nan)}, "fills must be finite and >= 0"),
        ({"costs": [1.0, np.inf, 0.0]}, "costs must be finite"),
        ({"probabilities": np.array([0.5, 0.6])}, "probabilities must be >= 0 and sum to 1"),
        ({"target": 0.0}, "target must be > 0, got 0"),
        ({"step": -5.0}, "step must be > 0, got -5"),
        ({"shortfall_penalty": -1.0}, "shortfall_penalty must be finite and >= 0, got -1"),
        ({"excess_penalty": np.nan}, "excess_penalty must be finite and >= 0, got nan"),
        ({"excess_penalty": np.inf}, "excess_penalty must be finite and >= 0, got inf"),
    ],
)
def test_wrong_problems_are_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        problem(**changes)


def test_ties_are_relative_for_large_costs_and_absolute_for_small_ones():
    assert tie_tolerance(-800_000.0) == pytest.approx(8e-4)
    assert tie_tolerance(0.0) == pytest.approx(1e-9)


def test_a_problem_without_rungs_or_scenarios_is_whole():
    empty = problem(
        names=(), offsets=[0], fills=np.empty((0, 1)), costs=[], probabilities=np.empty(0)
    )
    assert empty.cost(np.empty(0, np.int64)) == pytest.approx(200 * 0.1)
    assert empty.probabilities.tolist() == [1.0]
    with pytest.raises(ConfigError, match="probabilities must be >= 0 and sum to 1"):
        problem(fills=np.empty((3, 0)), probabilities=np.empty(0))


@pytest.mark.parametrize("status", ["optimal", "feasible"])
def test_a_gap_is_what_a_proof_leaves_open(status):
    found = Allocation(problem(), np.array([2, 1]), status, 4.0, 3.0, "made up", 0.0)
    assert found.gap == (1.0 if status == "feasible" else 0.0)
    found.bound = 5.0
    assert found.gap == 0.0


def test_a_problem_holds_contiguous_floats_whatever_it_is_given():
    found = problem(
        target=200,
        step=50,
        costs=[1, 2, 3],
        fills=np.arange(12).reshape(3, 4)[:, ::2],
        probabilities=np.array([0, 9, 1, 9])[::2],
    )
    for name in ("target", "shortfall_penalty", "excess_penalty", "step"):
        assert type(getattr(found, name)) is float
    for name in ("costs", "fills", "probabilities"):
        column = getattr(found, name)
        assert (column.dtype, column.flags.c_contiguous) == (np.float64, True)
    assert found.offsets.dtype == np.int64
    assert found.executed(np.array([1, 1])).tolist() == [8.0, 12.0]
    assert found.cost(np.array([1, 1])) == pytest.approx(1 + 3 + 188 * 0.1)  # the second alone


def test_one_scenario_is_certain_where_nothing_else_is_said():
    found = LadderProblem(("A",), [0, 1], [100.0], [1.0], 150.0, 0.1, 0.2)
    assert found.probabilities.tolist() == [1.0]
    assert found.step == 100.0
    assert not found.exact_total


def test_rungs_are_one_number_per_ladder():
    for rungs in ([1], [1, 1, 1]):
        with pytest.raises(ValueError, match="zip"):
            problem().cost(np.array(rungs))
