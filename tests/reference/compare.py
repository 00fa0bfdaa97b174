"""Two replays side by side."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from sor_opt.backtest.replay import Replay


def differences(one: Replay, other: Replay) -> list[str]:
    """Columns in which two replays differ, execution by execution or order by order."""
    return [
        field.name
        for field in fields(Replay)
        if not _same(getattr(one, field.name), getattr(other, field.name))
    ]


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
