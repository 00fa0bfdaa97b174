"""In step with the market's volume."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from sor_opt.errors import ConfigError, DataError
from sor_opt.params import Param
from sor_opt.policies.context import Context
from sor_opt.policies.schedules.base import Schedule, Timing, whole_shares
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

    rate: Annotated[float, Param("bought", "shares per share that is printed", name="pov_rate")] = (
        0.1
    )

    def __post_init__(self) -> None:
        if not 0 < self.rate <= 1:
            raise ConfigError(f"pov rate must be > 0 and <= 1, got {self.rate:g}")

    def prepare(self, context: Context) -> Pov:
        """Check that there are trades.

        Raises
        ------
        DataError
        """
        if not len(context.prints):
            raise DataError(
                "holds no trades, which the schedule pov follows",
                file=context.tape.source,
                hint="give --trades FILE beside the quotes",
            )
        return self

    def due(self, view: Progress) -> float:
        """What is due for the volume printed so far, in whole shares."""
        return whole_shares(view, self.rate * view.volume)
