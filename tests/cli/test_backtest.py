"""`backtest` with schedules and routers, and the options that make a policy."""

from __future__ import annotations

import json

import pytest

from sor_opt.market.loaders import save_tape
from sor_opt.market.synthetic import SyntheticParams, generate
from sor_opt.policies.registry import PAIRS, ROUTERS, SCHEDULES

LAYOUT = ["--size", "700", "--horizon", "2m", "--every", "3m", "--slice", "30s"]
START = 1_709_562_600_000_000_000
"""2024-03-04 09:30 in New York."""


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    folder = tmp_path_factory.mktemp("market")
    files = folder / "quotes.csv", folder / "trades.csv"
    save_tape(generate(SyntheticParams(seed=5, minutes=12)), *files)
    return [files[0], "--trades", files[1], *LAYOUT]


@pytest.fixture
def quotes(tmp_path):
    """Write quotes of two venues, (seconds, venue, bid, ask), and 20 minutes of them."""

    def write(*rows):
        file = tmp_path / "quotes.csv"
        lines = [
            f"{START + round(second * 1e9)},SYN-{venue},{bid},900,{ask},900"
            for second, venue, bid, ask in rows
        ]
        file.write_text("\n".join(["ts,venue,bid,bid_size,ask,ask_size", *lines]))
        return file

    return write


def document(run, *words):
    code, out, err = run(*words, "--json", "-")
    assert code == 0, err
    return json.loads(out)


@pytest.mark.parametrize(
    "command", [["backtest"], ["grid"], ["landscape"], ["compare"], ["study", "run"]]
)
def test_help_lists_the_names(run, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "300")
    out = run(*command, "--help")[1]
    for names in (PAIRS, SCHEDULES, ROUTERS, ("price", "update", "every-snapshot")):
        assert "|".join(names) in out


def test_every_schedule_with_every_router_is_one_row(run, market):
    words = ("--schedule", "now,pov", "--router", "static,best-ask", "--lambda-under", 0.0005)
    found = document(run, "backtest", *market, *words)
    rows = found["contest"]
    pairs = [(row["schedule"], row["router"]) for row in rows]
    assert pairs == [(one, other) for one in ("now", "pov") for other in ("static", "best-ask")]
    assert [row["saves_bps"] is None for row in rows] == [False, True] * 2
    assert rows[0]["params"]["lambda_under"] == 0.0005
    keys = {"mean_bps", "sd_bps", "cvar_bps", "median_bps", "duration_s", "low", "high"}
    assert all(keys | {"savings_orders"} <= set(row) for row in rows)
    one = document(run, "backtest", *market, "--lambda-under", 0.0005)
    assert one["shortfall_bps"] == rows[0]["mean_bps"]
    assert one["savings_bps"]["best-ask"] == rows[0]["saves_bps"]


def test_only_named_pairs_are_listed(run, market):
    found = document(run, "backtest", *market, "--schedule", "twap", "--router", "sweep,pro-rata")
    assert [row["router"] for row in found["contest"]] == ["sweep", "pro-rata"]
    assert all(row["saves_bps"] is not None for row in found["contest"])


def test_the_table_of_a_contest_has_room_in_100_columns(run, monkeypatch, market):
    monkeypatch.setenv("COLUMNS", "100")
    code, out, _ = run("backtest", *market, "--schedule", "now,twap", "--router", "sweep,static")
    assert code == 0
    table = [line for line in out.splitlines() if line.startswith(" ")]
    assert len(table) > 4
    assert max(map(len, table)) <= 100
    code, out, _ = run("backtest", *market)
    table = [line for line in out.splitlines() if line.startswith(" ")]
    assert max(map(len, table)) <= 100


def test_one_half_of_a_pair_keeps_the_others_default(run, market):
    for words, pair in (
        (["--schedule", "twap"], ("twap", "static")),
        (["--router", "sweep"], ("now", "sweep")),
        (["--policy", "pro-rata"], ("twap", "pro-rata")),
        ([], ("now", "static")),
    ):
        found = document(run, "backtest", *market, *words)
        assert (found["schedule"], found["router"]) == pair
    assert found["policy"] == "static"


def test_a_router_without_parameters_shows_none(run, market):
    assert document(run, "backtest", *market, "--router", "sweep")["params"] is None


def test_a_curve_makes_the_baseline_vwap(run, market, tmp_path):
    curve = tmp_path / "curve.csv"
    curve.write_text("time,volume\n09:30,100\n10:00,300\n")
    assert "vwap" not in document(run, "backtest", *market)["baselines"]
    assert "vwap" in document(run, "backtest", *market, "--curve", curve)["baselines"]
    assert "vwap" in document(run, "grid", *market, "--curve", curve)["savings"]


def test_a_contest_is_drawn_and_nothing_else(run, market, tmp_path):
    picture = tmp_path / "contest.png"
    assert run("backtest", *market, "--schedule", "now,twap", "--plot", picture)[0] == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    code, _, err = run("backtest", *market, "--plot", tmp_path / "other.png")
    assert (code, err) == (
        2,
        "error: --plot draws a contest, or with --tca its analysis; name several schedules or "
        "routers\n",
    )
    assert not (tmp_path / "other.png").exists()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--policy", "nope"], 2, "no policy 'nope'; there are static, placement, best-ask"),
        (["--schedule", "nope"], 2, "no schedule 'nope'; there are now, twap, vwap, pov, ac"),
        (["--router", "static,nope"], 2, "no router 'nope'; there are best-ask, sweep"),
        (["--router", "static,static"], 2, "'static,static' must name each router once"),
        (["--router", ","], 2, "',' must name each router once"),
        (["--policy", "static", "--router", "static"], 2, "--policy does not go with --schedule"),
        (["--through", "fill"], 2, "--through goes with --router placement alone"),
        (["--router", "sweep", "--step", "50"], 2, "--step goes with --router static or placement"),
        (["--router", "sweep", "--unit", "fraction"], 2, "--unit goes with --router static or"),
        (["--router", "sweep", "--allocator", "fast"], 2, "--allocator goes with a router of a"),
        (["--urgency", "3"], 2, "--urgency goes with --schedule ac alone"),
        (["--schedule", "twap", "--pov-rate", "0.1"], 2, "--pov-rate goes with --schedule pov"),
        (["--schedule", "pov", "--pov-rate", "2"], 2, "rate must be > 0 and <= 1, got 2"),
        (["--schedule", "ac", "--urgency", "-1"], 2, "urgency must be 0 to 1000, got -1"),
        (["--router", "static,sweep", "--log", "l.csv"], 2, "--log, --orders and --tca go with"),
        (["--router", "static,sweep", "--tca"], 2, "--log, --orders and --tca go with one"),
        (["--router", "static,sweep", "--curve", "c.csv"], 2, "--curve goes with --schedule vwap"),
        (["--schedule", "vwap"], 3, "tells no volume to expect during the order"),
        (["--schedule", "now,vwap"], 3, "tells no volume to expect during the order"),
        (["--curve", "none.csv"], 3, "none.csv: cannot be read"),
        (["--band", "0"], 2, "band must be > 0 basis points, or none, got 0"),
        (["--band", "wide"], 2, "'wide' is no number; write 100, or none"),
        (["--refill", "never"], 2, "'never' is not one of price, update, every-snapshot"),
        (["--refill", "price:"], 2, "'' is no duration"),
        (["--refill", "update:1s"], 2, "only the refill rule price has a memory, not update"),
        (["--completion", "mid"], 2, "'mid' is not one of sweep, best-ask"),
        (["--unfilled", "bid"], 2, "'bid' is not one of ask, mid"),
    ],
)
def test_a_wrong_policy_is_one_line(run, market, words, code, message):
    stopped, out, err = run("backtest", *market, *words)
    assert (stopped, out, err.count("\n")) == (code, "", 1)
    assert message in err


def test_placement_needs_trades_in_a_contest_too(run, market):
    words = ("--schedule", "now,twap", "--router", "placement,sweep")
    code, _, err = run("backtest", market[0], *LAYOUT, *words)
    assert (code, err.count("\n")) == (3, 1)
    assert "holds no trades, which the placement router learns from" in err


@pytest.mark.parametrize("command", [["grid"], ["compare"], ["landscape"], ["study", "run", "one"]])
def test_a_search_takes_one_policy_that_has_parameters(run, command):
    code, _, err = run(*command, "none.csv", "--router", "sweep")
    assert (code, err.count("\n")) == (2, 1)
    assert "the policy now x sweep has nothing to search, no parameter with a range" in err
    code, _, err = run(*command, "none.csv", "--router", "sweep,static")
    assert (code, err.count("\n")) == (2, 1)
    assert "name one --schedule and one --router" in err


WIDE = [(second, "A", 10.00, 10.40) for second in range(0, 1200, 10)]


def test_a_book_that_is_wide_all_day_is_told_with_its_mend(run, quotes):
    code, out, err = run("backtest", quotes(*WIDE), "--size", 100)
    assert code == 0
    assert "more than 100 bps apart in 100.0% of the snapshots; nothing trades on such a" in err
    assert "--band none" in err
    assert "1 order met no book to trade on: not counted." in out
    found = document(run, "backtest", quotes(*WIDE), "--size", 100, "--band", "none")
    assert (found["filled_shares"], found["quality"]["wide_share"]) == (100, 0)


def test_stub_quotes_and_a_late_arrival_mid_are_told(run, quotes):
    """B bids 9 and asks 11; A comes 3 seconds after the order: of 4 sides 2 are stubs."""
    stub = [(0, "B", 9.0, 11.0), *((second + 3, "A", 10.00, 10.02) for second in range(1200))]
    code, out, err = run("backtest", quotes(*stub), "--size", 100)
    assert code == 0
    assert "50.0% of the quotes' sides are more than 100 bps from the mid (stub quotes)" in err
    assert "1 arrival mid after the start, by 3 s at most." in out


def test_rules_of_the_book_reach_the_replay(run, quotes):
    """A shows 900 at 10.02 time and again: only a new quote brings them back under `update`."""
    rows = [(second, "A", 10.00, 10.02) for second in range(0, 1200, 10)]
    words = ("--size", 1800, "--horizon", "1m", "--router", "best-ask")

    def filled(*rules):
        return document(run, "backtest", quotes(*rows), *words, *rules)["filled_shares"]

    assert filled() == filled("--refill", "price:1h") == 900
    assert filled("--refill", "update") == filled("--refill", "price:5s") == 1800


def test_a_latency_of_nothing_is_none_and_one_of_seconds_costs(run, market):
    words = ("backtest", *market, "--router", "best-ask", "--schedule", "now")
    at_once = document(run, *words)
    assert document(run, *words, "--latency", "0ms", "--feed-latency", "0s") == at_once
    late = document(run, *words, "--latency", "5s")
    assert late["duration_s"] > at_once["duration_s"] + 4
    assert late["late_orders"] == at_once["late_orders"]


def test_a_contest_over_latencies(run, market, tmp_path):
    pairs = ("--schedule", "now,twap", "--router", "best-ask,sweep")
    picture = tmp_path / "latency.png"
    words = ("backtest", *market, *pairs, "--over-latency", "100ms,0s", "--plot", picture)
    found = document(run, *words)
    assert [part["latency"] for part in found["latencies"]] == ["0s", "100ms"]
    alone = [
        document(run, "backtest", *market, *pairs, "--latency", each) for each in ("0s", "100ms")
    ]
    assert [part["contest"] for part in found["latencies"]] == [each["contest"] for each in alone]
    assert picture.read_bytes().startswith(b"\x89PNG")
    code, out, _ = run(*words)
    assert (code, "0s  100ms" in out) == (0, True)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--latency", "5"), 2, "'5' is no duration"),
        (("--latency", "-5ms"), 2, "'-5ms' is no duration"),
        (("--latency", "soon"), 3, "soon: cannot be read"),
        (("--latency", "2h"), 2, "a latency must be 0 to 2m, got 7200s"),
        (("--latency", "none.toml"), 3, "none.toml: cannot be read"),
        (("--over-latency", "1ms,1ms"), 2, "must name each duration once"),
        (("--over-latency", "1ms,x"), 2, "'x' is no duration"),
        (("--over-latency", "1ms,2h"), 2, "a latency must be 0 to 2m, got 7200s"),
        (("--over-latency", "1ms", "--latency", "1s"), 2, "do not go together"),
        (("--over-latency", "1ms", "--log", "log.csv"), 2, "go with one policy"),
    ],
)
def test_latencies_that_are_none_are_refused(run, market, words, code, message):
    found, _, err = run("backtest", *market, *words)
    assert (found, message in err) == (code, True), err


def test_a_latency_of_another_venue_is_told(run, market, tmp_path):
    file = tmp_path / "venues.toml"
    file.write_text('default = "1ms"\nXNYZ = "2ms"\n')
    _, _, err = run("backtest", *market, "--latency", file)
    assert "the data has no venue XNYZ" in err
    code, _, err = run("backtest", *market, "--latency", file, "--json", file)
    assert code == 2, err  # it would write over what it reads
    assert "XNYZ" in file.read_text()
