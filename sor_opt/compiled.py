"""Compiled functions, cached on disk under a name that changes with the package's source.

Numba's own cache watches the file of a function but not of those it calls, so after an upgrade or
an edit it would go on running a callee that no longer exists.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])

_PREFIX = "sor_opt-numba-"


def compiled(function: Function) -> Function:
    """Compile a function with numba at its first call, and keep the machine code."""
    folder = _folder()
    if folder is None:
        return cast("Function", numba.njit(function))
    # The setting is read when the function is decorated; others' functions keep theirs.
    settings: Any = numba.config
    previous, settings.CACHE_DIR = settings.CACHE_DIR, str(folder)
    try:
        return cast("Function", numba.njit(cache=True)(function))
    finally:
        settings.CACHE_DIR = previous


@cache
def _folder() -> Path | None:
    """The first writable place for this source's code; its predecessors there are removed."""
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for file in sorted(package.rglob("*.py")):
        digest.update(file.read_bytes())
    chosen: str = getattr(numba.config, "CACHE_DIR", "")
    places = [Path(chosen)] if chosen else [package / "__pycache__", Path.home() / ".cache"]
    for place in places:
        folder = place / f"{_PREFIX}{digest.hexdigest()[:16]}"
        if _writable(folder):
            for old in set(place.glob(f"{_PREFIX}*")) - {folder}:
                shutil.rmtree(old, ignore_errors=True)
            return folder
    return None


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return os.access(folder, os.W_OK)
    except OSError:
        return False
