"""The static cost model: one snapshot of asks, immediate-or-cancel.

With x_k shares sent to venue k, e_k = min(x_k, size_k) executed and r_k = x_k - e_k not::

    cost(x) = sum_k [ e_k (ask_k - ref + fee_k) - r_k rebate_k ]
              + (lambda_under + theta) (S - E)^+ + (lambda_over + theta) (E - S)^+,   E = sum_k e_k

A sell order is a buy order in the mirrored book: ask = -bid, bid = -ask, sizes swapped.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal, get_args

import numpy as np

from sor_opt.compiled import compiled
from sor_opt.errors import ConfigError, quoted
from sor_opt.market.tape import FloatArray, IntArray
from sor_opt.models.base import CostModel
from sor_opt.models.bounds import MAX_CELLS, check_step
from sor_opt.models.ladder import LadderProblem
from sor_opt.models.risk import RiskParams
from sor_opt.models.snapshot import Snapshot
from sor_opt.params import Param

MAX_RUNGS = 1_000_000
"""The most chunks that one venue's displayed size may make."""

SplitSpace = Literal["strict", "open"]
Reference = Literal["mid", "zero"]


@compiled
def count_rungs(size: float, step: float, strict: bool) -> int:
    """Count a ladder's rungs over `size` shares: whole chunks, and the odd lot if not strict."""
    nearest = int(size / step + 0.5)
    if abs(nearest * step - size) <= 1e-9 * size:  # 3 x 0.1 is 0.3
        return nearest
    whole = int(size / step)
    return whole if strict else whole + 1


@compiled
def write_rungs(
    price: float,
    size: float,
    rebate: float,
    step: float,
    count: int,
    start: int,
    fills: FloatArray,
    costs: FloatArray,
) -> None:
    """Write one ladder's rungs to ``fills[start:start + count]`` and ``costs``.

    `price` is ask - ref + fee, dollars per share; an odd lot's rest earns the rebate.
    """
    for j in range(count):
        fill = min(step, size - j * step)
        fills[start + j] = fill
        costs[start + j] = fill * price - (step - fill) * rebate


def check_depth(venue: str, size: float, step: float) -> None:
    """Refuse a display that is no size, or makes more than `MAX_RUNGS` chunks.

    Raises
    ------
    ConfigError
    """
    if not size >= 0:
        raise ConfigError(f"{venue} must show a size >= 0, got {size:g}")
    if size > MAX_RUNGS * step:
        raise ConfigError(
            f"{venue} shows {size:,.10g} shares, more than {MAX_RUNGS:,} chunks of {step:g}; "
            "take a larger step"
        )


def check_cells(rungs: int, scenarios: int) -> None:
    """Refuse a problem of more than `MAX_CELLS` rungs x scenarios.

    Raises
    ------
    ConfigError
    """
    if rungs * scenarios > MAX_CELLS:
        raise ConfigError(
            f"{rungs:,} chunks x {scenarios:,} scenarios are more than {MAX_CELLS:,}; take a "
            "larger step or fewer scenarios"
        )


@dataclass(frozen=True)
class StaticModel(CostModel):
    """The cheapest immediate-or-cancel split over the asks.

    Parameters
    ----------
    space : {"open", "strict"}
        "open": x_k up to the displayed size rounded up to a whole chunk, the total is free.
        "strict": x_k up to the displayed size rounded down, and the total is the target exactly.
    ref : {"mid", "zero"}, optional
        The reference price; "mid" in the open space and "zero" in the strict one by default.
    step : float
        Shares per chunk, `MIN_STEP` to `MAX_SHARES`.
    """

    name: ClassVar[str] = "static"
    without_mid: ClassVar[str] = "--ref zero needs none"

    space: Annotated[SplitSpace, Param("the total is free, or it is the target exactly")] = "open"
    ref: Annotated[
        Reference | None, Param("reference price; mid in the open space, zero in the strict")
    ] = None
    step: Annotated[float, Param("what a chunk is", "shares")] = 100.0

    def __post_init__(self) -> None:
        if self.space not in get_args(SplitSpace):
            raise ConfigError(f"space must be strict or open, got {quoted(self.space)}")
        if self.ref not in (None, *get_args(Reference)):
            raise ConfigError(f"ref must be mid or zero, got {quoted(self.ref)}")
        check_step(self.step)

    @property
    def strict(self) -> bool:
        """Whether the total must be the target exactly."""
        return self.space == "strict"

    @property
    def relative_to_mid(self) -> bool:
        """Whether costs are counted from the mid rather than from zero."""
        return (self.ref or ("zero" if self.strict else "mid")) == "mid"

    @property
    def needs_mid(self) -> bool:
        """Where costs are counted from it."""
        return self.relative_to_mid

    def compile(self, snapshot: Snapshot, target: float, risk: RiskParams) -> LadderProblem:
        """Compile a snapshot to a ladder problem, one ladder per venue.

        Where costs are counted from zero its mid may be any price that fractions refer to.

        Raises
        ------
        ConfigError
            If a displayed size makes more than `MAX_RUNGS` chunks, or all make more than
            `MAX_CELLS`.
        """
        step, size = self.step, snapshot.ask_size
        for name, shown in zip(snapshot.venues, size, strict=True):
            check_depth(name, shown, step)
        heights = np.array([count_rungs(s, step, self.strict) for s in size], np.int64)
        check_cells(int(heights.sum()), 1)
        offsets: IntArray = np.concatenate([[0], np.cumsum(heights)]).astype(np.int64)
        fills, costs = np.empty(offsets[-1]), np.empty(offsets[-1])
        price = snapshot.ask - (snapshot.mid if self.relative_to_mid else 0.0) + snapshot.fee
        rebate = snapshot.rebate
        for k, start in enumerate(offsets[:-1]):
            write_rungs(price[k], size[k], rebate[k], step, heights[k], start, fills, costs)
        unit = risk.dollars(snapshot.mid)
        return LadderProblem(
            names=snapshot.venues,
            offsets=offsets,
            fills=fills,
            costs=costs,
            target=target,
            shortfall_penalty=risk.shortfall_penalty * unit,
            excess_penalty=risk.excess_penalty * unit,
            step=step,
            exact_total=self.strict,
        )

    def variants(self) -> tuple[StaticModel, ...]:
        """Both spaces."""
        return tuple(replace(self, space=space) for space in get_args(SplitSpace))
