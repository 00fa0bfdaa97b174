"""`backtest --tca`, and the page about it."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from sor_opt.backtest.tca import Costs, Fills

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "tca.md").read_text("utf-8")
SHOWN = re.findall(r"```console\n\$ sor-opt (.*?)\n(.*?)```", PAGE, re.DOTALL)
SAMPLE = ROOT / "data" / "sample_quotes.csv.gz"
TRADES = ROOT / "data" / "sample_trades.csv.gz"
LAYOUT = ("--every", "60m", "--horizon", "3m", "--tca")


@pytest.fixture
def analysis(run):
    def of(*words):
        code, out, err = run("backtest", SAMPLE, *LAYOUT, *words, "--json", "-")
        assert code == 0, err
        return json.loads(out)

    return of


@pytest.mark.parametrize(("words", "output"), SHOWN, ids=["static", "placement"])
def test_the_page_shows_what_the_complete_day_gives(run, shared, tmp_path, words, output):
    for kind in ("quotes", "trades"):
        file = shared(f"taq_full/{kind}_full_2018-01-02.csv.gz")
        words = words.replace(f"{kind}.csv.gz", str(file))
    words = words.replace("tca.png", str(tmp_path / "tca.png"))
    code, out, _ = run(*shlex.split(words))
    assert code == 0
    printed = iter([line.rstrip() for line in out.splitlines()])
    assert all(line in printed for line in output.splitlines())  # in this order
    assert (tmp_path / "tca.png").exists() == ("--plot" in words)


def test_what_is_said_of_latency_is_what_the_complete_day_gives(run, shared):
    quotes = shared("taq_full/quotes_full_2018-01-02.csv.gz")
    words = ("--every", "10m", "--tca", "--latency", "50ms", "--json", "-")
    code, out, _ = run("backtest", quotes, *words)
    assert code == 0
    rows = json.loads(out)["tca"]
    filled, at_xbos = (f"{100 * rows[name]['fill_rate']:.1f} %" for name in ("all", "XBOS"))
    drift = f"{rows['all']['shortfall_parts']['drift_bps']:.2f} bps"
    said = f"{filled} of what is sent is filled, {at_xbos} at XBOS, and the drift is {drift}:"
    assert said in " ".join(PAGE.split())


def test_the_page_defines_every_figure():
    rows = [line.split("|") for line in PAGE.splitlines() if line.startswith("| ")]
    defined = {name for row in rows for name in re.findall(r"\w+", row[3])}
    figures = {*vars_of(Costs), "fill_rate", "limit_fill_rate", "participation"}
    assert figures - {"executions", "shares", "horizons"} <= defined
    assert {"realised", "impact", "shortfall_parts"} <= defined


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_the_venues_and_all_of_them_are_in_the_document(analysis, side):
    found = analysis("--side", side, "--trades", TRADES)
    rows = found["tca"]
    assert list(rows) == [*(f"SYN-{letter}" for letter in "ABCDEF"), "all"]
    total = rows["all"]
    assert total["taken_shares"] - total["given_back_shares"] == found["filled_shares"]
    for name in ("shares", "outside_shares", *(f"{fill}_shares" for fill in vars_of(Fills))):
        assert sum(row[name] for venue, row in rows.items() if venue != "all") == total[name]
    assert sum(total["shortfall_parts"].values()) == pytest.approx(found["shortfall_bps"])
    assert total["fee"] * total["shares"] == pytest.approx(found["fees"])
    for horizon in total["horizons"].values():
        both = horizon["realised_bps"] + horizon["impact_bps"]
        assert both == pytest.approx(horizon["effective_bps"])
    assert 0 < total["participation"] < 1


def vars_of(record):
    return tuple(record.__dataclass_fields__)


def test_nothing_is_said_of_the_volume_without_trades(analysis):
    assert analysis()["tca"]["all"]["participation"] is None


def test_an_order_that_is_late_does_not_fill_all_that_it_is_sent_for(analysis):
    at_once, late = (analysis("--latency", latency)["tca"]["all"] for latency in ("0s", "2s"))
    assert at_once["fill_rate"] == 1
    assert 0 < late["fill_rate"] < 1


def test_without_the_option_there_is_no_analysis(run):
    code, out, _ = run("backtest", SAMPLE, *LAYOUT[:-1], "--json", "-")
    assert code == 0
    assert "tca" not in json.loads(out)


def test_the_tables_have_room_in_100_columns(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    code, out, _ = run("backtest", SAMPLE, *LAYOUT, "--trades", TRADES, "--policy", "placement")
    assert code == 0
    tables = [line for line in out.splitlines() if line.startswith(" ")]
    assert max(map(len, tables)) <= 100
    assert "impact 50ms" in out
