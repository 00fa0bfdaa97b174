"""Several measures at once: what is judged by all of them, and the points that none beats."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sor_opt.backtest.risk import Measure
from sor_opt.market.tape import FloatArray
from sor_opt.search.objective import TRAIN_TENTHS, Outcomes, ShortfallObjective


@dataclass(frozen=True, eq=False)
class ParetoObjective:
    """Several measures of the same replay, none of which stands for another.

    Parameters
    ----------
    shortfall : ShortfallObjective
        What is replayed; its own measure plays no part.
    measures : tuple of Measure
        Of the orders' shortfalls.
    """

    shortfall: ShortfallObjective
    measures: tuple[Measure, ...]

    def __call__(self, params: Mapping[str, Any]) -> Outcomes:
        """Replay the orders with `params`."""
        costs = self.shortfall.replay(params).shortfall_bps
        return Outcomes(
            tuple(
                replace(self.shortfall, measure=measure).outcome_of(costs)
                for measure in self.measures
            )
        )

    def prepare(self) -> None:
        """Compile what a replay calls, and look at the past that it learns from."""
        self.shortfall.prepare()

    def fingerprint(self, without: Collection[str]) -> dict[str, Any]:
        """What identifies the replay, and the names of the measures."""
        return {
            **self.shortfall.fingerprint(without),
            "objective": f"shortfall in bps of the first {TRAIN_TENTHS} of 10 orders",
            "measures": [measure.name for measure in self.measures],
        }


def front(values: FloatArray) -> list[int]:
    """Find the rows that no other row dominates: is as low everywhere, and lower somewhere.

    Parameters
    ----------
    values : float64 ndarray, shape (points, measures)
        Less is better.

    Returns
    -------
    list of int
        By the first value; of equal rows the first alone.

    Examples
    --------
    >>> front(np.array([[2.0, 1.0], [1.0, 3.0], [2.0, 1.0], [2.0, 3.0]]))
    [1, 0]
    """
    kept = []
    left = np.lexsort(values.T[::-1])  # nothing dominates what stands before it
    while left.size:
        kept.append(int(left[0]))
        left = left[~(values[left[0]] <= values[left]).all(axis=1)]
    return kept
