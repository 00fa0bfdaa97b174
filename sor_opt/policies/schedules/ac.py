"""Front-loaded against risk."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

from sor_opt.errors import ConfigError
from sor_opt.params import Param
from sor_opt.policies.schedules.base import Schedule, Timing, whole_shares
from sor_opt.policies.view import Progress

MAX_URGENCY = 1000.0


@dataclass(frozen=True)
class AlmgrenChriss(Schedule):
    """The static optimum of Almgren & Chriss, "Optimal execution of portfolio transactions" (2000).

    Of X shares x(t) = X sinh(kappa (T - t)) / sinh(kappa T) are still to be bought at t (equation
    18 there); what is not is due by the end of the slice, in whole shares.

    Parameters
    ----------
    urgency : float
        kappa T, >= 0 and at most `MAX_URGENCY`: 0 is even in time, at 3 two thirds are due in the
        first third of the horizon.

    Raises
    ------
    ConfigError
        If the urgency is out of its range.
    """

    name: ClassVar[str] = "ac"
    timing: ClassVar[Timing] = "slice"

    urgency: Annotated[float, Param("0 is even in time; the more, the earlier")] = 2.0

    def __post_init__(self) -> None:
        if not 0 <= self.urgency <= MAX_URGENCY:
            raise ConfigError(f"urgency must be 0 to {MAX_URGENCY:g}, got {self.urgency:g}")

    def due(self, view: Progress) -> float:
        """What is due by the end of the present slice."""
        passed = (view.slice_end - view.start) / (view.end - view.start)
        left = 1 - passed
        if passed < 1 and self.urgency > 0:
            # sinh(a) / sinh(b) without the overflow of either
            all_of_it, rest = self.urgency, self.urgency * left
            ratio = math.expm1(-2 * rest) / math.expm1(-2 * all_of_it)
            left = math.exp(rest - all_of_it) * ratio
        return whole_shares(view, view.size if passed >= 1 else view.size * (1 - left))
