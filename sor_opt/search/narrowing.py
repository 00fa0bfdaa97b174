"""The adaptive search as a pure function: from the values seen so far to the rounds that follow.

The rule
--------
Round 0 visits the grid. Every later round walks one parameter's *range*, with the other two held
at the best point so far; the parameters take turns. The best point is the lowest value among the
rounds' own points, the earliest among equals. After the grid, and then after each walk, a
parameter's range moves by where the best point lies in it:

- at an end: the new range is ``linspace(0.5 * best, 1.5 * best, 5)``, cut at the space's bounds;
- inside: its two neighbours become the ends, with the best and the two halves between them, so
  that the range narrows; a range whose neighbours lie within 1 % of the best stays.

The search is over when a whole turn through the parameters neither moves a range nor holds a point
that has not been visited.

A walk costs at most 4 points where the full product of the three ranges would cost 124; the price
is that two parameters never move in one step.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from sor_opt.search.space import NAMES, Bounds, Space

Point = tuple[float, ...]
"""One value per parameter, in the order of `sor_opt.search.space.NAMES`."""

Range = tuple[float, ...]
"""Rising levels of one parameter."""

SETTLED = 0.01
"""A range whose neighbours of the best lie within this fraction of it narrows no further."""


@dataclass(frozen=True)
class Round:
    """What one round visits.

    Parameters
    ----------
    parameter : str or None
        The parameter that is walked; None for the grid.
    ranges : dict of str to tuple of float
        Every parameter's range in this round.
    centre : tuple of float or None
        The best point so far, which the walk goes through; None for the grid.
    points : tuple of tuple of float
        The points that no earlier round has visited, in the order of the visits.
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
    visited = set(grid)
    best = min(grid, key=values.__getitem__)
    for axis, name in enumerate(NAMES):
        ranges[name] = _moved(ranges[name], best[axis], space.bounds(name))
    idle = 0
    for axis, name in itertools.cycle(enumerate(NAMES)):
        walked = ranges[name]
        line = ((*best[:axis], level, *best[axis + 1 :]) for level in walked)
        points = tuple(point for point in line if point not in visited)
        if points:
            yield Round(name, dict(ranges), best, points)
            visited.update(points)
            best = min((best, *points), key=values.__getitem__)
        ranges[name] = _moved(walked, best[axis], space.bounds(name))
        idle = 0 if points or ranges[name] != walked else idle + 1
        if idle == len(NAMES):
            return


def rounds(space: Space, values: Mapping[Point, float]) -> list[Round]:
    """Replay a search as far as the values go; the last round may be unfinished."""
    reached = []
    for round_ in narrow(space, values):
        reached.append(round_)
        if not all(point in values for point in round_.points):
            break
    return reached


def _moved(levels: Range, best: float, bounds: Bounds) -> Range:
    """Give the range that follows `levels`, one of which is `best`."""
    at = levels.index(best)
    if at in (0, len(levels) - 1):
        wide = np.linspace(0.5 * best, 1.5 * best, 5).clip(*bounds).tolist()
        wide[2] = best  # to the last bit: the centre has been visited
        return tuple(sorted(set(wide)))
    left, right = levels[at - 1], levels[at + 1]
    if right - left <= SETTLED * best:
        return levels
    return (left, (left + best) / 2, best, (best + right) / 2, right)
