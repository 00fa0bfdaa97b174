"""The grid: every combination of the levels, replayed, ranked and counted."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from sor_opt.backtest.parallel import in_threads
from sor_opt.backtest.result import Result
from sor_opt.market.tape import FloatArray
from sor_opt.search.objective import Outcome, ShortfallObjective
from sor_opt.search.space import Setting, Space


@dataclass(frozen=True, eq=False)
class GridPoint:
    """One point, all that is set there by name, and what it did."""

    params: Mapping[str, Setting]
    outcome: Outcome
    result: Result


@dataclass(frozen=True, eq=False)
class Grid:
    """All points, the best on train first.

    Attributes
    ----------
    points : tuple of GridPoint
        Ties keep the order of `Space.grid`.
    space : Space
        Whose points they are.
    costs : float64 ndarray, shape (orders, points)
        Shortfall of every order, bps; the points in the order of `Space.grid`.
    distinct : int
        How many different execution logs the points made.
    seconds : float
        Wall time of the replays.
    """

    points: tuple[GridPoint, ...]
    space: Space
    costs: FloatArray
    distinct: int
    seconds: float

    @property
    def best(self) -> GridPoint:
        """The point with the least train shortfall."""
        return self.points[0]

    @property
    def flat(self) -> bool:
        """Whether no parameter makes any difference."""
        return self.distinct == 1


def default_point(objective: ShortfallObjective, space: Space) -> GridPoint:
    """Replay the policy as it is given, which no search over `space` has chosen."""
    result = objective.replay({})
    params = {
        parameter.name: parameter.default
        for parameter in objective.policy.parameters()
        if parameter.name in space.all_names
    }
    return GridPoint(params, objective.outcome(result), result)


def run_grid(
    objective: ShortfallObjective,
    space: Space,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Grid:
    """Replay every point of the grid.

    Parameters
    ----------
    objective : ShortfallObjective
        Its threads share the points, and their orders where there are more threads than points; a
        policy in Python is called in one.
    space : Space
    progress : callable
        Called with (done, total) after each point.

    Raises
    ------
    DataError
        If no train order ever meets a book to trade on.
    """
    grid = space.grid()
    jobs = objective.jobs if objective.policy.compiled else 1
    each = replace(objective, jobs=max(1, jobs // len(grid)))

    def evaluate(params: Mapping[str, Setting]) -> GridPoint:
        result = each.replay(params)
        return GridPoint(params, each.outcome(result), result)

    objective.prepare()  # what is compiled at the first call is no part of the time
    began = time.perf_counter()
    points = in_threads(evaluate, grid, jobs, progress)
    seconds = time.perf_counter() - began
    objective.check_defined(np.array([point.outcome.train_bps for point in points]))
    ranked = sorted(points, key=lambda point: np.nan_to_num(point.outcome.train_bps, nan=np.inf))
    distinct = len({point.result.outcome_key() for point in points})
    costs = np.column_stack([point.result.shortfall_bps for point in points])
    return Grid(tuple(ranked), space, costs, distinct, seconds)
