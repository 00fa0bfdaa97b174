"""A cost model: taking from a venue moves its price, the more so the more of it is taken."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from sor_opt import CostModel, LadderProblem, RiskParams, Snapshot
from sor_opt.params import Param, Range


@dataclass(frozen=True)
class Square(CostModel):
    """Of q displayed shares e cost e (ask - mid + fee) + slippage e^2 / q."""

    slippage: Annotated[float, Param("of all that is shown", "$ per share"), Range(0.0, 0.1)] = 0.02
    step: Annotated[float, Param("what a chunk is", "shares")] = 100.0

    def compile(self, snapshot: Snapshot, target: float, risk: RiskParams) -> LadderProblem:
        """One ladder per venue: what it shows, chunk by chunk."""
        price = snapshot.ask - snapshot.mid + snapshot.fee
        fills, costs = [], []
        for k, shown in enumerate(snapshot.ask_size):
            sent = np.arange(0.0, shown, self.step)
            taken = np.minimum(sent + self.step, shown)
            fills.append(taken - sent)
            costs.append(fills[k] * price[k] + self.slippage * (taken**2 - sent**2) / shown)
        unit = risk.dollars(snapshot.mid)
        return LadderProblem(
            names=snapshot.venues,
            offsets=np.cumsum([0, *map(len, fills)]),
            fills=np.concatenate(fills),
            costs=np.concatenate(costs),
            target=target,
            shortfall_penalty=risk.shortfall_penalty * unit,
            excess_penalty=risk.excess_penalty * unit,
            step=self.step,
        )
