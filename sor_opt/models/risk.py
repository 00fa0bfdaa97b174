"""The three risk parameters, in fractions of the reference price or in dollars per share."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Annotated, Literal, get_args

from sor_opt.errors import ConfigError, quoted
from sor_opt.models.bounds import MAX_PENALTY, MIN_LEVEL
from sor_opt.params import Param, Range

Unit = Literal["fraction", "per_share"]

_UNIT = "of the mid, or $ per share"


def _penalties(*levels: float) -> Range:
    return Range(MIN_LEVEL, MAX_PENALTY, levels, log=True, reach=20.0)


_LAMBDAS, _THETAS = _penalties(0.0005, 0.001, 0.002), _penalties(0.00005, 0.0001, 0.0002)


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

    lambda_over: Annotated[float, Param("penalty per share beyond the target", _UNIT), _LAMBDAS] = (
        0.001
    )
    lambda_under: Annotated[
        float, Param("penalty per share short of the target", _UNIT), _LAMBDAS
    ] = 0.001
    theta_queue: Annotated[float, Param("queue risk and market impact", _UNIT), _THETAS] = 0.0001
    unit: Annotated[Unit, Param("fractions of the mid, or dollars per share", sets_unit=True)] = (
        "fraction"
    )

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
