"""Fixtures that every test may use."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# An example may be the first call of a function that is compiled then: no deadline tells a fault.
settings.register_profile("sor_opt", deadline=None)
settings.load_profile("sor_opt")

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """Find a file of the shared real data, or skip the test where it is absent."""
    folder = Path(os.environ.get("SOR_OPT_SHARED", ROOT.parent / "shared")) / "data"

    def find(name: str) -> Path:
        path = folder / name
        if not path.exists():
            pytest.skip(f"needs the real data file {name}")
        return path

    return find
