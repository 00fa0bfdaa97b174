"""The ladder problem that every cost model compiles to, and the allocation that solves it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from sor_opt.errors import ConfigError
from sor_opt.market.tape import FloatArray, IntArray

Status = Literal["optimal", "feasible", "infeasible"]

TOLERANCE = 1e-9
"""Costs a and b tie when they differ by at most TOLERANCE * max(1, |a|)."""


def tie_tolerance(cost: float) -> float:
    """How far apart two costs may be and still count as equal, in dollars."""
    return TOLERANCE * max(1.0, abs(cost))


@dataclass(frozen=True, eq=False)
class LadderProblem:
    """Choose rungs of ladders, in order, at the least expected cost.

    Minimise over the rungs chosen, n_i in {0..J_i}::

        sum_i sum_{j<=n_i} costs[i, j] + sum_s p_s penalty(A_s),
        penalty(A) = shortfall_penalty (S - A)^+ + excess_penalty (A - S)^+,
        A_s = sum_i sum_{j<=n_i} fills[i, j, s]

    Parameters
    ----------
    names : tuple of str
        One per ladder (a venue's ask, or its bid queue).
    offsets : int64 array, shape (I + 1,)
        Ladder i owns the rungs ``offsets[i]:offsets[i + 1]`` of the flat arrays below.
    fills : float64 array, shape (R, scenarios)
        Shares that a rung executes in each scenario, >= 0.
    costs : float64 array, shape (R,)
        Expected dollars that a rung costs; any sign.
    target : float
        S, shares, > 0.
    shortfall_penalty, excess_penalty : float
        Dollars per share short of the target and beyond it, >= 0.
    step : float
        Shares sent per rung, > 0.
    exact_total : bool
        Whether only splits with step x rungs = target are admissible.
    probabilities : float64 array, shape (scenarios,), optional
        Sum to 1; equal by default.

    Raises
    ------
    ConfigError
        If an array has the wrong shape or a number is out of its range.

    Examples
    --------
    Buy 300 shares where A and B sell 200 each, in chunks of 100; B asks more for the second:

    >>> problem = LadderProblem(
    ...     names=("A", "B"),
    ...     offsets=np.array([0, 2, 4]),
    ...     fills=np.full(4, 100.0),
    ...     costs=np.array([1.0, 1.0, 0.8, 1.5]),
    ...     target=300,
    ...     shortfall_penalty=0.02,
    ...     excess_penalty=0.02,
    ... )
    >>> [problem.cost(np.array(rungs)) for rungs in ([2, 1], [1, 2], [1, 1])]
    [2.8, 3.3, 3.8]

    >>> from sor_opt.allocators.exhaustive import ExhaustiveAllocator
    >>> allocation = ExhaustiveAllocator().solve(problem)
    >>> allocation.shares, allocation.status
    ({'A': 200.0, 'B': 100.0}, 'optimal')
    """

    names: tuple[str, ...]
    offsets: IntArray
    fills: FloatArray
    costs: FloatArray
    target: float
    shortfall_penalty: float
    excess_penalty: float
    step: float = 100.0
    exact_total: bool = False
    probabilities: FloatArray = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        def put(name: str, value: object) -> None:
            object.__setattr__(self, name, value)

        put("offsets", np.ascontiguousarray(self.offsets, dtype=np.int64))
        put("costs", np.ascontiguousarray(self.costs, dtype=np.float64))
        fills = np.ascontiguousarray(self.fills, dtype=np.float64)
        put("fills", fills.reshape(len(fills), 1) if fills.ndim == 1 else fills)
        if not self.probabilities.size:
            put("probabilities", np.full(self.fills.shape[1], 1.0 / max(1, self.fills.shape[1])))
        put("probabilities", np.ascontiguousarray(self.probabilities, dtype=np.float64))
        for name in ("target", "shortfall_penalty", "excess_penalty", "step"):
            put(name, float(getattr(self, name)))
        self._check()

    def _check(self) -> None:
        rungs = len(self.costs)
        if self.offsets.shape != (len(self.names) + 1,) or self.offsets[0] != 0:
            raise ConfigError("offsets must hold one start per ladder and the end, from 0")
        if np.any(np.diff(self.offsets) < 0) or self.offsets[-1] != rungs:
            raise ConfigError(f"offsets must rise from 0 to the number of rungs, {rungs}")
        if self.fills.shape != (rungs, len(self.probabilities)):
            raise ConfigError(
                f"fills must have shape {(rungs, len(self.probabilities))}, got {self.fills.shape}"
            )
        if not (np.all(np.isfinite(self.fills)) and np.all(self.fills >= 0)):
            raise ConfigError("fills must be finite and >= 0")
        if not np.all(np.isfinite(self.costs)):
            raise ConfigError("costs must be finite")
        if np.any(self.probabilities < 0) or abs(self.probabilities.sum() - 1) > 1e-9:
            raise ConfigError("probabilities must be >= 0 and sum to 1")
        for name in ("shortfall_penalty", "excess_penalty"):
            if not 0 <= getattr(self, name) < np.inf:
                raise ConfigError(f"{name} must be finite and >= 0, got {getattr(self, name):g}")
        for name in ("target", "step"):
            if not 0 < getattr(self, name) < np.inf:
                raise ConfigError(f"{name} must be > 0, got {getattr(self, name):g}")

    @property
    def exact_rungs(self) -> int:
        """Rungs to choose in all, or -1 where that is free.

        A target off the step is met by no number of rungs; then it is more than there are.
        """
        if not self.exact_total:
            return -1
        rungs = round(self.target / self.step)
        met = abs(rungs * self.step - self.target) <= TOLERANCE * self.target
        return rungs if met and rungs <= len(self.costs) else len(self.costs) + 1

    @property
    def heights(self) -> IntArray:
        """J_i, the number of rungs of each ladder, shape (I,)."""
        return np.diff(self.offsets)

    def executed(self, rungs: IntArray) -> FloatArray:
        """Sum A_s, the shares executed in each scenario when `rungs` (shape (I,)) are chosen."""
        shares: FloatArray = self.fills[self._chosen(rungs)].sum(axis=0)
        return shares

    def execution_cost(self, rungs: IntArray) -> float:
        """Sum the expected dollars of the chosen rungs, penalties left out."""
        return float(self.costs[self._chosen(rungs)].sum())

    def cost(self, rungs: IntArray) -> float:
        """Evaluate the objective, in dollars, for `rungs` chosen, shape (I,)."""
        gap = self.target - self.executed(rungs)
        short = float(self.probabilities @ np.maximum(gap, 0.0))
        excess = float(self.probabilities @ np.maximum(-gap, 0.0))
        cost = self.execution_cost(rungs) + self.shortfall_penalty * short
        return cost + self.excess_penalty * excess

    def admits(self, rungs: IntArray) -> bool:
        """Whether `rungs` keep to the ladders' heights and to the rule on the total."""
        inside = bool(np.all(rungs >= 0) and np.all(rungs <= self.heights))
        return inside and (not self.exact_total or int(rungs.sum()) == self.exact_rungs)

    def _chosen(self, rungs: IntArray) -> IntArray:
        pieces = [
            np.arange(start, start + n) for start, n in zip(self.offsets[:-1], rungs, strict=True)
        ]
        return np.concatenate(pieces) if pieces else np.empty(0, dtype=np.int64)


@dataclass(eq=False, slots=True)
class Allocation:
    """A solver's answer; not frozen, because that costs as much as a small solve.

    Attributes
    ----------
    problem : LadderProblem
    rungs : int64 ndarray, shape (I,)
        Rungs chosen on each ladder; all zero when infeasible.
    status : {"optimal", "feasible", "infeasible"}
        "optimal" only where it is proven.
    cost : float
        The objective, dollars; infinite when infeasible.
    bound : float
        A proven lower bound on the objective, dollars.
    solver : str
    seconds : float
        Wall time of the solve.
    """

    problem: LadderProblem
    rungs: IntArray
    status: Status
    cost: float
    bound: float
    solver: str
    seconds: float

    @property
    def gap(self) -> float:
        """Cost less bound in dollars, >= 0 (0 when proven optimal, NaN when infeasible)."""
        if self.status == "infeasible":
            return float("nan")
        return 0.0 if self.status == "optimal" else max(0.0, self.cost - self.bound)

    @property
    def shares(self) -> dict[str, float]:
        """Shares sent to each ladder, by name."""
        sent = self.rungs * self.problem.step
        return dict(zip(self.problem.names, sent.tolist(), strict=True))

    @property
    def executed(self) -> float:
        """Expected shares executed."""
        return float(self.problem.probabilities @ self.problem.executed(self.rungs))

    @property
    def underfill(self) -> float:
        """Expected shares short of the target."""
        gap = self.problem.target - self.problem.executed(self.rungs)
        return float(self.problem.probabilities @ np.maximum(gap, 0.0))

    @property
    def overfill(self) -> float:
        """Expected shares beyond the target."""
        gap = self.problem.executed(self.rungs) - self.problem.target
        return float(self.problem.probabilities @ np.maximum(gap, 0.0))

    @property
    def execution_cost(self) -> float:
        """Expected dollars of the chosen rungs, penalties left out."""
        return self.problem.execution_cost(self.rungs)
