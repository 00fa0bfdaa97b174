"""The cache of compiled code."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import sor_opt
from sor_opt.compiled import KEEP_DAYS

SCRIPT = """
from sor_opt.market.tape import Quotes
from sor_opt.model.placement import queues_ahead
from sor_opt.model.static import count_rungs
print(count_rungs(250.0, 100.0, False))
"""


@pytest.fixture
def package(tmp_path):
    shutil.copytree(
        Path(sor_opt.__file__).parent,
        tmp_path / "sor_opt",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    return tmp_path / "sor_opt"


def rungs(package, cache, script=SCRIPT):
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={
            **os.environ,
            "PYTHONPATH": str(package.parent),
            "NUMBA_CACHE_DIR": str(cache),
        },
        cwd=package.parent,
    )
    return int(done.stdout)


def code(cache):
    """Names of the folders, and of the compiled files in them."""
    return {file.relative_to(cache) for file in cache.rglob("*.nbc")}


def test_an_edited_callee_is_compiled_anew(package, tmp_path):
    """Numba alone would run the old callee inside a caller whose own file did not change."""
    cache = tmp_path / "cache"
    assert rungs(package, cache) == 3
    before = code(cache)
    static = package / "model" / "static.py"
    text = static.read_text()
    assert "whole if strict else whole + 1" in text
    static.write_text(text.replace("whole if strict else whole + 1", "whole if strict else 77"))
    assert rungs(package, cache) == 77
    assert code(cache) > before


def test_an_edit_elsewhere_compiles_nothing(package, tmp_path):
    cache = tmp_path / "cache"
    rungs(package, cache)
    before = code(cache)
    assert before
    for other in ("report/tables.py", "cli/study.py", "search/grid.py", "market/synthetic.py"):
        (package / other).write_text((package / other).read_text() + "\n# any change\n")
    assert rungs(package, cache) == 3
    assert code(cache) == before


def test_code_of_another_version_stays_until_nothing_has_used_it_for_long(package, tmp_path):
    cache = tmp_path / "cache"
    fresh, old, other = (
        cache / name for name in ("sor_opt-numba-1", "sor_opt-numba-2", "not-of-ours")
    )
    for folder in (fresh, old, other):
        folder.mkdir(parents=True)
    long_ago = time.time() - (KEEP_DAYS + 1) * 24 * 3600
    for folder in (old, other):
        os.utime(folder, (long_ago, long_ago))
    rungs(package, cache)
    assert fresh.is_dir()
    assert not old.exists()
    assert other.is_dir()


def test_code_in_use_does_not_grow_old(package, tmp_path):
    cache = tmp_path / "cache"
    rungs(package, cache)
    folders = {file.parent.parent for file in cache.rglob("*.nbc")}
    almost = time.time() - (KEEP_DAYS - 1) * 24 * 3600
    for folder in folders:
        os.utime(folder, (almost, almost))
    rungs(package, cache)
    assert folders
    assert all(time.time() - folder.stat().st_mtime < 3600 for folder in folders)


def test_a_full_disk_costs_nothing_but_the_time_to_compile(package, tmp_path):
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
    assert rungs(package, tmp_path / "cache", limit + SCRIPT) == 3
    assert not code(tmp_path / "cache")
