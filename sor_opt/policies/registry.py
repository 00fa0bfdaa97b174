"""Every schedule and every router, and the pairs that have a name of their own."""

from __future__ import annotations

from sor_opt.policies.policy import Policy
from sor_opt.policies.routers.base import Router
from sor_opt.policies.routers.best_ask import BestAsk
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

SCHEDULES: dict[str, type[Schedule]] = {
    schedule.name: schedule for schedule in (Now, Twap, Vwap, Pov, AlmgrenChriss)
}
ROUTERS: dict[str, type[Router]] = {
    router.name: router for router in (BestAsk, Sweep, ProRata, Static, Placement)
}
"""To add a policy: one file with a class, and its name here."""

PAIRS = {
    "static": ("now", "static"),
    "placement": ("twap", "placement"),
    "best-ask": ("now", "best-ask"),
    "twap": ("twap", "best-ask"),
    "vwap": ("vwap", "best-ask"),
    "pro-rata": ("twap", "pro-rata"),
}
"""Policies with a name of their own: schedule and router."""

BASELINES = ("best-ask", "twap", "pro-rata", "vwap")
"""What a policy is held against; the last where a volume curve is known."""


def named(name: str) -> Policy:
    """One of `PAIRS`, with the default parameters."""
    schedule, router = PAIRS[name]
    return Policy(SCHEDULES[schedule](), ROUTERS[router](), name)


def pair(schedule: Schedule, router: Router) -> Policy:
    """A schedule times a router, under the pair's own name where it has one."""
    names = {pair: name for name, pair in PAIRS.items()}
    return Policy(schedule, router, names.get((schedule.name, router.name), ""))
