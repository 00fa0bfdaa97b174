"""`--jobs`: the same document whatever their number, and an end at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest

from sor_opt.market.loaders import save_tape
from sor_opt.market.synthetic import SyntheticParams, generate

LAYOUT = ["--size", "700", "--horizon", "1m", "--every", "2m"]
COMMANDS = {
    "backtest": ["backtest"],
    "grid": ["grid"],
    "landscape": ["landscape", "--levels", "{levels}"],
    "compare": ["compare", "--strategies", "grid,random", "--budget", "6", "--repeats", "2"],
    "study": ["study", "run", "one", "--trials", "6"],
    "placement": ["grid", "--policy", "placement", "--slice", "20s", "--min-windows", "5"],
}


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    folder = tmp_path_factory.mktemp("market")
    files = folder / "quotes.csv", folder / "trades.csv"
    save_tape(generate(SyntheticParams(seed=5, minutes=10)), *files)
    return [files[0], "--trades", files[1], *LAYOUT]


def untimed(value):
    if isinstance(value, dict):
        return {k: untimed(v) for k, v in value.items() if not k.endswith(("seconds", "storage"))}
    return [untimed(item) for item in value] if isinstance(value, list) else value


@pytest.mark.compiled
@pytest.mark.parametrize("name", COMMANDS)
def test_a_document_is_the_same_for_any_number_of_jobs(run, market, name, tmp_path):
    levels = tmp_path / "levels.toml"
    levels.write_text("lambda_under = [0.0002]\nreach = 2.0\n")
    words = [word.format(levels=levels) for word in COMMANDS[name]]
    documents = []
    for jobs in (1, 2, 7):
        storage = ["--storage", tmp_path / f"{jobs}.db"] if name == "study" else []
        code, out, _ = run(*words, *market, *storage, "--jobs", jobs, "--json", "-")
        assert code == 0
        documents.append(untimed(json.loads(out)))
    assert documents[0] == documents[1] == documents[2]
    assert len(json.dumps(documents[0])) > 200


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--jobs", "0"], "jobs must be >= 1, got 0"),
        (["--jobs", "257"], "jobs must be at most 256, got 257"),
        (["--jobs", "two"], "Invalid value for '--jobs'"),
    ],
)
@pytest.mark.parametrize("command", [["grid"], ["landscape"], ["compare"], ["study", "run", "one"]])
def test_odd_numbers_of_jobs_are_refused_before_the_data_is_read(run, command, words, message):
    code, out, err = run(*command, "none.csv", *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err


def test_an_allocator_takes_one_job(run, market):
    code, _, err = run("backtest", *market, "--allocator", "fast", "--jobs", 2)
    assert (code, err.count("\n")) == (2, 1)
    assert "--allocator is called in one thread; leave out --jobs" in err


INTERRUPTED = """
import os, signal, sys, time
from sor_opt.cli import main
from sor_opt.search import objective

run, replays = objective.run, []

def interrupting(*given, **options):
    "Stand in for a slow replay; the sixth is interrupted."
    replays.append(1)
    if len(replays) == 6:
        os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.05)
    return run(*given, **options)

objective.run = interrupting
try:
    main()
finally:
    print(len(replays), file=sys.stderr)
"""


def test_ctrl_c_ends_a_grid_alike_for_any_number_of_jobs(market):
    ends = []
    for jobs in (1, 3):
        words = ["grid", *map(str, market), "--jobs", str(jobs)]
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", INTERRUPTED, *words],
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, "COLUMNS": "200"},
        )
        *said, replays = done.stderr.splitlines()
        assert int(replays) <= 6 + jobs
        assert time.monotonic() - began < 60
        ends.append((done.returncode, done.stdout, said))
    assert ends[0] == ends[1]
    assert ends[0][0] == 130
