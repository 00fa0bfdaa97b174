"""Proofs of ladder problems with several scenarios, and what is left without one."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ladder_problems import best_selection, ladder_problems
from snapshots import snapshot

from sor_opt.allocators.base import Allocator
from sor_opt.allocators.exhaustive import ExhaustiveAllocator
from sor_opt.allocators.fast import certificate
from sor_opt.allocators.fast.allocator import FastAllocator
from sor_opt.allocators.fast.certificate import enumerate_selections, prove, relaxed_prices
from sor_opt.allocators.fast.local_search import UNLIMITED_STEPS, extra_costs, local_search
from sor_opt.allocators.fast.tables import tables_of
from sor_opt.allocators.robbins_monro import RobbinsMonroAllocator
from sor_opt.errors import ConfigError, SolverError
from sor_opt.models.ladder import Allocation, LadderProblem, tie_tolerance
from sor_opt.models.outflow import Outflow
from sor_opt.models.placement import PlacementModel
from sor_opt.models.risk import RiskParams


def free(problem):
    """The problem without a rule on the total."""
    return dataclasses.replace(problem, exact_total=False)


several_scenarios = st.integers(2, 6).flatmap(lambda count: ladder_problems(count, 4, 3)).map(free)


def certified(problem):
    return FastAllocator(certify=True).solve(problem)


def outflow_problem(outflows, rebates, target, penalty, step, infinite_ask=False):
    """Venues at a half-spread of 2 cents, without queues."""
    count = len(rebates)
    seen = snapshot(
        [100.02] * count,
        [float(infinite_ask)] * count,
        [0.003] * count,
        rebates,
        100.0,
        queue=[0.0] * count,
        best_bid=99.98,
        outflows=outflows,
    )
    risk = RiskParams(penalty, penalty, 0.0005, unit="per_share")
    return PlacementModel("infinite", step).problem(seen, target, risk)


def misleading():
    """Three venues at which a descent from no rung ends in the wrong place."""
    return outflow_problem([[50, 200, 100], [200, 200, 50]], [0.01, 0.0, 0.004], 300.0, 0.03, 50.0)


NOTHING = LadderProblem(("A", "B"), [0, 0, 0], np.empty((0, 2)), [], 100.0, 0.1, 0.1)
NOWHERE = LadderProblem((), [0], np.empty((0, 2)), [], 100.0, 0.1, 0.1)

# What a proof promises


@settings(max_examples=150, deadline=None)
@example(problem=NOTHING)
@example(problem=NOWHERE)
@example(problem=misleading())
@given(problem=several_scenarios)
def test_a_certified_answer_is_the_best_selection_ties_and_all(problem):
    found, best = certified(problem), best_selection(problem)
    assert found.rungs.tolist() == best.tolist()
    lowest = problem.cost(best)
    assert found.cost == pytest.approx(lowest, rel=0, abs=tie_tolerance(lowest))
    assert (found.status, found.gap, found.bound) == ("optimal", 0.0, found.cost)


@settings(max_examples=100, deadline=None)
@given(problem=several_scenarios, weights=st.lists(st.integers(1, 9), min_size=6, max_size=6))
def test_scenarios_need_not_be_equally_likely(problem, weights):
    some = np.array(weights[: len(problem.probabilities)], float)
    problem = dataclasses.replace(problem, probabilities=some / some.sum())
    assert certified(problem).rungs.tolist() == best_selection(problem).tolist()


def test_equal_ladders_tie_to_the_earliest_and_idle_rungs_are_not_chosen():
    fills = np.array([[100.0, 100.0], [0.0, 0.0]] * 3)
    problem = LadderProblem(tuple("ABC"), [0, 2, 4, 6], fills, np.zeros(6), 200.0, 0.1, 0.1)
    assert certified(problem).rungs.tolist() == [1, 1, 0]


@pytest.mark.parametrize("worse", [[0, 0, 0], [3, 3, 3], [0, 0, 1]])
def test_a_proof_does_not_hang_on_where_it_starts(worse):
    """Also where the first selection ties with the best one, of more or of later rungs."""
    fills = np.array([[100.0, 100.0], [0.0, 0.0], [50.0, 0.0]] * 3)
    problem = LadderProblem(tuple("ABC"), [0, 3, 6, 9], fills, np.zeros(9), 100.0, 0.1, 0.0)
    assert best_selection(problem).tolist() == [1, 0, 0]
    start = np.array(worse)
    proof = prove(problem, tables_of(problem), start, ExhaustiveAllocator())
    assert proof.rungs.tolist() == [1, 0, 0]
    assert start.tolist() == worse


# Bounds


def bound_of(problem, prices):
    return extra_costs(tables_of(problem), prices)


def slack(problem):
    """Rounding that a bound of sums of this size may carry."""
    dearest = problem.target * (problem.shortfall_penalty + problem.excess_penalty)
    return 1e-9 * max(1.0, dearest, float(np.abs(problem.costs).sum()))


@settings(max_examples=100, deadline=None)
@given(problem=several_scenarios)
def test_the_relaxation_bounds_the_optimum(problem):
    lowest = problem.cost(best_selection(problem))
    prices = relaxed_prices(problem)
    assert np.all(prices <= problem.shortfall_penalty * problem.probabilities)
    assert np.all(prices >= -problem.excess_penalty * problem.probabilities)
    assert bound_of(problem, prices)[1] <= lowest + slack(problem)


shares = st.lists(st.floats(0, 1), min_size=6, max_size=6)


@settings(max_examples=150, deadline=None)
@given(problem=several_scenarios, shares=shares)
def test_any_prices_within_the_penalties_bound_every_selection(problem, shares):
    low = -problem.excess_penalty * problem.probabilities
    high = problem.shortfall_penalty * problem.probabilities
    prices = low + (high - low) * np.array(shares[: len(low)])
    extra, bound = bound_of(problem, prices)
    assert extra.min() >= 0
    for rungs in np.ndindex(*(problem.heights + 1)):
        added = sum(extra[problem.offsets[i] + i + n] for i, n in enumerate(rungs))
        assert bound + added <= problem.cost(np.array(rungs)) + slack(problem)


@settings(max_examples=100, deadline=None)
@given(problem=several_scenarios, shares=shares)
def test_no_prices_bound_better_than_those_of_the_relaxation(problem, shares):
    low = -problem.excess_penalty * problem.probabilities
    high = problem.shortfall_penalty * problem.probabilities
    prices = low + (high - low) * np.array(shares[: len(low)])
    best = bound_of(problem, relaxed_prices(problem))[1]
    assert bound_of(problem, prices)[1] <= best + slack(problem)


def test_hand_worked_bound():
    """One rung for a dollar that executes 100 shares in one scenario and 50 in the other.

    At prices of 0.02 and -0.01 a share the target of 150 is worth 1.50, and the rung
    1 - 100 x 0.02 + 50 x 0.01, which is 0.50 less than to leave it.
    """
    problem = LadderProblem(("A",), [0, 1], [[100.0, 50.0]], [1.0], 150.0, 0.1, 0.1)
    extra, bound = bound_of(problem, np.array([0.02, -0.01]))
    assert bound == pytest.approx(1.5 - 0.5)
    assert extra == pytest.approx([0.5, 0.0])


# Where the proof would take too long


def test_evaluations_run_out():
    problem = misleading()
    tables, rungs = tables_of(problem), np.zeros(6, np.int64)
    extra, bound = extra_costs(tables, relaxed_prices(problem))
    assert math.isnan(enumerate_selections(tables, extra, bound, 0, rungs))
    assert enumerate_selections(tables, extra, bound, 10**6, rungs) == pytest.approx(-6.875)
    assert rungs.tolist() == [0, 0, 0, 2, 3, 2]


@dataclasses.dataclass(frozen=True)
class Stub(Allocator):
    """Answers with a selection and the status that it is given, or fails."""

    name = "stub"

    rungs: list[int] | None
    status: str = "feasible"
    bound: float = -math.inf

    def solve(self, problem):
        if self.rungs is None:
            raise SolverError("no split in time")
        rungs = np.array(self.rungs)
        cost = problem.cost(rungs)
        return Allocation(problem, rungs, self.status, cost, self.bound, self.name, 0.0)


BEST, POOR, START = [0, 0, 0, 2, 3, 2], [0, 0, 0, 6, 6, 6], [0, 0, 0, 1, 4, 1]


def proven_by(monkeypatch, last_word):
    """Prove a middling selection without an evaluation."""
    monkeypatch.setattr(certificate, "MAX_EVALUATED", 0)
    problem = misleading()
    return problem, prove(problem, tables_of(problem), np.array(START), last_word)


@pytest.mark.parametrize("status", ["feasible", "optimal"])
def test_without_evaluations_a_better_last_word_stands(monkeypatch, status):
    problem, proof = proven_by(monkeypatch, Stub(BEST, status))
    assert proof.rungs.tolist() == BEST
    assert proof.status == status
    assert proof.cost == pytest.approx(problem.cost(np.array(BEST)))
    assert proof.bound == pytest.approx(bound_of(problem, relaxed_prices(problem))[1])


@pytest.mark.parametrize("other", [Stub(POOR), Stub(POOR, "optimal"), Stub(None)])
def test_a_worse_last_word_or_none_leaves_the_selection_and_its_gap(monkeypatch, other):
    problem, proof = proven_by(monkeypatch, other)
    assert proof.rungs.tolist() == START
    assert proof.status == "feasible"
    assert proof.cost == pytest.approx(problem.cost(np.array(START)))
    assert proof.bound == pytest.approx(bound_of(problem, relaxed_prices(problem))[1])


@pytest.mark.parametrize(("other", "kept"), [(-7.0, -6.875), (-6.7, -6.7)])
def test_the_better_of_two_bounds_is_kept(monkeypatch, other, kept):
    _, proof = proven_by(monkeypatch, Stub(POOR, bound=other))
    assert proof.bound == pytest.approx(kept)
    assert proof.status == "feasible"


def test_a_bound_that_meets_the_cost_proves_it(monkeypatch):
    cost = misleading().cost(np.array(START))
    _, proof = proven_by(monkeypatch, Stub(POOR, bound=cost))
    assert (proof.status, proof.bound) == ("optimal", pytest.approx(cost))


@settings(max_examples=40, deadline=None)
@given(problem=several_scenarios)
def test_a_proof_without_evaluations_is_as_good(problem):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(certificate, "MAX_EVALUATED", 0)
        patch.setattr(FastAllocator, "_last_word", lambda _: ExhaustiveAllocator())
        found = certified(problem)
    best = best_selection(problem)
    assert found.rungs.tolist() == best.tolist()
    assert (found.status, found.gap) == ("optimal", 0.0)
    assert found.cost == pytest.approx(problem.cost(best), rel=0, abs=slack(problem))


# Without a proof


@settings(max_examples=100, deadline=None)
@given(problem=several_scenarios)
def test_an_uncertified_answer_is_an_honest_selection(problem):
    found = FastAllocator().solve(problem)
    assert problem.admits(found.rungs)
    assert found.cost == pytest.approx(problem.cost(found.rungs), rel=0, abs=slack(problem))
    assert (found.status, found.bound) == ("feasible", -math.inf)
    assert found.gap == math.inf
    lowest = problem.cost(best_selection(problem))
    assert problem.cost(found.rungs) >= lowest - tie_tolerance(lowest)


def test_a_local_search_may_miss_what_a_proof_finds():
    flows = [[200, 200, 150, 50], [200, 50, 200, 100], [100, 50, 150, 200]]
    problem = outflow_problem(flows, [0.0, 0.004, 0.0, 0.004], 300.0, 0.05, 50.0)
    rungs = np.zeros(8, np.int64)
    cost, _ = local_search(tables_of(problem), UNLIMITED_STEPS, rungs)
    # Posted nothing, 100, 150 and 100 shares, where 150, 100, nothing and 150 are better.
    assert rungs.tolist() == [0, 0, 0, 0, 0, 2, 3, 2]
    assert certified(problem).rungs.tolist() == [0, 0, 0, 0, 3, 2, 0, 3]
    assert cost == pytest.approx(-6.425)
    assert certified(problem).cost == pytest.approx(-6.4666667)


def test_one_whole_rung_takes_the_place_of_two_odd_ones():
    """What no exchange of two ladders brings about: 59 and 50 at 10.03, or 100 at 10.02."""
    seen = snapshot(
        [10.03, 10.02, 10.03],
        [59.0, 159.0, 50.0],
        [0.0] * 3,
        [0.0] * 3,
        10.01,
        best_bid=10.0,
        outflows=np.zeros((2, 3)),
    )
    risk = RiskParams(0.05, 0.05, 0.0001, unit="per_share")
    problem = PlacementModel().problem(seen, 100.0, risk)
    assert FastAllocator().solve(problem).rungs.tolist() == certified(problem).rungs.tolist()
    assert certified(problem).shares["V1 take"] == 100


@pytest.mark.parametrize("certify", [False, True])
def test_fast_takes_no_exact_total_of_several_scenarios(certify):
    problem = dataclasses.replace(misleading(), exact_total=True)
    with pytest.raises(SolverError, match="use exhaustive or integer"):
        FastAllocator(certify).solve(problem)


# The stochastic approximation


@settings(max_examples=60, deadline=None)
@example(problem=NOTHING, iterations=3, seed=0)
@given(problem=several_scenarios, iterations=st.integers(1, 50), seed=st.integers(0, 3))
def test_robbins_monro_gives_an_honest_selection_that_its_seed_settles(problem, iterations, seed):
    found, again = (RobbinsMonroAllocator(iterations, seed).solve(problem) for _ in range(2))
    assert problem.admits(found.rungs)
    assert found.cost == problem.cost(found.rungs)
    assert (found.status, found.bound, found.solver) == ("feasible", -math.inf, "robbins-monro")
    assert found.rungs.tolist() == again.rungs.tolist()


def smooth():
    """Two venues of rungs of 20 shares, and 200 scenarios of outflows that come and go together."""
    outflows = Outflow(family="poisson", mean=400.0, alpha=0.6, scenarios=200).draw(2)
    return outflow_problem(outflows, [0.002, 0.001], 1000.0, 0.05, 20.0, infinite_ask=True)


def test_robbins_monro_approaches_the_optimum():
    problem = smooth()
    lowest = certified(problem).cost
    shortest, long = (
        RobbinsMonroAllocator(count).solve(problem).cost - lowest for count in (10, 20_000)
    )
    assert long >= -tie_tolerance(lowest)
    assert long < 0.01 * abs(lowest)
    assert shortest > 4 * long


def test_robbins_monro_draws_by_its_seed():
    problem = smooth()
    answers = {tuple(RobbinsMonroAllocator(20, seed).solve(problem).rungs) for seed in range(4)}
    assert len(answers) > 1


def test_robbins_monro_draws_by_probability():
    """Only a scenario that happens is looked at: the other one would fill nothing."""
    problem = LadderProblem(
        ("A",),
        [0, 4],
        np.array([[100.0, 0.0]] * 4),
        np.full(4, 0.5),
        300.0,
        0.05,
        0.05,
        probabilities=np.array([1.0, 0.0]),
    )
    found = RobbinsMonroAllocator(5000).solve(problem)
    assert found.rungs.tolist() == [3]
    swapped = dataclasses.replace(problem, probabilities=np.array([0.0, 1.0]))
    assert RobbinsMonroAllocator(5000).solve(swapped).rungs.tolist() == [0]


def test_robbins_monro_takes_no_exact_total():
    problem = dataclasses.replace(misleading(), exact_total=True)
    with pytest.raises(SolverError, match="exact total; use exhaustive, integer or fast"):
        RobbinsMonroAllocator().solve(problem)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"iterations": 0}, "iterations must be >= 1 and at most 100,000,000, got 0"),
        ({"seed": -1}, "seed must be >= 0, got -1"),
    ],
)
def test_wrong_parameters_of_robbins_monro_are_refused_in_one_line(arguments, message):
    with pytest.raises(ConfigError) as refusal:
        RobbinsMonroAllocator(**arguments)
    assert str(refusal.value) == message


def test_who_proves_says_so():
    assert FastAllocator(certify=True).proves
    assert not FastAllocator().proves
    assert not RobbinsMonroAllocator().proves
