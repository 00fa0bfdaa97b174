"""What cannot be written is reported in one line, and costs nothing that could be written."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sor_opt.cli import console
from sor_opt.files import unwritable

PROGRAM = [sys.executable, "-c", "from sor_opt.cli import main; main()"]
FULL = "error: cannot write standard output: no space left on device\n"
BOOK = """name,bid,bid_size,ask,ask_size,fee,rebate
XNYS,100.00,100,100.01,250,0.003,0.002
XNAS,100.00,100,100.02,300,0.003,0.002
"""
VARIABLES = {
    key: value for key, value in os.environ.items() if key not in ("LC_ALL", "PYTHONIOENCODING")
}


def sor_opt(*words: object, variables=None, **how) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, as a shell would."""
    return subprocess.run(
        [*PROGRAM, *map(str, words)],
        env=VARIABLES | (variables or {}),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=300,
        **({"stdout": subprocess.PIPE} | how),
    )


@pytest.fixture
def book(tmp_path) -> Path:
    path = tmp_path / "book.csv"
    path.write_text(BOOK)
    return path


@pytest.fixture(scope="module")
def market(tmp_path_factory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("market")
    quotes, trades = folder / "q.csv", folder / "t.csv"
    done = sor_opt("data", "generate", "-o", quotes, "--trades", trades, "--minutes", 30)
    assert (done.returncode, done.stderr) == (0, "")
    return quotes, trades


REPLAY = "--size 300 --every 5m --horizon 4m"


@pytest.mark.parametrize(
    ("words", "files"),
    [
        ("allocate {book} --size 400", []),
        ("validate --instances 2", []),
        ("backtest {quotes} " + REPLAY, ["--log log.csv", "--orders orders.json"]),
        ("grid {quotes} " + REPLAY, ["--plot plot.png"]),
        ("landscape {quotes} " + REPLAY, ["--plot plot.svg"]),
        (
            "compare {quotes} --strategies grid,random --budget 27 --repeats 2 " + REPLAY,
            ["--plot plot.pdf"],
        ),
        ("study run second {quotes} --sampler grid --trials 2 " + REPLAY, []),
        ("study list", []),
        ("study show first", []),
        ("data inspect {quotes} --trades {trades}", []),
        (
            "data convert {quotes} --trades {trades}",
            ["-o q.parquet", "--trades-output t.csv.gz"],
        ),
        ("data generate --minutes 1", ["-o q.csv", "--trades t.parquet"]),
    ],
)
def test_a_screen_that_fails_costs_no_file(run, tmp_path, monkeypatch, market, book, words, files):
    monkeypatch.setenv("SOR_OPT_STORAGE", str(tmp_path / "studies.db"))
    quotes, trades = market
    if words.startswith(("study list", "study show")):
        prepare = ["--sampler", "grid", "--trials", 2, *REPLAY.split()]
        assert run("study", "run", "first", quotes, *prepare)[0] == 0

    def fail(_text):
        raise unwritable("standard output", OSError(28, os.strerror(28)))

    monkeypatch.setattr(console, "_write", fail)
    written = [part.split() for part in files] + [["--json", "result.json"]]
    outputs = [word for option, name in written for word in (option, tmp_path / "out" / name)]
    words = words.format(quotes=quotes, trades=trades, book=book).split()
    assert run(*words, *outputs) == (1, "", FULL)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {name for _, name in written}
    assert json.loads((tmp_path / "out" / "result.json").read_text())


def test_a_full_standard_output_is_reported(book, tmp_path):
    result = tmp_path / "result.json"
    with open("/dev/full", "w") as full:
        for words in (["--json", result], ["--json", "-"]):
            done = sor_opt("allocate", book, "--size", 400, *words, stdout=full)
            assert (done.returncode, done.stderr) == (1, FULL)
        done = sor_opt("--help", stdout=full)
        assert (done.returncode, done.stderr) == (1, FULL)
    assert json.loads(result.read_text())["executed"] == 400


def test_a_closed_standard_output_is_reported(book, tmp_path):
    """The shell closes it: a process that is made here would get another one."""
    result = tmp_path / "result.json"
    command = f'exec "$@" allocate {book} --size 400 --json {result} >&-'
    done = subprocess.run(["sh", "-c", command, "sh", *PROGRAM], stderr=subprocess.PIPE, text=True)
    text = "error: cannot write standard output: it is closed\n"
    assert (done.returncode, done.stderr) == (1, text)
    assert json.loads(result.read_text())["executed"] == 400


@pytest.mark.parametrize("words", ["allocate {book} --size 400", "--help"])
def test_a_reader_that_has_seen_enough_is_left_in_peace(book, words):
    end, start = os.pipe()
    os.close(end)
    done = sor_opt(*words.format(book=book).split(), stdout=start)
    os.close(start)
    assert (done.returncode, done.stderr) == (1, "")


def test_standard_error_that_fails_costs_nothing(book, tmp_path):
    book.write_text(f"{BOOK}XPSX,1,0,2,0,0,0\n")  # warned of
    result = tmp_path / "result.json"
    command = f'exec "$@" allocate {book} --size 400 --json {result} 2>/dev/full'
    done = subprocess.run(["sh", "-c", command, "sh", *PROGRAM], stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0
    assert "XNYS" in done.stdout
    assert json.loads(result.read_text())["executed"] == 400


@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
)
def test_what_a_screen_cannot_show_is_replaced(book, variables):
    book.write_text(BOOK.replace("XNAS", "λNAS"), encoding="utf-8")
    done = sor_opt("allocate", book, "--size", 400, variables=variables)
    assert (done.returncode, done.stderr) == (0, "")
    assert "?NAS" in done.stdout
    assert "λ" not in done.stdout


def limited(size: int):
    """Limit the size of files in the process to be."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("name", ["q.csv", "q.csv.gz", "q.parquet"])
def test_a_tape_that_is_too_large_keeps_the_old_file(tmp_path, name):
    target = tmp_path / name
    target.write_text("old")
    done = sor_opt("data", "generate", "-o", target, "--minutes", 10, preexec_fn=limited(1000))
    text = f"error: cannot write {target}: file too large\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", text)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(
    ("option", "name"),
    [
        *(("--plot", f"plot.{ending}") for ending in ("png", "svg", "pdf")),
        *(("--log", f"log.{ending}") for ending in ("csv", "json", "parquet")),
        ("--json", "result.json"),
    ],
)
def test_a_result_that_is_too_large_keeps_the_old_file(tmp_path, market, option, name):
    target = tmp_path / name
    target.write_text("old")
    command = "grid" if option == "--plot" else "backtest"
    done = sor_opt(command, market[0], *REPLAY.split(), option, target, preexec_fn=limited(500))
    text = f"error: cannot write {target}: file too large\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", text)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("words", ["--json /dev/full", "--json {long}"])
def test_a_place_that_fails_is_reported(book, tmp_path, words):
    place = words.format(long=tmp_path / ("n" * 256)).split()[1]
    done = sor_opt("allocate", book, "--size", 400, "--json", place)
    reason = "no space left on device" if place == "/dev/full" else "file name too long"
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"error: cannot write {place}: {reason}\n"


SLOW = """
import pathlib, time
pathlib.Path.replace = lambda *_: time.sleep(60)
from sor_opt.cli import main
main()
"""


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, -signal.SIGTERM), (signal.SIGINT, 130)]
)
def test_a_signal_while_a_file_is_written_leaves_nothing(tmp_path, number, code):
    target = tmp_path / "q.csv"
    target.write_text("old")
    words = ["data", "generate", "-o", str(target), "--minutes", "1"]
    process = subprocess.Popen([sys.executable, "-c", SLOW, *words], stderr=subprocess.PIPE)
    deadline = time.monotonic() + 300
    while len(list(tmp_path.iterdir())) == 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (code, b"")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


LIBRARY = """
import logging, sys, warnings
import numpy as np
import sor_opt.cli
def command(*_, **__):
    np.float64(1e308) * np.array([10.0])
    warnings.warn("two\\nlines \\x1b[31m")
    logging.getLogger("library").warning("said %s", "so")
    logging.getLogger("library").info("not this")
    try:
        1 / 0
    except ZeroDivisionError:
        logging.getLogger("library").exception("lost a connection")
sor_opt.cli.app = command
sor_opt.cli.main()
"""


def test_what_a_library_warns_of_is_one_line():
    done = subprocess.run([sys.executable, "-c", LIBRARY], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines() == [
        "warning: RuntimeWarning: overflow encountered in multiply",
        r"warning: UserWarning: two lines \x1b[31m",
        "warning: said so",
        "warning: lost a connection",
    ]
