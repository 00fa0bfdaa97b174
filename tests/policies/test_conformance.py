"""Facts that hold for every schedule, every router, and every pair of them."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass

import numpy as np
import pytest

from sor_opt.backtest.backtest import run
from sor_opt.errors import ConfigError
from sor_opt.market.tape import SECOND
from sor_opt.models.windows import WindowParams
from sor_opt.policies.policy import Policy
from sor_opt.policies.registry import BASELINES, PAIRS, ROUTERS, SCHEDULES, named
from sor_opt.policies.routers.base import Router, Split
from sor_opt.policies.schedules.base import Schedule
from sor_opt.policies.view import View

DAY = 24 * 3600

HOURS = [-DAY + t for t in range(0, 1200, 20)]
"""Seconds of the day before at which the trades of the past are printed."""

PAST = [(t, t % 3, 10.00, 100, 0) for t in HOURS]
DURING = [(t, t % 3, 10.00, 300, 0) for t in range(-600, 600, 7)]
ROWS = [
    (t, k, 10.00 - 0.01 * ((t + k) % 2), 200, 10.02 + 0.01 * ((t * k) % 3), 100 + 50 * k)
    for t in range(-600, 600, 5)
    for k in range(3)
]


@pytest.fixture(scope="module")
def stage(market):
    """Two orders of 1,000 shares and three minutes, with trades of that day and the day before."""
    return market(
        ROWS,
        size=1000,
        horizon=180,
        starts=(60, 300),
        prints=[*PAST, *DURING],
        taker=(0.003, 0.002, -0.001),
        rebate=(0.002, 0.001, -0.002),
        band=100.0,
    )


def made(kind):
    """A policy's part with its default parameters, but for what a short past asks for."""
    if any(field.name == "windows" for field in fields(kind)):
        return kind(windows=WindowParams(600 * SECOND, 10 * SECOND, 1))
    return kind()


schedules = pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
routers = pytest.mark.parametrize("router", ROUTERS.values(), ids=ROUTERS)


class Recorder(Router):
    """Asks another router, and keeps what it was asked and said."""

    name = "recorder"

    def __init__(self, asked, seen=None):
        self.asked, self.seen = asked, [] if seen is None else seen

    @property
    def posting(self):
        return self.asked.posting

    def prepare(self, context):
        return Recorder(self.asked.prepare(context), self.seen)

    def split(self, view, due):
        answer = self.asked.split(view, due)
        takes, posts = answer if isinstance(answer, Split) else (answer, np.zeros(len(answer)))
        self.seen.append((view.order, view.now, due, view.ask_left.copy(), takes, posts))
        return answer


class Watched(Schedule):
    """Asks another schedule at every decision, and keeps what it said."""

    name = "watched"

    def __init__(self, asked, seen=None):
        self.asked, self.seen = asked, [] if seen is None else seen

    def lacks(self, context):
        return self.asked.lacks(context)

    def prepare(self, context):
        return Watched(self.asked.prepare(context), self.seen)

    def due(self, view):
        assert isinstance(view, View)
        self.seen.append((view.order, view.now, self.asked.due(view)))
        return self.seen[-1][2]


@schedules
def test_a_schedule_is_a_frozen_dataclass_with_a_name_and_defaults(schedule):
    assert is_dataclass(schedule)
    assert schedule.__dataclass_params__.frozen
    assert SCHEDULES[schedule().name] is schedule
    assert schedule.timing in ("slice", "print", "decision")


@routers
def test_a_router_is_a_frozen_dataclass_with_a_name_and_defaults(router):
    assert is_dataclass(router)
    assert router.__dataclass_params__.frozen
    assert ROUTERS[router().name] is router


@schedules
def test_a_schedule_never_takes_back_and_never_asks_for_more_than_the_order(stage, schedule):
    watched = Watched(made(schedule))
    run(stage, Policy(watched, ROUTERS["best-ask"]()))
    for order in range(2):
        due = [shares for number, _, shares in watched.seen if number == order]
        assert due == sorted(due)
        assert due[0] >= 0
        assert due[-1] <= 1000


@schedules
def test_asked_beforehand_and_asked_at_each_decision_a_schedule_says_the_same(stage, schedule):
    router, asked = ROUTERS["static"](), made(schedule)
    before, during = run(stage, Policy(asked, router)), run(stage, Policy(Watched(asked), router))
    assert before.outcome_key() == during.outcome_key()


@schedules
@routers
def test_every_router_trades_under_every_schedule(stage, schedule, router):
    result = run(stage, Policy(made(schedule), made(router)))
    assert result.complete.all()
    assert np.abs(result.filled - 1000).max() < 1e-6


@schedules
@routers
def test_called_from_python_a_router_does_what_it_does_compiled(stage, schedule, router):
    asked = made(router)
    called = run(stage, Policy(made(schedule), Recorder(asked)))
    assert called.outcome_key() == run(stage, Policy(made(schedule), asked)).outcome_key()


@routers
def test_a_router_is_asked_for_what_is_due_and_takes_no_more_than_is_shown(stage, router):
    recorder = Recorder(made(router))
    run(stage, Policy(SCHEDULES["twap"](), recorder))
    assert recorder.seen
    assert all(0 < due <= 1000 for _, _, due, *_ in recorder.seen)
    for _, _, _, left, takes, posts in recorder.seen:
        assert (takes >= 0).all()
        assert (takes <= left).all()
        assert (posts >= 0).all()


@routers
def test_a_router_that_posts_is_asked_once_per_slice_and_another_at_each_decision(stage, router):
    recorder = Recorder(made(router))
    paced = "now" if recorder.posting is None else "twap"
    run(stage, Policy(SCHEDULES[paced](), recorder))
    slices = [
        (order, (now - stage.orders.starts[order]) // (60 * SECOND))
        for order, now, *_ in recorder.seen
    ]
    if recorder.posting is None:
        assert len(slices) > len(set(slices))
    else:
        assert len(slices) == len(set(slices)) == 6


@routers
def test_threads_share_the_orders_and_change_nothing(stage, router):
    policy = Policy(SCHEDULES["twap"](), made(router))
    assert run(stage, policy, jobs=2).outcome_key() == run(stage, policy).outcome_key()


@routers
def test_every_parameter_can_be_set_and_left_out_of_the_description(router):
    policy = Policy(SCHEDULES["now"](), router())
    for parameter in policy.parameters():
        if parameter.range is not None:
            value = parameter.range.levels[-1]
            other = policy.having({parameter.name: value})
            (now,) = (each for each in other.parameters() if each.name == parameter.name)
            assert now.default == value
            assert other.describe() != policy.describe()
            assert other.describe([parameter.name]) == policy.describe([parameter.name])
    with pytest.raises(ConfigError, match=r"has no parameter nothing; it has \w+"):
        policy.having({"nothing": 1.0})


@schedules
@routers
def test_what_a_policy_is_set_to_is_told_in_plain_values(schedule, router):
    told = Policy(made(schedule), made(router)).describe()
    assert (told["schedule"]["name"], told["router"]["name"]) == (schedule.name, router.name)
    assert json.loads(json.dumps(told)) == told


def test_named_pairs_are_pairs():
    for name, (schedule, router) in PAIRS.items():
        policy = named(name)
        assert (policy.name, policy.schedule.name, policy.router.name) == (name, schedule, router)
        assert Policy(SCHEDULES[schedule](), ROUTERS[router]()) == policy
    assert set(BASELINES) <= set(PAIRS)
    assert Policy(SCHEDULES["ac"](), ROUTERS["sweep"]()).name == "ac x sweep"
