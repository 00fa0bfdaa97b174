"""The backtest: one prepared market, any number of policies."""

from __future__ import annotations

from sor_opt.backtest.core.replay import replay
from sor_opt.backtest.market import Market
from sor_opt.backtest.result import Result
from sor_opt.policies.policy import Policy


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
