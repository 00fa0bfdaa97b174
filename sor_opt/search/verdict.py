"""Whether what a search chose is better than what nobody chose, as far as the data can tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from sor_opt.backtest.intervals import Estimate, savings
from sor_opt.backtest.result import Result
from sor_opt.backtest.risk import MEAN
from sor_opt.market.tape import FloatArray
from sor_opt.search.compare import Comparison
from sor_opt.search.grid import GridPoint
from sor_opt.search.kept_costs import KeptCosts
from sor_opt.search.objective import ShortfallObjective
from sor_opt.search.selection import distinct, pbo, spa
from sor_opt.search.significance import Pair
from sor_opt.search.studies.trials import FinishedTrial

LEVEL = 0.05
"""P-values below it count."""


class Selection(NamedTuple):
    """How far the best of many points is to be trusted.

    Attributes
    ----------
    tried, distinct : int
        How many points there were, and how many of them differ in what some order costs.
    pbo : float or None
        Probability of overfitting over all orders, by the objective's own measure.
    spa_p : float or None
        Of Hansen's test over the train orders, which chose the point; None where the objective is
        not the mean, of which the test is.
    """

    tried: int
    distinct: int
    pbo: float | None
    spa_p: float | None


def selection_of(
    objective: ShortfallObjective, costs: FloatArray, default: Result, seed: int = 0
) -> Selection:
    """Tell how much of the best of some points may be luck.

    Parameters
    ----------
    objective : ShortfallObjective
        What the points were chosen by.
    costs : float64 ndarray, shape (orders, points)
        Of all points that were tried, in the order in which they were.
    default : Result
        Of the default point.
    seed : int
    """
    orders, train = objective.market.orders, objective.train
    chose = orders.select(np.flatnonzero(train))
    by_mean = objective.measure == MEAN
    return Selection(
        costs.shape[1],
        distinct(costs),
        pbo(costs, orders, objective.measure),
        spa(costs[train], default.shortfall_bps[train], chose, seed) if by_mean else None,
    )


def saved_on_default(objective: ShortfallObjective, chosen: Result, default: Result) -> Estimate:
    """What a chosen point's result saves on the default point's in the mean, on test orders."""
    return savings(chosen, default, ~objective.train)


class ComparisonVerdict(NamedTuple):
    """What the data lets us say of strategies that were compared.

    Attributes
    ----------
    default : GridPoint
    all_points : Selection
        Of all points of all runs.
    selections : mapping of str to Selection
        By strategy, of the points of its median run.
    saved : mapping of str to Estimate
        By strategy, what the point of its median run saves on the default point.
    winner : str or None
        See `winner_of`.
    """

    default: GridPoint
    all_points: Selection
    selections: Mapping[str, Selection]
    saved: Mapping[str, Estimate]
    winner: str | None


def judge_comparison(
    kept: KeptCosts,
    comparison: Comparison,
    results: Mapping[str, Result],
    default: GridPoint,
    seed: int = 0,
) -> ComparisonVerdict:
    """Judge strategies by the points of their runs.

    Parameters
    ----------
    kept : KeptCosts
        The objective that was compared on.
    comparison : Comparison
    results : mapping of str to Result
        By strategy, the result of its median run's point.
    default : GridPoint
    seed : int
        Of the resamples.
    """
    objective, strategies = kept.objective, comparison.strategies
    runs = [run for strategy in strategies for run in strategy.runs]

    def selected(trials: Iterable[FinishedTrial]) -> Selection:
        costs = kept.table(trial.params for trial in trials)
        return selection_of(objective, costs, default.result, seed)

    return ComparisonVerdict(
        default,
        selected(trial for run in runs for trial in run.trials),
        {each.name: selected(each.median_run.trials) for each in strategies},
        {name: saved_on_default(objective, each, default.result) for name, each in results.items()},
        winner_of(objective, comparison, results),
    )


def winner_of(
    objective: ShortfallObjective,
    comparison: Comparison,
    results: Mapping[str, Result],
) -> str | None:
    """Name the strategy that is better than every other, if there is one.

    It is the first one if it ends lower than each other on the train orders, for certain or with a
    p-value after Holm's correction below `LEVEL`, and if the test orders do not contradict: the
    point of no other's median run costs less on them, by a paired interval without 0.

    Parameters
    ----------
    objective : ShortfallObjective
    comparison : Comparison
    results : mapping
        By strategy, the result of its median run's point.
    """
    first, *others = (strategy.name for strategy in comparison.strategies)
    held = [pair for pair in comparison.pairs if pair.first == first]
    if not others or not all(map(_is_lower, held)):
        return None
    against = (savings(results[first], results[name], ~objective.train) for name in others)
    return None if any(saved.high < 0 for saved in against) else first


def _is_lower(pair: Pair) -> bool:
    return pair.lower > 0.5 and (pair.p_holm is None or pair.p_holm < LEVEL)
