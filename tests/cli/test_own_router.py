"""The routers that the documents show, as a user runs them, and other classes of one's own."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sor_opt.search.studies.history import find
from sor_opt.search.studies.storage import read_storage

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "router.md").read_text("utf-8")
SHOWN = re.findall(r"```console\n\$ sor-opt (.*?)\n(.*?)```", PAGE, re.DOTALL)
SAMPLE = ("data/sample_quotes.csv.gz", "--every", "60m", "--horizon", "3m")
PATIENT = ("--schedule", "twap", "--router", "docs/examples/patient.py:Patient")


@pytest.fixture(autouse=True)
def at_home(monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("SOR_OPT_STORAGE", str(tmp_path / "studies.db"))


@pytest.mark.parametrize("name", ["cheapest", "patient", "genetic"])
def test_the_files_that_are_shown_are_the_files(name):
    code = (ROOT / "docs" / "examples" / f"{name}.py").read_text("utf-8")
    assert code in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert code.count("\n") <= 25


@pytest.mark.parametrize(("words", "output"), SHOWN, ids=["backtest", "grid", "study"])
def test_a_command_that_is_shown_prints_what_is_shown(run, words, output):
    code, out, err = run(*shlex.split(words))
    assert (code, err) == (0, "")
    printed = iter([line.rstrip() for line in out.splitlines()])
    assert all(line.rstrip() in printed for line in output.splitlines())  # in this order


def test_the_router_that_is_shown_does_what_best_ask_does(run, tmp_path):
    own, built = tmp_path / "own.csv", tmp_path / "built.csv"
    assert run("backtest", *SAMPLE, "--router", "best-ask", "--log", built)[0] == 0
    where = "docs/examples/cheapest.py:Cheapest"
    assert run("backtest", *SAMPLE, "--router", where, "--log", own)[0] == 0
    assert own.read_bytes() == built.read_bytes()


def test_the_parameters_of_ones_own_are_options_and_what_a_grid_moves(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    out = run("backtest", *PATIENT, "--help")[1]
    assert "Widest book to take from, bps (Patient), 2 if left out." in out
    document = json.loads(run("backtest", *SAMPLE, *PATIENT, "--widest", 0.5, "--json", "-")[1])
    assert document["params"]["widest"] == 0.5
    document = json.loads(run("grid", *SAMPLE, *PATIENT, "--json", "-")[1])
    points = [(point["params"]["widest"], point["params"]["part"]) for point in document["points"]]
    assert sorted(points) == [(w, p) for w in (1.0, 2.0, 4.0) for p in (0.25, 0.625, 1.0)]
    code, _, err = run("grid", *SAMPLE, *PATIENT, "--widest", 1)
    assert (code, "No such option: --widest" in err) == (2, True)


def test_an_option_of_ones_own_goes_with_it_alone(run):
    where = f"{PATIENT[-1]},sweep"
    assert run("backtest", *SAMPLE, "--router", where, "--widest", 3)[0] == 0
    code, _, err = run("backtest", *SAMPLE, "--router", "sweep", "--widest", 3)
    assert (code, "No such option: --widest" in err) == (2, True)


def test_a_study_of_ones_own_goes_on_after_a_kill(run, tmp_path):
    words = ("study", "run", "mine", *SAMPLE, *PATIENT)
    script = "import sor_opt.cli; sor_opt.cli.main()"
    process = subprocess.Popen(
        [sys.executable, "-c", script, *words, "--trials", "5000", "--sampler", "random"],
        env=os.environ,
        stderr=subprocess.DEVNULL,
    )
    database = tmp_path / "studies.db"
    deadline = time.monotonic() + 120
    while finished(database) < 4:
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = finished(database)
    target = before + 6
    more = ("--sampler", "random", "--trials", target, "--workers", 2)
    code, out, err = run(*words, *more)
    assert (code, err) == (0, "")
    assert f"{target} trials are finished, 6 of them new" in out
    with read_storage(str(database)) as storage:
        points = [tuple(trial.params.values()) for trial in find(storage, "mine").trials]
    assert len(set(points)) == target


def finished(database):
    try:
        with read_storage(str(database)) as storage:
            return len(find(storage, "mine").trials)
    except Exception:
        return 0  # it is being made


def test_an_edited_class_is_another_one_and_show_imports_none(run, tmp_path):
    path = tmp_path / "mine.py"
    text = (ROOT / "docs/examples/patient.py").read_text()
    path.write_text(text)
    words = ("study", "run", "mine", *SAMPLE, "--schedule", "twap", "--router", f"{path}:Patient")
    assert run(*words, "--trials", 1)[0] == 0
    path.unlink()
    assert "Patient" in run("study", "show", "mine")[1]
    other = tmp_path / "edited.py"
    other.write_text(f"{text}# edited\n")
    code, _, err = run(*words[:-1], f"{other}:Patient", "--trials", 2)
    assert (code, err.count("\n")) == (2, 1)
    assert "policy router source is" in err


BROKEN = """
from dataclasses import dataclass

from sor_opt import Router


@dataclass(frozen=True)
class Broken(Router):
    part: float = 0.5

    def split(self, view, due):
        return view.ask_left / self.nothing
"""


@pytest.mark.parametrize("command", [["backtest"], ["study", "run", "one", "--workers", "2"]])
def test_a_class_that_fails_is_one_line_with_its_file_and_line(run, tmp_path, command):
    path = tmp_path / "mine.py"
    path.write_text(BROKEN)
    more = () if command == ["backtest"] else ("--levels", levels(tmp_path))
    code, _, err = run(*command, *SAMPLE, "--router", f"{path}:Broken", *more)
    assert (code, err.count("\n")) == (2, 1)
    assert "mine.py, line 12: AttributeError: 'Broken' object has no attribute 'nothing'" in err


ANSWERS = """
import numpy as np
from sor_opt import Router


class {name}(Router):
    def split(self, view, due):
        return {answer}
"""


@pytest.mark.parametrize(
    ("name", "answer", "said"),
    [
        ("Nan", "view.ask_left * np.nan", "must say shares >= 0 for each of 6 venues, got array"),
        ("Short", "[1.0]", "must say shares >= 0 for each of 6 venues, got [1.0]"),
        ("Much", "view.ask_left + 1", "shares at SYN-A, which shows"),
    ],
)
def test_a_wrong_answer_is_told_with_the_place_of_its_class(run, tmp_path, name, answer, said):
    path = tmp_path / "mine.py"
    path.write_text(ANSWERS.format(name=name, answer=answer))
    code, _, err = run("backtest", *SAMPLE, "--router", f"{path}:{name}")
    assert (code, err.count("\n")) == (2, 1)
    assert f"mine.py, line 6: the router {name} " in err
    assert said in err


def levels(folder):
    path = folder / "levels.toml"
    path.write_text("part = [0.5, 1.0]\n")
    return path


def test_a_sampler_of_ones_own_searches_and_competes(run):
    where = "docs/examples/genetic.py:Genetic"
    code, out, err = run("study", "run", "one", *SAMPLE, "--sampler", where, "--trials", 4)
    assert (code, err) == (0, "")
    assert "4 trials are finished" in out
    assert "Genetic" in run("study", "list")[1]
    words = ("--strategies", f"grid,{where}", "--budget", 3, "--repeats", 2)
    code, out, _ = run("compare", *SAMPLE, *words, "--json", "-")
    names = {strategy["name"] for strategy in json.loads(out)["strategies"]}
    assert (code, names) == (0, {"grid", "Genetic"})


OTHERS = """
from sor_opt import DataError, Schedule
from sor_opt.allocators.fast.allocator import FastAllocator
from sor_opt.market.loaders.tabular import TabularLoader


class Half(Schedule):
    def due(self, view):
        return view.size / 2


class Same(FastAllocator):
    pass


class Format(TabularLoader):
    def load(self, source, symbol, timezone):
        if symbol == "REFUSED":
            raise DataError("is refused", file=source.path)
        return super().load(source, symbol, timezone)
"""


def test_a_schedule_an_allocator_and_a_loader_of_ones_own(run, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(OTHERS)
    words = ("--schedule", f"{path}:Half", "--format", f"{path}:Format")
    code, out, _ = run("backtest", *SAMPLE, *words, "--allocator", f"{path}:Same", "--json", "-")
    assert (code, json.loads(out)["policy"]) == (0, "Half x static")
    code, _, err = run("backtest", *SAMPLE, *words, "--symbol", "REFUSED")
    assert (code, "sample_quotes.csv.gz: is refused" in err) == (3, True)
    assert run("data", "inspect", SAMPLE[0], "--format", f"{path}:Format")[0] == 0


STEPS = """
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from sor_opt import Param, Range, Router


@dataclass(frozen=True)
class Steps(Router):
    step: Annotated[float, Param("own step", "shares"), Range(1, 10)] = 7.0
    urgency: int = 3

    def split(self, view, due):
        return np.zeros(len(view.ask))
"""


def test_what_a_named_class_says_of_a_parameter_goes_before_what_others_say(
    run, tmp_path, monkeypatch
):
    monkeypatch.setenv("COLUMNS", "200")
    path = tmp_path / "mine.py"
    path.write_text(STEPS)
    words = ("--router", f"{path}:Steps")
    out = run("backtest", *words, "--help")[1]
    assert "Own step, shares (Steps), 7 if left out." in out
    assert "(Steps), 3 if left out." in out
    assert "--step" not in run("grid", *words, "--help")[1]
    more = ("--router", f"{path}:Steps", "--urgency", 4, "--router", "sweep")
    code, _, err = run("backtest", *SAMPLE, *more)
    assert (code, err.count("\n")) == (2, 1)
    assert "--urgency goes with" in err


def test_two_classes_of_one_name_are_refused(run, tmp_path):
    for name in ("one.py", "two.py"):
        (tmp_path / name).write_text(STEPS)
    words = ("--router", f"{tmp_path}/one.py:Steps,{tmp_path}/two.py:Steps")
    code, _, err = run("backtest", *SAMPLE, *words)
    assert (code, "two classes have the name Steps; give one of them another" in err) == (2, True)


def test_what_a_file_of_levels_names_is_no_option_too(run, tmp_path):
    path = tmp_path / "levels.toml"
    path.write_text("step = [50, 100]\n")
    code, _, err = run("grid", *SAMPLE, "--levels", path, "--step", 10)
    assert (code, "levels.toml: step is given by an option too" in err) == (3, True)
    assert run("grid", *SAMPLE, "--levels", path, "--unit", "fraction")[0] == 0


def test_an_allocator_of_ones_own_is_held_against_the_oracle(run, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(OTHERS)
    words = ("--instances", 3, "--allocator", f"{path}:Same", "--json", "-")
    code, out, _ = run("validate", *words)
    assert (code, json.loads(out)["by_allocator"]["Same"]["solved"]) == (0, 6)
