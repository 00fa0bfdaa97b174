"""Ctrl-C at the worst moments."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import search_fakes

import sor_opt
from sor_opt.search.studies.interrupt import listening

HOMES = (str(Path(search_fakes.__file__).parent), str(Path(sor_opt.__file__).parents[1]))
DATA = Path(__file__).parents[3] / "data" / "sample_quotes.csv.gz"

AT_THE_FIRST_DRAW = """
import os, signal, sys

def watch(frame, event, _):
    "Interrupt when scipy reads its direction numbers, in code that swallows exceptions."
    if event == "call" and frame.f_code.co_name == "read_array":
        sys.setprofile(None)
        print("interrupted", file=sys.stderr)
        os.kill(os.getpid(), signal.SIGINT)

sys.setprofile(watch)
"""

STUDY = """
from search_fakes import SPACE, Staircase
from sor_opt.search.studies.study import StudyRun, run_study

result = run_study(StudyRun("one", Staircase(), SPACE, "qmc", 5, storage=None))
print(result.note())
"""

COMMAND = """
from sor_opt.cli import main
sys.argv = ["sor-opt", *sys.argv[1:]]
main()
"""


def interrupted(script, *words):
    done = subprocess.run(
        [sys.executable, "-c", AT_THE_FIRST_DRAW + script, *words],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(HOMES)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stderr.startswith("interrupted\n")
    return done


def test_an_interrupt_within_the_first_draw_ends_a_study():
    assert interrupted(STUDY).stdout == "interrupted after 1 of 5 trials\n"


def test_an_interrupt_within_the_first_draw_ends_the_command(tmp_path):
    orders = ("--every", "60m", "--size", "300", "--sampler", "qmc", "--trials", "5")
    storage = ("--storage", str(tmp_path / "s.db"))
    done = interrupted(COMMAND, "study", "run", "one", str(DATA), *orders, *storage)
    assert done.returncode == 1
    assert "interrupted after 1 of 5 trials" in done.stdout
    assert "interrupted; this resumes it: sor-opt study run one" in done.stderr


def test_an_interrupt_within_the_first_draw_ends_a_comparison():
    orders = ("--every", "60m", "--size", "300", "--strategies", "qmc", "--budget", "3")
    done = interrupted(COMMAND, "compare", str(DATA), *orders, "--repeats", "2")
    assert (done.returncode, done.stdout) == (130, "")


def test_signals_that_come_after_the_run_are_python_s_own_again():
    before = signal.getsignal(signal.SIGINT)
    with listening(signal.SIGINT) as stop:
        assert not stop()
        os.kill(os.getpid(), signal.SIGINT)
        assert stop()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
