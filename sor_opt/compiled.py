"""Compiled functions, cached on disk under a name that changes with the source that they reach.

Numba's own cache watches the file of a function but not of those it calls, so after an upgrade or
an edit it would go on running a callee that no longer exists. Here the name of the folder is a
digest of the function's module and of all modules of the package that it imports, directly or not.
"""

from __future__ import annotations

import ast
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core.caching import FunctionCache

Function = TypeVar("Function", bound=Callable[..., Any])

KEEP_DAYS = 30
"""Code that nothing has asked for in so many days is removed."""

_PREFIX = "sor_opt-numba-"
_ROOT = Path(__file__).parent


def compiled(function: Function) -> Function:
    """Compile a function with numba at its first call, and keep the machine code."""
    folder = _folder(function.__module__)
    if folder is None:
        return cast("Function", numba.njit(function, nogil=True))
    # The setting is read when the function is decorated; others' functions keep theirs.
    settings: Any = numba.config
    previous, settings.CACHE_DIR = settings.CACHE_DIR, str(folder)
    try:
        dispatcher = numba.njit(function, nogil=True)
        dispatcher._cache = _Cache(function)  # type: ignore[no-untyped-call]
        return cast("Function", dispatcher)
    finally:
        settings.CACHE_DIR = previous


class _Cache(FunctionCache):
    """Numba's cache, where a full disk costs the time to compile again and nothing else."""

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the machine code, if there is room for it."""
        with suppress(OSError):
            super().save_overload(sig, data)  # type: ignore[no-untyped-call]


@cache
def _folder(module: str) -> Path | None:
    """The folder of a module's code in the first writable place; it counts as used today."""
    place = _place()
    if place is None:
        return None
    digest = hashlib.sha256()
    for name in sorted(_reached(module)):
        digest.update(name.encode() + _file(name).read_bytes())
    folder = place / f"{_PREFIX}{digest.hexdigest()[:16]}"
    return folder if _writable(folder) else None


@cache
def _place() -> Path | None:
    """The first writable place for compiled code, cleared of what has not been used for long."""
    chosen: str = getattr(numba.config, "CACHE_DIR", "")
    places = [Path(chosen)] if chosen else [_ROOT / "__pycache__", Path.home() / ".cache"]
    place = next(filter(_writable, places), None)
    if place is not None:
        oldest = time.time() - KEEP_DAYS * 24 * 3600
        for folder in place.glob(f"{_PREFIX}*"):
            with suppress(FileNotFoundError):  # another process may be clearing it too
                if folder.stat().st_mtime < oldest:
                    shutil.rmtree(folder, ignore_errors=True)
    return place


def _writable(folder: Path) -> bool:
    """Whether files can be made in a folder, which is made where it is missing, and touched."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            os.utime(folder)
            return os.access(folder, os.W_OK)
    except OSError:
        return False


def _reached(module: str) -> set[str]:
    """All modules of the package that a module imports, directly or not, and itself."""
    reached: set[str] = set()
    waiting = {module}
    while waiting:
        name = waiting.pop()
        reached.add(name)
        waiting |= _imports(name) - reached
    return reached


@cache
def _imports(module: str) -> frozenset[str]:
    """Modules of the package that a module imports itself."""
    return frozenset(
        name
        for node in ast.walk(ast.parse(_file(module).read_bytes()))
        for name in _named(node)
        if name.startswith("sor_opt.") and _file(name).is_file()
    )


def _named(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _file(module: str) -> Path:
    path = _ROOT.joinpath(*module.split(".")[1:])
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
