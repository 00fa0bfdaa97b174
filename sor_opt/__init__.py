"""Smart order routing: exact allocators, honest Level-1 backtests, resumable parameter searches.

The names listed in ``__init__.pyi`` are the public interface: type checkers read it, and here
each name is imported when it is first used.
"""

from importlib import import_module
from pathlib import Path

__version__ = "0.1.0"

_LINES = Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8").splitlines()
_HOMES = {words[-1]: words[1] for words in map(str.split, _LINES) if words[:1] == ["from"]}
"""By each public name the module that it is imported from."""

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'sor_opt' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
