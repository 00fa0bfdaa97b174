"""Ladder problems of several scenarios, made small and tabulated for the searches."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from sor_opt.allocators.fast.selections import Penalties, select_each
from sor_opt.compiled import compiled
from sor_opt.market.tape import FloatArray, IntArray
from sor_opt.models.ladder import LadderProblem

_GOLDEN = 0.6180339887498949
"""Its multiples are spread evenly between whole numbers."""


class Tables(NamedTuple):
    """What each height of each ladder costs and executes.

    Attributes
    ----------
    starts : int64 ndarray, shape (I + 1,)
        Height n of ladder i is at ``starts[i] + n`` of the two below.
    spent : float64 ndarray, shape (heights,)
        Dollars of so many rungs.
    filled : float64 ndarray, shape (heights, scenarios)
        Shares that they execute.
    weights : float64 ndarray, shape (scenarios,)
        Their probabilities.
    penalties : Penalties
    column_of : int64 ndarray, shape (original scenarios,)
        The column of `filled` that a scenario of the problem has become.
    probabilities : float64 ndarray, shape (original scenarios,)
    all_rungs : float64 ndarray, shape (I, original scenarios)
        Shares that all rungs of a ladder execute, also those that are not in the tables.
    """

    starts: IntArray
    spent: FloatArray
    filled: FloatArray
    weights: FloatArray
    penalties: Penalties
    column_of: IntArray
    probabilities: FloatArray
    all_rungs: FloatArray


def tables_of(problem: LadderProblem) -> Tables:
    """Tabulate a problem as it is."""
    starts = problem.offsets + np.arange(len(problem.offsets))
    spent, filled = np.zeros(starts[-1]), np.zeros((starts[-1], problem.fills.shape[1]))
    for i, (start, end) in enumerate(pairwise(problem.offsets)):
        np.cumsum(problem.costs[start:end], out=spent[starts[i] + 1 : starts[i + 1]])
        for rung in range(start, end):  # row by row, as they lie in memory
            np.add(filled[rung + i], problem.fills[rung], out=filled[rung + i + 1])
    penalties = Penalties(problem.target, problem.shortfall_penalty, problem.excess_penalty)
    weights, tops = problem.probabilities, filled[starts[1:] - 1]
    return Tables(starts, spent, filled, weights, penalties, np.arange(len(weights)), weights, tops)


def reduced(problem: LadderProblem) -> tuple[LadderProblem, Tables]:
    """Leave out rungs that can never pay, and put scenarios together that then are equal.

    A share less costs the shortfall penalty at most, so that no selection goes beyond the
    first minimum of its costs less that penalty for every share that it is expected to execute: the
    best selection is the same, ties and all. The total has to be free.
    """
    heights = np.empty(len(problem.names), np.int64)
    expected = problem.fills @ problem.probabilities
    select_each(problem.offsets, expected, problem.costs, problem.shortfall_penalty, heights)
    kept = np.arange(len(expected)) < np.repeat(problem.offsets[:-1] + heights, problem.heights)
    fills, weights = problem.fills[kept], problem.probabilities.copy()
    column_of = collapse(fills, weights)
    differing = int(column_of.max(initial=-1)) + 1
    small = replace(
        problem,
        offsets=np.concatenate([[0], np.cumsum(heights)]),
        fills=fills[:, :differing],
        costs=problem.costs[kept],
        probabilities=weights[:differing],
    )
    all_rungs = np.zeros((len(heights), len(column_of)))
    for i, (start, end) in enumerate(pairwise(problem.offsets)):
        all_rungs[i] = problem.fills[start:end].sum(axis=0)
    tables = tables_of(small)._replace(
        column_of=column_of, probabilities=problem.probabilities, all_rungs=all_rungs
    )
    return small, tables


@compiled
def collapse(columns: FloatArray, weights: FloatArray) -> IntArray:
    """Move the columns that differ to the front, in their order; add up the weights of equals.

    Tells where each column went.
    """
    rows, count = columns.shape
    mixed = np.zeros(count)  # equal columns are mixed to equal numbers
    for j in range(rows):
        factor = (j + 1) * _GOLDEN % 1.0
        for s in range(count):
            mixed[s] += factor * columns[j, s]
    hashes = mixed.view(np.int64)
    size = 2
    while size < 2 * count:
        size *= 2
    slots, places, firsts = np.full(size, -1), np.empty(count, np.int64), np.empty(count, np.int64)
    kept = 0
    for s in range(count):
        slot = (hashes[s] ^ (hashes[s] >> 32)) & (size - 1)
        while slots[slot] >= 0 and _differ(columns, firsts[slots[slot]], s):
            slot = (slot + 1) & (size - 1)
        if slots[slot] >= 0:
            weights[slots[slot]] += weights[s]
        else:
            slots[slot], firsts[kept], weights[kept] = kept, s, weights[s]
            kept += 1
        places[s] = slots[slot]
    for j in range(rows):
        for s in range(kept):
            columns[j, s] = columns[j, firsts[s]]
    return places


@compiled
def _differ(columns: FloatArray, one: int, other: int) -> bool:
    """Whether two columns differ in any row."""
    row = 0
    while row < len(columns) and columns[row, one] == columns[row, other]:
        row += 1
    return row < len(columns)
