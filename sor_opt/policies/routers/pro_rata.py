"""All venues in proportion to what they display."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from sor_opt.compiled import compiled
from sor_opt.market.book import DUST, fill_cheapest
from sor_opt.market.tape import FloatArray
from sor_opt.policies.routers.base import Compiled, CompiledRouter, NoParameters
from sor_opt.policies.view import LiveQuotes


@compiled
def split_pro_rata(
    form: NoParameters, quotes: LiveQuotes, due: float, takes: FloatArray, posts: FloatArray
) -> None:
    """In proportion to what is left, whole shares; the rounding's rest at the lowest asks."""
    shown = 0.0
    for left in quotes.ask_left:
        shown += left
    rest = due
    for k in range(len(takes)):
        left = quotes.ask_left[k]
        takes[k] = left if due >= shown else math.floor(due * left / shown)
        rest -= takes[k]
    if due < shown and rest > DUST * due:
        fill_cheapest(quotes.ask, quotes.ask_left, quotes.fee, rest, takes)


@dataclass(frozen=True)
class ProRata(CompiledRouter):
    """Send to every venue a share of what is due, by its displayed size."""

    name: ClassVar[str] = "pro-rata"

    def compiled(self) -> Compiled:
        """`split_pro_rata`, which has no parameters."""
        return Compiled(split_pro_rata, NoParameters())
