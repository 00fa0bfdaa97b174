"""`backtest`, `grid` and `landscape` as a user runs them."""

from __future__ import annotations

import json
import subprocess
import sys

import pandas as pd
import pytest

from sor_opt.market.loaders import save_tape
from sor_opt.market.synthetic import SyntheticParams, generate

LAYOUT = ["--size", "700", "--horizon", "1m", "--every", "2m"]


@pytest.fixture(scope="module")
def quotes(tmp_path_factory):
    path = tmp_path_factory.mktemp("market") / "quotes.csv"
    save_tape(generate(SyntheticParams(seed=5, minutes=10)), path)
    return path


def sor_opt(*words):
    """Run the command line in a process of its own."""
    command = [sys.executable, "-c", "from sor_opt.cli import main; main()", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def document(*words):
    done = sor_opt(*words, "--json", "-")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_backtest_reports_what_programs_rely_on(quotes, tmp_path):
    log, orders = tmp_path / "log.csv", tmp_path / "orders.parquet"
    found = document("backtest", quotes, *LAYOUT, "--log", log, "--orders", orders)
    assert found["orders"] == 5
    assert found["filled_shares"] + found["unfilled_shares"] == 5 * 700
    assert set(found["baselines"]) == set(found["savings_bps"]) == {"best-ask", "twap", "pro-rata"}
    for baseline in found["baselines"].values():
        assert {"total_cash", "avg_price", "shortfall_bps", "filled_shares"} <= set(baseline)
    assert {"crossed_share", "stale_share", "wide_share", "stub_share"} == set(found["quality"])
    assert (found["policy"], found["schedule"], found["router"]) == ("static", "now", "static")
    risk = {"sd_bps", "cvar_bps", "median_bps", "duration_s", "completed_shares"}
    assert all(risk <= set(each) for each in (found, *found["baselines"].values()))
    rows = pd.read_csv(log)
    signs = rows["side"].map({"buy": 1, "sell": -1})
    assert (signs * rows["price"] * rows["shares"] + rows["fee"]).sum() == pytest.approx(
        found["total_cash"], abs=0.005
    )
    assert pd.read_parquet(orders)["filled"].sum() == found["filled_shares"]


def test_without_fees_no_execution_pays_any(quotes, tmp_path):
    log = tmp_path / "log.csv"
    found = document("backtest", quotes, *LAYOUT, "--no-fees", "--log", log)
    assert (pd.read_csv(log)["fee"] == 0).all()
    assert found["total_cash"] != document("backtest", quotes, *LAYOUT)["total_cash"]


def test_limits_that_hold_change_nothing(quotes):
    limits = ["--max-orders", "5", "--max-decisions", "100000"]
    assert document("backtest", quotes, *LAYOUT, *limits) == document("backtest", quotes, *LAYOUT)


def test_grid_ranks_27_points(quotes, tmp_path):
    picture = tmp_path / "grid.png"
    found = document("grid", quotes, *LAYOUT, "--plot", picture)
    scores = [point["train_bps"] for point in found["points"]]
    assert len(scores) == 27
    assert scores == sorted(scores)
    assert found["best"] == found["points"][0]
    assert found["flat"] is False
    assert 1 < found["distinct"] <= 27
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_what_the_best_point_saves_is_told_of_test_orders_routing_first(quotes):
    found = document("grid", quotes, *LAYOUT)
    assert [(name, row["measures"]) for name, row in found["savings"].items()] == [
        ("best-ask", "routing"),
        ("twap", "timing"),
        ("pro-rata", "timing"),
    ]
    assert found["orders"] == {"all": 5, "train": 3, "test": 2}
    for name, row in found["savings"].items():
        assert {"test_bps", "low", "high", "orders", "train_bps"} <= set(row)
        assert (row["orders"], row["train_orders"]) == (2, 3)
        for part in ("test_bps", "train_bps"):
            less = found["baselines"][name][part] - found["best"][part]
            assert row[part] == pytest.approx(less)


def test_few_test_orders_are_said_to_be_few(quotes):
    assert "2 test orders are few" in sor_opt("grid", quotes, *LAYOUT).stdout


def test_one_seed_gives_one_document(quotes):
    first, again = (document("grid", quotes, *LAYOUT, "--seed", "3") for _ in range(2))
    del first["seconds"], again["seconds"]
    assert first == again


def test_a_flat_grid_is_called_flat(quotes):
    done = sor_opt("grid", quotes, *LAYOUT, "--space", "strict")
    assert "Flat: all 27 points did exactly the same" in done.stdout


def test_a_single_order_is_called_one_draw(quotes):
    assert "One order is one draw" in sor_opt("backtest", quotes, "--horizon", "2m").stdout


def test_landscape_reports_its_minimum_and_the_grids_regret(quotes, tmp_path):
    picture = tmp_path / "landscape.png"
    layout = ["--size", "500", "--horizon", "30s", "--every", "3m"]
    found = document("landscape", quotes, *layout, "--plot", picture)
    assert found["breakpoints"] == len(found["staircase"]["ends"]) - 1
    assert found["best"]["train_bps"] == min(found["staircase"]["train_bps"])
    assert found["grid_best"]["train_bps"] - found["best"]["train_bps"] == pytest.approx(
        found["grid_regret_bps"]
    )
    assert picture.exists()
    baseline = document("backtest", quotes, *layout)["baselines"]["best-ask"]
    saved = found["savings"]["best-ask"]
    orders = found["orders"]
    assert (saved["orders"], saved["train_orders"]) == (orders["test"], orders["train"])
    part = {
        which: saved[f"{which}_bps"] + found["best"][f"{which}_bps"]
        for which in orders
        if which != "all"
    }
    mean = sum(part[which] * orders[which] for which in part) / orders["all"]
    assert mean == pytest.approx(baseline["shortfall_bps"])


def test_a_crossed_book_is_warned_of(shared):
    done = sor_opt("backtest", shared("taq/quotes_2018-01-02.csv.gz"), "--end", "11:00")
    assert "warning: the consolidated book is crossed in" in done.stderr
    assert "--max-quote-age 2s" in done.stderr


@pytest.mark.parametrize("allocator", ["exhaustive", "integer", "fast"])
def test_any_allocator_can_route(quotes, allocator):
    layout = ["--size", "300", "--horizon", "5s", "--every", "4m", "--lambda-under", "0.0001"]
    mine, kernel = (
        document("backtest", quotes, *layout, *choice)
        for choice in (["--allocator", allocator], [])
    )
    assert mine["total_cash"] == pytest.approx(kernel["total_cash"], abs=0.005)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--size", "0"], "size must be > 0, got 0"),
        (["--horizon", "0s"], "horizon must be > 0"),
        (["--horizon", "soon"], "'soon' is no duration"),
        (["--start", "late"], "'late' is no time of day"),
        (["--lambda-under", "-1"], "lambda_under must be finite and >= 0, got -1"),
        (["--allocator", "magic"], "no allocator 'magic'; there are exhaustive"),
        (["--space", "wide"], "'wide' is not one of"),
        (["--log", "log.xls"], "unknown ending"),
        (["--step", "0.00001"], "take a larger step"),
        (["--horizon", "8h", "--every", "1h"], "no order of 28800s fits"),
        (["--slice", "1ns"], "decisions, more than the limit of 1,000,000,000; take a longer"),
        (["--horizon", "1m", "--every", "1ms"], "540,001 parent orders are more than the limit of"),
        ([*LAYOUT, "--max-orders", "4"], "5 parent orders are more than the limit of 4;"),
        ([*LAYOUT, "--max-decisions", "9"], "decisions, more than the limit of 9;"),
        (["--size", "1e300"], "size must be at most 1e+12, got 1e+300"),
        (["--lambda-under", "1e300"], "lambda_under must be at most 1e+06, got 1e+300"),
        (["--step", "1e-300"], "step must be 1e-06 to 1e+12, got 1e-300"),
        (["--fees", "fees.toml", "--no-fees"], "--fees FILE and --no-fees do not go together"),
    ],
)
def test_a_wrong_call_is_one_line_and_exit_code_2(quotes, words, message):
    done = sor_opt("backtest", quotes, *words)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_wrong_data_is_one_line_and_exit_code_3(tmp_path):
    broken = tmp_path / "quotes.csv"
    broken.write_text("ts,venue,bid,bid_size,ask,ask_size\n1,SYN-A,ten,1,10.1,1\n")
    for data in (broken, tmp_path / "missing.csv", tmp_path):
        done = sor_opt("grid", data)
        assert done.returncode == 3
        assert done.stderr.count("\n") == 1
        assert str(data) in done.stderr


def test_a_venue_without_a_fee_is_named_with_the_hint(tmp_path):
    odd = tmp_path / "quotes.csv"
    odd.write_text(
        "ts,venue,bid,bid_size,ask,ask_size\n1709562600000000000,NOWHERE,9,1,10,1\n"
        "1709563800000000000,NOWHERE,9,1,10,1\n"
    )
    done = sor_opt("grid", odd)
    assert done.returncode in (2, 3)
    assert "NOWHERE" in done.stderr
    assert "--fees" in done.stderr


def test_fees_of_a_later_day_are_warned_of_once(quotes, tmp_path):
    fees = tmp_path / "fees.toml"
    rows = [("SYN-A", "2090-01-01"), ("SYN-B", "2090-01-01"), ("SYN-C", "1990-01-01")]
    fees.write_text(
        "".join(
            f'[[fee]]\nvenue = "{venue}"\ndate = {day}\ntaker = 0.003\nrebate = 0.002\n'
            for venue, day in rows
        )
    )
    done = sor_opt("backtest", quotes, *LAYOUT, "--fees", fees)
    text = "warning: SYN-A, SYN-B: fees of 2090-01-01 stand in for "
    assert done.stderr.startswith(text)
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(("shares", "part"), [(30000, "279%"), (300, None)])
def test_orders_that_are_much_of_the_volume_are_warned_of_once(tmp_path, shares, part):
    paths = tmp_path / "quotes.csv", tmp_path / "trades.csv"
    save_tape(generate(SyntheticParams(seed=5, minutes=10)), *paths)
    layout = ["--trades", paths[1], "--size", shares, "--horizon", "1m", "--every", "2m"]
    for command in ("backtest", "grid"):
        done = sor_opt(command, paths[0], *layout, "--no-fees")
        warned = [line for line in done.stderr.splitlines() if "lit volume" in line]
        expected = f"warning: the orders are {part} of the lit volume in their horizons (the median"
        assert [line[: len(expected)] for line in warned] == [expected] * (part is not None)


def test_an_impact_makes_orders_dearer_and_one_of_nothing_changes_nothing(quotes):
    paced = ["backtest", quotes, *LAYOUT, "--schedule", "twap", "--router", "sweep"]
    paced += ["--slice", "10s"]
    plain = document(*paced)
    assert document(*paced, "--impact", "0:1m") == plain
    assert document(*paced, "--impact", "20:1m")["shortfall_bps"] > plain["shortfall_bps"] + 1


def test_an_impact_without_a_half_life_is_refused_in_a_line(quotes):
    done = sor_opt("backtest", quotes, *LAYOUT, "--impact", "0.5")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: '0.5' is no impact; write 0.5:1m")
    assert done.stderr.count("\n") == 1


def test_a_grid_without_a_book_to_trade_on_is_refused(tmp_path):
    file, picture = tmp_path / "quotes.csv", tmp_path / "grid.png"
    starts = 1_709_562_600_000_000_000
    rows = [f"{starts + i * 10**9},SYN-A,10,0,11,0" for i in (0, 1200)]
    file.write_text("\n".join(["ts,venue,bid,bid_size,ask,ask_size", *rows]))
    done = sor_opt("grid", file, "--plot", picture)
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert "no train order meets a book to trade on" in done.stderr
    assert not picture.exists()


def test_a_file_of_levels_that_is_wrong_is_exit_code_3(quotes, tmp_path):
    levels = tmp_path / "levels.toml"
    levels.write_text("lambda_over = [true]")
    done = sor_opt("grid", quotes, "--levels", levels)
    assert done.returncode == 3
    assert done.stderr == (
        f"error: {levels}: lambda_over must hold rising levels > 0, got [True]\n"
    )


def test_debug_shows_the_trace(quotes):
    done = sor_opt("backtest", quotes, "--size", "0", "--debug")
    assert "Traceback" in done.stderr


def test_a_tenth_of_the_rows_broken_is_done_and_counted(quotes, tmp_path):
    frame = pd.read_csv(quotes)
    frame.loc[::10, "ask"] = None
    frame.loc[5::20, "bid_size"] = 0
    dirty = tmp_path / "dirty.csv"
    frame.to_csv(dirty, index=False)
    found = document("grid", dirty, *LAYOUT)
    best = found["best"]
    assert best["filled_shares"] + best["unfilled_shares"] == 5 * 700
    venues = document("data", "inspect", dirty)["venues"]
    broken = int((frame["ask"].isna() | (frame["bid_size"] == 0)).sum())
    assert sum(venue["one_sided"] for venue in venues) == broken > len(frame) // 7
    assert sum(venue["missing"] for venue in venues) == 0
