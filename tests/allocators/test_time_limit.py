"""Every allocator keeps to a time limit and says honestly what it then has."""

from __future__ import annotations

import math
from time import perf_counter

import numba
import numpy as np
import pytest

from sor_opt.allocators.base import Clock, IntegerParams
from sor_opt.allocators.exhaustive import ExhaustiveAllocator
from sor_opt.allocators.fast.allocator import FastAllocator
from sor_opt.allocators.fast.selections import Penalties
from sor_opt.allocators.fast.single import solve_within
from sor_opt.allocators.integer import CbcAllocator, IntegerAllocator
from sor_opt.allocators.registry import ALLOCATORS
from sor_opt.allocators.robbins_monro import RobbinsMonroAllocator
from sor_opt.errors import ConfigError, SolverError
from sor_opt.models.ladder import LadderProblem, tie_tolerance

SLACK = 60 if numba.config.DISABLE_JIT else 5
"""Seconds that a loaded machine, or one without the compiler, may add to a limit."""


def drawn(scenarios: int, ladders: int, height: int, exact: bool = False) -> LadderProblem:
    rng = np.random.default_rng(3)
    rungs = ladders * height
    fills = rng.uniform(20, 100, (rungs, 1)) * rng.choice([0, 0.3, 1], (rungs, scenarios))
    return LadderProblem(
        tuple(map(str, range(ladders))),
        np.arange(ladders + 1) * height,
        fills,
        rng.normal(0, 5, rungs),
        100.0 * round(0.3 * rungs),
        0.1,
        0.1,
        exact_total=exact,
    )


def odd_lots(venues: int) -> LadderProblem:
    """One odd lot at each venue, all at one price: every subset is a total of its own."""
    fills = np.random.default_rng(1).uniform(50, 100, venues)
    target = float(0.4 * fills.sum())
    return LadderProblem(
        tuple(map(str, range(venues))), np.arange(venues + 1), fills, fills * 0.01, target, 0.1, 0.1
    )


HARD = drawn(scenarios=300, ladders=8, height=40)


@pytest.mark.parametrize(
    ("allocator", "problem"),
    [
        (ExhaustiveAllocator(limit=10**11 - 1), drawn(300, 6, 40)),
        (FastAllocator(), drawn(2_000, 12, 60)),
        (FastAllocator(certify=True), drawn(2_000, 12, 60)),
        (RobbinsMonroAllocator(100_000_000), drawn(2_000, 12, 60)),
    ],
    ids=["exhaustive", "fast", "certified", "robbins-monro"],
)
def test_the_best_in_time_is_feasible_and_claims_nothing(allocator, problem):
    timed = allocator.within(0.1)
    began = perf_counter()
    found = timed.solve(problem)
    assert perf_counter() - began < 0.1 + SLACK
    assert found.status == "feasible"
    assert problem.admits(found.rungs)
    assert found.cost == pytest.approx(problem.cost(found.rungs))
    assert found.bound <= found.cost
    assert allocator.time_limit is None


@pytest.mark.parametrize("kind", [IntegerAllocator, CbcAllocator])
def test_an_integer_program_is_written_within_the_time_too(kind):
    large = drawn(2_000, 8, 250)
    began = perf_counter()
    with pytest.raises(SolverError, match=r"found no split.*--time-limit"):
        kind(IntegerParams(max_terms=10**7)).within(0.2).solve(large)
    assert perf_counter() - began < 0.2 + SLACK


def test_cbc_that_does_not_end_is_ended(monkeypatch):
    monkeypatch.setattr("sor_opt.allocators.integer._OVERRUN", 0.0)
    with pytest.raises(SolverError, match=r"integer-cbc found no split within .* s"):
        CbcAllocator().within(5).solve(HARD)


def test_an_exhaustive_search_without_a_split_in_time_has_no_answer():
    one = drawn(1, 9, 12, exact=True)
    allocator = ExhaustiveAllocator(limit=10**11 - 1).within(1e-9)
    with pytest.raises(SolverError, match="exhaustive found no split: the time limit of 1e-09 s"):
        allocator.solve(one)


@pytest.mark.parametrize("name", ALLOCATORS)
def test_with_time_enough_the_answer_is_the_same(name):
    several = drawn(3, 3, 4)
    allocator = ALLOCATORS.make(name).proving()
    for problem in (several, odd_lots(8)):
        found, timed = allocator.solve(problem), allocator.within(60).solve(problem)
        assert timed.rungs.tolist() == found.rungs.tolist()
        assert (timed.status, timed.cost, timed.bound) == (found.status, found.cost, found.bound)


@pytest.mark.compiled
def test_odd_lots_beyond_number_are_given_up_with_the_gap_that_is_left():
    problem = odd_lots(40)
    found = FastAllocator().within(0.3).solve(problem)
    assert found.status == "feasible"
    assert problem.admits(found.rungs)
    # A share costs a cent, so the target itself costs target / 100, and nothing costs less.
    lowest = problem.target * 0.01
    assert found.bound == pytest.approx(lowest)
    assert lowest < found.cost <= lowest + 100 * 0.1


@pytest.mark.compiled
def test_steps_are_bounded_with_time_left(monkeypatch):
    """As are `STATES`, and `STEPS` without a time limit, both of which are compiled in."""
    for name in ("_USUAL_STEPS", "STEPS"):
        monkeypatch.setattr(f"sor_opt.allocators.fast.allocator.{name}", 2_000_000)
    assert FastAllocator().within(60).solve(odd_lots(40)).status == "feasible"


def solve_in_a_step(offsets, fills, costs, *numbers):
    """`solve_single` with a knapsack that gives up at once."""
    *penalties, exact, rungs = numbers
    return solve_within(offsets, fills, costs, Penalties(*penalties), exact, 1, rungs)


def test_the_last_word_settles_what_was_given_up(monkeypatch):
    monkeypatch.setattr("sor_opt.allocators.fast.allocator.solve_single", solve_in_a_step)
    monkeypatch.setattr(FastAllocator, "_last_word", lambda _: ExhaustiveAllocator())
    problem = odd_lots(12)
    alone, settled = (
        FastAllocator().solve(problem),
        FastAllocator(certify=True).solve(problem),
    )
    best = ExhaustiveAllocator().solve(problem)
    assert alone.status == "feasible"
    assert settled.status == "optimal"
    assert settled.rungs.tolist() == best.rungs.tolist()
    assert settled.cost == pytest.approx(best.cost, rel=0, abs=tie_tolerance(best.cost))


def test_the_tighter_of_two_limits_holds():
    assert ExhaustiveAllocator().within(2).within(3).time_limit == 2
    assert IntegerAllocator(time_limit=5).within(3).time_limit == 3
    for seconds in (0, -1, math.nan, math.inf):
        with pytest.raises(ConfigError, match=f"time_limit must be > 0, got {seconds:g}"):
            FastAllocator().within(seconds)


def test_without_a_limit_there_is_one_attempt_with_all_steps():
    tried = []
    assert not Clock().within(lambda steps: bool(tried.append(steps)), 7)
    assert tried == [7]
    assert Clock().left == math.inf


def test_attempts_grow_with_the_pace_and_end_with_the_time_or_the_most():
    tried = []
    assert not Clock(1000.0).within(lambda steps: bool(tried.append(steps)), 10**10)
    assert tried[0] == pytest.approx(5e9, rel=1e-3)
    assert tried[1:] == [10**10]
    assert Clock(1000.0).within(lambda _: True, 10)


def test_without_any_time_there_is_one_attempt_that_leaves_a_selection():
    tried = []
    assert not Clock(1e-9).within(lambda steps: bool(tried.append(steps)), 10)
    assert tried == [1]
    found = FastAllocator(certify=True).within(1e-9).solve(HARD)
    assert (found.status, found.bound) == ("feasible", -math.inf)
    assert HARD.admits(found.rungs)
    assert found.cost == pytest.approx(HARD.cost(found.rungs))


def test_there_is_an_attempt_even_where_the_time_is_over():
    tried = []
    assert not Clock(1e-9).within(lambda steps: bool(tried.append(steps)), 10)
    assert tried == [1]


@pytest.mark.parametrize("certify", [False, True])
def test_without_any_time_there_is_still_a_selection_that_costs_what_it_says(certify, monkeypatch):
    monkeypatch.setattr("sor_opt.allocators.fast.allocator._USUAL_STEPS", 1)
    for problem in (drawn(40, 3, 4), odd_lots(12)):
        found = FastAllocator(certify).within(1e-9).solve(problem)
        assert problem.admits(found.rungs)
        assert found.cost == pytest.approx(problem.cost(found.rungs))
        assert found.status == "feasible"
        assert found.bound <= found.cost


def test_a_clock_without_time_says_what_comes_of_it():
    assert Clock(10.0).require("nothing") == pytest.approx(10.0, abs=0.5)
    with pytest.raises(
        SolverError, match=r"^nothing: the time limit of 10 s is over; give it more"
    ):
        Clock(10.0).require("nothing", reserve=11)
