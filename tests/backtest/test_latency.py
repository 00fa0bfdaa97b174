"""Hand-worked orders on their way to venues; every fact holds in the core and in the plain engine.

Unless a test says otherwise an order of 200 shares starts at second 0, all of it due, and A shows
its ask of 10.00; latencies are in seconds.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from reference import engine

from sor_opt.backtest.core import replay as core
from sor_opt.market.tape import SECOND, UNKNOWN
from sor_opt.models.placement import PlacementModel
from sor_opt.models.risk import RiskParams
from sor_opt.models.static import StaticModel
from sor_opt.models.windows import WindowParams
from sor_opt.policies.policy import Policy
from sor_opt.policies.routers.best_ask import BestAsk
from sor_opt.policies.routers.placement import Placement
from sor_opt.policies.routers.static import Static
from sor_opt.policies.routers.sweep import Sweep
from sor_opt.policies.schedules.now import Now
from sor_opt.policies.schedules.pov import Pov
from sor_opt.policies.schedules.twap import Twap

A, B, C = range(3)

SWEEP = Policy(Now(), Sweep())


def quote(second, ask, size=500, venue=A, bid=9.90, bid_size=100):
    return (second, venue, bid, bid_size, ask, size)


# What is taken


def test_a_take_executes_on_arrival_at_the_better_price_it_finds(market, play):
    """Sent at 0 with the limit 10.00; at 2 the ask is 9.99."""
    rows = [quote(0, 10.00), quote(1, 9.99)]
    assert play(market(rows, latency=2), SWEEP) == [(2, "A", 9.99, 200, "route")]


def test_a_row_of_the_time_of_arrival_comes_first(market, play):
    rows = [quote(0, 10.00), quote(2, 9.99)]
    assert play(market(rows, latency=2), SWEEP) == [(2, "A", 9.99, 200, "route")]


@pytest.mark.parametrize(("row", "seen"), [(2, 3), (4, 5)])
def test_a_take_that_comes_too_late_is_due_again_when_that_is_known(market, play, row, seen):
    """It finds 10.01 at 2, which is known at 3; until then nothing else is sent.

    The row of second 1 is seen at 2: a decision, with all in flight. What is seen at 3 or later is
    decided on after the news, and arrives 2 seconds later.
    """
    rows = [quote(0, 10.00), quote(1, 10.01), quote(row, 10.01)]
    assert play(market(rows, starts=(1,), latency=1, feed_latency=1), SWEEP) == [
        (seen + 1, "A", 10.01, 200, "route")
    ]


def test_an_answer_is_no_decision(market, play):
    """The take fails at 2, which is known at 3. A row is next seen at 40."""
    rows = [quote(0, 10.00), quote(1, 10.01), quote(39, 10.01)]
    found = play(market(rows, starts=(1,), latency=1, feed_latency=1), SWEEP)
    assert found == [(41, "A", 10.01, 200, "route")]


def test_what_was_not_left_is_due_again(market, play):
    """120 are there on arrival; at 6 the same price shows 300, of which 120 were ours."""
    rows = [quote(0, 10.00), quote(1, 10.00, 120), quote(6, 10.00, 150)]
    assert play(market(rows, latency=2), SWEEP) == [
        (2, "A", 10.00, 120, "route"),
        (8, "A", 10.00, 30, "route"),  # of the 150 that are shown
    ]


def test_a_quote_too_old_on_arrival_executes_nothing(market, play):
    rows = [quote(0, 10.00)]
    assert play(market(rows, latency=3, max_quote_age=3), SWEEP) == [(3, "A", 10.00, 200, "route")]
    assert play(market(rows, latency=3.5, max_quote_age=3), SWEEP) == []


def test_nothing_but_its_own_venue_matters_to_an_arrival(market, play):
    """At 1 the book is crossed by B's bid, and A's ask is out of the band around the new mid."""
    rows = [quote(0, 10.00, bid=9.99), quote(1, 10.60, venue=B, bid=10.50)]
    found = play(market(rows, latency=2, band=100), SWEEP)
    assert found == [(2, "A", 10.00, 200, "route")]


@pytest.mark.parametrize(("latency", "executed"), [(2, [(60, "A", 10.00, 200, "route")]), (3, [])])
def test_nothing_arrives_after_the_deadline(market, play, latency, executed):
    rows = [quote(58, 10.00)]
    assert play(market(rows, deadline=60, latency=latency), SWEEP) == executed


# What is in flight


def test_what_is_in_flight_is_not_due_and_venues_answer_in_their_own_time(market, play):
    """100 go to A at 0 for 5 s. At 1 A still shows them, so the other 100 go to B for 1 s."""
    rows = [quote(0, 10.00, 100), quote(0, 10.01, venue=B), quote(1, 10.02, venue=C)]
    assert play(market(rows, latency=(5, 1, 0)), Policy(Now(), BestAsk())) == [
        (2, "B", 10.01, 100, "route"),
        (5, "A", 10.00, 100, "route"),
    ]


def test_what_is_in_flight_is_deducted_whatever_the_price(market, play):
    """100 are in flight to A as it shows 150 at 9.99: 50 are left, and 50 wait for another row."""
    rows = [quote(0, 10.00, 100), quote(1, 9.99, 150), quote(20, 10.00, 70)]
    assert play(market(rows, latency=5), Policy(Now(), BestAsk())) == [
        (5, "A", 9.99, 100, "route"),
        (6, "A", 9.99, 50, "route"),
        (25, "A", 10.00, 50, "route"),
    ]


def test_a_slice_counts_what_is_in_flight(market, play):
    """100 of the first slice are on their way for 70 s; the second sends its own 100 at 60."""
    found = play(market([quote(0, 10.00)], horizon=120, latency=70), Policy(Twap(), Sweep()))
    assert found == [(70, "A", 10.00, 100, "route"), (130, "A", 10.00, 100, "route")]


def test_completion_waits_for_the_answer(market, play):
    """Sent at 55, too late at 65, known at 70: the row seen then completes, that of 69 does not."""
    rows = [quote(50, 10.00), *(quote(second, 10.01) for second in (60, 64, 65))]
    found = play(market(rows, latency=10, feed_latency=5), SWEEP)
    assert found == [(80, "A", 10.01, 200, "completion")]


# What the router sees


@pytest.mark.parametrize(
    ("now", "executed"),
    [
        (9.95, [(10, "A", 9.95, 200, "route")]),  # cheaper than what it saw
        (10.05, [(15, "A", 10.05, 200, "route")]),  # too dear; that is known at 12
    ],
)
def test_a_router_buys_at_what_it_saw_or_better(market, play, now, executed):
    """At 10 it knows of second 8: 10.00. The row of second 13 is seen at 15."""
    rows = [quote(0, 10.00), quote(9, now), quote(13, now)]
    assert play(market(rows, starts=(10,), feed_latency=2), SWEEP) == executed


def test_each_venue_is_seen_in_its_own_time(market, play):
    """At 10 the router knows of B's 10.00 (second 9) and not yet of A's 9.99 (second 8)."""
    rows = [quote(0, 10.02), quote(8, 9.99), quote(9, 10.00, venue=B)]
    found = play(market(rows, starts=(10,), feed_latency=(3, 1, 0)), SWEEP)
    assert found == [(10, "B", 10.00, 200, "route")]


def test_a_quote_ages_from_when_it_was_made(market, play):
    """The row of second 6 is seen at 10, when it is 4 s old."""
    rows = [quote(6, 10.00), quote(6, 10.00)]
    for age, executed in ((3, []), (4, [(10, "A", 10.00, 200, "route")])):
        found = play(market(rows, deadline=30, feed_latency=4, max_quote_age=age), SWEEP)
        assert found == executed


def test_volume_counts_once_it_is_heard_of(market, play):
    """1,000 shares of second 5 are known at 9: a tenth is due at 10, and not at 8."""
    rows = [quote(0, 10.00), quote(4, 10.00), quote(6, 10.00)]
    scene = market(rows, prints=[(5, A, 10.00, 1000, UNKNOWN)], feed_latency=4)
    assert play(scene, Policy(Pov(0.1), Sweep())) == [
        (10, "A", 10.00, 100, "route"),
        (60, "A", 10.00, 100, "completion"),
    ]


@pytest.mark.parametrize("replay", [core.replay, engine.replay], ids=["core", "plain"])
def test_costs_are_held_against_the_quotes_as_they_are(market, replay, t0):
    """Mids of 10.05 at the start at 10, and of 10.15 at 13; the router sees them at 12 and 16.

    The order is bought at 18, and found to be at the next decision: the horizon's end.
    """
    rows = [quote(0, 10.10, bid=9.90), quote(9, 10.15, bid=9.95), quote(13, 10.20, bid=10.10)]
    one = replay(market(rows, starts=(10,), latency=2, feed_latency=3), SWEEP)
    assert (one.arrival_mid[0], one.arrival_ts[0]) == (pytest.approx(10.05), t0 + 10 * SECOND)
    assert (one.last_mid[0], one.last_ts[0]) == (pytest.approx(10.15), t0 + 70 * SECOND)
    assert one.snapshots.tolist() == [4]  # at 10, 12, 16 and 70


# What was bought too much

CHUNKS = Policy(Now(), Static(RiskParams(0.0, 0.05, 0.0), StaticModel("open", None, 100.0)))
"""Buys whole hundreds: for an order of 150 two of them."""


def test_an_excess_is_sold_when_it_is_known_and_its_sale_travels_too(market, play):
    """200 are bought at 2, known at 3; a row is seen at 5: 50 for sale, which arrive at 7."""
    rows = [quote(0, 10.00), quote(4, 10.00)]
    scene = market(rows, size=150, starts=(1,), latency=2, feed_latency=1)
    assert play(scene, CHUNKS) == [(3, "A", 10.00, 200, "route"), (7, "A", 9.90, -50, "excess")]


def test_a_sale_keeps_to_the_bid_seen(market, play):
    """The bid of 9.90 is gone at 6, which is known at 8; the row of second 9 is seen at 10."""
    rows = [quote(0, 10.00), quote(4, 10.00), quote(6, 10.00, bid=9.80), quote(9, 10.00, bid=9.80)]
    scene = market(rows, size=150, starts=(1,), latency=2, feed_latency=1)
    assert play(scene, CHUNKS)[1:] == [(12, "A", 9.80, -50, "excess")]


# Bids

BOOK = [(0, A, 10.00, 200, 10.02, 1000)]
PAST = [(second, A, 10.00, 500, UNKNOWN) for second in (30, 90)]
"""500 shares leave A's bid in each minute before the order: the model counts on 300 behind 200."""

DEAR = RiskParams(0.05, 0.05, 0.0001, unit="per_share")


def posting(**given):
    windows = WindowParams(180 * SECOND, 60 * SECOND, 1)
    return Policy(Twap(), Placement(DEAR, windows=windows, **given))


@pytest.fixture
def scene(market):
    """An order of 300 shares at second 120, one slice of a minute; (second, price, size) sold."""

    def build(sold, rows=(), **given):
        prints = PAST + [(second, A, price, size, UNKNOWN) for second, price, size in sold]
        settings = {"starts": (120,), "size": 300, "horizon": 60, **given}
        return market([*BOOK, *rows], prints=prints, **settings)

    return build


def test_a_bid_joins_the_queue_as_it_stands_on_arrival(scene, play):
    """At 125 there are 80 before it; what was sold until then counts for others."""
    sold = [(124, 10.00, 150), (125, 10.00, 70), (130, 10.00, 100), (150, 10.00, 500)]
    rows = [(123, A, 10.00, 80, 10.02, 1000)]
    assert play(scene(sold, rows, latency=5), posting()) == [
        (130, "A", 10.00, 20, "limit"),
        (150, "A", 10.00, 280, "limit"),
    ]


def test_a_bid_that_is_the_best_on_arrival_is_the_first(scene, play):
    rows = [(123, A, 9.99, 200, 10.02, 1000)]
    found = play(scene([(130, 10.00, 300)], rows, latency=5), posting())
    assert found == [(130, "A", 10.00, 300, "limit")]


@pytest.mark.parametrize("bid", [(10.01, 200), (0, 0)])
def test_behind_a_better_bid_or_none_only_a_trade_below_the_limit_fills(scene, play, bid):
    rows = [(123, A, *bid, 10.02, 1000)]
    sold = [(130, 10.00, 900), (140, 9.99, 10)]
    found = play(scene(sold, rows, latency=5), posting())
    assert found == [(140, "A", 10.00, 300, "limit")]


def test_a_stub_on_arrival_is_no_bid(scene, play):
    """5 % below the mid, as where the router saw it: nobody knows what stands before us."""
    rows = [(121, B, 10.00, 200, 10.02, 1000), (123, A, 9.50, 200, 10.02, 1000)]
    sold = [(130, 10.00, 900), (140, 9.99, 10)]
    found = play(scene(sold, rows, latency=5, band=100), posting())
    assert found == [(140, "A", 10.00, 300, "limit")]


def test_a_bid_never_takes(scene, play):
    """On arrival A asks what we bid: the bid rests, and trades at 10.00 fill it as ever."""
    rows = [(123, A, 9.98, 200, 10.00, 1000)]
    found = play(scene([(130, 10.00, 120)], rows, latency=5, deadline=180), posting())
    assert found == [(130, "A", 10.00, 120, "limit")]


@pytest.mark.parametrize("second", [183, 185])
def test_a_fill_before_the_cancel_arrives_stands(scene, play, second):
    """The slice ends at 180, the cancel arrives at 185, and nothing is completed before that."""
    sold, rows = [(second, 10.00, 500)], [(182, A, 10.00, 200, 10.02, 1000)]
    found = play(scene(sold, rows, latency=5), posting())
    assert found == [(second, "A", 10.00, 300, "limit")]


def test_a_cancelled_bid_is_completed_once_the_cancel_is_known(scene, play):
    """Arrived at 185 and known at 188: the row of second 184 is seen a second too early."""
    rows = [(second, A, 10.00, 200, 10.02, 1000) for second in (184, 185)]
    found = play(scene([(186, 10.00, 900)], rows, latency=5, feed_latency=3), posting())
    assert found == [(193, "A", 10.02, 300, "completion")]


def test_a_new_bid_waits_until_the_old_one_is_known_to_be_over(scene, play):
    """The cancel of slice 1 is known at 184: slice 2 posts at the row of 186, not at that of 183.

    The 200 before it on arrival at 190 leave with the trade of 200, of which 100 are ours.
    """
    rows = [(second, A, 10.00, 200, 10.02, 1000) for second in (183, 186)]
    sold = [(122, 10.00, 500), (188, 10.00, 900), (200, 10.00, 300), (239, 9.99, 1)]
    found = play(scene(sold, rows, horizon=120, latency=4), posting())
    assert found == [(200, "A", 10.00, 100, "limit"), (239, "A", 10.00, 200, "limit")]


def test_the_answer_to_an_old_cancel_is_not_about_a_new_bid(scene, play):
    """Slice 1's bid is filled at 170, known at 190; its cancel of 180 is answered at 200.

    Slice 2 posts at 195 and cancels at 240, which is known at 260: the trade of 250 comes too late,
    and what is left is completed at the row seen at 265.
    """
    rows = [(second, A, 10.00, 200, 10.02, 1000) for second in (175, 245)]
    sold = [(170, 10.00, 400), (250, 9.99, 1)]
    found = play(scene(sold, rows, size=400, horizon=120, feed_latency=20), posting())
    assert found == [(170, "A", 10.00, 200, "limit"), (265, "A", 10.02, 200, "completion")]


def test_an_excess_is_not_held_up_by_a_cancel_of_what_is_filled(scene, play):
    """A bid of 300 for 250 is filled at 182, on the way of its cancel: 50 are for sale at 183."""
    rows = [(second, A, 10.00, 200, 10.02, 1000) for second in (183, 190)]
    policy = posting(model=PlacementModel("infinite", 100.0))
    found = play(scene([(182, 10.00, 500)], rows, size=250, latency=5), policy)
    assert found == [(182, "A", 10.00, 300, "limit"), (188, "A", 10.00, -50, "excess")]


def test_what_a_slice_left_counts_bids_that_may_still_fill(scene, play):
    """Slice 1 leaves 200; its cancel of 180 is known at 185, and only then it is overdue.

    What slice 2 posts at 185 is cancelled at 240.
    """
    rows = [(second, A, 10.00, 200, 10.02, 1000) for second in (183, 185)]
    given = {"size": 400, "horizon": 120, "latency": 5, "deadline": 240}
    found = play(scene([(122, 10.00, 500)], rows, **given), posting(leftover="sweep"))
    assert found == [(190, "A", 10.02, 200, "completion")]


# Without


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_sell_order_is_the_mirror(market, play, side):
    """The bid of 10.00 for a seller, the ask of 10.00 for a buyer; both are better at 2."""
    ours, theirs = (10.00, 9.99), (9.90, 9.89)
    rows = [quote(0, ours[0], bid=theirs[0]), quote(1, ours[1], bid=theirs[1])]
    if side == "sell":
        rows = [(0, A, 10.00, 500, 10.10, 100), (1, A, 10.01, 500, 10.11, 100)]
    (found,) = play(market(rows, side=side, latency=2), SWEEP)
    assert found == (2, "A", 9.99 if side == "buy" else 10.01, 200, "route")


def test_a_latency_of_another_venue_changes_nothing(market, play):
    rows = [quote(0, 10.00, 120), quote(3, 10.01, 300)]
    without = play(market(rows), SWEEP)
    assert play(market(rows, latency=(0, 0, 9), feed_latency=(0, 9, 0)), SWEEP) == without
    assert np.shape(without) == (2, 5)


def test_a_quote_of_yesterday_is_none_when_it_comes_after_midnight(market, play):
    """Midnight is second 0: the row of -1 comes at 1, and nothing is seen before the row of 5."""
    scene = market([quote(-1, 10.00), quote(5, 10.02)], feed_latency=2)
    scene = replace(scene, orders=replace(scene.orders, midnights=scene.orders.starts))
    scene = replace(scene, standing=np.full_like(scene.standing, -1))
    assert play(scene, SWEEP) == [(7, "A", 10.02, 200, "route")]


def test_a_bid_may_be_filled_by_any_number_of_prints_between_two_moments(market, play):
    """After a queue of 200, each of 300 prints fills one share, and no row comes before the end."""
    known = [(second, A, 10.00, 500, UNKNOWN) for second in (30, 90)]
    first = (121, A, 10.00, 200, UNKNOWN)
    single = [(122 + 0.1 * i, A, 10.00, 1, UNKNOWN) for i in range(300)]
    scene = market(
        [quote(0, 10.02, 1000, bid=10.00, bid_size=200)],
        prints=[*known, first, *single],
        starts=(120,),
        size=300,
        latency=0.001,
        feed_latency=0.001,
    )
    dear = RiskParams(0.05, 0.05, 0.0001, unit="per_share")
    windows = WindowParams(180 * SECOND, 60 * SECOND, 1)
    found = play(scene, Policy(Twap(), Placement(dear, windows=windows)))
    assert [row[1:] for row in found] == [("A", 10.00, 1, "limit")] * 300
