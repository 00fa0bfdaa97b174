"""Two replays side by side."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from reference.engine import replay as plain_replay
from sor_opt.backtest.core.replay import replay
from sor_opt.backtest.market import Market
from sor_opt.backtest.replay import Replay
from sor_opt.policies.policy import Policy


def assert_same(market: Market, policy: Policy) -> Replay:
    """Give the core's replay, which must be that of the plain engine."""
    core = replay(market, policy)
    assert differences(core, plain_replay(market, policy)) == [], policy
    return core


def differences(one: Replay, other: Replay) -> list[str]:
    """Columns in which two replays differ, execution by execution or order by order."""
    return [
        field.name
        for field in fields(Replay)
        if not _same(getattr(one, field.name), getattr(other, field.name))
    ]


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
