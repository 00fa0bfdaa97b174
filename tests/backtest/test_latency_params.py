"""Latencies as they are read, and that none is none."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.compare import differences
from reference.scenes import can_trade, draw_pairs, draw_scene

from sor_opt.backtest.core.replay import replay
from sor_opt.backtest.latency import LONGEST, Latency
from sor_opt.backtest.market import Market
from sor_opt.errors import ConfigError, DataError

MS = 1_000_000


class Travelling(Market):
    """A market on which all is sent, though no way takes any time."""

    delayed = True


@settings(max_examples=15)
@given(st.randoms(use_true_random=True))
def test_what_takes_no_time_to_arrive_is_what_does_not_travel(random: Random):
    """Executions, their order, mids and counts: every digit."""
    market = draw_scene(random).market().at_latency(None)
    market = replace(market, feed_latency=np.zeros_like(market.feed_latency))
    columns = {name: getattr(market, name) for name in market.__dataclass_fields__}
    for policy in draw_pairs(random):
        if can_trade(market, policy):
            at_once, sent = replay(market, policy), replay(Travelling(**columns), policy)
            assert differences(at_once, sent) == [], policy.name


def test_a_latency_is_a_duration_or_a_file_of_them(tmp_path):
    assert Latency.read("5ms") == Latency(5 * MS)
    path = tmp_path / "venues.toml"
    path.write_text('default = "5ms"\nXNYS = "500us"\n')
    assert Latency.read(str(path)) == Latency(5 * MS, (("XNYS", 500_000),))
    assert Latency.read(str(path)).of(("ARCX", "XNYS")).tolist() == [5 * MS, 500_000]


def test_a_file_without_a_default_names_every_venue(tmp_path):
    path = tmp_path / "venues.toml"
    path.write_text('XNYS = "1ms"')
    assert Latency.read(str(path)).of(["XNYS"]).tolist() == [MS]
    with pytest.raises(ConfigError, match="no latency of ARCX"):
        Latency.read(str(path)).of(["ARCX", "XNYS"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("XNYS = 5", "'XNYS': '5' is no duration.*write XNYS = \"5ms\""),
        ("XNYS = '2h'", "must be 0 to 2m, got 7200s"),
        ("[XNYS]\nms = 5", "'XNYS': .* is no duration"),
        ("XNYS 5ms", "is not TOML"),
        ("", 'names no venue; write default = "5ms"'),
    ],
)
def test_a_file_that_is_wrong_is_named(tmp_path, text, message):
    path = tmp_path / "venues.toml"
    path.write_text(text)
    with pytest.raises(DataError, match=message) as error:
        Latency.read(str(path))
    assert str(path) in str(error.value)


def test_a_latency_is_within_bounds_and_names_a_venue_once():
    assert Latency(LONGEST).takes_time
    assert not Latency(0, (("XNYS", 0),)).takes_time
    with pytest.raises(ConfigError, match=r"must be 0 to 2m, got -1e-09s"):
        Latency(-1)
    with pytest.raises(ConfigError, match="names a venue twice"):
        Latency(0, (("XNYS", 1), ("XNYS", 2)))
