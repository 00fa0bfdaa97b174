"""The exact objective of the static router over the threshold, and its optimum.

A replay changes only where the shortfall penalty lambda_under + theta_queue, the threshold below
which a share is worth taking, passes one of finitely many values, and tells the next of them
(`sor_opt.backtest.core.ahead.order.OrderAhead`). Walking from value to value gives each order's
shortfall as a staircase over the threshold; the objective, any measure of the orders, follows piece
by piece. All this holds for one excess penalty lambda_over + theta_queue. Where every fill is a
whole chunk that penalty plays no part, which is proven on the way, and the optimum holds for all
three parameters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import compress
from threading import Lock
from typing import NamedTuple

import numpy as np

from sor_opt.backtest.core.ahead.order import OrderAhead
from sor_opt.backtest.parallel import in_threads
from sor_opt.backtest.replay import Replay
from sor_opt.backtest.result import Result
from sor_opt.backtest.risk import Measure
from sor_opt.errors import ConfigError
from sor_opt.market.tape import FloatArray
from sor_opt.models.bounds import MAX_PENALTY
from sor_opt.models.risk import RiskParams
from sor_opt.params import parameters
from sor_opt.policies.routers.static import Static
from sor_opt.search.axis import Bounds
from sor_opt.search.objective import Outcome, ShortfallObjective
from sor_opt.search.space import Setting, Space

_JUST_BEYOND = 1 + 1e-9
"""Break points closer than this, relatively, are taken as one."""

_AT_ONCE = 4_000_000
"""Costs of orders at thresholds that are held in memory together."""


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


@dataclass(frozen=True, eq=False)
class Landscape:
    """The objective over the threshold, exactly.

    Attributes
    ----------
    low, high : float
        The interval of thresholds that is covered, in the space's unit.
    staircase : Staircase
        The measure of the train and of the test orders' shortfall, bps (columns).
    excess : float or None
        The excess penalty that it holds for; None for all of the space.
    replays : int
        Replays of one order that it took.
    orders : tuple of Staircase
        Each order's shortfall in bps.
    """

    low: float
    high: float
    staircase: Staircase
    excess: float | None
    replays: int
    orders: tuple[Staircase, ...] = ()

    @property
    def breakpoints(self) -> int:
        """How many thresholds there are at which the measure of train or of test changes."""
        return len(self.staircase.ends) - 1

    @property
    def best_piece(self) -> Bounds:
        """The thresholds of least train shortfall, the end included; the lowest of several."""
        piece = int(np.nanargmin(self.staircase.values[:, 0]))
        start = self.staircase.ends[piece - 1] if piece else self.low
        return Bounds(float(start), float(self.staircase.ends[piece]))

    @property
    def best_threshold(self) -> float:
        """The middle of the best piece."""
        return sum(self.best_piece) / 2

    @property
    def best(self) -> Outcome:
        """Train and test shortfall where train's is least."""
        return Outcome(*self.staircase.at(self.best_piece.high).tolist())

    def measured(self, objective: ShortfallObjective) -> Landscape:
        """The same replays under the measure of another objective, which is equal in all else."""
        overlaid = _overlay(self.orders, objective)
        objective.check_defined(overlaid.values[:, 0])
        return replace(self, staircase=overlaid)

    def regret(self, train_bps: float) -> float:
        """How much worse than the optimum a train shortfall is, bps."""
        return train_bps - self.best.train_bps


def make_landscape(
    objective: ShortfallObjective,
    space: Space,
    excess: float | None = None,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Landscape:
    """Compute the objective at every threshold that a search over `space` can reach.

    Parameters
    ----------
    objective : ShortfallObjective
    space : Space
    excess : float, optional
        The excess penalty to hold where it plays a part; by default that of the grid's middle.
    progress : callable
        Called with (done, total) orders.

    Raises
    ------
    ConfigError
        If `excess` is not finite and >= 0, the router is not the static one or more or less than
        its three penalties move, or the replays take more decisions than the market's limit.
    DataError
        If no train order ever meets a book to trade on.
    """
    if not _is_exact(objective, space):
        raise ConfigError(
            "the landscape is that of the static router over its three penalties; take --router "
            "static, and levels of these alone"
        )
    if excess is not None and not 0 <= excess < np.inf:
        raise ConfigError(f"excess must be finite and >= 0, got {excess:g}")
    if excess is not None and excess > MAX_PENALTY:
        raise ConfigError(f"excess must be at most {MAX_PENALTY:g}, got {excess:g}")
    joint = joint_landscape(objective, space, progress)
    if joint is not None:
        return joint
    grid = space.grid()
    middle = objective.policy.having(grid[len(grid) // 2]).router.risk
    assert middle is not None
    held = middle.excess_penalty if excess is None else excess
    walk = _Walk(objective, space, held, progress)
    stairs = walk.staircases(held)
    assert stairs is not None
    return _landscape(walk, stairs, held)


def joint_landscape(
    objective: ShortfallObjective,
    space: Space,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Landscape | None:
    """Compute the objective where it depends on the threshold alone.

    None as soon as the excess penalty turns out to matter, order by order, and wherever something
    else moves than the static router's three penalties. Parameters and errors are those of
    `make_landscape`.
    """
    if not _is_exact(objective, space):
        return None
    excesses = _sums(space, "lambda_over")
    walk = _Walk(objective, space, excesses.high, progress, all_excesses=True)
    stairs = walk.staircases(excesses.low)
    return None if stairs is None else _landscape(walk, stairs, None)


def best_point(landscape: Landscape, space: Space) -> dict[str, Setting]:
    """A point that costs what the optimum does: theta_queue is 0, the lambdas are all of a sum."""
    excess = landscape.excess
    values = {
        "lambda_over": _sums(space, "lambda_over").low if excess is None else excess,
        "lambda_under": landscape.best_threshold,
        "theta_queue": 0.0,
    }
    return space.params(values)


def _is_exact(objective: ShortfallObjective, space: Space) -> bool:
    """Whether a replay can tell where it would change, whatever moves."""
    router, schedule = objective.policy.router, objective.policy.schedule
    penalties = {parameter.name for parameter in parameters(RiskParams()) if parameter.range}
    return (
        set(space.names) == penalties
        and isinstance(router, Static)
        and router.allocator is None
        and schedule.timing != "decision"
    )


def _landscape(walk: _Walk, stairs: list[Staircase], excess: float | None) -> Landscape:
    """Put the orders' staircases together."""
    overlaid = _overlay(stairs, walk.objective)
    walk.objective.check_defined(overlaid.values[:, 0])
    return Landscape(*walk.thresholds, overlaid, excess, walk.replays, tuple(stairs))


def _sums(space: Space, name: str) -> Bounds:
    """Bounds of one parameter plus theta_queue."""
    bounds = {axis.name: axis.bounds for axis in space.axes}
    own, theta = bounds[name], bounds["theta_queue"]
    return Bounds(own.low + theta.low, own.high + theta.high)


class _ExcessMattersError(Exception):
    """The objective does not depend on the threshold alone."""


@dataclass
class _Walk:
    """Walks every order along the threshold."""

    objective: ShortfallObjective
    space: Space
    highest_excess: float
    progress: Callable[[int, int], None]
    all_excesses: bool = False
    replays: int = 0
    decisions: int = 0

    def __post_init__(self) -> None:
        self.thresholds = _sums(self.space, "lambda_under")
        self.policy = self.objective.policy.having(self.space.grid()[0])
        self._counting = Lock()

    def staircases(self, excess: float) -> list[Staircase] | None:
        """Each order's shortfall over the threshold at one excess penalty.

        None where it shall hold for all higher ones too, as soon as one turns out to matter.
        """
        orders = range(len(self.objective.market.orders))
        staircase = partial(self._staircase, excess)
        try:
            return in_threads(staircase, orders, self.objective.jobs, self.progress)
        except _ExcessMattersError:
            return None

    def _staircase(self, excess: float, order: int) -> Staircase:
        market, high = self.objective.market.select(np.array([order])), self.thresholds.high
        ahead = OrderAhead(market, self.policy, excess, (high, self.highest_excess))
        decisions = market.count_decisions()
        ends, replays = [0.0], []
        threshold = self.thresholds.low
        while ends[-1] < high:
            self._count(decisions)
            done, shortfall, over = ahead.replay(threshold)
            if self.all_excesses and over < self.highest_excess:
                raise _ExcessMattersError
            ends.append(min(shortfall, high))
            replays.append(done)
            # A break point may lie at the threshold itself, where rounding placed it.
            threshold = max(ends[-1], threshold) * _JUST_BEYOND
        each = market.select(np.zeros(len(replays), dtype=np.int64))
        result = Result(each, self.policy.name, Replay.side_by_side(replays))
        return Staircase(np.array(ends[1:]), result.shortfall_bps)

    def _count(self, decisions: int) -> None:
        with self._counting:
            self.replays += 1
            self.decisions += decisions
            limits = self.objective.market.limits
            limits.check_decisions(self.decisions, "the replays of the landscape")


def _overlay(stairs: Sequence[Staircase], objective: ShortfallObjective) -> Staircase:
    """The measure of the train and of the test orders, equal neighbours joined."""
    known = np.array([np.isfinite(stair.values).all() for stair in stairs])
    ends = np.unique(np.concatenate([stair.ends for stair in stairs]))
    columns = []
    for which in (objective.train & known, ~objective.train & known):
        counted = list(compress(stairs, which))
        columns.append(_measured(counted, ends, objective.measure))
    values = np.column_stack(columns)
    same = np.isclose(values[1:], values[:-1], rtol=1e-13, atol=1e-13, equal_nan=True).all(axis=1)
    keep = np.append(~same, True)
    return Staircase(ends[keep], values[keep])


def _measured(stairs: Sequence[Staircase], ends: FloatArray, measure: Measure) -> FloatArray:
    """The measure of some orders at all thresholds, part by part."""
    parts = np.array_split(ends, math.ceil(len(stairs) * len(ends) / _AT_ONCE) or 1)
    tables = (np.reshape([stair.at(part) for stair in stairs], (-1, len(part))) for part in parts)
    return np.concatenate([measure.of(table) for table in tables])
