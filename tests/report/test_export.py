"""Frames that are written are what they were."""

from __future__ import annotations

import pandas as pd

from sor_opt.report.export import write_frame


def test_csv_keeps_nanoseconds_and_the_offset(tmp_path):
    ts = pd.to_datetime([1_514_903_400_123_456_789, None], utc=True).tz_convert("America/New_York")
    write_frame(pd.DataFrame({"ts": ts, "shares": [1.0, 2.0]}), tmp_path / "log.csv")
    lines = (tmp_path / "log.csv").read_text().splitlines()
    assert lines == ["ts,shares", "2018-01-02T09:30:00.123456789-05:00,1.0", ",2.0"]
