"""The whole order at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sor_opt.policies.schedules.base import Schedule, Timing
from sor_opt.policies.view import Progress


@dataclass(frozen=True)
class Now(Schedule):
    """All shares are due from the start."""

    name: ClassVar[str] = "now"
    timing: ClassVar[Timing] = "slice"

    def due(self, view: Progress) -> float:
        """All of the order."""
        return view.size
