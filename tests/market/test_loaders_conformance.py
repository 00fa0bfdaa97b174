"""The same facts for every row of the registry, on quotes and on trades."""

from __future__ import annotations

import gzip
import io
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import zstandard

from sor_opt.errors import ConfigError, DataError
from sor_opt.market.loaders import LOADERS, load_tape, times
from sor_opt.market.prints import prints_quality
from sor_opt.market.quality import inspect


@dataclass(frozen=True)
class Case:
    """An example of a loader."""

    loader: str
    example: Case

    @property
    def text(self) -> str:
        return self.example.text

    @property
    def frame(self) -> pd.DataFrame:
        return pd.read_csv(io.StringIO(self.text), dtype=str, keep_default_na=False)

    def known(self, column: str) -> str:
        """Give the loader's own name of a column: what a message can name where the file cannot."""
        return LOADERS[self.loader].spellings.get(column.lower(), column)

    def __getattr__(self, part: str) -> Any:
        return getattr(self.example, part)


EXAMPLES = {
    f"{name} {number}": Case(name, example)
    for name, loader in LOADERS.items()
    for number, example in enumerate(loader.examples)
}


@pytest.fixture(params=EXAMPLES)
def example(request: pytest.FixtureRequest) -> Case:
    return EXAMPLES[request.param]


class Reader:
    """Writes content to a file and loads it, trades beside a file of quotes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, content: bytes, name: str = "data") -> Path:
        path = self.folder / name
        path.write_bytes(content)
        return path

    def load(self, example: Case, content: bytes, symbol: str | None = None, **options: object):
        path = self.path(content)
        if not example.trades:
            return load_tape(path, None, symbol, **options)
        beside = next(e for e in EXAMPLES.values() if e.loader == example.loader)
        quotes = self.path(beside.text.encode(), "quotes")
        return load_tape(quotes, path, symbol, **options)

    def refuse(self, example: Case, content: bytes) -> DataError:
        with pytest.raises(DataError) as caught:
            self.load(example, content)
        message = str(caught.value)
        assert message.startswith(str(self.folder / "data"))
        assert "\n" not in message
        assert len(message) < 700
        return caught.value


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


def changed(example: Case, row: int, column: str, value: str) -> bytes:
    frame = example.frame
    frame.loc[row, column] = value
    return frame.to_csv(index=False).encode()


def test_every_loader_has_an_example():
    assert {example.loader for example in EXAMPLES.values()} == set(LOADERS)


def test_exactly_one_loader_recognises_an_example(example):
    head = example.text.encode()
    names = [name for name, loader in LOADERS.items() if loader().recognises(head)]
    assert names == [example.loader]


def test_an_example_loads(example, reader):
    tape = reader.load(example, example.text.encode())
    rows = tape.trades if example.trades else tape.quotes
    assert len(rows) >= 3
    assert list(tape.venues) == sorted(tape.venues)
    assert tape.symbol == example.frame[example.symbol][0]
    assert tape.quotes.two_sided.all()


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
def test_a_compressed_file_gives_the_same_tape(example, reader, compress):
    plain = reader.load(example, example.text.encode())
    packed = reader.load(example, compress(example.text.encode()))
    assert packed.fingerprint() == plain.fingerprint()


@pytest.mark.parametrize(
    "rewrite",
    [lambda t: t.replace("\n", "\r\n"), lambda t: "\ufeff" + t, lambda t: "\n\r\n" + t],
)
def test_windows_line_ends_a_byte_order_mark_and_empty_lines_change_nothing(
    example, reader, rewrite
):
    plain = reader.load(example, example.text.encode())
    windows = reader.load(example, rewrite(example.text).encode())
    assert windows.fingerprint() == plain.fingerprint()


def test_quoted_cells_change_nothing(example, reader):
    plain = reader.load(example, example.text.encode())
    quoted = example.frame.to_csv(index=False, quoting=1).encode()
    assert reader.load(example, quoted).fingerprint() == plain.fingerprint()


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
def test_a_compressed_file_in_several_parts_gives_the_same_tape(example, reader, compress):
    plain = reader.load(example, example.text.encode())
    content = example.text.encode()
    parts = compress(content[:70]) + compress(content[70:])
    assert reader.load(example, parts).fingerprint() == plain.fingerprint()


def checked(content: bytes) -> bytes:
    """Compress by zstd with a checksum, as its command does."""
    return zstandard.ZstdCompressor(write_checksum=True).compress(content)


@pytest.mark.parametrize("compress", [gzip.compress, checked])
def test_damaged_compression_is_refused(example, reader, compress):
    content = compress(example.text.encode())
    more = content + content
    middle = len(content) - 5
    flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    broken = [content[:-1], content[:-9], more[:-3], content + b"x", content + bytes(9), flipped]
    for damaged in broken:
        assert "data is damaged" in reader.refuse(example, damaged).problem


@pytest.mark.parametrize("content", [b"", b"\n \n", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_refused(example, reader, content):
    assert "empty" in reader.refuse(example, content).problem


def test_a_header_alone_is_refused(example, reader):
    head = example.text.partition("\n")[0] + "\n"
    assert "no rows" in reader.refuse(example, head.encode()).problem


def test_a_missing_column_is_named(example, reader):
    for column in (example.time, example.venue, example.price, example.size):
        text = example.frame.drop(columns=column).to_csv(index=False)
        error = reader.refuse(example, text.encode())
        assert "missing column" in error.problem
        assert example.known(column) in error.problem or column == "ts_recv"


def test_a_column_that_is_there_twice_is_refused(example, reader):
    frame = example.frame
    content = pd.concat([frame, frame[[example.time]]], axis=1).to_csv(index=False).encode()
    called = f"several columns are called {example.known(example.time)}"
    assert called in reader.refuse(example, content).problem


def test_text_in_a_number_is_refused_with_its_row(example, reader):
    error = reader.refuse(example, changed(example, 1, example.price, "abc"))
    assert error.row == 2
    assert example.price in error.problem
    assert "abc" in error.problem


def test_a_negative_price_or_size_is_refused_with_its_row(example, reader):
    for column in (example.price, example.size):
        error = reader.refuse(example, changed(example, 2, column, "-1"))
        assert (error.row, column in error.problem) == (3, True)
        assert "negative" in error.problem


def test_a_broken_time_is_refused_with_its_row(example, reader):
    error = reader.refuse(example, changed(example, 1, example.time, "noon"))
    assert error.row == 2
    assert example.time in error.problem


def test_a_blank_time_is_refused_with_its_row(example, reader):
    error = reader.refuse(example, changed(example, 1, example.time, ""))
    assert (error.row, error.problem) == (2, f"{example.time} is blank")


def test_unsorted_times_are_refused_with_their_row(example, reader):
    frame = example.frame.iloc[::-1]
    error = reader.refuse(example, frame.to_csv(index=False).encode())
    assert (error.row, error.problem) == (2, "time runs backwards")


def test_a_blank_venue_is_refused_with_its_row(example, reader):
    error = reader.refuse(example, changed(example, 1, example.venue, ""))
    assert error.row == 2
    assert "unknown venue ''" in error.problem


def test_a_row_that_is_cut_short_is_refused(example, reader):
    error = reader.refuse(example, example.text.rsplit(",", 3)[0].encode())
    assert error.row == len(example.frame)
    assert "columns" in error.problem


def test_several_symbols_need_a_choice(example, reader):
    two = changed(example, 0, example.symbol, "OTHER")
    symbol = example.frame[example.symbol][1]
    error = reader.refuse(example, two) if not example.trades else None
    assert error is None or ("2 symbols" in error.problem and "OTHER" in str(error.hint))
    chosen = reader.load(example, two, symbol)
    rows = chosen.trades if example.trades else chosen.quotes
    whole = reader.load(example, example.text.encode())
    assert len(rows) == len(whole.trades if example.trades else whole.quotes) - 1
    assert chosen.left_out["rows of other symbols"] == 1


def test_a_symbol_that_is_not_there_is_refused(example, reader):
    with pytest.raises(DataError, match="has no symbol 'NONE'"):
        reader.load(example, example.text.encode(), "NONE")


@pytest.mark.parametrize("value", ["", "0", "NaN"])
def test_blank_zero_and_nan_numbers_empty_a_side_or_a_print_and_are_counted(example, reader, value):
    for column in (example.price, example.size):
        content = changed(example, 0, column, value)
        if value == "NaN" and column == example.price and not example.nan_prices:
            assert "is no price" in reader.refuse(example, content).problem
            continue
        tape = reader.load(example, content)
        assert not tape.emptied
        if example.trades:
            assert prints_quality(tape).unusable == 1
        else:
            shown = tape.quotes.bid_shown != tape.quotes.ask_shown
            assert shown.sum() == 1
            assert sum(venue.one_sided for venue in inspect(tape).venues) == 1


IMPOSSIBLE = {
    "price": ["1000000000.01", "9.3e18", "4294967295e6"],
    "size": ["2147483647", "4294967295", "9223372036854775807", "1e13", "inf"],
}


@pytest.mark.parametrize("what", IMPOSSIBLE)
def test_an_impossible_number_empties_its_side_alone_or_its_print_and_is_counted(
    example, reader, what
):
    column = getattr(example, what)
    for value in IMPOSSIBLE[what]:
        tape = reader.load(example, changed(example, 0, column, value))
        if example.trades:
            assert tape.emptied == {f"prints with an impossible {what}": 1}
            assert np.isnan(getattr(tape.trades, what)).tolist() == [True, False, False]
        else:
            assert tape.emptied == {f"sides with an impossible {what}": 1}
            emptied = {"price": tape.quotes.bid_shown, "size": tape.quotes.ask_shown}
            kept = {"price": tape.quotes.ask_shown, "size": tape.quotes.bid_shown}
            assert emptied[what].tolist() == [False] + [True] * (len(tape.quotes) - 1)
            assert kept[what].all()


@pytest.mark.parametrize(("what", "value"), [("price", "1e9"), ("size", "2147483646")])
def test_the_largest_possible_numbers_stand(example, reader, what, value):
    tape = reader.load(example, changed(example, 0, getattr(example, what), value))
    assert not tape.emptied


@pytest.mark.parametrize("value", ["1,000.5", "1.000,5", "1 000.5", "1'000.5", "1_000.5", "0x10"])
def test_numbers_with_separators_are_refused_and_never_misread(example, reader, value):
    for column in (example.price, example.size):
        error = reader.refuse(example, changed(example, 1, column, value))
        assert error.row == 2
        assert repr(value) in error.problem.replace('"', "'") or value in error.problem


def moment(example: Case, day: str) -> tuple[str, str]:
    """Give the column of an example that holds the day, and a time of that day as it writes it."""
    if example.day:
        return example.day, day
    iso = f"{day}T12:00:00Z"
    plain = example.frame[example.time][0].isdecimal()
    return example.time, str(pd.Timestamp(iso).value) if plain else iso


def test_times_that_cannot_be_are_refused_with_their_row(example, reader, monkeypatch):
    monkeypatch.setattr(times, "today", lambda: date(2024, 12, 30))
    for row, day in ((0, "1992-12-31"), (2, "2025-01-01")):
        error = reader.refuse(example, changed(example, row, *moment(example, day)))
        assert error.row == row + 1
        assert "from 1993-01-01 to 2024-12-31" in error.problem


def test_times_of_tomorrow_are_taken_where_clocks_are_ahead(example, reader, monkeypatch):
    monkeypatch.setattr(times, "today", lambda: date(2024, 12, 30))
    column, value = moment(example, "2024-12-31")
    last = len(example.frame) - 1
    tape = reader.load(example, changed(example, last, column, value))
    rows = tape.trades if example.trades else tape.quotes
    assert pd.Timestamp(rows.ts[-1]).date() == date(2024, 12, 31)


def test_the_case_of_names_and_blanks_around_names_and_cells_change_nothing(example, reader):
    plain = reader.load(example, example.text.encode()).fingerprint()
    frame = example.frame
    for turn in (str.upper, str.lower, str.title):
        named = frame.set_axis([f" {turn(name)}\t" for name in frame.columns], axis=1)
        assert reader.load(example, named.to_csv(index=False).encode()).fingerprint() == plain
    padded = frame.map(lambda cell: f" {cell} " if cell else cell)
    assert reader.load(example, padded.to_csv(index=False).encode()).fingerprint() == plain


def test_columns_that_differ_by_case_alone_are_refused(example, reader):
    frame = example.frame
    twice = pd.concat([frame, frame[[example.price]].rename(columns=str.swapcase)], axis=1)
    error = reader.refuse(example, twice.to_csv(index=False).encode())
    assert f"several columns are called {example.price}" in error.problem


def test_a_given_zone_is_the_tape_s(example, reader):
    tape = reader.load(example, example.text.encode(), timezone="Europe/London")
    assert tape.timezone == "Europe/London"
    with pytest.raises(ConfigError, match="'Mars/Olympus' is no time zone; give an IANA name"):
        reader.load(example, example.text.encode(), timezone="Mars/Olympus")


@pytest.mark.parametrize("name", ["", "America", "../UTC", "a\0b", "x" * 5000, "Europe/\udcff"])
def test_any_other_text_is_no_zone(reader, name):
    with pytest.raises(ConfigError, match="is no time zone"):
        reader.load(EXAMPLES["sor-opt 0"], EXAMPLES["sor-opt 0"].text.encode(), timezone=name)


@pytest.mark.parametrize("compress", [bytes, gzip.compress, zstandard.compress])
def test_a_file_that_holds_too_much_is_refused(example, reader, compress):
    content = example.text.encode() + b"\n" * 20_000
    most = len(compress(content)) + 1
    if compress is bytes:
        most -= 2
    with pytest.raises(ConfigError, match=f"holds more than {most:,} bytes; --max-bytes raises"):
        reader.load(example, compress(content), max_bytes=most)


def test_a_file_of_trades_is_no_file_of_quotes(reader):
    for example in EXAMPLES.values():
        if example.trades:
            with pytest.raises(DataError, match="no quotes"):
                load_tape(reader.path(example.text.encode()))


def test_a_file_of_quotes_is_no_file_of_trades(reader):
    path = reader.path(EXAMPLES["taq 0"].text.encode())
    with pytest.raises(DataError, match="holds no trades"):
        load_tape(path, path)


def test_an_unknown_format_lists_the_known_ones(reader):
    for content in (b"no,such\n1,2\n", b"\x00\xff\x00\r\n", b"DBN\x01" + bytes(100)):
        with pytest.raises(DataError, match="format is not known; known are TAQ CSV, Databento"):
            load_tape(reader.path(content))


def test_a_directory_and_a_missing_file_are_refused(tmp_path):
    with pytest.raises(DataError, match="is a directory"):
        load_tape(tmp_path)
    with pytest.raises(DataError, match="no such file"):
        load_tape(tmp_path / "none.csv")


def test_venues_of_quotes_and_trades_are_joined(reader):
    trades = EXAMPLES["sor-opt 1"]
    tape = reader.load(trades, trades.text.replace("SYN-B", "SYN-0").encode())
    assert tape.venues == ("SYN-0", "SYN-A", "SYN-B")
    assert [tape.venues[k] for k in tape.quotes.venue] == ["SYN-A", "SYN-B", "SYN-A"]
    assert [tape.venues[k] for k in tape.trades.venue] == ["SYN-0", "SYN-A", "SYN-A"]
    assert np.array_equal(tape.trades.side, [-1, 1, 0])


def test_a_named_loader_reads_a_file_whatever_it_looks_like(reader):
    path = reader.path(EXAMPLES["taq 0"].text.encode())
    assert load_tape(path, loader="taq").fingerprint() == load_tape(path).fingerprint()
    with pytest.raises(DataError, match="missing column"):
        load_tape(path, loader="sor-opt")
    with pytest.raises(ConfigError, match="no loader 'csv'; there are taq, databento, sor-opt"):
        load_tape(path, loader="csv")


OWN = """
from sor_opt.market.loaders.base import Loader
from sor_opt.market.loaders.taq import TaqLoader


class Headless(Loader):
    def load(self, source, symbol, timezone):
        return TaqLoader().load(source, symbol, "Europe/London")
"""


def test_a_users_own_loader_reads_a_file(reader):
    path = reader.path(EXAMPLES["taq 0"].text.encode())
    own = reader.path(OWN.encode(), "mine.py")
    assert load_tape(path, loader=f"{own}:Headless").timezone == "Europe/London"
