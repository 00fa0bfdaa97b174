"""A proof that a selection is the best: a bound by linear relaxation, then enumeration.

Any prices of a share in each scenario bound all selections from below (see `local_search`). The
best ones are the dual solution of the linear relaxation, whose optimum the bound then is: the
relaxation of one ladder has integer corners (Geoffrion, "Lagrangean relaxation for integer
programming", Mathematical Programming Study 2, 1974). The selections that can still beat the
incumbent are those whose extra costs sum to less than incumbent - bound, few enough to evaluate.
"""

from __future__ import annotations

import logging
import math

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, eye_array, hstack

from sor_opt.allocators.base import Allocator, Clock
from sor_opt.allocators.fast.local_search import extra_costs, gap_of, penalty_at, spent_on
from sor_opt.allocators.fast.selections import Proof, copy_rungs
from sor_opt.allocators.fast.tables import Tables
from sor_opt.compiled import compiled
from sor_opt.errors import SolverError
from sor_opt.market.tape import FloatArray, IntArray
from sor_opt.models.ladder import TOLERANCE, LadderProblem, tie_tolerance

log = logging.getLogger(__name__)

MAX_EVALUATED = 2_000_000_000
"""Selections x scenarios that are evaluated before it gives up: a few seconds."""

NONZEROS = 20_000_000
"""The most fills > 0 of a relaxation: it takes some gigabytes."""


def prove(
    problem: LadderProblem,
    tables: Tables,
    rungs: IntArray,
    last_word: Allocator,
    clock: Clock | None = None,
) -> Proof:
    """Prove a good selection the best of all, or find the one that is.

    Parameters
    ----------
    problem : LadderProblem
        With a free total.
    tables : Tables
        Of the same problem.
    rungs : int64 array, shape (I,)
        A selection, the better the faster.
    last_word : Allocator
        Solves the problem where more than `MAX_EVALUATED` are left; where it finds nothing better
        in its time, the selection stands with the gap that is left.
    clock : Clock, optional
        When to stop; by default after all of the work.
    """
    clock = clock or Clock()
    own = Proof(rungs.copy(), problem.cost(rungs), -math.inf, "feasible")
    try:
        prices = relaxed_prices(problem, clock)
    except SolverError as error:
        log.info("the certificate has no bound: %s", error)
        return settle(problem, own, last_word, clock)
    extra, bound = extra_costs(tables, prices)
    cost = math.nan

    def attempt(most: int) -> bool:
        nonlocal cost
        cost = enumerate_selections(tables, extra, bound, most, own.rungs)
        return not math.isnan(cost)

    if clock.within(attempt, MAX_EVALUATED):
        return Proof(own.rungs, cost, cost, "optimal")
    best = Proof(own.rungs, problem.cost(own.rungs), bound, "feasible")
    return settle(problem, best, last_word, clock)


def settle(problem: LadderProblem, own: Proof, last_word: Allocator, clock: Clock) -> Proof:
    """Let another allocator solve the problem in the time left; keep the better of the two."""
    best, _, bound, _ = own
    try:
        if clock.limit is not None:
            last_word = last_word.within(clock.require("no last word"))
        other = last_word.solve(problem)
    except SolverError as error:
        log.info("the certificate is left open: %s", error)
        return own
    bound = max(bound, other.bound)
    if other.cost <= own.cost + tie_tolerance(own.cost):
        return Proof(other.rungs, other.cost, bound, other.status)
    proven = own.cost - bound <= tie_tolerance(own.cost)
    return Proof(best, own.cost, min(bound, own.cost), "optimal" if proven else "feasible")


def relaxed_prices(problem: LadderProblem, clock: Clock | None = None) -> FloatArray:
    """Solve the linear relaxation; give the price of a share in each scenario, dollars.

    Raises
    ------
    SolverError
        If the linear program fails, is not solved in its time, or has more than `NONZEROS` fills.
    """
    rungs, scenarios = problem.fills.shape
    filled = np.count_nonzero(problem.fills)
    if filled > NONZEROS:
        raise SolverError(f"{filled:,} fills are more than the {NONZEROS:,} of a relaxation")
    weights = problem.probabilities * problem.step
    costs = np.concatenate(
        [
            problem.costs,
            weights * problem.shortfall_penalty,
            weights * problem.excess_penalty,
        ]
    )
    scale = max(1e-300, float(np.abs(costs).max(initial=0.0)))
    one = eye_array(scenarios)
    executed = hstack([csr_array(problem.fills.T / problem.step), one, -one])
    # A rung is chosen no further than the one before it on its ladder.
    follows = np.setdiff1d(np.arange(1, rungs), problem.offsets)
    order = eye_array(rungs, format="csr")
    steps = hstack([order[follows] - order[follows - 1], csr_array((len(follows), 2 * scenarios))])
    limits = np.full((len(costs), 2), (0.0, np.inf))
    limits[:rungs, 1] = 1.0
    clock = clock or Clock()
    left = clock.require("no relaxation was solved")
    found = linprog(
        costs / scale,
        A_ub=steps if len(follows) else None,
        b_ub=np.zeros(len(follows)) if len(follows) else None,
        A_eq=executed,
        b_eq=np.full(scenarios, problem.target / problem.step),
        bounds=limits,
        method="highs",
        options={} if clock.limit is None else {"time_limit": left},
    )
    if found.status != 0:
        raise SolverError(f"the linear relaxation was not solved: {found.message}")
    prices = found.eqlin.marginals * (scale / problem.step)
    lowest = -problem.excess_penalty * problem.probabilities
    highest = problem.shortfall_penalty * problem.probabilities
    return np.asarray(np.clip(prices, lowest, highest))


@compiled
def enumerate_selections(
    tables: Tables, extra: FloatArray, bound: float, most: int, rungs: IntArray
) -> float:
    """Evaluate every selection that may beat `rungs`, and write the best one; give its cost.

    Among equals the fewest rungs win, then the earliest ladder. NaN means that this would take
    more than `most` selections x scenarios.
    """
    ladders, scenarios = len(rungs), len(tables.weights)
    heights = _sorted_heights(tables, extra)
    gap = np.full((ladders + 1, scenarios), tables.penalties.target)
    gap[ladders] = gap_of(tables, rungs)
    expected = penalty_at(tables, gap[ladders])
    lowest = picked = spent_on(tables, rungs) + expected
    if ladders == 0:
        return picked
    spent, chosen, tried = np.zeros(ladders + 1), rungs.copy(), tables.starts[:-1].copy()
    i = 0
    while i >= 0:
        tie = TOLERANCE * max(1.0, abs(lowest))
        if tried[i] == tables.starts[i + 1] or (
            bound + spent[i] + extra[heights[tried[i]]] > lowest + tie
        ):
            tried[i] = tables.starts[i]
            i -= 1
            continue
        most -= scenarios
        if most < 0:
            return np.nan
        at = heights[tried[i]]
        chosen[i] = at - tables.starts[i]
        spent[i + 1] = spent[i] + extra[at]
        tried[i] += 1
        gap[i + 1] = gap[i] - tables.filled[at]
        if i + 1 < ladders:
            i += 1
            continue
        expected = penalty_at(tables, gap[ladders])
        cost = spent_on(tables, chosen) + expected
        if cost <= lowest + tie:
            if cost < picked - tie or _comes_before(chosen, rungs):
                picked = cost
                copy_rungs(chosen, rungs)
            lowest = min(lowest, cost)
    return picked


@compiled
def _sorted_heights(tables: Tables, extra: FloatArray) -> IntArray:
    """Where each ladder's heights are in the tables, by extra cost."""
    heights = np.empty(len(extra), np.int64)
    for i in range(len(tables.starts) - 1):
        start, end = tables.starts[i], tables.starts[i + 1]
        heights[start:end] = start + np.argsort(extra[start:end])
    return heights


@compiled
def _comes_before(one: IntArray, other: IntArray) -> bool:
    """Whether a selection has fewer rungs than another, or as many on earlier ladders."""
    fewer = 0
    for i in range(len(one)):
        fewer += one[i] - other[i]
    if fewer != 0:
        return bool(fewer < 0)
    for i in range(len(one)):
        if one[i] != other[i]:
            return bool(one[i] > other[i])
    return False
