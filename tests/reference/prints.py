"""Trades as a buyer sees them, as plain rows."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass

from sor_opt.market.tape import BUYER, SELLER, Trades


@dataclass(frozen=True)
class Print:
    """One trade; `buying` says that its aggressor was on the order's own side."""

    ts: int
    venue: int
    price: float
    size: float
    buying: bool


class Printed:
    """The trades of a tape that have a price and a size, mirrored for sell orders."""

    def __init__(self, trades: Trades | None, side: str) -> None:
        sign, own = (1, BUYER) if side == "buy" else (-1, SELLER)
        columns = (
            ()
            if trades is None
            else (trades.ts, trades.venue, trades.price, trades.size, trades.side)
        )
        self.rows = [
            Print(ts, venue, sign * price, size, aggressor == own)
            for ts, venue, price, size, aggressor in zip(
                *(column.tolist() for column in columns), strict=True
            )
            if math.isfinite(price) and math.isfinite(size) and price > 0 and size > 0
        ]
        self._ts = [row.ts for row in self.rows]

    def count(self, now: int) -> int:
        """Rows until some time, the time included."""
        return bisect_right(self._ts, now)
