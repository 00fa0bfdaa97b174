"""The public interface, and what it costs to import it."""

from __future__ import annotations

import subprocess
import sys

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


@pytest.mark.parametrize("statement", ["import sor_opt", "import sor_opt.cli"])
def test_nothing_slow_is_imported_before_it_is_used(statement):
    slow = ["numpy", "numba", "pandas", "optuna", "pulp", "matplotlib", "pyarrow", "scipy"]
    code = f"import sys; {statement}; print([m for m in {slow!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_errors_form_one_tree_and_carry_their_exit_codes():
    codes = {
        error: error.exit_code
        for error in (sor_opt.ConfigError, sor_opt.DataError, sor_opt.SolverError)
    }
    assert list(codes.values()) == [2, 3, 4]
    assert all(issubclass(error, sor_opt.SorOptError) for error in codes)
