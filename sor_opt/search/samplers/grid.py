"""The grid, point by point."""

from __future__ import annotations

from collections.abc import Mapping

from sor_opt.search.samplers.base import SamplerStatus, SequenceSampler
from sor_opt.search.space import Point, Space


class GridSampler(SequenceSampler):
    """Evaluates all combinations of the levels; the last axis moves fastest."""

    name = "grid"
    when_exhausted = "every point of the grid is done"
    seeded = False
    several = True

    def __init__(self, space: Space, seed: int) -> None:
        super().__init__(space, seed)
        self._grid = space.points()

    def point(self, slot: int, values: Mapping[Point, float]) -> Point | SamplerStatus:  # noqa: ARG002
        """Give the grid's point number `slot`."""
        return self._grid[slot] if slot < len(self._grid) else SamplerStatus.EXHAUSTED
