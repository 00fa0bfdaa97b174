"""Venues and fees check themselves and say where they come from."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from sor_opt.errors import ConfigError, DataError
from sor_opt.market.loaders.databento import PUBLISHERS
from sor_opt.market.loaders.taq import EXCHANGES
from sor_opt.models.venues import Fee, FeeSchedule, NoFees, Venue

DAY = date(2018, 1, 2)
DEFUNCT = {"XISX", "XCBO"}
"""Stock exchanges that have closed; their fees are left to the user."""


def row(venue: str, day: str, taker: float, rebate: float = 0.0) -> Fee:
    return Fee(venue, date.fromisoformat(day), taker, rebate)


@pytest.fixture
def write(tmp_path):
    def put(text: str):
        (tmp_path / "fees.toml").write_text(text)
        return tmp_path / "fees.toml"

    return put


def test_every_packaged_row_has_a_source():
    rows = FeeSchedule.packaged().rows
    assert len(rows) >= 20
    assert all(fee.source for fee in rows)


def test_no_packaged_fee_exceeds_the_cap_of_rule_610c():
    assert all(-0.0040 <= fee.taker <= 0.0030 for fee in FeeSchedule.packaged().rows)


def test_a_venue_never_pays_out_more_than_it_takes_in():
    for fee in FeeSchedule.packaged().rows:
        assert fee.taker - fee.rebate >= 0, fee


def test_all_venues_of_the_loaders_have_fees():
    venues = sorted({*EXCHANGES.values(), *PUBLISHERS.values()} - DEFUNCT)
    taker, rebate = FeeSchedule.packaged().on(venues, DAY)
    assert taker.shape == rebate.shape == (len(venues),)


def test_inverted_venues_pay_the_taker_and_charge_the_maker():
    taker, rebate = FeeSchedule.packaged().on(["XBOS", "BATY", "EDGA"], DAY)
    assert (taker < 0).all()
    assert (rebate < 0).all()


def test_the_latest_row_that_has_begun_holds():
    fees = FeeSchedule([row("A", "2020-01-01", 0.2), row("A", "2018-01-01", 0.1)])
    for day, taker in [("2018-01-01", 0.1), ("2019-12-31", 0.1), ("2020-01-01", 0.2)]:
        assert fees.on(["A"], date.fromisoformat(day))[0].tolist() == [taker]


def test_a_day_before_the_first_row_takes_it_and_later_names_the_venue():
    fees = FeeSchedule([row("A", "2020-01-01", 0.2), row("B", "2018-01-02", 0.1)])
    assert fees.on(["A", "B"], DAY)[0].tolist() == [0.2, 0.1]
    assert fees.later(["A", "B"], DAY) == {date(2020, 1, 1): ["A"]}


def test_the_newest_row_is_the_last_by_date():
    fees = FeeSchedule([row("A", "2020-01-01", 0.2), row("A", "2018-01-01", 0.1)])
    assert fees.newest("A") == row("A", "2020-01-01", 0.2)
    with pytest.raises(ConfigError, match=r"venue B; .*, or count none with --no-fees$"):
        fees.newest("B")


def test_no_fees_are_fees_of_0_for_any_venue():
    assert NoFees().newest("X").taker == NoFees().newest("X").rebate == 0.0
    assert NoFees().later(["X", "Y"], DAY) == {}


def test_a_side_shows_with_a_price_and_a_size_alone():
    assert [GOOD.shows("bid"), GOOD.shows("ask")] == [True, False]
    assert not replace(GOOD, bid=None).shows("bid")
    assert replace(GOOD, bid=None, ask_size=1).shows("ask")


@pytest.mark.parametrize(
    ("name", "most"),
    [("bid", 1e9), ("ask", 1e9), ("bid_size", 1e12), ("ask_size", 1e12), ("fee", 1e9)],
)
def test_a_number_may_be_large_but_not_absurd(name, most):
    assert getattr(replace(GOOD, **{name: most}), name) == most
    with pytest.raises(ConfigError, match=rf"^A: {name} must be at most 1e\+\d+, got 1.0001e\+"):
        replace(GOOD, **{name: 1.0001 * most})


def test_a_venue_without_fees_is_named_with_the_hint():
    with pytest.raises(ConfigError, match=r'no fee .* venue NOPE; .*--fees FILE.*venue = "NOPE"'):
        FeeSchedule.packaged().on(["XNYS", "NOPE"], DAY)


def test_an_override_replaces_its_venues_wholly():
    base = FeeSchedule(
        [row("A", "2018-01-01", 0.1), row("A", "2019-01-01", 0.2), row("B", "2018-01-01", 0.3)]
    )
    merged = base.override(FeeSchedule([row("A", "2010-01-01", 0.4)]))
    assert merged.on(["A", "B"], date(2025, 1, 1))[0].tolist() == [0.4, 0.3]


def test_a_file_of_fees_is_read(write):
    path = write('[[fee]]\nvenue = "A"\ndate = 2018-01-01\ntaker = 0.001\nrebate = 0\n')
    assert FeeSchedule.read(path).rows == (row("A", "2018-01-01", 0.001),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no fees"),
        ("fee = 1", "holds no fees"),
        ("[[fee", "is not TOML"),
        ("fee = " + "[" * 5_000, "is nested too deeply"),
        ('[[fee]]\nvenue = "A"\nsource = ' + "1" * 5_000, "holds a whole number that is too long"),
        ('[[fee]]\nvenue = "A"\ntaker = 0x' + "f" * 5_000, "holds a whole number that is too long"),
        ('[[fee]]\nvenue = "A"', "fee 1 needs venue, date, taker, rebate"),
        ("fee = [1]", "fee 1 needs"),
        ('[[fee]]\nvenue = "A"\ndate = "x"\ntaker = 0\nrebate = 0', "fee 1: date = 'x'"),
        (
            '[[fee]]\nvenue = "A"\ndate = 2018-01-01T00:00:00\ntaker = 0\nrebate = 0',
            "fee 1: date = datetime",
        ),
        ('[[fee]]\nvenue = "A"\ndate = 2018-01-01\ntaker = true\nrebate = 0', "taker = True"),
        ('[[fee]]\nvenue = "A"\ndate = 2018-01-01\ntaker = 30\nrebate = 0', "dollars per share"),
        ('[[fee]]\nvenue = "A"\ndate = 2018-01-01\ntaker = nan\nrebate = 0', "dollars per share"),
        ('[[fee]]\nvenue = "A"\ndate = 2018-01-01\ntaker = 0\nrebate = 0\ncap = 1', "cap = 1"),
    ],
)
def test_a_bad_file_of_fees_is_refused(write, text, message):
    with pytest.raises(DataError, match=message) as caught:
        FeeSchedule.read(write(text))
    assert "fees.toml" in str(caught.value)


def test_a_missing_file_of_fees_is_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        FeeSchedule.read(tmp_path / "none.toml")


GOOD = Venue("A", bid=10.0, bid_size=100, ask=10.1, ask_size=0)


def test_a_locked_or_crossed_venue_is_allowed():
    assert replace(GOOD, bid=10.2).bid > GOOD.ask


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bid", 0),
        ("ask", -1.0),
        ("ask", float("inf")),
        ("bid", float("nan")),
        ("bid_size", -1),
        ("ask_size", float("nan")),
        ("ask_size", float("inf")),
        ("fee", float("nan")),
        ("rebate", float("inf")),
        ("queue", -1),
        ("queue", float("nan")),
    ],
)
def test_a_number_out_of_range_is_refused_with_the_venue(name, value):
    with pytest.raises(ConfigError, match=rf"^A: {name} must be .*, got {value:g}$"):
        replace(GOOD, **{name: value})


def test_an_endless_queue_is_one_that_lets_nothing_through():
    assert replace(GOOD, queue=float("inf")).queue == float("inf")


def test_a_venue_needs_a_name():
    for name in ("", "A\x1b[31m"):
        with pytest.raises(ConfigError, match="needs a name of printable characters"):
            replace(GOOD, name=name)
