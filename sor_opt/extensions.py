"""A user's own classes, which live in files outside the package: ``path/to/mine.py:Class``.

Only what the caller names is imported, never what a file or a database names.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import io
import pickle
import sys
import traceback
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from sor_opt.errors import ConfigError, SorOptError

Kind = TypeVar("Kind")

_PREFIX = "sor_opt_extension_"


class _Loaded(NamedTuple):
    """A file that has been imported, and the digest of what it held then."""

    path: Path
    digest: str


_loaded: dict[str, _Loaded] = {}
"""By the name of the module that was made of it."""


def is_place(name: str) -> bool:
    """Whether a name is a file and a class rather than the name of a row."""
    path, colon, _ = name.rpartition(":")
    return bool(colon) and path.endswith(".py")


def load_class(where: str, base: type[Kind]) -> type[Kind]:
    """Import a class from a file.

    What lies beside the file can be imported by it, after all that is installed.

    Parameters
    ----------
    where : str
        ``path/to/mine.py:Class``.
    base : type
        What it must be a subclass of.

    Raises
    ------
    ConfigError
        If there is no such file or class, the file fails (the text names its line), or the class
        is none of the kind.
    """
    path, _, name = where.rpartition(":")
    module = _import(Path(path))
    found = getattr(module, name, None)
    if not isinstance(found, type):
        held = [
            each.__name__
            for each in vars(module).values()
            if isinstance(each, type) and each.__module__ == module.__name__
        ]
        raise ConfigError(f"{path} holds no class {name!r}; it holds {', '.join(held) or 'none'}")
    if not issubclass(found, base):
        raise ConfigError(f"{_at(found)}: {name} is no subclass of {base.__name__}")
    missing = sorted(getattr(found, "__abstractmethods__", ()))
    if missing:
        raise ConfigError(f"{_at(found)}: {name} has no method {', '.join(missing)}")
    return found


def source_digest(kind: type) -> str | None:
    """Tell a class from others of its name, by the file that it is written in.

    The files of its bases count too, as far as they lie beside it; nothing else that it imports.

    Returns
    -------
    str or None
        None for a class of the package.

    Raises
    ------
    ConfigError
        If its source cannot be read.
    """
    module = kind.__module__
    if module.partition(".")[0] == "sor_opt":
        return None
    try:
        file = Path(inspect.getfile(kind)).resolve()
        own = _loaded[module].digest if module in _loaded else _digest(file.read_bytes())
        bases = {
            Path(inspect.getfile(base)).resolve()
            for base in kind.__mro__
            if base.__module__.partition(".")[0] not in ("sor_opt", *sys.stdlib_module_names)
        }
        beside = sorted(base for base in bases - {file} if base.parent == file.parent)
        digests = [own, *(_digest(base.read_bytes()) for base in beside)]
        return own if not beside else _digest(" ".join(digests).encode())
    except (OSError, TypeError) as error:
        raise ConfigError(
            f"the source of {kind.__name__} cannot be read, so nothing tells it from another "
            "class; write it in a file"
        ) from error


def dumps(work: Any) -> bytes:
    """Pickle an object, with the classes that were loaded from files by their places.

    `pickle.loads` in another process imports them again, and fails where a file has changed.
    """
    stream = io.BytesIO()
    _Pickler(stream, pickle.HIGHEST_PROTOCOL).dump(work)
    return stream.getvalue()


def place_of(kind: type) -> str:
    """Where a class is that was loaded from a file, as an error begins; empty for others."""
    return f"{_at(kind)}: " if kind.__module__ in _loaded else ""


def own_error(error: Exception) -> Exception:
    """The error with the file and the line where a class loaded from a file has failed.

    The same error where it comes from elsewhere.
    """
    if isinstance(error, SorOptError):
        return error
    files = {str(loaded.path) for loaded in _loaded.values()}
    frames = traceback.extract_tb(error.__traceback__)
    within = [frame for frame in frames if frame.filename in files]
    called = _called(error)
    if not within and called is None:
        return error
    at = f"{_shown(within[-1].filename)}, line {within[-1].lineno}" if within else _at(called)
    text = f"{at}: {type(error).__name__}: {error}"
    return ConfigError(text).with_traceback(error.__traceback__)


def _called(error: Exception) -> Any:
    """The class loaded from a file whose method does not take what it is called with."""
    if isinstance(error, TypeError):
        for module in map(sys.modules.get, _loaded):
            for kind in vars(module).values() if module else ():
                if isinstance(kind, type) and str(error).startswith(f"{kind.__qualname__}."):
                    return kind
    return None


def _at(kind: Any) -> str:
    """Where a class is: its file, and its line if it has one."""
    path = _shown(inspect.getfile(kind))
    try:
        return f"{path}, line {inspect.getsourcelines(kind)[1]}"
    except OSError:  # it is made by a call
        return path


class _Pickler(pickle.Pickler):
    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, type) and obj.__module__ in _loaded:
            return _restored, (obj.__qualname__, *_loaded[obj.__module__])
        return NotImplemented


def _restored(name: str, path: Path, digest: str) -> type:
    module = _import(path)
    if _loaded[module.__name__].digest != digest:
        raise ConfigError(f"{path} has changed since the run began; start it again")
    found: type = getattr(module, name)
    return found


def _import(path: Path) -> Any:
    try:
        source = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    place = path.resolve()
    name = f"{_PREFIX}{place.stem}_{_digest(str(place).encode())}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, place)
    if spec is None:
        raise ConfigError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    module.__file__ = str(place)
    sys.modules[name] = module  # dataclasses look their annotations up there
    _loaded[name] = _Loaded(place, _digest(source))
    if str(place.parent) not in sys.path:
        sys.path.append(str(place.parent))
    try:
        exec(compile(source, str(place), "exec", dont_inherit=True), vars(module))
    except Exception as error:
        del sys.modules[name]
        raise _failed(error, place) from error
    return module


def _failed(error: Exception, place: Path) -> Exception:
    if isinstance(error, SyntaxError):
        line = f", line {error.lineno}" if error.lineno else ""
        return ConfigError(f"{_shown(error.filename or place)}{line}: {error.msg}")
    found = own_error(error)
    if found is not error:
        return found
    return ConfigError(f"{_shown(place)}: {type(error).__name__}: {error}")


def _shown(path: object) -> str:
    """A path as a user knows it: from the working folder, if it lies there."""
    place, here = Path(str(path)), Path.cwd()
    return str(place.relative_to(here)) if place.is_relative_to(here) else str(place)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
