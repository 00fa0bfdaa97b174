"""An objective that remembers what every order cost at each point."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import numpy as np

from sor_opt.market.tape import FloatArray
from sor_opt.search.objective import Outcome, ShortfallObjective


class KeptCosts:
    """An objective for a search, and afterwards the costs of all points that it tried.

    Nothing of it is stored: points that another process or an earlier run of a study evaluated are
    replayed when they are asked for.

    Parameters
    ----------
    objective : ShortfallObjective
    """

    def __init__(self, objective: ShortfallObjective) -> None:
        self.objective = objective
        self._kept: dict[frozenset[tuple[str, Any]], bytes] = {}
        self._equal: dict[bytes, bytes] = {}
        """One copy of costs that several points have."""

    def __call__(self, params: Mapping[str, Any]) -> Outcome:
        """Replay the orders with `params`, and keep what each cost."""
        costs = self.objective.replay(params).shortfall_bps
        raw = costs.tobytes()
        self._kept[_point(params)] = self._equal.setdefault(raw, raw)
        return self.objective.outcome_of(costs)

    def prepare(self) -> None:
        """Do once what every evaluation needs."""
        self.objective.prepare()

    def fingerprint(self, without: Collection[str]) -> dict[str, Any]:
        """What identifies the objective, see `ShortfallObjective.fingerprint`."""
        return self.objective.fingerprint(without)

    def table(
        self,
        points: Iterable[Mapping[str, Any]],
        progress: Callable[[int, int], None] = lambda *_: None,
    ) -> FloatArray:
        """What every order costs at some points, bps; equal points once, in the order given.

        Parameters
        ----------
        points : iterable of mapping
            All that is set at each, one or more.
        progress : callable
            Called with (done, total) of those that must be replayed.

        Returns
        -------
        float64 ndarray, shape (orders, points)
        """
        wanted = {_point(params): params for params in points}
        missing = [params for key, params in wanted.items() if key not in self._kept]
        for done, params in enumerate(missing, 1):
            self(params)
            progress(done, len(missing))
        return np.column_stack([np.frombuffer(self._kept[key]) for key in wanted])


def _point(params: Mapping[str, Any]) -> frozenset[tuple[str, Any]]:
    return frozenset(params.items())
