"""Points that scale all parameters by one factor, searched over the whole of the space.

What a factor does to a parameter is its axis's (`sor_opt.search.axis`): on a log scale it
multiplies. A parameter that has come to a bound stays there.

The factors known so far cut the interval of all factors into gaps. A gap is promising where some
slope of the objective would make it the one with the lowest possible value: on the lower right hull
of the gaps' widths and values. Each promising gap is cut in the middle (all on a log scale). This
is DIRECT (Jones, Perttunen & Stuckman, "Lipschitzian optimization without the Lipschitz constant",
J. Optim. Theory Appl. 79, 1993) in one dimension, with the values at the gaps' ends.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sor_opt.search.space import Point, Space

NARROWEST = 0.0005
"""Gaps whose ends differ by less, relatively, are not cut."""

FLAT = 0.1
"""A gap with equal values at its ends counts as so much narrower: it is likely a plateau."""

_SAME = 1e-9
"""Factors and widths that differ by less, relatively, are one."""


class _Gap(NamedTuple):
    width: float
    value: float
    low: float
    high: float


class Scaling:
    """The multiples of one point that lie in a space.

    Parameters
    ----------
    space : Space
    base : tuple of float
        The point.
    known : sequence of tuple of float
        Points that have values; those that are multiples of `base` count from the start.
    """

    def __init__(self, space: Space, base: Point, known: Sequence[Point]) -> None:
        self._axes, self._base = space.axes, base
        pairs = list(zip(self._axes, base, strict=True))
        down = [axis.factor(value, axis.bounds.low) for axis, value in pairs]
        up = [axis.factor(value, axis.bounds.high) for axis, value in pairs]
        self._ends = (
            max((factor for factor in down if factor < 1), default=1.0),
            min((factor for factor in up if factor > 1), default=1.0),
        )
        first = self._axes[0]
        factors = {point: first.factor(base[0], point[0]) for point in known}
        self._points = {
            factor: point for point, factor in factors.items() if self._is_near(point, factor)
        }
        self._begun = False

    def following(self, values: Mapping[Point, float]) -> tuple[Point, ...]:
        """Give the points to evaluate next: the ends at first, then a cut of every promising gap.

        Parameters
        ----------
        values : mapping of point to float
            The value of every point that was given before, and of the known ones.
        """
        factors = self._cuts(values) if self._begun else self._ends
        self._begun = True
        found = {factor: self._at(factor) for factor in factors}
        self._points.update(found)
        return tuple(found.values())

    def _at(self, factor: float) -> Point:
        pairs = zip(self._axes, self._base, strict=True)
        return tuple(axis.scaled(value, factor) for axis, value in pairs)

    def _is_near(self, point: Point, factor: float) -> bool:
        """Whether a point is that of a factor, but for rounding."""
        return all(
            abs(value - scaled) <= _SAME * axis.span(value)
            for axis, value, scaled in zip(self._axes, point, self._at(factor), strict=True)
        )

    def _cuts(self, values: Mapping[Point, float]) -> list[float]:
        gaps = []
        for low, high in itertools.pairwise(sorted(self._points)):
            width = math.log(high / low)
            ends = self._points[low], self._points[high]
            if width >= NARROWEST and ends[0] != ends[1]:  # whole numbers may be the same
                left, right = (values[point] for point in ends)
                counted = width * (FLAT if left == right else 1.0)
                gaps.append(_Gap(counted, min(left, right), low, high))
        return [math.sqrt(gap.low * gap.high) for gap in _promising(gaps)]


def _promising(gaps: Sequence[_Gap]) -> list[_Gap]:
    """The lower right hull of widths and values, by width; of equal widths the lowest, leftmost."""
    best: dict[float, _Gap] = {}
    for gap in gaps:
        width = round(math.log(gap.width) / _SAME)
        if width not in best or gap.value < best[width].value:
            best[width] = gap
    hull: list[_Gap] = []
    for _, gap in sorted(best.items()):
        while hull and hull[-1].value >= gap.value:
            hull.pop()
        while len(hull) > 1 and _slope(hull[-2], hull[-1]) >= _slope(hull[-2], gap):
            hull.pop()
        hull.append(gap)
    return hull


def _slope(one: _Gap, other: _Gap) -> float:
    return (other.value - one.value) / (other.width - one.width)
