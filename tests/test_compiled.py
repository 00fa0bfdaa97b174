"""The cache of compiled code."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import sor_opt

SCRIPT = """
from sor_opt.market.tape import Quotes
from sor_opt.model.static import count_rungs
print(count_rungs(250.0, 100.0, False))
"""


def rungs(package_parent, cache):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(package_parent), "NUMBA_CACHE_DIR": str(cache)},
        cwd=package_parent,
    )
    return int(done.stdout)


def test_an_edited_callee_is_compiled_anew(tmp_path):
    """Numba alone would run the old callee inside a caller whose own file did not change."""
    shutil.copytree(
        Path(sor_opt.__file__).parent,
        tmp_path / "sor_opt",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    cache = tmp_path / "cache"
    assert rungs(tmp_path, cache) == 3
    before = {folder.name for folder in cache.iterdir()}
    risk = tmp_path / "sor_opt" / "model" / "risk.py"
    risk.write_text(risk.read_text() + "\n# any change\n")
    assert rungs(tmp_path, cache) == 3
    after = {folder.name for folder in cache.iterdir()}
    assert len(before) == len(after) == 1
    assert before != after
