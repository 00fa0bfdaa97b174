"""Points that fill the space evenly: a scrambled Sobol sequence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sor_opt.search.samplers.base import SamplerStatus, SequenceSampler, stretched
from sor_opt.search.space import Point, Space

if TYPE_CHECKING:
    from scipy.stats.qmc import Sobol

_BLOCK = 64  # a power of two, as Sobol sequences are balanced over these


class QmcSampler(SequenceSampler):
    """Follows one Sobol sequence (scipy, Owen-scrambled by the seed)."""

    name = "qmc"
    several = True

    def __init__(self, space: Space, seed: int) -> None:
        super().__init__(space, seed)
        self._sobol: Sobol | None = None
        self._drawn: list[NDArray[np.float64]] = []

    def point(self, slot: int, values: Mapping[Point, float]) -> Point | SamplerStatus:  # noqa: ARG002
        """Give the point number `slot` of the sequence."""
        if self._sobol is None:
            from scipy.stats.qmc import Sobol  # a second of loading, for this sampler alone

            # Not any earlier: scipy swallows a Ctrl-C meanwhile, unless somebody listens for it.
            generator = np.random.default_rng(self.seed)
            self._sobol = Sobol(len(self.space.axes), scramble=True, rng=generator)
        while slot >= len(self._drawn):
            self._drawn.extend(self._sobol.random(_BLOCK))
        return stretched(self.space, self._drawn[slot])
