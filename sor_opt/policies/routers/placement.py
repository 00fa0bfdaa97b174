"""The cheapest market and limit orders of the placement cost model, slice by slice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, NamedTuple

import numpy as np

from sor_opt.allocators.base import Allocator
from sor_opt.allocators.fast.placement import solve_placement
from sor_opt.allocators.fast.selections import Penalties
from sor_opt.compiled import compiled, inlined
from sor_opt.errors import ConfigError
from sor_opt.market.tape import FloatArray
from sor_opt.models.base import CostModel
from sor_opt.models.placement import PlacementModel, VenueQuotes, check_target, ladders_of
from sor_opt.models.risk import RiskParams
from sor_opt.models.snapshot import queues_ahead
from sor_opt.models.static import check_cells
from sor_opt.models.windows import WindowParams
from sor_opt.policies.context import Context
from sor_opt.policies.routers.base import (
    Compiled,
    Leftover,
    ModelRouter,
    Posting,
    Router,
    Split,
    snapshot_of,
)
from sor_opt.policies.scenarios import Scenarios, broken_shares, past_flows
from sor_opt.policies.view import LiveQuotes, View


class PlacementForm(NamedTuple):
    """The placement router on plain numbers, and what it learned.

    `penalties`, shortfall and excess, and `theta` are in the risk's unit.
    """

    scenarios: Scenarios
    penalties: FloatArray
    theta: float
    fraction: bool
    step: float
    infinite: bool


@inlined
def split_placement(
    form: PlacementForm, quotes: LiveQuotes, due: float, takes: FloatArray, posts: FloatArray
) -> None:
    """Write the model's market and limit orders (`sor_opt.models.placement`) for a slice."""
    moment, flows = _moment(form.scenarios, quotes)
    unit = abs(quotes.mid) if form.fraction else 1.0
    penalties = Penalties(due, form.penalties[0] * unit, form.penalties[1] * unit)
    ladders = ladders_of(moment, flows, due, form.theta * unit, form.step, form.infinite)
    venues = len(takes)
    rungs = np.zeros(2 * venues, np.int64)
    solve_placement(ladders, form.step, penalties, rungs)
    for k in range(venues):
        takes[k], posts[k] = rungs[k] * form.step, rungs[venues + k] * form.step


@compiled
def _moment(scenarios: Scenarios, quotes: LiveQuotes) -> tuple[VenueQuotes, FloatArray]:
    """The decision as the model sees it, and the outflows that the slice knows.

    They have shape (scenarios, K). Where none are known there is one of nothing, and no end of the
    queues.
    """
    first = scenarios.first[quotes.order, quotes.slice]
    flows = scenarios.flows[first : scenarios.last[quotes.order, quotes.slice]]
    queue = queues_ahead(quotes.bid, quotes.bid_left, quotes.best_bid)
    if len(flows) == 0:
        flows = np.zeros((1, len(queue)))
        queue[:] = np.inf
    moment = VenueQuotes(
        quotes.ask,
        quotes.ask_left,
        quotes.fee,
        quotes.rebate,
        queue,
        quotes.best_bid,
        quotes.mid,
    )
    return moment, flows


@dataclass(frozen=True)
class Placement(ModelRouter):
    """Take and post what the placement cost model says, once per slice.

    Parameters
    ----------
    risk : RiskParams
    model : PlacementModel
        Of an infinite depth only what is displayed executes; the rest is left over.
    windows : WindowParams
        Where its outflow scenarios come from, and what a print through the limit fills.
    leftover : {"carry", "sweep"}
        See `Posting`.
    allocator : Allocator, optional
        Solves the splits; the fast one, compiled, by default.
    """

    name: ClassVar[str] = "placement"
    written_for: ClassVar[type[CostModel]] = PlacementModel

    risk: RiskParams = RiskParams()
    model: PlacementModel = PlacementModel()
    windows: WindowParams = WindowParams()
    leftover: Leftover = "carry"
    allocator: Allocator | None = None
    _scenarios: Scenarios | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        _ = self.posting  # which checks the leftover

    @property
    def posting(self) -> Posting:  # type: ignore[override]
        """Once per slice, with this leftover."""
        return Posting(self.leftover, self.windows.through)

    def prepare(self, context: Context) -> Placement:
        """Learn from past windows, and check the size of the problems.

        Raises
        ------
        DataError, ConfigError
            If there is too little to learn from (see `past_flows`).
        ConfigError
            If a display or an order makes too many chunks.
        """
        context.check_displays(self.model.step)
        check_target(context.slices.size, self.model.step)
        scenarios = past_flows(context, self.windows)
        _check_cells(context, self.model.step, scenarios)
        return replace(self, _scenarios=scenarios)

    def doubts(self, context: Context, points: Sequence[Router]) -> Iterator[str]:
        """Where it has nothing to go by, and which of its model's assumptions do not hold."""
        known = past_flows(context, self.windows)
        unknown = int((known.first == known.last).sum())
        if unknown:
            yield (
                f"{unknown} of {known.first.size} slices have fewer than {self.windows.minimum} "
                "past windows behind them: no fill is assumed there, and nothing is posted"
            )
        risks = [point.risk for point in points if point.risk is not None]
        for text, (count, share) in broken_shares(context, risks).items():
            where = f" at {count} of {len(risks)} points" if len(risks) > 1 else ""
            part = "less than 1%" if share < 0.01 else f"up to {share:.0%}"
            yield f"assumption {text} does not hold{where}, in {part} of the slices"

    @property
    def scenarios(self) -> Scenarios:
        """What it has learned.

        Raises
        ------
        ConfigError
            If it was not prepared.
        """
        if self._scenarios is None:
            raise ConfigError("the placement router must be prepared before it splits")
        return self._scenarios

    def _compiled(self) -> Compiled:
        form = PlacementForm(
            self.scenarios,
            np.array([self.risk.shortfall_penalty, self.risk.lambda_over]),
            self.risk.theta_queue,
            self.risk.unit == "fraction",
            float(self.model.step),
            self.model.infinite,
        )
        return Compiled(split_placement, form)

    def _solve(self, allocator: Allocator, view: View, due: float) -> Split:
        moment, flows = _moment(self.scenarios, view.quotes())
        snapshot = snapshot_of(view, flows)._replace(queue=moment.queue)
        problem = self.model.problem(snapshot, due, self.risk)
        sent = np.asarray(allocator.solve(problem).rungs * problem.step)
        takes, posts = np.split(sent, 2)
        return Split(np.minimum(takes, view.ask_left), posts)


def _check_cells(context: Context, step: float, scenarios: Scenarios) -> None:
    """Refuse what could become too large a problem at some decision."""
    shown = np.zeros(len(context.tape.venues))
    np.maximum.at(shown, context.feed["venue"], context.feed["ask_size"])
    posts = len(shown) * np.ceil(context.slices.size / step)
    rungs = int(posts + np.ceil(shown / step).sum())
    check_cells(rungs, int((scenarios.last - scenarios.first).max()))
