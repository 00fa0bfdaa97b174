"""Small files and tapes that several tests read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sor_opt.market import Quotes, Tape, Trades


@pytest.fixture
def parquet(tmp_path: Path) -> Callable[..., Path]:
    """Write two quotes to a Parquet file as pandas would, with some columns changed or left out."""

    def write(**changes: object) -> Path:
        ts = pd.to_datetime([10**18, 10**18 + 1], utc=True)
        frame = pd.DataFrame(
            {"ts": ts, "venue": ["A", "B"], "bid": [1.0, 2], "bid_size": [1, 2], "ask": [2.0, 3]}
        )
        frame = frame.assign(**({"ask_size": [1, 2]} | changes))
        path = tmp_path / "foreign.parquet"
        missing = [name for name, value in changes.items() if value is None]
        frame.drop(columns=missing).to_parquet(path)
        return path

    return write


@pytest.fixture
def tape() -> Tape:
    ts = np.array([1, 2, 3]) + 1_700_000_000 * 10**9
    numbers = [10.0, 10.01, 10.02]
    quotes = Quotes(ts, [0, 1, 0], numbers, [100, 37, 0.5], [11.0, 11, 11], [1, 2, 3])
    return Tape(("A", "B"), quotes, Trades(ts, [0, 1, 1], numbers, [1, 2, 3], [1, -1, 0]))
