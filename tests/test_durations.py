"""Durations in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sor_opt.durations import read_duration, write_duration
from sor_opt.errors import ConfigError


@given(st.integers(1, 366 * 24 * 3600 * 10**9))
def test_what_is_written_is_read_back_where_a_float_holds_it(nanoseconds):
    whole = nanoseconds // 10**6 * 10**6 or 10**6
    assert read_duration(write_duration(whole)) == whole


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("9m", 540 * 10**9),
        ("500ms", 5 * 10**8),
        ("1.5s", 1_500_000_000),
        ("7ns", 7),
        (" 1h", 36 * 10**11),
    ],
)
def test_durations_are_numbers_with_a_unit(text, nanoseconds):
    assert read_duration(text) == nanoseconds


@pytest.mark.parametrize("text", ["", "9", "m", "9 days", "-1s", "1e3s", "9001h"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ConfigError, match=r"no duration; write 500ms|longer than 366 days"):
        read_duration(text)


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (7200 * 10**9, "2h"),
        (90 * 60 * 10**9, "90m"),
        (540 * 10**9, "9m"),
        (90 * 10**9, "90s"),
        (500 * 10**6, "500ms"),
        (3000, "3us"),
        (1, "1ns"),
        (0, "0s"),
    ],
)
def test_durations_are_written_in_the_largest_unit_that_takes_them_whole(nanoseconds, text):
    assert write_duration(nanoseconds) == text
