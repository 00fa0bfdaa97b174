"""Where each router sends what is due."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from reference.book import DUST, Look
from sor_opt.allocators.base import Allocator
from sor_opt.allocators.fast.allocator import FastAllocator
from sor_opt.market.tape import FloatArray
from sor_opt.models.snapshot import Snapshot
from sor_opt.policies.routers.base import Router
from sor_opt.policies.routers.best_ask import BestAsk
from sor_opt.policies.routers.placement import Placement
from sor_opt.policies.routers.pro_rata import ProRata
from sor_opt.policies.routers.static import Static
from sor_opt.policies.routers.sweep import Sweep


@dataclass(frozen=True)
class Costs:
    """The venues of an order's day.

    Attributes
    ----------
    names : tuple of str, length K
    taker, rebate : float64 ndarray, shape (K,)
        Dollars per share.
    """

    names: tuple[str, ...]
    taker: FloatArray
    rebate: FloatArray

    def cheapest(self, look: Look) -> Iterator[int]:
        """Venues that display an ask: the lowest first, then the lower fee, then by index."""
        shown = (k for k in range(len(self.names)) if look.ask_left[k] > 0)
        yield from sorted(shown, key=lambda k: (look.ask[k], self.taker[k], k))

    def dearest(self, look: Look) -> Iterator[int]:
        """Venues that display a bid: the highest first, then the lower fee, then by index."""
        shown = (k for k in range(len(self.names)) if look.bid_left[k] > 0)
        yield from sorted(shown, key=lambda k: (-look.bid[k], self.taker[k], k))


def best_ask(costs: Costs, look: Look, due: float) -> list[float]:
    """All to the one cheapest venue, up to its display."""
    sent = [0.0] * len(costs.names)
    for venue in costs.cheapest(look):
        sent[venue] = min(due, look.ask_left[venue])
        break
    return sent


def sweep(costs: Costs, look: Look, due: float) -> list[float]:
    """Venue after venue, the cheapest first."""
    return _fill_up(costs, look, [0.0] * len(costs.names), due, due)


def pro_rata(costs: Costs, look: Look, due: float) -> list[float]:
    """By what is left, in whole shares; the rest of the rounding like `sweep`."""
    left = look.ask_left.tolist()
    shown = sum(left)
    if due >= shown:
        return left
    sent = [float(due * here / shown // 1) for here in left]
    rest = due
    for shares in sent:
        rest -= shares
    return _fill_up(costs, look, sent, rest, due)


def _fill_up(
    costs: Costs, look: Look, sent: list[float], missing: float, asked: float
) -> list[float]:
    """Send what is missing of the shares asked for, the cheapest venue first."""
    for venue in costs.cheapest(look):
        if missing <= DUST * asked:
            break
        more = min(missing, look.ask_left[venue] - sent[venue])
        sent[venue] += more
        missing -= more
    return sent


def solver_of(router: Static | Placement) -> Allocator:
    """The router's allocator, or the fast one."""
    return router.allocator or FastAllocator()


def seen(costs: Costs, look: Look) -> Snapshot:
    """What the cost models see."""
    queue = np.array([_queue(look, k) for k in range(len(costs.names))])
    return Snapshot(
        costs.names,
        look.ask,
        look.ask_left,
        look.bid,
        look.bid_left,
        costs.taker,
        costs.rebate,
        queue,
        look.best_bid,
        look.best_ask,
        look.mid,
    )


def static(router: Static, costs: Costs, look: Look, due: float) -> list[float]:
    """What the static cost model says, up to what is left."""
    problem = router.model.problem(seen(costs, look), due, router.risk)
    chunks = np.asarray(solver_of(router).solve(problem).rungs * problem.step)
    return list(np.minimum(chunks, look.ask_left).tolist())


class Placed(NamedTuple):
    """Shares to take and to post, and the queue before the posts; a number per venue each."""

    takes: list[float]
    posts: list[float]
    queue: list[float]


def _queue(look: Look, venue: int) -> float:
    """Shares before a bid at the best bid; endless where a venue displays none, nobody knows."""
    if look.bid_left[venue] <= 0:
        return np.inf
    return look.bid_left[venue] if look.bid[venue] == look.best_bid else 0.0


def place(router: Placement, costs: Costs, look: Look, flows: FloatArray, target: float) -> Placed:
    """What the placement cost model says for a slice whose outflow scenarios are `flows`."""
    venues = len(costs.names)
    snapshot = seen(costs, look)._replace(outflows=flows)
    if not len(flows):  # nothing is known: no fill is hoped for
        snapshot = snapshot._replace(outflows=np.zeros((1, venues)), queue=np.full(venues, np.inf))
    problem = router.model.problem(snapshot, target, router.risk)
    sent = np.asarray(solver_of(router).solve(problem).rungs * problem.step)
    takes = np.minimum(sent[:venues], look.ask_left)
    return Placed(takes.tolist(), sent[venues:].tolist(), snapshot.queue.tolist())


Split = Callable[[Any, Costs, Look, float], list[float]]

SPLITS: dict[type[Router], Split] = {
    BestAsk: lambda _, *seen: best_ask(*seen),
    Sweep: lambda _, *seen: sweep(*seen),
    ProRata: lambda _, *seen: pro_rata(*seen),
    Static: static,
}

COMPLETIONS: dict[str, Callable[[Costs, Look, float], list[float]]] = {
    "sweep": sweep,
    "best-ask": best_ask,
}
