"""How every command reads market data."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import typer

from sor_opt.cli.market import DataOptions, byte_count
from sor_opt.market import Quotes, Tape, Trades
from sor_opt.market.loaders import load_tape, save_tape
from sor_opt.market.loaders.source import MAX_BYTES
from sor_opt.market.tape import SECOND

COMMANDS = {
    "inspect": ("data", "inspect"),
    "convert": ("data", "convert", "-o", "{tmp}/out.csv"),
    "backtest": ("backtest",),
    "grid": ("grid",),
    "landscape": ("landscape",),
    "compare": ("compare",),
    "study": ("study", "run", "one", "--storage", "{tmp}/studies.db"),
    "validate": ("validate",),
}


@pytest.fixture(params=COMMANDS)
def command(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    return [word.format(tmp=tmp_path) for word in COMMANDS[request.param]]


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., tuple[Path, Path]]:
    """Write an hour of quotes and trades of two venues from 15:00 on, London's time."""

    def write(zone: str = "Europe/London", symbol: str = "", ask: float = 100.02, ending="csv"):
        opens = datetime(2024, 7, 1, 15, tzinfo=ZoneInfo("Europe/London"))
        ts = (int(opens.timestamp()) + np.arange(0, 3600, 20)) * SECOND
        venue = np.arange(len(ts)) % 2
        full = np.full(len(ts), 1.0)
        asks = np.where(np.arange(len(ts)) == 4, ask, 100.02)
        quotes = Quotes(ts, venue, 100 * full, 300 * full, asks, 400 * full)
        trades = Trades(ts, venue, 100.01 * full, 100 * full, np.zeros(len(ts)))
        tape = Tape(("XNAS", "XNYS"), quotes, trades, symbol, zone)
        paths = (tmp_path / f"q{symbol}.{ending}", tmp_path / f"t{symbol}.{ending}")
        save_tape(tape, *paths)
        return paths

    return write


def test_an_unknown_zone_is_a_wrong_call(run, command, save):
    code, out, err = run(*command, save()[0], "--timezone", "Mars/Olympus")
    text = "error: 'Mars/Olympus' is no time zone; give an IANA name, such as America/New_York\n"
    assert (code, out, err) == (2, "", text)


def test_a_file_above_the_limit_is_a_wrong_call_and_an_option_raises_it(run, command, save):
    path, _ = save()
    most = path.stat().st_size - 1
    code, out, err = run(*command, path, "--max-bytes", most)
    text = f"error: {path} holds more than {most:,} bytes; --max-bytes raises the limit\n"
    assert (code, out, err) == (2, "", text)


def test_two_symbols_are_wrong_data(run, command, save):
    quotes, (_, trades) = save(symbol="AAA")[0], save(symbol="BBB")
    code, out, err = run(*command, quotes, "--trades", trades)
    expected = f"error: {trades}: has no symbol 'AAA'; it holds 'BBB'\n"
    assert (code, out, err) == (3, "", expected)


@pytest.mark.parametrize(
    ("quoted", "traded", "warned"),
    [
        ("AAA", "", "the quotes are of 'AAA', the trades name no symbol"),
        ("", "AAA", "the trades are of 'AAA', the quotes name no symbol"),
        ("", "", None),
        ("AAA", "AAA", None),
    ],
)
def test_a_symbol_on_one_side_alone_is_warned_of(run, save, quoted, traded, warned):
    quotes, trades = save(symbol=quoted)[0], save(symbol=traded)[1]
    code, _, err = run("data", "inspect", quotes, "--trades", trades)
    text = f"warning: {warned}; make sure that they belong together\n" if warned else ""
    assert (code, err) == (0, text)


def test_emptied_sides_are_warned_of_and_shown(run, save):
    path, _ = save(ask=2.0**63)
    code, out, err = run("data", "inspect", path)
    assert (code, err) == (0, "warning: emptied: 1 sides with an impossible price\n")
    assert "Emptied while loading" in out
    found = json.loads(run("data", "inspect", path, "--json", "-")[1])
    assert found["emptied"] == {"sides with an impossible price": 1}
    assert (found["timezone"], found["left_out"]) == ("Europe/London", {})


def test_what_convert_leaves_out_is_warned_of(run, save, tmp_path):
    quotes, _ = save()
    prints = tmp_path / "taq.csv"
    rows = "2024-07-01,10:00:00,D,X,1,10,0\n2024-07-01,10:00:01,N,X,1,10,0\n"
    prints.write_text("DATE,TIME,EX,SYMBOL,SIZE,PRICE,CORR\n" + rows)
    words = ("-o", tmp_path / "q.parquet", "--trades-output", tmp_path / "t.parquet")
    code, _, err = run("data", "convert", quotes, "--trades", prints, *words)
    assert code == 0
    assert "warning: left out: 1 prints off exchange\n" in err


@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
def test_a_replay_of_what_was_converted_is_the_same(run, save, tmp_path, ending):
    """The session is London's: by New York's clock these quotes are of 10:00."""
    path, _ = save(ending="parquet")
    converted = tmp_path / f"again.{ending}"
    assert run("data", "convert", path, "-o", converted)[0] == 0
    rules = ("--start", "15:05", "--every", "10m", "--horizon", "5m", "--size", "300")
    results = [
        json.loads(run("backtest", file, *rules, "--json", "-")[1]) for file in (path, converted)
    ]
    assert results[0] == results[1]
    assert results[0]["orders"] == 5
    code, _, err = run("backtest", converted, *rules, "--timezone", "America/New_York")
    assert code == 3
    assert "no quotes between 15:05:00 and 16:00:00 America/New_York time" in err


def test_options_of_data_need_data(run):
    code, out, err = run("validate", "--timezone", "UTC")
    assert (code, out) == (2, "")
    assert err == "error: --trades, --symbol and --timezone go with DATA\n"


@pytest.mark.parametrize(
    ("text", "count"),
    [("1000", 1000), ("500MB", 500_000_000), ("1.5 gb", 1_500_000_000), ("2TB", 2 * 10**12)],
)
def test_a_number_of_bytes_is_read(text, count):
    assert byte_count(text) == count


@pytest.mark.parametrize("text", ["", "0", "-1", "1e9", "4 GiB", "GB", "9" * 500])
def test_any_other_number_of_bytes_is_refused(text):
    with pytest.raises(typer.BadParameter, match=r"is no number of bytes; write 500MB or 8GB"):
        byte_count(text)


def test_the_limit_is_the_loaders_own():
    assert byte_count(DataOptions().max_bytes) == MAX_BYTES


def test_load_tape_and_the_command_line_read_the_same(run, save):
    path, trades = save(symbol="AAA")
    found = json.loads(run("data", "inspect", path, "--trades", trades, "--json", "-")[1])
    assert found["fingerprint"] == load_tape(path, trades).fingerprint()
