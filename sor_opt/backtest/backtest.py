"""The backtest: one prepared market, any number of policies."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sor_opt.backtest.core.replay import replay
from sor_opt.backtest.market import Market
from sor_opt.backtest.result import Result
from sor_opt.errors import DataError
from sor_opt.policies.policy import PAIRS, Policy
from sor_opt.policies.registry import BASELINES, named
from sor_opt.policies.schedules.base import Schedule
from sor_opt.policies.schedules.vwap import Vwap

BASELINE_SCHEDULES = tuple(PAIRS[name][0] for name in BASELINES)


def run(market: Market, policy: Policy, jobs: int = 1) -> Result:
    """Replay all orders of a market.

    Parameters
    ----------
    market : Market
        From `sor_opt.backtest.market.prepare`.
    policy : Policy
    jobs : int
        Threads that share the orders of a compiled policy; the result is the same for any number.

    Raises
    ------
    ConfigError
        If the policy does not fit the orders, or answers what is no answer.
    DataError
        If the policy has too little to learn from.
    SolverError
        If its allocator refuses a problem.
    """
    return Result(market, policy.name, replay(market, policy, jobs))


def run_baselines(market: Market, curve: Path | None = None) -> dict[str, Result]:
    """Replay all orders with every baseline, by name.

    Parameters
    ----------
    market : Market
    curve : Path, optional
        The volume curve of vwap (see `VolumeCurve.read`). Without it vwap is left out where the
        tape tells too little of earlier days.

    Raises
    ------
    DataError
        If `curve` is wrong, or tells no volume to expect during an order.
    """
    found = {}
    for policy in map(named, BASELINES):
        if curve is not None and isinstance(policy.schedule, Vwap):
            policy = replace(policy, schedule=Vwap(curve))
        elif not _can_learn(policy.schedule, market):
            continue
        found[policy.name] = run(market, policy)
    return found


def _can_learn(schedule: Schedule, market: Market) -> bool:
    """Whether the data tells a schedule what it needs."""
    try:
        schedule.prepare(market.context)
    except DataError:
        return False
    return True
