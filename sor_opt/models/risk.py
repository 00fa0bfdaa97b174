"""The three risk parameters, in fractions of the reference price or in dollars per share."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Literal, get_args

from sor_opt.errors import ConfigError, quoted
from sor_opt.models.bounds import MAX_PENALTY

Unit = Literal["fraction", "per_share"]


@dataclass(frozen=True)
class RiskParams:
    """What a share short of the target, one beyond it, and queueing cost.

    Parameters
    ----------
    lambda_over : float
        Penalty per share bought beyond the target (Cont & Kukanov's lambda_o).
    lambda_under : float
        Penalty per share short of the target (lambda_u).
    theta_queue : float
        Queue risk and market impact (theta).
    unit : {"fraction", "per_share"}
        Fractions of the reference price (0.0005 is 5 bps) or dollars per share.

    Raises
    ------
    ConfigError
        If a number is negative, not finite or above `MAX_PENALTY`, or the unit is unknown.
    """

    lambda_over: float = 0.001
    lambda_under: float = 0.001
    theta_queue: float = 0.0001
    unit: Unit = "fraction"

    def __post_init__(self) -> None:
        if self.unit not in get_args(Unit):
            raise ConfigError(
                f"unit must be one of {', '.join(get_args(Unit))}, got {quoted(self.unit)}"
            )
        for name in (field.name for field in fields(self) if field.name != "unit"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ConfigError(f"{name} must be finite and >= 0, got {value:g}")
            if value > MAX_PENALTY:
                raise ConfigError(f"{name} must be at most {MAX_PENALTY:g}, got {value:g}")

    @property
    def shortfall_penalty(self) -> float:
        """lambda_under + theta_queue: what a share short of the target costs, in `unit`."""
        return self.lambda_under + self.theta_queue

    @property
    def excess_penalty(self) -> float:
        """lambda_over + theta_queue: what an excess share costs, in `unit`."""
        return self.lambda_over + self.theta_queue

    def dollars(self, reference_price: float) -> float:
        """Dollars per share that one `unit` is worth at a reference price."""
        return abs(reference_price) if self.unit == "fraction" else 1.0
