"""Routers and schedules of one's own, called in Python."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
import pytest

from sor_opt import Router, Schedule, Split
from sor_opt.backtest.backtest import run
from sor_opt.compiled import compiled
from sor_opt.errors import ConfigError
from sor_opt.models.risk import RiskParams
from sor_opt.policies.policy import Policy
from sor_opt.policies.registry import ROUTERS, SCHEDULES
from sor_opt.policies.routers.base import (
    Compiled,
    CompiledRouter,
    NoParameters,
    Posting,
    run_compiled,
)

ROWS = [
    (0, 0, 9.99, 500, 10.01, 100),
    (0, 1, 9.98, 500, 10.02, 300),
    (0, 2, 9.00, 500, 11.00, 900),
    (30, 0, 9.99, 500, 10.03, 200),
]


class Cheapest(Router):
    """Send all that is due to the venue with the lowest ask."""

    name = "cheapest"

    def split(self, view, due):
        price = np.where(view.ask_left > 0, view.ask, np.inf)
        shares = np.zeros(len(price))
        best = np.lexsort((view.fee, price))[0]
        shares[best] = min(due, view.ask_left[best])
        return shares


class Answers(Router):
    """Gives an answer that is wrong in some way."""

    name = "wrong"

    def __init__(self, answer):
        self.answer = answer

    def split(self, view, due):
        return self.answer


def played(market, policy, **given):
    log = run(market(ROWS, **given), policy).executions()
    return list(zip(log["venue"], log["price"], log["shares"], log["reason"], strict=True))


def test_the_example_does_what_best_ask_does(market):
    for side in ("buy", "sell"):
        one, other = (
            played(market, Policy(SCHEDULES["now"](), router), side=side, size=250)
            for router in (Cheapest(), ROUTERS["best-ask"]())
        )
        assert one == other
        assert one


def test_a_view_shows_the_book_within_the_band_and_what_is_left_of_it(market):
    seen = []

    class Looks(Cheapest):
        def split(self, view, due):
            seen.append((view.now, view.mid, view.ask_left.tolist(), view.bid_left.tolist(), due))
            assert view.venues == ("A", "B", "C")
            assert view.risk is None
            assert view.remaining == due
            assert view.size == 150
            assert view.fee.tolist() == [0.001, 0.002, 0.003]
            return super().split(view, due)

    stage = market(ROWS, size=150, taker=(0.001, 0.002, 0.003), band=100.0)
    run(stage, Policy(SCHEDULES["now"](), Looks()))
    start = stage.orders.starts[0]
    assert [(now - start, left, due) for now, _, left, _, due in seen] == [
        (0, [100, 300, 0], 150),
        (30_000_000_000, [200, 300, 0], 50),
    ]
    assert seen[0][1] == pytest.approx(10.00)
    assert seen[0][3] == [500, 500, 0]


def test_a_sell_order_sees_the_mirrored_book(market):
    class Looks(Cheapest):
        def split(self, view, due):
            assert view.ask.tolist()[:2] == [-9.99, -9.98]
            assert view.mid == pytest.approx(-10.00)
            assert view.bid_left.tolist()[:2] == [100, 300]
            return super().split(view, due)

    assert played(market, Policy(SCHEDULES["now"](), Looks()), side="sell", size=100) == [
        ("A", 9.99, 100, "route")
    ]


def test_a_view_cannot_be_written_to(market):
    class Writes(Cheapest):
        def split(self, view, due):
            view.ask_left[:] = 0

    with pytest.raises(ValueError, match="read-only"):
        played(market, Policy(SCHEDULES["now"](), Writes()))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ([101, 0, 0], "the router wrong takes 101 shares at A, which shows 100; take at most"),
        ([1, 2], "the router wrong must say shares >= 0 for each of 3 venues, got"),
        ([-1, 0, 0], "the router wrong must say shares >= 0 for each of 3 venues, got"),
        ([np.nan, 0, 0], "the router wrong must say shares >= 0 for each of 3 venues, got"),
        (None, "the router wrong must say shares >= 0 for each of 3 venues, got None"),
        ("all", "the router wrong must say shares >= 0 for each of 3 venues, got 'all'"),
    ],
)
def test_an_answer_that_is_none_is_refused_by_name(market, answer, said):
    with pytest.raises(ConfigError, match=said):
        played(market, Policy(SCHEDULES["now"](), Answers(answer)))


@pytest.mark.parametrize("timing", ["slice", "print", "decision"])
@pytest.mark.parametrize("due", [-1, 201, float("nan"), "all", None, [1, 2]])
def test_a_schedule_that_says_no_number_of_shares_is_refused_by_name(market, due, timing):
    class Wrong(Schedule):
        name = "wrong"

        def due(self, view):
            return due

    Wrong.timing = timing
    with pytest.raises(ConfigError, match="the schedule wrong must say 0 to 200 shares, got"):
        played(market, Policy(Wrong(), Cheapest()))


@pytest.mark.parametrize("timing", ["slice", "print", "decision"])
def test_a_schedule_need_not_be_hashable_and_may_change_between_replays(market, timing):
    @dataclass
    class Share(Schedule):
        share: float = 0.5

        def due(self, view):
            return self.share * view.size

    Share.timing = timing
    schedule, stage = Share(), market(ROWS, size=100)
    assert run(stage, Policy(schedule, Cheapest())).replay.shares[0] == 50
    schedule.share = 0.25
    assert run(stage, Policy(schedule, Cheapest())).replay.shares[0] == 25


def test_what_has_no_name_is_called_like_its_class(market):
    class Plain(Router):
        def split(self, view, due):
            return [0, 0, 0]

    class Slow(SCHEDULES["twap"]):
        pass

    assert Policy(Slow(), Plain()).name == "Slow x Plain"


def test_what_is_no_dataclass_cannot_be_searched_or_kept_in_a_study():
    class Weighs(Cheapest):
        risk = RiskParams()

    policy = Policy(SCHEDULES["now"](), Weighs())
    with pytest.raises(ConfigError, match="now x Weighs has no parameter lambda_over; it has none"):
        policy.having({"lambda_over": 1.0})
    assert set(policy.describe()["router"]) == {"name", "source"}
    policy.router.count = 3
    with pytest.raises(ConfigError, match="the router Weighs must be a dataclass to be kept"):
        policy.describe()


@compiled
def split_second(form, quotes, due, takes, posts):
    takes[1] = due


class Second(CompiledRouter):
    """All to the second venue, written by a split that leaves the others alone."""

    def compiled(self):
        return Compiled(split_second, NoParameters())


class Called(Second):
    """The same, called in Python."""

    is_compiled = False

    def compiled(self):
        return None

    def split(self, view, due):
        return run_compiled(Second().compiled(), view, due).takes


@pytest.mark.parametrize("completion", ["sweep", "best-ask"])
def test_a_compiled_split_begins_with_nothing(market, completion):
    given = {"size": 500, "horizon": 120, "slice_seconds": 30, "completion": completion}
    one, other = (
        played(market, Policy(SCHEDULES["twap"](), router), **given)
        for router in (Second(), Called())
    )
    assert one == other
    assert {row[0] for row in one if row[3] == "route"} == {"B"}


def test_a_schedule_may_follow_the_book(market):
    class WhenCheap(Schedule):
        """Half at once, the rest when the mid has fallen."""

        name = "when-cheap"

        def due(self, view):
            return view.size if view.mid < 10 else view.size / 2

    rows = [*ROWS[:3], (20, 0, 9.95, 500, 9.97, 500), (20, 1, 9.94, 500, 9.98, 300)]
    log = run(market(rows, size=100), Policy(WhenCheap(), Cheapest())).executions()
    assert list(zip(log["price"], log["shares"], strict=True)) == [(10.01, 50), (9.97, 50)]


def test_a_router_of_ones_own_may_post(market):
    class Joins(Router):
        """Rest everything on A, once per slice."""

        name = "joins"
        posting = Posting()

        def split(self, view, due):
            return Split(np.zeros(3), np.array([due, 0, 0]))

    prints = [(10, 0, 9.99, 450, 0), (20, 0, 9.99, 150, 0)]
    assert played(market, Policy(SCHEDULES["now"](), Joins()), prints=prints, size=80) == [
        ("A", 9.99, 80, "limit")
    ]


def test_several_jobs_call_a_policy_in_python_in_one_thread(market):
    threads = set()

    class Threaded(Cheapest):
        def split(self, view, due):
            threads.add(threading.get_ident())
            return super().split(view, due)

    stage, policy = market(ROWS, starts=(0, 5, 10)), Policy(SCHEDULES["now"](), Threaded())
    assert run(stage, policy, jobs=3).outcome_key() == run(stage, policy).outcome_key()
    assert threads == {threading.get_ident()}


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Policy("twap", Cheapest()), "has a Schedule there, not 'twap'"),
        (lambda: Policy(SCHEDULES["twap"], Cheapest()), "has a Schedule there, not <class"),
        (lambda: Policy(SCHEDULES["twap"](), Cheapest), "has a Router there, not <class"),
    ],
)
def test_what_is_no_schedule_and_no_router_is_refused(make, said):
    with pytest.raises(ConfigError, match=said):
        make()


def test_an_unknown_timing_is_refused():
    class Sometimes(SCHEDULES["twap"]):
        timing = "sometimes"

    with pytest.raises(ConfigError, match="the timing of Sometimes must be one of slice, print"):
        Policy(Sometimes(), Cheapest())
