"""What a search minimises: the realised shortfall in bps, on train and on test orders."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from sor_opt.model.risk import RiskParams


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
