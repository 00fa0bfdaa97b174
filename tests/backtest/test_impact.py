"""What an order's own buying costs it, by hand; every fact holds in the core and the plain engine.

A shows 10.02 against a bid of 9.98, so that the mid is 10.00, and 100 shares raise what the order
meets next by 1 cent for every 100 basis points of impact.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from reference.compare import assert_same, differences
from reference.scenes import can_trade, draw_impact, draw_pairs, draw_scene, draw_static

from sor_opt.allocators.fast.allocator import FastAllocator
from sor_opt.backtest.backtest import run
from sor_opt.backtest.core.replay import replay
from sor_opt.backtest.impact import Impact
from sor_opt.errors import ConfigError
from sor_opt.market.tape import SECOND, UNKNOWN
from sor_opt.models.risk import RiskParams
from sor_opt.models.windows import WindowParams
from sor_opt.policies.policy import Policy
from sor_opt.policies.routers.placement import Placement
from sor_opt.policies.routers.static import Static
from sor_opt.policies.routers.sweep import Sweep
from sor_opt.policies.schedules.now import Now
from sor_opt.policies.schedules.twap import Twap

A, B = range(2)
MINUTE = 60 * SECOND
PACED = Policy(Twap(), Sweep())


def quote(second, ask=10.02, size=1000, venue=A, bid=9.98, bid_size=1000):
    return (second, venue, bid, bid_size, ask, size)


def near(*rows):
    return [(*row[:2], pytest.approx(row[2], rel=1e-14), *row[3:]) for row in rows]


def waiting(threshold):
    return Policy(Twap(), Static(RiskParams(0.0, threshold, 0.0, unit="per_share")))


def test_what_is_bought_raises_the_next_ask_and_half_of_it_is_gone_after_a_half_life(market, play):
    scene = market([quote(0)], horizon=180, size=300, impact=Impact(100, MINUTE))
    assert play(scene, PACED) == near(
        (0, "A", 10.02, 100, "route"),
        (60, "A", 10.02 + 0.005, 100, "route"),
        (120, "A", 10.02 + 0.0025 + 0.005, 100, "route"),
    )


def test_a_sell_order_lowers_the_bids_that_it_meets(market, play):
    scene = market([quote(0)], horizon=120, side="sell", impact=Impact(100, MINUTE))
    assert play(scene, PACED) == near(
        (0, "A", 9.98, 100, "route"), (60, "A", 9.98 - 0.005, 100, "route")
    )


def test_within_one_moment_the_displays_are_walked_as_they_are(market, play):
    rows = [quote(0, size=100), quote(0, 10.03, venue=B)]
    assert play(market(rows, impact=Impact(100, MINUTE)), Policy(Now(), Sweep())) == [
        (0, "A", 10.02, 100, "route"),
        (0, "B", 10.03, 100, "route"),
    ]


def test_a_threshold_waits_while_the_asks_are_raised(market, play):
    """After 100 shares 4 cents are added, 2 at 10, 1 at 20: 10.02 is below 10.00 + 0.0251 then."""
    rows = [quote(0, size=100), quote(10, 10.01, bid=9.99), quote(20, 10.01, bid=9.99)]
    policy = Policy(Now(), waiting(0.0251).router)
    assert play(market(rows, impact=Impact(400, 10 * SECOND)), policy) == near(
        (0, "A", 10.02, 100, "route"), (20, "A", 10.01 + 0.01, 100, "route")
    )


def test_completion_pays_it_too(market, play):
    rows = [quote(0, size=100), quote(60, 10.03)]
    assert play(market(rows, impact=Impact(100, MINUTE)), Policy(Now(), Sweep())) == near(
        (0, "A", 10.02, 100, "route"), (60, "A", 10.03 + 0.005, 100, "completion")
    )


def test_limit_fills_raise_nothing(market, play):
    """Of 300 shares 30 are filled behind 200, and the others completed at the displayed ask."""
    scene = market(
        [quote(0, bid=10.00, bid_size=200)],
        prints=[(90, A, 10.00, 500, UNKNOWN), (130, A, 10.00, 230, UNKNOWN)],
        starts=(120,),
        size=300,
        impact=Impact(400, MINUTE),
    )
    dear = RiskParams(0.05, 0.05, 0.0001, unit="per_share")
    placement = Placement(dear, windows=WindowParams(60 * SECOND, 60 * SECOND, 1))
    assert play(scene, Policy(Twap(), placement)) == [
        (130, "A", 10.00, 30, "limit"),
        (180, "A", 10.02, 270, "completion"),
    ]


def test_a_sale_of_an_excess_raises_nothing_and_is_not_lowered(market, play):
    scene = market([quote(0, size=200)], size=150, impact=Impact(400, MINUTE))
    assert play(scene, Policy(Now(), waiting(0.1).router)) == [
        (0, "A", 10.02, 200, "route"),
        (0, "A", 9.98, -50, "excess"),
    ]


# Latency


def test_the_own_impact_makes_no_child_order_miss(market, play):
    """Sent at 0 and at 60 with the limit 10.02; the second pays what the first left at 90."""
    scene = market([quote(-100)], horizon=120, latency=30, impact=Impact(100, MINUTE))
    assert play(scene, PACED) == near(
        (30, "A", 10.02, 100, "route"), (90, "A", 10.02 + 0.005, 100, "route")
    )


def test_what_arrives_at_one_moment_does_not_raise_itself(market, play):
    rows = [quote(-100, size=100), quote(-100, 10.03, venue=B)]
    scene = market(rows, latency=(5, 5, 0), impact=Impact(100, MINUTE))
    assert play(scene, Policy(Now(), Sweep())) == [
        (5, "A", 10.02, 100, "route"),
        (5, "B", 10.03, 100, "route"),
    ]


@pytest.mark.parametrize(
    ("feed_latency", "second"),
    [
        (40, (90, "A", 10.02 + 0.02, 100, "route")),  # at 60 it has not heard yet
        (0, (150, "A", 10.02 + 0.01, 100, "completion")),  # at 60 it knows of 2.8 cents
    ],
)
def test_a_router_knows_of_what_it_has_heard(market, play, feed_latency, second):
    """4 cents at 30, halved each minute; the threshold is 2.5 cents, of which the ask takes 2."""
    scene = market(
        [quote(-100)],
        horizon=120,
        latency=30,
        feed_latency=feed_latency,
        impact=Impact(400, MINUTE),
    )
    assert play(scene, waiting(0.025)) == near((30, "A", 10.02, 100, "route"), second)


# Results


def test_unfilled_shares_are_marked_at_the_raised_ask(market):
    """100 are bought at 0, and none are there at 60, the last moment: half of a cent is left."""
    rows = [quote(0, size=100, bid_size=100)]
    for side, mark in (("buy", 10.02 + 0.005 + 0.003), ("sell", -9.98 + 0.005 + 0.003)):
        scene = market(rows, side=side, taker=(0.003, 0, 0), impact=Impact(100, MINUTE))
        result = run(scene, Policy(Now(), Sweep()))
        assert result.unfilled.tolist() == [100]
        assert result.marks.tolist() == [pytest.approx(mark)]


# Random markets


def scenes(name, count):
    for seed in range(count):
        random = Random(f"{name}/{seed}")
        yield random, draw_scene(random)


def test_an_impact_of_nothing_is_none():
    for random, scene in scenes("nothing", 8):
        none = replace(scene, impact=None).market()
        nothing = replace(scene, impact=Impact(0.0, MINUTE)).market()
        for policy in draw_pairs(random):
            if can_trade(none, policy):
                assert differences(replay(none, policy), replay(nothing, policy)) == []


def test_the_core_and_the_plain_engine_agree_with_impact():
    paid = 0
    for random, scene in scenes("impact", 12):
        impact = Impact(random.choice((5.0, 50.0, 400.0)), random.choice((1, 30)) * SECOND)
        market = replace(scene, impact=impact).market()
        for policy in draw_pairs(random):
            if can_trade(market, policy):
                one = assert_same(market, policy)
                paid += int((np.abs(one.price * 100 % 1) > 1e-6).sum())
    assert paid > 500


def test_a_router_in_python_sees_the_raised_asks():
    for random, scene in scenes("python", 20):
        static = draw_static(random)
        market = replace(scene, impact=draw_impact(random) or Impact(50.0, MINUTE)).market()
        one = replay(market, Policy(Now(), static))
        other = replay(market, Policy(Now(), replace(static, allocator=FastAllocator())))
        assert differences(one, other) == []


# Reading


def test_an_impact_is_written_as_basis_points_and_a_half_life():
    assert Impact.read("0.5:1m") == Impact(0.5, MINUTE)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("0.5", "'0.5' is no impact; write 0.5:1m, "),
        ("much:1m", "'much:1m' is no impact; write 0.5:1m, "),
        ("0.5:", "'' is no duration"),
        ("-1:1m", "an impact must be 0 to 10,000 basis points per 1,000 shares, got -1"),
        ("nan:1m", "an impact must be 0 to 10,000 basis points per 1,000 shares, got nan"),
        ("inf:1m", "an impact must be 0 to 10,000 basis points per 1,000 shares, got inf"),
        ("0.5:0s", "the half-life of an impact must be > 0, got 0s"),
    ],
)
def test_what_is_no_impact_is_refused(text, wrong):
    with pytest.raises(ConfigError) as error:
        Impact.read(text)
    assert str(error.value).startswith(wrong)
