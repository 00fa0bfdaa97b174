"""Parquet: our own and foreign, whole, damaged and too large."""

from __future__ import annotations

import gzip
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import zstandard
from pyarrow import parquet as pq

from sor_opt.errors import DataError
from sor_opt.market import Tape
from sor_opt.market.loaders import load_tape, save_tape


def test_parquet_keeps_the_time_zone(tape, tmp_path):
    tokyo = Tape(tape.venues, tape.quotes, timezone="Asia/Tokyo")
    save_tape(tokyo, tmp_path / "q.parquet")
    assert load_tape(tmp_path / "q.parquet").fingerprint() == tokyo.fingerprint()


def test_compressed_parquet_is_read_as_it_is(tape, tmp_path):
    save_tape(tape, tmp_path / "q.parquet")
    content = (tmp_path / "q.parquet").read_bytes()
    for compress in (gzip.compress, zstandard.compress):
        (tmp_path / "packed").write_bytes(compress(content))
        expected = Tape(tape.venues, tape.quotes).fingerprint()
        assert load_tape(tmp_path / "packed").fingerprint() == expected


def test_a_foreign_parquet_file_with_our_columns_is_read(parquet, tmp_path):
    tape = load_tape(parquet())
    assert (tape.venues, tape.quotes.ask.tolist()) == (("A", "B"), [2.0, 3.0])
    assert load_tape(parquet(ts=[10**18, 10**18])).quotes.ts.tolist() == [10**18] * 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ask_size": None}, "missing column ask_size"),
        ({"bid": ["x", "y"]}, "column bid is not of type double"),
        ({"bid": [1.0, -2]}, "row 2: bid is negative"),
        ({"ts": pd.to_datetime([1, 2])}, "offset from UTC; give their zone with --timezone"),
        ({"venue": [1.5, 2]}, r"column venue is not of type .* \('it holds double'\); write it in"),
        ({"ts": [10**18, 10**18 - 1]}, "row 2: time runs backwards"),
        ({"ts": [10**9, 10**9 + 1]}, "row 1: ts 1000000000 is not in nanoseconds since 1970"),
        ({"venue": ["A", None]}, "row 2: unknown venue ''"),
    ],
)
def test_bad_parquet_is_refused(parquet, tmp_path, changes, message):
    with pytest.raises(DataError, match=message):
        load_tape(parquet(**changes))


def test_damaged_and_empty_parquet_is_refused(parquet, tmp_path):
    path = parquet()
    content = path.read_bytes()
    for broken in (content[:-20], b"PAR1"):
        path.write_bytes(broken)
        with pytest.raises(DataError, match="Parquet data is damaged"):
            load_tape(path)
    empty = pq.read_table(parquet()).slice(0, 0)
    for venues in (empty["venue"], pa.nulls(0)):  # as pandas 3 and pandas 2 write it
        pq.write_table(empty.set_column(1, "venue", venues), path)
        with pytest.raises(DataError, match="no rows"):
            load_tape(path)


NANOSECONDS = 1_514_903_400 * 10**9


"""2018-01-02, 09:30 in New York."""


@pytest.mark.parametrize(
    ("number", "unit"),
    [
        (1_514_903_400, "seconds"),
        (1_514_903_400_000, "milliseconds"),
        (1_514_903_400_000_000, "microseconds"),
        (131_593_770_000_000_000, "a Windows FILETIME"),
        (636_504_858_000_000_000, ".NET ticks"),
    ],
)
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_times_in_another_unit_are_refused_with_the_unit_that_makes_sense(
    parquet, tmp_path, number, unit, ending
):
    frame = pd.read_parquet(parquet(ts=[NANOSECONDS, NANOSECONDS]))
    frame.loc[1, "ts"] = number
    frame = frame.iloc[::-1]
    path = tmp_path / f"q.{ending}"
    frame.to_csv(path, index=False) if ending == "csv" else frame.to_parquet(path, index=False)
    with pytest.raises(DataError) as caught:
        load_tape(path)
    assert str(caught.value) == (
        f"{path}, row 1: ts {number} is not in nanoseconds since 1970; it would be 2018-01-02 as "
        f"{unit}: convert to nanoseconds since 1970"
    )


@pytest.mark.parametrize("number", [5, 725_846_400 * 10**9 - 1, 2**63 - 1])
def test_times_that_make_sense_in_no_unit_are_refused(parquet, tmp_path, number):
    expected = (
        rf"row 1: ts {number} \({pd.Timestamp(number).isoformat()[:10]}.* UTC\) is not from 1"
    )
    with pytest.raises(DataError, match=expected):
        load_tape(parquet(ts=[number, number]))


def test_a_price_that_marks_none_empties_its_side_and_is_counted(parquet, tmp_path):
    tape = load_tape(parquet(ask=[2.0, 2.0**63]))
    assert tape.quotes.ask_shown.tolist() == [True, False]
    assert tape.quotes.bid_shown.tolist() == [True, True]
    assert tape.emptied == {"sides with an impossible price": 1}


def test_an_impossible_price_and_size_of_one_side_are_one_side(parquet, tmp_path):
    tape = load_tape(parquet(ask=[2.0, 2.0**63], ask_size=[1, 2**32 - 1]))
    assert tape.emptied == {"sides with an impossible price": 1}
    assert np.isnan(tape.quotes.ask_size).tolist() == [False, True]


@pytest.mark.parametrize("zone", [b"Mars/Olympus", b"America/\x8eew_York"])
def test_a_zone_of_parquet_that_is_not_known_is_refused(parquet, tmp_path, zone):
    path = tmp_path / "q.parquet"
    table = pq.read_table(parquet())
    pq.write_table(table.replace_schema_metadata({"sor_opt.timezone": zone}), path)
    with pytest.raises(DataError, match=r"its time zone '.*' is not known; give an IANA name with"):
        load_tape(path)


@pytest.mark.parametrize(
    ("zone", "kept"),
    [
        ("Europe/London", "Europe/London"),
        ("UTC", "America/New_York"),
        ("+01:00", "America/New_York"),
    ],
)
def test_the_zone_of_foreign_times_is_kept_where_it_names_a_place(parquet, tmp_path, zone, kept):
    ts = pd.to_datetime([10**18, 10**18 + 1], utc=True)
    zoned = pa.array(ts.asi8, pa.timestamp("ns", zone))
    table = pq.read_table(parquet()).set_column(0, "ts", zoned)
    pq.write_table(table, tmp_path / "q.parquet")
    tape = load_tape(tmp_path / "q.parquet")
    assert (tape.timezone, tape.quotes.ts.tolist()) == (kept, ts.asi8.tolist())


@pytest.mark.parametrize(
    "kind",
    [
        pa.large_string(),
        pa.string_view(),
        pa.dictionary(pa.int8(), pa.string()),
        pa.dictionary(pa.int32(), pa.large_string()),
    ],
)
def test_texts_of_any_type_of_parquet_load(parquet, tmp_path, kind):
    path = tmp_path / "q.parquet"
    table = pq.read_table(parquet())
    plain = load_tape(parquet()).fingerprint()
    pq.write_table(table.set_column(1, "venue", table["venue"].cast(pa.string()).cast(kind)), path)
    assert load_tape(path).fingerprint() == plain


def test_venues_that_are_integers_are_named_by_them(parquet, tmp_path):
    tape = load_tape(parquet(venue=[7, 12]))
    assert (tape.venues, tape.quotes.venue.tolist()) == (("12", "7"), [1, 0])


def test_a_name_that_is_no_text_is_refused(parquet, tmp_path):
    path = parquet()
    path.write_bytes(path.read_bytes().replace(b"ask_size", b"ask\xb4size"))
    with pytest.raises(DataError, match=r"the Parquet data is damaged .*; fetch the file again"):
        load_tape(path)


def test_one_wrong_byte_in_a_page_of_our_own_is_noticed(tape, tmp_path):
    """The number would read as another one: pages carry checksums."""
    path = tmp_path / "q.parquet"
    save_tape(tape, path)
    content = path.read_bytes()
    value = np.array([10.01]).tobytes()
    assert content.count(value) == 1
    path.write_bytes(content.replace(value, np.array([10.02]).tobytes()))
    with pytest.raises(DataError, match=r"the Parquet data is damaged \(.*CRC"):
        load_tape(path)


def test_an_index_beyond_its_dictionary_is_refused(parquet, tmp_path):
    """Arrow does not look whether an index has a text."""
    path = tmp_path / "q.parquet"
    table = pq.read_table(parquet()).take([0] * 5)
    venues = pa.array(list("ABCDE")).dictionary_encode()
    pq.write_table(table.set_column(1, "venue", venues), path, compression="none")
    packed = bytes([3, 3]) + (0o43210).to_bytes(3, "little")  # 3 bits each; one run of 8 places
    content = path.read_bytes()
    assert content.count(packed) == 1
    wrong = bytes([3, 3]) + (0o47210).to_bytes(3, "little")
    path.write_bytes(content.replace(packed, wrong))
    with pytest.raises(DataError, match="the Parquet data is damaged"):
        load_tape(path)


def test_a_zone_is_kept_twice_and_one_that_is_damaged_is_noticed(tape, tmp_path):
    path = tmp_path / "q.parquet"
    save_tape(replace(tape, timezone="Europe/London"), path)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"sor_opt.timezone", b"sor_opt.timezonf"))
    assert load_tape(path).timezone == "Europe/London"
    path.write_bytes(content.replace(b"Europe/London", b"Europe/Berlin"))
    with pytest.raises(DataError, match="names 2 time zones"):
        load_tape(path)


@pytest.mark.parametrize(("old", "new"), [(b", symbol", b", symbak"), (b"3 rows", b"4 rows")])
def test_a_footer_that_says_two_things_of_its_columns_is_damaged(tape, tmp_path, old, new):
    """A column whose name is damaged would be lost, for the footer has no checksum."""
    path = tmp_path / "q.parquet"
    save_tape(replace(tape, symbol="AAA"), path)
    start, key, footer = path.read_bytes().rpartition(b"sor_opt.contents")
    assert footer.count(old) == 1
    path.write_bytes(start + key + footer.replace(old, new))
    expected = r"its footer is damaged \(it was written as '. rows of ts, venue, bid, bid_size, a"
    with pytest.raises(DataError, match=expected):
        load_tape(path)
