"""The exact objective of the static policy over all penalties, and its optimum.

A replay changes only where a penalty passes one of finitely many values, and tells the next of
them (`sor_opt.backtest.kernel.replay_ahead`). Walking from value to value gives each order's
shortfall as a staircase over the shortfall penalty lambda_under + theta_queue, the threshold below
which a share is worth taking; the objective is the staircases' mean. The excess penalty
lambda_over + theta_queue matters only where odd lots leave a part of a chunk; it is walked the
same way, around the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from sor_opt.backtest.base import Market
from sor_opt.backtest.kernel import replay_ahead
from sor_opt.backtest.policies import Policy, static_policy
from sor_opt.backtest.result import Result
from sor_opt.market.tape import BoolArray, FloatArray, IntArray
from sor_opt.model.risk import RiskParams
from sor_opt.search.objective import Outcome, ShortfallObjective
from sor_opt.search.space import Bounds, Space

_JUST_BEYOND = 1 + 1e-9
"""Break points closer than this, relatively, are taken as one."""


class Staircase(NamedTuple):
    """A piecewise constant function of the threshold.

    Attributes
    ----------
    ends : float64 ndarray, shape (pieces,)
        Where each piece ends, its end included, rising; the last is the interval's end.
    values : float64 ndarray, shape (pieces,) or (pieces, columns)
    """

    ends: FloatArray
    values: FloatArray

    def at(self, threshold: FloatArray | float) -> FloatArray:
        """The value at a threshold of the interval."""
        return np.asarray(self.values[np.searchsorted(self.ends, threshold, "left")])


class Optimum(NamedTuple):
    """Where the objective is least: any threshold and any excess penalty inside both bounds."""

    threshold: Bounds
    excess: Bounds
    outcome: Outcome


@dataclass(frozen=True, eq=False)
class Landscape:
    """The objective over all penalties of a space.

    Attributes
    ----------
    thresholds : Bounds
        The interval of lambda_under + theta_queue that is covered.
    staircase : Staircase
        Train and test shortfall in bps (columns) at the optimum's excess penalty.
    optimum : Optimum
        The least train shortfall over both penalties; the lowest threshold of several.
    excess_pieces : int
        Into how many intervals the excess penalty falls; 1 where it plays no part.
    replays : int
        Replays of one order that it took.
    """

    thresholds: Bounds
    staircase: Staircase
    optimum: Optimum
    excess_pieces: int
    replays: int

    @cached_property
    def breakpoints(self) -> int:
        """Thresholds at which the train or test shortfall changes."""
        return len(self.staircase.ends) - 1

    def regret(self, train_bps: float) -> float:
        """How much worse than the optimum a train shortfall is, bps."""
        return train_bps - self.optimum.outcome.train_bps


def make_landscape(
    objective: ShortfallObjective,
    space: Space,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Landscape:
    """Compute the objective everywhere between the bounds of a space.

    Parameters
    ----------
    objective : ShortfallObjective
    space : Space
        Its bounds and its unit; a search over it cannot leave the interval.
    progress : callable
        Called with (done, total) as the excess penalty's interval is walked.
    """
    shortfalls, excesses = (
        Bounds(space.bounds(name).low + theta.low, space.bounds(name).high + theta.high)
        for theta in [space.bounds("theta_queue")]
        for name in ("lambda_under", "lambda_over")
    )
    walk = _Walk(objective, static_policy(space.grid()[0], objective.static), shortfalls, excesses)
    orders = len(objective.market.orders)
    stairs, until = walk.staircases(np.arange(orders), excesses.low)
    best: tuple[Optimum, Staircase] | None = None
    low, pieces = excesses.low, 0
    while True:
        high = min(float(until.min()), excesses.high)
        overlaid = _overlay(stairs, objective.train)
        optimum = _least(overlaid, shortfalls.low, Bounds(low, high))
        if best is None or optimum.outcome.train_bps < best[0].outcome.train_bps:
            best = optimum, overlaid
        pieces += 1
        progress(round(1000 * np.log(high / excesses.low)), round(1000 * np.log(excesses.high / excesses.low)))
        if high >= excesses.high:
            return Landscape(shortfalls, best[1], best[0], pieces, walk.replays)
        low = high * _JUST_BEYOND
        changed = np.flatnonzero(until < low)
        fresh, until[changed] = walk.staircases(changed, low)
        for order, stair in zip(changed, fresh, strict=True):
            stairs[order] = stair


@dataclass
class _Walk:
    """Walks orders along the threshold."""

    objective: ShortfallObjective
    policy: Policy
    shortfalls: Bounds
    excesses: Bounds
    replays: int = 0

    def staircases(self, which: IntArray, excess: float) -> tuple[list[Staircase], FloatArray]:
        """Each order's shortfall over the threshold, and up to which excess penalty it holds."""
        market = self.objective.market.select(which)
        steps: list[list[tuple[float, float]]] = [[] for _ in which]
        until = np.full(len(which), np.inf)
        thresholds = np.full(len(which), self.shortfalls.low)
        active = np.arange(len(which))
        while active.size:
            values, ahead = self._replay(market.select(active), thresholds[active], excess)
            ends = np.minimum(ahead[:, 0], self.shortfalls.high)
            until[active] = np.minimum(until[active], ahead[:, 1])
            for order, end, value in zip(active, ends, values, strict=True):
                steps[order].append((end, value))
            # A break point may lie at the threshold itself, where rounding placed it.
            thresholds[active] = np.maximum(ends, thresholds[active]) * _JUST_BEYOND
            active = active[ends < self.shortfalls.high]
        return [Staircase(*np.array(step).T) for step in steps], until

    def _replay(
        self, market: Market, thresholds: FloatArray, excess: float
    ) -> tuple[FloatArray, FloatArray]:
        self.replays += len(thresholds)
        penalties = np.column_stack([thresholds, np.full(len(thresholds), excess)])
        ceilings = (self.shortfalls.high, self.excesses.high)
        replay, ahead = replay_ahead(market, self.policy, penalties, ceilings)
        return Result(market, self.policy.name, replay).shortfall_bps, ahead


def _overlay(stairs: list[Staircase], train: BoolArray) -> Staircase:
    """Mean over the train and over the test orders, equal neighbours joined."""
    ends = np.unique(np.concatenate([stair.ends for stair in stairs]))
    table = np.array([stair.at(ends) for stair in stairs])
    means = np.column_stack([_mean_of_known(table[which]) for which in (train, ~train)])
    keep = np.append(np.any(means[1:] != means[:-1], axis=1), True)
    keep[:-1] &= ~np.all(np.isclose(means[1:], means[:-1], rtol=1e-13, atol=1e-13, equal_nan=True), axis=1)
    return Staircase(ends[keep], means[keep])


def _mean_of_known(table: FloatArray) -> FloatArray:
    known = table[np.isfinite(table).all(axis=1)]
    return known.mean(axis=0) if len(known) else np.full(table.shape[1], np.nan)


def _least(stairs: Staircase, low: float, excess: Bounds) -> Optimum:
    piece = int(np.argmin(stairs.values[:, 0]))
    start = stairs.ends[piece - 1] if piece else low
    return Optimum(
        Bounds(float(start), float(stairs.ends[piece])), excess, Outcome(*stairs.values[piece].tolist())
    )
