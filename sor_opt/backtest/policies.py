"""Policies: when how many shares are due, and how they are split over venues."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from sor_opt.model.risk import RiskParams
from sor_opt.model.static import StaticParams


class Split(IntEnum):
    """How the shares that are due are sent to venues, immediate-or-cancel."""

    STATIC = 0
    """The cheapest split of the static cost model."""
    BEST_ASK = 1
    """The venue with the lowest ask (then fee, then order), up to its display."""
    BY_SIZE = 2
    """All venues in proportion to their display; the rounding's rest at the lowest asks."""


@dataclass(frozen=True)
class Policy:
    """A routing policy.

    Parameters
    ----------
    name : str
    split : Split
    paced : bool
        Whether equal slices become due by time, or the whole order at once.
    risk, static : RiskParams, StaticParams
        The static split's parameters; no other split looks at them.
    """

    name: str
    split: Split
    paced: bool = False
    risk: RiskParams = RiskParams()
    static: StaticParams = StaticParams()


def static_policy(risk: RiskParams, static: StaticParams) -> Policy:
    """The router: at each snapshot the cheapest split of what is left (DESIGN 3.3)."""
    return Policy("static", Split.STATIC, risk=risk, static=static)


BASELINES = {
    policy.name: policy
    for policy in (
        Policy("best-ask", Split.BEST_ASK),
        Policy("twap", Split.BEST_ASK, paced=True),
        Policy("vwap", Split.BY_SIZE, paced=True),
    )
}
"""What a router is held against, by name."""
