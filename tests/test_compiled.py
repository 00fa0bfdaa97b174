"""The cache of compiled code."""

from __future__ import annotations

import fcntl
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
from sor_opt.models.snapshot import queues_ahead
from sor_opt.models.static import count_rungs
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


def run_script(package, cache, script, stream="stdout", **environment):
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={
            **os.environ,
            "PYTHONPATH": str(package.parent),
            "NUMBA_CACHE_DIR": str(cache),
            **environment,
        },
        cwd=package.parent,
    )
    return str(getattr(done, stream))


def rungs(package, cache, script=SCRIPT, **environment):
    return int(run_script(package, cache, script, **environment))


def code(cache):
    """Names of the folders, and of the compiled files in them."""
    return {file.relative_to(cache) for file in cache.rglob("*.nbc")}


def test_an_edited_callee_is_compiled_anew(package, tmp_path):
    """Numba alone would run the old callee inside a caller whose own file did not change."""
    cache = tmp_path / "cache"
    assert rungs(package, cache) == 3
    before = code(cache)
    static = package / "models" / "static.py"
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
    folders = set(cache.glob("sor_opt-numba-*"))
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


@pytest.fixture
def sealed(package):
    """The package as others installed it: nothing can be written beside the code."""
    (package / "__pycache__").write_text("no folder")
    return package


def test_the_cache_follows_xdg_cache_home(sealed, tmp_path):
    assert rungs(sealed, "", XDG_CACHE_HOME=str(tmp_path / "xdg"), HOME=str(tmp_path)) == 3
    assert code(tmp_path / "xdg")
    assert not (tmp_path / ".cache").exists()


def test_a_relative_xdg_cache_home_counts_as_none(sealed, tmp_path):
    rungs(sealed, "", XDG_CACHE_HOME="xdg", HOME=str(tmp_path / "home"))
    assert code(tmp_path / "home" / ".cache")


NOBODY = """
import os, pwd
def unknown(uid):
    raise KeyError(uid)
pwd.getpwuid = unknown
del os.environ["HOME"]
"""


def test_without_a_home_the_cache_is_a_private_folder_among_the_temporary_files(sealed, tmp_path):
    assert rungs(sealed, "", NOBODY + SCRIPT, XDG_CACHE_HOME="", TMPDIR=str(tmp_path)) == 3
    folder = tmp_path / f"sor_opt-{os.getuid()}"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert code(folder)


def test_a_temporary_folder_that_others_can_write_to_is_not_used(sealed, tmp_path):
    folder = tmp_path / f"sor_opt-{os.getuid()}"
    folder.mkdir()
    folder.chmod(0o777)
    assert rungs(sealed, "", NOBODY + SCRIPT, XDG_CACHE_HOME="", TMPDIR=str(tmp_path)) == 3
    assert not code(folder)


def test_a_literal_argument_makes_no_signature_of_its_own(package, tmp_path):
    """Each would be compiled, with all that it calls."""
    (package / "probe.py").write_text(
        "from sor_opt.compiled import compiled\n"
        "@compiled\n"
        "def more(x, count, double): return x + count if double else x\n"
        "@compiled\n"
        "def caller(x): return more(x, 1, True) + more(x, 2, False) + more(x, len('abc'), x > 0)\n"
    )
    script = "from sor_opt.probe import caller, more\nprint(caller(1), len(more.inner.overloads))"
    done = run_script(package, tmp_path / "cache", script)
    assert done.split() == ["7", "1"]


def test_code_for_a_type_of_ones_own_is_not_kept(package, tmp_path):
    """Its signature would stand in an index that no process without that type could read."""
    (package / "probe.py").write_text(
        "from sor_opt.compiled import compiled\n@compiled\ndef first(form): return form[0] * 2\n"
    )
    own = tmp_path / "own_types.py"
    own.write_text("from typing import NamedTuple\nclass Form(NamedTuple):\n    part: float\n")
    cache, end = tmp_path / "cache", "from sor_opt.probe import first\nprint(first({}))"
    mine = f"from own_types import Form\n{end.format('Form(2.0)')}"
    assert run_script(package, cache, mine) == "4.0\n"
    assert not code(cache)
    own.unlink()
    for _ in range(2):
        assert run_script(package, cache, end.format("(2.0,)")) == "4.0\n"
    assert len(code(cache)) == 1


def test_what_is_compiled_is_logged_until_it_is_done(package, tmp_path):
    script = f"import logging\nlogging.basicConfig(level=logging.DEBUG)\n{SCRIPT}"
    first, second = (run_script(package, tmp_path / "cache", script, "stderr") for _ in range(2))
    assert "DEBUG:sor_opt.compiled:compiling, once for this version: 0 functions done" in first
    assert first.strip().splitlines()[-1].startswith("INFO:sor_opt.compiled:compiled")
    assert "sor_opt.compiled" not in second


def test_code_is_neither_read_nor_kept_while_another_process_keeps_some(package, tmp_path):
    """Numba names a file by which names are taken, and would let two processes take one."""
    cache = tmp_path / "cache"
    rungs(package, cache)
    locks = [path.open("a") for path in cache.rglob("lock")]
    assert locks
    for lock in locks:
        fcntl.flock(lock, fcntl.LOCK_EX)
    script = f"import sor_opt.models.static\nprint('ready', flush=True)\n{SCRIPT}"
    environment = {
        **os.environ,
        "PYTHONPATH": str(package.parent),
        "NUMBA_CACHE_DIR": str(cache),
    }
    waiting = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=package.parent,
    )
    assert waiting.stdout.readline() == "ready\n"
    time.sleep(1.5)
    assert waiting.poll() is None
    for lock in locks:
        lock.close()
    assert waiting.communicate()[0] == "3\n"


def test_no_folder_is_made_among_the_temporary_files_where_another_can_be_used(package, tmp_path):
    rungs(package, "", TMPDIR=str(tmp_path))
    assert not list(tmp_path.glob("sor_opt-*"))


FIRST = """
from sor_opt.compiled import compiled

@compiled
def double(shares):
    shares[0] *= 2
"""

SECOND = """
from sor_opt.compiled import compiled

@compiled
def apply(function, shares):
    function(shares)
"""

APPLIED = """
import numpy as np
from sor_opt.compiled import addressed, types_of
from sor_opt.second import apply
from sor_opt.first import double
shares = np.array([4.0])
apply(addressed(double, types_of(shares)), shares)
print(shares[0])
"""


def test_a_function_that_is_given_is_kept_and_follows_its_source(package, tmp_path):
    cache = tmp_path / "cache"
    (package / "first.py").write_text(FIRST)
    (package / "second.py").write_text(SECOND)
    assert run_script(package, cache, APPLIED) == "8.0\n"
    kept = code(cache)
    watched = "import logging; logging.basicConfig(level=logging.DEBUG)" + APPLIED
    assert run_script(package, cache, watched, "stderr").count("compiling") == 0
    assert code(cache) == kept
    (package / "first.py").write_text(FIRST.replace("*= 2", "*= 3"))
    assert run_script(package, cache, APPLIED) == "12.0\n"


GIVEN = """
import numpy as np
from sor_opt.compiled import addressed, compiled, types_of
from sor_opt.first import double

@compiled
def triple(shares):
    shares[0] *= 3

one, other = types_of(np.zeros(2)), types_of(np.ones(1))
print(addressed(double, one) is addressed(double, other))
print(addressed(double, one) is addressed(triple, one))
"""


def test_for_each_function_and_types_there_is_one_address(package, tmp_path):
    (package / "first.py").write_text(FIRST)
    assert run_script(package, tmp_path / "cache", GIVEN) == "True\nFalse\n"
