"""The one venue with the lowest ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sor_opt.compiled import compiled
from sor_opt.market.book import cheapest
from sor_opt.market.tape import FloatArray
from sor_opt.policies.routers.base import Compiled, CompiledRouter, NoParameters
from sor_opt.policies.view import LiveQuotes


@compiled
def split_best_ask(
    form: NoParameters, quotes: LiveQuotes, due: float, takes: FloatArray, posts: FloatArray
) -> None:
    """Everything to the venue with the lowest ask (then fee, then order), up to its display."""
    venue = cheapest(quotes.ask, quotes.ask_left, quotes.fee)
    if venue >= 0:
        takes[venue] = min(due, quotes.ask_left[venue])


@dataclass(frozen=True)
class BestAsk(CompiledRouter):
    """Send all that is due to the venue with the lowest ask, up to its display."""

    name: ClassVar[str] = "best-ask"

    def compiled(self) -> Compiled:
        """`split_best_ask`, which has no parameters."""
        return Compiled(split_best_ask, NoParameters())
