"""The public interface, and what it costs to import it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import sor_opt


@pytest.mark.parametrize("name", sor_opt.__all__)
def test_every_public_name_is_there_and_documented(name):
    found = getattr(sor_opt, name)
    if callable(found):
        assert found.__doc__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_name"):
        sor_opt.no_such_name  # noqa: B018


def test_what_type_checkers_see_is_what_there_is():
    stub = Path(sor_opt.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    seen = {}
    for node in ast.parse(stub).body:
        if isinstance(node, ast.ImportFrom):
            (alias,) = node.names
            assert alias.name == alias.asname, alias.name  # else it is not exported
            seen[alias.name] = node.module
    assert ["__version__", *seen] == sor_opt.__all__
    assert sorted(sor_opt.__all__) == dir(sor_opt)
    for name, home in seen.items():
        assert getattr(sor_opt, name) is getattr(sys.modules[home], name)


@pytest.mark.parametrize("statement", ["import sor_opt", "import sor_opt.cli"])
def test_nothing_slow_is_imported_before_it_is_used(statement):
    slow = ["numpy", "numba", "pandas", "optuna", "pulp", "matplotlib", "pyarrow", "scipy"]
    code = f"import sys; {statement}; print([m for m in {slow!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_package_runs_as_the_command_line_does():
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        call = [sys.executable, "-m", "sor_opt", *words]
        return subprocess.run(call, capture_output=True, text=True, check=False)

    assert "Usage: python -m sor_opt [OPTIONS] COMMAND" in run("--help").stdout
    unknown = run("no-such-command")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert unknown.stderr.startswith("error: No such command")


def test_errors_form_one_tree_and_carry_their_exit_codes():
    codes = {
        error: error.exit_code
        for error in (sor_opt.ConfigError, sor_opt.DataError, sor_opt.SolverError)
    }
    assert list(codes.values()) == [2, 3, 4]
    assert all(issubclass(error, sor_opt.SorOptError) for error in codes)
