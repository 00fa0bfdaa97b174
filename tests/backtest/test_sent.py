"""Shares sent to each venue, by hand and on random markets; in the core and in the plain engine."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from reference.compare import assert_same
from reference.scenes import can_trade, draw_pairs, draw_scene

from sor_opt.backtest.replay import EXCESS, LIMIT
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

SWEEP = Policy(Now(), Sweep())


def quote(second, ask, size=500, venue=A, bid=9.90, bid_size=100):
    return (second, venue, bid, bid_size, ask, size)


def test_what_is_sent_at_once_is_what_is_bought(market, replayed):
    """A shows 120; B's 80 are completed at the horizon, for it comes at 60."""
    found = replayed(market([quote(0, 10.00, 120), quote(60, 10.01, venue=B)]), SWEEP)
    assert found.sent.tolist() == [[120, 80, 0]]
    assert found.posted.tolist() == [[0, 0, 0]]


def test_no_more_is_sent_than_is_displayed(market, replayed):
    """A whole chunk pays, of which 41 are there."""
    found = replayed(market([quote(0, 10.00, 41)]), Policy(Now(), Static(RiskParams(0.1, 0.1))))
    assert found.sent.tolist() == [[41, 0, 0]]


def test_with_latency_all_that_travels_is_sent(market, replayed):
    """200 find 120 on arrival; of the 80 that are due again 30 are displayed."""
    rows = [quote(0, 10.00), quote(1, 10.00, 120), quote(6, 10.00, 150)]
    found = replayed(market(rows, latency=2), SWEEP)
    assert found.shares.tolist() == [120, 30]
    assert found.sent.tolist() == [[230, 0, 0]]


def test_what_is_given_back_is_not_sent(market, replayed):
    """Two chunks are bought for 150 shares, and 50 are sold."""
    static = Static(RiskParams(0.0, 0.1, 0.0, unit="per_share"))
    found = replayed(market([quote(0, 9.95, 200)], size=150), Policy(Now(), static))
    assert found.shares.tolist() == [200, -50]
    assert found.sent.tolist() == [[200, 0, 0]]


@pytest.mark.parametrize("latency", [0, 0.5])
def test_what_rests_is_posted_and_its_rest_sent(market, replayed, latency):
    """All 300 rest behind 200; 230 shares leave, and 270 are completed as the slice ends."""
    prints = [(90, A, 10.00, 500, UNKNOWN), (130, A, 10.00, 230, UNKNOWN)]
    scene = market(
        [quote(0, 10.02, 1000, bid=10.00, bid_size=200), quote(181, 10.02, 1000)],
        prints=prints,
        starts=(120,),
        size=300,
        latency=latency,
    )
    dear = RiskParams(0.05, 0.05, 0.0001, unit="per_share")
    placement = Placement(dear, windows=WindowParams(60 * SECOND, 60 * SECOND, 1))
    found = replayed(scene, Policy(Twap(), placement))
    assert found.posted.tolist() == [[300, 0, 0]]
    assert found.sent.tolist() == [[270, 0, 0]]


@pytest.mark.parametrize("seed", range(12))
def test_what_executes_was_sent_or_posted(seed):
    random = Random(f"sent/{seed}")
    market = draw_scene(random).market()
    for policy in draw_pairs(random):
        if not can_trade(market, policy):
            continue
        one = assert_same(market, policy)
        taken, made = (executed(one, which) for which in (one.reason < EXCESS, one.reason == LIMIT))
        assert (taken <= one.sent + 1e-9).all()
        assert (made <= one.posted + 1e-9).all()
        if not market.delayed:
            np.testing.assert_allclose(taken, one.sent, rtol=1e-12)


def executed(one, which):
    """Shares of some executions, per order and venue."""
    found = np.zeros_like(one.sent)
    np.add.at(found, (one.order[which], one.venue[which]), one.shares[which])
    return found
