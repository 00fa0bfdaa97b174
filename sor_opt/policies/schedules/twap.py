"""Equal shares in equal times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sor_opt.policies.schedules.base import Schedule, Timing
from sor_opt.policies.view import Progress


@dataclass(frozen=True)
class Twap(Schedule):
    """Time-weighted: size x (k + 1) / n by the end of slice k of n, in whole shares."""

    name: ClassVar[str] = "twap"
    timing: ClassVar[Timing] = "slice"

    def due(self, view: Progress) -> float:
        """What is due by the end of the present slice."""
        if view.slice + 1 >= view.slices:
            return view.size
        return float(view.size * (view.slice + 1) // view.slices)
