"""The adaptive search as a pure function: from the values seen so far to the rounds that follow.

The rule
--------
Round 0 evaluates the grid. Then turns follow, each of `LEAPS` leaps and a walk of every parameter.
The best point is the lowest value among the rounds' own points, the earliest among equals.

A **leap** starts elsewhere: it scales all parameters of the grid's best point by one factor, over
the whole of the space (`sor_opt.search.scaling` says by which factors).

A **walk** evaluates one parameter's *range*, with the other two held at the best point so far.
After the grid, and after each walk, the range moves by where the best point lies in it:

- at an end, or elsewhere: the new range is ``linspace(0.5 * best, 1.5 * best, 5)``, cut at the
  space's bounds;
- inside: its two neighbours become the ends, with the best and the two halves between them, so
  that the range narrows; a range whose neighbours lie within `SETTLED` of the best stays.

A parameter whose walk found nothing better rests for one turn, then for three, seven and so on,
until one does: it may play no part at all. One that made no difference in the grid rests at first.

The search is over when a turn in which no parameter rests has nothing left to evaluate.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from sor_opt.search.scaling import Point, Scaling
from sor_opt.search.space import NAMES, Bounds, Space

__all__ = ["LEAPS", "SETTLED", "Point", "Range", "Round", "narrow", "rounds"]

Range = tuple[float, ...]
"""Rising levels of one parameter."""

LEAPS = 5
"""Leaps of a turn."""

SETTLED = 0.05
"""A range whose neighbours of the best lie within this fraction of it narrows no further."""


@dataclass(frozen=True)
class Round:
    """What one round evaluates.

    Parameters
    ----------
    parameter : str or None
        The parameter that is walked; None where all move: in the grid and in a leap.
    ranges : dict of str to tuple of float
        Every parameter's range in this round.
    centre : tuple of float or None
        The best point so far, which a walk goes through; None for the grid.
    points : tuple of tuple of float
        The points that no earlier round has evaluated, in the order of the evaluations.
    """

    parameter: str | None
    ranges: dict[str, Range]
    centre: Point | None
    points: tuple[Point, ...]


def narrow(space: Space, values: Mapping[Point, float]) -> Iterator[Round]:
    """Yield the rounds of a search, one at a time.

    Parameters
    ----------
    space : Space
        The grid and the bounds.
    values : mapping of point to float
        The value (bps, lower is better) of each point; it is read after a round was yielded, so
        it may grow between two rounds, and must then hold all points of the last one.
    """
    ranges = {name: space.levels(name) for name in NAMES}
    grid = tuple(itertools.product(*ranges.values()))
    yield Round(None, dict(ranges), None, grid)
    evaluated = set(grid)
    best = min(grid, key=values.__getitem__)
    scaling = Scaling(space, best, grid)
    rests = {name: _Rest() for name in NAMES}
    for axis, name in enumerate(NAMES):
        if len({values[point] for point in _line(best, axis, ranges[name])}) == 1:
            rests[name].note(better=False)
        ranges[name] = _moved(ranges[name], best[axis], space.bounds(name))
    while True:
        settled = not any(rest.turns for rest in rests.values())
        for _ in range(LEAPS):
            leapt = scaling.following(values)
            settled = settled and not leapt
            points = tuple(point for point in leapt if point not in evaluated)
            if points:
                yield Round(None, dict(ranges), best, points)
                evaluated.update(points)
            best = min((best, *leapt), key=values.__getitem__)
        for axis, name in enumerate(NAMES):
            if rests[name].passes():
                continue
            walked, before = ranges[name], best
            if before[axis] not in walked:
                walked = ranges[name] = _around(before[axis], space.bounds(name))
            points = tuple(p for p in _line(before, axis, walked) if p not in evaluated)
            if points:
                yield Round(name, dict(ranges), before, points)
                evaluated.update(points)
                best = min((before, *points), key=values.__getitem__)
            ranges[name] = _moved(walked, best[axis], space.bounds(name))
            settled = settled and not points and ranges[name] == walked
            rests[name].note(better=best != before)
        if settled:
            return


def rounds(space: Space, values: Mapping[Point, float]) -> list[Round]:
    """Replay a search as far as the values go; the last round may be unfinished."""
    reached = []
    for round_ in narrow(space, values):
        reached.append(round_)
        if not all(point in values for point in round_.points):
            break
    return reached


class _Rest:
    """How many turns a parameter still rests; each rest in a row is longer than the one before."""

    def __init__(self) -> None:
        self.turns = self._last = 0

    def note(self, *, better: bool) -> None:
        """Take in whether a walk found a better point: one that did not begins a rest."""
        self.turns = self._last = 0 if better else 2 * self._last + 1

    def passes(self) -> bool:
        """Whether this turn passes in rest."""
        resting = self.turns > 0
        self.turns -= resting
        return resting


def _line(centre: Point, axis: int, levels: Range) -> Iterator[Point]:
    return ((*centre[:axis], level, *centre[axis + 1 :]) for level in levels)


def _moved(levels: Range, best: float, bounds: Bounds) -> Range:
    """Give the range that follows `levels`, one of which is `best`."""
    at = levels.index(best)
    if at in (0, len(levels) - 1):
        return _around(best, bounds)
    left, right = levels[at - 1], levels[at + 1]
    if right - left <= SETTLED * best:
        return levels
    return (left, (left + best) / 2, best, (best + right) / 2, right)


def _around(best: float, bounds: Bounds) -> Range:
    wide = np.linspace(0.5 * best, 1.5 * best, 5).clip(*bounds).tolist()
    wide[2] = best  # to the last bit: the centre has been evaluated
    return tuple(sorted(set(wide)))
