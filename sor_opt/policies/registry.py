"""Every schedule and every router, by name."""

from __future__ import annotations

from sor_opt.policies.policy import PAIRS, Policy
from sor_opt.policies.routers.base import Router
from sor_opt.policies.routers.best_ask import BestAsk
from sor_opt.policies.routers.cost import Cost
from sor_opt.policies.routers.placement import Placement
from sor_opt.policies.routers.pro_rata import ProRata
from sor_opt.policies.routers.static import Static
from sor_opt.policies.routers.sweep import Sweep
from sor_opt.policies.schedules.ac import AlmgrenChriss
from sor_opt.policies.schedules.base import Schedule
from sor_opt.policies.schedules.now import Now
from sor_opt.policies.schedules.pov import Pov
from sor_opt.policies.schedules.twap import Twap
from sor_opt.policies.schedules.vwap import Vwap
from sor_opt.registry import Registry

SCHEDULES: Registry[Schedule] = Registry("schedule", Schedule, Now, Twap, Vwap, Pov, AlmgrenChriss)
ROUTERS: Registry[Router] = Registry(
    "router", Router, BestAsk, Sweep, ProRata, Static, Placement, Cost
)
"""To add a schedule or a router: one file with a class, and the class here."""

BASELINES = ("best-ask", "twap", "pro-rata", "vwap")
"""What a policy is held against; the last where a volume curve is known."""


def named(name: str) -> Policy:
    """The pair of a name (one of `PAIRS`), with the default parameters."""
    schedule, router = PAIRS[name]
    return Policy(SCHEDULES[schedule](), ROUTERS[router]())
