"""What a search minimises: a measure of the realised shortfall, on train and on test orders."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from sor_opt.backtest.backtest import run
from sor_opt.backtest.market import Market
from sor_opt.backtest.result import Result
from sor_opt.backtest.risk import MEAN, Measure
from sor_opt.backtest.version import RESULTS
from sor_opt.errors import ConfigError, DataError
from sor_opt.market.tape import SECOND, BoolArray, FloatArray
from sor_opt.policies.policy import Policy
from sor_opt.policies.registry import named

TRAIN_TENTHS = 7
"""Of ten orders in time order the first seven train, the rest test."""


class Outcome(NamedTuple):
    """A measure of one parameter point's implementation shortfall, bps (NaN where undefined)."""

    train_bps: float
    test_bps: float

    @property
    def each(self) -> tuple[Outcome, ...]:
        """What it is by each measure, of which there is one."""
        return (self,)


class Outcomes(NamedTuple):
    """What a parameter point comes to by each of several measures, in their order."""

    each: tuple[Outcome, ...]


class AnyObjective(Protocol):
    """A function of parameters by their names; the search sees `train_bps` alone."""

    def __call__(self, params: Mapping[str, Any]) -> Outcome | Outcomes:
        """Replay the orders with `params`."""

    def prepare(self) -> None:
        """Do once what every evaluation needs, so that none takes longer than the others."""

    def fingerprint(self, without: Collection[str]) -> dict[str, Any]:
        """Plain values by part that identify what is measured: studies mix only if all are equal.

        A value named `file` says where the data came from, and may differ.

        Parameters
        ----------
        without : collection of str
            Parameters that the space sets, and which are left out.
        """


class Objective(AnyObjective, Protocol):
    """One that is measured in one way."""

    def __call__(self, params: Mapping[str, Any]) -> Outcome:
        """Replay the orders with `params`."""


@dataclass(frozen=True, eq=False)
class ShortfallObjective:
    """A measure of a policy's shortfall over a market's orders, as a function of its parameters.

    Parameters steer the policy and are no part of what is measured: a search over a cost that
    contains lambda would merely pick the smallest lambda.

    Parameters
    ----------
    market : Market
    policy : Policy
    jobs : int
        Threads that share the orders of a replay; no part of what is measured.
    measure : Measure
        Of the orders' shortfalls; their mean by default.

    Raises
    ------
    ConfigError
        If fewer orders train than the measure needs.
    """

    market: Market
    policy: Policy = field(default_factory=lambda: named("static"))
    jobs: int = 1
    measure: Measure = MEAN

    def __post_init__(self) -> None:
        least, train = self.measure.least, int(self.train.sum())
        if train < least:
            raise ConfigError(
                f"{self.measure.name} needs {least} train orders, got {train}; lay out more orders"
            )

    def __call__(self, params: Mapping[str, Any]) -> Outcome:
        """Replay the orders with `params`."""
        return self.outcome(self.replay(params))

    def replay(self, params: Mapping[str, Any]) -> Result:
        """The whole result behind an outcome.

        Parameters
        ----------
        params : mapping
            Values of the policy's parameters by name; what is left out stays as it is.

        Raises
        ------
        ConfigError
            If the policy has no such parameter, or refuses a value.
        """
        return run(self.market, self.policy.having(params), self.jobs)

    def prepare(self) -> None:
        """Compile what a replay calls, and look at the past that it learns from."""
        run(self.market, self.policy, self.jobs)

    def outcome(self, result: Result) -> Outcome:
        """The measure over the train and over the test orders of any policy's result."""
        return self.outcome_of(result.shortfall_bps)

    def outcome_of(self, costs: FloatArray) -> Outcome:
        """The measure of costs over the train and over the test orders (shape (orders,))."""
        train = self.train
        return Outcome(*(float(self.measure.of(costs[which])) for which in (train, ~train)))

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
            least = self.measure.least
            too_few = f"not {least} train orders meet" if least > 1 else "no train order meets"
            raise DataError(
                f"{too_few} a book to trade on",
                file=self.market.tape.source,
                hint="see `sor-opt data inspect`",
            )

    def fingerprint(self, without: Collection[str]) -> dict[str, Any]:
        """Plain values that identify the data, the replay's rules and results, and the policy."""
        market = self.market
        return {
            "data": {
                "file": Path(market.tape.source).name,
                "digest": market.tape.fingerprint()[:16],
            },
            "results": {"number": RESULTS},
            "orders": _layout(market),
            "rules": asdict(market.params),
            "fees": _fees(market),
            "policy": self.policy.describe(without),
            "objective": (
                f"{self.measure.name} shortfall in bps of the first {TRAIN_TENTHS} of 10 orders"
            ),
        }


def _layout(market: Market) -> dict[str, Any]:
    orders = market.orders
    first, last = (
        datetime.fromtimestamp(orders.starts[at] / SECOND, market.tape.zone) for at in (0, -1)
    )
    return {
        "number": len(orders),
        "side": orders.side,
        "size": orders.size,
        "horizon": orders.horizon,
        "from": f"{first:%Y-%m-%d %H:%M:%S}",
        "to": f"{last:%Y-%m-%d %H:%M:%S}",
        "digest": _digest(orders.starts.tobytes() + orders.deadlines.tobytes()),
    }


def _fees(market: Market) -> dict[str, str]:
    """Every venue's fees and rebates, dollars per share, in the order of the days."""
    fees = {}
    for k, venue in enumerate(market.tape.venues):
        pairs = zip(market.taker[:, k].tolist(), market.rebate[:, k].tolist(), strict=True)
        fees[venue] = ", then ".join(
            f"taker {fee!r} rebate {back!r}" for fee, back in dict.fromkeys(pairs)
        )
    return {**fees, "digest": _digest(market.taker.tobytes() + market.rebate.tobytes())}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
