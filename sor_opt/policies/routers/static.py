"""The cheapest split of the static cost model, immediate-or-cancel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from sor_opt.allocators.base import Allocator
from sor_opt.allocators.fast.single import FREE, solve_single
from sor_opt.compiled import inlined
from sor_opt.market.tape import FloatArray, IntArray
from sor_opt.models.base import CostModel
from sor_opt.models.risk import RiskParams
from sor_opt.models.static import StaticModel, count_rungs, write_rungs
from sor_opt.policies.context import Context
from sor_opt.policies.routers.base import Compiled, ModelRouter, taken
from sor_opt.policies.view import LiveQuotes, View


class StaticForm(NamedTuple):
    """The static router on plain numbers; shortfall and excess `penalties` in the risk's unit."""

    penalties: FloatArray
    fraction: bool
    step: float
    strict: bool
    relative_to_mid: bool


class SingleProblem(NamedTuple):
    """A ladder problem of one scenario on plain arrays, penalties apart (see `solve_single`)."""

    offsets: IntArray
    fills: FloatArray
    costs: FloatArray
    target: float


@inlined
def split_static(
    form: StaticForm, quotes: LiveQuotes, due: float, takes: FloatArray, posts: FloatArray
) -> None:
    """The static model's cheapest split (`sor_opt.models.static`)."""
    price, unit = prices(form, quotes)
    shortfall_penalty, excess_penalty = form.penalties[0] * unit, form.penalties[1] * unit
    _, rungs = solve_split(form, quotes, price, due, shortfall_penalty, excess_penalty)
    for k in range(len(takes)):
        takes[k] = rungs[k] * form.step


@inlined
def prices(form: StaticForm, quotes: LiveQuotes) -> tuple[FloatArray, float]:
    """Price of a share per venue, 0 where none is left, and the dollars of a penalty of 1."""
    reference = quotes.mid if form.relative_to_mid else 0.0
    price = np.zeros(len(quotes.ask))
    for k in range(len(price)):
        if quotes.ask_left[k] > 0:
            price[k] = quotes.ask[k] - reference + quotes.fee[k]
    return price, abs(quotes.mid) if form.fraction else 1.0


@inlined
def solve_split(
    form: StaticForm,
    quotes: LiveQuotes,
    price: FloatArray,
    due: float,
    shortfall_penalty: float,
    excess_penalty: float,
) -> tuple[SingleProblem, IntArray]:
    """The problem over what is left, and the rungs of its optimum, none where it is infeasible.

    `price` is that of `prices`; the penalties are in dollars per share.
    """
    venues, left, rebate = len(price), quotes.ask_left, quotes.rebate
    offsets, rungs = np.zeros(venues + 1, dtype=np.int64), np.zeros(venues, dtype=np.int64)
    for k in range(venues):
        # Without a rebate a rung pays only below the shortfall penalty; the free space leaves
        # out the venues that cannot pay, so that most snapshots end here.
        hopeless = not form.strict and price[k] >= shortfall_penalty and rebate[k] <= 0
        count = 0 if hopeless else count_rungs(left[k], form.step, form.strict)
        offsets[k + 1] = offsets[k] + count
    fills, costs = np.empty(offsets[venues]), np.empty(offsets[venues])
    problem = SingleProblem(offsets, fills, costs, due)
    if offsets[venues] == 0:
        return problem, rungs
    for k in range(venues):
        count = offsets[k + 1] - offsets[k]
        write_rungs(price[k], left[k], rebate[k], form.step, count, offsets[k], fills, costs)
    exact = FREE
    if form.strict:
        exact = count_rungs(due, form.step, True)
        if exact != count_rungs(due, form.step, False):
            return problem, rungs
    solve_single(offsets, fills, costs, due, shortfall_penalty, excess_penalty, exact, rungs)
    return problem, rungs


@dataclass(frozen=True)
class Static(ModelRouter):
    """Take what the static cost model says, at each snapshot.

    Parameters
    ----------
    risk : RiskParams
    model : StaticModel
    allocator : Allocator, optional
        Solves the splits; the fast one, compiled, by default.
    """

    name: ClassVar[str] = "static"
    written_for: ClassVar[type[CostModel]] = StaticModel

    risk: RiskParams = RiskParams()
    model: StaticModel = StaticModel()
    allocator: Allocator | None = None

    def prepare(self, context: Context) -> Static:
        """Check that no display makes too many chunks.

        Raises
        ------
        ConfigError
        """
        context.check_displays(self.model.step)
        return self

    def _compiled(self) -> Compiled:
        form = StaticForm(
            np.array([self.risk.shortfall_penalty, self.risk.excess_penalty]),
            self.risk.unit == "fraction",
            float(self.model.step),
            self.model.strict,
            self.model.relative_to_mid,
        )
        return Compiled(split_static, form)

    def _solve(self, allocator: Allocator, view: View, due: float) -> FloatArray:
        return taken(self.model, allocator, view, due, self.risk)
