"""The core against the plain engine, and facts of every replay, on random markets.

Each market is drawn once and every schedule times every router is played on it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.compare import assert_same, differences
from reference.scenes import (
    OPENING,
    PLAIN_ROUTERS,
    PLAIN_SCHEDULES,
    Scene,
    can_trade,
    draw_pairs,
    draw_placement,
    draw_scene,
)

from sor_opt.backtest.backtest import run
from sor_opt.backtest.core.replay import replay
from sor_opt.backtest.replay import EXCESS, LIMIT
from sor_opt.market.book import BookParams
from sor_opt.market.tape import SECOND
from sor_opt.policies.policy import Policy
from sor_opt.policies.routers.base import Posting, Router
from sor_opt.policies.routers.best_ask import BestAsk
from sor_opt.policies.routers.pro_rata import ProRata
from sor_opt.policies.routers.sweep import Sweep
from sor_opt.policies.schedules.twap import Twap
from sor_opt.policies.schedules.vwap import Vwap

draws = st.randoms(use_true_random=True)


def playable(random: Random, scene: Scene):
    """A scene's market, and every policy that has what it learns from."""
    market = scene.market()
    return market, [policy for policy in draw_pairs(random) if can_trade(market, policy)]


def net_bought(market, one):
    """Shares bought less shares given back, per order."""
    return np.bincount(one.order, one.shares, minlength=len(market.orders))


def test_every_policy_of_the_package_is_written_plainly_too():
    assert PLAIN_SCHEDULES[:5] == ("now", "twap", "vwap", "pov", "ac")
    assert PLAIN_ROUTERS[:5] == ("best-ask", "sweep", "pro-rata", "static", "placement")


@settings(max_examples=60)
@given(random=draws)
def test_the_core_does_what_the_plain_engine_does(random):
    market, policies = playable(random, draw_scene(random))
    for policy in policies:
        assert_same(market, policy)


@settings(max_examples=30)
@given(random=draws)
def test_nothing_executes_that_rounding_alone_has_made(random):
    scene = draw_scene(random)
    shown = [0.1, 0.2, 0.3, 0.7, 0.8, 1.1, 2.3]
    rows = [
        (ts, venue, bid, bid_size and random.choice(shown), ask, ask_size and random.choice(shown))
        for ts, venue, bid, bid_size, ask, ask_size in scene.rows
    ]
    scene = replace(scene, rows=rows, size=random.choice((3.0, 10.0, 10.9)), slice=10)
    market, policies = playable(random, scene)
    for policy in policies:
        assert (np.abs(assert_same(market, policy).shares) > 1e-6).all()


@settings(max_examples=30)
@given(random=draws)
def test_nothing_is_dropped_and_only_excess_is_given_back(random):
    market, policies = playable(random, draw_scene(random))
    for policy in policies:
        result = run(market, policy)
        unfilled = result.orders()["unfilled"].to_numpy()
        total = net_bought(market, result.replay) + unfilled
        np.testing.assert_allclose(total, market.orders.size, rtol=1e-9)
        assert ((result.replay.shares < 0) == (result.replay.reason == EXCESS)).all()


@settings(max_examples=30)
@given(random=draws)
def test_an_order_only_buys_too_much_by_the_routers_that_may(random):
    """Best ask, sweep and pro-rata buy no more than is due; completion buys what is missing."""
    market, policies = playable(random, draw_scene(random))
    for policy in policies:
        if isinstance(policy.router, BestAsk | Sweep | ProRata):
            one = replay(market, policy)
            assert (one.shares > 0).all()
            assert (net_bought(market, one) <= market.orders.size * (1 + 1e-12)).all()


def displays(scene: Scene, venue: int, bidding: bool):
    """A venue's rows: time, and the price and size of one side as it is shown in them."""
    found = []
    for second, of, bid, bid_size, ask, ask_size in scene.rows:
        if of == venue:
            price, size = (bid, bid_size) if bidding else (ask, ask_size)
            empty = not all(np.isfinite(x) and x > 0 for x in (price, size))
            found.append((OPENING + round(second * SECOND), price, 0.0 if empty else size))
    return found


def assert_no_more_than_shown(scene: Scene, one, same_display):
    """Sum what an order took while a display lasted, and compare with the most it showed."""
    bidding = (one.shares < 0) == (scene.side == "buy")
    taking = one.reason != LIMIT
    for order, venue, side in set(zip(one.order, one.venue, bidding, strict=True)):
        mine = taking & (one.order == order) & (one.venue == venue) & (bidding == side)
        rows = displays(scene, venue, side)
        lasting = np.cumsum([not same_display(*pair) for pair in pairwise(rows)])
        lasting = np.concatenate([[0], lasting])
        times = np.array([row[0] for row in rows])
        at = lasting[np.searchsorted(times, one.ts[mine], "right") - 1]
        for number in set(at):
            used = np.abs(one.shares[mine])[at == number].sum()
            most = max(row[2] for row, of in zip(rows, lasting, strict=True) if of == number)
            assert used <= most * (1 + 1e-9)


@settings(max_examples=30)
@given(random=draws)
def test_no_more_is_taken_of_a_quote_than_it_shows(random):
    scene = draw_scene(random)
    scene = replace(scene, book=BookParams(band=scene.book.band, refill="update"))
    market, policies = playable(random, scene)
    for policy in policies:
        assert_no_more_than_shown(scene, replay(market, policy), lambda *_: False)


@settings(max_examples=30)
@given(random=draws)
def test_no_more_is_taken_at_a_price_than_is_shown_while_it_stands(random):
    scene = draw_scene(random)
    scene = replace(scene, book=BookParams(band=scene.book.band, refill="price"))
    market, policies = playable(random, scene)

    def stands(before, after):
        return before[2] > 0 and after[2] > 0 and before[1] == after[1]

    for policy in policies:
        assert_no_more_than_shown(scene, replay(market, policy), stands)


@settings(max_examples=30)
@given(random=draws)
def test_nothing_trades_beyond_the_band(random):
    """No execution is further than twice the band from the last mid: a taken ask moves no mid."""
    scene = draw_scene(random)
    bare = {"latency": (0.0,) * 3, "feed_latency": (0.0,) * 3, "impact": None}
    scene = replace(scene, book=BookParams(band=30.0), starts=(0.0,), **bare)
    market, policies = playable(random, scene)
    for policy in policies:
        one = replay(market, policy)
        for ts in set(one.ts[one.reason != LIMIT]):
            prices = np.abs(one.price[(one.ts == ts) & (one.reason != LIMIT)])
            assert prices.max() - prices.min() <= 2 * 30e-4 * prices.max()


@settings(max_examples=60)
@given(random=draws)
def test_bids_fill_at_the_limit_from_trades_alone(random):
    market = draw_scene(random).market()
    policy = Policy(Twap(), draw_placement(random))
    if not can_trade(market, policy):
        return
    one, prints = replay(market, policy), market.prints
    for i in np.flatnonzero(one.reason == LIMIT):
        met = (prints["ts"] == one.ts[i]) & (prints["venue"] == one.venue[i])
        assert (prints["price"][met] <= one.price[i]).any()
        cancelled = market.orders.starts[one.order[i]] + market.orders.horizon
        assert one.ts[i] <= cancelled + market.latency[one.venue[i]]
    if policy.router.windows.through == "volume":
        for order, ts, venue in set(zip(one.order, one.ts, one.venue, strict=True)):
            mine = (one.order == order) & (one.ts == ts) & (one.venue == venue)
            filled = one.shares[mine & (one.reason == LIMIT)].sum()
            met = (prints["ts"] == ts) & (prints["venue"] == venue)
            assert filled <= prints["shares"][met].sum() * (1 + 1e-12)


@settings(max_examples=30)
@given(random=draws)
def test_what_has_not_happened_yet_changes_nothing_that_has(random):
    """Quotes and trades after some second do not touch what is executed up to it."""
    scene, cut = draw_scene(random), random.randint(5, 150)
    rows = [row for row in scene.rows if row[0] <= cut]
    prints = [row for row in scene.prints if row[0] <= cut]
    if not rows:
        return
    market, policies = playable(random, scene)
    shorter, until = replace(scene, rows=rows, prints=prints).market(), OPENING + cut * SECOND
    for policy in policies:
        if not can_trade(shorter, policy):
            continue
        one, other = replay(market, policy), replay(shorter, policy)
        for name in ("ts", "order", "venue", "reason", "price", "shares"):
            np.testing.assert_array_equal(
                getattr(one, name)[one.ts <= until], getattr(other, name)[other.ts <= until]
            )


def test_a_curve_from_a_file_is_followed(tmp_path):
    path = tmp_path / "curve.csv"
    path.write_text("time,volume\n09:30,100\n09:31,300\n09:32,100\n09:33,100\n")
    rows = [(0, 0, 9.99, 1000, 10.00, 1000)]
    market = Scene(rows, [], size=600.0, horizon=240, slice=60).market()
    one = assert_same(market, Policy(Vwap(path), BestAsk()))
    assert one.shares.tolist() == [100, 300, 100, 100]


# Routers and schedules in Python


@dataclass(frozen=True)
class InPython(Router):
    """A router without its compiled form."""

    inner: Router
    name = "python"

    @property
    def posting(self):
        return self.inner.posting

    @property
    def risk(self):
        return self.inner.risk

    def prepare(self, past):
        return InPython(self.inner.prepare(past))

    def split(self, view, due):
        return self.inner.split(view, due)


@dataclass(frozen=True)
class Decided(Twap):
    """A TWAP that is asked at every decision."""

    timing = "decision"


@settings(max_examples=20)
@given(random=draws)
def test_a_router_in_python_trades_like_its_compiled_form(random):
    market, policies = playable(random, draw_scene(random))
    for policy in policies:
        same = Policy(policy.schedule, InPython(policy.router))
        assert differences(replay(market, policy), replay(market, same)) == [], policy


@settings(max_examples=20)
@given(random=draws)
def test_a_schedule_asked_at_every_decision_trades_like_one_asked_before(random):
    """But for what a slice left: what was due when no decision was taken was never said."""
    market, policies = playable(random, draw_scene(random))
    for policy in policies:
        if isinstance(policy.schedule, Twap) and policy.router.posting in (None, Posting("carry")):
            asked = Policy(Decided(), policy.router)
            assert differences(replay(market, policy), replay(market, asked)) == [], policy
