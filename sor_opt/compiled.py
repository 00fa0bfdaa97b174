"""Compiled functions, cached on disk under a name that changes with the source that they reach.

Numba's own cache watches the file of a function but not of those it calls, so after an upgrade or
an edit it would go on running a callee that no longer exists. Here the name of the folder is a
digest of the function's module and of all modules of the package that it imports, directly or not.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any, TypeVar, cast

import numba
from numba.core import event, types
from numba.core.caching import FunctionCache
from numba.core.registry import CPUDispatcher

log = logging.getLogger(__name__)

Function = TypeVar("Function", bound=Callable[..., Any])

KEEP_DAYS = 30
"""Code that nothing has asked for in so many days is removed."""

_PREFIX = "sor_opt-numba-"
_OPTIONS = {"nopython": True, "no_cfunc_wrapper": True}
_IN_ANY_ORDER = {"reassoc", "nsz"}
_ROOT = Path(__file__).parent


def compiled(function: Function) -> Function:
    """Compile a function with numba at its first call, and keep the machine code.

    It lets other threads run meanwhile.
    """
    return _compile(function, _OPTIONS)


def summing(function: Function) -> Function:
    """As `compiled`, for sums of finite numbers that may be taken in any order: several at once."""
    return _compile(function, {**_OPTIONS, "fastmath": _IN_ANY_ORDER})


def inlined(function: Function) -> Function:
    """As `compiled`, and made part of each function that calls it.

    Each layer of calls is optimised again with all that it calls; this saves one.
    """
    return _compile(function, {**_OPTIONS, "inline": "always"})


def _compile(function: Function, options: dict[str, Any]) -> Function:
    if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
        return function
    inner: Any = CPUDispatcher(function, targetoptions={**options, "no_cpython_wrapper": True})
    outer: Any = _Dispatcher(function, targetoptions={**options, "nogil": True})
    outer.inner = inner
    folder = _folder(function.__module__)
    if folder is not None:
        # The setting is read when a cache is made; others' functions keep theirs.
        settings: Any = numba.config
        previous, settings.CACHE_DIR = settings.CACHE_DIR, str(folder)
        try:
            outer._cache, inner._cache = _Cache(function, "outer"), _Cache(function, "inner")
        finally:
            settings.CACHE_DIR = previous
    return cast("Function", outer)


class _Dispatcher(CPUDispatcher):
    """What Python calls; compiled callers are given `inner`.

    That one has no wrapper for Python, which takes long to compile, and none of its signatures is
    for a literal argument.
    """

    inner: Any

    def get_call_template(self, args: Any, kws: Any) -> Any:
        """Type a call from compiled code."""
        plain = {name: types.unliteral(given) for name, given in kws.items()}
        return self.inner.get_call_template([types.unliteral(given) for given in args], plain)

    def get_overload(self, sig: Any) -> Any:
        """Find what compiled code calls."""
        return self.inner.get_overload(sig)


class _Watch(event.Listener):
    """Logs what is compiled: each function as DEBUG, and INFO when none is left."""

    def __init__(self) -> None:
        self._open = self._done = 0
        self._began = 0.0

    def on_start(self, event: Any) -> None:  # noqa: ARG002 (numba calls it so)
        """Log that one begins."""
        if self._open == 0:
            self._began = time.perf_counter()
        self._open += 1
        log.debug("compiling, once for this version: %d functions done", self._done)

    def on_end(self, event: Any) -> None:  # noqa: ARG002 (numba calls it so)
        """Log the end of the outermost."""
        self._open -= 1
        self._done += 1
        if self._open == 0:
            seconds = time.perf_counter() - self._began
            log.info("compiled %d functions so far, the last ones in %.1f s", self._done, seconds)


event.register("numba:compile", _Watch())


class _Cache(FunctionCache):
    """Numba's cache, where a full disk costs the time to compile again and nothing else."""

    def __init__(self, function: Callable[..., Any], kind: str) -> None:
        super().__init__(function)
        self._kind = kind

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the machine code, if there is room for it."""
        with suppress(OSError):
            super().save_overload(sig, data)

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        return (*super()._index_key(sig, codegen), self._kind)


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
    places = [Path(chosen)] if chosen else [_ROOT / "__pycache__", *_places_of_the_user()]
    place = next(filter(_writable, places), None)
    if place is not None:
        oldest = time.time() - KEEP_DAYS * 24 * 3600
        for folder in place.glob(f"{_PREFIX}*"):
            with suppress(FileNotFoundError):  # another process may be clearing it too
                if folder.stat().st_mtime < oldest:
                    shutil.rmtree(folder, ignore_errors=True)
    return place


def _places_of_the_user() -> Iterator[Path]:
    """The user's cache folder, or else one of the user's own among the temporary files."""
    chosen = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(chosen):  # a relative one counts as none, says the XDG specification
        yield Path(chosen)
    with suppress(RuntimeError):  # neither HOME nor an entry in passwd
        yield Path.home() / ".cache"
    folder = Path(tempfile.gettempdir()) / f"sor_opt-{os.getuid()}"
    with suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        # Whoever else can write there could have us run what they like.
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o77:
            yield folder


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
    """Modules of the package that a module imports itself, or whose name it uses as if."""
    names = set(_names(SourceFileLoader(module, str(_file(module))).get_code(module)))
    dotted = {name for name in names if name.startswith("sor_opt.")}
    packages = {name for name in dotted if _file(name).name == "__init__.py"}
    dotted |= {f"{package}.{name}" for package in packages for name in names}
    return frozenset(name for name in dotted if _file(name).is_file())


def _names(code: CodeType | None) -> Iterator[str]:
    """All names in some bytecode; it is read much faster than the source is parsed."""
    if code is not None:
        yield from code.co_names
        for inner in code.co_consts:
            if isinstance(inner, CodeType):
                yield from _names(inner)


def _file(module: str) -> Path:
    path = _ROOT.joinpath(*module.split(".")[1:])
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
