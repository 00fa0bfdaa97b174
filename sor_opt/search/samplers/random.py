"""Independent points, uniform on the scale of each axis."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sor_opt.search.samplers.base import SamplerStatus, SequenceSampler, stretched
from sor_opt.search.space import Point


class RandomSampler(SequenceSampler):
    """Draws every point from a generator of its own, seeded by (seed, place in the sequence)."""

    name = "random"
    several = True

    def point(self, slot: int, values: Mapping[Point, float]) -> Point | SamplerStatus:  # noqa: ARG002
        """Draw the point number `slot`."""
        draw = np.random.default_rng([self.seed, slot]).random(len(self.space.axes))
        return stretched(self.space, draw)
