"""Pairs of schedules and routers on the same orders."""

from __future__ import annotations

import pytest

from sor_opt.backtest.backtest import run
from sor_opt.backtest.contest import hold_contest
from sor_opt.errors import DataError
from sor_opt.models.risk import RiskParams
from sor_opt.policies.policy import Policy
from sor_opt.policies.registry import ROUTERS, SCHEDULES
from sor_opt.policies.routers.static import Static

ROWS = [
    (0, 0, 9.98, 100, 10.02, 100),
    (0, 1, 9.97, 100, 10.03, 300),
    (40, 0, 9.98, 100, 10.01, 100),
]


@pytest.fixture
def scene(market):
    return market(ROWS, size=200, horizon=60, slice_seconds=30)


def pairs(schedules, routers):
    return [Policy(SCHEDULES[one](), ROUTERS[other]()) for one in schedules for other in routers]


def test_every_pair_is_held_against_best_ask_under_its_own_schedule(scene):
    entries = hold_contest(scene, pairs(("now", "twap"), ("sweep", "best-ask")))
    names = ["now x sweep", "best-ask", "twap x sweep", "twap"]
    assert [entry.policy.name for entry in entries] == names
    for entry in entries:
        reference = run(scene, Policy(entry.policy.schedule, ROUTERS["best-ask"]()))
        assert entry.reference.outcome_key() == reference.outcome_key()
        assert entry.result.outcome_key() == run(scene, entry.policy).outcome_key()
    assert [entry.result is entry.reference for entry in entries] == [False, True] * 2


def test_two_policies_of_one_name_are_told_apart(scene):
    """The second would pay 3 cents above the mid for a share, the first nothing."""
    risks = (RiskParams(0.0, 0.0, 0.0), RiskParams(0.0, 0.05, 0.0))
    policies = [Policy(SCHEDULES["now"](), Static(risk)) for risk in risks]
    entries = hold_contest(scene, policies)
    for entry, policy in zip(entries, policies, strict=True):
        assert entry.result.outcome_key() == run(scene, policy).outcome_key()
    assert entries[0].result.outcome_key() != entries[1].result.outcome_key()


def test_best_ask_is_replayed_once_for_each_schedule(scene):
    told = []
    policies = pairs(("now", "twap"), ("sweep", "pro-rata"))
    entries = hold_contest(scene, policies, progress=lambda *done: told.append(done))
    assert told == [(done, 6) for done in range(7)]
    assert len({id(entry.reference) for entry in entries}) == 2


def test_what_cannot_run_is_refused_before_the_first_replay(scene):
    told = []
    with pytest.raises(DataError, match="holds no trades, which the schedule pov follows"):
        hold_contest(
            scene, pairs(("now", "pov"), ("sweep",)), progress=lambda *done: told.append(done)
        )
    assert told == []
