"""Schedules and routers held against each other: every pair on the same orders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sor_opt.backtest.backtest import run
from sor_opt.backtest.market import Market
from sor_opt.backtest.result import Result
from sor_opt.policies.policy import Policy
from sor_opt.policies.routers.best_ask import BestAsk


@dataclass(frozen=True, eq=False)
class Entry:
    """One pair of a contest.

    Attributes
    ----------
    policy : Policy
    result : Result
    reference : Result
        That of best-ask under the same schedule: the difference is the router's alone.
    """

    policy: Policy
    result: Result
    reference: Result


def hold_contest(
    market: Market,
    policies: Sequence[Policy],
    jobs: int = 1,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> list[Entry]:
    """Replay all orders with every policy, and with best-ask under each of their schedules.

    Parameters
    ----------
    market : Market
    policies : sequence of Policy
    jobs : int
        Threads that share the orders of a replay.
    progress : callable
        Called with (done, total) replays.

    Returns
    -------
    list of Entry
        In the order of `policies`.

    Raises
    ------
    DataError, ConfigError, SolverError
        As of `run`; what a policy needs to learn is seen to before the first replay.
    """
    for policy in policies:
        policy.prepare(market.context)
    references = [Policy(policy.schedule, BestAsk()) for policy in policies]
    results: list[tuple[Policy, Result]] = []
    different = _different([*references, *policies])
    for done, policy in enumerate(different):
        progress(done, len(different))
        results.append((policy, run(market, policy, jobs)))
    progress(len(different), len(different))
    return [
        Entry(policy, _result_of(policy, results), _result_of(reference, results))
        for policy, reference in zip(policies, references, strict=True)
    ]


def _different(policies: Sequence[Policy]) -> list[Policy]:
    """Each policy once; they need not be hashable."""
    return [policy for at, policy in enumerate(policies) if policy not in policies[:at]]


def _result_of(policy: Policy, results: Sequence[tuple[Policy, Result]]) -> Result:
    return next(result for other, result in results if other == policy)
