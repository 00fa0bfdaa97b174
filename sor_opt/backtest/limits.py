"""How much work a replay may be: counted before it is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from sor_opt.errors import ConfigError
from sor_opt.params import Param


@dataclass(frozen=True)
class Limits:
    """What is refused before it begins; no part of what a replay measures.

    Parameters
    ----------
    orders : int
        Parent orders of a replay, >= 1.
    decisions : int
        Moments at which something may be decided, summed over the orders, >= 1 (see
        `sor_opt.backtest.market.Market.count_decisions`).
    """

    orders: Annotated[int, Param("more orders are refused", name="max_orders")] = 100_000
    decisions: Annotated[
        int, Param("more decisions (orders x moments) are refused", name="max_decisions")
    ] = 1_000_000_000

    def __post_init__(self) -> None:
        for name in ("orders", "decisions"):
            if getattr(self, name) < 1:
                raise ConfigError(f"the limit of {name} must be >= 1, got {getattr(self, name)}")

    def check_orders(self, count: int) -> None:
        """Refuse more orders.

        Raises
        ------
        ConfigError
        """
        if count > self.orders:
            raise ConfigError(
                f"{count:,} parent orders are more than the limit of {self.orders:,}; take a "
                "longer --every, or raise it with --max-orders"
            )

    def check_decisions(self, count: int, what: str = "the orders") -> None:
        """Refuse more decisions.

        Raises
        ------
        ConfigError
        """
        if count > self.decisions:
            raise ConfigError(
                f"{what} take {count:,} decisions, more than the limit of {self.decisions:,}; take "
                "a longer --slice, a shorter --horizon or fewer orders, or raise it with "
                "--max-decisions"
            )
