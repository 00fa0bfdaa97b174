"""What a policy is held against: simple policies with the same orders, fees and rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from sor_opt.backtest.backtest import run
from sor_opt.backtest.market import Market
from sor_opt.backtest.result import Result
from sor_opt.errors import DataError
from sor_opt.params import changed
from sor_opt.policies.policy import PAIRS, Policy
from sor_opt.policies.registry import BASELINES, named
from sor_opt.policies.routers.best_ask import BestAsk
from sor_opt.policies.schedules.base import Schedule

BASELINE_SCHEDULES = tuple(PAIRS[name][0] for name in BASELINES)

Measure = Literal["routing", "timing"]
"""Whether the difference of two policies is their routers' alone, or their schedules' too."""


@dataclass(frozen=True, eq=False)
class Baseline:
    """A simple policy's replay, which another policy's is held against.

    Attributes
    ----------
    result : Result
    measures : {"routing", "timing"}
        What a saving on it measures: routing if it trades under that policy's own schedule, timing
        if under another one. What timing measures is mixed with routing wherever the routers
        differ too.
    """

    result: Result
    measures: Measure


def run_baselines(
    market: Market, policy: Policy, given: Mapping[str, Any] | None = None
) -> dict[str, Baseline]:
    """Replay all orders with what a policy is held against.

    These are best-ask under the policy's own schedule, and `BASELINES`. One whose schedule has the
    name of the policy's takes that very schedule.

    Parameters
    ----------
    market : Market
    policy : Policy
    given : mapping, optional
        Parameters of the other schedules by name, such as vwap's `curve`. A baseline that none of
        them goes with is left out where the tape does not tell its schedule what it needs.

    Returns
    -------
    dict of str to Baseline
        By the names of the policies, those that measure routing first.

    Raises
    ------
    DataError
        If the policy's own schedule, or one of which a parameter is given, cannot learn what it
        needs.
    """
    reference = Policy(policy.schedule, BestAsk())
    held = {reference.name: reference}
    for pair in map(named, BASELINES):
        own = pair.schedule.name == policy.schedule.name
        schedule = policy.schedule if own else changed(pair.schedule, given or {})
        if own or schedule != pair.schedule or _can_learn(schedule, market):
            held[pair.name] = replace(pair, schedule=schedule)
    found = {
        name: Baseline(
            run(market, each), "routing" if each.schedule is policy.schedule else "timing"
        )
        for name, each in held.items()
    }
    return dict(sorted(found.items(), key=lambda item: item[1].measures != "routing"))


def _can_learn(schedule: Schedule, market: Market) -> bool:
    """Whether the data tells a schedule what it needs."""
    try:
        schedule.prepare(market.context)
    except DataError:
        return False
    return True
