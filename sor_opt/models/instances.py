"""An instance: a case, and the cost model that it is given to.

`sor_opt.models.books` reads and writes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sor_opt.errors import ConfigError
from sor_opt.market.tape import FloatArray
from sor_opt.models.base import CostModel
from sor_opt.models.case import Case
from sor_opt.models.ladder import LadderProblem
from sor_opt.models.outflow import Outflow
from sor_opt.models.static import StaticModel
from sor_opt.models.venues import BookSide


@dataclass(frozen=True)
class Instance(Case):
    """Venues, order and parameters: all that an allocation follows from.

    Parameters
    ----------
    venues : tuple of Venue
    order : Order
    risk : RiskParams
    model : CostModel
    outflow : Outflow, optional
        What a model that needs outflows is to know of the queues.

    Raises
    ------
    ConfigError
        If there is no venue or more than `MAX_VENUES`, a name repeats, or the outflow is not of as
        many venues.
    """

    model: CostModel = field(default_factory=StaticModel)
    outflow: Outflow | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.outflow is not None:
            self.outflow.check_width(len(self.venues))

    def problem(self) -> LadderProblem:
        """Compile to a ladder problem.

        Raises
        ------
        ConfigError
            If the order has no size, a fee is not known, or the model needs a mid that is not
            there, or outflows that are not, or of another width.
        """
        outflows = self._outflows()
        if self.model.needs_mid:
            self._check_mid()
        snapshot = self.snapshot._replace(outflows=outflows)
        return self.model.problem(snapshot, self.size, self.risk)

    def _outflows(self) -> FloatArray | None:
        if not self.model.needs_outflows:
            return None
        if self.outflow is None:
            raise ConfigError(
                f"the {self.model.name} model needs an [outflow] of samples or of a family"
            )
        return self.outflow.draw(len(self.venues))

    def _check_mid(self) -> None:
        for side, price in zip(_AN, self.best, strict=True):
            if price is None:
                other = self.model.without_mid and f"; {self.model.without_mid}"
                raise ConfigError(f"no venue shows {_AN[side]}, so there is no mid{other}")


_AN: dict[BookSide, str] = {"bid": "a bid", "ask": "an ask"}
