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

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple, get_args

import numpy as np

from sor_opt.compiled import compiled
from sor_opt.errors import ConfigError, quoted
from sor_opt.market.book import cheapest
from sor_opt.market.tape import BoolArray, FloatArray, IntArray
from sor_opt.model.bounds import check_step
from sor_opt.model.ladder import LadderProblem
from sor_opt.model.risk import RiskParams
from sor_opt.model.static import MAX_RUNGS, check_cells, check_depth, count_rungs

Depth = Literal["displayed", "infinite"]

TAKE, POST = " take", " post"
"""What follows a venue's name in the names of its two ladders."""


@dataclass(frozen=True)
class PlacementParams:
    """What may be taken, and in which chunks.

    Parameters
    ----------
    depth : {"displayed", "infinite"}
        "displayed": m_k up to the displayed size rounded up to a whole chunk, of which what is
        displayed executes. "infinite": all at the lowest ask (then fee), without end, Cont &
        Kukanov's own setting.
    step : float
        Shares per chunk, `MIN_STEP` to `MAX_SHARES`.
    """

    name: ClassVar[str] = "placement"

    depth: Depth = "displayed"
    step: float = 100.0

    def __post_init__(self) -> None:
        if self.depth not in get_args(Depth):
            raise ConfigError(f"depth must be displayed or infinite, got {quoted(self.depth)}")
        check_step(self.step)

    @property
    def infinite(self) -> bool:
        """Whether the lowest ask is taken to have no end."""
        return self.depth == "infinite"


class Touch(NamedTuple):
    """One moment of K venues as a buyer sees it; dollars per share, and shares.

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


@compiled
def queues_ahead(bid: FloatArray, bid_left: FloatArray, best_bid: float) -> FloatArray:
    """Give the queue before a new bid at the best price, shape (K,).

    What is displayed there, nothing at a venue that bids less, and an endless queue at a venue
    without a live quote: what stands there is not known, and nothing is to be hoped for.
    """
    queue = np.empty(len(bid))
    for k in range(len(bid)):
        if bid_left[k] > 0:
            queue[k] = bid_left[k] if bid[k] == best_bid else 0.0
        else:
            queue[k] = np.inf
    return queue


@compiled
def lay_out(touch: Touch, target: float, step: float, infinite: bool) -> IntArray:
    """Give the offsets of the 2K ladders, shape (2K + 1,): the asks, then the posts.

    Nothing is posted behind an endless queue.
    """
    venues = len(touch.ask)
    posts = count_rungs(target, step, False)
    deepest = cheapest(touch.ask, touch.ask_size, touch.fee)
    offsets = np.zeros(2 * venues + 1, dtype=np.int64)
    for k in range(venues):
        if infinite:
            height = posts if k == deepest else 0
        else:
            height = count_rungs(touch.ask_size[k], step, False)
        offsets[k + 1] = offsets[k] + height
    for k in range(venues):
        reachable = touch.queue[k] < np.inf
        offsets[venues + k + 1] = offsets[venues + k] + (posts if reachable else 0)
    return offsets


@compiled
def write_ladders(
    touch: Touch,
    outflows: FloatArray,
    theta: float,
    step: float,
    infinite: bool,
    offsets: IntArray,
    fills: FloatArray,
    costs: FloatArray,
) -> None:
    """Write all rungs to `fills`, shape (rungs, scenarios), and `costs`, shape (rungs,).

    `outflows` has shape (scenarios, K), equally likely; `theta` is in dollars per share.
    """
    venues, scenarios = len(touch.ask), len(outflows)
    for k in range(venues):
        price = touch.ask[k] - touch.mid + touch.fee[k] + theta
        for j in range(offsets[k], offsets[k + 1]):
            left = np.inf if infinite else touch.ask_size[k] - (j - offsets[k]) * step
            fill = min(step, left)
            costs[j] = fill * price
            for s in range(scenarios):
                fills[j, s] = fill
    for k in range(venues):
        gain = touch.mid - touch.best_bid + touch.rebate[k]
        start = offsets[venues + k]
        for j in range(start, offsets[venues + k + 1]):
            ahead = touch.queue[k] + (j - start) * step
            total = 0.0
            for s in range(scenarios):
                fill = min(max(outflows[s, k] - ahead, 0.0), step)
                fills[j, s] = fill
                total += fill
            costs[j] = theta * step - gain * total / scenarios


def placement_problem(
    names: Sequence[str],
    touch: Touch,
    outflows: FloatArray,
    target: float,
    risk: RiskParams,
    params: PlacementParams,
) -> LadderProblem:
    """Compile one moment to a ladder problem: K ladders to take from, then K to post at.

    Parameters
    ----------
    names : sequence of str, length K
    touch : Touch
    outflows : float64 array, shape (scenarios, K)
        Shares that leave each queue over the horizon, >= 0, equally likely scenarios.
    target : float
        S, shares, > 0.
    risk : RiskParams
    params : PlacementParams

    Raises
    ------
    ConfigError
        If the outflows do not fit the venues, a number is out of its range, or a ladder has more
        than `MAX_RUNGS` chunks.
    """
    if outflows.ndim != 2 or outflows.shape[1] != len(names) or not len(outflows):
        raise ConfigError(f"outflows must have shape (scenarios, {len(names)})")
    if not (outflows >= 0).all():
        raise ConfigError("outflows must be >= 0")
    check_target(target, params.step)
    for name, size in zip(names, touch.ask_size, strict=True):
        check_depth(name, size, params.step)
    unit = risk.dollars(touch.mid)
    layout = (params.step, params.infinite)
    offsets = lay_out(touch, target, *layout)
    check_cells(int(offsets[-1]), len(outflows))
    fills, costs = np.empty((offsets[-1], len(outflows))), np.empty(offsets[-1])
    theta = risk.theta_queue * unit
    write_ladders(touch, outflows, theta, *layout, offsets, fills, costs)
    return LadderProblem(
        names=tuple(f"{name}{kind}" for kind in (TAKE, POST) for name in names),
        offsets=offsets,
        fills=fills,
        costs=costs,
        target=target,
        shortfall_penalty=risk.shortfall * unit,
        excess_penalty=risk.lambda_over * unit,
        step=params.step,
    )


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
without A3 missing shares is cheaper than buying them."""


def broken_assumptions(
    half: FloatArray,
    fee: FloatArray,
    rebate: FloatArray,
    over: FloatArray,
    under: FloatArray,
) -> dict[str, BoolArray]:
    """Where each of `ASSUMPTIONS` does not hold, by its name; all in dollars per share.

    Parameters
    ----------
    half, fee : float64 array, shape (n,)
        Half-spread, and the taker fee at the lowest ask.
    rebate : float64 array, shape (n, K)
    over, under : float64 array, shape (n,)
        lambda_over and lambda_under.
    """
    least, most = rebate.min(axis=1), rebate.max(axis=1)
    return {
        "A1": ~(least + half > 0),
        "A2": ~((over > half + most) & (over > -(half + fee))),
        "A3": ~(under > half + fee),
    }


def violated_assumptions(touch: Touch, risk: RiskParams) -> list[str]:
    """Say which of `ASSUMPTIONS` the parameters break at one moment, a line each."""
    taken = cheapest(touch.ask, touch.ask_size, touch.fee)
    if taken < 0:
        return []
    half, fee, unit = touch.mid - touch.best_bid, touch.fee[taken], risk.dollars(touch.mid)
    over, under = risk.lambda_over * unit, risk.lambda_under * unit
    numbers = (np.array([number]) for number in (half, fee, touch.rebate, over, under))
    lines = {
        "A1": f"min rebate {touch.rebate.min():g}, half-spread {half:g}",
        "A2": f"lambda_over {over:g}, half-spread {half:g}, max rebate {touch.rebate.max():g}, "
        f"fee {fee:g}",
        "A3": f"lambda_under {under:g}, half-spread {half:g}, fee {fee:g}",
    }
    broken = broken_assumptions(*numbers)
    return [
        f"{name} ({ASSUMPTIONS[name]}): {lines[name]} $/share"
        for name in ASSUMPTIONS
        if broken[name].any()
    ]
