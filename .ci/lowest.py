#!/usr/bin/env python3.11
"""Test with the lowest versions that pyproject.toml allows, on the lowest Python.

Installs them into a fresh environment, `.venv-lowest`, and runs pytest there, with the words given
here, or on the tests of what the project takes from other packages.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
PLACE = ROOT / ".venv-lowest"

QUICK = (
    "tests/test_docstrings.py",
    "tests/test_compiled.py",
    "tests/market/test_loaders_conformance.py",
    "tests/market/test_parquet.py",
    "tests/allocators/test_conformance.py",
    "tests/allocators/test_integer.py",
    "tests/search/samplers",
    "tests/search/studies/test_storage.py",
    "tests/search/studies/test_tables.py",
    "tests/search/test_significance.py",
    "tests/report",
    "tests/cli/test_backtest.py",
    "tests/cli/test_console.py",
    "tests/cli/test_data.py",
)


def lowest(requirement: str) -> str:
    """The one version that a requirement's lower bound names, as a constraint of pip's."""
    parts = re.fullmatch(r"([\w.-]+)(?:\[[\w,]+\])?>=([\w.]+)[^;]*(;.*)?", requirement)
    if parts is None:
        raise SystemExit(f"pyproject.toml: {requirement!r} has no lower bound")
    name, version, marker = parts.groups(default="")
    return f"{name}=={version}{marker}"


def run_python(*words: str | Path) -> None:
    """Run the new environment's Python; end where it fails."""
    code = subprocess.run([PLACE / "bin" / "python", *words], cwd=ROOT, check=False).returncode
    if code:
        sys.exit(code)


def main() -> None:
    """Install and test."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    requirements = [*project["dependencies"], *(each for extra in extras for each in extra)]
    venv.create(PLACE, clear=True, with_pip=True)
    constraints = PLACE / "lowest.txt"
    constraints.write_text("\n".join(map(lowest, requirements)), encoding="utf-8")
    run_python("-m", "pip", "install", "-q", "-c", constraints, "-e", ".[dev]")
    run_python("-m", "pytest", *(sys.argv[1:] or QUICK))


if __name__ == "__main__":
    main()
