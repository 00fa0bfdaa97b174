"""In step with the market's volume."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sor_opt.errors import ConfigError, DataError
from sor_opt.policies.past import Past
from sor_opt.policies.schedules.base import Schedule, Timing
from sor_opt.policies.view import Progress


@dataclass(frozen=True)
class Pov(Schedule):
    """Percentage of volume: a share of what is printed on the lit venues since the start.

    Parameters
    ----------
    rate : float
        That share, > 0 and at most 1.

    Raises
    ------
    ConfigError
        If the rate is out of its range.
    """

    name: ClassVar[str] = "pov"
    timing: ClassVar[Timing] = "print"

    rate: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < self.rate <= 1:
            raise ConfigError(f"pov rate must be > 0 and <= 1, got {self.rate:g}")

    def lacks(self, past: Past) -> DataError | None:
        """Trades, where the tape has none."""
        if len(past.prints):
            return None
        return DataError(
            "holds no trades, which the schedule pov follows",
            file=past.tape.source,
            hint="give --trades FILE beside the quotes",
        )

    def due(self, view: Progress) -> float:
        """What is due for the volume printed so far, in whole shares."""
        return min(view.size, float(self.rate * view.volume // 1))
