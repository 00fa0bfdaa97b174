"""Policies: when how many shares are due, and how they are sent to venues."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any, Literal, get_args

from sor_opt.errors import ConfigError, quoted
from sor_opt.models.placement import PlacementParams
from sor_opt.models.risk import RiskParams
from sor_opt.models.static import StaticParams
from sor_opt.models.windows import WindowParams

Leftover = Literal["carry", "sweep"]


class Split(IntEnum):
    """How the shares that are due are sent to venues; immediate-or-cancel but for the last."""

    STATIC = 0
    """The cheapest split of the static cost model."""
    BEST_ASK = 1
    """The venue with the lowest ask (then fee, then order), up to its display."""
    BY_SIZE = 2
    """All venues in proportion to their display; the rounding's rest at the lowest asks."""
    PLACEMENT = 3
    """The cheapest market and limit orders of the placement cost model, once per slice."""


@dataclass(frozen=True)
class PlacementRules:
    """How the placement model routes an order, slice by slice.

    Parameters
    ----------
    model : PlacementParams
        Of an infinite depth only what is displayed executes; the rest is left over.
    windows : WindowParams
        Where its outflow scenarios come from, and what a print through the limit fills.
    leftover : {"carry", "sweep"}
        What a slice did not fill: is part of the next slice's target, or is bought at the best
        asks from the slice's end on.
    """

    model: PlacementParams = PlacementParams()
    windows: WindowParams = WindowParams()
    leftover: Leftover = "carry"

    def __post_init__(self) -> None:
        if self.leftover not in get_args(Leftover):
            raise ConfigError(f"leftover must be carry or sweep, got {quoted(self.leftover)}")


@dataclass(frozen=True)
class Policy:
    """A routing policy.

    Parameters
    ----------
    name : str
    split : Split
    paced : bool
        Whether equal slices become due by time, or the whole order at once.
    risk : RiskParams
        What the static and the placement model weigh.
    static : StaticParams
        Of the static split; no other looks at them.
    placement : PlacementRules
        Of the placement split; no other looks at them.
    """

    name: str
    split: Split
    paced: bool = False
    risk: RiskParams = RiskParams()
    static: StaticParams = StaticParams()
    placement: PlacementRules = PlacementRules()

    @property
    def described(self) -> dict[str, Any]:
        """The policy but for `risk`, as plain values: two that are equal route alike."""
        own = self.placement if self.split == Split.PLACEMENT else self.static
        return {"name": self.name, **asdict(own)}


def static_policy(risk: RiskParams = RiskParams(), static: StaticParams = StaticParams()) -> Policy:
    """The static router: at each snapshot the cheapest split of what is left."""
    return Policy("static", Split.STATIC, risk=risk, static=static)


def placement_policy(
    risk: RiskParams = RiskParams(), rules: PlacementRules = PlacementRules()
) -> Policy:
    """The full router: per slice the cheapest market and limit orders."""
    return Policy("placement", Split.PLACEMENT, paced=True, risk=risk, placement=rules)


BASELINES = {
    policy.name: policy
    for policy in (
        Policy("best-ask", Split.BEST_ASK),
        Policy("twap", Split.BEST_ASK, paced=True),
        Policy("vwap", Split.BY_SIZE, paced=True),
    )
}
"""What a router is held against, by name."""
