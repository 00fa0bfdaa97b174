"""No policy knows what is still to come: whatever follows a moment, it does the same until then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.compare import differences
from reference.scenes import (
    AFTER,
    OPENING,
    Scene,
    can_trade,
    draw_router,
    draw_scene,
    draw_schedule,
)

from sor_opt.backtest.core.replay import replay
from sor_opt.market.tape import SECOND
from sor_opt.policies.policy import Policy
from sor_opt.policies.registry import ROUTERS, SCHEDULES
from sor_opt.policies.routers.base import Router
from sor_opt.policies.routers.best_ask import BestAsk
from sor_opt.policies.schedules.base import Schedule, Timing
from sor_opt.policies.schedules.now import Now

Future = Callable[[Random, Scene], Scene]
"""Another scene, of which what follows some moment is taken."""


def shifted(random: Random, scene: Scene) -> Scene:
    """All prices a little lower or higher."""
    by = random.choice((-0.03, -0.01, 0.01, 0.02))
    rows = [
        (ts, venue, bid and bid + by, bid_size, ask and ask + by, ask_size)
        for ts, venue, bid, bid_size, ask, ask_size in scene.rows
    ]
    prints = [(ts, venue, price + by, *rest) for ts, venue, price, *rest in scene.prints]
    return replace(scene, rows=rows, prints=prints)


def thinned(random: Random, scene: Scene) -> Scene:
    """Half of the quotes and of the trades are missing."""
    rows = [row for row in scene.rows if random.randint(0, 1)]
    return replace(scene, rows=rows, prints=[row for row in scene.prints if random.randint(0, 1)])


def resized(random: Random, scene: Scene) -> Scene:
    """Displays and trades of a tenth, or of ten times the shares."""
    by = random.choice((0.1, 10.0))
    rows = [
        (*head, bid_size * by, ask, by * ask_size) for *head, bid_size, ask, ask_size in scene.rows
    ]
    prints = [(*head, size * by, side) for *head, size, side in scene.prints]
    return replace(scene, rows=rows, prints=prints)


def traded(random: Random, scene: Scene) -> Scene:
    """Trades of another market."""
    return replace(scene, prints=draw_scene(random).prints)


def other(random: Random, scene: Scene) -> Scene:
    """Quotes and trades of another market."""
    drawn = draw_scene(random)
    return replace(scene, rows=drawn.rows, prints=drawn.prints)


FUTURES: tuple[Future, ...] = (shifted, thinned, resized, traded, other)


def spliced(scene: Scene, future: Scene, moment: float) -> Scene:
    """A scene up to a moment, the moment itself included, and another one from then on."""
    rows = [row for row in scene.rows if row[0] <= moment]
    prints = [row for row in scene.prints if row[0] <= moment]
    return replace(
        scene,
        rows=[*rows, *(row for row in future.rows if row[0] > moment)],
        prints=[*prints, *(row for row in future.prints if row[0] > moment)],
    )


def draw_moment(random: Random, scene: Scene) -> float:
    """Between all orders' start and their deadline, half of the time when a slice starts."""
    first, last = scene.starts[-1], min(scene.deadline, AFTER)
    if random.randint(0, 1):
        return min(first + scene.slice * random.randint(0, scene.horizon // scene.slice), last)
    return random.randint(round(2 * first), 2 * last) / 2


def peeks(scene: Scene, future: Scene, moment: float, policy: Policy) -> list[str]:
    """What differs up to a moment for what comes after it.

    A replay whose window closes at the moment tells all executions and counts until then, the
    arrival and the last mid; and it must be the beginning of the replay that goes on.
    """
    changed = spliced(scene, future, moment)
    market, until = scene.market(), OPENING + round(moment * SECOND)
    ends = replace(market.orders, deadlines=np.full(len(market.orders), until))
    cut = [replace(each, orders=ends) for each in (market, changed.market())]
    first, second = (replay(each, policy) for each in cut)
    found = differences(first, second)
    for whole in (replay(market, policy), replay(changed.market(), policy)):
        before = whole.ts <= until
        for name in ("ts", "order", "venue", "reason", "price", "shares"):
            if not np.array_equal(getattr(whole, name)[before], getattr(first, name)):
                found.append(f"{name} of the replay that goes on")
    return found


def draw_case(random: Random) -> tuple[Scene, Scene, float]:
    """A market, another future, and when that begins."""
    scene = draw_scene(random)
    return scene, random.choice(FUTURES)(random, scene), draw_moment(random, scene)


@pytest.mark.parametrize("router", ROUTERS)
@pytest.mark.parametrize("schedule", SCHEDULES)
@settings(max_examples=25)
@given(random=st.randoms(use_true_random=True))
def test_what_follows_a_moment_changes_nothing_before_it(schedule, router, random):
    scene, future, moment = draw_case(random)
    policy = Policy(draw_schedule(random, schedule), draw_router(random, router))
    markets = scene.market(), spliced(scene, future, moment).market()
    if all(can_trade(market, policy) for market in markets):
        assert peeks(scene, future, moment, policy) == []


@dataclass(frozen=True)
class LastPrint(Schedule):
    """Waits where the last trade of the tape is cheaper than the first: it peeks."""

    name: ClassVar[str] = "last-print"
    timing: ClassVar[Timing] = "slice"

    falls: bool = False

    def prepare(self, context):
        prices = context.prints["price"]
        return LastPrint(bool(len(prices) and prices[-1] < prices[0]))

    def due(self, view):
        return 0.0 if self.falls else view.size


@dataclass(frozen=True)
class Greedy(Router):
    """Takes half where the tape will show more at some ask than it does now: it peeks."""

    name: ClassVar[str] = "greedy"

    most: float = 0.0

    def prepare(self, context):
        return Greedy(float(context.feed["ask_size"].max()))

    def split(self, view, due):
        part = 0.5 if view.ask_left.max() < self.most else 1.0
        return np.minimum(view.ask_left, part * due / len(view.ask_left))


@pytest.mark.parametrize("policy", [Policy(LastPrint(), BestAsk()), Policy(Now(), Greedy())])
def test_a_policy_that_knows_the_future_is_seen(policy):
    random = Random(1)
    cases = [draw_case(random) for _ in range(60)]
    assert any(peeks(*case, policy) for case in cases)
