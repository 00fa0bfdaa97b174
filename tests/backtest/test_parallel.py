"""Threads: the same replay whatever their number, and an end that is prompt."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import fields

import numpy as np
import pytest

from sor_opt.allocators.fast.allocator import FastAllocator
from sor_opt.backtest.backtest import run
from sor_opt.backtest.core.replay import replay
from sor_opt.backtest.market import ReplayParams, prepare
from sor_opt.backtest.orders import OrderParams, make_orders
from sor_opt.backtest.parallel import MAX_JOBS, dealt, in_threads
from sor_opt.backtest.replay import Replay
from sor_opt.errors import ConfigError
from sor_opt.market.synthetic import SyntheticParams, generate
from sor_opt.market.tape import SECOND
from sor_opt.models.risk import RiskParams
from sor_opt.models.venues import FeeSchedule
from sor_opt.models.windows import WindowParams
from sor_opt.policies.policy import Policy
from sor_opt.policies.registry import ROUTERS, SCHEDULES, named
from sor_opt.policies.routers.placement import Placement
from sor_opt.policies.routers.static import Static
from sor_opt.policies.schedules.now import Now
from sor_opt.policies.schedules.twap import Twap

PATIENT = RiskParams(0.001, 0.0001, 0.00005)
WINDOWS = WindowParams(minimum=5, stride=5 * SECOND)
POLICIES = {
    **{name: named(name) for name in ("best-ask", "twap", "pro-rata")},
    "sweep": Policy(SCHEDULES["pov"](), ROUTERS["sweep"]()),
    "static": Policy(Now(), Static(PATIENT)),
    "placement": Policy(Twap(), Placement(PATIENT, windows=WINDOWS)),
}


@pytest.fixture(scope="module")
def five_orders():
    tape = generate(SyntheticParams(seed=6, minutes=17))
    layout = OrderParams(size=1300, horizon=100 * SECOND, every=200 * SECOND)
    params = ReplayParams(slice=20 * SECOND)
    market = prepare(tape, make_orders(tape, layout), params, FeeSchedule.packaged())
    assert len(market.orders) == 5
    return market


def assert_same(one: Replay, other: Replay) -> None:
    for field in fields(Replay):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name))


@pytest.mark.parametrize("jobs", [2, 3, 7])
@pytest.mark.parametrize("name", POLICIES)
def test_a_replay_is_the_same_for_any_number_of_threads(five_orders, name, jobs):
    alone = replay(five_orders, POLICIES[name])
    assert len(np.unique(alone.order)) == 5
    assert_same(alone, replay(five_orders, POLICIES[name], jobs))


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_long_log_is_kept_whole(market, jobs):
    """Each second shows ten shares more: far more executions than a log has room for at first."""
    rows = [(i, 0, 9.98, 10, 10.00, 10) for i in range(200)]
    scene = market(rows, size=1500, horizon=300, starts=(0, 10, 20), refill="update")
    bought = replay(scene, POLICIES["best-ask"], jobs)
    assert np.bincount(bought.order).tolist() == [150, 150, 150]
    assert bought.snapshots.tolist() == [150, 150, 150]


def test_what_is_called_in_python_has_one_thread_whatever_the_jobs(five_orders):
    threads = set()

    class Telling(FastAllocator):
        def solve(self, problem):
            threads.add(threading.get_ident())
            return super().solve(problem)

    called = replay(five_orders, Policy(Now(), Static(PATIENT, allocator=Telling())), 3)
    assert threads == {threading.get_ident()}
    assert_same(called, replay(five_orders, POLICIES["static"]))


@pytest.mark.parametrize("jobs", [1, 2, 3, 7, 100])
def test_every_order_is_dealt_out_once_and_in_like_numbers(jobs):
    parts = dealt(39, jobs)
    assert sorted(np.concatenate(parts).tolist()) == list(range(39))
    sizes = {len(part) for part in parts}
    assert max(sizes) - min(sizes) <= 1
    assert len(parts) >= min(39, jobs)


def test_results_and_progress_come_in_the_order_of_the_parts():
    told = []
    found = in_threads(
        lambda i: time.sleep((5 - i) / 50) or i, range(5), 3, lambda *done: told.append(done)
    )
    assert found == list(range(5))
    assert told == [(i, 5) for i in range(1, 6)]


def test_parts_are_done_at_once():
    meeting = threading.Barrier(3, timeout=10)
    in_threads(lambda _: meeting.wait(), range(3), 3)


@pytest.mark.parametrize("jobs", [1, 3])
def test_the_first_error_is_raised_and_what_has_not_begun_is_dropped(jobs):
    begun = []

    def fail(part):
        begun.append(part)
        time.sleep(0.01)
        raise ValueError(f"part {part}")

    with pytest.raises(ValueError, match=r"^part 0$"):
        in_threads(fail, range(1000), jobs)
    assert len(begun) < 100
    assert threading.active_count() == 1


def test_ctrl_c_drops_what_has_not_begun():
    begun = []

    def interrupt(part):
        begun.append(part)
        if part == 4:
            os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)

    with pytest.raises(KeyboardInterrupt):
        in_threads(interrupt, range(1000), 2)
    assert len(begun) < 100
    assert threading.active_count() == 1


def test_an_error_of_the_progress_drops_what_has_not_begun():
    begun = []

    def fail(done, _total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        in_threads(lambda part: begun.append(part) or time.sleep(0.01), range(1000), 2, fail)
    assert len(begun) < 100


@pytest.mark.parametrize(
    ("jobs", "message"),
    [(0, "jobs must be >= 1, got 0"), (MAX_JOBS + 1, "jobs must be at most 256, got 257")],
)
def test_odd_numbers_of_threads_are_refused(five_orders, jobs, message):
    with pytest.raises(ConfigError, match=message):
        run(five_orders, POLICIES["static"], jobs=jobs)
