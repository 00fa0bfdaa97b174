"""What a search minimises: the realised shortfall in bps, on train and on test orders."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np

from sor_opt.backtest.backtest import run
from sor_opt.backtest.base import Market
from sor_opt.backtest.policies import Policy, static_policy
from sor_opt.backtest.result import Result
from sor_opt.errors import DataError
from sor_opt.market.tape import BoolArray, FloatArray
from sor_opt.model.risk import RiskParams

TRAIN_TENTHS = 7
"""Of ten orders in time order the first seven train, the rest test."""


class Outcome(NamedTuple):
    """Mean implementation shortfall of one parameter point, in bps (NaN where undefined)."""

    train_bps: float
    test_bps: float


class Objective(Protocol):
    """A function of the risk parameters; the search sees `train_bps` alone."""

    def __call__(self, params: RiskParams) -> Outcome:
        """Replay the orders with `params`."""

    def fingerprint(self) -> dict[str, str]:
        """Texts that identify data, orders and policy: two studies mix only if all are equal."""


@dataclass(frozen=True, eq=False)
class ShortfallObjective:
    """Mean shortfall of a policy over a market's orders, as a function of its `risk`.

    The penalties steer the splits and are no part of what is measured: a search over a cost that
    contains lambda would merely pick the smallest lambda.
    """

    market: Market
    policy: Policy = static_policy()

    def __call__(self, params: RiskParams) -> Outcome:
        """Replay the orders with `params` in the compiled engine."""
        return self.outcome(self.replay(params))

    def replay(self, params: RiskParams) -> Result:
        """The whole result behind an outcome."""
        return run(self.market, replace(self.policy, risk=params))

    def outcome(self, result: Result) -> Outcome:
        """Mean shortfall over the train and over the test orders of any policy's result."""
        train = self.train
        return Outcome(_mean(result.shortfall_bps[train]), _mean(result.shortfall_bps[~train]))

    @property
    def train(self) -> BoolArray:
        """Which orders train; at least one does (shape (orders,))."""
        n = len(self.market.orders)
        return np.arange(n) < max(1, n * TRAIN_TENTHS // 10)

    def check_defined(self, train_bps: FloatArray) -> None:
        """Refuse train shortfalls of which none is known.

        Raises
        ------
        DataError
        """
        if np.isnan(train_bps).all():
            raise DataError(
                "no train order meets a book to trade on",
                file=self.market.tape.source,
                mend="see `sor-opt data inspect`",
            )

    def fingerprint(self) -> dict[str, str]:
        """Texts that identify data, orders and policy."""
        market, orders = self.market, self.market.orders
        fees = market.taker.tobytes() + market.rebate.tobytes()
        layout = hashlib.sha256(orders.starts.tobytes() + orders.deadlines.tobytes()).hexdigest()
        return {
            "data": market.tape.fingerprint()[:16],
            "orders": f"{len(orders)} x {orders.side} {orders.size:g}, "
            f"horizon {orders.horizon} ns, {layout[:16]}",
            "rules": repr(market.params),
            "fees": hashlib.sha256(fees).hexdigest()[:16],
            "policy": self.policy.described,
        }


def _mean(values: FloatArray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")
