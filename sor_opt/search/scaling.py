"""Points that scale all parameters by one factor, searched over the whole of the space.

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

from sor_opt.search.space import NAMES, Space

Point = tuple[float, ...]
"""One value per parameter, in the order of `sor_opt.search.space.NAMES`."""

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
        self._base = base
        self._bounds = [space.bounds(name) for name in NAMES]
        pairs = list(zip(base, self._bounds, strict=True))
        self._ends = (
            max(bounds.low / value for value, bounds in pairs),
            min(bounds.high / value for value, bounds in pairs),
        )
        self._points = {point[0] / base[0]: point for point in known if _is_multiple(point, base)}
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
        return tuple(
            min(max(value * factor, bounds.low), bounds.high)
            for value, bounds in zip(self._base, self._bounds, strict=True)
        )

    def _cuts(self, values: Mapping[Point, float]) -> list[float]:
        gaps = []
        for low, high in itertools.pairwise(sorted(self._points)):
            width = math.log(high / low)
            if width >= NARROWEST:
                left, right = values[self._points[low]], values[self._points[high]]
                counted = width * (FLAT if left == right else 1.0)
                gaps.append(_Gap(counted, min(left, right), low, high))
        return [math.sqrt(gap.low * gap.high) for gap in _promising(gaps)]


def _is_multiple(point: Point, base: Point) -> bool:
    factor = point[0] / base[0]
    return all(
        abs(value - factor * of) <= _SAME * value for value, of in zip(point, base, strict=True)
    )


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
