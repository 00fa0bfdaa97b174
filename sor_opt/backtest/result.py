"""What a replay amounts to: per order and in all, against the arrival price and the baselines."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from sor_opt.backtest.market import Market
from sor_opt.backtest.replay import COMPLETION, EXCESS, LIMIT, REASONS, ROUTE, Replay
from sor_opt.market.book import DUST
from sor_opt.market.tape import SECOND, BoolArray, FloatArray, IntArray

BPS = 1e4


@dataclass(frozen=True, eq=False)
class Result:
    """One policy's replay of all parent orders.

    All money is signed so that less is better: a buy order's cash is what it paid, a sell order's
    is minus what it received; `total_cash` turns a sell order's sign back.
    """

    market: Market = field(repr=False)
    policy: str
    replay: Replay = field(repr=False)

    @cached_property
    def flows(self) -> FloatArray:
        """Dollars out of each execution, fee included (shape (executions,))."""
        return self.replay.price * self.replay.shares + self.fees

    @cached_property
    def fees(self) -> FloatArray:
        """Dollars of fee of each execution, less the rebate of a limit fill (shape (n,))."""
        replay, market = self.replay, self.market
        at = (replay.order, replay.venue)
        made = replay.reason == LIMIT
        per_share = np.where(made, -market.rebate[at], market.taker[at])
        return per_share * np.abs(replay.shares)

    @cached_property
    def filled(self) -> FloatArray:
        """Shares bought less shares given back, per order."""
        return self.per_order(self.replay.shares)

    @cached_property
    def unfilled(self) -> FloatArray:
        """Size less `filled`, per order; below 0 where an excess could not be given back."""
        return self.market.orders.size - self.filled

    @property
    def sent(self) -> FloatArray:
        """Shares sent to each venue's ask, filled or not (shape (orders, K); see `Replay`)."""
        return self.replay.sent

    @property
    def posted(self) -> FloatArray:
        """Shares posted at each venue as bids (shape (orders, K))."""
        return self.replay.posted

    @cached_property
    def cash(self) -> FloatArray:
        """Sum of `flows`, per order."""
        return self.per_order(self.flows)

    @cached_property
    def complete(self) -> BoolArray:
        """Whether an order filled its size; others are flagged."""
        return np.abs(self.unfilled) <= DUST * self.market.orders.size

    @cached_property
    def marks(self) -> FloatArray:
        """Dollars per share at which an order's unfilled shares are counted (shape (orders,)).

        What buying them at the last live ask would cost, as the order has raised it and with its
        taker fee, and what selling an excess at the last live bid would give; with
        ``unfilled="mid"`` the last mid.
        """
        if self.market.params.unfilled == "mid" or self.complete.all():
            return self.replay.last_mid
        bought, sold = self.market.prices_at(self.replay.last_ts)
        return np.where(self.unfilled > 0, bought + self._raised, sold)

    @cached_property
    def shortfall_bps(self) -> FloatArray:
        """Implementation shortfall (Perold 1988) per order, bps of size x arrival mid.

        Cash plus unfilled shares at their `marks`, less size x arrival mid. NaN for an order that
        never met a book to trade on.
        """
        paper = self.market.orders.size * self.replay.arrival_mid
        marked = self.unfilled * np.where(self.complete, 0.0, self.marks)
        return BPS * (self.cash + marked - paper) / np.abs(paper)

    @cached_property
    def cleanup_bps(self) -> FloatArray:
        """The part of the shortfall that completion and the sale of excess shares made."""
        late = np.isin(self.replay.reason, (COMPLETION, EXCESS))
        worse = self.replay.price - self.replay.arrival_mid[self.replay.order]
        dollars = np.where(late, self.replay.shares * worse + self.fees, 0.0)
        return self.in_bps(self.per_order(dollars))

    @cached_property
    def opportunity_bps(self) -> FloatArray:
        """The part of the shortfall that unfilled shares make, at their `marks`."""
        moved = self.marks - self.replay.arrival_mid
        return self.in_bps(np.where(self.complete, 0.0, self.unfilled * moved))

    @cached_property
    def arrival_delay_s(self) -> FloatArray:
        """Seconds from an order's start to its arrival mid; NaN where there is none."""
        ts = self.replay.arrival_ts
        return np.where(ts < 0, np.nan, (ts - self.market.orders.starts) / SECOND)

    @cached_property
    def duration_s(self) -> FloatArray:
        """Seconds from an order's start to its last execution; NaN without any."""
        last = self._last_executed
        seconds = (last - self.market.orders.starts) / SECOND
        return np.where(last < 0, np.nan, seconds)

    @cached_property
    def participation(self) -> FloatArray:
        """`filled` as a part of the lit volume meanwhile, per order.

        What printed after the order's start, until its horizon's end or its last execution,
        whichever is later; NaN where nothing did, as without trades.
        """
        return self.market.participation(self.filled, self.worked_until)

    @cached_property
    def worked_until(self) -> IntArray:
        """The end of an order's horizon, or its last execution where that is later (ns UTC)."""
        orders = self.market.orders
        return np.maximum(orders.starts + orders.horizon, self._last_executed)

    @property
    def total_cash(self) -> float:
        """Dollars paid (buy) or received (sell) over all orders, fees counted."""
        return float(self.market.orders.sign * self.cash.sum())

    @property
    def avg_price(self) -> float:
        """Dollars per filled share, fees counted; NaN if nothing filled."""
        filled = self.filled.sum()
        return self.total_cash / filled if filled else float("nan")

    def executions(self) -> pd.DataFrame:
        """The execution log, one row per fill in the order they happened.

        Columns: ts (UTC), order, venue, side, price and shares (> 0), fee (dollars of the
        whole execution, negative where the venue pays), reason.
        """
        replay, sign = self.replay, self.market.orders.sign
        sides = np.where(sign * replay.shares > 0, "buy", "sell")
        return pd.DataFrame(
            {
                "ts": pd.to_datetime(replay.ts, utc=True),
                "order": replay.order,
                "venue": np.array(self.market.tape.venues)[replay.venue],
                "side": sides,
                "price": sign * replay.price,
                "shares": np.abs(replay.shares),
                "fee": self.fees,
                "reason": np.array(REASONS)[replay.reason],
            }
        )

    def orders(self) -> pd.DataFrame:
        """One row per parent order.

        Columns: order, start (UTC), arrival_mid, filled, unfilled, cash, avg_price, fees,
        shortfall_bps, cleanup_bps, opportunity_bps, arrival_delay_s (start to the arrival mid),
        duration_s (start to last execution), fill_ratio, participation, limit, completed and excess
        (shares filled by resting bids, bought from the horizon on, and given back), snapshots,
        crossed, empty, wide (decisions met, and those lost to such a book), complete.
        """
        orders, replay = self.market.orders, self.replay
        with np.errstate(divide="ignore", invalid="ignore"):
            average = np.where(self.filled != 0, np.abs(self.cash / self.filled), np.nan)
        return pd.DataFrame(
            {
                "order": np.arange(len(orders)),
                "start": pd.to_datetime(orders.starts, utc=True),
                "arrival_mid": np.abs(replay.arrival_mid),
                "filled": self.filled,
                "unfilled": self.unfilled,
                "cash": orders.sign * self.cash,
                "avg_price": average,
                "fees": self.per_order(self.fees),
                "shortfall_bps": self.shortfall_bps,
                "cleanup_bps": self.cleanup_bps,
                "opportunity_bps": self.opportunity_bps,
                "arrival_delay_s": self.arrival_delay_s,
                "duration_s": self.duration_s,
                "fill_ratio": self.filled / orders.size,
                "participation": self.participation,
                "limit": self.shares_by(LIMIT),
                "completed": self.shares_by(COMPLETION),
                "excess": -self.shares_by(EXCESS) + 0.0,
                "snapshots": replay.snapshots,
                "crossed": replay.crossed,
                "empty": replay.empty,
                "wide": replay.wide,
                "complete": self.complete,
            }
        )

    def shares_by(self, reason: int) -> FloatArray:
        """Shares executed for one of `REASONS`, by its index; per order."""
        return self.per_order(np.where(self.replay.reason == reason, self.replay.shares, 0.0))

    def per_order(self, amounts: FloatArray) -> FloatArray:
        """Sums over each order's executions of amounts that are theirs."""
        sums = np.bincount(self.replay.order, amounts, minlength=len(self.market.orders))
        return sums.astype(np.float64)  # with no executions at all, bincount counts in integers

    def in_bps(self, dollars: FloatArray) -> FloatArray:
        """Dollars of each order in basis points of its size x arrival mid."""
        return BPS * dollars / (self.market.orders.size * np.abs(self.replay.arrival_mid))

    def outcome_key(self) -> bytes:
        """The log as bytes: two replays with one key did exactly the same."""
        replay = self.replay
        columns = (
            replay.ts,
            replay.order,
            replay.venue,
            replay.reason,
            replay.price,
            replay.shares,
        )
        return b"".join(column.tobytes() for column in columns)

    @cached_property
    def _raised(self) -> FloatArray:
        """By how much each order had raised the asks at its last mid, dollars per share."""
        replay, impact = self.replay, self.market.params.impact
        if impact is None:
            return np.zeros(len(self.market.orders))
        age = replay.last_ts[replay.order] - replay.ts
        took = np.isin(replay.reason, (ROUTE, COMPLETION)) & (age >= 0)
        mids = replay.arrival_mid[replay.order]
        raised = impact.raised(replay.shares, mids, np.maximum(age, 0))
        return self.per_order(np.where(took, raised, 0.0))

    @cached_property
    def _last_executed(self) -> IntArray:
        """When each order last executed, nanoseconds UTC; -1 for never."""
        last = np.full(len(self.market.orders), -1, dtype=np.int64)
        np.maximum.at(last, self.replay.order, self.replay.ts)
        return last
