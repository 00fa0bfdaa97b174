"""Compiled functions, cached on disk under a name that changes with the source that they reach.

Numba's own cache watches the file of a function but not of those it calls, so after an upgrade or
an edit it would go on running a callee that no longer exists. Here the name of the folder is a
digest of the function's module and of all modules of the package that it imports, directly or not.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import logging
import os
import pickle
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache, cached_property
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any, TypeVar, cast

import numba
from numba.core import event, types
from numba.core.caching import FunctionCache
from numba.core.ccallback import CFunc
from numba.core.registry import CPUDispatcher

log = logging.getLogger(__name__)

Function = TypeVar("Function", bound=Callable[..., Any])

KEEP_DAYS = 30
"""Code that nothing has asked for in so many days is removed."""

_PREFIX = "sor_opt-numba-"
_OPTIONS = {"nopython": True, "no_cfunc_wrapper": True}
_IN_ANY_ORDER = {"reassoc", "nsz"}
_ROOT = Path(__file__).parent
_KNOWN = {__name__.partition(".")[0], "numba", "numpy", "llvmlite", *sys.stdlib_module_names} - {
    "__main__"
}
"""Packages whose classes every process can import."""


def compiled(function: Function) -> Function:
    """Compile a function with numba at its first call, and keep the machine code.

    It lets other threads run meanwhile.
    """
    return _compile(function, _OPTIONS)


def summing(function: Function) -> Function:
    """As `compiled`, for sums of finite numbers that may be taken in any order: several at once.

    In which order depends on the processor, and so may the last digit.
    """
    return _compile(function, {**_OPTIONS, "fastmath": _IN_ANY_ORDER})


def inlined(function: Function) -> Function:
    """As `compiled`, and made part of each function that calls it.

    Each layer of calls is optimised again with all that it calls; this saves one.
    """
    return _compile(function, {**_OPTIONS, "inline": "always"})


def types_of(*examples: Any) -> tuple[Any, ...]:
    """The types of some arguments, for `addressed`."""
    return tuple(map(numba.typeof, examples))


def addressed(function: Function, arguments: tuple[Any, ...]) -> Function:
    """A compiled function as an argument of others, which call it by its address.

    These need not be compiled again for each function that they are given.

    Parameters
    ----------
    function : callable
        One that `compiled` or `inlined` made, which returns nothing and raises nothing: an error
        in it would be lost.
    arguments : tuple
        What `types_of` gives for arguments such as it will be called with.
    """
    if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
        return function
    dispatcher: Any = function
    return cast("Function", dispatcher.addressed(arguments))


def _compile(function: Function, options: dict[str, Any]) -> Function:
    if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
        return function
    dispatcher: Any = _Dispatcher(function, targetoptions={**options, "nogil": True})
    _keep(dispatcher, function, "outer")
    return cast("Function", dispatcher)


def _keep(made: Any, function: Any, kind: str) -> None:
    """Let what is made of a function keep its machine code on disk, apart from other kinds."""
    folder = _folder(function.__module__)
    if folder is None:
        return
    # The setting is read when a cache is made; others' functions keep theirs.
    settings: Any = numba.config
    previous, settings.CACHE_DIR = settings.CACHE_DIR, str(folder / kind)
    try:
        made._cache = _Cache(function)
    finally:
        settings.CACHE_DIR = previous


class _Dispatcher(CPUDispatcher):
    """What Python calls; compiled callers are given `inner`.

    That one has no wrapper for Python, which takes long to compile, and none of its signatures is
    for a literal argument.
    """

    @cached_property
    def inner(self) -> Any:
        """Made when the first compiled caller is compiled: mostly all comes from the cache."""
        options = {**self.targetoptions, "no_cpython_wrapper": True}
        inner: Any = CPUDispatcher(self.py_func, targetoptions=options)
        _keep(inner, self.py_func, "inner")
        return inner

    @cache  # noqa: B019 (a dispatcher lives as long as its module)
    def addressed(self, arguments: tuple[Any, ...]) -> Any:
        """Make what is called by its address, for arguments of some types."""
        kept = ("nopython", "nogil", "fastmath")
        options = {name: self.targetoptions[name] for name in kept if name in self.targetoptions}
        made: Any = CFunc(self.py_func, (arguments, types.void), {}, options)
        _keep(made, self.py_func, "addressed")
        made.compile()
        return made

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
    """Numba's cache, for several processes; a full disk costs the time to compile again.

    Numba names a file by which names are taken, so that two processes at once might each find the
    other's code under a signature.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Find complete machine code."""
        if _is_foreign(sig):
            return None
        with suppress(OSError), self._locked(fcntl.LOCK_SH):
            return super().load_overload(sig, target_context)
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the machine code, if there is room for it.

        That for a type of a user's own is not kept: the index of all signatures would need the
        user's module to be read.
        """
        if _is_foreign(sig):
            return
        with suppress(OSError), self._locked(fcntl.LOCK_EX):
            super().save_overload(sig, data)

    @contextmanager
    def _locked(self, how: int) -> Iterator[None]:
        folder = Path(self.cache_path)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("a") as file:
            fcntl.flock(file, how)
            yield


def _is_foreign(signature: Any) -> bool:
    """Whether a signature is for a class that neither the package nor what it needs defines."""
    classes = _Classes(io.BytesIO())
    classes.dump(signature)
    return bool(classes.roots - _KNOWN)


class _Classes(pickle.Pickler):
    """Collects the packages of all classes that an object is pickled with."""

    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__(stream)
        self.roots: set[str] = set()

    def reducer_override(self, obj: Any) -> Any:
        """Note where a class is from, and leave the rest to pickle."""
        if isinstance(obj, type):
            self.roots.add(obj.__module__.partition(".")[0])
        return NotImplemented


@cache
def _folder(module: str) -> Path | None:
    """The folder of a module's code in the first writable place; it counts as used today.

    None where no place is writable, or the module is none of the package.
    """
    place = _place()
    if place is None or not module.startswith("sor_opt."):
        return None
    digest = hashlib.sha256()
    for name in sorted(_reached(module)):
        digest.update(name.encode() + _file(name).read_bytes())
    folder = place / f"{_PREFIX}{digest.hexdigest()[:16]}"
    return folder if _writable(folder) else None


@cache
def _place() -> Path | None:
    """The first writable place for compiled code, cleared of what has not been used for long."""
    place = next(filter(_writable, _places()), None)
    if place is not None:
        oldest = time.time() - KEEP_DAYS * 24 * 3600
        for folder in place.glob(f"{_PREFIX}*"):
            with suppress(FileNotFoundError):  # another process may be clearing it too
                if folder.stat().st_mtime < oldest:
                    shutil.rmtree(folder, ignore_errors=True)
    return place


def _places() -> Iterator[Path]:
    """Numba's setting alone, if there is one.

    Else beside the code, the user's cache folder, and a private one among the temporary files.
    """
    setting: str = getattr(numba.config, "CACHE_DIR", "")
    if setting:
        yield Path(setting)
        return
    yield _ROOT / "__pycache__"
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
    """Whether files can be made in a folder; it is made where it is missing, and marked as used."""
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
    """Modules of the package that a module may import itself.

    Those are every dotted name in its bytecode, and every name that is a module of such a package.
    """
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
