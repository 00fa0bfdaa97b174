"""The backtest: one prepared market, any number of policies."""

from __future__ import annotations

from sor_opt.allocators.base import Allocator
from sor_opt.backtest import engine, kernel
from sor_opt.backtest.base import Market
from sor_opt.backtest.policies import BASELINES, Policy
from sor_opt.backtest.result import Result
from sor_opt.errors import ConfigError


def run(
    market: Market, policy: Policy, allocator: Allocator | None = None, jobs: int = 1
) -> Result:
    """Replay all orders of a market.

    Parameters
    ----------
    market : Market
        From `sor_opt.backtest.prepare`.
    policy : Policy
    allocator : Allocator, optional
        Route with this one through the readable engine; the compiled kernel by default.
    jobs : int
        Threads of the kernel, which share the orders; the result is the same for any number.

    Raises
    ------
    ConfigError
        If there shall be several threads of the readable engine.
    SolverError
        If the allocator refuses a problem.
    """
    if allocator is None:
        return Result(market, policy.name, kernel.replay(market, policy, jobs))
    if jobs > 1:
        raise ConfigError("the readable engine has one thread; leave out the jobs or the allocator")
    return Result(market, policy.name, engine.replay(market, policy, allocator))


def run_baselines(market: Market) -> dict[str, Result]:
    """Replay all orders with every baseline, by name."""
    return {name: run(market, policy) for name, policy in BASELINES.items()}
