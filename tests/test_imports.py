"""What importing the package does to its process: nothing; and what it imports of Optuna."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import sor_opt

ROOT = Path(__file__).parents[1]

SCRIPT = """
import importlib, logging, pkgutil, signal, sys, warnings
import optuna

def state():
    loggers = [logging.getLogger(name) for name in (None, "optuna", "alembic")]
    return {
        "loggers": [(each.level, each.handlers[:], each.propagate) for each in loggers],
        "verbosity": optuna.logging.get_verbosity(),
        "warnings": (warnings.filters[:], warnings.showwarning),
        "signals": [signal.getsignal(number) for number in sorted(signal.valid_signals())],
        "hooks": (sys.excepthook, sys.displayhook),
    }

for library in ("matplotlib.pyplot", "numba", "pandas", "pulp", "rich", "scipy.stats", "typer"):
    importlib.import_module(library)  # what they change is theirs
before = state()

import sor_opt

names = [each.name for each in pkgutil.walk_packages(sor_opt.__path__, "sor_opt.")]
for name in names:
    if not name.endswith("__main__"):
        importlib.import_module(name)
after = state()
print(len(names), [part for part in before if before[part] != after[part]])
"""


def test_no_module_changes_a_global_of_a_library_or_of_python():
    home = str(Path(sor_opt.__file__).parents[1])
    path = os.pathsep.join((home, os.environ.get("PYTHONPATH", "")))
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    count, changed = done.stdout.split(maxsplit=1)
    assert int(count) > 100
    assert changed.strip() == "[]"


def test_nothing_private_of_optuna_is_used():
    """Its next release may take it away."""
    private = re.compile(r"optuna(\.\w+)*\._|\._(?:trial|study)_id\b")
    files = [
        file for part in ("sor_opt", "tests", "benchmarks") for file in ROOT.glob(f"{part}/**/*.py")
    ]
    found = [str(file) for file in files if private.search(file.read_text(encoding="utf-8"))]
    assert len(files) > 250
    assert found == []
