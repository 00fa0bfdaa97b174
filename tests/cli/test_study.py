"""`sor-opt study`, as a user calls it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import optuna
import pandas as pd
import pytest

import sor_opt.cli
from sor_opt.backtest.version import RESULTS
from sor_opt.search.studies.storage import open_storage

DATA = Path(__file__).parents[2] / "data"
SAMPLE = [DATA / "sample_quotes.csv.gz", "--every", "10m", "--size", "1000"]

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(monkeypatch, capsys, tmp_path) -> Call:
    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["sor-opt", "study", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            sor_opt.cli.main()
        printed = capsys.readouterr()
        return int(stop.value.code or 0), printed.out, printed.err

    monkeypatch.setenv("SOR_OPT_STORAGE", str(tmp_path / "studies.db"))
    monkeypatch.setenv("COLUMNS", "200")
    return run


@pytest.fixture
def first(call) -> Call:
    """Call on a database that holds the study `first`."""
    code, _, err = call("run", "first", *SAMPLE, "--sampler", "grid", "--trials", 5)
    assert (code, err) == (0, "")
    return call


def test_run_tells_the_best_point_and_writes_json(call, tmp_path):
    file = tmp_path / "result.json"
    code, out, _ = call("run", "first", *SAMPLE, "--trials", 30, "--batch", 10, "--json", file)
    assert code == 0
    assert "30 trials are finished, 30 of them new" in out
    result = json.loads(file.read_text())
    assert (result["study"], result["sampler"], result["finished"]) == ("first", "adaptive", 30)
    assert set(result["best"]) >= {"params", "train_bps", "test_bps"}
    saved = result["savings"]["best-ask"]
    assert (saved["measures"], saved["orders"], saved["train_orders"]) == ("routing", 12, 27)
    assert "Saved by the best trial on test orders" in out
    assert result["storage"].endswith("studies.db")


def test_show_tells_what_the_last_run_told_of_the_best_trial(first):
    told = json.loads(
        first("run", "first", *SAMPLE, "--sampler", "grid", "--trials", 6, "--json", "-")[1]
    )
    shown = json.loads(first("show", "first", "--json", "-")[1])
    keys = ("policy", "schedule", "router", "orders", "savings")
    assert [shown[key] for key in keys] == [told[key] for key in keys]
    assert "Saved by the best trial on test orders" in first("show", "first")[1]


def test_a_second_run_has_nothing_to_do(first):
    code, out, _ = first("run", "first", *SAMPLE, "--sampler", "grid", "--trials", 5)
    assert code == 0
    assert "nothing to do: 5 of 5 trials are finished" in out


def test_list_and_show_tell_what_a_study_is_for(first):
    _, out, _ = first("list")
    assert "first" in out
    assert "grid" in out
    code, out, _ = first("show", "first", "--top", 2)
    assert code == 0
    assert "first: 5 finished, 0 failed, 0 pruned, 0 running" in out
    assert "lambda_under" in out
    assert "reach 20, unit fraction" in out
    assert "sample_quotes.csv.gz, digest " in out
    assert "horizon 9m" in out
    assert "max quote age not set, band 100, refill price, refill memory not set, slice 1m" in out
    assert f"number {RESULTS}" in out


def test_a_database_that_optuna_4_made_is_told_in_one_line(first, tmp_path):
    with open_storage(str(tmp_path / "studies.db")) as opened, opened.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE version_info SET library_version = '4.9.0'")
    for words in (("show", "first"), ("run", "first", *SAMPLE, "--sampler", "grid", "--trials", 6)):
        code, _, err = first(*words)
        assert code == 0
        assert re.fullmatch(r"warning: .*studies\.db was made by Optuna 4\.9\.0, .*\n", err)


def test_show_holds_the_rounds_of_an_adaptive_study(call):
    call("run", "moving", *SAMPLE, "--trials", 31, "--batch", 31)
    _, out, _ = call("show", "moving", "--json", "-")
    shown = json.loads(out)
    assert [round_["parameter"] for round_ in shown["rounds"][:2]] == [None, None]
    assert len(shown["trials"]) == 31


@pytest.mark.parametrize(
    ("ending", "reader"),
    [("csv", pd.read_csv), ("json", pd.read_json), ("parquet", pd.read_parquet)],
)
def test_export_writes_a_row_per_trial(first, tmp_path, ending, reader):
    file = tmp_path / f"trials.{ending}"
    code, out, _ = first("export", "first", file)
    assert (code, out) == (0, f"5 trials in {file}\n")
    assert list(reader(file)["number"]) == [0, 1, 2, 3, 4]


def test_export_refuses_an_unknown_ending_first(first, tmp_path):
    code, _, err = first("export", "none", tmp_path / "trials.xls")
    assert code == 2
    assert "unknown ending" in err


def test_export_counts_what_it_leaves_out(first, tmp_path):
    with open_storage(str(tmp_path / "studies.db")) as opened:
        optuna.load_study(study_name="first", storage=opened.trials).add_trial(
            optuna.trial.create_trial(value=-1e9)
        )
    file = tmp_path / "trials.csv"
    code, out, _ = first("export", "first", file)
    assert (code, out) == (0, f"5 trials in {file}; 1 not measured by sor-opt left out\n")
    assert list(pd.read_csv(file)["number"]) == [0, 1, 2, 3, 4]


def test_a_new_study_begins_with_the_points_of_another(first):
    more = ("--sampler", "random", "--trials", 6, "--size", 900, "--seed-from", "first")
    code, out, err = first("run", "second", *SAMPLE, *more)
    assert (code, err) == (0, "")
    assert "Began from 5 points of study first, the best first.\n" in out
    _, shown, _ = first("show", "second", "--json", "-")
    _, old, _ = first("show", "first", "--json", "-")
    ranked = sorted(json.loads(old)["trials"], key=lambda trial: trial["train_bps"])
    trials = json.loads(shown)["trials"]
    assert [trial["params"] for trial in trials][:5] == [trial["params"] for trial in ranked]
    assert len(trials) == 6
    assert json.loads(shown)["began_from"] == "5 points of study first, the best first"


def test_several_objectives_have_a_front(call, tmp_path):
    both = ("run", "both", *SAMPLE, "--objective", "mean, sd", "--sampler", "nsga2")
    ran = json.loads(call(*both, "--trials", 24, "--json", "-")[1])
    code, out, err = call(*both, "--trials", 24)
    assert (code, err) == (0, "")
    assert "both: nothing to do: 24 of 24 trials are finished." in out
    assert f"Front: {len(ran['front'])} of 24 trials" in out
    assert "no saving is claimed" in out
    assert (ran["objective"], ran["best"], ran["savings"]) == (["mean", "sd"], None, {})
    assert (ran["pbo"], ran["spa_p"]) == (None, None)
    values = [point["values"] for point in ran["front"]]
    assert values == sorted(values)
    assert [sd for _, sd in values] == sorted((sd for _, sd in values), reverse=True)
    shown = json.loads(call("show", "both", "--json", "-")[1])
    assert shown["front"] == ran["front"]
    assert [len(trial["test_values"]) for trial in shown["trials"]] == [2] * 24
    assert re.search(r"both +nsga2 .* front of \d+ +-", call("list")[1])
    file = tmp_path / "trials.csv"
    assert call("export", "both", file)[0] == 0
    frame = pd.read_csv(file)
    assert list(frame.columns)[-5:-1] == [
        *("mean train_bps", "mean test_bps", "sd train_bps", "sd test_bps")
    ]
    for point in ran["front"]:
        worse = (frame["mean train_bps"] >= point["values"][0]) | (
            frame["sd train_bps"] >= point["values"][1]
        )
        assert worse.all()


def test_delete_asks_first(first, monkeypatch):
    monkeypatch.setattr("typer.confirm", lambda *_, **__: (_ for _ in ()).throw(SystemExit(1)))
    assert first("delete", "first")[0] == 1
    assert "first" in first("list")[1]
    assert first("delete", "first", "--yes")[:2] == (0, "deleted first\n")
    assert first("list")[1] == "There are no studies.\n"


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("show", "second"), 2, "no study 'second' in"),
        (("delete", "second", "--yes"), 2, "there are first"),
        (("show", "first", "--storage", "none.db"), 1, "none.db: there is no such file"),
        (("show", "first", "--storage", __file__), 1, "is not a SQLite database"),
        (("show", "first", "--storage", "foo://x"), 2, "no database is called 'foo'"),
        (("run", "first", *SAMPLE, "--sampler", "newton"), 2, "no sampler 'newton'; there are"),
        (
            ("run", "first", *SAMPLE, "--sampler", "grid", "--size", 999),
            2,
            "orders size is 1000 in the study and 999 in this run",
        ),
        (("run", "first", *SAMPLE, "--trials", 0), 2, "trials must be >= 1, got 0"),
        (("run", "new", *SAMPLE, "--seed-from", "nosuch"), 2, "no study 'nosuch' in"),
        (("run", "new", *SAMPLE, "--seed-from", "new"), 2, "cannot begin from itself"),
        (("run", "first", "none.csv"), 3, "none.csv"),
        (
            ("run", "new", "none.csv", "--objective", "mean,sd"),
            2,
            "sampler adaptive searches by one objective alone; with several take grid, random, qmc",
        ),
        (("run", "new", "none.csv", "--objective", "sd,sd"), 2, "must name each objective once"),
        (("run", "new", "none.csv", "--objective", "mean,median"), 2, "no objective 'median'"),
        (
            ("run", "first", *SAMPLE, "--sampler", "grid", "--objective", "mean,sd"),
            2,
            "measures is not set in the study and mean sd in this run",
        ),
    ],
)
def test_misuse_is_one_line_with_its_exit_code(first, words, code, text):
    stopped, out, err = first(*words)
    assert (stopped, out, err.count("\n")) == (code, "", 1)
    assert text in err


def test_a_password_is_never_shown(call, capsys):
    pytest.importorskip("psycopg", reason="needs the extra postgres")
    url = "postgresql+psycopg://me:secret@127.0.0.1:1/x"
    code, out, err = call("list", "--storage", url)
    assert code == 1
    assert "me:***@127.0.0.1" in err
    assert "secret" not in out + err


def test_a_password_without_its_scheme_is_never_shown(call):
    orders = ("--sampler", "grid", "--trials", 1)
    for words in (("list",), ("show", "first"), ("run", "first", *SAMPLE, *orders)):
        code, out, err = call(*words, "--storage", "me:secret@host/db")
        assert (code, err.count("\n")) == (2, 1)
        assert "without its scheme" in err
        assert "secret" not in out + err


@pytest.mark.skipif(
    find_spec("optuna_dashboard") is not None, reason="the extra dashboard is installed"
)
def test_a_missing_dashboard_names_its_extra(first):
    code, _, err = first("dashboard")
    assert code == 2
    assert "pip install 'sor-opt[dashboard]'" in err


def test_the_dashboard_serves_this_machine_alone(first, monkeypatch):
    served = {}
    module = type(sys)("optuna_dashboard")
    module.run_server = lambda storage, **where: served.update(where)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "optuna_dashboard", module)
    assert first("dashboard", "--port", 8123)[0] == 0
    assert served == {"host": "127.0.0.1", "port": 8123}


def test_ctrl_c_prints_the_command_that_resumes(tmp_path):
    database = tmp_path / "studies.db"
    words = ["study", "run", "long", *map(str, SAMPLE), "--trials", "100000", "--sampler", "random"]
    script = "import sor_opt.cli; sor_opt.cli.main()"
    process = subprocess.Popen(
        [sys.executable, "-c", script, *words],
        env={**os.environ, "SOR_OPT_STORAGE": str(database)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not database.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "interrupted after" in out
    assert "this resumes it: sor-opt study run long" in err
    assert "--sampler random" in err


def test_workers_run_the_package_that_started_them(tmp_path):
    """Not another one, that lies in the folder where the command is called."""
    other = tmp_path / "sor_opt" / "__init__.py"
    other.parent.mkdir()
    other.write_text("raise RuntimeError('another package')\n")
    script = Path(sys.executable).with_name("sor-opt")
    words = ["study", "run", "one", *SAMPLE, "--sampler", "grid", "--trials", "4"]
    done = subprocess.run(
        [script, *map(str, words), "--workers", "2", "--storage", str(tmp_path / "s.db")],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "200"},
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_study_goes_on_under_its_own_objective_alone(first):
    code, _, err = first(
        *("run", "first", *SAMPLE, "--sampler", "grid", "--trials", 6),
        *("--objective", "mean+sd:0.5"),
    )
    assert code == 2
    assert (
        "objective is mean shortfall in bps of the first 7 of 10 orders in the study and "
        "mean+sd:0.5 shortfall in bps of the first 7 of 10 orders in this run"
    ) in err
