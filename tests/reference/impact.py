"""How an order's own buying raises the asks that it meets, plainly."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from sor_opt.backtest.impact import Impact


@dataclass
class Raised:
    """By how much asks are raised.

    Attributes
    ----------
    level, ts : float, int
        Dollars per share as it stood at a time.
    later : list of float
        What the executions of that very time add once it is over.
    mid : float
        The order's arrival mid; without one nothing is raised.
    """

    impact: Impact | None
    level: float = 0.0
    ts: int = 0
    later: list[float] = field(default_factory=list)
    mid: float = math.nan

    def at(self, now: int) -> float:
        """Dollars per share by what was bought before now."""
        if self.impact is None or now == self.ts:
            return self.level
        halvings = (now - self.ts) / self.impact.half_life
        return (self.level + sum(self.later, 0.0)) * math.exp2(-halvings)

    def bought(self, shares: float, ts: int, now: int) -> None:
        """Count shares bought at `ts`, which is now or before."""
        if self.impact is None:
            return
        if now != self.ts:
            self.level, self.ts, self.later = self.at(now), now, []
        dollars = 0.0
        if not math.isnan(self.mid):
            dollars = self.impact.bps / 1e4 * abs(self.mid) / 1000 * shares
        if ts == now:
            self.later.append(dollars)
        else:
            self.level += dollars
