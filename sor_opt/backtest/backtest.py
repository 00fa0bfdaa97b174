"""The backtest: one prepared market, any number of policies."""

from __future__ import annotations

from sor_opt.backtest.core.replay import replay
from sor_opt.backtest.market import Market
from sor_opt.backtest.result import Result
from sor_opt.policies.policy import Policy
from sor_opt.policies.registry import BASELINES, named


def run(market: Market, policy: Policy, jobs: int = 1) -> Result:
    """Replay all orders of a market.

    Parameters
    ----------
    market : Market
        From `sor_opt.backtest.market.prepare`.
    policy : Policy
    jobs : int
        Threads that share the orders where the policy is compiled; the result is the same for any
        number.

    Raises
    ------
    ConfigError
        If several threads shall call a policy in Python, or it does not fit the orders.
    DataError
        If the policy has too little to learn from.
    SolverError
        If its allocator refuses a problem.
    """
    return Result(market, policy.name, replay(market, policy, jobs))


def run_baselines(market: Market) -> dict[str, Result]:
    """Replay all orders with every baseline, by name; vwap where a volume curve is known."""
    policies = [named(name) for name in BASELINES]
    return {
        policy.name: run(market, policy)
        for policy in policies
        if policy.schedule.lacks(market.past) is None
    }
