"""The adaptive search as a pure function: from the values seen so far to the rounds that follow.

The rule
--------
Round 0 evaluates the grid. Then turns follow, each of `LEAPS` leaps and a walk of every parameter.
The best point is the lowest value among the rounds' own points, the earliest among equals.

A **leap** starts elsewhere: it scales all parameters of the grid's best point by one factor, over
the whole of the space (`sor_opt.search.scaling` says by which factors).

A **walk** evaluates one parameter's *range*, with the others held at the best point so far.
After the grid, and after each walk, the range moves by where the best point lies in it:

- at an end, or elsewhere: the new range is ``linspace(best - span / 2, best + span / 2, 5)``, cut
  at the bounds. The span is the axis's (`sor_opt.search.axis`): the best itself on a log scale,
  half of the width on a linear one;
- inside: its two neighbours become the ends, with the best and the two halves between them, so
  that the range narrows; a range whose neighbours lie within `SETTLED` spans stays.

A parameter whose walk found nothing better rests for one turn, then for three, seven and so on,
until one does: it may play no part at all. One that made no difference in the grid rests at first.

The search is over when a turn in which no parameter rests has nothing left to evaluate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sor_opt.search.axis import Axis
from sor_opt.search.scaling import Scaling
from sor_opt.search.space import Point, Space

Range = tuple[float, ...]
"""Rising levels of one parameter."""

LEAPS = 5
"""Leaps of a turn."""

SETTLED = 0.05
"""A range whose neighbours of the best lie within this part of a span narrows no further."""


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
    ranges = {axis.name: axis.levels for axis in space.axes}
    grid = tuple(space.points())
    yield Round(None, dict(ranges), None, grid)
    evaluated = set(grid)
    best = min(grid, key=values.__getitem__)
    scaling = Scaling(space, best, grid)
    rests = {name: _Rest() for name in space.names}
    for at, axis in enumerate(space.axes):
        name = axis.name
        if len({values[point] for point in _line(best, at, ranges[name])}) == 1:
            rests[name].note(better=False)
        ranges[name] = _moved(axis, ranges[name], best[at])
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
        for at, axis in enumerate(space.axes):
            name = axis.name
            if rests[name].passes():
                continue
            walked, before = ranges[name], best
            if before[at] not in walked:
                walked = ranges[name] = axis.around(before[at])
            points = tuple(p for p in _line(before, at, walked) if p not in evaluated)
            if points:
                yield Round(name, dict(ranges), before, points)
                evaluated.update(points)
                best = min((before, *points), key=values.__getitem__)
            ranges[name] = _moved(axis, walked, best[at])
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


def _line(centre: Point, at: int, levels: Range) -> Iterator[Point]:
    return ((*centre[:at], level, *centre[at + 1 :]) for level in levels)


def _moved(axis: Axis, levels: Range, best: float) -> Range:
    """Give the range that follows `levels`, one of which is `best`."""
    at = levels.index(best)
    if at in (0, len(levels) - 1):
        return axis.around(best)
    left, right = levels[at - 1], levels[at + 1]
    if right - left <= SETTLED * axis.span(best):
        return levels
    return axis.rounded((left, (left + best) / 2, best, (best + right) / 2, right))
