"""The placement model and policy as a user runs them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from sor_opt.allocators.registry import provers
from sor_opt.market.loaders import save_tape
from sor_opt.market.synthetic import SyntheticParams, generate

BOOK = (Path(__file__).parents[2] / "data" / "placement.toml").read_text(encoding="utf-8")
OUTFLOW = BOOK[BOOK.index("[outflow]") :]
LAYOUT = ["--size", "700", "--horizon", "2m", "--every", "3m", "--slice", "30s"]
PLACED = [*LAYOUT, "--policy", "placement", "--min-windows", "5"]


@pytest.fixture
def book(tmp_path):
    def write(text=BOOK):
        path = tmp_path / "book.toml"
        path.write_text(text)
        return path

    return write


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    folder = tmp_path_factory.mktemp("market")
    files = folder / "quotes.csv", folder / "trades.csv"
    save_tape(generate(SyntheticParams(seed=5, minutes=12)), *files)
    return [files[0], "--trades", files[1]]


@pytest.mark.parametrize("allocator", ["exhaustive", "integer", "fast"])
def test_allocate_places_the_papers_example_alike_with_every_allocator(run, book, allocator):
    code, out, _ = run("allocate", book(), "--allocator", allocator, "--json", "-")
    found = json.loads(out)
    assert code == 0
    assert (found["status"], found["gap"], found["bound"]) == ("optimal", 0.0, found["cost"])
    assert found["market"] == {"XNYS": 80.0, "XNAS": 0.0}
    assert found["limit"] == {"XNYS": 210.0, "XNAS": 210.0}
    assert found["shares"] == {"XNYS": 290.0, "XNAS": 210.0}
    assert found["cost"] == pytest.approx(-4.375889, abs=1e-6)


def test_what_nobody_asked_to_be_proven_is_no_error(run, book):
    for extra in (["--no-certify"], ["--allocator", "robbins-monro", "--iterations", 500]):
        code, out, _ = run("allocate", book(), *extra, "--json", "-")
        found = json.loads(out)
        assert (code, found["status"]) == (0, "feasible")
        assert (found["bound"], found["gap"]) == (None, None)
        assert found["cost"] >= -4.375889


def test_options_stand_over_the_book(run, book):
    static = BOOK.replace('name = "placement"\ndepth = "infinite"\n', "")
    over = ("--model", "placement", "--depth", "infinite", "--json", "-")
    assert run("allocate", book(static), *over)[1] == run("allocate", book(), "--json", "-")[1]
    _, out, _ = run("allocate", book(), "--lambda-under", 0.2, "--json", "-")
    assert sum(json.loads(out)["market"].values()) > 80


def test_people_see_market_and_limit_orders(run, book):
    code, out, err = run("allocate", book())
    assert (code, err) == (0, "")
    for word in ("market", "limit", "queue", "limit orders at 99.98"):
        assert word in out


def test_nothing_is_posted_where_nothing_is_shown_unless_a_queue_is_given(run, book):
    venue = '[[venues]]\nname = "XPSX"\nbid = 99.98\nbid_size = 0\nask = 100.02\nask_size = 0\n\n'
    silent = BOOK.replace("[outflow]", f"{venue}[outflow]")
    _, out, err = run("allocate", book(silent), "--json", "-")
    assert json.loads(out)["limit"]["XPSX"] == 0
    assert "shows nothing: XPSX bid, XPSX ask" in err
    queued = silent.replace('name = "XPSX"', 'name = "XPSX"\nqueue = 0')
    assert json.loads(run("allocate", book(queued), "--json", "-")[1])["limit"]["XPSX"] > 0


def test_a_sell_order_posts_at_the_ask(run, book):
    _, out, _ = run("allocate", book(), "--side", "sell")
    assert "limit orders at 100.02" in out


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--lambda-under", "0.02"], ["A3"]),
        (["--lambda-over", "0.02"], ["A2"]),
        (["--lambda-over", "0", "--lambda-under", "0"], ["A2", "A3"]),
        ([], []),
    ],
)
def test_penalties_outside_the_assumptions_are_warned_of_by_name(run, book, options, names):
    code, _, err = run("allocate", book(), *options)
    assert code == 0
    assert [line.split()[2] for line in err.splitlines()] == names


def test_a_rebate_below_minus_the_half_spread_breaks_the_first_assumption(run, book):
    _, _, err = run("allocate", book(BOOK.replace("rebate = 0.002", "rebate = -0.03")))
    assert "warning: assumption A1 (min rebate + half-spread > 0)" in err


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('family = "poisson"', 'family = "cauchy"', "family must be one of poisson, exponential"),
        ("mean = 2200", "mean = -1", "mean must be > 0 and at most 1e+15, got -1"),
        ("mean = 2200", 'mean = "high"', "mean must be a number, got 'high'"),
        ("mean = 2200", "mean = []", "mean must be a number, or one number per venue"),
        ("alpha = 0.6", "alpha = 1.5", "alpha must be between 0 and 1, got 1.5"),
        ("scenarios = 1000", "scenarios = 0", "scenarios must be between 1 and 100,000, got 0"),
        ("scenarios = 1000", "scenarios = 1.5", "scenarios must be a whole number, got 1.5"),
        ("alpha = 0.6", "tail = 1", "tail must be > 1 and at most 1000, got 1"),
        ("mean = 2200", "mean = [1, 2, 3]", "mean must hold one number per venue, 2, got 3"),
        ("mean = 2200", "mean = 1" + "0" * 400, "holds a whole number that is too long"),
        (OUTFLOW, "[outflow]\nsamples = [[1]]", "each sample must hold one number per venue"),
        (OUTFLOW, "[outflow]\nsamples = 5", "samples must be rows of one number per venue"),
        (OUTFLOW, "[outflow]\nsamples = [[1, 2]]\nalpha = 0.5", "samples need no alpha"),
        ('name = "placement"', 'name = ["placement"]', "unknown model ['placement']"),
        ("alpha = 0.6", "beta = 1", "unknown key 'beta' in Outflow"),
        ('family = "poisson"', "", "outflow needs either samples or a family"),
        ("alpha = 0.6", "samples = [[1, 2]]", "outflow needs either samples or a family"),
        (OUTFLOW, "[outflow]\nsamples = [1, 2]", "samples must be rows of one number per venue"),
        (OUTFLOW, "[outflow]\nsamples = [[1, 2], [3]]", "sample 2 must hold 2 numbers"),
        (OUTFLOW, "[outflow]\nsamples = [[1, -2]]", "sample 1 must hold outflows >= 0, got -2"),
        ('name = "placement"', 'name = "magic"', "unknown model 'magic'"),
        ('depth = "infinite"', 'depth = "deep"', "depth must be displayed or infinite"),
        ('depth = "infinite"', 'space = "open"', "unknown key 'space' in PlacementModel"),
    ],
)
def test_a_wrong_book_is_one_line_that_names_the_file(run, book, old, new, message):
    assert old in BOOK
    path = book(BOOK.replace(old, new))
    code, _, err = run("allocate", path)
    assert code == 3
    assert err.startswith(f"error: {path}: ")
    assert message in err
    assert err.strip().count("\n") == 0


@pytest.mark.parametrize(
    ("old", "new", "options", "message"),
    [
        (OUTFLOW, "", [], "needs an [outflow]"),
        ("ask_size = 2000", "ask_size = 0", [], "no venue shows an ask, so there is no mid"),
        ("bid_size = 2000", "bid_size = 0", [], "no venue shows a bid, so there is no mid"),
        ("", "", ["--space", "open"], "--space goes with --model static alone"),
        ("", "", ["--iterations", "0", "--allocator", "robbins-monro"], "iterations must be >= 1"),
        ("", "", ["--step", "0.0001"], "more than 1,000,000 chunks"),
        ("", "", ["--step", "0.01"], "150,000 chunks x 1,000 scenarios are more than 50,000,000"),
    ],
)
def test_a_wrong_call_is_one_line(run, book, old, new, options, message):
    code, _, err = run("allocate", book(BOOK.replace(old, new) if old else BOOK), *options)
    assert code == 2
    assert message in err
    assert err.splitlines()[-1].startswith("error: ")


def test_the_displayed_depth_forbids_no_other_models_option(run, book):
    static = BOOK[: BOOK.index("[model]")] + BOOK[BOOK.index("[[venues]]") :]
    code, _, err = run("allocate", book(static), "--depth", "displayed")
    assert (code, err) == (2, "error: --depth goes with --model placement alone\n")


def test_validate_holds_placements_against_the_oracle(run):
    for extra in ([], ["--outside"]):
        arguments = ("validate", "--model", "placement", "--instances", 12, *extra)
        code, out, _ = run(*arguments, "--json", "-")
        found = json.loads(out)
        assert code == 0
        assert (found["instances"], found["mismatches"]) == (12, 0)
        assert list(found["by_allocator"]) == [allocator.name for allocator in provers()]
        assert all(tally["solved"] == 12 for tally in found["by_allocator"].values())
    code, _, err = run("validate", "--outside", "--instances", 1)
    assert code == 2
    assert "--outside goes with --model placement" in err


def test_backtest_places_and_its_log_is_the_cash(run, market, tmp_path):
    log = tmp_path / "log.csv"
    code, out, _ = run("backtest", *market, *PLACED, "--log", log, "--json", "-")
    found = json.loads(out)
    assert (code, found["policy"]) == (0, "placement")
    assert found["filled_shares"] + found["unfilled_shares"] == found["orders"] * 700
    rows = pd.read_csv(log)
    signs = rows["side"].map({"buy": 1, "sell": -1})
    cash = (signs * rows["price"] * rows["shares"] + rows["fee"]).sum()
    assert cash == pytest.approx(found["total_cash"], abs=0.005)
    posted = rows[rows["reason"] == "limit"]
    assert posted["shares"].sum() == found["limit_shares"] > 0
    assert {"static", "best-ask"} & set(found["baselines"]) == {"best-ask"}


def databento(tape, path):
    """Write a tape as an mbp-1 file: prints are `T` rows, which show the book before them."""
    quotes, trades = (
        pd.DataFrame({name: getattr(rows, name) for name in names})
        for rows, names in (
            (tape.quotes, ("ts", "venue", "bid", "bid_size", "ask", "ask_size")),
            (tape.trades, ("ts", "venue", "price", "size", "side")),
        )
    )
    quotes["action"], trades["action"] = "A", "T"
    rows = pd.concat([trades, quotes]).sort_values("ts", kind="stable")
    book = ["bid", "bid_size", "ask", "ask_size"]
    rows[book] = rows.groupby("venue")[book].ffill()
    rows["side"] = rows["side"].map({1: "B", -1: "A"}).fillna("N")
    rows["publisher_id"] = rows["venue"].map({0: 2, 1: 43})
    names = dict(zip(book, ("bid_px_00", "bid_sz_00", "ask_px_00", "ask_sz_00"), strict=True))
    rows = rows.rename(columns={"ts": "ts_recv", **names}).assign(
        rtype=1, instrument_id=7, depth=0, symbol="SYN"
    )
    rows.drop(columns="venue").to_csv(path, index=False)


def test_the_trades_of_a_databento_file_serve_as_well(run, tmp_path):
    two = tuple(SyntheticParams().venues[:2])
    drawn = generate(SyntheticParams(seed=5, minutes=12, venues=two))
    tape = replace(drawn, venues=("XNAS", "ARCX"))
    files = [tmp_path / name for name in ("mbp-1.csv", "quotes.csv", "trades.csv")]
    databento(tape, files[0])
    save_tape(tape, *files[1:])
    one, other = (
        run("backtest", *words, *PLACED, "--json", "-")
        for words in (files[:1], [files[1], "--trades", files[2]])
    )
    assert one[0] == 0
    assert json.loads(one[1])["limit_shares"] > 0
    assert one[1] == other[1]


def test_the_compiled_router_is_what_its_allocator_is(run, market):
    texts = [
        run("backtest", *market, *PLACED, *extra, "--json", "-")[1]
        for extra in ([], ["--allocator", "fast"])
    ]
    assert texts[0] == texts[1]


def test_grid_tells_the_three_parameters_apart(run, market, tmp_path):
    picture = tmp_path / "grid.png"
    code, out, _ = run("grid", *market, *PLACED, "--plot", picture, "--json", "-")
    found = json.loads(out)
    assert (code, found["policy"], len(found["points"])) == (0, "placement", 27)
    assert found["distinct"] > 9
    assert picture.stat().st_size > 10_000


def test_a_study_searches_the_placement_and_keeps_policies_apart(run, market, tmp_path):
    storage = ("--storage", tmp_path / "studies.db")
    words = ("study", "run", "one", *market, *storage, "--trials", 5)
    code, out, _ = run(*words, *PLACED, "--json", "-")
    assert (code, json.loads(out)["finished"]) == (0, 5)
    code, _, err = run(*words, *LAYOUT)
    assert code != 0
    assert "placement" in err


def test_compare_knows_no_exact_optimum_of_the_placement(run, market):
    words = ("--strategies", "grid,random", "--budget", 4, "--repeats", 2, "--json", "-")
    code, out, _ = run("compare", *market, *PLACED, *words)
    found = json.loads(out)
    assert (code, found["optimum"]) == (0, None)
    assert len(found["strategies"]) == 2


@pytest.mark.parametrize(
    ("command", "options", "code", "message"),
    [
        ("landscape", PLACED, 2, "the landscape is that of the static router"),
        (
            "backtest",
            [*PLACED, "--space", "open"],
            2,
            "--space goes with --router static or cost",
        ),
        ("backtest", ["--conditional"], 2, "--conditional goes with --router placement alone"),
        ("backtest", [*PLACED, "--horizon", "20s"], 2, "horizon of 20s is shorter than a slice"),
        ("backtest", [*PLACED, "--lookback", "0s"], 2, "lookback must be > 0"),
        ("backtest", [*PLACED, "--min-windows", "0"], 2, "minimum must be >= 1"),
        ("backtest", [*PLACED, "--min-windows", "900"], 3, "no slice has 900 windows of 30s"),
        ("backtest", [*PLACED, "--step", "1e-6"], 2, "take a larger step"),
        ("backtest", [*PLACED, "--through", "half"], 2, "--through"),
        ("backtest", [*PLACED, "--window-stride", "1ns"], 2, "windows are more than 1,000,000"),
        ("backtest", [*PLACED, "--slice", "1ns"], 2, "raise it with --max-decisions"),
        ("backtest", [*PLACED, "--slice", "100us"], 2, "slices are more than 1,000,000"),
        ("backtest", [*PLACED, "--step", "0.01"], 2, "scenarios are more than 50,000,000"),
    ],
)
def test_a_wrong_replay_is_one_line(run, market, command, options, code, message):
    exit_code, _, err = run(command, *market, *options)
    assert exit_code == code
    assert message in err.splitlines()[-1]


def test_without_trades_the_command_says_what_is_missing(run, market):
    code, _, err = run("backtest", market[0], *PLACED)
    assert code == 3
    assert "holds no trades" in err
    assert "--trades FILE" in err
    assert err.strip().count("\n") == 0


def test_trades_of_another_day_are_refused(run, market, tmp_path):
    other = generate(SyntheticParams(seed=5, minutes=12, day=date(2024, 3, 5)))
    save_tape(other, tmp_path / "q.csv", tmp_path / "t.csv")
    code, _, err = run("backtest", market[0], "--trades", tmp_path / "t.csv", *PLACED)
    assert code == 3
    assert "no trade is of a venue and a day of the orders" in err


def test_slices_with_too_little_past_are_reported(run, market):
    # Windows of 30 s begin each 10 s: none are over at second 0, one at 30, four at 60.
    _, _, err = run("backtest", *market, *PLACED)
    assert "3 of 16 slices have fewer than 5 past windows behind them" in err


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("allocate", ["table `outflow`", "(static)", "displayed if left out"]),
        ("backtest", [f"{text} if left out" for text in ("carry", "fill", "open", "09:30", "10s")]),
    ],
)
def test_help_keeps_its_defaults(run, monkeypatch, command, words):
    monkeypatch.setenv("COLUMNS", "300")
    out = " ".join(run(command, "--help")[1].split())
    assert [word for word in words if word not in out] == []
