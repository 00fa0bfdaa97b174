"""The backtest: one prepared market, any number of policies."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sor_opt.backtest.core.replay import replay
from sor_opt.backtest.market import Market
from sor_opt.backtest.result import Result
from sor_opt.policies.policy import Policy
from sor_opt.policies.registry import BASELINES, PAIRS, named
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
        elif policy.schedule.lacks(market.past) is not None:
            continue
        found[policy.name] = run(market, policy)
    return found
