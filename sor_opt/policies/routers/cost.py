"""The cheapest split of a cost model, called in Python, immediate-or-cancel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sor_opt.allocators.base import Allocator
from sor_opt.allocators.fast.allocator import FastAllocator
from sor_opt.errors import ConfigError
from sor_opt.market.tape import FloatArray
from sor_opt.models.base import CostModel
from sor_opt.models.risk import RiskParams
from sor_opt.models.static import StaticModel
from sor_opt.policies.context import Context
from sor_opt.policies.routers.base import Router, taken
from sor_opt.policies.view import View

_FAST = FastAllocator()


@dataclass(frozen=True)
class Cost(Router):
    """Take what a cost model says, at each snapshot.

    Parameters
    ----------
    risk : RiskParams
    model : CostModel
        Whose ladders only take.
    allocator : Allocator, optional
        Solves the splits; the fast one by default.

    Raises
    ------
    ConfigError
        If the model posts, or needs outflows.
    """

    name: ClassVar[str] = "cost"

    risk: RiskParams = RiskParams()
    model: CostModel = StaticModel()
    allocator: Allocator | None = None

    def __post_init__(self) -> None:
        if self.model.posts or self.model.needs_outflows:
            raise ConfigError(
                f"the router cost takes and learns nothing, but the model {self.model.name} posts "
                "or needs outflows"
            )

    def prepare(self, context: Context) -> Cost:
        """Check that no display makes too many chunks.

        Raises
        ------
        ConfigError
        """
        context.check_displays(self.model.step)
        return self

    def split(self, view: View, due: float) -> FloatArray:
        """Solve the cost model's problem.

        Raises
        ------
        ConfigError, SolverError
            If the model or the allocator refuses it.
        """
        return taken(self.model, self.allocator or _FAST, view, due, self.risk)
