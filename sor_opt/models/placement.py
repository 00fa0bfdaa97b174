"""The placement cost model: market orders at the asks, limit orders at the best bid.

With m_k shares taken at venue k's ask and L_k posted at the consolidated best bid behind a queue
Q_k, an outflow xi_k over the horizon fills f_k = min((xi_k - Q_k)^+, L_k); with A = sum m + sum f::

    v = sum_k (ask_k - mid + fee_k) m_k - sum_k (mid - bid + rebate_k) f_k
        + theta (sum m + sum L + (S - A)^+) + lambda_under (S - A)^+ + lambda_over (A - S)^+

is minimised in expectation over scenarios of the outflows (Cont & Kukanov, "Optimal order placement
in limit order markets", arXiv 1210.1625v4, Definition 1). Sizes are whole chunks, so that this is a
`LadderProblem`: one ladder per venue to take from, then one per venue to post at. A sell order is a
buy order in the mirrored book.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal, NamedTuple, get_args

import numpy as np

from sor_opt.compiled import compiled
from sor_opt.errors import ConfigError, quoted
from sor_opt.market.book import cheapest
from sor_opt.market.tape import BoolArray, FloatArray, IntArray
from sor_opt.models.base import CostModel, Drawn
from sor_opt.models.bounds import check_step
from sor_opt.models.case import Case
from sor_opt.models.draws import any_risk, draw_placement, risk_within
from sor_opt.models.ladder import LadderProblem
from sor_opt.models.risk import RiskParams
from sor_opt.models.snapshot import Snapshot
from sor_opt.models.static import MAX_RUNGS, check_cells, check_depth, count_rungs
from sor_opt.params import Param

Depth = Literal["displayed", "infinite"]

TAKE, POST = " take", " post"
"""What follows a venue's name in the names of its two ladders."""


class VenueQuotes(NamedTuple):
    """What compiled code reads of a `Snapshot`.

    Attributes
    ----------
    ask, ask_size, fee, rebate, queue : float64 ndarray, shape (K,)
        `ask_size` is 0 where nothing is displayed, `queue` what stands before our own bid.
    best_bid, mid : float
        Of the consolidated book; our bids are posted at `best_bid`.
    """

    ask: FloatArray
    ask_size: FloatArray
    fee: FloatArray
    rebate: FloatArray
    queue: FloatArray
    best_bid: float
    mid: float


class Ladders(NamedTuple):
    """The ladders of one moment: one per venue to take from, then one per venue to post at.

    Rung j of ladder i executes ``min(max(reach[i, s] - j * step, 0), step)`` shares in scenario s,
    and costs ``fixed[i]`` dollars and ``price[i]`` for each of these shares.

    Attributes
    ----------
    heights : int64 ndarray, shape (2K,)
    reach : float64 ndarray, shape (2K, scenarios)
        Shares that all of the ladder executes.
    differing : int64 ndarray, shape (2K,)
        The first so many scenarios are to be averaged: one of a take, which executes alike in all.
    price, fixed : float64 ndarray, shape (2K,)
        Dollars per executed share, and per rung.
    """

    heights: IntArray
    reach: FloatArray
    differing: IntArray
    price: FloatArray
    fixed: FloatArray


@compiled
def ladders_of(
    quotes: VenueQuotes,
    outflows: FloatArray,
    target: float,
    theta: float,
    step: float,
    infinite: bool,
) -> Ladders:
    """Set up the ladders; `outflows` has shape (scenarios, K), `theta` is in dollars per share.

    Nothing is posted behind an infinite queue.
    """
    venues, scenarios = len(quotes.ask), len(outflows)
    posts = count_rungs(target, step, False)
    deepest = cheapest(quotes.ask, quotes.ask_size, quotes.fee)
    heights, reach = np.zeros(2 * venues, np.int64), np.zeros((2 * venues, scenarios))
    differing, price, fixed = (
        np.ones(2 * venues, np.int64),
        np.empty(2 * venues),
        np.zeros(2 * venues),
    )
    for k in range(venues):
        most = quotes.ask_size[k]
        if infinite:
            most = posts * step if k == deepest else 0.0
        heights[k] = count_rungs(most, step, False)
        price[k] = quotes.ask[k] - quotes.mid + quotes.fee[k] + theta
        for s in range(scenarios):
            reach[k, s] = most
        post, queue = venues + k, quotes.queue[k]
        price[post] = -(quotes.mid - quotes.best_bid + quotes.rebate[k])
        fixed[post] = theta * step
        differing[post] = scenarios
        if queue < np.inf:
            heights[post] = posts
            for s in range(scenarios):
                reach[post, s] = min(max(outflows[s, k] - queue, 0.0), posts * step)
    return Ladders(heights, reach, differing, price, fixed)


@compiled
def write_rungs(ladders: Ladders, step: float, fills: FloatArray, costs: FloatArray) -> None:
    """Write all rungs to `fills`, shape (rungs, scenarios), and `costs`, shape (rungs,).

    The scenarios are equally likely.
    """
    scenarios, rung = fills.shape[1], 0
    for i in range(len(ladders.heights)):
        for j in range(ladders.heights[i]):
            total = 0.0
            for s in range(scenarios):
                fills[rung, s] = min(max(ladders.reach[i, s] - j * step, 0.0), step)
                if s < ladders.differing[i]:
                    total += fills[rung, s]
            costs[rung] = ladders.fixed[i] + ladders.price[i] * total / ladders.differing[i]
            rung += 1


def check_target(target: float, step: float) -> None:
    """Refuse an order of no shares, or of more than `MAX_RUNGS` chunks.

    Raises
    ------
    ConfigError
    """
    if not target > 0:
        raise ConfigError(f"target must be > 0, got {target:g}")
    if target > MAX_RUNGS * step:
        raise ConfigError(
            f"{target:,.10g} shares are more than {MAX_RUNGS:,} chunks of {step:g}; "
            "take a larger step"
        )


ASSUMPTIONS = {
    "A1": "min rebate + half-spread > 0",
    "A2": "lambda_over > half-spread + max rebate and > -(half-spread + fee)",
    "A3": "lambda_under > half-spread + fee",
}
"""Cont & Kukanov (2.2). Without A1 or A2 posting, or buying beyond the target, can pay by itself;
without A3 being short is cheaper than buying."""


def broken_assumptions(
    half: FloatArray,
    fee: FloatArray,
    rebate: FloatArray,
    lambda_over: FloatArray,
    lambda_under: FloatArray,
) -> dict[str, BoolArray]:
    """Where each of `ASSUMPTIONS` does not hold, by its name; all in dollars per share.

    Parameters
    ----------
    half, fee : float64 array, shape (n,)
        Half-spread, and the taker fee at the lowest ask.
    rebate : float64 array, shape (n, K)
    lambda_over, lambda_under : float64 array, shape (n,)
    """
    least, most = rebate.min(axis=1), rebate.max(axis=1)
    return {
        "A1": ~(least + half > 0),
        "A2": ~((lambda_over > half + most) & (lambda_over > -(half + fee))),
        "A3": ~(lambda_under > half + fee),
    }


@dataclass(frozen=True)
class PlacementModel(CostModel):
    """The cheapest market and limit orders: K ladders to take from, then K to post at.

    Parameters
    ----------
    depth : {"displayed", "infinite"}
        "displayed": m_k up to the displayed size rounded up to a whole chunk, of which what is
        displayed executes. "infinite": all at the lowest ask (then fee), without limit, Cont &
        Kukanov's own setting.
    step : float
        Shares per chunk, `MIN_STEP` to `MAX_SHARES`.
    """

    name: ClassVar[str] = "placement"
    posts: ClassVar[bool] = True
    needs_outflows: ClassVar[bool] = True
    assumptions: ClassVar[tuple[str, ...]] = tuple(ASSUMPTIONS)

    depth: Annotated[Depth, Param("what is displayed, or the lowest ask without end")] = "displayed"
    step: Annotated[float, Param("what a chunk is", "shares")] = 100.0

    def __post_init__(self) -> None:
        if self.depth not in get_args(Depth):
            raise ConfigError(f"depth must be displayed or infinite, got {quoted(self.depth)}")
        check_step(self.step)

    @property
    def infinite(self) -> bool:
        """Whether the lowest ask is taken to have no end."""
        return self.depth == "infinite"

    def compile(self, snapshot: Snapshot, target: float, risk: RiskParams) -> LadderProblem:
        """Compile a snapshot with outflows to a ladder problem.

        Raises
        ------
        ConfigError
            If the outflows do not fit the venues, a number is out of its range, or a ladder has
            more than `MAX_RUNGS` chunks.
        """
        names, step, outflows = snapshot.venues, self.step, snapshot.outflows
        if outflows is None or outflows.shape[1:] != (len(names),) or not len(outflows):
            raise ConfigError(f"outflows must have shape (scenarios, {len(names)})")
        if not (outflows >= 0).all():
            raise ConfigError("outflows must be >= 0")
        check_target(target, step)
        for name, size in zip(names, snapshot.ask_size, strict=True):
            check_depth(name, size, step)
        unit = risk.dollars(snapshot.mid)
        quotes, theta = _quotes_of(snapshot), risk.theta_queue * unit
        ladders = ladders_of(quotes, outflows, target, theta, step, self.infinite)
        offsets = np.concatenate([[0], np.cumsum(ladders.heights)])
        check_cells(int(offsets[-1]), len(outflows))
        fills, costs = np.empty((offsets[-1], len(outflows))), np.empty(offsets[-1])
        write_rungs(ladders, step, fills, costs)
        return LadderProblem(
            names=tuple(f"{name}{kind}" for kind in (TAKE, POST) for name in names),
            offsets=offsets,
            fills=fills,
            costs=costs,
            target=target,
            shortfall_penalty=risk.shortfall_penalty * unit,
            excess_penalty=risk.lambda_over * unit,
            step=step,
        )

    def doubts(self, snapshot: Snapshot, risk: RiskParams) -> list[str]:
        """Which of `ASSUMPTIONS` the penalties break."""
        return [
            f"assumption {broken}: a wrong sign of the trade-off is possible"
            for broken in violated_assumptions(snapshot, risk)
        ]

    def draw(self, case: Case, rng: np.random.Generator, outside: bool = False) -> Drawn:
        """Draw few chunks, outflows and queues of all kinds."""
        placed, outflow, step = draw_placement(case, self.step, rng, outside)
        depth: Depth = "infinite" if rng.random() < 0.3 else "displayed"
        model = replace(self, depth=depth, step=step)
        risk = any_risk(rng) if outside else risk_within(placed.snapshot, rng)
        return Drawn(replace(placed, risk=risk), model, outflow)


def _quotes_of(snapshot: Snapshot) -> VenueQuotes:
    return VenueQuotes(
        snapshot.ask,
        snapshot.ask_size,
        snapshot.fee,
        snapshot.rebate,
        snapshot.queue,
        snapshot.best_bid,
        snapshot.mid,
    )


def violated_assumptions(quotes: Snapshot, risk: RiskParams) -> list[str]:
    """Say which of `ASSUMPTIONS` the penalties break at one moment, a line each."""
    taken = cheapest(quotes.ask, quotes.ask_size, quotes.fee)
    if taken < 0:
        return []
    half, fee, unit = quotes.mid - quotes.best_bid, quotes.fee[taken], risk.dollars(quotes.mid)
    lambda_over, lambda_under = risk.lambda_over * unit, risk.lambda_under * unit
    numbers = (
        np.array([number]) for number in (half, fee, quotes.rebate, lambda_over, lambda_under)
    )
    lines = {
        "A1": f"min rebate {quotes.rebate.min():g}, half-spread {half:g}",
        "A2": f"lambda_over {lambda_over:g}, half-spread {half:g}, max rebate "
        f"{quotes.rebate.max():g}, fee {fee:g}",
        "A3": f"lambda_under {lambda_under:g}, half-spread {half:g}, fee {fee:g}",
    }
    broken = broken_assumptions(*numbers)
    return [
        f"{name} ({ASSUMPTIONS[name]}): {lines[name]} $/share"
        for name in ASSUMPTIONS
        if broken[name].any()
    ]
