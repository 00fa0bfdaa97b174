"""Venue after venue, like a market order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sor_opt.compiled import compiled
from sor_opt.market.book import fill_cheapest
from sor_opt.market.tape import FloatArray
from sor_opt.policies.routers.base import Compiled, CompiledRouter, NoParameters
from sor_opt.policies.view import LiveQuotes


@compiled
def split_sweep(
    form: NoParameters, quotes: LiveQuotes, due: float, takes: FloatArray, posts: FloatArray
) -> None:
    """All that is displayed, the lowest ask (then fee, then order) first, until nothing is due."""
    fill_cheapest(quotes.ask, quotes.ask_left, quotes.fee, due, takes)


@dataclass(frozen=True)
class Sweep(CompiledRouter):
    """Send what is due to the lowest asks until it is done, or nothing is displayed any more."""

    name: ClassVar[str] = "sweep"

    def compiled(self) -> Compiled:
        """`split_sweep`, which has no parameters."""
        return Compiled(split_sweep, NoParameters())
